// SPDX-License-Identifier: MIT

package checksum

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// pointers is a datum with such a name that refers to places: names of others, or sections.
func pointers(name string, to ...string) elfbuild.Piece {
	p := elfbuild.Var(name, make([]byte, 8*len(to))).Local()
	for i := range to {
		p.Relocs = append(p.Relocs, abs64(uint64(8*i), to[i], 0))
	}
	return p
}

// What lies deeper than maxDepth is left out, also where another function found it less deep.
func TestDeepData(t *testing.T) {
	build := func(length int, content string, backwards bool) elfbuild.Object {
		var data []elfbuild.Piece
		for i := range length {
			data = append(data, pointers(fmt.Sprint(".LC", i), fmt.Sprint(".LC", i+1)))
		}
		data = append(data, elfbuild.Var(fmt.Sprint(".LC", length), elfbuild.Hex(content)).Local())
		functions := []elfbuild.Piece{fun("f", loadX, pc32(3, ".LC0", -4)), fun("g", loadX, pc32(3, ".LC1", -4)), fun("h", loadX, pc32(3, ".LC10", -4))}
		if backwards {
			slices.Reverse(functions)
		}
		return obj(code(functions...), rodata(".rodata", data...))
	}
	deepest := func(content string, backwards bool) elfbuild.Object { return build(maxDepth, content, backwards) }
	deeper := func(content string, backwards bool) elfbuild.Object {
		return build(maxDepth+1, content, backwards)
	}
	for _, p := range []pair{
		{name: "another order of functions", old: deeper("01", false), new: deeper("01", true)},
		{name: "another order of functions, for one that is in the middle", f: "g", old: deeper("01", false), new: deeper("01", true)},
		{name: "the deepest that counts", old: deepest("01", false), new: deepest("02", false), want: []Class{Constants}},
		{name: "the deepest that counts, found by another", old: deepest("01", true), new: deepest("02", true), want: []Class{Constants}},
		{name: "deeper", old: deeper("01", false), new: deeper("02", false)},
		{name: "deeper, found by another", old: deeper("01", true), new: deeper("02", true)},
		{name: "deeper, for one that isn't as far", f: "g", old: deeper("01", true), new: deeper("02", true), want: []Class{Constants}},
	} {
		p.run(t)
	}
}

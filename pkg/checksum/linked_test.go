// SPDX-License-Identifier: MIT

package checksum

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// However much many functions refer to by data, what is kept of it is in
// proportion to the object.
func TestUsesByData(t *testing.T) {
	const functions, references = 40, 500
	var table, more []elfbuild.Reloc
	for i := range references {
		table = append(table, abs64(uint64(8*i), "x.1", 0))
		more = append(more, abs64(uint64(8*i), ".rodata.table", 0))
	}
	room := strings.Repeat("00", 8*references)
	var pieces []elfbuild.Piece
	for i := range functions {
		pieces = append(pieces, fun(fmt.Sprintf("f%d", i), loadX, pc32(3, ".rodata.more", -4)))
	}
	_, tracer, err := Trace(parse(t, obj(
		code(pieces...),
		rodata(".rodata.table", elfbuild.Raw(room, table...)),
		rodata(".rodata.more", elfbuild.Raw(room, more...)),
		elfbuild.Data(".data", elfbuild.Var("x.1", make([]byte, 4)).Local(), elfbuild.Var("x.2", make([]byte, 4)).Local()),
	)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(tracer.s.uses); n == 0 || n > functions*maxUses {
		t.Errorf("%d uses of %d functions", n, functions)
	}
}

// What a function refers to by data that refer to data goes by its new name, too, and
// after that by its own again.
func TestRename(t *testing.T) {
	file := parse(t, obj(
		code(fun("f", loadX, pc32(3, ".rodata.a", -4))),
		rodata(".rodata.a", raw("0000000000000000", abs64(0, ".rodata.b", 0))),
		rodata(".rodata.b", raw("0000000000000000", abs64(0, "x", 0))),
		elfbuild.Data(".data", elfbuild.Var("x", make([]byte, 4))),
	))
	sums, tracer, err := Trace(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var x uint32
	for i := range file.Symbols {
		if file.Symbols[i].Name() == "x" {
			x = uint32(i)
		}
	}
	digest := func(names map[uint32]string) Digest {
		t.Helper()
		tracer.Rename(names)
		again, ok := tracer.Again(&sums.Records[0], nil)
		if !ok {
			t.Fatal("the object has no such function")
		}
		return again.Digest
	}
	own := sums.Records[0].Digest
	if digest(nil) != own || digest(map[uint32]string{x: "y"}) == own || digest(nil) != own {
		t.Error("a name is kept, or not taken")
	}
}

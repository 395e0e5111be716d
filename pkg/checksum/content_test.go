// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
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

// How deep data nest is what the deepest of them says, and what one leaves out is left out of
// all that refer to it.
func TestDeepBranches(t *testing.T) {
	// The first of a chain of data is .LC0.
	chain := func(length int, content string) (data []elfbuild.Piece) {
		for i := range length {
			data = append(data, pointers(fmt.Sprint(".LC", i), fmt.Sprint(".LC", i+1)))
		}
		return append(data, elfbuild.Var(fmt.Sprint(".LC", length), elfbuild.Hex(content)).Local())
	}
	with := func(content string, order []string, length int, more ...elfbuild.Piece) elfbuild.Object {
		load := func(name, datum string) elfbuild.Piece { return fun(name, loadX, pc32(3, datum, -4)) }
		functions := map[string]elfbuild.Piece{"f": load("f", ".LCf"), "g": load("g", ".LCg"), "h": load("h", ".LCh")}
		var list []elfbuild.Piece
		for _, name := range order {
			list = append(list, functions[name])
		}
		return obj(code(list...), rodata(".rodata", append(chain(length, content), more...)...))
	}
	// For f .LC0 is at depth 2, and all of it counts; for g at 3.
	branches := func(content string, order ...string) elfbuild.Object {
		return with(content, order, maxDepth-2, pointers(".LCf", ".LCp"), pointers(".LCg", ".LCq"), pointers(".LCq", ".LCp"), pointers(".LCp", ".LC0", ".LCs"), pointers(".LCs", "a"))
	}
	// For f and g .LC0 is at depth 3, and isn't counted to its end; for h at 2.
	cut := func(content string, order ...string) elfbuild.Object {
		return with(content, order, maxDepth-2, pointers(".LCf", ".LCp"), pointers(".LCp", ".LCq"), pointers(".LCq", ".LC0"),
			pointers(".LCg", ".LCr"), pointers(".LCr", ".LCs"), pointers(".LCs", ".LC0"), pointers(".LCh", ".LCs"))
	}
	for _, p := range []pair{
		{name: "what isn't as deep behind", f: "g", old: branches("01", "f", "g"), new: branches("02", "f", "g")},
		{name: "all of it", old: branches("01", "g", "f"), new: branches("02", "g", "f"), want: []Class{Constants}},
		{name: "left out of two", f: "h", old: cut("01", "f", "g", "h"), new: cut("02", "f", "g", "h"), want: []Class{Constants}},
		{name: "left out", f: "g", old: cut("01", "h", "f", "g"), new: cut("02", "h", "f", "g")},
	} {
		p.run(t)
	}
}

// loading is functions, f and those behind it in the alphabet, that each load one datum.
func loading(names ...string) (functions []elfbuild.Piece) {
	for i, name := range names {
		functions = append(functions, fun(string(rune('f'+i)), loadX, pc32(3, name, -4)))
	}
	return functions
}

// A datum that others refer to is encoded once. What was made of it while it wasn't
// known where something in it ends counts for none but the function for which it was made.
func TestUnsettledNested(t *testing.T) {
	// In front of the data stand 8 bytes without a symbol, of which only references say
	// where they end.
	with := func(content string, loads []string, data ...elfbuild.Piece) elfbuild.Object {
		return obj(code(loading(loads...)...), rodata(".rodata", append([]elfbuild.Piece{raw(content + " 00000000000000")}, data...)...))
	}
	one := func(content string) elfbuild.Object {
		return with(content, []string{".LC0", ".LC0", ".LC0"}, pointers(".LC0", ".LC1"), pointers(".LC1", ".rodata"))
	}
	// .LC2 is encoded where .LC1 is known, but for this function only.
	two := func(content string) elfbuild.Object {
		return with(content, []string{".LC0", ".LC3"}, pointers(".LC0", ".LC1", ".LC2"), pointers(".LC1", ".rodata"), pointers(".LC2", ".LC1"), pointers(".LC3", ".LC2"))
	}
	// What is settled counts for all, also beside something that isn't.
	beside := func(content string) elfbuild.Object {
		return with(content, []string{".LC0", ".LC3"}, pointers(".LC0", ".LC1", ".LC2"), pointers(".LC1", ".rodata"), pointers(".LC2", "a"), pointers(".LC3", ".LC2"))
	}
	for _, p := range []pair{
		{name: "5.1 for the first function", old: one("01"), new: one("02"), want: []Class{Constants}},
		{name: "5.1 for the second", f: "g", old: one("01"), new: one("02"), want: []Class{Constants}},
		{name: "5.1 for the third", f: "h", old: one("01"), new: one("02"), want: []Class{Constants}},
		{name: "5.1 beside the same datum", old: two("01"), new: two("02"), want: []Class{Constants}},
		{name: "5.1 beside the same datum, for the second", f: "g", old: two("01"), new: two("02"), want: []Class{Constants}},
		{name: "5.1 beside another", old: beside("01"), new: beside("02"), want: []Class{Constants}},
		{name: "5.1 beside another, for one that doesn't refer to it", f: "g", old: beside("01"), new: beside("02")},
	} {
		p.run(t)
	}
}

// Code without a symbol is a part of the only function that reaches it (rule 1.7): by
// data, too, whatever else refers to these.
func TestStrayByNestedData(t *testing.T) {
	stray := raw("31c0 c3")
	with := func(place int64, data ...elfbuild.Piece) func(loads ...string) elfbuild.Object {
		return func(loads ...string) elfbuild.Object {
			at := int64(8 * len(loads)) // behind functions of 8 bytes
			last := elfbuild.Var(".LC9", make([]byte, 8), abs64(0, ".text", at+place)).Local()
			return obj(code(append(loading(loads...), stray)...), rodata(".rodata", append(data, last)...))
		}
	}
	direct := with(0, pointers(".LC0", ".LC9"))
	for _, test := range []struct {
		name string
		o    elfbuild.Object
		want []string
	}{
		{"one function", direct(".LC0"), []string{"f .text 11"}},
		{"two functions", direct(".LC0", ".LC0"), []string{"f .text 8", "g .text 8", "(orphan) .text 3"}},
		{"one of two", direct("a", ".LC0"), []string{"f .text 8", "g .text 11"}},
		{"three functions", direct(".LC0", ".LC0", ".LC0"), []string{"f .text 8", "g .text 8", "h .text 8", "(orphan) .text 3"}},
		{
			"two, by other data", with(0, pointers(".LC0", ".LC1"), pointers(".LC1", ".LC9"), pointers(".LC2", ".LC9"))(".LC0", ".LC2"),
			[]string{"f .text 8", "g .text 8", "(orphan) .text 3"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, listing(sum(t, test.o))); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// A place that only data refer to ends the constants in front of it (rule 3.7), whichever
// function was walked first that refers to these data.
func TestLabelBeforeNested(t *testing.T) {
	with := func(content string, first bool) elfbuild.Object {
		load := func(name string) elfbuild.Piece { return fun(name, loadX, pc32(3, ".LC0", -4)) }
		own := elfbuild.Text(".text.own", load("e"), fun("f", loadX, pc32(3, "mask", -4)))
		sections := []elfbuild.Section{own, elfbuild.Text(".text.other", load("g"))}
		if !first {
			sections[0], sections[1] = sections[1], sections[0]
		}
		return obj(append(sections, rodata(".rodata", pointers(".LC0", ".LC1"), elfbuild.Var(".LC1", make([]byte, 8), abs64(0, ".rodata", 24)).Local(),
			labelled(raw("0101010101010101 "+content), labelAt("mask", 0))))...)
	}
	for _, p := range []pair{
		{name: "3.7 behind another section's function", old: with("02", false), new: with("03", false)},
		{name: "3.7 in front of another section's function", old: with("02", true), new: with("03", true)},
		{name: "3.7 what the data refer to", f: "e", old: with("02", true), new: with("03", true), want: []Class{Constants}},
	} {
		p.run(t)
	}
}

// Where a register may be added to a place in a string, all of the string counts, as the
// least index needn't be zero (rule 3.4).
func TestStringIndex(t *testing.T) {
	const (
		indexed = "0fb687 00000000 c3" // movzbl x(%rdi), %eax
		lea     = "488d87 00000000 c3" // lea x(%rdi), %rax
		plain   = "0fb605 00000000 c3" // movzbl x(%rip), %eax
		move    = "48c7c0 00000000 c3" // mov $x, %rax
	)
	words := func(words ...string) elfbuild.Section {
		var pieces []elfbuild.Piece
		for i, word := range words {
			p := literal(word)
			p.Symbols = append(p.Symbols, elfbuild.Symbol{Name: fmt.Sprint(".LC", i)})
			pieces = append(pieces, p)
		}
		return elfbuild.Strings(".rodata.str1.1", 1, pieces...)
	}
	with := func(asm string, r elfbuild.Reloc, list ...string) elfbuild.Object {
		return obj(code(fun("f", asm, r)), words(list...))
	}
	for _, p := range []pair{
		{name: "in front of the least index", old: with(indexed, abs32s(3, ".LC0", 1), "abc"), new: with(indexed, abs32s(3, ".LC0", 1), "xbc"), want: []Class{Strings}},
		{name: "its address", old: with(lea, abs32s(3, ".LC0", 1), "abc"), new: with(lea, abs32s(3, ".LC0", 1), "xbc"), want: []Class{Strings}},
		{name: "another least index", old: with(indexed, abs32s(3, ".LC0", 1), "aaa"), new: with(indexed, abs32s(3, ".LC0", 2), "aaa"), want: []Class{Strings}},
		{name: "by the section", old: with(indexed, abs32s(3, ".rodata.str1.1", 5), "abc", "def"), new: with(indexed, abs32s(3, ".rodata.str1.1", 5), "abc", "xef"), want: []Class{Strings}},
		{name: "by the section, in front of the string", old: with(indexed, abs32s(3, ".rodata.str1.1", 5), "abc", "def"), new: with(indexed, abs32s(3, ".rodata.str1.1", 5), "xbc", "def")},
		{name: "a string elsewhere", old: with(indexed, abs32s(3, ".LC0", 1), "abc"), new: with(indexed, abs32s(3, ".LC1", 1), "longer", "abc")},
		{name: "without an index it is what is left", old: with(plain, pc32(3, ".LC0", 1-4), "abc"), new: with(plain, pc32(3, ".LC0", -4), "bc")},
		{name: "an immediate is what is left", old: with(move, abs32s(3, ".LC0", 1), "abc"), new: with(move, abs32s(3, ".LC0", 0), "bc")},
		{name: "in front of a string", old: with(move, abs32s(3, ".LC1", -4), "abc", "def"), new: with(move, abs32s(3, ".LC1", -4), "abc", "deg"), want: []Class{Strings}},
		{name: "in front of a string, what stands there", old: with(move, abs32s(3, ".LC1", -4), "abc", "def"), new: with(move, abs32s(3, ".LC1", -4), "xbc", "def")},
		{name: "behind a string", old: with(move, abs32s(3, ".LC0", 5), "abc", "def"), new: with(move, abs32s(3, ".LC0", 5), "xbc", "def"), want: []Class{Strings}},
		{name: "behind a string, what stands there", old: with(move, abs32s(3, ".LC0", 5), "abc", "def"), new: with(move, abs32s(3, ".LC0", 5), "abc", "deg")},
		{name: "in front of the section", old: with(move, abs32s(3, ".LC0", -4), "abc"), new: with(move, abs32s(3, ".LC0", -4), "abd"), want: []Class{Strings}},
		{name: "behind the section", old: with(move, abs32s(3, ".LC0", 9), "abc"), new: with(move, abs32s(3, ".LC0", 9), "abd"), want: []Class{Strings}},
		{name: "how far in front", old: with(move, abs32s(3, ".LC0", -4), "abc"), new: with(move, abs32s(3, ".LC0", -8), "abc"), want: []Class{Strings}},
	} {
		p.run(t)
	}
	// On arm64 another instruction may add the index.
	arm64 := func(text string) elfbuild.Object {
		o := obj(code(arm64Func("f", []word{
			{0x9000_0000, elf.R_AARCH64_ADR_PREL_PG_HI21, ".LC0", 1}, {0x9100_0000, elf.R_AARCH64_ADD_ABS_LO12_NC, ".LC0", 1}, plainWord(retA64),
		})), words(text))
		o.Machine = elf.EM_AARCH64
		return o
	}
	p := pair{name: "arm64", old: arm64("abc"), new: arm64("xbc"), want: []Class{Strings}}
	p.run(t)
}

// A table may hold distances from its start, where strings are looked up (rule 3.4).
func TestRelativeTable(t *testing.T) {
	// Three words of 8 bytes each; the table stands behind so many bytes.
	build := func(front int, words [3]string, fields func(table int) []elfbuild.Reloc) elfbuild.Object {
		var list []elfbuild.Piece
		for i, word := range words {
			p := literal(word)
			p.Symbols = []elfbuild.Symbol{{Name: fmt.Sprint(".L.str.", i)}}
			list = append(list, p)
		}
		table := elfbuild.Piece{Data: make([]byte, 12), Relocs: fields(front)}
		return obj(code(fun("f", leaX, pc32(3, ".rodata", int64(front)-4))), elfbuild.Strings(".rodata.str1.1", 1, list...),
			rodata(".rodata", elfbuild.Piece{Data: make([]byte, front)}, table))
	}
	named := func(int) []elfbuild.Reloc {
		return []elfbuild.Reloc{pc32(0, ".rodata.str1.1", 0), pc32(4, ".L.str.1", 4), pc32(8, ".L.str.2", 8)}
	}
	sections := func(int) []elfbuild.Reloc {
		return []elfbuild.Reloc{pc32(0, ".rodata.str1.1", 0), pc32(4, ".rodata.str1.1", 8+4), pc32(8, ".rodata.str1.1", 16+8)}
	}
	own := func(int) []elfbuild.Reloc { // distances from each field
		return []elfbuild.Reloc{pc32(0, ".L.str.0", 0), pc32(4, ".L.str.1", 0), pc32(8, ".L.str.2", 0)}
	}
	words := [3]string{"alphabc", "bravobc", "charlie"}
	first, second, last := words, words, words
	first[0], second[1], last[2] = "Alphabc", "Bravobc", "Charlie"
	for name, fields := range map[string]func(int) []elfbuild.Reloc{"named": named, "by the section": sections, "distances from the fields": own} {
		for _, p := range []pair{
			{name: "the first", new: build(0, first, fields), want: []Class{Constants}},
			{name: "the second", new: build(0, second, fields), want: []Class{Constants}},
			{name: "the last", new: build(0, last, fields), want: []Class{Constants}},
			{name: "elsewhere", new: build(8, words, fields)},
		} {
			p.name, p.old = name+": "+p.name, build(0, words, fields)
			p.run(t)
		}
	}
	// Where what is written leads to beginnings, it is meant; and where some of it doesn't, but
	// distances from the start don't either.
	texts := func(words ...string) []elfbuild.Piece {
		var list []elfbuild.Piece
		for _, word := range words {
			list = append(list, literal(word))
		}
		return list
	}
	table := func(second int64, words ...string) elfbuild.Object {
		return obj(code(fun("f", leaX, pc32(3, ".rodata", -4))), elfbuild.Strings(".rodata.str1.1", 1, texts(words...)...),
			rodata(".rodata", raw("0000000000000000", pc32(0, ".rodata.str1.1", 0), pc32(4, ".rodata.str1.1", second))))
	}
	for _, p := range []pair{
		{name: "either may be meant: from the field", old: table(4, "abc", "def"), new: table(4, "abc", "xef"), want: []Class{Constants}},
		{name: "neither fits: from the field", old: table(6, "abc", "def"), new: table(6, "abc", "deg"), want: []Class{Constants}},
		{name: "neither fits: not the rest of the string", old: table(6, "abc", "def"), new: table(6, "abc", "xef")},
	} {
		p.run(t)
	}
}

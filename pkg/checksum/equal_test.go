// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// The parts of a test object are written as elfbuild writes them.
var (
	fun     = elfbuild.Func
	raw     = elfbuild.Raw
	pc32    = elfbuild.PC32
	plt32   = elfbuild.PLT32
	abs32s  = elfbuild.Abs32S
	abs64   = elfbuild.Abs64
	rodata  = elfbuild.ReadOnly
	literal = elfbuild.Text0
)

const (
	callG = "e8 00000000 c3"     // call g; ret
	leaX  = "488d05 00000000 c3" // lea x(%rip), %rax; ret
	loadX = "488b05 00000000 c3" // mov x(%rip), %rax; ret
	movX  = "48c7c0 00000000 c3" // mov $x, %rax; ret
)

// reversed is a copy of a section with its relocations the other way round.
func reversed(s elfbuild.Section) elfbuild.Section {
	s.Relocs = slices.Clone(s.Relocs)
	slices.Reverse(s.Relocs)
	return s
}

// TestEqual is the changes that do nothing at run time: the digest stays.
func TestEqual(t *testing.T) {
	g := fun("g", "c3")
	f := fun("f", "e8 00000000 488d05 00000000 e8 00000000 c3", // call g; lea x(%rip), %rax; call h; ret
		plt32(1, "g", -4), pc32(8, "x", -4), plt32(13, "h", -4))
	h := fun("h", "31c0 c3") // xor %eax, %eax; ret
	data := elfbuild.Data(".data", elfbuild.Var("x", make([]byte, 8)))
	direct := obj(code(fun("f", callG, plt32(1, "g", -4)), g))
	forms := obj(code(
		// je 1f; jmp 2f; 1: ret; 2: ret
		fun("f", "7402 eb01 c3 c3"),
	))
	nops := obj(code(
		// je 1f; 1: xor %eax, %eax; jmp 2f; 2: ret
		fun("f", "7400 31c0 eb00 c3"),
	))
	for _, p := range []pair{
		{name: "1 another place in the section", old: obj(code(f, g, h), data), new: obj(code(g, h, f.At(64)), data)},
		{name: "1 another order of sections", old: obj(code(f, g, h), data), new: obj(data, elfbuild.Text(".text.g", g), elfbuild.Text(".text.f", f), code(h))},
		{
			name: "1 another order of symbols",
			old:  obj(code(f, g, h), data),
			new: elfbuild.Object{
				Symbols: []elfbuild.Symbol{
					{Name: "h", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Value: 19, Size: 3},
					{Name: "x", Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Section: ".data", Size: 8},
					{Name: "g", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Value: 18, Size: 1},
					{Name: "f", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Size: 18},
				},
				Sections: []elfbuild.Section{
					elfbuild.Text(".text", elfbuild.Piece{Data: f.Data, Relocs: f.Relocs}, raw("c3 31c0 c3")),
					elfbuild.Data(".data", raw("0000000000000000")),
				},
			},
		},
		{name: "1 another order of relocations", old: obj(code(f, g, h), data), new: obj(reversed(code(f, g, h)), data)},
		{name: "1.2 an alias more", old: obj(code(f, g, h), data), new: obj(code(f.Alias("a"), g, h.Alias("z")), data)},
		{
			name: "1.2 an alias of a callee that sorts first",
			old:  direct, new: obj(code(fun("f", callG, plt32(1, "g", -4)), g.Alias("a"))),
		},
		{
			name: "1.2 a resolved call and a named one of a function with aliases",
			old:  obj(code(fun("f", callG, plt32(1, "b", -4)), fun("b", "c3").Alias("c"))),
			new:  obj(code(fun("f", "e8 01000000 c3"), fun("b", "c3").Alias("c"))),
		},
		{
			name: "1.3 the NOPs in front of the entry",
			old:  obj(code(fun("__pfx_f", "90909090").Local(), fun("f", "c3"))),
			new:  obj(code(fun("__pfx_f", "0f1f8000000000 90 90909090 90909090").Local(), fun("f", "c3"))),
		},
		{
			name: "1.3 a prefix of NOPs comes",
			old:  obj(code(fun("f", "c3"))), new: obj(code(fun("__pfx_f", "90909090").Local(), fun("f", "c3"))),
		},
		{
			name: "1.3 the NOPs around a kCFI hash",
			old:  obj(code(fun("__cfi_f", "90 b812345678").Local(), fun("f", "c3"))),
			new:  obj(code(fun("__cfi_f", "b812345678 90909090").Local(), fun("f", "c3"))),
		},
		{
			name: "2.2 short and near",
			old:  forms, new: obj(code(fun("f", "0f84 05000000 e9 01000000 c3 c3"))),
		},
		{
			name: "2.2 a near branch resolved and relocated by section symbol",
			old:  obj(code(fun("f", "0f84 01000000 c3 c3"))), // je 1f; ret; 1: ret
			new:  obj(code(fun("f", "0f84 00000000 c3 c3", pc32(2, ".text", 3)))),
		},
		{
			name: "2.2 a near branch resolved and relocated by its own name",
			old:  obj(code(fun("f", "0f84 01000000 c3 c3"))),
			new:  obj(code(fun("f", "0f84 00000000 c3 c3", plt32(2, "f", 3)))),
		},
		{name: "2.2 a call resolved by the assembler", old: direct, new: obj(code(fun("f", "e8 01000000 c3"), g))},
		{name: "2.2 a call by PC32", old: direct, new: obj(code(fun("f", callG, pc32(1, "g", -4)), g))},
		{name: "2.2 a call by section symbol", old: direct, new: obj(code(fun("f", callG, pc32(1, ".text", 2)), g))},
		{name: "2.2 a call into another section", old: direct, new: obj(code(fun("f", callG, plt32(1, ".text.g", 4))), elfbuild.Text(".text.g", raw("90909090 90909090"), g))},
		{
			name: "2.2 a call of an undefined function by PC32 and PLT32",
			old:  obj(code(fun("f", callG, plt32(1, "printk", -4)))), new: obj(code(fun("f", callG, pc32(1, "printk", -4)))),
		},
		{
			name: "2.2 a resolved call beside an R_X86_64_NONE",
			old:  direct, new: obj(code(fun("f", "e8 01000000 c3", elfbuild.Rel(1, elf.R_X86_64_NONE, "", 0)), g)),
		},
		{
			name: "2.2 an address resolved by the assembler",
			old:  obj(code(fun("f", leaX, pc32(3, "g", -4)), g)), new: obj(code(fun("f", "488d05 01000000 c3"), g)),
		},
		{
			name: "2.2 an own address resolved by the assembler",
			old:  obj(code(fun("f", leaX, pc32(3, "f", -4)))), new: obj(code(fun("f", "488d05 f9ffffff c3"))),
		},
		{
			name: "2.2 an own place resolved by the assembler",
			old:  obj(code(fun("f", leaX, pc32(3, ".text", 3)))), new: obj(code(fun("f", "488d05 00000000 c3"))),
		},
		{name: "2.4 NOPs added where a branch leads", old: nops, new: obj(code(fun("f", "7400 90 31c0 eb00 0f1f8000000000 90 c3")))},
		{name: "2.4 NOPs added in front of where a branch leads", old: nops, new: obj(code(fun("f", "7401 90 31c0 eb03 0f1f00 c3")))},
		{name: "2.4 NOPs at the start and the end", old: nops, new: obj(code(fun("f", "660f1f840000000000 7400 31c0 eb00 c3 6690 90")))},
		{
			name: "2.4 NOPs of several lengths",
			old:  obj(code(fun("f", "31c0 90 c3"))),
			new:  obj(code(fun("f", "31c0 6690 0f1f00 0f1f4000 0f1f440000 660f1f440000 0f1f8000000000 0f1f840000000000 662e0f1f840000000000 c3"))),
		},
		{
			name: "2.2 a call by a name behind an R_X86_64_NONE",
			old:  direct, new: obj(code(fun("f", callG, elfbuild.Rel(0, elf.R_X86_64_NONE, "", 0), plt32(1, "g", -4)), g)),
		},
		{
			name: "2.2 and in front of one",
			old:  direct, new: obj(code(fun("f", callG, plt32(1, "g", -4), elfbuild.Rel(2, elf.R_X86_64_NONE, "", 0)), g)),
		},
		{
			name: "2.4 a NOP with an R_X86_64_NONE, as objtool --mnop leaves it",
			old:  obj(code(fun("f", "0f1f440000 31c0 c3"))),
			new:  obj(code(fun("f", "0f1f440000 31c0 c3", elfbuild.Rel(1, elf.R_X86_64_NONE, "", 0)))),
		},
		{
			name: "2.4 a NOP with an R_X86_64_NONE comes",
			old:  obj(code(fun("f", "31c0 c3"))),
			new:  obj(code(fun("f", "0f1f440000 31c0 c3", elfbuild.Rel(1, elf.R_X86_64_NONE, "", 0)))),
		},
		{
			name: "2.5 a function that calls itself is renamed",
			old:  obj(code(fun("f", callG, plt32(1, "f", -4)))), new: obj(code(fun("other", callG, plt32(1, "other", -4)))), renamed: "other",
		},
		{
			name: "2.5 a function that calls itself by an alias", old: obj(code(fun("f", callG, plt32(1, "f", -4)))),
			new: obj(code(fun("f", callG, plt32(1, "z", -4)).Alias("z"))),
		},
		{
			name: "2.5 a function with its name in __func__ is renamed",
			old:  obj(code(fun("f", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("f\x00")).Local())),
			new:  obj(code(fun("other", leaX, pc32(3, "__func__.7", -4))), rodata(".rodata", raw("00000000"), elfbuild.Var("__func__.7", []byte("other\x00")).Local())), renamed: "other",
		},
		{
			name: "2.5 __func__ by section symbol",
			old:  obj(code(fun("f", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("f\x00")).Local())),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata", 4))), rodata(".rodata", elfbuild.Var("x", make([]byte, 8)), elfbuild.Var("__func__.9", []byte("f\x00")).Local())),
		},
		{
			name: "2.5 a clone has the name of its source in __func__",
			old:  obj(code(fun("f.isra.0", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("f\x00")).Local())),
			new:  obj(code(fun("other", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("other\x00")).Local())), f: "f.isra.0", renamed: "other",
		},
		{
			name: "3 a datum by name and by section symbol",
			old:  obj(code(fun("f", loadX, pc32(3, "x", 4))), elfbuild.Data(".data", raw("0000000000000000"), elfbuild.Var("x", make([]byte, 16)).Local())),
			new:  obj(code(fun("f", loadX, pc32(3, ".data", 20))), elfbuild.Data(".data", raw("000000000000000000000000 00000000"), elfbuild.Var("x", make([]byte, 16)).Local())),
		},
		{
			name: "3.2 another place in a table about code",
			old:  obj(code(fun("f", leaX, pc32(3, "__bug_table", -4))), elfbuild.Data("__bug_table", raw("000000000000000000000000"))),
			new:  obj(code(fun("f", leaX, pc32(3, "__bug_table", 8))), elfbuild.Data("__bug_table", raw("000000000000000000000000 000000000000000000000000"))),
		},
		{
			name: "3.4 a string in another place",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", -4))), elfbuild.Strings(".rodata.str1.1", 1, literal("tail"))),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", 0))), elfbuild.Strings(".rodata.str1.1", 1, literal("abc"), literal("tail"))),
		},
		{
			name: "3.4 a string that is the tail of another",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", -4))), elfbuild.Strings(".rodata.str1.1", 1, literal("tail"))),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", 0))), elfbuild.Strings(".rodata.str1.1", 1, literal("the tail"))),
		},
		{
			name: "3.4 a long string in another place",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", -4))), elfbuild.Strings(".rodata.str1.1", 1, literal(strings.Repeat("long", 2000)))),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", 0))), elfbuild.Strings(".rodata.str1.1", 1, literal("abc"), literal(strings.Repeat("long", 2000)), literal("def"))),
		},
		{
			name: "3.4 a long string of 16-bit characters",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str2.2", -4))), elfbuild.Strings(".rodata.str2.2", 2, raw(strings.Repeat("6100 0001", 2000)+"0000"))),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata.str2.2", 0))), elfbuild.Strings(".rodata.str2.2", 2, raw("7000 0000"), raw(strings.Repeat("6100 0001", 2000)+"0000 7000 0000"))),
		},
		{
			name: "3.4 a string with a symbol, and in another section",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", -4))), elfbuild.Strings(".rodata.str1.1", 1, literal("text"))),
			new:  obj(code(fun("f", leaX, pc32(3, ".LC7", -4))), elfbuild.Strings(".init.rodata.str1.8", 1, literal("abc"), literal("text").With(symbol(".LC7", elf.STB_LOCAL, 0, 0, 0)))),
		},
		{
			name: "3.4 a string of 16-bit characters",
			old:  obj(code(fun("f", leaX, pc32(3, ".rodata.str2.2", -4))), elfbuild.Strings(".rodata.str2.2", 2, raw("6100 0001 0000"))),
			new:  obj(code(fun("f", leaX, pc32(3, ".rodata.str2.2", 0))), elfbuild.Strings(".rodata.str2.2", 2, raw("7000 0000 6100 0001 0000 7000 0000"))),
		},
		{
			name: "3.4 a string that an immediate holds the address of",
			old:  obj(code(fun("f", movX, abs32s(3, ".rodata.str1.1", 0))), elfbuild.Strings(".rodata.str1.1", 1, literal("tail"))),
			new:  obj(code(fun("f", movX, abs32s(3, ".rodata.str1.1", 4))), elfbuild.Strings(".rodata.str1.1", 1, literal("abc"), literal("tail"))),
		},
		{
			name: "3.5 a constant in another place",
			old:  obj(code(fun("f", loadX, pc32(3, ".rodata.cst8", -4))), elfbuild.Merge(".rodata.cst8", 8, raw("0102030405060708"))),
			new:  obj(code(fun("f", loadX, pc32(3, ".LC3", -4))), elfbuild.Merge(".rodata.cst8", 8, raw("1111111111111111"), raw("0102030405060708").With(symbol(".LC3", elf.STB_LOCAL, 0, 0, 0)))),
		},
		{
			name: "3.6 a nameless datum in another place",
			old:  obj(code(fun("f", loadX, pc32(3, ".rodata", -4))), rodata(".rodata", raw("0102030405060708"))),
			new:  obj(code(fun("f", loadX, pc32(3, ".rodata", 4)), fun("h", loadX, pc32(3, ".rodata", -4))), rodata(".rodata", raw("1111111111111111 0102030405060708"), elfbuild.Var("y", []byte{9}))),
		},
		{
			name: "3.6 a nameless datum behind named ones",
			old:  obj(code(fun("f", loadX, pc32(3, ".rodata", 4))), rodata(".rodata", elfbuild.Var("y", []byte{9, 9}).Local(), raw("0000 00000000 0102030405060708"))),
			new:  obj(code(fun("f", loadX, pc32(3, ".rodata", 12))), rodata(".rodata", elfbuild.Var("y", []byte{9, 9}).Local(), elfbuild.Var("z", []byte{9, 9}).Local(), raw("000000000000000000000000 0102030405060708"))),
		},
		{
			name: "3.6 compilers' names for nameless data",
			old:  obj(code(fun("f", loadX, pc32(3, ".LC0", -4))), rodata(".rodata", elfbuild.Var(".LC0", elfbuild.Hex("01020304")).Local())),
			new:  obj(code(fun("f", loadX, pc32(3, "CSWTCH.12", -4))), rodata(".rodata", raw("0000"), elfbuild.Var("CSWTCH.12", elfbuild.Hex("01020304")).Local(), raw("99"))),
		},
		{
			name: "3.6 a numbered static that nothing writes, by content",
			old:  obj(code(fun("f", leaX, pc32(3, "__msg.1", -4))), rodata(".rodata", elfbuild.Var("__msg.1", []byte("a\x00")).Local(), elfbuild.Var("__msg.2", []byte("b\x00")).Local())),
			new:  obj(code(fun("f", leaX, pc32(3, "__msg.2", -4))), rodata(".rodata", elfbuild.Var("__msg.1", []byte("b\x00")).Local(), elfbuild.Var("__msg.2", []byte("a\x00")).Local())),
		},
		{
			name: "3.8 a, in one of two names of a datum, in either order of symbols",
			old:  twins(4, "p", "q"), new: twins(4, "q", "p"),
		},
		{
			name: "3.8 a, at the start of one of two names of a datum, in either order of symbols",
			old:  twins(0, "p", "q"), new: twins(0, "q", "p"),
		},
		{
			name: "3.8 b, at the end of one of two names of a datum, in either order of symbols",
			old:  twins(8, "p", "q"), new: twins(8, "q", "p"),
		},
		{
			name: "3.8 d, behind one of two names of a datum, in either order of symbols",
			old:  twins(12, "p", "q"), new: twins(12, "q", "p"),
		},
		{
			name: "4.1 a renumbered static",
			old:  obj(code(fun("f", leaX, pc32(3, "count.12", -4))), elfbuild.Data(".data", elfbuild.Var("count.12", make([]byte, 8)).Local())),
			new:  obj(code(fun("f", leaX, pc32(3, "count.99", -4))), elfbuild.Data(".data", elfbuild.Var("count.99", make([]byte, 8)).Local())),
		},
		{
			name: "4.1 a renumbered clone is called",
			old:  obj(code(fun("f", callG, plt32(1, "g.constprop.0", -4)), fun("g.constprop.0", "c3").Local())),
			new:  obj(code(fun("f", callG, plt32(1, "g.constprop.9", -4)), fun("g.constprop.9", "c3").Local())),
		},
		{
			name: "5.1 a nameless datum that refers to another, both moved",
			old: obj(code(fun("f", loadX, pc32(3, ".rodata", -4))),
				rodata(".rodata", raw("0000000000000000", abs64(0, ".rodata", 8)), raw("01020304", pc32(0, "y", 0)), elfbuild.Var("end", []byte{1}))),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata", 16))),
				rodata(".rodata", raw("99999999"), raw("01020304", pc32(0, "y", 0)), elfbuild.Var("end", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
					raw("0000000000000000", abs64(0, ".rodata", 4)))),
		},
		{
			name: "5.2 a jump table in another place, of a function that grew NOPs",
			old: obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata", 0))), // jmp *table(,%rax,8)
				rodata(".rodata", raw("0000000000000000 0000000000000000", abs64(0, ".text", 7), abs64(8, ".text", 8)))),
			new: obj(code(g, fun("f", "90 ff24c5 00000000 c3 0f1f00 31c0 c3", abs32s(4, ".rodata", 8))),
				rodata(".rodata", elfbuild.Var("y", make([]byte, 8)), raw("0000000000000000 0000000000000000", abs64(0, ".text", 9), abs64(8, ".text", 10)))),
		},
		{
			name: "5.2 a relative jump table, absolute to relative places kept",
			old: obj(code(fun("f", "488d05 00000000 c3 31c0 c3", pc32(3, ".rodata", -4))), // lea table(%rip), %rax
				rodata(".rodata", raw("00000000 00000000", pc32(0, ".text", 7), pc32(4, ".text", 12)))),
			new: obj(code(g, fun("f", "488d05 00000000 c3 90 31c0 c3", pc32(3, ".rodata", 4))),
				rodata(".rodata", elfbuild.Var("y", make([]byte, 8)), raw("00000000 00000000", pc32(0, ".text", 8), pc32(4, ".text", 13)))),
		},
		{
			name: "1.2 a local called by another of its names",
			old:  obj(code(fun("f", callG, plt32(1, "g", -4)), fun("g", "c3").Local().Alias("z"))),
			new:  obj(code(fun("f", callG, plt32(1, "z", -4)), fun("g", "c3").Local().Alias("z"))),
		},
		{
			name: "3.3 a label in another function",
			old:  obj(code(fun("f", leaX, pc32(3, "label", -4)), fun("g", "90 c3").With(symbol("label", elf.STB_LOCAL, elf.STT_NOTYPE, 1, 0)))),
			new:  obj(code(fun("f", leaX, pc32(3, ".text", 9-4)), fun("g", "90 c3"))),
		},
		{
			name: "5.2 a jump table that leads to the function's entry, too, by function name",
			old: obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata", 0))),
				rodata(".rodata", raw("0000000000000000 0000000000000000", abs64(0, ".text", 7), abs64(8, ".text", 0)))),
			new: obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata", 0))),
				rodata(".rodata", raw("0000000000000000 0000000000000000", abs64(0, "f", 7), abs64(8, "f", 0)))),
		},
		{
			name: "5.2 a jump table of its own section, by function name",
			old: obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata", 0))),
				rodata(".rodata", raw("0000000000000000 0000000000000000", abs64(0, ".text", 7), abs64(8, ".text", 8)))),
			new: obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata.f", 0))),
				rodata(".rodata.f", raw("0000000000000000 0000000000000000", abs64(0, "f", 7), abs64(8, "f", 8)))),
		},
	} {
		p.run(t)
	}
}

// twins is a function that reads at an offset of .data, where 8 bytes have two
// local names.
func twins(offset int64, first, second string) elfbuild.Object {
	return obj(code(fun("f", loadX, pc32(3, ".data", offset-4))),
		elfbuild.Data(".data", elfbuild.Var(first, make([]byte, 8)).Alias(second).Local(), raw("0000000000000000")))
}

// Ordinary text is one place, every other section is itself (rule 8); which
// section it is is no part of the digest.
func TestPlaceOfRecord(t *testing.T) {
	f := fun("f", "31c0 c3")
	first := record(t, sum(t, obj(code(f))), "f")
	for section, moved := range map[string]bool{
		".text.unlikely": false, ".text.f": false, ".text.hot.f": false, ".ref.text": false,
		".init.text": true, ".noinstr.text": true,
	} {
		r := record(t, sum(t, obj(elfbuild.Text(section, f))), "f")
		if d := differences(t, first, r); d != nil {
			t.Errorf("%s: %v differ", section, d)
		}
		if r.Section != section || (Place(r.Section) != Place(first.Section)) != moved {
			t.Errorf("%s: section %s, place %s", section, r.Section, Place(r.Section))
		}
	}
}

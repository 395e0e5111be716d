// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// TestDiffer is the changes that do something at run time: the digest differs,
// and the classes say in what.
func TestDiffer(t *testing.T) {
	plain := func(asm string) elfbuild.Object { return obj(code(fun("f", asm))) }
	str := func(unit uint64, asm string) elfbuild.Object {
		return obj(code(fun("f", leaX, pc32(3, ".rodata.str", -4))), elfbuild.Strings(".rodata.str", unit, raw(asm)))
	}
	static := func(name string) elfbuild.Piece { return elfbuild.Var(name, make([]byte, 8)).Local() }
	two := elfbuild.Data(".data", static("flag.1"), static("flag.2"))
	// jmp *table(,%rax,8); ret; xor %eax, %eax; ret
	table := func(entries ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(fun("f", "ff24c5 00000000 c3 31c0 c3", abs32s(3, ".rodata", 0))),
			rodata(".rodata", raw("0000000000000000 0000000000000000", entries...)))
	}
	// movq $second, first(%rip)
	store := func(first, second string) elfbuild.Object {
		return obj(code(fun("f", "48c705 00000000 00000000 c3", pc32(3, first, -8), abs32s(7, second, 0))),
			elfbuild.Data(".data", elfbuild.Var("a", make([]byte, 8)), elfbuild.Var("b", make([]byte, 8))))
	}
	call := func(name string) elfbuild.Object { return obj(code(fun("f", callG, plt32(1, name, -4)))) }
	anonymous := func(content string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(fun("f", loadX, pc32(3, ".rodata", -4))), rodata(".rodata", raw(content, relocs...)))
	}
	itself := func(bias int64) elfbuild.Object { // movabs $1b, %rax
		return obj(code(fun("f", "90 48b8 0000000000000000 c3", abs64(3, ".text", 1+bias))))
	}
	constant := func(bias int64) elfbuild.Object {
		o := anonymous("0000000000000000 0000000000000000", abs64(8, ".data", bias))
		o.Sections = append(o.Sections, elfbuild.Data(".data", static("v")))
		return o
	}
	placed := func(bias int64) elfbuild.Object { // of a bookkeeping static
		return obj(code(fun("f", loadX, pc32(3, "_rs.1", -4))), elfbuild.Data(".data", elfbuild.Var("_rs.1", make([]byte, 8), abs64(0, ".text", 7+bias)).Local()))
	}
	for _, p := range []pair{
		{name: "2.1 an opcode", old: plain("31c0 c3"), new: plain("29c0 c3"), want: []Class{Instructions}},
		{name: "2.1 a register", old: plain("31c0 c3"), new: plain("31c9 c3"), want: []Class{Instructions}},
		{name: "2.1 an immediate", old: plain("b8 01000000 c3"), new: plain("b8 02000000 c3"), want: []Class{Instructions}},
		{name: "2.1 a displacement", old: plain("8b4708 c3"), new: plain("8b4710 c3"), want: []Class{Instructions}},
		{name: "2.1 a prefix", old: plain("0fc10f c3"), new: plain("f0 0fc10f c3"), want: []Class{Instructions}},
		{name: "2.1 an instruction more at the end", old: plain("31c0 c3"), new: plain("31c0 c3 cc"), want: []Class{Instructions}},
		{name: "2.1 the order of instructions", old: plain("31c0 31c9 c3"), new: plain("31c9 31c0 c3"), want: []Class{Instructions}},
		{
			name: "2.1 the kind of a relocation",
			old:  obj(code(fun("f", movX, abs32s(3, "x", 0)))), new: obj(code(fun("f", movX, elfbuild.Rel(3, elf.R_X86_64_32, "x", 0)))), want: []Class{References},
		},
		{
			name: "2.1 the kind of a relative relocation",
			old:  obj(code(fun("f", loadX, pc32(3, "x", -4)))), new: obj(code(fun("f", loadX, elfbuild.Rel(3, elf.R_X86_64_GOTPCREL, "x", -4)))), want: []Class{References},
		},
		{
			name: "2.1 relocations of unknown types",
			old:  obj(code(fun("f", movX, elfbuild.Rel(3, 99, "x", 0)))), new: obj(code(fun("f", movX, elfbuild.Rel(3, 98, "x", 0)))), want: []Class{References},
		},
		{
			name: "2.1 a relocation in place of a value",
			old:  plain(movX), new: obj(code(fun("f", movX, abs32s(3, "x", 0)))), want: []Class{Instructions, References},
		},
		{name: "2.1 the first of two relocations", old: store("a", "a"), new: store("b", "a"), want: []Class{References}},
		{name: "2.1 the second of two relocations", old: store("a", "a"), new: store("a", "b"), want: []Class{References}},
		{name: "2.1 two relocations the other way round", old: store("a", "b"), new: store("b", "a"), want: []Class{References}},
		{
			name: "2.1 the addend of the second of two relocations", old: store("a", "b"),
			new: obj(code(fun("f", "48c705 00000000 00000000 c3", pc32(3, "a", -8), abs32s(7, "b", 4))),
				elfbuild.Data(".data", elfbuild.Var("a", make([]byte, 8)), elfbuild.Var("b", make([]byte, 8)))), want: []Class{References},
		},
		{name: "2.2 a branch's condition", old: plain("7401 c3 c3"), new: plain("7501 c3 c3"), want: []Class{Instructions}},
		{name: "2.2 a branch's condition, short and near", old: plain("7401 c3 c3"), new: plain("0f85 01000000 c3 c3"), want: []Class{Instructions}},
		{name: "2.2 a branch's target", old: plain("7401 c3 31c0 c3"), new: plain("7403 c3 31c0 c3"), want: []Class{Instructions}},
		{name: "2.2 a branch turned round", old: plain("c3 74fd c3"), new: plain("c3 74fe c3"), want: []Class{Instructions}},
		{name: "2.2 a call in place of a jump", old: call("g"), new: obj(code(fun("f", "e9 00000000 c3", plt32(1, "g", -4)))), want: []Class{Instructions}},
		{name: "2.2 a callee", old: call("g"), new: call("h"), want: []Class{References}},
		{
			name: "2.2 a resolved callee",
			old:  obj(code(fun("f", "e8 01000000 c3"), fun("g", "c3"), fun("h", "c3"))), new: obj(code(fun("f", "e8 02000000 c3"), fun("g", "c3"), fun("h", "c3"))), want: []Class{References},
		},
		{
			name: "2.2 a call into the middle of a function",
			old:  obj(code(fun("f", "e8 01000000 c3"), fun("g", "31c0 c3"))), new: obj(code(fun("f", "e8 03000000 c3"), fun("g", "31c0 c3"))), want: []Class{References},
		},
		{name: "2.3 a branch into an instruction", old: plain("7400 b831c0c390 c3"), new: plain("7401 b831c0c390 c3"), want: []Class{Instructions}},
		{name: "2.4 PAUSE is no NOP", old: plain("31c0 c3"), new: plain("31c0 f390 c3"), want: []Class{Instructions}},
		{name: "2.4 ENDBR64 is no NOP", old: plain("31c0 c3"), new: plain("f30f1efa 31c0 c3"), want: []Class{Instructions}},
		{name: "2.4 a prefetch is no NOP", old: plain("31c0 c3"), new: plain("0f1808 31c0 c3"), want: []Class{Instructions}},
		{name: "2.4 XCHG is no NOP", old: plain("31c0 c3"), new: plain("4190 31c0 c3"), want: []Class{Instructions}},
		{name: "2.4 INT3 in a function is no padding", old: plain("c3"), new: plain("c3 cc"), want: []Class{Instructions}},
		{name: "1.3 the kCFI hash comes", old: plain("c3"), new: obj(code(fun("__cfi_f", "b812345678").Local(), fun("f", "c3"))), want: []Class{CFI}},
		{
			name: "1.3 the kCFI hash", want: []Class{CFI},
			old: obj(code(fun("__cfi_f", "90 b812345678").Local(), fun("f", "c3"))), new: obj(code(fun("__cfi_f", "90 b812345679").Local(), fun("f", "c3"))),
		},
		{name: "2.5 a function that calls another of its own", old: obj(code(fun("f", callG, plt32(1, "f", -4)))), new: call("g"), want: []Class{Instructions, References}},
		{
			name: "2.5 __func__ of another function", want: []Class{Constants},
			old: obj(code(fun("f", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("f\x00")).Local())),
			new: obj(code(fun("f", leaX, pc32(3, "__func__.0", -4))), rodata(".rodata", elfbuild.Var("__func__.0", []byte("g\x00")).Local())),
		},
		{name: "3.1 an addend of an undefined symbol", old: obj(code(fun("f", loadX, pc32(3, "x", -4)))), new: obj(code(fun("f", loadX, pc32(3, "x", 0)))), want: []Class{References}},
		{
			name: "3.3 an offset in a function", want: []Class{References},
			old: obj(code(fun("f", movX, abs32s(3, "g", 0)), fun("g", "31c0 c3"))), new: obj(code(fun("f", movX, abs32s(3, "g", 2)), fun("g", "31c0 c3"))),
		},
		{name: "3.4 a string", old: str(1, "616200"), new: str(1, "616300"), want: []Class{Strings}},
		{name: "3.4 a shorter string", old: str(1, "616200"), new: str(1, "6100"), want: []Class{Strings}},
		{name: "3.4 a string of 16-bit characters", old: str(2, "6100 6200 0000"), new: str(2, "6100 0062 0000"), want: []Class{Strings}},
		{name: "3.4 a string of 16-bit characters with a zero byte in it", old: str(2, "6100 0001 6200 0000"), new: str(2, "6100 0001 6300 0000"), want: []Class{Strings}},
		{name: "3.4 the width of characters", old: str(1, "610000"), new: str(2, "6100 0000"), want: []Class{Strings}},
		{
			name: "3.4 the place in a string", old: str(1, "616200"), want: []Class{Strings},
			new: obj(code(fun("f", leaX, pc32(3, ".rodata.str", -3))), elfbuild.Strings(".rodata.str", 1, raw("616200"))),
		},
		{
			name: "3.5 a constant", want: []Class{Constants},
			old: obj(code(fun("f", loadX, pc32(3, ".rodata.cst8", -4))), elfbuild.Merge(".rodata.cst8", 8, raw("0102030405060708"))),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata.cst8", -4))), elfbuild.Merge(".rodata.cst8", 8, raw("0102030405060709"))),
		},
		{
			name: "3.5 the place in a constant", want: []Class{Constants},
			old: obj(code(fun("f", loadX, pc32(3, ".rodata.cst8", -4))), elfbuild.Merge(".rodata.cst8", 8, raw("0101010101010101"))),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata.cst8", 0))), elfbuild.Merge(".rodata.cst8", 8, raw("0101010101010101"))),
		},
		{name: "3.6 a nameless datum's first byte", old: anonymous("0102030405060708"), new: anonymous("0202030405060708"), want: []Class{Constants}},
		{name: "3.6 a nameless datum's last byte", old: anonymous("0102030405060708"), new: anonymous("0102030405060709"), want: []Class{Constants}},
		{
			name: "3.6 a nameless datum beside a single named one", want: []Class{Constants},
			old: obj(code(fun("f", loadX, pc32(3, ".rodata", 12))), rodata(".rodata", elfbuild.Var("y", make([]byte, 8)), raw("0000000000000000 0102030405060708"))),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata", 12))), rodata(".rodata", elfbuild.Var("y", make([]byte, 8)), raw("0000000000000000 0102030405060709"))),
		},
		{
			name: "3.6 a numbered static that nothing writes", want: []Class{Constants},
			old: obj(code(fun("f", leaX, pc32(3, "__msg.1", -4))), rodata(".rodata", elfbuild.Var("__msg.1", []byte("a\x00")).Local())),
			new: obj(code(fun("f", leaX, pc32(3, "__msg.1", -4))), rodata(".rodata", elfbuild.Var("__msg.1", []byte("b\x00")).Local())),
		},
		{
			name: "3.7 a named datum", want: []Class{References},
			old: obj(code(fun("f", loadX, pc32(3, "a", -4))), elfbuild.Data(".data", static("a"), static("b"))),
			new: obj(code(fun("f", loadX, pc32(3, "b", -4))), elfbuild.Data(".data", static("a"), static("b"))),
		},
		{
			name: "3.7 a named datum by section symbol", want: []Class{References},
			old: obj(code(fun("f", loadX, pc32(3, ".data", -4))), elfbuild.Data(".data", static("a"), static("b"))),
			new: obj(code(fun("f", loadX, pc32(3, ".data", 4))), elfbuild.Data(".data", static("a"), static("b"))),
		},
		{
			name: "3.7 an offset in a named datum", want: []Class{References},
			old: obj(code(fun("f", loadX, pc32(3, "a", -4))), elfbuild.Data(".data", static("a"), static("b"))),
			new: obj(code(fun("f", loadX, pc32(3, "a", 0))), elfbuild.Data(".data", static("a"), static("b"))),
		},
		{
			name: "3.7 the content of a named datum is no change",
			old:  obj(code(fun("f", loadX, pc32(3, "a", -4))), elfbuild.Data(".data", elfbuild.Var("a", []byte{1}))),
			new:  obj(code(fun("f", loadX, pc32(3, "a", -4))), elfbuild.Data(".data", elfbuild.Var("a", []byte{2}))),
		},
		{
			// testb $0, flag.1(%rip); movb $1, flag.1(%rip) or flag.2; ret
			name: "3.9 another symbol of the same normal name", want: []Class{References}, disambiguation: true,
			old: obj(code(fun("f", "f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.1", -5), pc32(9, "flag.1", -5))), two),
			new: obj(code(fun("f", "f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.1", -5), pc32(9, "flag.2", -5))), two),
		},
		{
			name: "3.9 symbols of the same normal name swapped throughout are the same",
			old:  obj(code(fun("f", "f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.1", -5), pc32(9, "flag.2", -5))), two),
			new:  obj(code(fun("f", "f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.2", -5), pc32(9, "flag.1", -5))), two),
		},
		{
			// Three uses: a b a is not a b b.
			name: "3.9 the numbers are of first use", want: []Class{References},
			old: obj(code(fun("f", "f605 00000000 00 f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.1", -5), pc32(9, "flag.2", -5), pc32(16, "flag.1", -5))), two),
			new: obj(code(fun("f", "f605 00000000 00 f605 00000000 00 c605 00000000 01 c3", pc32(2, "flag.1", -5), pc32(9, "flag.2", -5), pc32(16, "flag.2", -5))), two),
		},
		{
			name: "3.9 functions of one name in two files", disambiguation: true,
			old: twoFiles("init"), new: twoFiles("init#2"),
		},
		{name: "4.2 the class of a suffix", old: call("g"), new: call("g.isra.0"), want: []Class{References}},
		{name: "4.2 another class of suffix", old: call("g.part.0"), new: call("g.isra.0"), want: []Class{References}},
		{
			name: "5.1 a reference in a nameless datum", want: []Class{Constants},
			old: anonymous("0000000000000000", abs64(0, "a", 0)), new: anonymous("0000000000000000", abs64(0, "b", 0)),
		},
		{
			name: "5.1 an addend in a nameless datum", want: []Class{Constants},
			old: anonymous("0000000000000000", abs64(0, "a", 0)), new: anonymous("0000000000000000", abs64(0, "a", 8)),
		},
		{
			name: "5.1 what a nameless datum's nameless datum holds", want: []Class{Constants},
			old: anonymous("0000000000000000 01", abs64(0, ".rodata", 8)), new: anonymous("0000000000000000 02", abs64(0, ".rodata", 8)),
		},
		{
			name: "5.1 nameless data that refer to each other", want: []Class{Constants},
			old: anonymous("0000000000000000 0000000000000000 01", abs64(0, ".rodata", 8), abs64(8, ".rodata", 0)),
			new: anonymous("0000000000000000 0000000000000000 02", abs64(0, ".rodata", 8), abs64(8, ".rodata", 0)),
		},
		{
			name: "3.5 the end of a large constant", want: []Class{Constants},
			old: obj(code(fun("f", loadX, pc32(3, ".rodata.cst", -4))), elfbuild.Merge(".rodata.cst", 8192, raw(strings.Repeat("00", 8191)+"01"))),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata.cst", -4))), elfbuild.Merge(".rodata.cst", 8192, raw(strings.Repeat("00", 8191)+"02"))),
		},
		{
			name: "5.3 the end of a large static that keeps books", want: []Class{Constants},
			old: obj(code(fun("f", loadX, pc32(3, "__key.1", -4))), elfbuild.Data(".data", elfbuild.Var("__key.1", append(make([]byte, 8191), 1)).Local())),
			new: obj(code(fun("f", loadX, pc32(3, "__key.1", -4))), elfbuild.Data(".data", elfbuild.Var("__key.1", append(make([]byte, 8191), 2)).Local())),
		},
		{name: "3.8 e a physical address of itself", old: itself(0), new: itself(0x8000_0000), want: []Class{References}},
		{name: "3.8 e a physical address in a constant", old: constant(0), new: constant(0x8000_0000), want: []Class{Constants}},
		{name: "3.8 e a physical address of its place in a constant", old: placed(0), new: placed(0x8000_0000), want: []Class{Constants}},
		{
			name: "3.4 the end of a long string", want: []Class{Strings},
			old: longString(0, "a"), new: longString(0, "b"),
		},
		{
			name: "3.4 where in a long string", want: []Class{Strings},
			old: longString(0, "a"), new: longString(4, "a"),
		},
		{
			name: "3.4 the end of a long string, of which less is left", want: []Class{Strings},
			old: longString(7000, "a"), new: longString(7000, "b"),
		},
		{
			name: "5.2 a jump table's entry", want: []Class{JumpTables},
			old: table(abs64(0, ".text", 7), abs64(8, ".text", 8)), new: table(abs64(0, ".text", 7), abs64(8, ".text", 10)),
		},
		{
			name: "5.2 a jump table's entries swapped", want: []Class{JumpTables},
			old: table(abs64(0, ".text", 7), abs64(8, ".text", 8)), new: table(abs64(0, ".text", 8), abs64(8, ".text", 7)),
		},
	} {
		p.run(t)
	}
}

// longString is a function that refers to a place in a string of 8 KB with such an end.
func longString(at int64, end string) elfbuild.Object {
	return obj(code(fun("f", leaX, pc32(3, ".rodata.str1.1", at-4))), elfbuild.Strings(".rodata.str1.1", 1, literal(strings.Repeat("long", 2000)+end)))
}

// twoFiles is a function that calls one of two of the same name.
func twoFiles(callee string) elfbuild.Object {
	at := func(name string, value, size uint64) elfbuild.Symbol {
		return elfbuild.Symbol{Name: name, Type: elf.STT_FUNC, Section: ".text", Value: value, Size: size}
	}
	return elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			elfbuild.File("a.c"), at("init", 6, 1), elfbuild.File("b.c"), at("init", 7, 1),
			{Name: "f", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Size: 6},
		},
		Sections: []elfbuild.Section{code(raw(callG, plt32(1, callee, -4)), raw("c3 c3"))},
	}
}

// TestEveryByte changes every byte of a function without relocations to every
// other value: the digest tells each from the original.
func TestEveryByte(t *testing.T) {
	const asm = "55 4889e5" + // push %rbp; mov %rsp, %rbp
		"b8 78563412" + // mov $0x12345678, %eax
		"8b4f08 66c7470c 3412" + // mov 8(%rdi), %ecx; movw $0x1234, 12(%rdi)
		"85c0 7402 31c0" + // test %eax, %eax; je 1f; xor %eax, %eax
		"f0480fb10e c5f877" + // 1: lock cmpxchg %rcx, (%rsi); vzeroupper
		"eb00 0fb6c0 0f0b" + // jmp 2f; 2: movzbl %al, %eax; ud2
		"5d c3 cc" // pop %rbp; ret; int3
	o := obj(code(fun("f", asm)))
	original := record(t, sum(t, o), "f")
	if original.Opaque {
		t.Fatal("it can't be decoded")
	}
	good := o.Sections[0].Data
	for i := range good {
		for v := range 256 {
			if byte(v) == good[i] {
				continue
			}
			o.Sections[0].Data = bytes.Clone(good)
			o.Sections[0].Data[i] = byte(v)
			sums, err := Sum(parse(t, o), Options{Jobs: 1})
			if err != nil {
				t.Fatal(err)
			}
			if r := record(t, sums, "f"); r.Digest == original.Digest {
				t.Errorf("byte %d changed from %#x to %#x: the digest is the same", i, good[i], v)
			}
		}
	}
}

// A cold part is part of the function (rule 1.4), and has a class.
func TestCold(t *testing.T) {
	object := func(hot, cold string, jump, back int64, coldCode ...elfbuild.Piece) elfbuild.Object {
		c := fun("f.cold", cold, plt32(3, ".text", back)).Local()
		return obj(code(fun("f", hot, plt32(uint64(jump), "f.cold", -4))), elfbuild.Text(".text.unlikely", append(coldCode, c)...))
	}
	const (
		hot  = "85ff 0f84 00000000 31c0 c3" // test %edi, %edi; je f.cold; 1: xor %eax, %eax; ret
		cold = "89f8 e9 00000000 0f0b"      // mov %edi, %eax; jmp 1b; ud2
	)
	base := object(hot, cold, 4, 4)
	for _, p := range []pair{
		{name: "1.4 the cold part in another place", old: base, new: object(hot, cold, 4, 4, raw("90909090"))},
		{name: "1.4 the cold part changes", old: base, new: object(hot, "89f9 e9 00000000 0f0b", 4, 4), want: []Class{Instructions, Cold}},
		{name: "1.4 the cold part grows", old: base, new: object(hot, "89f8 e9 00000000 0f0b cc", 4, 4), want: []Class{Instructions, Cold}},
		{name: "1.4 only the hot part changes", old: base, new: object("85f6 0f84 00000000 31c0 c3", cold, 4, 4), want: []Class{Instructions}},
		// The jump back leads to another ordinal, and means the same.
		{name: "1.4 the hot part grows in front of where the cold one leads", old: base, new: object("31c9 85ff 0f84 00000000 31c0 c3", cold, 6, 6), want: []Class{Instructions}},
		{name: "1.4 the cold part leads elsewhere in the hot one", old: base, new: object(hot, cold, 4, 6), want: []Class{Instructions}},
		{
			name: "1.4 a cold part comes", want: []Class{Instructions, Cold}, new: base,
			old: obj(code(fun("f", "85ff 7402 31c0 c3"))),
		},
	} {
		p.run(t)
	}
	sums := sum(t, base)
	if n := sums.Count(Function); n != 1 {
		t.Errorf("%d functions, want 1: %+v", n, sums.Records)
	}
	if r := record(t, sums, "f"); r.Size != 20 || fmt.Sprint(r.Cold()) != "[f.cold]" {
		t.Errorf("record %+v, want 20 bytes with f.cold", r)
	}
}

// SPDX-License-Identifier: MIT

package explain

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/object"
)

// built is the steps of f in an object.
func built(t *testing.T, o elfbuild.Object) []checksum.Traced {
	t.Helper()
	file, err := object.Parse(o.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	sums, tracer, err := checksum.Trace(file, checksum.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sums.Records {
		if sums.Records[i].Name == "f" {
			steps, err := tracer.Steps(&sums.Records[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			return steps
		}
	}
	t.Fatal("no f")
	return nil
}

// Kinds of steps that are no instructions, nor what C refers to, in words.
func TestKinds(t *testing.T) {
	text := func(pieces ...elfbuild.Piece) elfbuild.Section { return elfbuild.Text(".text", pieces...) }
	object := func(sections ...elfbuild.Section) elfbuild.Object { return elfbuild.Object{Sections: sections} }
	absolute := func(value uint64) elfbuild.Object {
		o := object(text(
			elfbuild.Func("__cfi_f", "b8 00000000", elfbuild.Rel(1, elf.R_X86_64_32, "magic", 0)).Local(),
			elfbuild.Func("f", "b8 00000000 c3", elfbuild.Rel(1, elf.R_X86_64_32, "magic", 0)),
		))
		o.Symbols = []elfbuild.Symbol{{Name: "magic", Bind: elf.STB_GLOBAL, Section: elfbuild.Absolute, Value: value}}
		return o
	}
	label := func(at uint64) elfbuild.Symbol {
		return elfbuild.Symbol{Name: "entry", Bind: elf.STB_GLOBAL, Value: at}
	}
	labelled := func(at uint64) elfbuild.Object {
		return object(text(elfbuild.Func("f", "31c0 31c9 c3").With(label(at))))
	}
	next := func(name string) elfbuild.Object {
		return object(text(elfbuild.Func("f", "31c0"), elfbuild.Func(name, "c3")))
	}
	mask := func(content string) elfbuild.Object {
		return object(text(elfbuild.Func("f", "488b05 00000000 c3", elfbuild.PC32(3, "mask", -4))),
			elfbuild.ReadOnly(".rodata", elfbuild.Raw(content).With(elfbuild.Symbol{Name: "mask", Bind: elf.STB_GLOBAL})))
	}
	traced := func(typ elf.R_X86_64) elfbuild.Object {
		return object(text(elfbuild.Func("f", "31c0 c3")), elfbuild.ReadOnly("__mcount_loc", elfbuild.Raw("0000000000000000", elfbuild.Rel(0, typ, "f", 0))))
	}
	split := func(asm string) elfbuild.Object {
		return object(text(elfbuild.Func("f", "85ff 0f84 00000000 c3", elfbuild.PLT32(4, "f.__part.1", -4))),
			elfbuild.Text(".text.split", elfbuild.Func("f.__part.1", asm).Local()))
	}
	address := func(bias int64) elfbuild.Object {
		return object(text(elfbuild.Func("f", "90 48b8 0000000000000000 c3", elfbuild.Abs64(3, ".text", 1+bias))))
	}
	letter := func(word string) elfbuild.Object { // movzbl .LC0+1(%rdi), %eax
		return object(text(elfbuild.Func("f", "0fb687 00000000 c3", elfbuild.Rel(3, elf.R_X86_64_32S, ".LC0", 1))),
			elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0(word).With(elfbuild.Symbol{Name: ".LC0"})))
	}
	for name, test := range map[string]struct {
		old, new elfbuild.Object
		want     string // the rows that differ
	}{
		"an absolute symbol": {absolute(5), absolute(6), `
-0x0 b800000000, +0x1: abs32 -> the number 0x5
-0x0 mov $0x0,%eax  abs32 -> the number 0x5 (magic)
+0x0 b800000000, +0x1: abs32 -> the number 0x6
+0x0 mov $0x0,%eax  abs32 -> the number 0x6 (magic)
`},
		"a label": {labelled(2), labelled(4), `
-0x2 label entry
+0x4 label entry
`},
		"a branch into an instruction": {
			object(text(elfbuild.Func("f", "7401 b831c0c390 c3"))), object(text(elfbuild.Func("f", "7403 b831c0c390 c3"))), `
-0x0 je f+0x3
+0x0 je f+0x5
`,
		},
		"a physical address of itself": {address(0), address(0x8000_0000), `
-0x1 mov $0x0,%rax  abs64 -> f+0x1
+0x1 mov $0x0,%rax  abs64 -> physical address of f+0x1
`},
		"a string from an index on": {letter("abc"), letter("xbc"), `
-0x0 movzbl (%rdi),%eax  abs32s -> +0x1 in "abc"
+0x0 movzbl (%rdi),%eax  abs32s -> +0x1 in "xbc"
`},
		"what it runs on into": {next("g"), next("h"), `
-0x2 runs on into -> g
+0x2 runs on into -> h
`},
		"constants behind a label": {mask("0102"), mask("0103"), `
-0x0 +0x0: 01 02
+0x0 +0x0: 01 03
`},
		"a place that lost its relocation": {traced(elf.R_X86_64_64), traced(elf.R_X86_64_NONE), `
-0x0 __mcount_loc
`},
		"a place that is relocated in another way": {traced(elf.R_X86_64_64), traced(elf.R_X86_64_32), `
-0x0 __mcount_loc
+0x0 __mcount_loc, +0x0: abs32 -> its place
`},
		"a part of basic-block sections": {split("31c0 c3"), split("31c9 c3"), `
-0x0 xor %eax,%eax
+0x0 xor %ecx,%ecx
`},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := Function("x86_64", built(t, test.old), built(t, test.new))
			if err != nil {
				t.Fatal(err)
			}
			var differ []Row
			for _, r := range rows {
				if r.Op != Same {
					differ = append(differ, r)
				}
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), show(differ)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

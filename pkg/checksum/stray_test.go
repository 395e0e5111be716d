// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// listing is an object's records in words.
func listing(s *Sums) []string {
	var list []string
	for i := range s.Records {
		r := &s.Records[i]
		line := fmt.Sprintf("%s %s %d", r.Name, r.Section, r.Size)
		if r.Kind == Orphan != (r.Name == OrphanName) {
			line += " of another kind"
		}
		if r.Opaque {
			line += " opaque"
		}
		list = append(list, line)
	}
	return list
}

// Code without a symbol (rule 1.7): whose it is, and what is padding.
func TestStray(t *testing.T) {
	type bytes struct{ Functions, Orphans, Padding, FunctionRelocs, OrphanRelocs, PaddingRelocs uint64 }
	for name, test := range map[string]struct {
		object  elfbuild.Object
		want    []string
		account bytes
	}{
		"1.7 nameless code is an orphan": {
			obj(code(fun("f", "31c0 c3"), raw("31c9 c3"), fun("g", "c3"))),
			[]string{"f .text 3", "g .text 1", "(orphan) .text 3"},
			bytes{Functions: 4, Orphans: 3},
		},
		"1.7 a section with nothing but nameless code": {
			obj(code(raw("31c9 e8 00000000 c3", plt32(3, "g", -4)))),
			[]string{"(orphan) .text 8"},
			bytes{Orphans: 8, OrphanRelocs: 1},
		},
		"1.5 NOPs, INT3 and zero between functions are padding": {
			obj(code(raw("0f1f00 cc"), fun("f", "31c0 c3"), raw("cccc 6690 0000 cc"), fun("g", "c3"), raw("0f1f8000000000 0000"))),
			[]string{"f .text 3", "g .text 1"},
			bytes{Functions: 4, Padding: 4 + 7 + 9},
		},
		"1.5 INT3 and zero in a function are not": {
			obj(code(fun("f", "c3 cccc 0000 0000"))),
			[]string{"f .text 7"},
			bytes{Functions: 7},
		},
		"1.5 a NOP inside of a function is a part of it": {
			obj(code(fun("f", "31c0 0f1f00 c3"))),
			[]string{"f .text 6"},
			bytes{Functions: 6},
		},
		"1.5 a relocation in padding": {
			obj(code(fun("f", "c3"), raw("0f1f8000000000", abs32s(3, "x", 0)))),
			[]string{"f .text 1"},
			bytes{Functions: 1, Padding: 7, PaddingRelocs: 1},
		},
		"1.3 a prefix is a part of its function": {
			obj(code(raw("cccc"), fun("__cfi_f", "b8 12345678 90").Local(), fun("f", "c3", elfbuild.Rel(0, elf.R_X86_64_NONE, "", 0)))),
			[]string{"f .text 1"},
			bytes{Functions: 7, Padding: 2, FunctionRelocs: 1},
		},
		"1.7 what two functions reach is nobody's": {
			obj(code(fun("f", "e9 06000000"), fun("g", "e9 01000000"), raw("cc 31c9 c3"))),
			[]string{"f .text 5", "g .text 5", "(orphan) .text 3"},
			bytes{Functions: 10, Orphans: 3, Padding: 1},
		},
		"1.7 a stub that one function reaches is its own": {
			obj(code(fun("f", "e9 02000000"), fun("g", "c3"), raw("90 31c9 c3"))),
			[]string{"f .text 8", "g .text 1"},
			bytes{Functions: 9, Padding: 1},
		},
		"1.7 a stub in another section": {
			obj(code(fun("f", "e9 00000000", plt32(1, ".fixup", -2))), elfbuild.Text(".fixup", raw("9090 31c9 c3"))),
			[]string{"f .text 8"},
			bytes{Functions: 8, Padding: 2, FunctionRelocs: 1},
		},
		"1.7 a stub by its address": {
			obj(code(fun("f", leaX, pc32(3, ".fixup", -4))), elfbuild.Text(".fixup", raw("31c9 e9 00000000", plt32(3, "g", -4)))),
			[]string{"f .text 15"},
			bytes{Functions: 15, FunctionRelocs: 2},
		},
		"1.7 two stubs, one behind the other": {
			obj(code(fun("f", "e9 06000000"), fun("g", "e9 04000000"), raw("90 31c9 c3"), raw("31d2 c3"))),
			[]string{"f .text 8", "g .text 8"},
			bytes{Functions: 16, Padding: 1},
		},
		"1.7 a stub that the one in front runs into isn't cut off": {
			obj(code(fun("f", "e9 06000000"), fun("g", "e9 03000000"), raw("90 31c9 31d2 c3"))),
			[]string{"f .text 5", "g .text 5", "(orphan) .text 5"},
			bytes{Functions: 10, Orphans: 5, Padding: 1},
		},
		"1.6 overlapping functions": {
			obj(code(fun("outer", "31c0 31c9 31d2 c3", elfbuild.Rel(2, elf.R_X86_64_NONE, "", 0)).
				With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2), symbol("late", elf.STB_GLOBAL, elf.STT_FUNC, 6, 3)),
				raw("90 c3"))),
			[]string{"outer .text 7", "inner .text 2", "late .text 3"},
			bytes{Functions: 9, FunctionRelocs: 1},
		},
		"1.6 two ends at one start": {
			obj(code(fun("f", "31c0 c3").With(symbol("g", elf.STB_GLOBAL, elf.STT_FUNC, 0, 2)).With(symbol("__pfx_h", elf.STB_LOCAL, elf.STT_FUNC, 0, 1)))),
			[]string{"f .text 3", "g .text 2", "__pfx_h .text 1"},
			bytes{Functions: 3},
		},
		"1.6 a prefix of two functions": {
			obj(code(fun("__pfx_f", "90909090").Local(), fun("f", "31c0 c3").With(symbol("g", elf.STB_GLOBAL, elf.STT_FUNC, 0, 2)))),
			[]string{"f .text 3", "g .text 2"},
			bytes{Functions: 7},
		},
		"1.6 a symbol that starts inside an instruction": {
			obj(code(fun("f", "b8 31c0c390 c3").With(symbol("g", elf.STB_GLOBAL, elf.STT_FUNC, 1, 3)))),
			[]string{"f .text 6", "g .text 3"},
			bytes{Functions: 6},
		},
		"1.6 an instruction that goes on behind its function's end": {
			obj(code(fun("f", "31c0 b8", pc32(3, "x", 0)), fun("g", "31c0c390 c3"))),
			[]string{"f .text 3", "g .text 5"},
			bytes{Functions: 8, FunctionRelocs: 1},
		},
		"2 a function that can't be decoded": {
			obj(code(fun("f", "31c0 06 c3", abs64(1, "x", 0)), fun("g", "c3"))), // no instruction in 64-bit mode
			[]string{"f .text 4 opaque", "g .text 1"},
			bytes{Functions: 5, FunctionRelocs: 1},
		},
		"1.7 nameless bytes that can't be decoded": {
			obj(code(fun("f", "c3"), raw("06 c3"))),
			[]string{"f .text 1", "(orphan) .text 2 opaque"},
			bytes{Functions: 1, Orphans: 2},
		},
		"1.7 zeros that are relocated": {
			obj(code(fun("f", "c3"), raw("00000000 00000000", elfbuild.Rel(4, elf.R_X86_64_32, "x", 0)))),
			[]string{"f .text 1", "(orphan) .text 4"},
			bytes{Functions: 1, Orphans: 4, Padding: 4, OrphanRelocs: 1},
		},
		"6 replacement code that nothing refers to": {
			obj(code(fun("f", "c3")), elfbuild.Text(".altinstr_replacement", raw("e8 00000000", plt32(1, "g", -4)))),
			[]string{"f .text 1", "(orphan) .altinstr_replacement 5"},
			bytes{Functions: 1, Orphans: 5, OrphanRelocs: 1},
		},
		"no functions": {
			obj(elfbuild.Data(".data", raw("00"))), nil, bytes{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			sums := sum(t, test.object)
			if diff := cmp.Diff(test.want, listing(sums)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			want := Account{
				Bytes:  Shares{Functions: test.account.Functions, Orphans: test.account.Orphans, Padding: test.account.Padding},
				Relocs: Shares{Functions: test.account.FunctionRelocs, Orphans: test.account.OrphanRelocs, Padding: test.account.PaddingRelocs},
			}
			if diff := cmp.Diff(want, sums.Account); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	}
}

// What stands in nameless code counts for whom it belongs to.
func TestStrayContent(t *testing.T) {
	const call = "e8 00000000 c3"
	stub := func(content string) elfbuild.Object {
		return obj(code(fun("f", "e9 02000000"), fun("g", "c3"), raw("90"), raw(content)))
	}
	shared := func(content string) elfbuild.Object {
		return obj(code(fun("f", "e9 06000000"), fun("g", "e9 01000000"), raw("90"), raw(content)))
	}
	for _, p := range []pair{
		{name: "1.7 a stub changes", old: stub("31c9 c3"), new: stub("31c8 c3"), want: []Class{Instructions}},
		{
			name: "1.7 a stub's callee changes", want: []Class{References},
			old: obj(code(fun("f", "e9 01000000"), raw("cc"), raw(call, plt32(1, "a", -4)))), new: obj(code(fun("f", "e9 01000000"), raw("cc"), raw(call, plt32(1, "b", -4)))),
		},
		{
			name: "1.7 a stub directly behind another function", want: []Class{Instructions},
			old: obj(code(fun("f", "e9 01000000"), fun("g", "c3"), raw("31c9 c3"))), new: obj(code(fun("f", "e9 01000000"), fun("g", "c3"), raw("31c8 c3"))),
		},
		{
			name: "1.7 a stub directly behind its function", want: []Class{Instructions},
			old: obj(code(fun("f", "e9 00000000"), raw("31c9 c3"))), new: obj(code(fun("f", "e9 00000000"), raw("31c8 c3"))),
		},
		{
			name: "1.7 nameless code of two functions directly behind one", want: []Class{References},
			old: obj(code(fun("f", "e9 05000000"), fun("g", "e9 00000000"), raw("31c9 c3"))), new: obj(code(fun("f", "e9 05000000"), fun("g", "e9 00000000"), raw("31c8 c3"))),
		},
		{
			name: "1.7 a stub and the jump to it move",
			old:  stub("31c9 c3"), new: obj(code(fun("f", "e9 04000000"), fun("g", "c3"), raw("cccccc 31c9 c3"))),
		},
		{
			name: "1.7 a stub in a section of its own", old: obj(code(fun("f", "e9 00000000", plt32(1, ".fixup", -4))), elfbuild.Text(".fixup", raw("31c9 c3"))),
			new: obj(code(fun("f", "e9 00000000", plt32(1, ".fixup", -2))), elfbuild.Text(".fixup", raw("cccc 31c9 c3"))),
		},
		{name: "1.7 nameless code of two functions changes", old: shared("31c9 c3"), new: shared("31c8 c3"), want: []Class{References}},
		{
			name: "1.7 another place in nameless code of two functions", want: []Class{References},
			old: shared("31c9 31c9 c3"), new: obj(code(fun("f", "e9 08000000"), fun("g", "e9 01000000"), raw("90 31c9 31c9 c3"))),
		},
		{
			name: "1.7 nameless code of two functions moves",
			old:  shared("31c9 c3"), new: obj(code(fun("f", "e9 09000000"), fun("g", "e9 04000000"), raw("cccccccc 31c9 c3"))),
		},
		{
			name: "1.6 an outer function counts what an inner one has", f: "outer", want: []Class{Instructions},
			old: obj(code(fun("outer", "31c0 31c9 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2)))),
			new: obj(code(fun("outer", "31c0 31c8 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2)))),
		},
		{
			name: "1.6 an inner function counts only itself", f: "inner",
			old: obj(code(fun("outer", "31c0 31c9 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2)))),
			new: obj(code(fun("outer", "31d2 31c9 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2)))),
		},
		{
			name: "1.6 a byte of an instruction that goes on behind the function", want: []Class{Instructions},
			old: obj(code(fun("f", "31c0 b8"), fun("g", "31c0c390 c3"))), new: obj(code(fun("f", "31c0 b9"), fun("g", "31c0c390 c3"))),
		},
	} {
		p.run(t)
	}
}

// An orphan has a digest too.
func TestOrphanDigest(t *testing.T) {
	orphan := func(content string, relocs ...elfbuild.Reloc) *Record {
		return record(t, sum(t, obj(code(fun("f", "c3"), raw(content, relocs...)))), OrphanName)
	}
	base := orphan("31c9 e8 00000000 c3", plt32(3, "a", -4))
	for name, test := range map[string]struct {
		r    *Record
		want []Class
	}{
		"moved":            {orphan("cccc 90 31c9 e8 00000000 c3", plt32(6, "a", -4)), nil},
		"an instruction":   {orphan("31c8 e8 00000000 c3", plt32(3, "a", -4)), []Class{Instructions}},
		"a callee":         {orphan("31c9 e8 00000000 c3", plt32(3, "b", -4)), []Class{References}},
		"a NOP behind":     {orphan("31c9 e8 00000000 c3 90", plt32(3, "a", -4)), nil},
		"INT3 behind":      {orphan("31c9 e8 00000000 c3 cc", plt32(3, "a", -4)), nil},
		"a return removed": {orphan("31c9 e8 00000000", plt32(3, "a", -4)), []Class{Instructions}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, differences(t, base, test.r)); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
		})
	}
}

// A function that can't be decoded is hashed by its bytes and relocations.
func TestOpaque(t *testing.T) {
	object := func(asm string, relocs ...elfbuild.Reloc) *Record {
		t.Helper()
		r := record(t, sum(t, obj(code(fun("f", asm, relocs...)))), "f")
		if !r.Opaque {
			t.Errorf("%s was decoded", asm)
		}
		return r
	}
	base := object("31c0 06 b8 00000000 c3", abs32s(4, "x", 0))
	for name, test := range map[string]struct {
		r    *Record
		want []Class
	}{
		"the same":                     {object("31c0 06 b8 00000000 c3", abs32s(4, "x", 0)), nil},
		"what a relocation overwrites": {object("31c0 06 b8 01020304 c3", abs32s(4, "x", 0)), nil},
		"the first byte":               {object("33c0 06 b8 00000000 c3", abs32s(4, "x", 0)), []Class{Instructions}},
		"the last byte":                {object("31c0 06 b8 00000000 c2", abs32s(4, "x", 0)), []Class{Instructions}},
		"a NOP":                        {object("31c0 06 b8 00000000 c3 90", abs32s(4, "x", 0)), []Class{Instructions}},
		"a relocation's symbol":        {object("31c0 06 b8 00000000 c3", abs32s(4, "y", 0)), []Class{References}},
		"a relocation's addend":        {object("31c0 06 b8 00000000 c3", abs32s(4, "x", 1)), []Class{References}},
		"a relocation's kind":          {object("31c0 06 b8 00000000 c3", pc32(4, "x", 0)), []Class{References}},
		"a relocation's place":         {object("31c0 06 b8 00000000 c3", abs32s(3, "x", 0)), []Class{Instructions}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, differences(t, base, test.r)); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
		})
	}
}

// A machine without a row is refused, or all of it is opaque.
func TestMachineWithoutRow(t *testing.T) {
	for _, big := range []bool{false, true} {
		o := obj(code(fun("f", "31c0 c3")))
		o.Big, o.Machine = big, elf.EM_S390
		f := parse(t, o)
		if _, err := Sum(f, Options{}); err == nil || !strings.Contains(err.Error(), "unsupported machine") {
			t.Errorf("error %v", err)
		}
		sums, err := Sum(f, Options{Opaque: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(sums.Arch, listing(sums), sums.Opaque), "EM_S390[f .text 3 opaque] 1"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Types of relocations that no row has are told apart, in code and in data.
func TestRelocationTypesWithoutRow(t *testing.T) {
	build := func(inCode, inData elf.R_X86_64) *Record {
		o := obj(
			code(fun("f", "000000000000000000000000", elfbuild.Rel(0, inCode, "ext", 0), abs64(4, ".rodata.x", 0))),
			rodata(".rodata.x", elfbuild.Raw("0000000000000000", elfbuild.Rel(0, inData, "ext", 0))),
		)
		o.Machine = elf.EM_RISCV
		sums, err := Sum(parse(t, o), Options{Opaque: true})
		if err != nil {
			t.Fatal(err)
		}
		return record(t, sums, "f")
	}
	base := build(257, 257)
	for _, other := range []*Record{build(258, 257), build(257, 258), build(2, 257), build(257, 2)} {
		if other.Digest == base.Digest {
			t.Error("another type of relocation isn't noticed")
		}
	}
}

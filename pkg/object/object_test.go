// SPDX-License-Identifier: MIT

package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// conventions are those of x86-64, with the NOP of one byte alone.
var conventions = Conventions{Branch: -4, Nops: func(code []byte) int {
	return len(code) - len(bytes.TrimLeft(code, "\x90"))
}}

// small is an object with one of everything that Parse and LoadCode look at.
func small() elfbuild.Object {
	return elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			elfbuild.File("a.c"),
			{Name: "helper", Type: elf.STT_FUNC, Section: ".text", Value: 32, Size: 6},
			{Name: "f.cold", Type: elf.STT_FUNC, Section: ".text.unlikely", Size: 2},
			{Name: "absolute", Section: elfbuild.Absolute, Value: 42},
			{Name: "common", Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Section: elfbuild.Common, Value: 8, Size: 16},
		},
		Sections: []elfbuild.Section{
			elfbuild.Text(".text",
				elfbuild.Func("__pfx_f", "90909090").Local(),
				elfbuild.Func("f", "e8 00000000 0f84 00000000 c3", // call g; je f.cold; ret
					elfbuild.PLT32(7, "f.cold", -4), elfbuild.PLT32(1, "g", -4)).Alias("f_alias").Weak(),
				elfbuild.Raw("90909090 90909090 90909090 90909090 48c7c0 00000000 c3", // movq $x, %rax; ret
					elfbuild.Abs32S(19, ".data", 8)),
			),
			elfbuild.Text(".text.unlikely", elfbuild.Raw("0f0b")), // ud2
			elfbuild.Data(".data", elfbuild.Raw("00000000 00000000"), elfbuild.Var("x", make([]byte, 8), elfbuild.Abs64(0, "f", 0))),
			elfbuild.Zero(".bss", elfbuild.Space("z", 1<<20)),
			{Name: ".comment", Data: []byte("none\x00")},
			{
				Name: ".note.gnu.build-id", Type: elf.SHT_NOTE, Flags: elf.SHF_ALLOC,
				Data: elfbuild.Hex("04000000 04000000 03000000 474e5500 deadbeef"),
			},
		},
	}
}

func parse(t *testing.T, o elfbuild.Object) *File {
	t.Helper()
	f, err := Parse(o.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var exported = cmp.Exporter(func(reflect.Type) bool { return true })

// want reports what differs from what was expected.
func want[T any](t *testing.T, what string, got, expected T) {
	t.Helper()
	if diff := cmp.Diff(expected, got, exported); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// debug/elf is right about objects with few sections.
func TestParseLikeDebugELF(t *testing.T) {
	for _, big := range []bool{false, true} {
		t.Run(fmt.Sprintf("big=%v", big), func(t *testing.T) {
			o := small()
			o.Big = big
			data := o.Bytes()
			reference, err := elf.NewFile(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "machine", f.Machine, elf.EM_X86_64)
			want(t, "byte order", f.BigEndian(), big)
			want(t, "size", f.Size(), int64(len(data)))
			sameSections(t, f, reference)
			sameSymbols(t, f, reference)
			sameRelocs(t, f, reference)
		})
	}
}

func sameSections(t *testing.T, f *File, reference *elf.File) {
	t.Helper()
	if len(f.Sections) != len(reference.Sections) {
		t.Fatalf("%d sections, want %d", len(f.Sections), len(reference.Sections))
	}
	for i, r := range reference.Sections {
		s := &f.Sections[i]
		got := elf.SectionHeader{
			Name: s.Name(), Type: s.Type, Flags: s.Flags, Offset: s.Offset, Size: s.Size, FileSize: s.Size,
			Link: f.Link(uint32(i)), Info: s.Info, Entsize: s.Entsize(), Addralign: r.Addralign,
		}
		want(t, "section "+s.Name(), got, r.SectionHeader)
		if r.Type == elf.SHT_NOBITS || r.Type == elf.SHT_NULL {
			want(t, "data of "+s.Name(), len(f.Data(uint32(i))), 0)
			continue
		}
		data, err := r.Data()
		if err != nil || !bytes.Equal(f.Data(uint32(i)), data) {
			t.Errorf("data of %s: % x, want % x (%v)", s.Name(), f.Data(uint32(i)), data, err)
		}
	}
}

func sameSymbols(t *testing.T, f *File, reference *elf.File) {
	t.Helper()
	symbols, err := reference.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Symbols) != len(symbols)+1 {
		t.Fatalf("%d symbols, want %d and the null symbol", len(f.Symbols), len(symbols))
	}
	want(t, "symbol 0", f.Symbols[0], Symbol{})
	for i, r := range symbols {
		s := &f.Symbols[i+1]
		section := uint32(r.Section)
		switch r.Section {
		case elf.SHN_ABS:
			section = SectionAbs
		case elf.SHN_COMMON:
			section = SectionCommon
		}
		name := r.Name
		if elf.ST_TYPE(r.Info) == elf.STT_SECTION {
			name = reference.Sections[r.Section].Name
		}
		got := fmt.Sprint(s.Name(), s.Type(), s.Bind(), s.Section, s.Value, s.Size)
		want(t, fmt.Sprintf("symbol %d", i+1), got,
			fmt.Sprint(name, elf.ST_TYPE(r.Info), elf.ST_BIND(r.Info), section, r.Value, r.Size))
		want(t, "defined: "+name, s.Defined(), r.Section != elf.SHN_UNDEF && r.Section < elf.SHN_LORESERVE)
		want(t, "local: "+name, s.Local(), elf.ST_BIND(r.Info) == elf.STB_LOCAL)
	}
}

// Every binding but local and weak is global: STB_GNU_UNIQUE, and what only an operating
// system or machine knows.
func TestBinding(t *testing.T) {
	var symbols []elfbuild.Symbol
	for bind := range elf.SymBind(16) {
		symbols = append(symbols, elfbuild.Symbol{Name: fmt.Sprint(int(bind)), Bind: bind, Type: elf.STT_FUNC, Section: ".text", Size: 1})
	}
	f := parse(t, elfbuild.Object{Sections: []elfbuild.Section{elfbuild.Text(".text", elfbuild.Raw("c3"))}, Symbols: symbols})
	for _, s := range f.Symbols[1:] {
		if s.Type() != elf.STT_FUNC {
			continue
		}
		expected := elf.STB_GLOBAL
		switch s.Name() {
		case "0":
			expected = elf.STB_LOCAL
		case "2":
			expected = elf.STB_WEAK
		}
		want(t, "binding "+s.Name(), s.Bind(), expected)
	}
}

func sameRelocs(t *testing.T, f *File, reference *elf.File) {
	t.Helper()
	for _, r := range reference.Sections {
		if r.Type != elf.SHT_RELA {
			continue
		}
		records := make([]elf.Rela64, r.Size/24)
		if err := binary.Read(r.Open(), reference.ByteOrder, records); err != nil {
			t.Fatal(err)
		}
		found := map[Reloc]int{}
		for _, x := range records {
			found[Reloc{x.Off, elf.R_SYM64(x.Info), elf.R_TYPE64(x.Info), x.Addend}]++
		}
		relocs := f.Relocs(r.Info)
		want(t, r.Name, relocs.Len(), len(records))
		last := uint64(0)
		for i := range relocs.Len() {
			x := relocs.At(i)
			if found[x]--; found[x] < 0 {
				t.Errorf("%s: %+v is not in the file", r.Name, x)
			}
			if x.Offset < last {
				t.Errorf("%s: %+v is out of order", r.Name, x)
			}
			want(t, "Offset", relocs.Offset(i), x.Offset)
			last = x.Offset
		}
	}
}

func TestFileNames(t *testing.T) {
	f := parse(t, elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			{Name: "before", Section: ".text"},
			elfbuild.File("a.c"),
			{Name: "in_a", Section: ".text"},
			elfbuild.File("b.c"),
			{Name: "in_b", Section: ".text"},
			{Name: "also_in_b", Section: ".text"},
			{Name: "global", Bind: elf.STB_GLOBAL, Section: ".text"},
		},
		Sections: []elfbuild.Section{elfbuild.Text(".text", elfbuild.Raw("c3"))},
	})
	got := map[string]string{}
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.Type() == elf.STT_NOTYPE && i > 0 {
			got[s.Name()] = f.FileName(uint32(i))
		}
	}
	want(t, "files", got, map[string]string{"before": "", "in_a": "a.c", "in_b": "b.c", "also_in_b": "b.c", "global": ""})
}

func TestNoSymbols(t *testing.T) {
	f := parse(t, elfbuild.Object{NoSymbols: true, Sections: []elfbuild.Section{elfbuild.Text(".text", elfbuild.Raw("c3"))}})
	want(t, "symbols", len(f.Symbols), 0)
	c, err := LoadCode(f, conventions)
	if err != nil || len(c.Funcs) != 0 {
		t.Errorf("%d functions, %v", len(c.Funcs), err)
	}
}

func TestBuildID(t *testing.T) {
	for name, test := range map[string]struct{ note, want string }{
		"a build id":            {"04000000 04000000 03000000 474e5500 deadbeef", "deadbeef"},
		"another type":          {"04000000 04000000 01000000 474e5500 deadbeef", ""},
		"longer than the note":  {"04000000 05000000 03000000 474e5500 deadbeef", ""},
		"shorter than a header": {"04000000 04000000 030000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, elfbuild.Object{Sections: []elfbuild.Section{
				{Name: ".note.gnu.build-id", Type: elf.SHT_NOTE, Flags: elf.SHF_ALLOC, Data: elfbuild.Hex(test.note)},
			}})
			want(t, "build id", f.BuildID(), test.want)
		})
	}
}

// More than 65,279 sections: the indices of sections and symbols don't fit 16
// bits, and debug/elf gets the symbols wrong.
func TestExtendedIndices(t *testing.T) {
	const n = 70_000
	for _, big := range []bool{false, true} {
		t.Run(fmt.Sprintf("big=%v", big), func(t *testing.T) {
			o := elfbuild.Object{Big: big, Sections: make([]elfbuild.Section, n)}
			for i := range o.Sections {
				o.Sections[i] = elfbuild.Text(fmt.Sprintf(".text.f%d", i+1), elfbuild.Func(fmt.Sprintf("f%d", i+1), "c3"))
			}
			last := &o.Sections[n-1]
			*last = elfbuild.Text(last.Name, elfbuild.Func("f70000", "e9 00000000", elfbuild.PLT32(1, "f69999", -4)))
			o.Symbols = []elfbuild.Symbol{{Name: "absolute", Section: elfbuild.Absolute}}
			f := parse(t, o)
			if len(f.Sections) < n {
				t.Fatalf("%d sections", len(f.Sections))
			}
			for i := range f.Symbols {
				s := &f.Symbols[i]
				if i == 0 {
					continue
				}
				if s.Name() == "absolute" {
					want(t, s.Name(), s.Section, SectionAbs)
				} else if got := ".text." + s.Name(); f.Sections[s.Section].Name() != got {
					t.Fatalf("%s lies in %s", s.Name(), f.Sections[s.Section].Name())
				}
			}
			relocs := f.Relocs(n)
			want(t, "relocations", relocs.Len(), 1)
			want(t, "symbol", f.Symbols[relocs.At(0).Symbol].Name(), "f69999")
			c, err := LoadCode(f, conventions)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "functions", len(c.Funcs), n)
			want(t, "Innermost", c.Name(c.Funcs[c.Extents[c.Innermost(0xff42, 0)].Func].Primary), fmt.Sprintf("f%d", 0xff42))
		})
	}
}

func TestExtendedIndicesRefused(t *testing.T) {
	o := elfbuild.Object{
		Symbols:  []elfbuild.Symbol{{Name: "x", Section: ".text"}},
		Sections: []elfbuild.Section{elfbuild.Text(".text", elfbuild.Raw("c3"))},
	}
	data := o.Bytes()
	f := parse(t, o)
	symtab := f.Sections[2]
	want(t, "the section after .text", symtab.Type, elf.SHT_SYMTAB)
	binary.LittleEndian.PutUint16(data[symtab.Offset+24+6:], uint16(elf.SHN_XINDEX))
	if _, err := Parse(data); !errors.Is(err, ErrFormat) {
		t.Errorf("SHN_XINDEX without a table: %v", err)
	}
}

func TestRelocsAreSortedStably(t *testing.T) {
	relocs := []elfbuild.Reloc{
		elfbuild.PC32(16, "a", 1), elfbuild.PC32(8, "a", 2), elfbuild.PC32(16, "a", 3),
		elfbuild.PC32(0, "a", 4), elfbuild.PC32(8, "a", 5), elfbuild.PC32(16, "a", 6),
	}
	for _, big := range []bool{false, true} {
		f := parse(t, elfbuild.Object{Big: big, Sections: []elfbuild.Section{
			elfbuild.Text(".text", elfbuild.Raw("00000000 00000000 00000000 00000000 00000000", relocs...)),
			elfbuild.Text(".text.other", elfbuild.Raw("00000000", elfbuild.PC32(0, "a", 7))),
		}})
		addends := func(r Relocs) (list []int64) {
			for i := range r.Len() {
				list = append(list, r.At(i).Addend)
			}
			return list
		}
		all := f.Relocs(1)
		want(t, "all", addends(all), []int64{4, 2, 5, 1, 3, 6})
		want(t, "other section", addends(f.Relocs(2)), []int64{7})
		want(t, "no relocations", addends(f.Relocs(0)), nil)
		want(t, "Between 0 and 8", addends(all.Between(0, 8)), []int64{4})
		want(t, "Between 8 and 9", addends(all.Between(8, 9)), []int64{2, 5})
		want(t, "Between 1 and 17", addends(all.Between(1, 17)), []int64{2, 5, 1, 3, 6})
		want(t, "Between 17 and 20", addends(all.Between(17, 20)), nil)
		want(t, "Slice", addends(all.Slice(1, 3)), []int64{2, 5})
		want(t, "From", addends(all.From(4)), []int64{3, 6})
	}
}

// A section with so many relocations that they come in pieces, of which two that are in
// different ones are out of order.
func TestEachRelocs(t *testing.T) {
	const count = 70_000
	relocs := make([]elfbuild.Reloc, count)
	for i := range relocs {
		relocs[i] = elfbuild.Abs64(uint64(8*i), "f", int64(i))
	}
	for i := 1; i < count; i++ {
		if i%10_000 != 0 && i != 1<<15 {
			continue
		}
		o := slices.Clone(relocs)
		o[i-1], o[i] = o[i], o[i-1]
		f := parse(t, elfbuild.Object{Sections: []elfbuild.Section{
			elfbuild.Text(".text", elfbuild.Func("f", "e9 00000000", elfbuild.PC32(1, "f", -4))),
			{Name: ".data", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: make([]byte, 8*count), Relocs: o},
		}})
		for n := range count {
			if r := f.Relocs(2).At(n); r.Offset != uint64(8*n) || r.Addend != int64(n) {
				t.Fatalf("swapped at %d: record %d is %+v", i, n, r)
			}
		}
		var mutex sync.Mutex
		seen := map[uint32]map[uint64]bool{}
		err := f.EachRelocs(func(section uint32, relocs Relocs) error {
			mutex.Lock()
			defer mutex.Unlock()
			if seen[section] == nil {
				seen[section] = map[uint64]bool{}
			}
			for n := range relocs.Len() {
				seen[section][relocs.Offset(n)] = true
			}
			return nil
		})
		if err != nil || len(seen) != 2 || len(seen[1]) != 1 || len(seen[2]) != count {
			t.Errorf("swapped at %d: %d and %d places seen, error %v", i, len(seen[1]), len(seen[2]), err)
		}
	}
}

func TestRelocCount(t *testing.T) {
	two := []elfbuild.Reloc{elfbuild.PC32(0, "f", 0), elfbuild.PC32(4, "f", 0)}
	f := parse(t, elfbuild.Object{Sections: []elfbuild.Section{
		elfbuild.Text(".text", elfbuild.Func("f", "c3")),
		elfbuild.Data(".orc_unwind_ip", elfbuild.Raw("00000000 00000000", two...)),
		elfbuild.Data(".data", elfbuild.Raw("00000000 00000000", two...)),
		elfbuild.Text(".call_sites", elfbuild.Raw("00000000 00000000", two...)),
	}})
	for section, want := range [][2]int{{0, 0}, {0, 0}, {0, 2}, {2, 2}, {2, 2}} {
		if got := [2]int{f.Relocs(uint32(section)).Len(), f.RelocCount(uint32(section))}; got != want {
			t.Errorf("section %d: %d relocations to read of %d, want %d of %d", section, got[0], got[1], want[0], want[1])
		}
	}
}

func TestRefusals(t *testing.T) {
	text := elfbuild.Text(".text", elfbuild.Func("f", "c3"))
	good := elfbuild.Object{Sections: []elfbuild.Section{text}}
	typed := func(typ elf.Type) []byte {
		o := good
		o.Type = typ
		return o.Bytes()
	}
	patched := func(offset int, value byte) []byte {
		data := good.Bytes()
		data[offset] = value
		return data
	}
	withSections := func(sections ...elfbuild.Section) []byte {
		return elfbuild.Object{Sections: sections}.Bytes()
	}
	lto := elfbuild.Section{Name: ".gnu.lto_f.0.123", Data: []byte{1}}
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                         {nil, ErrFormat},
		"text":                          {[]byte("#!/bin/sh\n"), ErrFormat},
		"an executable":                 {typed(elf.ET_EXEC), ErrLinked},
		"a shared object":               {typed(elf.ET_DYN), ErrLinked},
		"a core file":                   {typed(elf.ET_CORE), ErrFormat},
		"LLVM bitcode":                  {append([]byte("BC\xc0\xde"), make([]byte, 100)...), ErrIR},
		"LLVM bitcode in its wrapper":   {append([]byte("\xde\xc0\x17\x0b"), make([]byte, 100)...), ErrIR},
		"an archive":                    {[]byte("!<arch>\nfoo.o/"), ErrArchive},
		"a thin archive":                {[]byte("!<thin>\n//"), ErrArchive},
		"slim LTO":                      {withSections(lto), ErrIR},
		"slim LTO with an empty .text":  {withSections(elfbuild.Text(".text"), lto), ErrIR},
		"fat LTO":                       {withSections(text, lto), nil},
		"embedded bitcode and no code":  {withSections(elfbuild.Section{Name: ".llvmbc", Data: []byte{1}}), ErrIR},
		"embedded bitcode and code":     {withSections(elfbuild.Section{Name: ".llvmbc", Data: []byte{1}}, text), nil},
		"no code, and no IR":            {withSections(elfbuild.Data(".data", elfbuild.Raw("00"))), nil},
		"a name of 16 MiB":              {withSections(elfbuild.Text(".text", elfbuild.Func(strings.Repeat("f", 1<<24), "c3"))), ErrFormat},
		"a name as long as may be":      {withSections(elfbuild.Text(".text", elfbuild.Func(strings.Repeat("f", maxNameLen), "c3"))), nil},
		"a name that is longer":         {withSections(elfbuild.Text(".text", elfbuild.Func(strings.Repeat("f", maxNameLen+1), "c3"))), ErrFormat},
		"a section's name of 16 MiB":    {withSections(text, elfbuild.Data(strings.Repeat("d", 1<<24))), ErrFormat},
		"ELF32":                         {patched(elf.EI_CLASS, byte(elf.ELFCLASS32)), ErrClass},
		"an unknown class":              {patched(elf.EI_CLASS, 7), ErrFormat},
		"an unknown byte order":         {patched(elf.EI_DATA, 3), ErrFormat},
		"an unknown version":            {patched(elf.EI_VERSION, 2), ErrFormat},
		"section headers of 40 bytes":   {patched(58, 40), ErrFormat},
		"a string table beyond the end": {patched(62, 99), ErrFormat},
		"a module's signature behind":   {append(good.Bytes(), "~Module signature appended~\n"...), nil},
		"big-endian":                    {elfbuild.Object{Big: true, Machine: elf.EM_S390, Sections: good.Sections}.Bytes(), nil},
		"a relocation without addend": {withSections(text, elfbuild.Section{
			Name: ".rel.text", Type: elf.SHT_REL, Entsize: 16, Info: 1, Data: make([]byte, 16),
		}), ErrFormat},
		"relocations of a section that isn't there": {withSections(text, elfbuild.Section{
			Name: ".rela.text", Type: elf.SHT_RELA, Entsize: 24, Info: 99, Data: make([]byte, 24),
		}), ErrFormat},
		"two relocation sections for one": {withSections(
			elfbuild.Text(".text", elfbuild.Func("f", "e9 00000000", elfbuild.PC32(1, "g", -4))),
			elfbuild.Section{Name: ".rela2", Type: elf.SHT_RELA, Entsize: 24, Info: 1, Data: make([]byte, 24)},
		), ErrFormat},
		"relocations for debug information are not read": {withSections(text,
			elfbuild.Section{Name: ".debug_info", Data: []byte{0}, Relocs: []elfbuild.Reloc{elfbuild.Abs64(99, "f", 0)}}), nil},
		"relocations of what objtool makes are not read": {withSections(text,
			elfbuild.Data(".orc_unwind_ip", elfbuild.Raw("00000000", elfbuild.PC32(3, "f", 0)))), nil},
		"a relocation beyond the end": {withSections(
			elfbuild.Text(".text", elfbuild.Func("f", "c3", elfbuild.PC32(1, "g", -4))),
		), ErrFormat},
		"a relocation of nothing at the end": {withSections(
			elfbuild.Text(".text", elfbuild.Func("f", "c3", elfbuild.Rel(1, elf.R_X86_64_NONE, "g", 0))),
		), nil},
		"a relocation of nothing beyond the end": {withSections(
			elfbuild.Text(".text", elfbuild.Func("f", "c3", elfbuild.Rel(2, elf.R_X86_64_NONE, "g", 0))),
		), ErrFormat},
		"two symbol tables": {withSections(text, elfbuild.Section{Name: ".symtab2", Type: elf.SHT_SYMTAB, Entsize: 24}), ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(test.data)
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.o")
	if err := os.WriteFile(path, small().Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "path", f.Path, path)
	want(t, "build id", f.BuildID(), "deadbeef")
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, empty, filepath.Join(dir, "none")} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	if _, err := Open(empty); !errors.Is(err, ErrFormat) {
		t.Errorf("an empty file: %v", err)
	}
}

// touch reads everything that a file gives out. It is what a user of the
// package does to an object that Parse and LoadCode let through.
func touch(data []byte) {
	f, err := Parse(data)
	if err != nil {
		return
	}
	sum := uint64(0)
	for i := range f.Sections {
		for _, b := range f.Data(uint32(i)) {
			sum += uint64(b)
		}
		relocs := f.Relocs(uint32(i))
		for n := range relocs.Len() {
			r := relocs.At(n)
			sum += f.Symbols[r.Symbol].Value + r.Offset
			if n > 0 && relocs.Offset(n-1) > r.Offset {
				panic("relocations out of order")
			}
		}
		if all := f.AllRelocs(uint32(i)); relocs.Len() > all.Len() || relocs.Len() > f.RelocCount(uint32(i)) {
			panic("more relocations than there are")
		}
		debug, err := f.DebugRelocs(uint32(i))
		for n := 0; err == nil && n < debug.Len(); n++ {
			r := debug.At(n)
			sum += f.Symbols[r.Symbol].Value + uint64(f.Data(uint32(i))[r.Offset])
		}
	}
	for i := range f.Symbols {
		sum += uint64(len(f.FileName(uint32(i))))
		if s := &f.Symbols[i]; s.Defined() {
			sum += f.Sections[s.Section].Size
		}
	}
	sum += uint64(len(f.BuildID()))
	c, err := LoadCode(f, conventions)
	if err != nil {
		return
	}
	check(c)
	if sum == 0 && len(data) == 0 {
		panic("an object of no bytes")
	}
}

// check panics where the functions are not what LoadCode promises.
func check(c *Code) {
	assert := func(ok bool, format string, args ...any) {
		if !ok {
			panic(fmt.Sprintf(format, args...))
		}
	}
	seen := 0
	for i := range c.Funcs {
		fn := &c.Funcs[i]
		for n, part := range fn.Parts() {
			e := &c.Extents[part]
			assert(e.Func == uint32(i) && e.Part == uint32(n), "extent %d is part %d of function %d, not %d of %d", part, e.Part, e.Func, n, i)
			seen++
		}
		assert(fn.Prefix <= c.Extents[fn.Entry].Start, "function %d: the prefix is behind the entry", i)
	}
	assert(seen == len(c.Extents), "%d of %d extents belong to a function", seen, len(c.Extents))
	for i := range c.Extents {
		e := &c.Extents[i]
		data := c.file.Data(e.Section)
		assert(c.file.Sections[e.Section].Executable(), "extent %d is not in code", i)
		assert(e.Start < e.End && e.End <= uint64(len(data)), "extent %d: %#x to %#x of %#x", i, e.Start, e.End, len(data))
		inner := c.Innermost(e.Section, e.Start)
		assert(inner >= i, "extent %d: innermost at its start is %d", i, inner)
		assert(c.Before(e.Section, e.Start) <= i, "extent %d: Before its start is %d", i, c.Before(e.Section, e.Start))
		if at := c.EndingAt(e.Section, e.End); at >= 0 {
			assert(c.Extents[at].End == e.End, "extent %d: EndingAt its end is %d", i, at)
		}
	}
}

// TestTruncated cuts a small object at every length.
func TestTruncated(t *testing.T) {
	data := small().Bytes()
	for n := range data {
		if _, err := Parse(data[:n:n]); err == nil {
			t.Errorf("%d of %d bytes were parsed", n, len(data))
		} else if !errors.Is(err, ErrFormat) {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

// TestFlipped changes every byte of a small object in several ways: none may
// bring Parse or LoadCode down.
func TestFlipped(t *testing.T) {
	for _, shape := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		big, crel := shape[0], shape[1]
		o := small()
		o.Big, o.CREL = big, crel
		good := o.Bytes()
		data := bytes.Clone(good)
		for i := range data {
			for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff, good[i] + 1, good[i] - 1, ^good[i], good[i] ^ 0x10} {
				data[i] = v
				func() {
					defer func() {
						if r := recover(); r != nil {
							t.Errorf("byte %#x (big=%v, crel=%v) changed from %#x to %#x: %v", i, big, crel, good[i], v, r)
						}
					}()
					touch(data)
				}()
			}
			data[i] = good[i]
		}
	}
}

// TestHostileSizes sets 64-bit fields of headers to values that overflow.
func TestHostileSizes(t *testing.T) {
	good := small().Bytes()
	data := bytes.Clone(good)
	for i := 0; i+8 <= len(data); i += 4 {
		for _, v := range []uint64{1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 8, 1 << 32, 1<<32 - 1, uint64(len(data))} {
			binary.LittleEndian.PutUint64(data[i:], v)
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%#x at %#x: %v", v, i, r)
					}
				}()
				touch(data)
			}()
		}
		copy(data, good)
	}
}

// Between finds the same as looking at each record, however they are spread.
func TestBetween(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		size := 1 + random.IntN(500)
		var relocs []elfbuild.Reloc
		for range random.IntN(60) {
			at := random.IntN(size)
			if random.IntN(2) == 0 {
				at = random.IntN(1 + size/20) // crowded at the start
			}
			relocs = append(relocs, elfbuild.PC32(uint64(at), "a", 0))
		}
		all := parse(t, elfbuild.Object{Sections: []elfbuild.Section{elfbuild.Text(".text", elfbuild.Raw(strings.Repeat("00", size), relocs...))}}).Relocs(1)
		for range 50 {
			start, end := uint64(random.IntN(size+2)), uint64(random.IntN(size+2))
			lo, hi := 0, 0
			for i := range all.Len() {
				if all.Offset(i) < start {
					lo++
				}
				if all.Offset(i) < end {
					hi++
				}
			}
			if got := all.Between(start, end); got.Len() != max(hi-lo, 0) || hi > lo && got.Offset(0) != all.Offset(lo) {
				t.Fatalf("%d records between %d and %d, want %d", got.Len(), start, end, max(hi-lo, 0))
			}
		}
	}
}

// PathAt is the text up to its NUL, as far as a path may be long.
func TestPathAt(t *testing.T) {
	long := strings.Repeat("a", maxPath-1)
	o := elfbuild.Object{Sections: []elfbuild.Section{elfbuild.ReadOnly(".rodata", elfbuild.Text0("fs/a.c"), elfbuild.Text0(long), elfbuild.Text0("a"+long), elfbuild.Raw("6162"))}}
	f, err := Parse(o.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	second := uint64(len("fs/a.c") + 1)
	third := second + maxPath
	for at, want := range map[uint64]string{0: "fs/a.c", 3: "a.c", 6: "", second: long, third: "", third + 1: long, third + maxPath + 1: "", 1 << 40: ""} {
		if got := string(f.PathAt(1, at)); got != want {
			t.Errorf("at %d: %d bytes, want %d", at, len(got), len(want))
		}
	}
}

// SPDX-License-Identifier: MIT

package elfbuild

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() Object {
	return Object{
		Symbols: []Symbol{
			{Name: "global_first", Bind: elf.STB_GLOBAL, Section: ".text", Value: 1},
			File("a.c"),
			{Name: "absolute", Section: Absolute, Value: 42},
			{Name: "common", Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Section: Common, Value: 8, Size: 16},
		},
		Sections: []Section{
			Text(".text",
				Func("f", "e8 00000000 c3", PLT32(1, "g", -4)),
				Func("s", "e9 00000000", PC32(1, ".rodata", 12)).Local().At(16),
			),
			ReadOnly(".rodata", Raw("01020304"), Var("x", []byte{5, 6}, Abs64(0, "f", 0)).Weak().Alias("y")),
			Zero(".bss", Space("z", 100)),
			Strings(".rodata.str1.1", 1, Text0("hello")),
			Text(".text", Func("f", "c3").Local()),
		},
	}
}

func TestDebugELFReadsIt(t *testing.T) {
	for _, big := range []bool{false, true} {
		t.Run(fmt.Sprintf("big=%v", big), func(t *testing.T) {
			o := example()
			o.Big = big
			f, err := elf.NewFile(bytes.NewReader(o.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != elf.ET_REL || f.Machine != elf.EM_X86_64 || (f.ByteOrder == binary.BigEndian) != big {
				t.Errorf("header: %+v", f.FileHeader)
			}
			var names []string
			for _, s := range f.Sections {
				names = append(names, s.Name)
			}
			if want := []string{
				"", ".text", ".rodata", ".bss", ".rodata.str1.1", ".text",
				".rela.text", ".rela.rodata", ".symtab", ".strtab", ".shstrtab",
			}; !cmp.Equal(names, want) {
				t.Errorf("sections (-want +got):\n%s", cmp.Diff(want, names))
			}
			for i, want := range [][]byte{
				1: append(Hex("e800000000c3 90909090909090909090"), Hex("e900000000")...),
				2: {1, 2, 3, 4, 5, 6}, 4: []byte("hello\x00"), 5: {0xc3},
			} {
				if want == nil {
					continue
				}
				if got, err := f.Sections[i].Data(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("section %d: % x (%v), want % x", i, got, err, want)
				}
			}
			if s := f.Sections[3]; s.Type != elf.SHT_NOBITS || s.Size != 100 {
				t.Errorf(".bss: %+v", s.SectionHeader)
			}
			if s := f.Sections[4]; s.Entsize != 1 || s.Flags != elf.SHF_ALLOC|elf.SHF_MERGE|elf.SHF_STRINGS {
				t.Errorf("strings: %+v", s.SectionHeader)
			}
			testSymbols(t, f)
			testRelocs(t, f)
		})
	}
}

func testSymbols(t *testing.T, f *elf.File) {
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range symbols {
		got = append(got, fmt.Sprintf("%s %v %v %d %d %d", s.Name, elf.ST_BIND(s.Info), elf.ST_TYPE(s.Info), s.Section, s.Value, s.Size))
	}
	want := []string{
		"a.c STB_LOCAL STT_FILE 65521 0 0",
		"absolute STB_LOCAL STT_NOTYPE 65521 42 0",
		"s STB_LOCAL STT_FUNC 1 16 5",
		"f STB_LOCAL STT_FUNC 5 0 1",
		" STB_LOCAL STT_SECTION 2 0 0",
		"global_first STB_GLOBAL STT_NOTYPE 1 1 0",
		"common STB_GLOBAL STT_OBJECT 65522 8 16",
		"f STB_GLOBAL STT_FUNC 1 0 6",
		"x STB_WEAK STT_OBJECT 2 4 2",
		"y STB_WEAK STT_OBJECT 2 4 2",
		"z STB_GLOBAL STT_OBJECT 3 0 100",
		"g STB_GLOBAL STT_NOTYPE 0 0 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("symbols (-want +got):\n%s", diff)
	}
	if info := f.SectionByType(elf.SHT_SYMTAB).Info; info != 6 {
		t.Errorf("the first global is %d, want 6", info)
	}
}

func testRelocs(t *testing.T, f *elf.File) {
	var got [][]elf.Rela64
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA {
			continue
		}
		relocs := make([]elf.Rela64, s.Size/relaSize)
		if err := binary.Read(s.Open(), f.ByteOrder, relocs); err != nil {
			t.Fatal(err)
		}
		got = append(got, relocs)
	}
	want := [][]elf.Rela64{
		{{Off: 1, Info: 12<<32 | 4, Addend: -4}, {Off: 17, Info: 5<<32 | 2, Addend: 12}},
		{{Off: 4, Info: 4<<32 | 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relocations (-want +got):\n%s", diff)
	}
}

// debug/elf reads the extended count of sections, though not the extended
// indices of symbols: those are read by hand.
func TestManySections(t *testing.T) {
	const n = 70_000
	o := Object{Sections: make([]Section, n)}
	for i := range o.Sections {
		o.Sections[i] = Text(fmt.Sprintf(".text.f%d", i+1), Func(fmt.Sprintf("f%d", i+1), "c3"))
	}
	f, err := elf.NewFile(bytes.NewReader(o.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(f.Sections), 1+n+4; got != want {
		t.Fatalf("%d sections, want %d", got, want)
	}
	for _, i := range []int{1, 0xfeff, 0xff00, 0xffff, 0x10000, n} {
		if got, want := f.Sections[i].Name, fmt.Sprintf(".text.f%d", i); got != want {
			t.Errorf("section %d is %s, want %s", i, got, want)
		}
	}
	extended := f.SectionByType(elf.SHT_SYMTAB_SHNDX)
	if extended == nil || f.Sections[extended.Link].Type != elf.SHT_SYMTAB {
		t.Fatal("there is no table of extended indices")
	}
	indices := make([]uint32, n+1)
	if err := binary.Read(extended.Open(), f.ByteOrder, indices); err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range symbols {
		section := uint32(s.Section)
		if s.Section == elf.SHN_XINDEX {
			section = indices[i+1]
		} else if indices[i+1] != 0 || s.Section >= elf.SHN_LORESERVE {
			t.Fatalf("symbol %s: index %#x, extended %#x", s.Name, s.Section, indices[i+1])
		}
		if want := fmt.Sprintf("f%d", section); s.Name != want {
			t.Fatalf("symbol %s is in section %d", s.Name, section)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, o := range map[string]Object{
		"no such section": {Symbols: []Symbol{{Name: "x", Section: ".text"}}},
		"data in NOBITS":  {Sections: []Section{{Name: ".bss", Type: elf.SHT_NOBITS, Data: []byte{1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Bytes didn't panic")
				}
			}()
			o.Bytes()
		})
	}
}

// SPDX-License-Identifier: MIT

package elfbuild

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strconv"
	"testing"
)

// What clang wrote as SHT_RELA comes out as the bytes that it wrote for the same source as
// SHT_CREL.
func TestCREL(t *testing.T) {
	for _, machine := range []string{"x86_64", "aarch64", "aarch64_be"} {
		open := func(encoding string) *elf.File {
			f, err := elf.Open("../../testdata/crel/" + machine + "-" + encoding + ".o")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}
		rela, crel := open("rela"), open("crel")
		compared := 0
		for i, s := range rela.Sections {
			if s.Type != elf.SHT_RELA {
				continue
			}
			records := make([]elf.Rela64, s.Size/relaSize)
			if err := binary.Read(s.Open(), rela.ByteOrder, records); err != nil {
				t.Fatal(err)
			}
			b := &builder{symbols: newNames()}
			var section Section
			for _, r := range records {
				symbol := elf.R_SYM64(r.Info)
				b.symbols.index[strconv.Itoa(int(symbol))] = symbol
				section.Relocs = append(section.Relocs, Reloc{r.Off, elf.R_TYPE64(r.Info), strconv.Itoa(int(symbol)), r.Addend})
			}
			want, err := crel.Sections[i].Data()
			if err != nil {
				t.Fatal(err)
			}
			if got := b.crel(&section); crel.Sections[i].Type != SectionCREL || !bytes.Equal(got, want) {
				t.Errorf("%s: %s:\n% x, want\n% x", machine, crel.Sections[i].Name, got, want)
			}
			compared++
		}
		if compared != 10 {
			t.Errorf("%s: %d sections compared", machine, compared)
		}
	}
}

// An object has its relocations in either encoding, for the same sections.
func TestCRELObject(t *testing.T) {
	o := example()
	o.CREL = true
	f, err := elf.NewFile(bytes.NewReader(o.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	symtab := f.SectionByType(elf.SHT_SYMTAB)
	for name, want := range map[string]struct {
		target uint32
		data   string
	}{
		".crel.text":   {1, "14 0f 0c 04 7c 87 01 79 7e 10"}, // 1, 12, PLT32, -4; 17, 5, PC32, 12
		".crel.rodata": {2, "0e 0b 04 01"},                   // 4, 4, 64, 0
	} {
		s := f.Section(name)
		if s == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		data, err := s.Data()
		if s.Type != SectionCREL || s.Info != want.target || f.Sections[s.Link] != symtab || err != nil || !bytes.Equal(data, Hex(want.data)) {
			t.Errorf("%s: %+v\n% x", name, s.SectionHeader, data)
		}
	}
}

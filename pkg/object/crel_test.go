// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// withCREL is an object with 64 bytes of code and compact relocations for them.
func withCREL(typ elf.SectionType, content string) elfbuild.Object {
	return elfbuild.Object{
		Symbols: []elfbuild.Symbol{function("f", global, ".text", 0, 64), {Name: "g", Bind: global}, {Name: "h", Bind: global}},
		Sections: []elfbuild.Section{
			nops(".text", 64),
			{Name: ".crel.text", Type: typ, Entsize: 1, Info: 1, Data: elfbuild.Hex(content)},
		},
	}
}

// The first is what clang 19 writes; the others are written by hand.
func TestCREL(t *testing.T) {
	const (
		pc32  = uint32(elf.R_X86_64_PC32)
		plt32 = uint32(elf.R_X86_64_PLT32)
	)
	for name, test := range map[string]struct {
		content string
		want    []Reloc
		err     string
	}{
		"one, as clang writes it":       {content: "0d 0f 03 04 7c", want: []Reloc{{2, 3, plt32, -4}}},
		"none":                          {content: "00"},
		"what stays is left out":        {content: "1c 0f 01 02 7c 28 29 01", want: []Reloc{{1, 1, pc32, -4}, {6, 1, pc32, -4}, {11, 2, pc32, -4}}},
		"symbol, type and addend less":  {content: "14 0f 03 04 08 17 7e 7e 74", want: []Reloc{{1, 3, plt32, 8}, {3, 1, pc32, -4}}},
		"an offset of several bytes":    {content: "0c 87 02 01 02 00", want: []Reloc{{32, 1, pc32, 0}}},
		"the same place twice":          {content: "14 0f 01 02 00 04 04", want: []Reloc{{1, 1, pc32, 0}, {1, 1, pc32, 4}}},
		"offsets in units of 8":         {content: "17 07 01 02 00 08", want: []Reloc{{0, 1, pc32, 0}, {8, 1, pc32, 0}}},
		"out of order, by a wrap":       {content: "14 47 01 02 00 f8 ff ff ff ff ff ff ff ff 1f", want: []Reloc{{7, 1, pc32, 0}, {8, 1, pc32, 0}}},
		"an addend of 64 bits":          {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 7f", want: []Reloc{{0, 1, pc32, -1 << 63}}},
		"no addends":                    {content: "08 03 01 02", err: "without addends"},
		"no header":                     {content: "", err: ""},
		"an endless header":             {content: "8c 80", err: "cut short"},
		"a number that is too long":     {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 80 00", err: "don't end"},
		"more records than bytes":       {content: "24 0f 01 02", err: "4 records in 3 bytes"},
		"more records than the target":  {content: "8c 04 " + strings.Repeat("00", 65), err: "65 records in 65 bytes, for 64"},
		"a record that is cut short":    {content: "14 0f 01 02 00 0f 01", err: "don't end"},
		"bytes behind the last record":  {content: "0c 0f 01 02 00 00", err: "don't end"},
		"a symbol that isn't there":     {content: "0c 0f 09 02 00", err: "symbol 9 of"},
		"a place behind the section":    {content: "0c 87 04 01 02 00", err: "beyond the end"},
		"a symbol in front of them all": {content: "0c 0f 7f 02 00", err: "symbol 4294967295"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, typ := range []elf.SectionType{sectionCREL, sectionCRELExperimental} {
				f, err := Parse(withCREL(typ, test.content).Bytes())
				if test.err != "" {
					if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.err) {
						t.Errorf("error %v, want %q", err, test.err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				var got []Reloc
				for i := range f.Relocs(1).Len() {
					got = append(got, f.Relocs(1).At(i))
				}
				slices.SortStableFunc(test.want, func(a, b Reloc) int { return int(a.Offset) - int(b.Offset) })
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Records of a byte each take 24 times their size, and no more.
func TestCRELMemory(t *testing.T) {
	const count = 1 << 16
	content := binary.AppendUvarint(nil, count*8+4)
	content = append(content, make([]byte, count)...)
	o := elfbuild.Object{Sections: []elfbuild.Section{
		{Name: ".data", Flags: elf.SHF_ALLOC, Data: make([]byte, count)},
		{Name: ".crel.data", Type: sectionCREL, Info: 1, Data: content},
	}}
	data := o.Bytes()
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := Parse(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	if most := int64(64 * len(data)); result.AllocedBytesPerOp() > most {
		t.Errorf("%d bytes of memory for an object of %d", result.AllocedBytesPerOp(), len(data))
	}
}

// Other packed relocations for what is loaded are refused: what they say would be missed.
func TestPackedRelocs(t *testing.T) {
	for _, typ := range []elf.SectionType{sectionAndroidREL, sectionAndroidRELA} {
		if _, err := Parse(withCREL(typ, "00").Bytes()); !errors.Is(err, ErrFormat) {
			t.Errorf("type %#x: %v", uint32(typ), err)
		}
	}
}

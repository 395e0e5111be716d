// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// withCREL is an object with 64 bytes of code and compact relocations for them.
func withCREL(typ elf.SectionType, content string) elfbuild.Object {
	return withRelocs(nops(".text", 64), typ, elfbuild.Hex(content))
}

// withRelocs is an object with a section and another that is said to hold relocations for it.
func withRelocs(target elfbuild.Section, typ elf.SectionType, content []byte) elfbuild.Object {
	return elfbuild.Object{
		Symbols: []elfbuild.Symbol{{Name: "f", Bind: global}, {Name: "g", Bind: global}, {Name: "h", Bind: global}},
		Sections: []elfbuild.Section{
			target,
			{Name: ".crel" + target.Name, Type: typ, Entsize: 1, Info: 1, Flags: elf.SHF_INFO_LINK, Data: content},
		},
	}
}

func all(relocs Relocs) (list []Reloc) {
	for i := range relocs.Len() {
		list = append(list, relocs.At(i))
	}
	return list
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
		"none, with addends":            {content: "07"},
		"what stays is left out":        {content: "1c 0f 01 02 7c 28 29 01", want: []Reloc{{1, 1, pc32, -4}, {6, 1, pc32, -4}, {11, 2, pc32, -4}}},
		"symbol, type and addend less":  {content: "14 0f 03 04 08 17 7e 7e 74", want: []Reloc{{1, 3, plt32, 8}, {3, 1, pc32, -4}}},
		"an offset of several bytes":    {content: "0c 87 02 01 02 00", want: []Reloc{{32, 1, pc32, 0}}},
		"the largest of one byte":       {content: "14 7f 01 02 00 f8 00", want: []Reloc{{15, 1, pc32, 0}, {30, 1, pc32, 0}}},
		"the same place twice":          {content: "14 0f 01 02 00 04 04", want: []Reloc{{1, 1, pc32, 0}, {1, 1, pc32, 4}}},
		"offsets in units of 2":         {content: "15 0f 01 02 00 08", want: []Reloc{{2, 1, pc32, 0}, {4, 1, pc32, 0}}},
		"offsets in units of 4":         {content: "16 0f 01 02 00 08", want: []Reloc{{4, 1, pc32, 0}, {8, 1, pc32, 0}}},
		"offsets in units of 8":         {content: "17 07 01 02 00 08", want: []Reloc{{0, 1, pc32, 0}, {8, 1, pc32, 0}}},
		"out of order, by a wrap":       {content: "14 47 01 02 00 f8 ff ff ff ff ff ff ff ff 0f", want: []Reloc{{7, 1, pc32, 0}, {8, 1, pc32, 0}}},
		"the same in units of 8":        {content: "17 3b 01 01 d1 ff ff ff ff ff ff ff ff 01 01", want: []Reloc{{8, 2, 1, 0}, {56, 1, 1, 0}}},
		"the lowest addend":             {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 7f", want: []Reloc{{0, 1, pc32, -1 << 63}}},
		"the highest addend":            {content: "0c 07 01 02 ff ff ff ff ff ff ff ff ff 00", want: []Reloc{{0, 1, pc32, 1<<63 - 1}}},
		"an addend over the end":        {content: "14 0f 01 02 ff ff ff ff ff ff ff ff ff 00 0c 01", want: []Reloc{{1, 1, pc32, 1<<63 - 1}, {2, 1, pc32, -1 << 63}}},
		"a symbol less by a wrap":       {content: "14 0f 02 02 00 09 ff ff ff ff 0f", want: []Reloc{{1, 2, pc32, 0}, {2, 1, pc32, 0}}},
		"a type of 32 bits":             {content: "0c 0f 01 7e 00", want: []Reloc{{1, 1, 1<<32 - 2, 0}}},
		"a number longer than need be":  {content: "8c 00 0f 81 00 82 80 00 80 80 00", want: []Reloc{{1, 1, pc32, 0}}},
		"no addends":                    {content: "08 03 01 02", err: ".crel.text: relocations without addends"},
		"an endless header":             {content: "8c 80", err: "+0x2: compact relocations: the header is cut short"},
		"a header of more than 64 bits": {content: "ff ff ff ff ff ff ff ff ff 02", err: "the header has a number of more than 64 bits"},
		"a header of 11 bytes":          {content: "8c 80 80 80 80 80 80 80 80 80 00 0f 01 02 00", err: "the header has a number of more than 64 bits"},
		"the highest header":            {content: "ff ff ff ff ff ff ff ff ff 01", err: "2305843009213693951 records in 0 bytes"},
		"an offset of more than 64":     {content: "0c 87 80 80 80 80 80 80 80 80 10 01 02 00", err: "record 0 of 1 has a number of more than 64 bits"},
		"an addend that is too high":    {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 01", err: "record 0 of 1 has a number of more than 64 bits"},
		"an addend that is too low":     {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 7e", err: "record 0 of 1 has a number of more than 64 bits"},
		"a number of 11 bytes":          {content: "0c 07 01 02 80 80 80 80 80 80 80 80 80 80 00", err: "+0xe: compact relocations: record 0 of 1 has a number of more"},
		"more records than bytes":       {content: "24 0f 01 02", err: "4 records in 3 bytes"},
		"more records than the target":  {content: "8c 04 " + strings.Repeat("00", 65), err: "65 records in 65 bytes, for 64"},
		"a record that isn't there":     {content: "1c 0f 01 02 00 08", err: "+0x6: compact relocations: record 2 of 3 is cut short"},
		"an offset that is cut short":   {content: "0c 87 80", err: "record 0 of 1 is cut short"},
		"a record that is cut short":    {content: "14 0f 01 02 00 0f 01", err: "record 1 of 2 is cut short"},
		"bytes behind the last record":  {content: "0c 0f 01 02 00 00", err: "+0x5: compact relocations: 1 bytes behind the last of 1 records"},
		"bytes behind no record":        {content: "04 00", err: "1 bytes behind the last of 0 records"},
		"a symbol that isn't there":     {content: "0c 0f 09 02 00", err: "symbol 9 of"},
		"a place behind the section":    {content: "0c 87 04 01 02 00", err: "beyond the end"},
		"a symbol in front of them all": {content: "0c 0f 7f 02 00", err: "symbol 4294967295"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, typ := range []elf.SectionType{sectionCREL, sectionCRELExperimental} {
				for _, big := range []bool{false, true} {
					o := withCREL(typ, test.content)
					o.Big = big
					f, err := Parse(o.Bytes())
					if test.err != "" {
						if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.err) {
							t.Errorf("error %v, want %q", err, test.err)
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(test.want, all(f.Relocs(1))); diff != "" {
						t.Errorf("records, big=%v (-want +got):\n%s", big, diff)
					}
				}
			}
		})
	}
}

// clang's objects of one source with either encoding: debug/elf reads the records of the
// one (testdata/src/crel.S).
func TestCRELAsRELA(t *testing.T) {
	for _, machine := range []string{"x86_64", "aarch64", "aarch64_be"} {
		reference, err := elf.Open("../../testdata/crel/" + machine + "-rela.o")
		if err != nil {
			t.Fatal(err)
		}
		defer reference.Close()
		f, err := Open("../../testdata/crel/" + machine + "-crel.o")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		read := map[string]int{}
		for i, s := range reference.Sections {
			if s.Type != elf.SHT_RELA {
				continue
			}
			want(t, "type of "+f.Sections[i].Name(), f.Sections[i].Type, sectionCRELExperimental)
			records := make([]elf.Rela64, s.Size/relocSize)
			if err := binary.Read(s.Open(), reference.ByteOrder, records); err != nil {
				t.Fatal(err)
			}
			var inOrder []Reloc
			for _, r := range records {
				inOrder = append(inOrder, Reloc{r.Off, elf.R_SYM64(r.Info), elf.R_TYPE64(r.Info), r.Addend})
			}
			target := &f.Sections[s.Info]
			name := target.Name()
			read[name] = len(inOrder)
			debug, err := f.DebugRelocs(s.Info)
			if err != nil {
				t.Errorf("%s: %s: %v", machine, name, err)
			}
			sorted, effective := []Reloc(nil), []Reloc(nil)
			if (target.Allocated() || name == Annotations) && !unread(target) {
				sorted = slices.Clone(inOrder)
				slices.SortStableFunc(sorted, func(a, b Reloc) int { return int(a.Offset) - int(b.Offset) })
				effective = slices.DeleteFunc(slices.Clone(sorted), func(r Reloc) bool { return f.IsNone(r.Type) && !target.Executable() })
			}
			for what, x := range map[string]struct{ want, got []Reloc }{
				"DebugRelocs": {inOrder, all(debug)}, "AllRelocs": {sorted, all(f.AllRelocs(s.Info))}, "Relocs": {effective, all(f.Relocs(s.Info))},
			} {
				if diff := cmp.Diff(x.want, x.got); diff != "" {
					t.Errorf("%s: %s of %s (-want +got):\n%s", machine, what, name, diff)
				}
			}
			if unread(target) {
				want(t, "RelocCount of "+name, f.RelocCount(s.Info), len(inOrder))
			}
		}
		want(t, machine, read, map[string]int{
			".text": 5, ".data.mixed": 13, ".data.backwards": 4, ".data.one": 1, ".rodata.units2": 3, ".rodata.units4": 3,
			".rodata.many": 103, ".orc_unwind_ip": 3, Annotations: 2, ".debug_crel": 4,
		})
	}
}

// What clang wrote is refused if it is cut anywhere, or goes on.
func TestCRELCut(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/crel/*-crel.o")
	if err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := range f.Sections {
			s := &f.Sections[i]
			if !isCREL(s.Type) {
				continue
			}
			whole := *s
			for s.Size = 0; s.Size <= whole.Size+1; s.Size++ {
				_, err := f.decodeCREL(uint32(i), f.Sections[s.Info].Size)
				if errors.Is(err, ErrFormat) == (s.Size == whole.Size) {
					t.Errorf("%s: %d of %d bytes: %v", s.Name(), s.Size, whole.Size, err)
				}
			}
			*s = whole
		}
	}
}

// Relocations that nobody reads are counted, and those of debug information left alone:
// neither is decoded, and what they hold may be anything.
func TestCRELLazily(t *testing.T) {
	records := elfbuild.Hex("1c ffff ffff") // three, of which the first is cut short
	orc := elfbuild.Data(".orc_unwind_ip", elfbuild.Raw("00000000 00000000 00000000"))
	f := parse(t, withRelocs(orc, sectionCREL, records))
	want(t, "records that are read", f.Relocs(1).Len(), 0)
	want(t, "RelocCount", f.RelocCount(1), 3)
	for _, header := range []string{"ff", "2c ffff ffff", "6c 00000000 00000000 00000000 00", "08 ff"} {
		if _, err := Parse(withRelocs(orc, sectionCREL, elfbuild.Hex(header)).Bytes()); !errors.Is(err, ErrFormat) {
			t.Errorf("% s: %v", header, err)
		}
	}
	f = parse(t, withRelocs(elfbuild.Section{Name: ".debug_info", Data: make([]byte, 12)}, sectionCREL, records))
	if _, err := f.DebugRelocs(1); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "record 0 of 3") {
		t.Errorf("debug information: %v", err)
	}
	for _, content := range []string{"0c 0f 09 02 00", "0c 67 01 02 00"} { // a symbol, a place
		f = parse(t, withRelocs(elfbuild.Section{Name: ".debug_info", Data: make([]byte, 12)}, sectionCREL, elfbuild.Hex(content)))
		if _, err := f.DebugRelocs(1); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

// A section has one relocation section, of whatever encoding.
func TestSecondCREL(t *testing.T) {
	for _, target := range []string{".data", ".orc_unwind_ip"} {
		for _, crel := range []bool{false, true} {
			o := withRelocs(elfbuild.Data(target, elfbuild.Raw("00000000", elfbuild.PC32(0, "f", 0))), sectionCREL, elfbuild.Hex("0c 07 01 02 00"))
			o.CREL = crel
			if _, err := Parse(o.Bytes()); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "a second relocation section") {
				t.Errorf("%s, crel=%v: %v", target, crel, err)
			}
		}
	}
}

// allocated is how many bytes of memory something allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// manyRecords is some records in so many bytes, and behind them so many that are as the last.
func manyRecords(count int, first string, more int) []byte {
	content := binary.AppendUvarint(nil, uint64(count+more)<<3|crelAddend)
	return append(append(content, elfbuild.Hex(first)...), make([]byte, more)...)
}

// Records of a byte each take 24 times their size, and a few times that where they are to
// be sorted, and some left out.
func TestCRELMemory(t *testing.T) {
	const count = 1 << 18
	data := elfbuild.Section{Name: ".data", Flags: elf.SHF_ALLOC, Type: elf.SHT_NOBITS, Size: 2 * count}
	for name, test := range map[string]struct {
		target  elfbuild.Section
		content []byte
		most    int // bytes for each
		refused bool
	}{
		"in code":                 {nops(".text", count), manyRecords(0, "", count), 25, false},
		"NONE in data":            {data, manyRecords(0, "", count), 25, false},
		"some NONE, and no order": {data, manyRecords(2, "08 fa ffffffff ffffffff 0f 01", count), 100, false}, // NONE at 1, type 1 at 0
		"nobody reads them":       {elfbuild.Data(".orc_unwind_ip", elfbuild.Piece{Data: make([]byte, count)}), manyRecords(0, "", count), 1, false},
		"more than are there":     {data, manyRecords(0, "", 2*count)[:count], 1, true},
		"as many as a number has": {data, append(elfbuild.Hex("fc ffffffff ffffffff 01"), make([]byte, count)...), 1, true},
	} {
		object := withRelocs(test.target, sectionCREL, test.content).Bytes()
		var err error
		got := allocated(func() { _, err = Parse(object) })
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
		}
		if got > uint64(1<<16+test.most*len(test.content)) {
			t.Errorf("%s: %d bytes of memory for %d of relocations", name, got, len(test.content))
		}
		t.Logf("%s: %d bytes of memory for %d of relocations", name, got, len(test.content))
	}
}

// Many headers of relocation sections, each about a section of its own, that all lie in the
// same bytes: what is decoded, or sorted, would be many times the file.
func TestRelocsOverlap(t *testing.T) {
	const sections = 300
	unsorted := make([]byte, 4096*relocSize)
	unsorted[0] = 1
	for name, test := range map[string]struct {
		typ     elf.SectionType
		content []byte
		flags   elf.SectionFlag
	}{
		"CREL":  {sectionCREL, manyRecords(0, "", 1<<16), elf.SHF_ALLOC},
		"RELA":  {elf.SHT_RELA, unsorted, elf.SHF_ALLOC},
		"debug": {sectionCREL, manyRecords(0, "", 1<<16), 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := elfbuild.Object{Sections: []elfbuild.Section{{Name: ".relocs", Type: test.typ, Entsize: relocSize, Info: 2, Data: test.content}}}
			for i := range sections {
				o.Sections = append(o.Sections, elfbuild.Section{Name: fmt.Sprint(".data", i), Flags: test.flags, Type: elf.SHT_NOBITS, Size: 1 << 16})
			}
			for i := range sections - 1 {
				o.Sections = append(o.Sections, elfbuild.Section{Name: ".relocs", Type: test.typ, Entsize: relocSize, Info: uint32(3 + i), Data: []byte{0}})
			}
			data := o.Bytes()
			headers := data[binary.LittleEndian.Uint64(data[40:]):]
			for i := 2 + sections; i <= 2*sections; i++ {
				copy(headers[i*sectionHeaderSize+24:][:16], headers[sectionHeaderSize+24:]) // sh_offset, sh_size
			}
			var err error
			got := allocated(func() { _, err = Parse(data) })
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "overlap") {
				t.Errorf("error %v", err)
			}
			if most := 1<<20 + 1024*len(data); got > uint64(most) {
				t.Errorf("%d bytes of memory for an object of %d", got, len(data))
			}
		})
	}
}

// What else may be relocations is refused, where it says something of what is loaded: that
// would be missed.
func TestOtherRelocs(t *testing.T) {
	const unknown = elf.SectionType(0x4000_0015)
	debug := elfbuild.Section{Name: ".debug_info", Data: make([]byte, 64)}
	for typ, ofAddresses := range map[elf.SectionType]bool{
		elf.SHT_REL: false, sectionRELR: true, sectionAndroidREL: true, sectionAndroidRELA: true, sectionAndroidRELR: true, unknown: false,
	} {
		o := withCREL(typ, "00")
		if _, err := Parse(o.Bytes()); !errors.Is(err, ErrFormat) {
			t.Errorf("type %#x: %v", uint32(typ), err)
		}
		o.Sections[1].Data = nil
		parse(t, o)
		f := parse(t, withRelocs(debug, typ, []byte{0}))
		if _, err := f.DebugRelocs(1); !errors.Is(err, ErrFormat) {
			t.Errorf("type %#x, of debug information: %v", uint32(typ), err)
		}
		o = withCREL(typ, "00") // which applies to addresses
		o.Sections[1].Info = 0
		if _, err := Parse(o.Bytes()); errors.Is(err, ErrFormat) != ofAddresses {
			t.Errorf("type %#x, of no section: %v", uint32(typ), err)
		}
	}
	for _, typ := range []elf.SectionType{elf.SHT_REL, sectionRELR, sectionAndroidREL, sectionAndroidRELA, sectionAndroidRELR} {
		o := withCREL(typ, "00") // these need no flag
		o.Sections[1].Flags = 0
		if _, err := Parse(o.Bytes()); !errors.Is(err, ErrFormat) {
			t.Errorf("type %#x without SHF_INFO_LINK: %v", uint32(typ), err)
		}
	}
	o := withCREL(unknown, "00")
	o.Sections[1].Flags = 0 // sh_info is no section's index
	parse(t, o)
}

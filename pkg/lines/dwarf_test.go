// SPDX-License-Identifier: MIT

package lines

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
)

// What debug information says of a fixture, held against its source: the
// third function from the top calls on lines that are known.
func TestReadDebug(t *testing.T) {
	for _, compiler := range []string{"gcc", "clang"} {
		f, err := object.Open("../../testdata/lines/" + compiler + "-dwarf/new.o")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		d, err := ReadDebug(f)
		if err != nil || d == nil {
			t.Fatalf("%s: %v", compiler, err)
		}
		// dwarf_inlined passes its line on; the callee's body is inlined.
		for i := range f.Symbols {
			s := &f.Symbols[i]
			if s.Name() != "dwarf_inlined" {
				continue
			}
			found := false
			code := f.Data(s.Section)[s.Value : s.Value+s.Size]
			for at := range code {
				if at+4 <= len(code) {
					line := uint32(code[at]) | uint32(code[at+1])<<8 | uint32(code[at+2])<<16 | uint32(code[at+3])<<24
					found = found || line > 1000 && line < 2000 && d.Has(s.Section, s.Value+uint64(at)-1, line)
				}
			}
			if !found {
				t.Errorf("%s: the line of the inlined call isn't found", compiler)
			}
			if d.Has(s.Section, s.Value, 1) || d.Has(s.Section, s.Value+s.Size+1000, 1001) {
				t.Errorf("%s: a line that isn't there", compiler)
			}
		}
	}
}

// An object without debug information has no evidence, and none is asked for.
func TestNoDebug(t *testing.T) {
	f, err := object.Open("../../testdata/lines/gcc-O2/new.o")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadDebug(f)
	if err != nil || d != nil {
		t.Errorf("%v, %v", d, err)
	}
	if d.Has(1, 0, 1) {
		t.Error("evidence from nothing")
	}
}

func FuzzReadDebug(f *testing.F) {
	for _, compiler := range []string{"gcc", "clang"} {
		data, err := os.ReadFile("../../testdata/lines/" + compiler + "-dwarf/new.o")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := object.Parse(data)
		if err != nil {
			return
		}
		if d, err := ReadDebug(o); err == nil {
			for i := range o.Sections {
				d.Has(uint32(i), 0, 1)
			}
		}
	})
}

// A section of debug information that the file holds nothing of has no place to relocate.
func TestDebugWithoutBytes(t *testing.T) {
	f, err := object.Parse(elfbuild.Object{Sections: []elfbuild.Section{
		elfbuild.Text(".text", elfbuild.Func("f", "c3")),
		{Name: ".debug_info", Type: elf.SHT_NOBITS, Size: 64, Relocs: []elfbuild.Reloc{elfbuild.Abs64(8, "f", 0)}},
	}}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDebug(f); !errors.Is(err, object.ErrFormat) {
		t.Errorf("error %v, want %v", err, object.ErrFormat)
	}
}

// u16 and u32 are numbers in little-endian order.
func u16(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// dwarfUnit is a unit of DWARF 4 with entries by a table of abbreviations.
func dwarfUnit(table int, entries []byte) []byte {
	unit := slices.Concat(u16(4), u32(table), []byte{8}, entries)
	return slices.Concat(u32(len(unit)), unit)
}

// abbreviation is one of the number and tag, with attributes and their forms.
func abbreviation(number, tag, children byte, attributes ...byte) []byte {
	return slices.Concat([]byte{number, tag, children}, attributes, []byte{0, 0})
}

// programOf is a line table of DWARF 4 whose program is so many bytes long.
func programOf(size int) []byte {
	header := slices.Concat([]byte{1, 1, 1, 0xff, 1, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}, []byte{0}, []byte("f.c\x00\x00\x00\x00"), []byte{0})
	program := slices.Concat(u16(4), u32(len(header)), header)
	return slices.Concat(u32(len(program)+size), program)
}

const (
	compileUnit = 0x11               // DW_TAG_compile_unit
	inlined     = 0x1d               // DW_TAG_inlined_subroutine
	withLines   = "\x10\x17"         // DW_AT_stmt_list, DW_FORM_sec_offset
	ofCall      = "\x59\x0b\x55\x17" // DW_AT_call_line, DW_FORM_data1; DW_AT_ranges, DW_FORM_sec_offset
	present     = "\x3f\x19"         // DW_AT_external, DW_FORM_flag_present
	named       = "\x03\x0e"         // DW_AT_name, DW_FORM_strp
)

// TestOverlap is debug information that is small, and much if it is read as often as it
// says.
func TestOverlap(t *testing.T) {
	unitTable := slices.Concat(abbreviation(1, compileUnit, 0, []byte(withLines)...), []byte{0})
	units := func(n, step int) (all []byte) {
		for i := range n {
			all = append(all, dwarfUnit(0, append([]byte{1}, u32(i*step)...))...)
		}
		return all
	}
	row := []byte{0x20}   // a special opcode
	hidden := []byte(nil) // line tables, each in an operand of the one in front
	const n, rows = 200, 8000
	var at []int
	for i := range n {
		program := programOf(0)
		if i > 0 {
			hidden = append(hidden, 0, byte(len(program)+1), 0x80) // an unknown extended opcode
		}
		at = append(at, len(hidden))
		hidden = append(hidden, program...)
	}
	for _, start := range at {
		binary.LittleEndian.PutUint32(hidden[start:], uint32(len(hidden)+rows-start-4))
	}
	step := at[1] - at[0]
	ranges := slices.Concat(bytes.Repeat(slices.Concat(u32(1), u32(0), u32(2), u32(0)), 1000), make([]byte, 16))
	withCalls := slices.Concat(abbreviation(1, compileUnit, 1, []byte(withLines)...), abbreviation(2, inlined, 0, []byte(ofCall)...), []byte{0})
	withFlags := slices.Concat(abbreviation(1, compileUnit, 1, []byte(withLines)...), abbreviation(2, inlined, 0, []byte(strings.Repeat(present, 1000))...), []byte{0})
	withNames := slices.Concat(abbreviation(1, compileUnit, 1, []byte(withLines)...), abbreviation(2, inlined, 0, []byte(named)...), []byte{0})
	bases := slices.Concat(bytes.Repeat(slices.Concat(u32(-1), u32(-1), u32(2), u32(0)), 1000), make([]byte, 16))
	for _, test := range []struct {
		name                       string
		info, abbrev, line, ranges []byte
		want                       error
	}{
		{"a line table of many units", units(2000, 0), unitTable, slices.Concat(programOf(rows), bytes.Repeat(row, rows)), nil, nil},
		{"line tables in line tables", units(n, step), unitTable, slices.Concat(hidden, bytes.Repeat(row, rows)), nil, errOverlap},
		{"line tables without rows in line tables", units(n, step), unitTable, slices.Concat(hidden, bytes.Repeat([]byte{lnsConstAddPC}, rows)), nil, errOverlap},
		{
			"a base address of many calls", dwarfUnit(0, slices.Concat([]byte{1}, u32(0), bytes.Repeat(slices.Concat([]byte{2, 7}, u32(0)), 2000), []byte{0})),
			withCalls, programOf(0), bases, errOverlap,
		},
		{
			"a name of many entries", dwarfUnit(0, slices.Concat([]byte{1}, u32(0), bytes.Repeat(slices.Concat([]byte{2}, u32(0)), 2000), []byte{0})),
			withNames, programOf(0), nil, nil,
		},
		{
			"ranges of many calls", dwarfUnit(0, slices.Concat([]byte{1}, u32(0), bytes.Repeat(slices.Concat([]byte{2, 7}, u32(0)), 2000), []byte{0})),
			withCalls, programOf(0), ranges, errOverlap,
		},
		{
			"attributes that take nothing", dwarfUnit(0, slices.Concat([]byte{1}, u32(0), bytes.Repeat([]byte{2}, 2000), []byte{0})),
			withFlags, programOf(0), nil, errOverlap,
		},
		{"a unit of no length", slices.Concat(u32(0), units(1, 0)), unitTable, programOf(0), nil, nil},
		{
			"a number without end", dwarfUnit(0, slices.Concat([]byte{1}, u32(0), bytes.Repeat([]byte{0x80}, 1<<18))), // a square would take minutes
			withFlags, programOf(0), nil, errOverlap,
		},
		{"abbreviations", slices.Concat(dwarfUnit(0, append([]byte{1}, u32(0)...)), dwarfUnit(len(unitTable), append([]byte{1}, u32(0)...))), slices.Concat(unitTable, unitTable), programOf(0), nil, nil},
		{"abbreviations in others", slices.Concat(dwarfUnit(0, append([]byte{1}, u32(0)...)), dwarfUnit(len(withCalls)-12, []byte{0})), withCalls, programOf(0), nil, errOverlap},
	} {
		sections := []elfbuild.Section{elfbuild.Text(".text", elfbuild.Func("f", "c3"))}
		for name, data := range map[string][]byte{
			".debug_info": test.info, ".debug_abbrev": test.abbrev, ".debug_line": test.line, ".debug_ranges": test.ranges,
			".debug_str": append(bytes.Repeat([]byte{'x'}, 64<<10), 0),
		} {
			sections = append(sections, elfbuild.Section{Name: name, Data: data})
		}
		f, err := object.Parse(elfbuild.Object{Sections: sections}.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := ReadDebug(f); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
			t.Errorf("%s: %d bytes of memory were allocated", test.name, allocated)
		}
	}
}

// TestHas is what is inlined in what is inlined, on lines that have several calls.
func TestHas(t *testing.T) {
	d := &Debug{
		rows: map[uint32][]row{1: {{0, 5}, {10, 6}, {20, 0}}},
		calls: map[uint32][]call{1: {
			{0, 100, 7}, {10, 20, 7}, {30, 40, 8}, {35, 50, 8}, {50, 60, 8}, {70, 80, 8}, {12, 14, 9},
		}},
	}
	d.sort()
	for _, test := range []struct {
		offset uint64
		line   uint32
		want   bool
	}{
		{0, 5, true},
		{9, 5, true},
		{10, 5, false},
		{19, 6, true},
		{20, 6, false},
		{25, 0, false},
		{0, 7, true},
		{50, 7, true},
		{99, 7, true},
		{100, 7, false},
		{29, 8, false},
		{30, 8, true},
		{45, 8, true},
		{59, 8, true},
		{60, 8, false},
		{70, 8, true},
		{80, 8, false},
		{13, 9, true},
		{14, 9, false},
		{13, 10, false},
	} {
		if got := d.Has(1, test.offset, test.line); got != test.want {
			t.Errorf("line %d at %d: %v", test.line, test.offset, got)
		}
	}
}

// TestGuarded is a panic of the library, which is an error.
func TestGuarded(t *testing.T) {
	if err := guarded(func() error { panic("makeslice") }); err == nil || !strings.Contains(err.Error(), "makeslice") {
		t.Errorf("error %v", err)
	}
	if err := guarded(func() error { return errUnits }); !errors.Is(err, errUnits) {
		t.Errorf("error %v, want %v", err, errUnits)
	}
}

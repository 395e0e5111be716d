// SPDX-License-Identifier: MIT

package lines

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/pkg/object"
)

// library reads the debug information of a fixture with debug/dwarf alone, in the order
// that ReadDebug reads it in.
func library(t *testing.T, f *object.File) *Debug {
	t.Helper()
	r := newDebugReader(f)
	data := map[string][]byte{}
	for i := range f.Sections {
		if f.Sections[i].Size > 0 {
			relocated, err := r.relocate(uint32(i))
			if err != nil {
				continue // it is not of debug information
			}
			data[f.Sections[i].Name()] = relocated
		}
	}
	d, err := dwarf.New(data[".debug_abbrev"], nil, nil, data[".debug_info"], data[".debug_line"], nil, data[".debug_ranges"], data[".debug_str"])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".debug_addr", ".debug_line_str", ".debug_rnglists", ".debug_str_offsets"} {
		if err := d.AddSection(name, data[name]); err != nil {
			t.Fatal(err)
		}
	}
	entries := d.Reader()
	for {
		entry, err := entries.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case entry == nil:
			r.debug.sort()
			return r.debug
		case entry.Tag == dwarf.TagCompileUnit:
			libraryRows(t, r, d, entry)
		case entry.Tag == dwarf.TagInlinedSubroutine:
			line, _ := entry.Val(dwarf.AttrCallLine).(int64)
			ranges, err := d.Ranges(entry)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range ranges {
				if section, start, ok := r.place(x[0]); ok && x[1] > x[0] {
					r.debug.calls[section] = append(r.debug.calls[section], call{start, start + x[1] - x[0], uint32(line)})
				}
			}
		}
	}
}

func libraryRows(t *testing.T, r *debugReader, d *dwarf.Data, unit *dwarf.Entry) {
	t.Helper()
	table, err := d.LineReader(unit)
	if err != nil || table == nil {
		t.Fatal(table, err)
	}
	var e dwarf.LineEntry
	for {
		if err := table.Next(&e); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if section, offset, ok := r.place(e.Address); ok {
			line := uint32(e.Line)
			if e.EndSequence {
				line = 0
			}
			r.debug.rows[section] = append(r.debug.rows[section], row{offset, line})
		}
	}
}

// TestAgainstLibrary is that ReadDebug reads what debug/dwarf reads.
func TestAgainstLibrary(t *testing.T) {
	for _, fixture := range []string{"gcc", "clang", "gcc-arm64", "clang-arm64"} {
		f, err := object.Open("../../testdata/lines/" + fixture + "-dwarf/new.o")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := ReadDebug(f)
		if err != nil {
			t.Fatal(err)
		}
		want := library(t, f)
		if len(want.rows) == 0 || len(want.calls) == 0 {
			t.Errorf("%s: nothing to compare", fixture)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: what is read differs from the library's", fixture)
		}
	}
}

// TestLineProgram is programs by hand, of all versions and opcodes.
func TestLineProgram(t *testing.T) {
	operands := []byte{0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}
	header := func(version int, order binary.AppendByteOrder, wide bool, fields []byte, program ...byte) []byte {
		size := func(b []byte, n int) []byte {
			if wide {
				return order.AppendUint64(b, uint64(n))
			}
			return order.AppendUint32(b, uint32(n))
		}
		fields = append(fields, byte(len(operands)+1))
		fields = slices.Concat(fields, operands, []byte("tables that aren't read"))
		body := order.AppendUint16(nil, uint16(version))
		if version == 5 {
			body = append(body, 8, 0)
		}
		body = slices.Concat(size(body, len(fields)), fields, program)
		if wide {
			return slices.Concat([]byte{0xff, 0xff, 0xff, 0xff}, size(nil, len(body)), body)
		}
		return append(size(nil, len(body)), body...)
	}
	const special = 13 // the first special opcode
	little, big := binary.LittleEndian, binary.BigEndian
	short, long := []byte{1, 1, 0xfd, 10}, []byte{1, 1, 1, 0xfd, 10} // steps of 1, lines from -3 to 6
	end := []byte{0, 1, lneEndSequence}
	for _, test := range []struct {
		name    string
		program []byte
		order   binary.ByteOrder
		rows    []row
		err     error
	}{
		{"a special opcode, version 2", header(2, little, false, short, special+2*10+5), little, []row{{2, 3}}, nil},
		{"version 3", header(3, little, false, short, special), little, []row{{0, ^uint32(1)}}, nil},
		{"version 4", header(4, little, false, long, special+4), little, []row{{0, 2}}, nil},
		{"version 5", header(5, little, false, long, special+4), little, []row{{0, 2}}, nil},
		{"64 bits", header(5, little, true, long, special+4), little, []row{{0, 2}}, nil},
		{"big-endian", header(5, big, false, long, 0, 9, lneSetAddress, 0, 0, 0, 0, 0, 0, 0x12, 0x34, lnsFixedAdvancePC, 1, 0, lnsCopy), big, []row{{0x1334, 1}}, nil},
		{
			"advances", header(4, little, false, []byte{4, 1, 1, 0xfd, 10}, lnsAdvancePC, 0x81, 0x01, lnsAdvanceLine, 0xff, 0x00, lnsCopy, lnsAdvanceLine, 0x7f, lnsConstAddPC, lnsCopy), little,
			[]row{{4 * 129, 128}, {4*129 + 4*24, 127}},
			nil,
		},
		{"two operations an instruction", header(4, little, false, []byte{16, 2, 1, 0xfd, 10}, special+3+10, special+3+10, special+3+30), little, []row{{0, 1}, {16, 1}, {32, 1}}, nil},
		{
			"sequences", header(4, little, false, long, slices.Concat([]byte{0, 5, lneSetAddress, 1, 2, 0, 0, lnsAdvanceLine, 5, lnsCopy}, end, []byte{lnsCopy})...), little,
			[]row{{0x201, 6}, {0x201, 0}, {0, 1}},
			nil,
		},
		{"opcodes that move nothing", header(4, little, false, long, 4, 0x80, 0x01, 5, 7, 6, 7, 10, 11, 12, 3, 0, 2, 0x80, 7, lnsCopy), little, []row{{0, 1}}, nil},
		{"nothing", header(4, little, false, long), little, nil, nil},

		{"version 6", header(6, little, false, long), little, nil, errProgram},
		{"no operations", header(4, little, false, []byte{1, 0, 1, 1, 1}), little, nil, errProgram},
		{"no lines", header(4, little, false, []byte{1, 1, 1, 1, 0}), little, nil, errProgram},
		{"an address of three bytes", header(4, little, false, long, 0, 4, lneSetAddress, 1, 2, 3), little, nil, errProgram},
		{"an operand that ends early", header(4, little, false, long, lnsAdvancePC, 0x80), little, nil, errEnd},
		{"a line that ends early", header(4, little, false, long, lnsAdvanceLine, 0x80), little, nil, errEnd},
		{"an unknown one that ends early", header(4, little, false, long, 4), little, nil, errEnd},
		{"an advance that ends early", header(4, little, false, long, lnsFixedAdvancePC, 1), little, nil, errEnd},
		{"an extended opcode without end", header(4, little, false, long, 0, 0x80), little, nil, errEnd},
		{"an extended opcode of no bytes", header(4, little, false, long, 0, 0), little, nil, errEnd},
		{"an extended opcode that ends early", header(4, little, false, long, 0, 3, 0x80, 1), little, nil, errEnd},
		{"a header that ends early", header(4, little, false, long)[:30], little, nil, errEnd},
		{"no header", []byte{2, 0, 0, 0, 4, 0}, little, nil, errEnd},
		{"no bytes", nil, little, nil, errEnd},
	} {
		rows, err := runLines(test.program, test.order)
		if !slices.Equal(rows, test.rows) || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: %v, %v, want %v, %v", test.name, rows, err, test.rows, test.err)
		}
	}
	operands[lnsCopy-1] = 1
	if _, err := newLineProgram(header(4, little, false, long), little); !errors.Is(err, errProgram) {
		t.Errorf("operands of a row: error %v", err)
	}
	operands = nil // all opcodes but 0 are special ones
	if rows, err := runLines(header(4, little, false, long, 1), little); err != nil || !slices.Equal(rows, []row{{0, ^uint32(1)}}) {
		t.Errorf("no standard opcodes: %v, %v", rows, err)
	}
}

func runLines(b []byte, order binary.ByteOrder) (rows []row, err error) {
	p, err := newLineProgram(b, order)
	if err != nil {
		return nil, err
	}
	for {
		address, line, ok := p.next()
		if !ok {
			return rows, p.err
		}
		rows = append(rows, row{address, line})
	}
}

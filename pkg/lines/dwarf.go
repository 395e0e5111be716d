// SPDX-License-Identifier: MIT

package lines

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/object"
)

// ErrDebug is the error for debug information that can't be used.
var ErrDebug = errors.New("unusable debug information")

// Debug is what an object's debug information says of lines: which line each
// instruction belongs to, and where the function that it was inlined from is
// called.
type Debug struct {
	rows  map[uint32][]row  // by section, sorted by start
	calls map[uint32][]call // likewise
}

// row is that instructions from start on belong to a line, 0 for to none.
type row struct {
	start uint64
	line  uint32
}

// call is a stretch of code that was inlined, and the line of the call.
type call struct {
	start, end uint64
	line       uint32
	reach      uint64 // the greatest end up to here
}

// spaces gives each section of a relocatable object addresses of its own, as
// debug information knows addresses only.
type spaces struct {
	bases    []uint64 // by section
	sections []uint32 // of code, in the order of their bases
	file     *object.File
}

func newSpaces(f *object.File) *spaces {
	s := &spaces{bases: make([]uint64, len(f.Sections)), file: f}
	next := uint64(1 << 12) // 0 is where what was discarded ends up
	for i := range f.Sections {
		if f.Sections[i].Executable() {
			s.bases[i] = next
			s.sections = append(s.sections, uint32(i))
			next += f.Sections[i].Size + 1<<12
		}
	}
	return s
}

// place is the section and offset of an address.
func (s *spaces) place(address uint64) (section uint32, offset uint64, ok bool) {
	i := sort.Search(len(s.sections), func(i int) bool { return s.bases[s.sections[i]] > address }) - 1
	if i < 0 {
		return 0, 0, false
	}
	section = s.sections[i]
	offset = address - s.bases[section]
	return section, offset, offset <= s.file.Sections[section].Size
}

// debugSections are those that debug/dwarf reads: the first six by New, the
// others, of DWARF 5, by AddSection.
var debugSections = [...]string{
	".debug_abbrev", ".debug_info", ".debug_line", ".debug_ranges", ".debug_str", ".debug_aranges",
	".debug_addr", ".debug_line_str", ".debug_rnglists", ".debug_loclists", ".debug_str_offsets",
}

// ReadDebug reads the debug information of an object; nil where it has none.
func ReadDebug(f *object.File) (*Debug, error) {
	s := newSpaces(f)
	data := map[string][]byte{}
	for i := range f.Sections {
		name := f.Sections[i].Name()
		if !slices.Contains(debugSections[:], name) {
			continue
		}
		if data[name] != nil {
			return nil, fmt.Errorf("%w: two sections %s", ErrDebug, name)
		}
		relocated, err := s.relocate(uint32(i))
		if err != nil {
			return nil, err
		}
		data[name] = relocated
	}
	if len(data[".debug_line"]) == 0 || len(data[".debug_info"]) == 0 {
		return nil, nil
	}
	d, err := dwarf.New(data[".debug_abbrev"], nil, nil, data[".debug_info"], data[".debug_line"], nil, data[".debug_ranges"], data[".debug_str"])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDebug, err)
	}
	for _, name := range debugSections[6:] {
		if err := d.AddSection(name, data[name]); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDebug, name, err)
		}
	}
	debug := &Debug{rows: map[uint32][]row{}, calls: map[uint32][]call{}}
	if err := debug.read(d, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDebug, err)
	}
	debug.sort()
	return debug, nil
}

// relocate is a copy of a section with its relocations applied.
func (s *spaces) relocate(section uint32) ([]byte, error) {
	x := &s.file.Sections[section]
	if x.Flags&elf.SHF_COMPRESSED != 0 {
		return nil, fmt.Errorf("%w: %s is compressed, which is not supported", ErrDebug, x.Name())
	}
	relocs, err := s.file.DebugRelocs(section)
	if err != nil {
		return nil, err
	}
	if relocs.Len() == 0 {
		return s.file.Data(section), nil
	}
	data := slices.Clone(s.file.Data(section))
	order := binary.ByteOrder(binary.LittleEndian)
	if s.file.BigEndian() {
		order = binary.BigEndian
	}
	for i := range relocs.Len() {
		r := relocs.At(i)
		symbol := &s.file.Symbols[r.Symbol]
		value := symbol.Value + uint64(r.Addend)
		if symbol.Defined() {
			value += s.bases[symbol.Section]
		}
		switch field := data[r.Offset:]; {
		case wide(s.file.Machine, r.Type) == 8 && len(field) >= 8:
			order.PutUint64(field, value)
		case wide(s.file.Machine, r.Type) == 4 && len(field) >= 4:
			order.PutUint32(field, uint32(value))
		}
	}
	return data, nil
}

// wide is the size of an absolute relocation's field, 0 for any other type.
func wide(machine elf.Machine, typ uint32) int {
	switch {
	case machine == elf.EM_X86_64 && typ == uint32(elf.R_X86_64_64), machine == elf.EM_AARCH64 && typ == uint32(elf.R_AARCH64_ABS64):
		return 8
	case machine == elf.EM_X86_64 && typ == uint32(elf.R_X86_64_32), machine == elf.EM_AARCH64 && typ == uint32(elf.R_AARCH64_ABS32):
		return 4
	}
	return 0
}

// read goes through all units: their line tables, and what was inlined.
func (d *Debug) read(data *dwarf.Data, s *spaces) error {
	r := data.Reader()
	for {
		entry, err := r.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			return nil
		}
		switch entry.Tag {
		case dwarf.TagCompileUnit:
			if err := d.readLines(data, entry, s); err != nil {
				return err
			}
		case dwarf.TagInlinedSubroutine:
			line, ok := entry.Val(dwarf.AttrCallLine).(int64)
			if !ok {
				continue
			}
			ranges, err := data.Ranges(entry)
			if err != nil {
				return err
			}
			for _, x := range ranges {
				section, start, ok := s.place(x[0])
				if ok && x[1] > x[0] {
					d.calls[section] = append(d.calls[section], call{start: start, end: start + x[1] - x[0], line: uint32(line)})
				}
			}
		}
	}
}

func (d *Debug) readLines(data *dwarf.Data, unit *dwarf.Entry, s *spaces) error {
	r, err := data.LineReader(unit)
	if err != nil || r == nil {
		return err
	}
	var e dwarf.LineEntry
	for {
		switch err := r.Next(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		section, offset, ok := s.place(e.Address)
		if !ok {
			continue
		}
		line := uint32(e.Line)
		if e.EndSequence {
			line = 0
		}
		d.rows[section] = append(d.rows[section], row{offset, line})
	}
}

func (d *Debug) sort() {
	for _, rows := range d.rows {
		// Of rows at one place the last counts; where one sequence ends and
		// another begins, the one that begins.
		slices.SortStableFunc(rows, func(a, b row) int {
			if a.start != b.start {
				return cmp.Compare(a.start, b.start)
			}
			return cmp.Compare(min(a.line, 1), min(b.line, 1))
		})
	}
	for _, calls := range d.calls {
		slices.SortFunc(calls, func(a, b call) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
		reach := uint64(0)
		for i := range calls {
			reach = max(reach, calls[i].end)
			calls[i].reach = reach
		}
	}
}

// Has tells whether a line is that of the instruction at a place: its own, or
// one on which what it was inlined with is called.
func (d *Debug) Has(section uint32, offset uint64, line uint32) bool {
	if d == nil || line == 0 {
		return false
	}
	rows := d.rows[section]
	i := sort.Search(len(rows), func(i int) bool { return rows[i].start > offset })
	if i > 0 && rows[i-1].line == line {
		return true
	}
	calls := d.calls[section]
	i = sort.Search(len(calls), func(i int) bool { return calls[i].start > offset })
	for i--; i >= 0 && calls[i].reach > offset; i-- {
		if calls[i].end > offset && calls[i].line == line {
			return true
		}
	}
	return false
}

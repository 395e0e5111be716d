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

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/object"
)

// ErrDebug is the error for debug information that can't be used.
var ErrDebug = errors.New("unusable debug information")

// Debug is what an object's debug information says of lines: which line each
// instruction belongs to, and where the function that it was inlined from is
// called.
type Debug struct {
	rows  map[uint32][]row  // by section, sorted by start
	calls map[uint32][]call // by section, sorted by line and start; no two of a line overlap
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
	r := debugReader{spaces: s, programs: map[int64]bool{}, debug: &Debug{rows: map[uint32][]row{}, calls: map[uint32][]call{}}}
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
		r.left += maxParts * len(relocated)
	}
	if len(data[".debug_line"]) == 0 || len(data[".debug_info"]) == 0 {
		return nil, nil
	}
	if overlap(data[".debug_info"], data[".debug_abbrev"], s.order()) {
		return nil, fmt.Errorf("%w: %w", ErrDebug, errOverlap)
	}
	if err := guarded(func() error { return r.readAll(data) }); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDebug, err)
	}
	r.debug.sort()
	return r.debug, nil
}

// guarded does what debug/dwarf may panic on, as it takes a declared count for true. That
// is an error, but for a fault in mapped memory.
func guarded(do func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if parallel.Fault(p) {
			panic(p)
		}
		err = fmt.Errorf("malformed: %v", p)
	}()
	return do()
}

// readAll reads the sections of debug information.
func (r *debugReader) readAll(data map[string][]byte) error {
	d, err := dwarf.New(data[".debug_abbrev"], nil, nil, data[".debug_info"], data[".debug_line"], nil, data[".debug_ranges"], data[".debug_str"])
	if err != nil {
		return err
	}
	for _, name := range debugSections[6:] {
		if err := d.AddSection(name, data[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	r.data = d
	return r.read()
}

func (s *spaces) order() binary.ByteOrder {
	if s.file.BigEndian() {
		return binary.BigEndian
	}
	return binary.LittleEndian
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
	order := s.order()
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

// maxParts is how many attributes, rows and ranges there may be for each byte of debug
// information. All take a byte or more, unless one is read again and again: what is
// written to make a reader busy is refused.
const maxParts = 4

var errOverlap = errors.New("parts that overlap")

// debugReader reads debug information.
type debugReader struct {
	*spaces
	data     *dwarf.Data
	debug    *Debug
	programs map[int64]bool // the line tables that were read, by offset
	left     int            // how much may still be read
}

// count counts what was read.
func (r *debugReader) count(n int) error {
	if r.left -= n; r.left < 0 {
		return errOverlap
	}
	return nil
}

// read goes through all units: their line tables, and what was inlined.
func (r *debugReader) read() error {
	entries := r.data.Reader()
	for {
		entry, err := entries.Next()
		if err != nil || entry == nil {
			return err
		}
		if err := r.count(len(entry.Field)); err != nil {
			return err
		}
		switch entry.Tag {
		case dwarf.TagCompileUnit:
			err = r.readLines(entry)
		case dwarf.TagInlinedSubroutine:
			err = r.readCall(entry)
		}
		if err != nil {
			return err
		}
	}
}

// readCall reads what was inlined for a call.
func (r *debugReader) readCall(entry *dwarf.Entry) error {
	line, ok := entry.Val(dwarf.AttrCallLine).(int64)
	if !ok {
		return nil
	}
	ranges, err := r.data.Ranges(entry)
	if err != nil {
		return err
	}
	for _, x := range ranges {
		section, start, ok := r.place(x[0])
		if ok && x[1] > x[0] {
			r.debug.calls[section] = append(r.debug.calls[section], call{start: start, end: start + x[1] - x[0], line: uint32(line)})
		}
	}
	return r.count(len(ranges))
}

// readLines reads a unit's line table, if no other's is the same.
func (r *debugReader) readLines(unit *dwarf.Entry) error {
	offset, ok := unit.Val(dwarf.AttrStmtList).(int64)
	if !ok || r.programs[offset] {
		return nil
	}
	r.programs[offset] = true
	table, err := r.data.LineReader(unit)
	if err != nil || table == nil {
		return err
	}
	var e dwarf.LineEntry
	for {
		switch err := table.Next(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := r.count(1); err != nil {
			return err
		}
		section, offset, ok := r.place(e.Address)
		if !ok {
			continue
		}
		line := uint32(e.Line)
		if e.EndSequence {
			line = 0
		}
		r.debug.rows[section] = append(r.debug.rows[section], row{offset, line})
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
	for section, calls := range d.calls {
		slices.SortFunc(calls, func(a, b call) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.start, b.start)) })
		united := calls[:1]
		for _, x := range calls[1:] {
			if last := &united[len(united)-1]; x.line == last.line && x.start <= last.end {
				last.end = max(last.end, x.end)
			} else {
				united = append(united, x)
			}
		}
		d.calls[section] = united
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
	i = sort.Search(len(calls), func(i int) bool {
		return calls[i].line > line || calls[i].line == line && calls[i].start > offset
	})
	return i > 0 && calls[i-1].line == line && calls[i-1].end > offset
}

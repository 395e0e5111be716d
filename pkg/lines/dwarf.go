// SPDX-License-Identifier: MIT

package lines

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
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

// debugSections are those whose contents are read.
var debugSections = [...]string{
	".debug_abbrev", ".debug_info", ".debug_line", ".debug_ranges", ".debug_addr", ".debug_rnglists",
}

// stringSections are those that only debug/dwarf reads, to find the strings of entries.
var stringSections = [...]string{".debug_str", ".debug_line_str", ".debug_str_offsets"}

// ReadDebug reads the debug information of an object; nil where it has none.
func ReadDebug(f *object.File) (*Debug, error) {
	r := newDebugReader(f)
	for i := range f.Sections {
		if err := r.section(uint32(i)); err != nil {
			return nil, err
		}
	}
	if len(r.data[".debug_line"]) == 0 || len(r.data[".debug_info"]) == 0 {
		return nil, nil
	}
	if err := guarded(r.read); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDebug, err)
	}
	r.debug.sort()
	return r.debug, nil
}

// guarded does what debug/dwarf may panic on. That is an error, but for a fault in mapped
// memory.
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

// maxParts is how many entries, attributes, and bytes of line tables and ranges may be
// read for each byte of debug information. All take a byte or more, unless one is read
// again and again: what is written to make a reader busy is refused.
const maxParts = 4

var (
	errOverlap = errors.New("parts that overlap")
	errUnits   = errors.New("malformed units")
)

// debugReader reads debug information.
type debugReader struct {
	*spaces
	order    binary.ByteOrder
	data     map[string][]byte // the sections, by name
	left     int               // how much may still be read
	units    []unit            // from the one on that is read
	unit     *dwarf.Entry      // the first entry of the unit that is read
	programs map[int64]bool    // the line tables that were read, by offset
	debug    *Debug
}

func newDebugReader(f *object.File) *debugReader {
	r := &debugReader{
		spaces: newSpaces(f), order: binary.LittleEndian, data: map[string][]byte{}, programs: map[int64]bool{},
		debug: &Debug{rows: map[uint32][]row{}, calls: map[uint32][]call{}},
	}
	if f.BigEndian() {
		r.order = binary.BigEndian
	}
	return r
}

// section keeps a section if it is of debug information. No string is wanted, and an entry
// of a few bytes may refer to one of any length: in place of the sections that lead to
// strings are zeros, where each is empty.
func (r *debugReader) section(i uint32) error {
	section := &r.file.Sections[i]
	name := section.Name()
	read := slices.Contains(debugSections[:], name)
	if !read && !slices.Contains(stringSections[:], name) {
		return nil
	}
	if r.data[name] != nil {
		return fmt.Errorf("%w: two sections %s", ErrDebug, name)
	}
	if section.Flags&elf.SHF_COMPRESSED != 0 {
		return fmt.Errorf("%w: %s is compressed, which is not supported", ErrDebug, name)
	}
	if !read {
		r.data[name] = make([]byte, len(r.file.Data(i)))
		return nil
	}
	data, err := r.relocate(i)
	r.data[name] = data
	r.left += maxParts * len(data)
	return err
}

// relocate is a copy of a section with its relocations applied.
func (r *debugReader) relocate(section uint32) ([]byte, error) {
	relocs, err := r.file.DebugRelocs(section)
	if err != nil {
		return nil, err
	}
	if relocs.Len() == 0 {
		return r.file.Data(section), nil
	}
	data := slices.Clone(r.file.Data(section))
	for i := range relocs.Len() {
		x := relocs.At(i)
		symbol := &r.file.Symbols[x.Symbol]
		value := symbol.Value + uint64(x.Addend)
		if symbol.Defined() {
			value += r.bases[symbol.Section]
		}
		switch field := data[x.Offset:]; {
		case wide(r.file.Machine, x.Type) == 8 && len(field) >= 8:
			r.order.PutUint64(field, value)
		case wide(r.file.Machine, x.Type) == 4 && len(field) >= 4:
			r.order.PutUint32(field, uint32(value))
		}
	}
	return data, nil
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
	r.units = readUnits(r.data[".debug_info"], r.order)
	if overlap(r.units, r.data[".debug_abbrev"]) {
		return errOverlap
	}
	data, err := dwarf.New(r.data[".debug_abbrev"], nil, nil, r.data[".debug_info"], nil, nil, nil, r.data[".debug_str"])
	if err != nil {
		return err
	}
	for _, name := range []string{".debug_addr", ".debug_rnglists", ".debug_line_str", ".debug_str_offsets"} { // of DWARF 5
		if err := data.AddSection(name, r.data[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// Where a number has no end debug/dwarf reads one 0 after the other, and moves nowhere.
	unended := 0
	for i := range r.units {
		unended = max(unended, r.units[i].unended)
	}
	entries := data.Reader()
	for {
		entry, err := entries.Next()
		if err != nil || entry == nil {
			return err
		}
		if entry.Tag == 0 { // the end of an entry's children
			err = r.count(1 + unended)
		} else if err = r.count(1 + len(entry.Field)); err == nil {
			err = r.readEntry(entry)
		}
		if err != nil {
			return err
		}
	}
}

// readEntry reads what an entry says of lines.
func (r *debugReader) readEntry(entry *dwarf.Entry) error {
	for len(r.units) > 0 && uint64(entry.Offset) >= r.units[0].end {
		r.units, r.unit = r.units[1:], nil
	}
	if len(r.units) == 0 {
		return errUnits
	}
	if r.unit == nil {
		r.unit = entry
	}
	switch entry.Tag {
	case dwarf.TagCompileUnit:
		return r.readLines(entry)
	case dwarf.TagInlinedSubroutine:
		return r.readCall(entry)
	}
	return nil
}

// readCall reads what was inlined for a call.
func (r *debugReader) readCall(entry *dwarf.Entry) error {
	line, ok := entry.Val(dwarf.AttrCallLine).(int64)
	if !ok {
		return nil
	}
	return r.ranges(entry, func(low, high uint64) {
		section, start, ok := r.place(low)
		if ok && high > low {
			r.debug.calls[section] = append(r.debug.calls[section], call{start: start, end: start + high - low, line: uint32(line)})
		}
	})
}

// readLines reads a unit's line table, if no other's is the same.
func (r *debugReader) readLines(unit *dwarf.Entry) error {
	at, ok := unit.Val(dwarf.AttrStmtList).(int64)
	if !ok || r.programs[at] {
		return nil
	}
	r.programs[at] = true
	section := r.data[".debug_line"]
	if at < 0 || at > int64(len(section)) {
		return fmt.Errorf("%w: at %#x, which is outside .debug_line", errProgram, at)
	}
	program, err := newLineProgram(section[at:], r.order)
	if err != nil {
		return fmt.Errorf(".debug_line: %w", err)
	}
	if err := r.count(len(program.rest)); err != nil {
		return err
	}
	for {
		address, line, ok := program.next()
		if !ok {
			break
		}
		if section, offset, ok := r.place(address); ok {
			r.debug.rows[section] = append(r.debug.rows[section], row{offset, line})
		}
	}
	if program.err != nil {
		return fmt.Errorf(".debug_line: %w", program.err)
	}
	return nil
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

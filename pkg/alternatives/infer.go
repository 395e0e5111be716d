// SPDX-License-Identifier: MIT

package alternatives

import (
	"bytes"
	"cmp"
	"debug/elf"
	"runtime"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/object"
)

// loader finds tables and their entries.
type loader struct {
	t       *Tables
	file    *object.File
	code    *object.Code
	marks   func() map[uint32][]uint64 // by section: where entries start
	address uint32                     // the type of relocation that writes a 64-bit address
	count   int                        // no table has more entries, in all
}

// tables finds the tables.
func (l *loader) tables() error {
	type found struct {
		tables         []Table
		count, derived int
		err            error
	}
	sections := len(l.file.Sections)
	pieces := make([]found, (sections+parallel.Chunk-1)/parallel.Chunk)
	parallel.Chunks(runtime.GOMAXPROCS(0), sections, parallel.Chunk, func(lo, hi int) {
		some := &pieces[lo/parallel.Chunk]
		for i := uint32(lo); i < uint32(hi) && some.err == nil; i++ {
			switch s := &l.file.Sections[i]; {
			case !s.Allocated() || s.Executable() || s.Type == elf.SHT_NOBITS || s.Size == 0:
			case !ordinary(s.Name()) && matchesAny(s.Name(), derived[:]):
				some.derived += l.file.RelocCount(i)
			default:
				var table Table
				var count int
				if table, count, some.err = l.section(i); count > 0 {
					some.tables = append(some.tables, table)
					some.count += count
				}
			}
		}
	})
	for i := range pieces {
		if pieces[i].err != nil {
			return pieces[i].err
		}
		l.t.Tables = append(l.t.Tables, pieces[i].tables...)
		l.t.Derived += pieces[i].derived
		l.count += pieces[i].count
	}
	return nil
}

// section is a section as a table, and of how many entries it has no more; none if it is no
// table. How it is laid out is told by all of its relocations, also by those that relocate
// nothing any more.
func (l *loader) section(i uint32) (table Table, count int, err error) {
	s, relocs := &l.file.Sections[i], l.file.Relocs(i)
	if relocs.Len() == 0 || Data(s.Name()) || matches(s.Name(), ".export_symbol*") {
		return table, 0, nil
	}
	known := rowOf(s.Name())
	if known == nil && !l.pointsInside(relocs) {
		return table, 0, nil
	}
	if !fits(s) {
		return table, 0, tooLarge(s)
	}
	all := l.file.AllRelocs(i)
	table = Table{Section: i, Class: Special}
	if known != nil {
		table.Class, table.Absolute = known.class, known.absolute
		for n := range known.shapes {
			shape := &known.shapes[n]
			if (shape.machine == 0 || shape.machine == l.file.Machine) && l.isShape(shape, i, all) {
				table.size, table.place, table.callback = shape.size, shape.required[0], shape.callback
				break
			}
		}
	}
	if table.size == 0 && table.Class != Alternatives { // whose fields have to be known
		table.size = l.period(i, s, all)
		table.place = l.placeField(table.size, relocs)
	}
	table.Whole = table.size == 0
	table.Bare = table.Class == Tracing && table.size == 8 && uint64(all.Len())*8 == s.Size && l.onlyAddresses(all)
	if table.Class == BugTable {
		table.FromStart = !table.Whole && l.fromStart(table.size, relocs)
		table.line = l.lineField(&table, relocs)
	}
	count = all.Len()
	if !table.Whole {
		count = min(count, int((s.Size+table.size-1)/table.size))
	}
	return table, count, nil
}

// onlyAddresses tells whether all relocations are of the type that writes a 64-bit address.
func (l *loader) onlyAddresses(relocs object.Relocs) bool {
	for i := range relocs.Len() {
		if typ := relocs.Type(i); typ != l.address && !l.file.IsNone(typ) {
			return false
		}
	}
	return true
}

// isShape tells whether all of a table's entries have the shape.
func (l *loader) isShape(shape *shape, section uint32, relocs object.Relocs) bool {
	size := l.file.Sections[section].Size
	if size%shape.size != 0 && !shape.cut {
		return false
	}
	next := 0 // relocation
	for start := uint64(0); start < size; start += shape.size {
		first := next
		for next < relocs.Len() && relocs.Offset(next)-start < shape.size {
			next++
		}
		if !l.isEntry(shape, section, start, relocs.Slice(first, next)) {
			return false
		}
	}
	return true
}

// isEntry tells whether an entry, which has these relocations, has the shape. One that
// relocates nothing may be of any field.
func (l *loader) isEntry(shape *shape, section uint32, start uint64, relocs object.Relocs) bool {
	need := shape.required
	pointer := !shape.alternative
	for i := range relocs.Len() {
		field := relocs.Offset(i) - start
		switch {
		case len(need) > 0 && field == need[0]:
			if len(need) == len(shape.required) && !l.isPlace(relocs.At(i)) {
				return false
			}
			need = need[1:]
		case !pointer && field == ReplacementField:
			pointer = true
		case !l.file.IsNone(relocs.Type(i)) && !l.isOptional(shape, field, relocs.At(i)):
			return false
		}
	}
	return len(need) == 0 && (pointer || l.file.Data(section)[start+replacementLength(shape.size)] == 0)
}

// isPlace tells whether a relocation may be of a place in code, of this object or another.
func (l *loader) isPlace(r object.Reloc) bool {
	section, _, ok := Target(l.file, r)
	return !ok || l.file.Sections[section].Executable() || l.file.IsNone(r.Type)
}

// fromStart tells whether the strings that a bug table refers to are found only
// when the fields count from their entry's start: by a label with as much behind it
// as the field is behind, or where those fields lead into a string, less their offset in the
// entry they lead to its beginning. Where a string begins at both, it is the one that names
// a source.
func (l *loader) fromStart(size uint64, relocs object.Relocs) bool {
	found := false
	for i := range relocs.Len() {
		r := relocs.At(i)
		field := r.Offset % size
		section, offset, ok := Target(l.file, r)
		if field == 0 || !ok || l.file.Sections[section].Flags&elf.SHF_STRINGS == 0 {
			continue
		}
		fromField := l.startsString(section, offset)
		fromStart := offset >= field && l.startsString(section, offset-field)
		label := l.file.Symbols[r.Symbol].Type() != elf.STT_SECTION
		switch {
		case label && fromStart && r.Addend == int64(field):
		case label && fromField && r.Addend == 0:
			return false
		case fromField && fromStart:
			if l.namesFile(section, offset) == l.namesFile(section, offset-field) {
				continue
			} else if l.namesFile(section, offset) {
				return false
			}
		case !fromStart:
			return false
		}
		found = true
	}
	return found
}

// lineField is where the line stands in the entries of a bug table: behind the
// file's name, which those of 12 bytes have instead of a format string.
func (l *loader) lineField(table *Table, relocs object.Relocs) uint64 {
	switch table.size {
	case 16:
		return 12
	case 24:
		return 16
	case 12:
		for i := range relocs.Len() {
			r := relocs.At(i)
			section, offset, ok := Target(l.file, r)
			if field := r.Offset % table.size; field != 4 || !ok {
				continue
			} else if table.FromStart {
				offset -= field
			}
			if l.namesFile(section, offset) {
				return 8
			}
		}
	}
	return 0
}

// namesFile tells whether the string at a place is the name of a source file.
func (l *loader) namesFile(section uint32, offset uint64) bool {
	text := l.file.PathAt(section, offset)
	for _, suffix := range [...]string{".c", ".h", ".S", ".rs"} {
		if bytes.HasSuffix(text, []byte(suffix)) {
			return true
		}
	}
	return false
}

// startsString tells whether a string begins at an offset.
func (l *loader) startsString(section uint32, offset uint64) bool {
	data := l.file.Data(section)
	return offset < uint64(len(data)) && (offset == 0 || data[offset-1] == 0)
}

// isOptional tells whether a relocated field is one that the shape allows.
func (l *loader) isOptional(shape *shape, field uint64, r object.Reloc) bool {
	for _, optional := range shape.optional {
		if field != optional {
			continue
		}
		section, offset, ok := Target(l.file, r)
		if !ok { // another object's
			return true
		}
		if !shape.handler { // it is the place of another entry's
			return !l.file.Sections[section].Executable()
		}
		e := l.code.Innermost(section, offset)
		return e >= 0 && l.code.Extents[e].Start == offset
	}
	return false
}

// placeField is where, in entries of a size, the first field is that refers to code.
func (l *loader) placeField(size uint64, relocs object.Relocs) uint64 {
	field := size
	for i := range relocs.Len() {
		if r := relocs.At(i); size > 0 && r.Offset%size < field && l.pointsAtCode(r) {
			field = r.Offset % size
		}
	}
	return field
}

// period is the size of the entries of a table of which nothing is known, 0
// where it can't be told: what sh_entsize or the annotations say, else the
// smallest at which all entries have the same relocated fields. Of a single
// entry there is nothing to compare, but one place in code needs no more.
func (l *loader) period(i uint32, s *object.Section, relocs object.Relocs) uint64 {
	if s.Entsize() > 1 && l.isPeriod(s, relocs, s.Entsize()) {
		return s.Entsize()
	}
	if size := l.annotated(i, s); size > 0 {
		return size
	}
	for size := uint64(4); size < s.Size && size <= maxEntry; size += 4 {
		if l.isPeriod(s, relocs, size) {
			return size
		}
	}
	places := 0
	for i := range relocs.Len() {
		if l.pointsAtCode(relocs.At(i)) {
			places++
		}
	}
	if places <= 1 {
		return s.Size
	}
	return 0
}

// maxEntry bounds the size of an unknown table's entries, and with it how
// long one is looked for.
const maxEntry = 256

// pointsAtCode tells whether a relocation refers to code of this object.
func (l *loader) pointsAtCode(r object.Reloc) bool {
	section, _, ok := Target(l.file, r)
	return ok && l.file.Sections[section].Executable()
}

// isPeriod tells whether the relocated fields repeat every size bytes, and whether they
// refer to code. A relocation that relocates nothing is like any other of its field.
func (l *loader) isPeriod(s *object.Section, relocs object.Relocs, size uint64) bool {
	if s.Size%size != 0 {
		return false
	}
	count := int(s.Size / size)
	if relocs.Len()%count != 0 {
		return false
	}
	fields := relocs.Len() / count
	like := make([]int, fields) // by field: one more than the relocation that others are like
	for i := range relocs.Len() {
		r, field := relocs.At(i), i%fields
		if i < fields && r.Offset >= size || i >= fields && r.Offset-relocs.Offset(i-fields) != size {
			return false
		}
		if l.file.IsNone(r.Type) {
			continue
		}
		if like[field] > 0 {
			first := relocs.At(like[field] - 1)
			if r.Type != first.Type || l.pointsAtCode(r) != l.pointsAtCode(first) {
				return false
			}
		}
		like[field] = i + 1
	}
	return true
}

// annotateData is the type of a mark at the start of a table's entry:
// ANNOTYPE_DATA_SPECIAL, include/linux/objtool_types.h.
const annotateData = 1

// annotated is the distance of the marks in .discard.annotate_data, where
// objtool's ANNOTATE_DATA_SPECIAL notes where each entry starts; 0 where there
// are none, or they are not evenly spaced over the section.
func (l *loader) annotated(i uint32, s *object.Section) uint64 {
	marks := l.marks()[i]
	if len(marks) == 0 || s.Size%uint64(len(marks)) != 0 {
		return 0
	}
	size := s.Size / uint64(len(marks))
	for n, mark := range marks {
		if mark != uint64(n)*size {
			return 0
		}
	}
	return size
}

// readMarks reads .discard.annotate_data: entries of 8 bytes, a relocation to
// the place and the type of the mark.
func (l *loader) readMarks() map[uint32][]uint64 {
	all := map[uint32][]uint64{}
	for i := range l.file.Sections {
		if l.file.Sections[i].Name() != object.Annotations {
			continue
		}
		data, relocs := l.file.Data(uint32(i)), l.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			r := relocs.At(n)
			if r.Offset%8 != 0 || r.Offset >= uint64(len(data)) || uint64(len(data))-r.Offset < 8 || data[r.Offset+4] != annotateData {
				continue
			}
			if section, offset, ok := Target(l.file, r); ok {
				all[section] = append(all[section], offset)
			}
		}
	}
	for _, marks := range all {
		slices.Sort(marks)
	}
	return all
}

// pointsInside tells whether some relocation refers to the inside of a
// function.
func (l *loader) pointsInside(relocs object.Relocs) bool {
	for i := range relocs.Len() {
		section, offset, ok := Target(l.file, relocs.At(i))
		if !ok || !l.file.Sections[section].Executable() {
			continue
		}
		if e := l.code.Innermost(section, offset); e >= 0 && l.code.Extents[e].Start != offset {
			return true
		}
	}
	return false
}

// inOrder is the indices of the tables by class and name: which of two tables
// comes first in the file says nothing about code that both are about.
func (l *loader) inOrder() []int {
	order := make([]int, len(l.t.Tables))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &l.t.Tables[a], &l.t.Tables[b]
		return cmp.Or(cmp.Compare(x.Class, y.Class), strings.Compare(l.file.Sections[x.Section].Name(), l.file.Sections[y.Section].Name()))
	})
	return order
}

// entries adds the entries of a table that are about code. An entry is about
// the first place in code that it refers to; one whose place is relocated no more
// describes nothing.
func (l *loader) entries(index uint32, table *Table) {
	switch {
	case table.Whole && table.Class == Alternatives:
		l.unknownAlternatives(index, table)
		return
	case table.Whole:
		l.wholeEntries(index, table)
		return
	}
	s, relocs := &l.file.Sections[table.Section], l.file.AllRelocs(table.Section)
	last := uint64(0)
	for i := range relocs.Len() {
		r := relocs.At(i)
		start := r.Offset - r.Offset%table.size
		if start < last { // this entry has its place
			continue
		}
		if l.file.IsNone(r.Type) {
			if r.Offset-start == table.place {
				last = min(start+table.size, s.Size)
			}
			continue
		}
		if section, place, ok := l.place(r); ok {
			last = min(start+table.size, s.Size)
			l.t.Entries = append(l.t.Entries, Entry{
				Table: index, Section: section, Place: place, Start: uint32(start), End: uint32(last),
			})
		}
	}
}

// unknownAlternatives adds the entries of alternatives whose layout isn't understood. Each
// begins with its place, and the pointer to the replacement stands behind that, as in all
// layouts so far; replacement code ends where other such code begins.
func (l *loader) unknownAlternatives(index uint32, table *Table) {
	relocs, size := l.file.Relocs(table.Section), uint32(l.file.Sections[table.Section].Size)
	first, begin := len(l.t.Entries), uint32(0) // of the last entry: where its place stands
	for i := range relocs.Len() {
		r := relocs.At(i)
		section, place, ok := l.place(r)
		if !ok {
			continue
		}
		n := len(l.t.Entries)
		if l.file.Sections[section].Name() == ReplacementSection || n > first && uint32(r.Offset) == begin+ReplacementField {
			l.t.cuts[section] = append(l.t.cuts[section], uint64(place))
			continue
		}
		entry := Entry{Table: index, Section: section, Place: place, Start: uint32(r.Offset), End: size}
		switch {
		case n == first:
			entry.Start = 0 // nothing is left out
		case entry.Start == begin: // a second relocation of the place
			continue
		default:
			l.t.Entries[n-1].End = entry.Start
		}
		begin = uint32(r.Offset)
		l.t.Entries = append(l.t.Entries, entry)
	}
	for _, list := range l.t.cuts {
		slices.Sort(list)
	}
}

// place is where in code a relocation refers to.
func (l *loader) place(r object.Reloc) (section, place uint32, ok bool) {
	section, offset, ok := Target(l.file, r)
	if !ok || !l.file.Sections[section].Executable() || offset >= l.file.Sections[section].Size || !fits(&l.file.Sections[section]) {
		return 0, 0, false
	}
	return section, uint32(offset), true
}

// maxWhole is of how many functions all of a table may be said. With more, it
// would take more than is in proportion, and say little.
const maxWhole = 64

// wholeEntries adds the entries of a table without a layout: all of it for
// each function that it refers to, about the first place there, or where these
// are many, what stands from there up to the reference to another.
func (l *loader) wholeEntries(index uint32, table *Table) {
	size, relocs := uint32(l.file.Sections[table.Section].Size), l.file.Relocs(table.Section)
	first, seen := len(l.t.Entries), map[int]bool{}
	for i := range relocs.Len() {
		section, place, ok := l.place(relocs.At(i))
		if !ok {
			continue
		}
		if e := l.code.Innermost(section, uint64(place)); e < 0 || !seen[e] {
			seen[e] = true
			l.t.Entries = append(l.t.Entries, Entry{Table: index, Section: section, Place: place, End: size})
		}
	}
	if len(l.t.Entries)-first <= maxWhole {
		return
	}
	l.t.Entries = l.t.Entries[:first]
	last := -1
	for i := range relocs.Len() {
		r := relocs.At(i)
		section, place, ok := l.place(r)
		if !ok {
			continue
		}
		e, start, n := l.code.Innermost(section, uint64(place)), uint32(r.Offset), len(l.t.Entries)
		switch {
		case n == first:
			start = 0
		case e >= 0 && e == last || l.t.Entries[n-1].Start == start:
			continue
		default:
			l.t.Entries[n-1].End = start
		}
		last = e
		l.t.Entries = append(l.t.Entries, Entry{Table: index, Section: section, Place: place, Start: start, End: size})
	}
}

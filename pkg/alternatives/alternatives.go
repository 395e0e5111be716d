// SPDX-License-Identifier: MIT

// Package alternatives reads the tables that a kernel keeps about its code -
// alternatives, the exception table, WARNs, static branches, and whatever else
// points into functions - into entries attached to places in code. It is
// apart from pkg/checksum because it knows tables and no instructions: what an
// entry means to a function is hashed there.
//
// The steps:
//
//  1. Each allocated section that isn't code is a table by its name (tables.go),
//     derived from one, plain data, or unknown; an unknown one is a table where
//     it points into the inside of a function.
//  2. The layout of a table's entries is inferred from its relocations: the
//     kernel's structs have changed size time and again (infer.go). A table
//     whose layout can't be inferred is one entry for each function that it
//     refers to; of alternatives, one for each place.
//  3. The entries are sorted by the place they describe (Load); those that
//     share a place stay in table order.
package alternatives

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/fnsum/fnsum/internal/gallop"
	"github.com/fnsum/fnsum/internal/huge"
	"github.com/fnsum/fnsum/pkg/object"
)

// ErrTable is the error for a table that can't be.
var ErrTable = errors.New("unusable table")

// Table is a section of entries about code.
type Table struct {
	Section uint32
	Class   Class
	// Whole is set where the layout couldn't be inferred: every entry is all
	// of the section, or where it refers to many functions, and of alternatives, a
	// stretch of it.
	Whole bool
	// Bare is set where an entry is nothing but the address of its place.
	Bare bool
	// Absolute is set where tables of that name usually have 64-bit addresses for
	// places; other tables have 32 bits relative to the field.
	Absolute bool
	// FromStart is set where a relative field counts from the entry's start,
	// not from its own place, as struct bug_entry's file did before 5.19
	// (arch/x86/include/asm/bug.h, __BUG_REL).
	FromStart bool
	// size is that of an entry in bytes, 0 where they differ.
	size uint64
	// place is the offset of the field in an entry that says what it is about.
	place uint64
	// first and behind are where its entries are in Tables.byTable.
	first, behind int
	// callback is, of alternatives, the bit of the feature word that makes the
	// pointer one to a function.
	callback uint16
	// line is the offset of a 16-bit line number in an entry, 0 for none.
	line uint64
}

// Line is the offset of a 16-bit line number in the table's entries, 0 where
// they have none.
func (t *Table) Line() int { return int(t.line) }

// Entry is one entry of a table. Offsets are within their section.
type Entry struct {
	Table      uint32 // index of Tables
	Section    uint32 // of the code it describes
	Place      uint32
	Start, End uint32 // in the table's section
	// Front is set for an entry whose place is in the padding in front of a
	// function, which it belongs to (rule 1.8). Load leaves it to others to
	// know padding.
	Front bool
}

// Tables is the tables of an object.
type Tables struct {
	Tables []Table
	// Entries is all entries about code, by section, place and order in the
	// tables.
	Entries []Entry
	// Derived is the number of entries, as relocations count them, of tables
	// that tools make from the code: those have no Entries.
	Derived int

	file    *object.File
	code    *object.Code
	cuts    map[uint32][]uint64 // by section: where replacement code begins of alternatives of an unknown layout
	byTable []uint32            // indices of Entries, table by table, and then by start
	first   []uint32            // by section: the first of its Entries
}

// Load reads the tables of an object. The places of relocations follow from
// Target. Address is the machine's type of relocation that writes a 64-bit address.
func Load(file *object.File, code *object.Code, address uint32) (*Tables, error) {
	t := &Tables{file: file, code: code, cuts: map[uint32][]uint64{}}
	l := loader{t: t, file: file, code: code, address: address}
	l.marks = sync.OnceValue(l.readMarks)
	if err := l.tables(); err != nil {
		return nil, err
	}
	t.Entries = huge.Make[Entry](0, l.count)
	for _, i := range l.inOrder() {
		table := &t.Tables[i]
		table.first = len(t.Entries)
		l.entries(uint32(i), table)
		table.behind = len(t.Entries)
	}
	t.order()
	return t, nil
}

// order sorts the entries, which the loader left in table order.
func (t *Tables) order() {
	t.first = make([]uint32, len(t.file.Sections)+1)
	for i := range t.Entries {
		t.first[t.Entries[i].Section+1]++
	}
	for i := 1; i < len(t.first); i++ {
		t.first[i] += t.first[i-1]
	}
	// By section, then by place: the low half keeps the tables' order.
	keys, free := huge.Scratch[uint64](len(t.Entries))
	defer free()
	for i := range t.Entries {
		e := &t.Entries[i]
		keys[t.first[e.Section]] = uint64(e.Place)<<32 | uint64(i)
		t.first[e.Section]++
	}
	copy(t.first[1:], t.first) // each is where its section's end
	t.first[0] = 0
	for s := range t.file.Sections {
		if run := keys[t.first[s]:t.first[s+1]]; len(run) > 1 {
			slices.Sort(run)
		}
	}
	t.byTable = make([]uint32, len(t.Entries))
	for i, key := range keys {
		t.byTable[uint32(key)] = uint32(i)
	}
	// Each entry goes where it belongs, and what stands there is next.
	for first := range keys {
		displaced, i := t.Entries[first], first
		for from := int(uint32(keys[i])); from != first; from = int(uint32(keys[i])) {
			t.Entries[i], keys[i] = t.Entries[from], uint64(i)
			i = from
		}
		t.Entries[i], keys[i] = displaced, uint64(i)
	}
}

// In is the index of the first entry whose place is in [start, end) of a
// section, and of the first behind.
func (t *Tables) In(section uint32, start, end uint64) (lo, hi int) {
	lo, hi = int(t.first[section]), int(t.first[section+1])
	if lo == hi {
		return lo, lo
	}
	run := t.Entries[lo:hi]
	from := sort.Search(len(run), func(i int) bool { return uint64(run[i].Place) >= start })
	run = run[from:] // what is asked about has few
	n := gallop.Search(len(run), 0, func(i int) bool { return uint64(run[i].Place) >= end })
	return lo + from, lo + from + n
}

// Has tells whether an entry is about the place.
func (t *Tables) Has(section uint32, place uint64) bool {
	lo, hi := t.In(section, place, place+1)
	return lo < hi
}

// Each visits the entries of the tables of a class.
func (t *Tables) Each(class Class, visit func(*Entry)) {
	for i := range t.Tables {
		if table := &t.Tables[i]; table.Class == class {
			for _, entry := range t.byTable[table.first:table.behind] {
				visit(&t.Entries[entry])
			}
		}
	}
}

// Find is the index of the entry that stands at an offset of a table's
// section, -1 where none does.
func (t *Tables) Find(section uint32, offset uint64) int {
	n, ok := slices.BinarySearchFunc(t.Tables, section, func(table Table, section uint32) int {
		return cmp.Compare(table.Section, section)
	})
	if !ok || t.Tables[n].Whole {
		return -1
	}
	own := t.byTable[t.Tables[n].first:t.Tables[n].behind]
	i := sort.Search(len(own), func(i int) bool { return uint64(t.Entries[own[i]].End) > offset })
	if i == len(own) || uint64(t.Entries[own[i]].Start) > offset {
		return -1
	}
	return int(own[i])
}

// Replacement is where an alternative's replacement code stands; false for
// any other entry, for a replacement of no length, whose address means
// nothing, and for one whose pointer is relocated no more.
func (t *Tables) Replacement(e *Entry) (section uint32, start, end uint64, ok bool) {
	table := &t.Tables[e.Table]
	length, known := t.Length(e)
	if table.Class != Alternatives || known && length == 0 {
		return 0, 0, 0, false
	}
	if section, start, ok = t.pointer(e); !ok {
		return 0, 0, 0, false
	}
	if !known {
		end = t.unknownEnd(section, start)
		return section, start, end, start < end
	}
	if start > t.file.Sections[section].Size || length > t.file.Sections[section].Size-start {
		return 0, 0, 0, false
	}
	return section, start, start + length, true
}

// pointer is where an alternative's pointer to its replacement leads; false where it has
// none.
func (t *Tables) pointer(e *Entry) (section uint32, at uint64, ok bool) {
	field, ok := t.Pointer(e)
	if !ok {
		return 0, 0, false
	}
	return Target(t.file, t.file.Relocs(t.Tables[e.Table].Section).Between(field, field+1).At(0))
}

// Pointer is where an alternative has its pointer to replacement code, as an offset in the
// table's section; false where it has none.
func (t *Tables) Pointer(e *Entry) (field uint64, ok bool) {
	table, start := &t.Tables[e.Table], uint64(e.Start)
	relocs := t.file.Relocs(table.Section)
	if table.Whole {
		relocs = relocs.Between(start, uint64(e.End))
		for i := range relocs.Len() {
			if section, at, ok := Target(t.file, relocs.At(i)); ok && section == e.Section && at == uint64(e.Place) {
				start = relocs.Offset(i)
				break
			}
		}
	}
	field = start + ReplacementField
	return field, relocs.Between(field, field+1).Len() > 0
}

// unknownEnd is where replacement code of alternatives of an unknown layout ends: where
// other such code begins, or anything with a symbol. What has a symbol itself is no
// replacement code, but a function that makes some.
func (t *Tables) unknownEnd(section uint32, start uint64) (end uint64) {
	if !t.file.Sections[section].Executable() || t.code.Innermost(section, start) >= 0 {
		return start
	}
	end = t.file.Sections[section].Size
	if next := t.code.Before(section, start); next >= 0 {
		e := &t.code.Extents[next]
		if end = min(end, e.Start); e.Part == 0 {
			end = min(end, t.code.Funcs[e.Func].Prefix)
		}
	}
	cuts := t.cuts[section]
	if i := sort.Search(len(cuts), func(i int) bool { return cuts[i] > start }); i < len(cuts) {
		end = min(end, cuts[i])
	}
	return end
}

// Length is how long an alternative's replacement code is; false for any other
// entry, and where it isn't known.
func (t *Tables) Length(e *Entry) (length uint64, ok bool) {
	table := &t.Tables[e.Table]
	if table.Class != Alternatives || table.Whole {
		return 0, false
	}
	return uint64(t.file.Data(table.Section)[uint64(e.Start)+replacementLength(table.size)]), true
}

// Original is where the code ends that an alternative may replace, which begins at
// its place; the place, where that isn't known.
func (t *Tables) Original(e *Entry) (section uint32, end uint64) {
	table := &t.Tables[e.Table]
	if table.Whole {
		return e.Section, uint64(e.Place)
	}
	length := t.file.Data(table.Section)[uint64(e.Start)+replacementLength(table.size)-1]
	return e.Section, uint64(e.Place) + uint64(length)
}

// Warning tells whether an entry of the bug table is of a WARN, behind which code goes
// on: bit 0 of its flags (BUGFLAG_WARNING, include/linux/bug.h).
func (t *Tables) Warning(e *Entry) (warning, ok bool) {
	table := &t.Tables[e.Table]
	if table.Class != BugTable || table.Whole || table.size < 8 {
		return false, false
	}
	flags := table.size - 4 // without a line
	if table.line > 0 {
		flags = table.line + 2
	}
	return t.file.Data(table.Section)[uint64(e.Start)+flags]&1 != 0, true
}

// Callback tells whether an alternative's pointer is to a function that makes the
// replacement when the kernel boots.
func (t *Tables) Callback(e *Entry) bool {
	table := &t.Tables[e.Table]
	if table.Whole {
		return false
	}
	feature := t.file.Data(table.Section)[uint64(e.Start)+featureField:][:2]
	return table.callback != 0 && binary.LittleEndian.Uint16(feature)&table.callback != 0
}

// Line is the line number in an entry of the bug table.
func (t *Tables) Line(e *Entry) (line uint32, ok bool) {
	table := &t.Tables[e.Table]
	if table.line == 0 {
		return 0, false
	}
	field := t.file.Data(table.Section)[uint64(e.Start)+table.line:]
	if t.file.BigEndian() {
		return uint32(binary.BigEndian.Uint16(field)), true
	}
	return uint32(binary.LittleEndian.Uint16(field)), true
}

// ReplacementField is the offset, in an entry of the alternatives, of the
// pointer to the replacement.
const ReplacementField = 4

// featureField is the offset of the feature word.
const featureField = 8

// replacementLength is the offset of the replacement's length: the last byte, but for
// the 13 bytes that end in padlen.
func replacementLength(size uint64) uint64 {
	if size == 14 {
		return 13
	}
	return 11
}

// Target is the place that a relocation in a table refers to, false where it
// is no place of the object. The field's own place doesn't matter: it is the
// field that the value is relative to.
func Target(file *object.File, r object.Reloc) (section uint32, offset uint64, ok bool) {
	s := &file.Symbols[r.Symbol]
	if !s.Defined() {
		return 0, 0, false
	}
	return s.Section, s.Value + uint64(r.Addend), true
}

// fits tells whether offsets in a section fit an Entry.
func fits(s *object.Section) bool { return s.Size <= math.MaxUint32 }

func tooLarge(s *object.Section) error {
	return fmt.Errorf("%w: %s: %d bytes", ErrTable, s.Name(), s.Size)
}

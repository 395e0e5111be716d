// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"slices"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
)

// kind is what a section of data holds.
type kind uint8

const (
	otherData kind = iota
	stringData
	constantData
	readOnlyData
	writableData
)

func kindOf(s *object.Section) kind {
	switch {
	case !s.Allocated() || s.Executable() || s.Type == elf.SHT_NOBITS:
		return otherData
	case s.Flags&elf.SHF_STRINGS != 0 && s.Entsize() > 0:
		return stringData
	case s.Flags&elf.SHF_MERGE != 0 && s.Entsize() > 0:
		return constantData
	case s.Flags&elf.SHF_WRITE == 0, hasAnyPrefix(s.Name(), ".data.rel.ro", ".rodata", ".data..L"), s.Name() == "__tracepoint_str":
		return readOnlyData
	}
	return writableData
}

// datum is what a byte of data belongs to. Those who refer to a place from lo up
// to hi see the byte.
type datum struct {
	lo, hi uint64
	reason string // for code that refers to it; empty for named data
	// book is set where it keeps books for a place in the code: a table
	// refers to it by name, so its content is no part of the table's entry.
	book bool
}

// datumAt finds the datum that a byte belongs to, false where that isn't sure.
func (o *Object) datumAt(section uint32, at uint64) (datum, bool) {
	s, data := &o.file.Sections[section], o.file.Data(section)
	switch kindOf(s) {
	case stringData:
		unit := s.Entsize()
		lo := at - at%unit
		for lo >= unit && !zero(data[lo-unit:lo]) {
			lo -= unit
		}
		return datum{lo: lo, hi: at - at%unit + 1, reason: "strings"}, true
	case constantData:
		lo := at - at%s.Entsize()
		return datum{lo: lo, hi: lo + s.Entsize(), reason: "constants"}, true
	case readOnlyData, writableData:
		return o.symbolDatum(section, at, kindOf(s) == readOnlyData)
	}
	return datum{}, false
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

func (o *Object) symbolDatum(section uint32, at uint64, readOnly bool) (datum, bool) {
	symbols := o.code.SymbolsOf(section)
	if len(symbols) == 0 && o.file.Sections[section].Name() != ".rodata" && o.jumpTableAt(section, at) == nil {
		if !readOnly {
			return datum{}, true
		}
		return o.tableOrConstants(section, 0, o.file.Sections[section].Size), true
	}
	next := sort.Search(len(symbols), func(i int) bool { return o.file.Symbols[symbols[i]].Value > at })
	var found *object.Symbol
	for i := next - 1; i >= 0 && i > next-64; i-- {
		s := &o.file.Symbols[symbols[i]]
		if at-s.Value >= s.Size {
			continue
		}
		if found != nil {
			return datum{}, false // two contain it
		}
		found = s
	}
	if found != nil {
		switch {
		case readOnly && (nameless(found.Name()) || numbered(found.Name())), found.Local() && nameless(found.Name()):
			return o.tableOrConstants(section, found.Value, found.Value+found.Size), true
		case !readOnly && found.Local() && isBook(found):
			return datum{lo: found.Value, hi: found.Value + found.Size, reason: "constants", book: true}, true
		}
		if d := o.tableOrConstants(section, found.Value, found.Value+found.Size); d.reason == "jump-tables" {
			return d, true
		}
		return datum{}, true
	}
	if !readOnly {
		return datum{}, true
	}
	lo, ok := o.lastRef(section, at)
	if !ok {
		return datum{}, true
	}
	if next > 0 {
		// A label between, or the end of what stands before: which of them
		// is meant can't be told from here.
		if before := &o.file.Symbols[symbols[next-1]]; before.Value+before.Size >= lo {
			return datum{}, false
		}
	}
	if t := o.jumpTableAt(section, at); t != nil {
		if t.entries == 0 || at >= t.end() {
			return datum{}, false
		}
		return datum{lo: t.start, hi: t.end(), reason: "jump-tables"}, true
	}
	return o.tableOrConstants(section, lo, lo+1), true
}

// tableOrConstants is a nameless datum: a jump table if it refers to the inside
// of functions.
func (o *Object) tableOrConstants(section uint32, lo, hi uint64) datum {
	d := datum{lo: lo, hi: hi, reason: "constants"}
	relocs := o.file.Relocs(section).Between(lo, hi)
	if relocs.Len() == 0 {
		return d
	}
	r := relocs.At(0)
	if to, at, ok := o.target(r); ok && o.file.Sections[to].Executable() {
		if o.relative(r.Type) {
			at -= r.Offset - lo
		}
		if e := o.innermost(to, at); e != nil && e.Start != at {
			d.reason = "jump-tables"
		}
	}
	return d
}

// nameless tells whether a symbol is a compiler's for data without a name.
func nameless(name string) bool {
	return hasAnyPrefix(name, ".L", ".str", "L__unnamed_", "CSWTCH.", "switch.table.", "__compound_literal.", "__func__.", "__FUNCTION__.", "__PRETTY_FUNCTION__.") ||
		name == "__func__" || name == "__FUNCTION__" || name == "__PRETTY_FUNCTION__" || strings.ContainsAny(name, "\x01\x02")
}

// withoutNumber is a name without the number that ends it.
func withoutNumber(name string) string {
	trimmed := strings.TrimRight(name, "0123456789")
	if stem, ok := strings.CutSuffix(trimmed, "."); ok && stem != "" && trimmed != name {
		return stem
	}
	return name
}

func numbered(name string) bool { return withoutNumber(name) != name }

// isBook tells whether a static keeps the books of one place in the code: gcc
// numbers these, clang puts the function's name in front and numbers only what
// would clash.
func isBook(s *object.Symbol) bool {
	if s.Type() != elf.STT_OBJECT || s.Size == 0 {
		return false
	}
	stem := withoutNumber(s.Name())
	if dot := strings.LastIndexByte(stem, '.'); dot >= 0 {
		stem = stem[dot+1:]
	}
	if strings.HasPrefix(stem, "__UNIQUE_ID_ddebug") {
		return true
	}
	switch stem {
	case "__already_done", "__warned", "__key", "_rs", "descriptor", "_entry":
		return stem != s.Name()
	}
	return false
}

// spot is a datum on the way from a byte to the functions that use it.
type spot struct {
	section uint32
	lo      uint64
}

// usersOf is the functions that a byte of data is part of, and the reasons they
// must be reported for when it changes; false where it isn't sure. Perhaps is those
// that may use it by an address that is lost from sight.
func (o *Object) usersOf(section uint32, at uint64) (w map[int]Reasons, perhaps []int, ok bool) {
	u := users{want: map[int]Reasons{}, seen: map[spot]bool{}}
	ok = o.collect(&u, section, at)
	return u.want, o.unseen(&u), ok
}

// users is who a byte of data is part of: functions with the reasons, and named data.
type users struct {
	want    map[int]Reasons
	data    []Datum
	unnamed bool // data that have no name, and that nothing refers to
	seen    map[spot]bool
}

// unseen is the functions that may use the data by an address that is lost from sight.
func (o *Object) unseen(u *users) []int {
	var perhaps []int
	for s := range u.seen {
		for fn := range o.lost[s.section] {
			if u.want[fn] == nil && !slices.Contains(perhaps, fn) {
				perhaps = append(perhaps, fn)
			}
		}
	}
	return perhaps
}

// maxUsers bounds how many references are followed for one byte.
const maxUsers = 2000

func (o *Object) collect(u *users, section uint32, at uint64) bool {
	d, ok := o.datumAt(section, at)
	if ok && d.reason == "" {
		o.addNamed(u, section, at)
	}
	if !ok || d.reason == "" || u.seen[spot{section, d.lo}] {
		return ok
	}
	u.seen[spot{section, d.lo}] = true
	return o.collectRefs(u, section, &d)
}

// collectRefs adds the users of a datum.
func (o *Object) collectRefs(u *users, section uint32, d *datum) bool {
	refs := o.refsIn(section, d.lo, d.hi)
	if len(refs) > maxUsers || len(u.seen) > maxUsers {
		return false
	}
	for _, r := range refs {
		if !o.user(u, r, d) {
			return false
		}
	}
	return true
}

// addNamed adds the named datum that a byte is of.
func (o *Object) addNamed(u *users, section uint32, at uint64) {
	for _, i := range o.code.SymbolsOf(section) {
		if s := &o.file.Symbols[i]; s.Value <= at && at-s.Value < s.Size {
			u.data = append(u.data, Datum{o.file.Sections[section].Name(), s.Name()})
			return
		}
	}
	u.unnamed = true
}

// user adds the functions that one reference makes users.
func (o *Object) user(u *users, r ref, d *datum) bool {
	reason := d.reason
	s := &o.file.Sections[r.from]
	if t := o.tables[r.from]; t != nil {
		e := t.entryOf(r.field)
		if e == nil || len(e.owners) == 0 {
			return false
		}
		if !d.book {
			reason = e.reason
		}
		for _, x := range e.owners {
			add(u.want, x, reason)
		}
		return true
	}
	if !s.Executable() {
		return o.collect(u, r.from, r.field)
	}
	owners := o.owners(r.from, r.field)
	if s.Name() == auxSection {
		owners, reason = o.auxOf(r.field), "alternatives"
	} else if len(owners) == 0 {
		owners, reason = o.replacedBy(r.from, r.field), "alternatives"
	}
	for _, x := range owners {
		add(u.want, x, reason)
	}
	return len(owners) > 0
}

// SPDX-License-Identifier: MIT

package mutate

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"
	"strings"
)

// table is a section of entries about code, each about the first place in code
// that it refers to.
type table struct {
	section uint32
	reason  string
	size    uint64 // of an entry
	// fromStart is set where fields count from the entry's start: struct
	// bug_entry before Linux 5.18 (__BUG_REL, arch/x86/include/asm/bug.h).
	fromStart bool
	entries   []entry
}

// entry is where an entry starts, what place it is about, and the functions
// there.
type entry struct {
	start   uint64
	section uint32
	place   uint64
	owners  []owner
	reason  string
	placeAt int // the relocation of the place
}

// tableReasons are the tables with a reason of their own, and the sizes that
// entries can have; other tables are special.
var tableReasons = map[string]struct {
	reason string
	sizes  []uint64
}{
	".altinstructions":             {"alternatives", []uint64{14, 13, 12}},
	"__ex_table":                   {"exception-table", []uint64{12, 8}},
	"__kvm_ex_table":               {"exception-table", []uint64{12, 8}},
	"__bug_table":                  {"bug-table", []uint64{16, 12, 8}},
	"__jump_table":                 {"jump-labels", []uint64{16, 24}},
	".static_call_sites":           {"static-calls", []uint64{8}},
	"__mcount_loc":                 {"tracing", []uint64{8}},
	"__patchable_function_entries": {"tracing", []uint64{8}},
}

const (
	replacementSection = ".altinstr_replacement"
	auxSection         = ".altinstr_aux"
)

// isDerived tells whether the section is made from the code, or gone at run
// time.
func isDerived(name string) bool {
	switch name {
	case ".retpoline_sites", ".return_sites", ".call_sites", ".cfi_sites", ".ibt_endbr_seal", ".hyp.reloc", ".eh_frame", ".sframe":
		return true
	}
	return hasAnyPrefix(name, ".orc_", ".discard.", ".debug_", ".BTF")
}

// isPlain tells whether a section that points into functions is no table.
func isPlain(name string) bool {
	return hasAnyPrefix(name, ".data", ".rodata", ".init.data", ".init.rodata", ".ref.", ".export_symbol")
}

func hasAnyPrefix(name string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// isSpecial tells whether a table is one by its name.
func isSpecial(name string) bool {
	switch name {
	case ".parainstructions", ".smp_locks", ".kcfi_traps", "_kprobe_blacklist", "_error_injection_whitelist":
		return true
	}
	return hasAnyPrefix(name, "runtime_ptr_", "runtime_shift_", "runtime_mask_")
}

// findTables reads the layout of each table: how many of its relocations are
// entries' places says how large an entry is.
func (o *Object) findTables() {
	o.tables = map[uint32]*table{}
	for i := range o.file.Sections {
		s := &o.file.Sections[i]
		if !s.Allocated() || s.Executable() || s.Type == elf.SHT_NOBITS || isDerived(s.Name()) || isPlain(s.Name()) {
			continue
		}
		known := tableReasons[s.Name()]
		if known.reason == "" && !isSpecial(s.Name()) && !o.pointsInside(uint32(i)) {
			continue
		}
		t := &table{section: uint32(i), reason: cmp.Or(known.reason, "special:"+s.Name())}
		if t.size = o.entrySize(t, known.sizes); t.size == 0 {
			continue
		}
		t.fromStart = known.reason == "bug-table" && o.countsFromStart(t)
		o.readEntries(t)
		o.tables[t.section] = t
	}
}

// pointsInside tells whether a section refers to the inside of a function.
func (o *Object) pointsInside(section uint32) bool {
	relocs := o.file.Relocs(section)
	for i := range relocs.Len() {
		to, at, ok := o.target(relocs.At(i))
		if !ok || !o.file.Sections[to].Executable() {
			continue
		}
		if e := o.innermost(to, at); e != nil && e.Start != at {
			return true
		}
	}
	return false
}

// entrySize is the size at which each entry begins with a place in code, 0
// where there is none. The last entry may lack padding.
func (o *Object) entrySize(t *table, sizes []uint64) uint64 {
	s, relocs := &o.file.Sections[t.section], o.file.Relocs(t.section)
	known := sizes != nil
	if !known {
		sizes = []uint64{4, 8, 16, 24, 32}
	}
	for _, size := range sizes {
		ok, next := relocs.Len() > 0, uint64(0)
		for i := range relocs.Len() {
			if relocs.Offset(i) < next {
				continue
			}
			to, _, defined := o.target(relocs.At(i))
			ok = ok && relocs.Offset(i) == next && defined && o.file.Sections[to].Executable()
			next += size
		}
		if ok && (next == s.Size || !known && next > s.Size && next-s.Size < 8) {
			return size
		}
	}
	return 0
}

// countsFromStart tells whether the place of an entry and its file count from
// one point: the file's string begins where the field's distance is taken off.
func (o *Object) countsFromStart(t *table) bool {
	if t.size != 12 {
		return false
	}
	starts, whole := 0, 0
	relocs := o.file.Relocs(t.section)
	for i := range relocs.Len() {
		r := relocs.At(i)
		section, at, ok := o.target(r)
		if r.Offset%t.size != 4 || !ok || o.file.Sections[section].Executable() {
			continue
		}
		data := o.file.Data(section)
		begins := func(at uint64) bool { return at < uint64(len(data)) && (at == 0 || data[at-1] == 0) }
		if begins(at) {
			whole++
		}
		if begins(at - 4) {
			starts++
		}
	}
	return starts > whole
}

func (o *Object) readEntries(t *table) {
	relocs, next := o.file.Relocs(t.section), uint64(0)
	for i := range relocs.Len() {
		r := relocs.At(i)
		if r.Offset < next {
			continue
		}
		section, place, _ := o.target(r)
		t.entries = append(t.entries, entry{
			start: next, section: section, place: place,
			owners: o.ownersOrBehind(section, place), reason: t.reason, placeAt: i,
		})
		next += t.size
	}
}

// entryOf is the entry that holds an offset of the table.
func (t *table) entryOf(offset uint64) *entry {
	if i := offset / t.size; i < uint64(len(t.entries)) {
		return &t.entries[i]
	}
	return nil
}

// replaced is the code that replaces that of some functions.
type replaced struct {
	section    uint32
	start, end uint64
	owners     []owner
}

// findReplaced finds the replacement code of each alternative, and gives what
// tables say of it to the functions it replaces code of.
func (o *Object) findReplaced() {
	for _, t := range o.tables {
		if t.reason != "alternatives" {
			continue
		}
		for i := range t.entries {
			e := &t.entries[i]
			n := o.replacementLength(t, e)
			r := o.relocAt(t.section, e.start+4)
			if n == 0 || r < 0 {
				continue
			}
			if section, at, ok := o.target(o.file.Relocs(t.section).At(r)); ok {
				o.replaced = append(o.replaced, replaced{section, at, at + n, e.owners})
			}
		}
	}
	slices.SortFunc(o.replaced, func(a, b replaced) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.start, b.start))
	})
	for _, t := range o.tables {
		for i := range t.entries {
			e := &t.entries[i]
			if len(o.owners(e.section, e.place)) > 0 {
				continue
			}
			if owners := o.replacedBy(e.section, e.place); len(owners) > 0 {
				e.owners, e.reason = owners, "alternatives"
			}
		}
	}
}

// replacementLength is how much code an alternative's replacement has.
func (o *Object) replacementLength(t *table, e *entry) uint64 {
	at := uint64(11)
	if t.size == 14 {
		at = 13
	}
	return uint64(o.file.Data(t.section)[e.start+at])
}

// replacedBy is the functions whose code a place in replacement code replaces.
func (o *Object) replacedBy(section uint32, at uint64) []owner {
	var list []owner
	i := sort.Search(len(o.replaced), func(i int) bool {
		r := &o.replaced[i]
		return r.section > section || r.section == section && r.start > at
	}) - 1
	for ; i >= 0 && o.replaced[i].section == section && o.replaced[i].start+256 > at; i-- {
		if at < o.replaced[i].end {
			list = append(list, o.replaced[i].owners...)
		}
	}
	return list
}

// auxRef is a reference to code in .altinstr_aux, the slow half of an
// alternative's jump.
type auxRef struct {
	at    uint64
	from  uint32
	field uint64
}

// auxOf is the functions that a place in .altinstr_aux belongs to: those that
// refer to it, or to the nearest place before it.
func (o *Object) auxOf(at uint64) []owner {
	i := sort.Search(len(o.aux), func(i int) bool { return o.aux[i].at > at }) - 1
	var list []owner
	for n := i; n >= 0 && o.aux[n].at == o.aux[i].at; n-- {
		if o.file.Sections[o.aux[n].from].Executable() {
			for _, x := range o.owners(o.aux[n].from, o.aux[n].field) {
				list = append(list, owner{fn: x.fn})
			}
		}
	}
	return list
}

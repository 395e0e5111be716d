// SPDX-License-Identifier: MIT

package mutate

import (
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// The relocation of an entry's place, which says what code the entry is about, may be
// gone (of type NONE), and then the entry is about nothing; or of a kind that isn't the
// table's usual one.

// anyTable stands for the tables about code that have no name here.
const anyTable = "another table"

// aboutCode is the tables about code by their sections; a * stands for the rest of a name.
var aboutCode = [...]string{
	"__mcount_loc", "__patchable_function_entries", "__ex_table", "__kvm_ex_table", "__bug_table", "__jump_table",
	".static_call_sites", ".altinstructions", ".parainstructions", ".smp_locks", ".kcfi_traps",
	"runtime_*", "_kprobe_blacklist", "_error_injection_whitelist", anyTable,
}

// ofNames is the tables that only name functions and variables.
var ofNames = [...]string{".initcall*", ".export_symbol*", "__ksymtab*"}

func matches(section, pattern string) bool {
	prefix, ok := strings.CutSuffix(pattern, "*")
	return section == pattern || ok && strings.HasPrefix(section, prefix)
}

// placeClasses is what may become of the places of each table.
func placeClasses() []class {
	var list []class
	for _, name := range aboutCode {
		list = append(list,
			class{"NONE in " + name, entriesIn(name), lostPlace},
			class{"other kind in " + name, entriesIn(name), otherKind})
	}
	for _, name := range ofNames {
		list = append(list,
			class{"NONE in " + name, namesIn(name), lostName},
			class{"other kind in " + name, namesIn(name), otherKindOfName})
	}
	return append(list, class{"NONE in .altinstructions' pointer", entries("alternatives"), lostPointer})
}

// entriesIn is the entries of the tables of a name.
func entriesIn(name string) func(o *Object) []seed {
	return func(o *Object) []seed {
		return slices.DeleteFunc(entries("")(o), func(s seed) bool {
			section := o.file.Sections[s.section].Name()
			if name == anyTable {
				return slices.ContainsFunc(aboutCode[:], func(known string) bool { return matches(section, known) })
			}
			return !matches(section, name)
		})
	}
}

// gone says that an entry is about nothing any more.
func (o *Object) gone(s seed, sites []Site) []Site {
	t, e := o.entry(s)
	sites = o.elsewhereTo(sites)
	for i := range sites {
		x := &sites[i]
		switch in := o.instruction(e.section, e.place); {
		case in != nil && in.Kind == decode.Nop && !o.described(e):
			// It is none of the instructions any more that places are counted by.
			x.May = []string{"*"}
		case len(o.refsIn(t.section, 0, o.file.Sections[t.section].Size)) > 0:
			// Those of the function's own entries that come behind have other numbers.
			x.May = append(slices.Clone(x.May), "references")
		}
		if t.reason == "jump-labels" || t.reason == "static-calls" {
			// Keys of one name are numbered, and one that keeps books is seen
			// through its entry alone.
			x.May = append(slices.Clone(x.May), "references", "constants", "cold")
		}
		for _, r := range o.refsIn(t.section, e.start, e.start+t.size) {
			for _, user := range o.owners(r.from, r.field) {
				if x.Want[user.fn] == nil {
					x.Perhaps = append(x.Perhaps, user.fn)
				}
			}
		}
	}
	return sites
}

func lostPlace(o *Object, s seed) []Site {
	t, e := o.entry(s)
	if isUnknown(o.file.Sections[t.section].Name()) && !o.othersInside(t, e) {
		return nil // it would be no table
	}
	sites := o.gone(s, o.entrySite(t, e, o.withType(t.section, e.placeAt, o.none)))
	for i := range sites {
		sites[i].Orphan = o.orphaned(t, e)
	}
	return sites
}

// isUnknown tells whether a section is a table for what it points at alone.
func isUnknown(section string) bool {
	return tableReasons[section].reason == "" && !isSpecial(section)
}

// othersInside tells whether another entry of a table is about the inside of a function.
func (o *Object) othersInside(t *table, e *entry) bool {
	return slices.ContainsFunc(t.entries, func(x entry) bool {
		inner := o.innermost(x.section, x.place)
		return x.start != e.start && inner != nil && inner.Start != x.place
	})
}

// lostPointer takes from an alternative the pointer to its replacement code.
func lostPointer(o *Object, s seed) []Site {
	t, e := o.entry(s)
	i := o.relocAt(t.section, e.start+4)
	data := o.file.Data(t.section)[e.start:]
	if i < 0 || o.replacementLength(t, e) == 0 && (t.size != 12 || data[9]&0x80 == 0 || !o.pairs) {
		return nil
	}
	sites := o.gone(s, o.entrySite(t, e, o.withType(t.section, i, o.none)))
	for i := range sites {
		sites[i].Orphan = o.orphaned(t, e)
	}
	return sites
}

// emptyPointer takes the pointer from an alternative without replacement code, where it
// means nothing.
func emptyPointer(o *Object, s seed) []Site {
	t, e := o.entry(s)
	i := o.relocAt(t.section, e.start+4)
	if i < 0 || o.pairs || o.replacementLength(t, e) > 0 {
		return nil
	}
	return []Site{{At: o.at(t.section, e.start), Edits: []Edit{o.withType(t.section, i, o.none)}}}
}

// orphaned is the section of the code that an alternative no longer replaces others by,
// empty where that is no more than padding, or another one's as well.
func (o *Object) orphaned(t *table, e *entry) string {
	if t.reason != "alternatives" {
		return ""
	}
	n, i := o.replacementLength(t, e), o.relocAt(t.section, e.start+4)
	if n == 0 || i < 0 {
		return ""
	}
	section, start, ok := o.target(o.file.Relocs(t.section).At(i))
	if !ok {
		return ""
	}
	code := false
	o.instructions(section, start, start+n, func(_ uint64, in *decode.Inst) bool {
		code = code || in.Kind != decode.Nop
		return !code
	})
	sharing := 0
	for _, r := range o.replaced {
		if r.section == section && r.start < start+n && start < r.end {
			sharing++
		}
	}
	if !code || sharing > 1 {
		return ""
	}
	return o.file.Sections[section].Name()
}

func otherKind(o *Object, s seed) []Site {
	t, e := o.entry(s)
	typ, ok := o.otherType(o.file.Relocs(t.section).Type(e.placeAt))
	if !ok {
		return nil
	}
	return o.entrySite(t, e, o.withType(t.section, e.placeAt, typ))
}

// withType makes a relocation one of another type.
func (o *Object) withType(section uint32, i int, typ uint32) Edit {
	r := o.file.Relocs(section).At(i)
	r.Type = typ
	return o.recordEdit(section, i, r)
}

// namesIn is the relocations of the tables of names whose section is so called.
func namesIn(name string) func(o *Object) []seed {
	return func(o *Object) []seed {
		var list []seed
		for i := range o.file.Sections {
			s := &o.file.Sections[i]
			if !s.Allocated() || !matches(s.Name(), name) || o.tables[uint32(i)] != nil {
				continue
			}
			relocs := o.file.Relocs(uint32(i))
			for n := range relocs.Len() {
				r := relocs.At(n)
				if _, ok := o.named(r); ok {
					list = append(list, seed{uint32(i), r.Offset, n})
				}
			}
		}
		return list
	}
}

// named is what a field of a table of names names: a function or variable by name, or
// what stands at the place.
func (o *Object) named(r object.Reloc) (string, bool) {
	s := &o.file.Symbols[r.Symbol]
	if s.Name() != "" && s.Size > 0 || s.Section == object.SectionUndef {
		return s.Name(), s.Name() != ""
	}
	section, at, ok := o.target(r)
	if !ok {
		return "", false
	}
	for _, i := range o.code.SymbolsOf(section) {
		if x := &o.file.Symbols[i]; x.Value == at && x.Size > 0 {
			return x.Name(), true
		}
	}
	if x := o.innermost(section, at); x != nil && x.Start == at {
		return o.code.Name(x.Symbol), true
	}
	return "", false
}

func lostName(o *Object, s seed) []Site { return o.nameSite(s, o.none) }

func otherKindOfName(o *Object, s seed) []Site {
	typ, ok := o.otherType(o.file.Relocs(s.section).Type(s.n))
	if !ok {
		return nil
	}
	return o.nameSite(s, typ)
}

// nameSite changes the type of a name's relocation: the list of data must have it.
func (o *Object) nameSite(s seed, typ uint32) []Site {
	name, _ := o.named(o.file.Relocs(s.section).At(s.n))
	return []Site{{
		At: o.at(s.section, s.at) + " names " + name, Edits: []Edit{o.withType(s.section, s.n, typ)},
		Data: []Datum{{o.file.Sections[s.section].Name(), name}},
	}}
}

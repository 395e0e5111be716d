// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// Labels are symbols without a size: entry points of assembly routines, which are part of
// the function that they stand in.

// labels is the global and weak symbols without a size in the functions.
func labels(o *Object) []seed {
	var list []seed
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if o.isLabel(s) && !s.Local() && !marksRange(s.Name()) && o.inCode(s.Section, s.Value) {
			list = append(list, seed{s.Section, s.Value, i})
		}
	}
	return list
}

// isLabel tells whether a symbol is one without a size in code.
func (o *Object) isLabel(s *object.Symbol) bool {
	return s.Size == 0 && s.Name() != "" && s.Type() != elf.STT_SECTION && s.Defined() && o.file.Sections[s.Section].Executable()
}

// marksRange tells whether a label says where something starts or ends, and so belongs to
// nothing that happens to stand there: include/asm-generic/sections.h, and
// HYP_SECTION_SYMBOL_NAME in arch/arm64/include/asm/hyp_image.h.
func marksRange(name string) bool {
	return strings.HasSuffix(name, "_start") || strings.HasSuffix(name, "_end") || strings.Contains(name, "__hyp_section_")
}

// inCode tells whether a place is one of an instruction in a function.
func (o *Object) inCode(section uint32, at uint64) bool {
	_, data := o.inlineAt(section, at)
	return !data && len(o.owners(section, at)) > 0
}

// byPlace lets those be reported who refer to a place otherwise than by a name: what
// stands there has another name, or none, when a label moves.
func (o *Object) byPlace(site *Site, section uint32, at uint64) {
	if o.places == nil {
		o.findPlaces()
	}
	for _, x := range o.places[owned{section, at}] {
		if site.Want[x.fn] == nil {
			site.Perhaps = append(site.Perhaps, x.fn)
		} else {
			// Where instructions differ, places aren't compared.
			site.Any = append(slices.Clone(anyReason), "labels")
		}
	}
}

// findPlaces finds who refers to places in code otherwise than by a name: by branches that
// the assembler resolved, and by symbols elsewhere.
func (o *Object) findPlaces() {
	o.places = map[owned][]owner{}
	refer := func(from uint32, field uint64, section uint32, at uint64) {
		owners := o.owners(from, field)
		if len(owners) == 0 {
			owners = o.replacedBy(from, field)
		}
		if t := o.tables[from]; t != nil {
			if e := t.entryOf(field); e != nil {
				owners = e.owners
			}
		}
		o.places[owned{section, at}] = append(o.places[owned{section, at}], owners...)
	}
	branches := func(section uint32, start, end uint64) {
		o.instructions(section, start, end, func(at uint64, in *decode.Inst) bool {
			if in.PC.Len > 0 && !o.relocated(section, at+uint64(in.PC.Off)) {
				refer(section, at, section, at+uint64(in.PCRel))
			}
			return true
		})
	}
	for i := range o.code.Extents {
		e := &o.code.Extents[i]
		branches(e.Section, e.Start, e.End)
	}
	for _, r := range o.replaced {
		branches(r.section, r.start, r.end)
	}
	relocated := func(from uint32, r object.Reloc, end int64) {
		s := &o.file.Symbols[r.Symbol]
		section, at, ok := o.target(r)
		if at += uint64(end); ok && o.file.Sections[section].Executable() && (at != s.Value || s.Local()) {
			refer(from, r.Offset, section, at)
		}
	}
	for i := range o.code.Extents {
		e := &o.code.Extents[i]
		o.relocsOfPart(e, func(_ int, r object.Reloc, at uint64, in *decode.Inst) { relocated(e.Section, r, o.end(r, at, in)) })
	}
	for i := range o.file.Sections {
		from, s := uint32(i), &o.file.Sections[i]
		if !s.Allocated() || isDerived(s.Name()) {
			continue
		}
		relocs, t := o.file.Relocs(from), o.tables[from]
		for n := range relocs.Len() {
			r := relocs.At(n)
			switch {
			case s.Executable() && o.innermost(from, r.Offset) != nil, t != nil && t.isPlaceField(n):
			case s.Executable():
				relocated(from, r, o.end(r, 0, nil))
			default:
				relocated(from, r, 0)
			}
		}
	}
}

// isPlaceField tells whether a relocation of a table is that of an entry's place.
func (t *table) isPlaceField(reloc int) bool {
	return slices.ContainsFunc(t.entries, func(e entry) bool { return e.placeAt == reloc })
}

// movedLabel moves a label to another instruction of the function.
func movedLabel(o *Object, s seed) []Site {
	label := &o.file.Symbols[s.n]
	other, ok := o.otherPlace(s.section, s.at)
	if !ok {
		return nil
	}
	site := Site{
		At: label.Name() + " to " + o.at(s.section, other), Edits: []Edit{o.valueEdit(s.n, other)},
		Want: want(o.owners(s.section, s.at), "labels"),
	}
	for _, t := range o.tablesThatName(s.n) {
		for fn := range site.Want {
			site.Want[fn][t.reason] = true
		}
	}
	o.byPlace(&site, s.section, s.at)
	o.byPlace(&site, s.section, other)
	return []Site{site}
}

// tablesThatName is the tables with entries whose places are written by the name of a
// symbol.
func (o *Object) tablesThatName(symbol int) []*table {
	var list []*table
	for _, t := range o.tables {
		relocs := o.file.Relocs(t.section)
		if slices.ContainsFunc(t.entries, func(e entry) bool { return relocs.Symbol(e.placeAt) == uint32(symbol) }) {
			list = append(list, t)
		}
	}
	return list
}

// swappedLabels gives a label the value of the next one in its section that stands at
// another instruction, and that one its own.
func swappedLabels(o *Object, s seed) []Site {
	all := labels(o)
	for i := range all {
		other := all[i]
		if other.section != s.section || other.n <= s.n || o.samePlace(s.section, s.at, other.at) {
			continue
		}
		site := Site{
			At:    o.file.Symbols[s.n].Name() + " and " + o.file.Symbols[other.n].Name(),
			Edits: []Edit{o.valueEdit(s.n, other.at), o.valueEdit(other.n, s.at)},
			Want:  want(o.owners(s.section, s.at), "labels"),
		}
		for _, x := range o.owners(s.section, other.at) {
			add(site.Want, x, "labels")
		}
		for _, t := range slices.Concat(o.tablesThatName(s.n), o.tablesThatName(other.n)) {
			site.May = append(site.May, t.reason) // of one function the places are the same ones
		}
		o.byPlace(&site, s.section, s.at)
		o.byPlace(&site, s.section, other.at)
		return []Site{site}
	}
	return nil
}

// samePlace tells whether two places are one in canonical form: nothing but NOPs stands
// between.
func (o *Object) samePlace(section uint32, a, b uint64) bool {
	if size := o.file.Sections[section].Size; a > size || b > size {
		return a == b
	}
	a, b = min(a, b), max(a, b)
	same := true
	o.instructions(section, a, b, func(_ uint64, in *decode.Inst) bool {
		same = in.Kind == decode.Nop
		return same
	})
	return same
}

// rangeMarks is the symbols without a size in functions that mark ranges.
func rangeMarks(o *Object) []seed {
	var list []seed
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if o.isLabel(s) && !s.Local() && marksRange(s.Name()) && o.inCode(s.Section, s.Value) {
			list = append(list, seed{s.Section, s.Value, i})
		}
	}
	return list
}

// movedMark moves such a one to another instruction of the function: it is none of it.
func movedMark(o *Object, s seed) []Site {
	sites := movedLabel(o, s)
	for i := range sites {
		sites[i].Want, sites[i].Perhaps, sites[i].Any = nil, nil, nil
	}
	return sites
}

// localLabels is the local symbols without a size in functions that code refers to by
// name.
func localLabels(o *Object) []seed {
	var list []seed
	seen := map[uint32]bool{}
	for i := range o.file.Sections {
		if s := &o.file.Sections[i]; !s.Allocated() || !s.Executable() {
			continue
		}
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			symbol := relocs.Symbol(n)
			s := &o.file.Symbols[symbol]
			if !seen[symbol] && s.Local() && o.isLabel(s) {
				seen[symbol] = true
				list = append(list, seed{s.Section, s.Value, int(symbol)})
			}
		}
	}
	return list
}

// movedLocalLabel moves one to another instruction: whoever refers to it, refers to
// another place.
func movedLocalLabel(o *Object, s seed) []Site {
	other, ok := o.otherPlace(s.section, s.at)
	if !ok {
		return nil
	}
	site := Site{
		At: o.file.Symbols[s.n].Name() + " to " + o.at(s.section, other), Edits: []Edit{o.valueEdit(s.n, other)},
		Any: []string{"instructions", "references"}, Want: map[int]Reasons{},
	}
	for i := range o.file.Sections {
		if !o.file.Sections[i].Allocated() || isDerived(o.file.Sections[i].Name()) {
			continue
		}
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			if relocs.Symbol(n) != uint32(s.n) {
				continue
			}
			owners := o.owners(uint32(i), relocs.Offset(n))
			if len(owners) == 0 {
				return nil
			}
			for _, x := range owners {
				add(site.Want, x, "references")
			}
		}
	}
	return []Site{site}
}

// valueEdit gives a symbol another value.
func (o *Object) valueEdit(symbol int, value uint64) Edit {
	table, _ := o.symbolTable()
	at := o.file.Sections[table].Offset + uint64(symbol)*symbolSize + symbolValue
	return Edit{at, binary.LittleEndian.AppendUint64(nil, value)}
}

const symbolValue = 8 // st_value in Elf64_Sym

// absolutes is the absolute symbols that are referred to.
func absolutes(o *Object) []seed {
	var list []seed
	seen := map[uint32]bool{}
	for i := range o.file.Sections {
		if s := &o.file.Sections[i]; !s.Allocated() || isDerived(s.Name()) {
			continue
		}
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			symbol := relocs.Symbol(n)
			if s := &o.file.Symbols[symbol]; !seen[symbol] && s.Section == object.SectionAbs && s.Type() != elf.STT_FILE {
				seen[symbol] = true
				list = append(list, seed{n: int(symbol)})
			}
		}
	}
	return list
}

// absoluteValue adds one to the value of an absolute symbol: whoever refers to it
// changes.
func absoluteValue(o *Object, s seed) []Site {
	symbol := &o.file.Symbols[s.n]
	site := Site{
		At: symbol.Name(), Edits: []Edit{o.valueEdit(s.n, symbol.Value+1)}, Want: map[int]Reasons{},
	}
	for i := range o.file.Sections {
		section := &o.file.Sections[i]
		if !section.Allocated() || isDerived(section.Name()) {
			continue
		}
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			if relocs.Symbol(n) == uint32(s.n) && !o.refersToValue(&site, uint32(i), relocs.Offset(n)) {
				return nil
			}
		}
	}
	return []Site{site}
}

// refersToValue adds those whose field refers to an absolute symbol, false where it isn't
// sure who that is.
func (o *Object) refersToValue(site *Site, section uint32, field uint64) bool {
	if !o.file.Sections[section].Executable() {
		if t := o.tables[section]; t != nil {
			e := t.entryOf(field)
			if e == nil || len(e.owners) == 0 {
				return false
			}
			for _, x := range e.owners {
				add(site.Want, x, e.reason)
			}
			return true
		}
		users, perhaps, ok := o.usersOf(section, field)
		for fn, reasons := range users {
			for r := range reasons {
				add(site.Want, owner{fn: fn}, r)
			}
		}
		site.Perhaps = append(site.Perhaps, perhaps...)
		return ok
	}
	owners, reason := o.owners(section, field), "references"
	if len(owners) == 0 {
		owners, reason = o.replacedBy(section, field), "alternatives"
	}
	if len(owners) == 0 {
		owners, reason = o.prefixOf(section, field), "cfi"
	}
	for _, x := range owners {
		add(site.Want, x, reason)
	}
	return len(owners) > 0
}

// prefixOf is the functions whose prefix holds a place: up to 16 bytes of it and NOPs
// stand between.
func (o *Object) prefixOf(section uint32, at uint64) []owner {
	extents, _ := o.code.ExtentsOf(section)
	for i := range extents {
		e := &extents[i]
		if e.Start <= at || e.Part > 0 {
			continue
		}
		if hash, ok := o.kcfi(o, e); ok && hash == at {
			return o.owners(section, e.Start)
		}
		return nil
	}
	return nil
}

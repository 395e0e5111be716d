// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
)

// Constants of hand-written code have a label without a size; how far they go is told by
// what stands behind, and by who refers to that.

// constantLabels is the labels without a size in data that nothing writes, alone at their
// place.
func constantLabels(o *Object) []seed {
	var list []seed
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if o.isConstantLabel(s) && !marksRange(s.Name()) && o.aloneAt(i) {
			list = append(list, seed{s.Section, s.Value, i})
		}
	}
	return list
}

func (o *Object) isConstantLabel(s *object.Symbol) bool {
	_, mapping := isMapping(s.Name())
	return !mapping && s.Defined() && s.Size == 0 && s.Type() == elf.STT_NOTYPE && s.Name() != "" && !nameless(s.Name()) &&
		kindOf(&o.file.Sections[s.Section]) == readOnlyData && o.tables[s.Section] == nil
}

// aloneAt tells whether no other symbol stands at the place of one, contains it or ends
// there.
func (o *Object) aloneAt(symbol int) bool {
	s := &o.file.Symbols[symbol]
	return !slices.ContainsFunc(o.code.SymbolsOf(s.Section), func(i uint32) bool {
		x := &o.file.Symbols[i]
		return int(i) != symbol && x.Value <= s.Value && s.Value-x.Value <= x.Size && (x.Size > 0 || x.Value == s.Value)
	})
}

// labelConstants changes the first and the last byte behind a label.
func labelConstants(o *Object, s seed) []Site {
	label := &o.file.Symbols[s.n]
	loads := map[uint32][]owner{} // by the section of code
	site := Site{}
	for _, r := range o.refsIn(s.section, s.at, s.at+1) {
		from := &o.file.Sections[r.from]
		owners := o.owners(r.from, r.field)
		switch {
		case !label.Local() && !o.globals && !o.refersBy(r, s.n):
			return nil // by the section: it may mean data without a name
		case len(owners) > 0:
			loads[r.from] = append(loads[r.from], owners...)
		case from.Executable():
			return nil
		default:
			// Perhaps as a part of data that a function uses.
			behind := map[int]Reasons{}
			u := users{want: behind, seen: map[spot]bool{}}
			if !o.collect(&u, r.from, r.field) {
				return nil
			}
			for fn := range u.want {
				site.Perhaps = append(site.Perhaps, fn)
			}
		}
	}
	data := o.file.Data(s.section)
	at := map[uint64]bool{}
	for from := range loads {
		if end := o.constantsEnd(s, from); end > s.at {
			at[s.at], at[end-1] = true, true
		}
	}
	var list []Site
	for place := range at {
		if o.relocated(s.section, place) || data[place]^1 == 0 {
			continue
		}
		x := site
		x.At, x.Edits = label.Name()+" "+o.at(s.section, place), []Edit{o.flip(s.section, place)}
		x.Want = map[int]Reasons{}
		for from, owners := range loads {
			if o.constantsEnd(s, from) > place {
				for _, y := range owners {
					add(x.Want, y, "constants")
				}
			}
		}
		if last, _ := o.lastRef(s.section, place); last > s.at { // of nameless data as well
			u := users{want: x.Want, seen: map[spot]bool{}}
			if !o.collectRefs(&u, s.section, &datum{lo: last, hi: last + 1, reason: "constants"}) {
				continue
			}
		}
		x.Perhaps = slices.DeleteFunc(slices.Clone(x.Perhaps), func(fn int) bool { return x.Want[fn] != nil })
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Site) int { return strings.Compare(a.At, b.At) })
	return list
}

// refersBy tells whether a reference is written by the name of a symbol.
func (o *Object) refersBy(r ref, symbol int) bool {
	relocs := o.file.Relocs(r.from).Between(r.field, r.field+1)
	return relocs.Len() > 0 && relocs.Symbol(0) == uint32(symbol)
}

// constantsEnd is where the constants behind a label end for code in a section: at the next
// symbol, or at the first place that only other sections refer to. Zeros at the end are
// padding.
func (o *Object) constantsEnd(label seed, from uint32) uint64 {
	data := o.file.Data(label.section)
	end := uint64(len(data))
	symbols := o.code.SymbolsOf(label.section)
	next := sort.Search(len(symbols), func(i int) bool { return o.file.Symbols[symbols[i]].Value > label.at })
	if next < len(symbols) {
		end = min(end, o.file.Symbols[symbols[next]].Value)
	}
	refs := o.refsIn(label.section, label.at+1, math.MaxUint64)
	for i := 0; i < len(refs) && refs[i].at < end; {
		at, own := refs[i].at, false
		for ; i < len(refs) && refs[i].at == at; i++ {
			own = own || refs[i].from == from
		}
		if !own {
			end = at
		}
	}
	for end > label.at && data[end-1] == 0 && !o.relocated(label.section, end-1) {
		end--
	}
	return end
}

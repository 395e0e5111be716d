// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"debug/elf"
	"maps"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/object"
)

// What a comparison of two objects at hand knows more than one of two
// manifests: which functions and variables refer to which, by symbol and not by
// name (section 9 of docs/canonical-form.md).

// Rename makes the canonical form call symbols, which are given by their
// indices in the symbol table, by other names than their normal ones. No two
// symbols of the object may share such a name. A NUL in it, which no symbol's own
// name can have, isn't shown.
func (t *Tracer) Rename(names map[uint32]string) {
	t.s.p.names = names
	clear(t.walker.memo) // digests of data, in which there may be names
	clear(t.walker.frequent)
}

// Again makes a function's or orphan's digests again, with the names that
// Rename gave, and tells whether it has the body. Choices, if there are any, say
// which of its Readings each reference means.
func (t *Tracer) Again(r *Record, choices []int) (Record, bool) {
	b := t.body(r)
	if b == nil {
		return Record{}, false
	}
	again := *r
	t.walker.reading.choices = choices
	t.digest.reset()
	t.walker.walk(b, &t.digest)
	t.walker.digests(&t.digest, &again, nil)
	t.walker.reading.choices = nil
	return again, true
}

// Symbols is the symbols of a function or datum, the primary one first.
func (t *Tracer) Symbols(r *Record) []uint32 {
	switch {
	case r.Kind == Data && r.Body > 0:
		return []uint32{uint32(r.Body)}
	case r.Kind == Function && t.has(r):
		fn := &t.s.p.code.Funcs[r.Body-1]
		return append([]uint32{fn.Primary}, fn.Aliases()...)
	}
	return nil
}

// Name is what the canonical form calls a symbol, and whether it calls no other
// symbol of the object so.
func (t *Tracer) Name(symbol uint32) (name string, unique bool) { return t.s.p.name(symbol) }

// Identity is all that a record's digests say of a symbol that it refers to by name: of
// one whose name others share, Disambiguation adds the file and the size.
type Identity struct {
	Name   string // the normal one
	Shared bool
	File   string
	Size   uint64
}

// Identity is that of a symbol; false where another may have it too, of which a record
// that refers to either says that it is Ambiguous.
func (t *Tracer) Identity(symbol uint32) (id Identity, ok bool) {
	p := t.s.p
	id = Identity{Name: p.normal(symbol), Shared: p.marks[symbol]&markShared != 0}
	if id.Shared {
		id.File, id.Size = p.file.FileName(symbol), p.file.Symbols[symbol].Size
	}
	return id, p.marks[symbol]&markTwin == 0
}

// Identities visits the symbols that have a name: those that share it, and the others
// only where these are asked for.
func (t *Tracer) Identities(unshared bool, visit func(symbol uint32, id Identity)) {
	for i, mark := range t.s.p.marks {
		if i == 0 || mark&markShared == 0 && !unshared {
			continue
		}
		if id, ok := t.Identity(uint32(i)); ok && id.Name != "" {
			visit(uint32(i), id)
		}
	}
}

// Primary is the primary symbol of the function that a body is of, 0 where it is
// of none.
func (t *Tracer) Primary(body int32) uint32 {
	if body < 1 || int(body) > len(t.s.p.code.Funcs) {
		return 0
	}
	return t.s.p.code.Funcs[body-1].Primary
}

// Uses is the symbols that a function or orphan refers to by name, those of
// functions by their primary one, in the order of its code, with repetitions.
func (t *Tracer) Uses(r *Record) []uint32 {
	b := t.body(r)
	if b == nil {
		return nil
	}
	return slices.Clone(t.uses(b))
}

// uses is valid until the next walk.
func (t *Tracer) uses(b *body) []uint32 {
	t.digest.reset()
	t.walker.walk(b, &t.digest)
	return t.walker.touched
}

// Use is a reference to a symbol whose name others share, or which a compiler
// numbered.
type Use struct {
	Body  int32 // of the function, as in Record
	Index int   // which of the function's references to a symbol of that name
}

// Users is the references to such a symbol: of other symbols nobody keeps them.
func (t *Tracer) Users(symbol uint32) []Use {
	if t.users == nil {
		t.users = map[uint32][]Use{}
		count, fn := map[string]int{}, -1 // one function's stand together
		for _, u := range t.s.uses {
			if u.fn != fn {
				clear(count)
				fn = u.fn
			}
			if name := t.s.p.normal(u.symbol); fn >= 0 {
				t.users[u.symbol] = append(t.users[u.symbol], Use{int32(fn + 1), count[name]})
				count[name]++
			}
		}
	}
	return t.users[symbol]
}

// DataNames is what the object's data go by.
func (t *Tracer) DataNames() map[string]bool {
	names := map[string]bool{}
	for i := range t.s.p.file.Symbols {
		if t.variable(uint32(i)) {
			name, _ := t.s.p.name(uint32(i))
			names[name] = true
		}
	}
	return names
}

// Undefined is the normal names of the symbols that the object only refers to.
func (t *Tracer) Undefined() map[string]bool {
	names := map[string]bool{}
	for i := range t.s.p.file.Symbols {
		if s := &t.s.p.file.Symbols[i]; i > 0 && !s.Defined() && s.Name() != "" {
			names[t.s.p.normal(uint32(i))] = true
		}
	}
	return names
}

// SharedVariables is the normal names of the data that functions refer to by a
// name which several symbols of the object share.
func (t *Tracer) SharedVariables() map[string]bool {
	names := map[string]bool{}
	for _, u := range t.s.uses {
		if t.s.p.marks[u.symbol]&markShared != 0 && t.variable(u.symbol) {
			names[t.s.p.normal(u.symbol)] = true
		}
	}
	return names
}

// variable tells whether a symbol is one of data.
func (t *Tracer) variable(symbol uint32) bool {
	s := &t.s.p.file.Symbols[symbol]
	return s.Defined() && t.s.p.kinds[s.Section] != sectionCode && s.Type() != elf.STT_SECTION
}

// Variables makes a record of each datum that functions refer to by one of some
// normal names. What keeps books for one place in the code is left out: it is
// part of the function.
func (t *Tracer) Variables(names map[string]bool) []Record {
	p := t.s.p
	var symbols []uint32
	unknown := map[uint32]bool{} // nobody kept who uses it
	for i := range p.file.Symbols {
		symbol := uint32(i)
		if symbol == 0 || !t.variable(symbol) || !names[p.normal(symbol)] {
			continue
		}
		if p.marks[symbol]&markShared == 0 && len(t.Users(symbol)) == 0 {
			unknown[symbol] = true
		}
		symbols = append(symbols, symbol)
	}
	t.findUsers(unknown)
	users := p.users(t.s.uses)
	w := newWalker(p)
	w.body = &body{fn: -1}
	var records []Record
	for _, symbol := range symbols {
		if r, ok := p.dataRecord(w, p.file.Symbols[symbol].Section, []uint32{symbol}, true, users); ok {
			r.Body = int32(symbol)
			records = append(records, r)
		}
	}
	return records
}

// slack is how far in front of or behind a datum a relocation to it may point
// before the length of the instruction is taken into account.
const slack = 16

// findUsers looks for the functions that refer to data of which nobody kept
// that.
func (t *Tracer) findUsers(symbols map[uint32]bool) {
	if len(symbols) == 0 {
		return
	}
	p := t.s.p
	bySection := map[uint32][]uint32{} // by value
	for _, symbol := range slices.Sorted(maps.Keys(symbols)) {
		section := p.file.Symbols[symbol].Section
		bySection[section] = append(bySection[section], symbol)
	}
	for _, list := range bySection {
		slices.SortStableFunc(list, func(a, b uint32) int { return cmp.Compare(p.file.Symbols[a].Value, p.file.Symbols[b].Value) })
	}
	meant := func(r object.Reloc) bool {
		s := &p.file.Symbols[r.Symbol]
		if s.Type() != elf.STT_SECTION {
			return symbols[r.Symbol]
		}
		at := int64(s.Value) + r.Addend
		list := bySection[s.Section]
		i := sort.Search(len(list), func(i int) bool { return int64(p.file.Symbols[list[i]].Value)-slack > at })
		return slices.ContainsFunc(list[max(i-nearby, 0):i], func(symbol uint32) bool {
			s := &p.file.Symbols[symbol]
			return at <= int64(s.Value+s.Size)+slack
		})
	}
	candidates := map[uint32]bool{}
	for i := range p.file.Sections {
		section := uint32(i)
		if p.kinds[section] != sectionCode {
			continue
		}
		relocs := p.file.Relocs(section)
		for n := range relocs.Len() {
			if r := relocs.At(n); meant(r) {
				if e := p.code.Innermost(section, r.Offset); e >= 0 {
					candidates[p.code.Extents[e].Func] = true
				}
			}
		}
	}
	for _, fn := range slices.Sorted(maps.Keys(candidates)) {
		b := t.s.body(int32(fn), nil)
		for _, symbol := range t.uses(&b) {
			if symbols[symbol] {
				t.s.uses = append(t.s.uses, use{symbol, int(fn)})
			}
		}
	}
	t.users = nil
}

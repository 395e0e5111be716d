// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"slices"
)

// What a comparison of two objects at hand knows more than one of two
// manifests: which functions and variables refer to which, by symbol and not by
// name (section 9 of docs/canonical-form.md).

// Rename makes the canonical form call symbols, which are given by their
// indices in the symbol table, by other names than their normal ones. No two
// symbols of the object may share such a name. A NUL at its end, which no
// symbol's own name can have, isn't shown.
func (t *Tracer) Rename(names map[uint32]string) {
	t.s.p.names = names
	t.walker = newWalker(t.s.p)
}

// Again makes a function's or orphan's digests again, with the names that
// Rename gave, and tells whether it has the body. With atEnds set, a reference
// to where one variable ends and another starts is read as the end, not the
// start (rule 3.8f).
func (t *Tracer) Again(r *Record, atEnds bool) (Record, bool) {
	b := t.body(r)
	if b == nil {
		return Record{}, false
	}
	again := *r
	t.walker.atEnds = atEnds
	t.digest.reset()
	t.walker.walk(b, &t.digest)
	t.walker.digests(&t.digest, &again, nil)
	t.walker.atEnds = false
	return again, true
}

// Symbols is the symbols of a function or datum, the primary one first.
func (t *Tracer) Symbols(r *Record) []uint32 {
	switch {
	case r.Kind == Data && r.Body > 0:
		return []uint32{uint32(r.Body)}
	case r.Kind == Function && t.body(r) != nil:
		fn := &t.s.p.code.Funcs[r.Body-1]
		return append([]uint32{fn.Primary}, fn.Aliases...)
	}
	return nil
}

// Name is what the canonical form calls a symbol, and whether it calls no other
// symbol of the object so.
func (t *Tracer) Name(symbol uint32) (name string, unique bool) { return t.s.p.name(symbol) }

// Primary is the primary symbol of the function that a body is of, 0 for an
// orphan.
func (t *Tracer) Primary(body int32) uint32 {
	if int(body) > len(t.s.bodies) {
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
	t.digest.reset()
	t.walker.walk(b, &t.digest)
	return slices.Clone(t.walker.touched)
}

// Users is the functions, as Record.Body numbers them, that refer to a symbol
// by a name that others share, or that a compiler numbered: of other symbols
// nobody keeps it.
func (t *Tracer) Users(symbol uint32) []int32 {
	if t.users == nil {
		t.users = map[uint32][]int32{}
		for _, u := range t.s.uses {
			if u.fn >= 0 {
				t.users[u.symbol] = append(t.users[u.symbol], int32(u.fn+1))
			}
		}
		for symbol, list := range t.users {
			slices.Sort(list)
			t.users[symbol] = slices.Compact(list)
		}
	}
	return t.users[symbol]
}

// Variables makes a record of each datum that functions refer to by a name
// which several symbols of the object share, or whose normal name is among also.
// What keeps books for one place in the code is left out: it is part of the
// function.
func (t *Tracer) Variables(also map[string]bool) []Record {
	p := t.s.p
	users := p.users(t.s.uses)
	w := newWalker(p)
	w.body = &body{fn: -1}
	var records []Record
	for i := range p.file.Symbols {
		symbol := uint32(i)
		s := &p.file.Symbols[symbol]
		if used := p.marks[symbol]&markShared != 0 && users[symbol] != 0; !used && !also[p.normal[symbol]] {
			continue
		}
		if !s.Defined() || p.kinds[s.Section] == sectionCode || s.Type() == elf.STT_SECTION {
			continue
		}
		if r, ok := p.dataRecord(w, s.Section, []uint32{symbol}, users); ok {
			r.Body = int32(symbol)
			records = append(records, r)
		}
	}
	return records
}

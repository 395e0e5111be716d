// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/decode"
)

// jumpTable is a table without relocations (rule 5.2): its entries count
// instructions, and from one of the function's.
type jumpTable struct {
	datumKey
	size   uint8 // of an entry in bytes
	signed bool
	count  uint64 // of entries
	code   int64  // the place that they count from, in the section of the function
}

// The dataflow gives up on a body whose jump tables have more entries than these: they
// are a part of it, and one table may be many jumps'.
const (
	targetsForEach    = 8 // instruction
	targetsForAnybody = 1 << 12
)

// words is where a table's entry leads: four times as many bytes behind an
// instruction as the entry says.
func (f *anchorFlow) words(i, base int32, r *registers, u *decode.Address) (int32, bool) {
	if !f.is(base, valueCode) || u.Index >= addressRegisters || !f.is(r.value[u.Index], valueWord) {
		return 0, false
	}
	code, word := f.values[base], f.values[r.value[u.Index]]
	return f.make(i, value{kind: valueTarget, section: word.section, at: word.at, size: word.size, signed: u.Signed, code: code.code}, r.value[u.Index]), true
}

// jump carries registers to where an indirect jump may go: where the entries of a
// table lead, or out of the body, and where data refer into it, as blocks begin there
// that nothing is known of. If the body also makes the address of an instruction that
// no table counts from, nobody knows where it leads.
func (f *anchorFlow) jump(i int32, r *registers) {
	u := f.m.use(f.code(i))
	if u.Base < addressRegisters && f.is(r.value[u.Base], valueWord) && f.computed(r.value[u.Base], r) {
		return
	}
	if u.Base >= addressRegisters || !f.is(r.value[u.Base], valueTarget) {
		f.vague = true
		if f.open() {
			f.escapeWhole(r)
		} else {
			f.pass(r, f.m.arguments)
		}
		return
	}
	v := f.values[r.value[u.Base]]
	part := &f.w.parts[f.part(i)]
	table := jumpTable{datumKey{v.section, uint64(v.at)}, v.size, v.signed, 0, v.code}
	data := f.w.p.file.Data(v.section)
	if v.at < 0 || uint64(v.at) >= uint64(len(data)) {
		f.lost = true
		return
	}
	left := uint64(len(data)-int(v.at)) / uint64(v.size)
	count, ok := f.bound(f.values[v.from].inst)
	if !ok {
		if f.w.p.bounds == nil {
			f.w.findings.data = append(f.w.findings.data, bound{table.datumKey, part.section})
			f.w.unsettled, f.lost = true, true
			return
		}
		count = f.unbounded(table, data)
	}
	table.count = count
	if f.budget -= int(min(count, left)); count > left || f.budget < 0 {
		f.lost = true
		return
	}
	for n := range count {
		to := table.target(data, n)
		if to < int64(part.start) || to >= int64(part.end) {
			f.lost = true
			return
		}
		next := f.within(f.part(i), uint64(to))
		switch {
		case next < 0:
		case f.block[next] >= 0:
			f.enter(f.block[next], r)
		case f.block[next] == noBlock:
			f.leads, f.block[next] = append(f.leads, next), laterBlock
		}
	}
	if f.final {
		f.jumps = append(f.jumps, table)
		f.targets += count
		f.lost = f.lost || f.targets > targetsForAnybody+targetsForEach*uint64(len(f.insts))
	}
}

// unbounded is how many entries a table has of which nothing says it: up to what
// stands behind. Zeros at the end may be there for its alignment.
func (f *anchorFlow) unbounded(t jumpTable, data []byte) uint64 {
	count := (f.w.p.limit(t.datumKey) - t.start) / uint64(t.size)
	for count > 0 && t.target(data, count-1) == t.code {
		count--
	}
	return count
}

// placeSize is the length of the address of an instruction in data, in bytes.
const placeSize = 8

// computed carries registers to where a table of addresses leads, with relocations for
// them, that a jump takes one from: to all places of the body that stand there one
// behind the other. It is false where there are none.
func (f *anchorFlow) computed(word int32, r *registers) bool {
	v := f.values[word]
	if v.size != placeSize || v.at < 0 {
		return false
	}
	p := f.w.p
	relocs := p.file.Relocs(v.section).Between(uint64(v.at), math.MaxUint64)
	n := 0
	for ; n < relocs.Len() && relocs.Offset(n) == uint64(v.at)+uint64(n)*placeSize; n++ {
		x := relocs.At(n)
		s := &p.file.Symbols[x.Symbol]
		to := int32(-1)
		if s.Defined() && p.kinds[s.Section] == sectionCode {
			to = f.node(s.Section, s.Value+uint64(x.Addend))
		}
		if f.budget--; to < 0 || f.block[to] < 0 || f.budget < 0 {
			break
		}
		f.tabled[to] = true
		f.enter(f.block[to], r)
	}
	f.lost = f.lost || f.budget < 0
	return n > 0
}

// open tells whether some block of the body begins where control may come from anywhere.
func (f *anchorFlow) open() bool { return f.any[0] >= 0 }

// target is where entry number n leads.
func (t *jumpTable) target(data []byte, n uint64) int64 {
	field := data[t.start+n*uint64(t.size):]
	var entry int64
	switch t.size {
	case 1:
		if entry = int64(field[0]); t.signed {
			entry = int64(int8(field[0]))
		}
	case 2:
		half := binary.LittleEndian.Uint16(field)
		if entry = int64(half); t.signed {
			entry = int64(int16(half))
		}
	default:
		entry = int64(int32(binary.LittleEndian.Uint32(field)))
	}
	return t.code + entry*4
}

// reach is how far in front of its use a table's bound is looked for, in
// instructions.
const reach = 64

// bound is how many entries a table has, by the comparison of the index that the
// instruction loads an entry with: back from there, on the only way that leads there,
// to where a branch tells numbers that are too high from the rest.
func (f *anchorFlow) bound(load int32) (count uint64, ok bool) {
	index := f.m.use(f.code(load)).Index
	first := f.partOf[f.part(load)]
	var compared struct { // what may be copied to the index in front of that
		register uint8
		count    uint64
	}
	within := false // a branch behind leads here with numbers that aren't too high
	i, steps := load, 0
	for ; steps < reach; steps++ {
		taken := false
		if from := f.comes[i]; from == severalWays || from >= 0 && i > first && f.falls(i-1) {
			return 0, false // there are several ways
		} else if from >= 0 {
			i, taken = from, true
		} else if i--; i < first || !f.falls(i) {
			return 0, false
		}
		code := f.code(i)
		higher, rest := f.m.unsigned(code)
		within = within || !taken && higher || taken && rest
		if register, number, ok := f.m.compares(code); ok && within {
			if register == index {
				return number + 1, true
			}
			compared.register, compared.count = register, number+1
		}
		if f.m.flags(code) {
			within = false
		}
		writes := f.m.effects(code, &f.insts[i].Inst).Writes
		if to, from, ok := f.m.moves(code); ok && to == index {
			if compared.count > 0 && from == compared.register {
				return compared.count, true
			}
			index = from
		} else if writes&(1<<index) != 0 {
			return 0, false
		}
		if writes&(1<<compared.register) != 0 {
			compared.count = 0
		}
	}
	return 0, false
}

// falls tells whether control may go on from an instruction to the next.
func (f *anchorFlow) falls(i int32) bool {
	switch f.insts[i].Kind {
	case decode.Jump, decode.IndirectJump, decode.Return, decode.Trap:
		return false
	}
	return true
}

// takesCode tells whether the body makes the address of an instruction of its own
// that no jump table counts from.
func (f *anchorFlow) takesCode() bool {
	counted := map[int64]bool{}
	for i := range f.values {
		if v := &f.values[i]; v.kind == valueTarget {
			counted[v.code] = true
		}
	}
	for i := range f.insts {
		in := &f.insts[i]
		if in.PC.Len == 0 || in.Form != 0 || f.reloc[i] != 0 || f.m.use(f.code(int32(i))).Use != decode.PlaceAddress {
			continue
		}
		section, at := f.place(int32(i))
		if to := int64(at) + in.PCRel; !counted[to] && f.node(section, uint64(to)) >= 0 {
			return true
		}
	}
	return false
}

// jumpTableAt is the body's table without relocations at a place, nil for none.
func (w *walker) jumpTableAt(section uint32, at uint64) *jumpTable {
	for i := range w.jumps {
		if t := &w.jumps[i]; t.section == section && t.start == at {
			return t
		}
	}
	return nil
}

// appendJumps encodes where the entries of a table lead.
func (w *walker) appendJumps(b []byte, t *jumpTable) []byte {
	data := w.p.file.Data(t.section)
	b = append(b, tagJumps)
	b = binary.AppendUvarint(b, t.count)
	for n := range t.count {
		place := w.p.resolvePlace(w.parts[0].section, t.target(data, n))
		to, ok := w.own(&place)
		if !ok { // all were found to be in the body
			b = w.appendPlain(b, &place)
			continue
		}
		b = w.appendPlace(b, to, place.at)
	}
	return b
}

// takenPlace is a place inside a function that data refer to.
type takenPlace struct {
	datumKey
	relative bool // by a distance, from where isn't known
}

// findTaken finds the places inside functions that data refer to, in order.
func (p *program) findTaken() {
	for i := range p.file.Sections {
		if !p.file.Sections[i].Allocated() || p.kinds[i] == sectionCode || p.kinds[i] == sectionSpecial {
			continue
		}
		relocs := p.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			r := relocs.At(n)
			s := &p.file.Symbols[r.Symbol]
			if !s.Defined() || p.kinds[s.Section] != sectionCode {
				continue
			}
			at := s.Value + uint64(r.Addend)
			if e := p.code.Innermost(s.Section, at); e >= 0 && p.code.Extents[e].Start != at {
				p.taken = append(p.taken, takenPlace{datumKey{s.Section, at}, p.machine.reloc(r.Type).pc})
			}
		}
	}
	slices.SortFunc(p.taken, func(a, b takenPlace) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.start, b.start))
	})
}

// takenIn is those in a range of a section.
func (p *program) takenIn(section uint32, start, end uint64) []takenPlace {
	from := func(at uint64) int {
		return sort.Search(len(p.taken), func(i int) bool { return !p.taken[i].less(datumKey{section, at}) })
	}
	return p.taken[from(start):from(end)]
}

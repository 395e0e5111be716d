// SPDX-License-Identifier: MIT

package checksum

import (
	"math"

	"github.com/fnsum/fnsum/pkg/decode"
)

// use does what an instruction does to the addresses in registers.
func (f *anchorFlow) use(i int32, in *inst, code []byte, r *registers) {
	if len(code) != f.m.unit || in.Kind == decode.Nop {
		return
	}
	e := f.m.effects(code, &in.Inst)
	u := f.m.use(code)
	base := int32(unknownValue)
	if u.Base < addressRegisters {
		base = r.value[u.Base]
	}
	reads, result := e.Reads, int32(unknownValue)
	switch u.Use {
	case decode.SpillAddress, decode.FillAddress:
		f.save(&u, &e, r)
		return
	case decode.StackAddress:
		f.take(&u, r)
	case decode.OtherAddress, decode.PageAddress, decode.PlaceAddress:
	default:
		if u.Base == frameRegister || u.Index == frameRegister {
			f.taken = math.MinInt64
		}
	}
	switch u.Use {
	case decode.PageAddress:
		result = f.page(i)
	case decode.PlaceAddress:
		result = f.codeAddress(i)
	case decode.CopyAddress:
		result, reads = base, 0
	case decode.OffsetAddress:
		if v, ok := f.offset(i, base, u.Offset); ok {
			result, reads = v, 0
		}
	case decode.WordsAddress:
		if v, ok := f.words(i, base, r, &u); ok {
			result, reads = v, 0
			break
		}
		fallthrough
	case decode.IndexAddress:
		if v, ok := f.indexed(base, r, &u); ok {
			if to, ok := f.index(i, v); ok {
				result, reads = to, e.Reads&^(1<<f.baseOf(base, &u))
			}
		}
	case decode.AccessAddress:
		result, reads = f.access(i, base, r, &u, e.Reads)
	}
	f.stack(&e, r)
	f.escapeAll(r, reads)
	moved := int32(unknownValue)
	if u.Use == decode.AccessAddress && u.Moves != decode.NoWriteback {
		moved = f.moved(i, base, &u)
	}
	forget(r, e.Writes)
	if result >= 0 && u.To < addressRegisters && e.Writes&(1<<u.To) != 0 {
		f.put(r, int(u.To), result)
	}
	if moved >= 0 {
		f.put(r, int(u.Base), moved)
	}
}

// is tells whether a value is of a kind.
func (f *anchorFlow) is(v int32, kind valueKind) bool { return v >= 0 && f.values[v].kind == kind }

// page is the page of a place in data.
func (f *anchorFlow) page(i int32) int32 {
	r, ok := f.relocOf(i)
	if !ok || f.w.p.machine.reloc(r.Type).kind != relocPage {
		return unknownValue
	}
	s := &f.w.p.file.Symbols[r.Symbol]
	if !f.w.p.isAnchor(s) {
		return unknownValue
	}
	return f.make(i, value{kind: valuePage, section: s.Section, at: int64(s.Value) + r.Addend}, -1)
}

// codeAddress is the address of an instruction of the same part.
func (f *anchorFlow) codeAddress(i int32) int32 {
	part := &f.w.parts[f.part(i)]
	at := int64(part.start+f.insts[i].offset) + f.insts[i].PCRel
	if f.reloc[i] != 0 || at < int64(part.start) || at >= int64(part.end) {
		return unknownValue
	}
	return f.make(i, value{kind: valueCode, section: part.section, code: at}, -1)
}

// offset is an address with a number added to it: of a page the low bits of the same
// place, by the relocation; of a place any number.
func (f *anchorFlow) offset(i, base int32, offset int64) (int32, bool) {
	if f.reloc[i] == 0 {
		if !f.is(base, valuePlace) {
			return 0, false
		}
		return f.add(i, base, offset)
	}
	if !f.addsLow(i, base) {
		return 0, false
	}
	f.values[base].used = true
	v := &f.values[base]
	return f.make(i, value{kind: valuePlace, section: v.section, at: v.at, origin: v.at}, base), true
}

// add is a place with a number added to it.
func (f *anchorFlow) add(i, base int32, offset int64) (int32, bool) {
	v := &f.values[base]
	if v.biased(offset) {
		f.spoil(base)
		return 0, false
	}
	return f.make(i, value{kind: valuePlace, section: v.section, at: v.at + offset, origin: v.origin, indexed: v.indexed}, base), true
}

// addsLow tells whether an instruction's relocation adds the low bits of the place
// that a page is of.
func (f *anchorFlow) addsLow(i, base int32) bool {
	r, ok := f.relocOf(i)
	if !ok || !f.is(base, valuePage) || f.w.p.machine.reloc(r.Type).kind != relocLow12 {
		return false
	}
	s, v := &f.w.p.file.Symbols[r.Symbol], &f.values[base]
	return isSection(s) && s.Section == v.section && int64(s.Value)+r.Addend == v.at
}

// indexed is the address of a place with an index added, which makes no difference to
// which place is meant.
func (f *anchorFlow) indexed(base int32, r *registers, u *decode.Address) (int32, bool) {
	if u.Base == u.Index {
		return 0, false
	}
	if f.is(base, valuePlace) {
		return base, true
	}
	if u.Either && u.Index < addressRegisters && f.is(r.value[u.Index], valuePlace) {
		return r.value[u.Index], true
	}
	return 0, false
}

// index is the value for an address with an index added: the address itself, but that where
// nothing writes the data it is known of.
func (f *anchorFlow) index(i, base int32) (int32, bool) {
	v := f.values[base]
	if v.indexed || f.w.p.kinds[v.section] != sectionReadOnly {
		return base, true
	}
	if v.indexed = true; v.biased(0) {
		f.spoil(base)
		return 0, false
	}
	to := f.make(i, value{kind: valuePlace, section: v.section, at: v.at, origin: v.origin, indexed: true}, base)
	f.unite(base, to)
	return to, true
}

// baseOf is the register of the two that indexed took for the base.
func (f *anchorFlow) baseOf(base int32, u *decode.Address) uint8 {
	if f.is(base, valuePlace) {
		return u.Base
	}
	return u.Index
}

// access is what an access does: it returns what it loads, and the registers that it
// reads and that aren't its base.
func (f *anchorFlow) access(i, base int32, r *registers, u *decode.Address, all uint32) (loaded int32, reads uint32) {
	if f.reloc[i] != 0 {
		if f.addsLow(i, base) { // a reference of its own
			return unknownValue, f.m.beside(f.code(i), false)
		}
		return unknownValue, all
	}
	v, ok := f.indexed(base, r, u)
	if !ok {
		return unknownValue, all
	}
	reads = f.m.beside(f.code(i), f.baseOf(base, u) != u.Base)
	x := f.values[v]
	at, field := x.at, uint32(0)
	if u.Moves != decode.PostIndex {
		at, field = at+u.Offset, u.Field
	}
	if x.indexed = x.indexed || u.Index != decode.NoRegister && f.w.p.kinds[x.section] == sectionReadOnly; x.biased(at - x.at) {
		f.spoil(v)
		return unknownValue, all
	}
	if f.final {
		f.values[f.find(v)].accessed = true
		f.found = append(f.found, based{i, basedAccess, x.section, at, field})
	}
	if u.Load > 0 && u.Index != decode.NoRegister && u.Field == 0 {
		loaded = f.make(i, value{kind: valueWord, section: x.section, at: x.at, size: u.Load}, -1)
		return loaded, reads
	}
	return unknownValue, reads
}

// moved is what the base of an access becomes that changes it: behind the access, by
// an index; before it, another place.
func (f *anchorFlow) moved(i, base int32, u *decode.Address) int32 {
	if f.reloc[i] != 0 || !f.is(base, valuePlace) {
		return unknownValue
	}
	if u.Moves == decode.PostIndex {
		return base
	}
	to, ok := f.add(i, base, u.Offset)
	if !ok {
		return unknownValue
	}
	return to
}

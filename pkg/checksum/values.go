// SPDX-License-Identifier: MIT

package checksum

import (
	"math"
	"math/bits"
	"slices"
)

// The registers that are followed, behind them places of the stack where some are
// saved, and what one holds that is no value.
const (
	addressRegisters = 31
	addressSlots     = 8
	unknownValue     = -1
)

// registers is what they hold at a place of the code.
type registers struct {
	value [addressRegisters + addressSlots]int32
	// depth is how far the stack pointer has moved since the entry, unknownDepth
	// where it isn't known.
	depth int64
	// some is set where there may be a value among them.
	some bool
}

// put sets what a register or place holds.
func (f *anchorFlow) put(r *registers, i int, v int32) {
	r.value[i] = v
	if v >= 0 {
		r.some = true
		f.values[v].held |= 1 << i
	}
}

const unknownDepth = math.MaxInt64

// atEntry is what registers hold where a function is entered.
var atEntry = func() (r registers) {
	for i := range r.value {
		r.value[i] = unknownValue
	}
	return r
}()

// anywhere is what registers hold where control may come from any place of the body:
// each may hold whatever is put into it anywhere.
func (f *anchorFlow) anywhere() *registers {
	r := &registers{depth: unknownDepth, some: true}
	for i := range r.value {
		if f.any[i] < 0 {
			f.any[i] = f.newValue(value{kind: valueMixed, any: true, held: 1 << i})
		}
		r.value[i] = f.any[i]
	}
	return r
}

// valueKind is what a register holds.
type valueKind uint8

const (
	valueMixed  valueKind = iota // one of several, or something unknown
	valuePage                    // the page of a place, to which its low 12 bits are to be added
	valuePlace                   // the address of a place, or one from there by an index
	valueCode                    // the address of an instruction of the body
	valueWord                    // an entry of a table at the place
	valueTarget                  // where such an entry leads, counted from an instruction
)

// value is what an instruction puts into a register, or what is mixed in one at the
// start of a block.
type value struct {
	kind     valueKind
	size     uint8 // of a table's entries
	signed   bool  // those count backwards, too
	section  uint32
	at       int64
	origin   int64 // of a place: the one that relocations spell out, from which it was reached
	indexed  bool  // and by an index, in data that nothing writes
	spoiled  bool  // of a place in front of that: it is no place, but what an index is added to
	code     int64 // of valueTarget and valueCode: the place in the part that entries count from
	inst     int32 // that makes it
	same     int32 // another value that is the same, and escapes with it; itself for none
	from     int32 // the value it was derived from, or -1
	escapes  bool
	doomed   bool    // it escapes in the end
	accessed bool    // something is read or written there
	used     bool    // of a page: low bits were added
	mixed    []int32 // what may be in the register
	key      mixKey  // and where
	held     uint64  // which registers it was put into
	any      bool    // of a mixed one: it may be whatever was put into that register
}

// join is what a register holds at the start of a block where one way brings a and
// another b.
func (f *anchorFlow) join(block int32, register int, a, b int32) int32 {
	if a == b {
		return a
	}
	if a >= 0 && b >= 0 && f.values[a].equal(&f.values[b]) {
		f.unite(a, b)
		return a
	}
	if a >= 0 && b >= 0 && f.values[a].indexedOrNot(&f.values[b]) {
		f.unite(a, b)
		if f.values[b].indexed {
			return b
		}
		return a
	}
	if a < 0 && b < 0 {
		return a
	}
	return f.mix(mixKey{block, register, false}, a, b)
}

// mixKey is where values are mixed: at the start of a block, or behind an instruction.
type mixKey struct {
	at       int32
	register int
	behind   bool
}

// mix is the value that may be one of several.
func (f *anchorFlow) mix(key mixKey, list ...int32) int32 {
	m := list[0]
	if m < 0 || f.values[m].kind != valueMixed || f.values[m].key != key {
		var ok bool
		if m, ok = f.mixed[key]; !ok {
			m = f.newValue(value{kind: valueMixed, key: key})
			f.mixed[key] = m
		}
	}
	for _, v := range list {
		if v < 0 || v == m || slices.Contains(f.values[m].mixed, v) {
			continue
		}
		if len(f.values[m].mixed) == maxMixed {
			f.values[v].doomed = true
			continue
		}
		f.values[m].mixed = append(f.values[m].mixed, v)
	}
	return m
}

func (f *anchorFlow) newValue(v value) int32 {
	v.same, v.from = int32(len(f.values)), -1
	f.values = append(f.values, v)
	f.lost = f.lost || len(f.values) > valuesForAnybody+valuesForEach*len(f.insts)
	return v.same
}

// equal tells whether two values are the same wherever they were made.
func (x *value) equal(y *value) bool {
	return x.kind == y.kind && x.kind != valueMixed &&
		x.section == y.section && x.at == y.at && x.origin == y.origin && x.indexed == y.indexed && x.size == y.size && x.signed == y.signed && x.code == y.code
}

// indexedOrNot tells whether two values are one place, but for an index.
func (x *value) indexedOrNot(y *value) bool {
	return x.kind == valuePlace && y.kind == valuePlace && x.section == y.section && x.at == y.at && x.origin == y.origin
}

// biased tells whether a place is in front of what relocations spell out, and may be only
// where an index is added that never is that low (rule 3.10).
func (x *value) biased(offset int64) bool { return x.indexed && x.at+offset < x.origin }

// find is what stands for all values that are the same as one.
func (f *anchorFlow) find(v int32) int32 {
	for f.values[v].same != v {
		f.values[v].same = f.values[f.values[v].same].same
		v = f.values[v].same
	}
	return v
}

// unite makes two values escape together.
func (f *anchorFlow) unite(a, b int32) {
	if a, b = f.find(a), f.find(b); a != b {
		f.values[b].same = a
		f.values[a].escapes = f.values[a].escapes || f.values[b].escapes
	}
}

// make is the value that an instruction puts into a register.
func (f *anchorFlow) make(i int32, v value, from int32) int32 {
	v.inst = i
	n := f.made[i]
	f.sure[i] = f.final
	if n >= 0 && f.values[n].equal(&v) {
		return n
	}
	n = f.newValue(v)
	f.values[n].from = from
	f.made[i] = n
	return n
}

// escape notes that the address in a register goes where it isn't followed.
func (f *anchorFlow) escape(v int32) {
	if v < 0 || !f.final {
		return
	}
	for later := []int32{v}; len(later) > 0; {
		x := &f.values[f.find(later[len(later)-1])]
		later = later[:len(later)-1]
		if x.escapes {
			continue
		}
		x.escapes = true
		later = append(later, x.mixed...)
		if x.any {
			for i := range f.values {
				if f.values[i].held&x.held != 0 {
					later = append(later, int32(i))
				}
			}
		}
	}
}

// spoil notes that what an index is added to is in front of the place that relocations spell
// out: that is meant, and the numbers on the way from there stay what they are.
func (f *anchorFlow) spoil(v int32) {
	if !f.final {
		return
	}
	for v >= 0 && f.reloc[f.values[v].inst] == 0 && !f.values[v].spoiled {
		f.values[v].spoiled = true
		v = f.values[v].from
	}
	f.escape(v)
}

// escapeAll does so for a set of registers.
func (f *anchorFlow) escapeAll(r *registers, set uint32) {
	if !f.final {
		return
	}
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		f.escape(r.value[bits.TrailingZeros32(set)])
	}
}

func forget(r *registers, set uint32) {
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		r.value[bits.TrailingZeros32(set)] = unknownValue
	}
}

// lose makes it unknown what registers hold that an instruction, so the conventions say,
// may have changed. It needn't: a compiler that knows the callee keeps addresses in
// registers that are the callee's to change.
func (f *anchorFlow) lose(i int32, r *registers, set uint32) {
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		register := bits.TrailingZeros32(set)
		if v := r.value[register]; v >= 0 {
			f.put(r, register, f.mix(mixKey{i, register, true}, v))
		}
	}
}

// escapeWhole does so for all that is in registers, and on the stack.
func (f *anchorFlow) escapeWhole(r *registers) {
	for _, v := range r.value {
		f.escape(v)
	}
}

// pass lets the addresses in registers escape that a call or return hands on. Nobody
// takes a page for an argument.
func (f *anchorFlow) pass(r *registers, set uint32) {
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		v := &r.value[bits.TrailingZeros32(set)]
		if *v >= 0 && !f.is(*v, valuePage) {
			f.escape(*v)
			*v = unknownValue // it is known as well as can be
		}
	}
}

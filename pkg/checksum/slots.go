// SPDX-License-Identifier: MIT

package checksum

import (
	"math"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
)

// Compilers save an address on the stack and take it from there again. A place of
// the stack is followed like a register where nothing but saves and loads of whole
// registers, by the stack pointer, touch it. What lies above a place whose address is
// taken may be a part of a variable that others write, and isn't followed.

const slotSize = 8 // bytes

// frameRegister is x29, which a function sets to its frame and else leaves alone.
const frameRegister = 29

// slot is the number, among what is followed, of a place at an offset from the stack
// pointer, -1 for one that isn't.
func (f *anchorFlow) slot(r *registers, offset int64, add bool) int {
	if r.depth == unknownDepth {
		return -1
	}
	at := r.depth + offset
	if at >= f.taken {
		return -1
	}
	i := slices.Index(f.slots, at)
	if i < 0 && add && len(f.slots) < addressSlots && !f.final {
		i = len(f.slots)
		f.slots = append(f.slots, at)
	}
	if i < 0 {
		return -1
	}
	return addressRegisters + i
}

// save carries what registers hold to the stack, or from there.
func (f *anchorFlow) save(u *decode.Address, e *decode.Effects, r *registers) {
	store := u.Use == decode.SpillAddress
	if store {
		f.stack(e, r)
	}
	loaded := [2]int32{unknownValue, unknownValue}
	for n, register := range [...]uint8{u.To, u.Index} {
		if register >= addressRegisters {
			continue
		}
		at := u.Offset + int64(n)*slotSize
		if !store && r.depth == unknownDepth {
			f.taken = math.MinInt64 // wherever that is
		} else if !store {
			f.filled[r.depth+at] = true
		}
		slot := f.slot(r, at, store && r.value[register] >= 0)
		switch {
		case store && slot >= 0 && (!f.final || f.filled[r.depth+at]):
			f.put(r, slot, r.value[register])
		case store:
			f.escapeAll(r, 1<<register)
		case slot >= 0:
			loaded[n] = r.value[slot]
		}
	}
	if store {
		return
	}
	for n, register := range [...]uint8{u.To, u.Index} {
		if register < addressRegisters {
			f.put(r, int(register), loaded[n])
		}
	}
}

// take notes that the address of a place of the stack is taken.
func (f *anchorFlow) take(u *decode.Address, r *registers) {
	switch {
	case u.To == frameRegister: // the frame, not a variable
	case r.depth == unknownDepth:
		f.taken = math.MinInt64
	default:
		f.taken = min(f.taken, r.depth+u.Offset)
	}
}

// stack does what an instruction does to the stack pointer, and to places of the stack
// that are followed.
func (f *anchorFlow) stack(e *decode.Effects, r *registers) {
	length := int64(slotSize)
	if e.SlotLen > 0 {
		length = int64(e.SlotLen)
	}
	for i, at := range f.slots {
		touched := func(offset int32) bool {
			from := r.depth + int64(offset)
			return r.depth != unknownDepth && at < from+length && from < at+slotSize
		}
		if e.HasSlotRead && touched(e.SlotRead) { // not as a register is filled
			f.escape(r.value[addressRegisters+i])
		}
		if e.HasSlotWrite && touched(e.SlotWrite) {
			r.value[addressRegisters+i] = unknownValue
		}
	}
	switch {
	case e.Frame:
		f.taken = min(f.taken, r.depth)
		r.depth = unknownDepth
	case r.depth != unknownDepth:
		r.depth += int64(e.Stack)
	}
	if r.depth == unknownDepth {
		for i := range f.slots {
			r.value[addressRegisters+i] = unknownValue
		}
	}
}

// SPDX-License-Identifier: MIT

package checksum

import "math/bits"

// frequent is a reference to a function or a global variable, of which no more than its name
// counts, as it is encoded whichever function makes it. Nearly all calls are such, and most
// are to a few hundred functions. It fills a cache line.
type frequent struct {
	at      uint64 // the place that it refers to
	section uint32 // of that; 0 where another object has it
	symbol  uint32 // of the relocation, whose addend is 0
	kind    uint8  // of that; relocUnknown where the slot is empty
	length  uint8
	bytes   [46]byte // long enough for most names
}

// maxFrequent is for how many of them there is a slot, of an object with many functions.
const maxFrequent = 1 << 9

// frequentSlots is empty slots, of which there are a power of two.
func frequentSlots(functions int) []frequent {
	return make([]frequent, 1<<bits.Len(uint(min(functions, maxFrequent-1))))
}

// frequentSlot is where a reference to a symbol is kept.
func (w *walker) frequentSlot(symbol uint32) *frequent {
	return &w.frequent[symbol&uint32(len(w.frequent)-1)]
}

// frequentTo is the reference of a relocation with that symbol, if it is kept and leads to
// nothing in the body.
func (w *walker) frequentTo(kind relocKind, symbol uint32, addend int64) *frequent {
	f := w.frequentSlot(symbol)
	if f.symbol != symbol || relocKind(f.kind) != kind || addend != 0 {
		return nil
	}
	for i := range w.parts {
		if part := &w.parts[i]; part.section == f.section && part.start <= f.at && f.at <= part.end {
			return nil
		}
	}
	return f
}

// again makes the step of a reference that is kept.
func (w *walker) again(here place, f *frequent) {
	w.touched = append(w.touched, f.symbol)
	w.encoded = append(w.encoded[:0], f.bytes[:f.length]...)
	w.emit(References, ReferenceStep, here, false)
}

// keep keeps the reference whose step was the last, if it is such.
func (w *walker) keep(kind relocKind, symbol uint32, t *target) {
	f := w.frequentSlot(symbol)
	if t.kind != targetName || t.symbol != symbol || t.offset != 0 || w.p.marks[symbol]&markShared != 0 || w.p.renamed.has(symbol) ||
		len(w.encoded) > len(f.bytes) || kind >= unnamed {
		return
	}
	if s := &w.p.file.Symbols[symbol]; s.Defined() && (s.Local() && w.p.inKinds[symbol] != sectionCode || w.p.isConstants(symbol)) {
		return // it may keep books, be a jump table, or count by its content
	}
	if _, own := w.own(t); own {
		return
	}
	f.at, f.section, f.symbol, f.kind = t.at, t.section, symbol, uint8(kind)
	f.length = uint8(copy(f.bytes[:], w.encoded))
}

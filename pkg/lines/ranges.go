// SPDX-License-Identifier: MIT

package lines

import (
	"debug/dwarf"
	"errors"
	"fmt"
)

var errRanges = errors.New("malformed list of ranges")

// Entries of .debug_rnglists (DWARF 5, 7.25, "Range List Entries").
const (
	rleEnd          = 0
	rleBaseAddressX = 1
	rleStartEndX    = 2
	rleStartLengthX = 3
	rleOffsetPair   = 4
	rleBaseAddress  = 5
	rleStartEnd     = 6
	rleStartLength  = 7
)

// rangeReader reads a list of ranges.
type rangeReader struct {
	reader
	debug *debugReader
	base  uint64 // what offsets are added to
	visit func(low, high uint64)
}

// ranges calls a function for each range of addresses that an entry covers (DWARF 5, 2.17,
// "Code Addresses, Ranges and Base Addresses"). Each byte of a list that is read counts,
// as any number of entries may have the same.
func (r *debugReader) ranges(entry *dwarf.Entry, visit func(low, high uint64)) error {
	if low, ok := entry.Val(dwarf.AttrLowpc).(uint64); ok {
		switch high := entry.Val(dwarf.AttrHighpc).(type) {
		case uint64: // of class address
			visit(low, high)
		case int64: // of class constant
			visit(low, low+uint64(high))
		}
	}
	var at uint64
	switch value := entry.Val(dwarf.AttrRanges).(type) {
	case int64: // of class rnglistsptr
		at = uint64(value)
	case uint64: // of class rnglist
		at = value
	default:
		return nil
	}
	unit := r.units[0]
	if unit.addressSize != 4 && unit.addressSize != 8 {
		return fmt.Errorf("%w: addresses of %d bytes", errRanges, unit.addressSize)
	}
	x := rangeReader{reader: reader{order: r.order}, debug: r, visit: visit}
	x.base, _ = r.unit.Val(dwarf.AttrLowpc).(uint64)
	section, next := ".debug_ranges", x.pair
	if unit.version >= 5 {
		section, next = ".debug_rnglists", x.entry
	}
	x.rest = r.data[section]
	x.take(at)
	for {
		left := len(x.rest)
		more := next()
		if x.err != nil {
			return fmt.Errorf("%s: %w", section, x.err)
		}
		if err := r.count(left - len(x.rest)); err != nil || !more {
			return err
		}
	}
}

// pair reads an entry of .debug_ranges (DWARF 4, 2.17.3, "Non-Contiguous Address Ranges").
// There are no more if it ends the list.
func (x *rangeReader) pair() (more bool) {
	low, high := x.address(), x.address()
	switch {
	case low == 0 && high == 0:
		return false
	case low == ^uint64(0)>>(64-8*x.addressSize()):
		x.base = high
	default:
		x.add(x.base+low, x.base+high)
	}
	return true
}

// entry reads an entry of .debug_rnglists (DWARF 5, 2.17.3, "Non-Contiguous Address
// Ranges"). There are no more if it ends the list.
func (x *rangeReader) entry() (more bool) {
	switch kind := x.byte(); kind {
	case rleEnd:
		return false
	case rleBaseAddressX:
		x.base = x.indexed()
	case rleBaseAddress:
		x.base = x.address()
	case rleStartEndX:
		low, high := x.indexed(), x.indexed()
		x.add(low, high)
	case rleStartLengthX:
		low, size := x.indexed(), x.number()
		x.add(low, low+size)
	case rleOffsetPair:
		low, high := x.number(), x.number()
		x.add(x.base+low, x.base+high)
	case rleStartEnd:
		low, high := x.address(), x.address()
		x.add(low, high)
	case rleStartLength:
		low, size := x.address(), x.number()
		x.add(low, low+size)
	default:
		x.fail(fmt.Errorf("%w: an entry of kind %d", errRanges, kind))
	}
	return true
}

func (x *rangeReader) add(low, high uint64) {
	if x.err == nil {
		x.visit(low, high)
	}
}

func (x *rangeReader) addressSize() uint8 { return x.debug.units[0].addressSize }

func (x *rangeReader) address() uint64 { return x.word(x.addressSize()) }

// indexed reads an index into the unit's part of .debug_addr and returns the address there.
func (x *rangeReader) indexed() uint64 {
	base, _ := x.debug.unit.Val(dwarf.AttrAddrBase).(int64)
	r := reader{rest: x.debug.data[".debug_addr"], order: x.order}
	r.take(uint64(base))
	index, size := x.number(), x.addressSize()
	if index > uint64(len(r.rest)) {
		r.fail(errEnd)
	}
	r.take(index * uint64(size))
	address := r.word(size)
	if r.err != nil {
		x.fail(r.err)
	}
	return address
}

// SPDX-License-Identifier: MIT

package lines

import (
	"cmp"
	"debug/dwarf"
	"errors"
	"fmt"
)

var (
	errRanges    = errors.New("malformed list of ranges")
	errRangesEnd = errors.New("a list of ranges leads outside its section")
)

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

// rangeReader reads a list of ranges. Behind an error it reads zeros.
type rangeReader struct {
	*debugReader
	list  []byte // what has not been read
	base  uint64 // what offsets are added to
	visit func(low, high uint64)
	err   error
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
	x := rangeReader{debugReader: r, visit: visit}
	x.base, _ = r.unit.Val(dwarf.AttrLowpc).(uint64)
	list, next := r.data[".debug_ranges"], x.pair
	if unit.version >= 5 {
		list, next = r.data[".debug_rnglists"], x.entry
	}
	if at > uint64(len(list)) {
		return errRangesEnd
	}
	x.list = list[at:]
	for {
		left := len(x.list)
		more := next()
		if x.err != nil || !more {
			return x.err
		}
		if err := r.count(left - len(x.list)); err != nil {
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
	case low == ^uint64(0)>>(64-8*x.units[0].addressSize):
		x.base = high
	default:
		x.add(x.base+low, x.base+high)
	}
	return true
}

// entry reads an entry of .debug_rnglists (DWARF 5, 2.17.3, "Non-Contiguous Address
// Ranges"). There are no more if it ends the list.
func (x *rangeReader) entry() (more bool) {
	kind := x.take(1)
	if kind == nil {
		return false
	}
	switch kind[0] {
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
		x.err = fmt.Errorf("%w: an entry of kind %d", errRanges, kind[0])
	}
	return true
}

func (x *rangeReader) add(low, high uint64) {
	if x.err == nil {
		x.visit(low, high)
	}
}

// take is the next bytes of the list.
func (x *rangeReader) take(n int) []byte {
	if x.err != nil || len(x.list) < n {
		x.err = cmp.Or(x.err, errRangesEnd)
		return nil
	}
	b := x.list[:n]
	x.list = x.list[n:]
	return b
}

func (x *rangeReader) address() uint64 { return x.word(x.take(int(x.units[0].addressSize))) }

// word is an address of as many bytes, 0 of none.
func (x *rangeReader) word(b []byte) uint64 {
	switch len(b) {
	case 4:
		return uint64(x.order.Uint32(b))
	case 8:
		return x.order.Uint64(b)
	}
	return 0
}

func (x *rangeReader) number() uint64 {
	n, _, rest, ok := leb128(x.list)
	if x.list = rest; !ok {
		x.err = cmp.Or(x.err, errRangesEnd)
	}
	return n
}

// indexed reads an index into the unit's part of .debug_addr and returns the address there.
func (x *rangeReader) indexed() uint64 {
	addresses, size := x.data[".debug_addr"], uint64(x.units[0].addressSize)
	base, _ := x.unit.Val(dwarf.AttrAddrBase).(int64)
	if base < 0 || base > int64(len(addresses)) {
		x.err = cmp.Or(x.err, errRangesEnd)
		return 0
	}
	addresses = addresses[base:]
	index := x.number()
	if index >= uint64(len(addresses))/size {
		x.err = cmp.Or(x.err, errRangesEnd)
		return 0
	}
	return x.word(addresses[index*size:][:size])
}

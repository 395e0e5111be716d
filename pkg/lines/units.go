// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/binary"
	"maps"
	"slices"
)

// unit is what the header of a unit of debug information (.debug_info) says.
type unit struct {
	end         uint64 // of its entries
	table       uint64 // where its abbreviations are
	version     uint16
	addressSize uint8 // bytes of an address
	unended     int   // bytes at its end that are no end of a LEB128 number
}

// readUnits reads the headers of all units (DWARF 5, 7.5.1, "Unit Headers"; 7.4, "32-Bit
// and 64-Bit DWARF Formats"), but for those of no length, up to one that is malformed.
func readUnits(info []byte, order binary.ByteOrder) (units []unit) {
	for rest := info; ; {
		size, b, wide, ok := unitLength(rest, order)
		if !ok || size > 0 && size < 4 {
			return units
		}
		if rest = b[size:]; size == 0 {
			continue
		}
		u := unit{end: uint64(len(info) - len(rest)), version: order.Uint16(b)}
		b = b[2:size]
		for u.unended < len(b) && b[len(b)-1-u.unended] >= 0x80 {
			u.unended++
		}
		if u.version >= 5 { // behind the unit's type
			u.addressSize, b = b[1], b[2:]
		}
		if u.table, b, ok = offset(b, wide, order); !ok || u.version < 5 && len(b) == 0 {
			return units
		}
		if u.version < 5 {
			u.addressSize = b[0]
		}
		units = append(units, u)
	}
}

// overlap tells whether two units have tables of abbreviations of which one begins inside
// the other: debug/dwarf would read the end of them once for each unit.
func overlap(units []unit, abbrev []byte) bool {
	tables := map[uint64]bool{}
	for i := range units {
		tables[units[i].table] = true
	}
	end := uint64(0)
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		if table < end {
			return true
		}
		if table > uint64(len(abbrev)) {
			break
		}
		end = table + abbreviations(abbrev[table:])
	}
	return false
}

// unitLength reads what a unit or a line number program starts with: how many bytes of the
// rest are its own, and whether it is of the 64-bit format. It isn't ok if it ends early.
func unitLength(b []byte, order binary.ByteOrder) (size uint64, rest []byte, wide, ok bool) {
	if wide = len(b) >= 4 && order.Uint32(b) == 0xffff_ffff; wide {
		b = b[4:]
	}
	size, rest, ok = offset(b, wide, order)
	return size, rest, wide, ok && size <= uint64(len(rest))
}

// offset reads a length or offset of the 32-bit or the 64-bit format.
func offset(b []byte, wide bool, order binary.ByteOrder) (value uint64, rest []byte, ok bool) {
	switch {
	case wide && len(b) >= 8:
		return order.Uint64(b), b[8:], true
	case !wide && len(b) >= 4:
		return uint64(order.Uint32(b)), b[4:], true
	}
	return 0, nil, false
}

// leb128 reads a LEB128 number, of which bits beyond 64 are lost, and tells how many bits
// it was written in (DWARF 5, 7.6, "Variable Length Data"). It isn't ok if it ends early.
func leb128(b []byte) (n uint64, bits int, rest []byte, ok bool) {
	for i := range b {
		if bits < 64 {
			n |= uint64(b[i]&0x7f) << bits
		}
		bits += 7
		if b[i] < 0x80 {
			return n, bits, b[i+1:], true
		}
	}
	return n, bits, nil, false
}

// formImplicitConst is DW_FORM_implicit_const, whose value stands in the abbreviation.
const formImplicitConst = 0x21

// abbreviations is how many bytes a table of abbreviations takes, with the zero that ends
// it (DWARF 5, 7.5.3, "Abbreviations Tables").
func abbreviations(table []byte) uint64 {
	b := table
	number := func() (n uint64) {
		n, _, b, _ = leb128(b)
		return n
	}
	for len(b) > 0 {
		if code := number(); code == 0 {
			break
		}
		number() // the tag
		b = b[min(1, len(b)):]
		for len(b) > 0 {
			name, form := number(), number()
			if form == formImplicitConst {
				number()
			}
			if name == 0 && form == 0 {
				break
			}
		}
	}
	return uint64(len(table) - len(b))
}

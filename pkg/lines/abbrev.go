// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/binary"
	"maps"
	"slices"
)

// overlap tells whether two units of debug information (.debug_info) have tables of
// abbreviations of which one begins inside the other: debug/dwarf would read the end of
// them once for each unit. What is malformed otherwise is left to it.
func overlap(info, abbrev []byte, order binary.ByteOrder) bool {
	tables := map[uint64]bool{}
	for len(info) > 0 {
		table, rest, ok := unit(info, order)
		if !ok {
			break
		}
		tables[table] = true
		info = rest
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

// unit is where the abbreviations of the first unit are, and the units behind it
// (DWARF 5, 7.5.1, "Unit Headers"; 7.4, "32-Bit and 64-Bit DWARF Formats").
func unit(info []byte, order binary.ByteOrder) (table uint64, rest []byte, ok bool) {
	wide := len(info) >= 12 && order.Uint32(info) == 0xffff_ffff
	if wide {
		info = info[4:]
	}
	size := uint64(0)
	if size, info, ok = offset(info, wide, order); !ok || size > uint64(len(info)) {
		return 0, nil, false
	}
	info, rest = info[:size], info[size:]
	if len(info) < 4 {
		return 0, nil, false
	}
	fields := info[2:]
	if version := order.Uint16(info); version >= 5 { // the unit's type, the size of addresses
		fields = info[4:]
	}
	table, _, ok = offset(fields, wide, order)
	return table, rest, ok
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

// formImplicitConst is DW_FORM_implicit_const, whose value stands in the abbreviation.
const formImplicitConst = 0x21

// abbreviations is how many bytes a table of abbreviations takes, with the zero that ends
// it (DWARF 5, 7.5.3, "Abbreviations Tables").
func abbreviations(b []byte) uint64 {
	at := 0
	number := func() uint64 { // LEB128
		n, size := binary.Uvarint(b[at:])
		if size <= 0 { // the end, or too large to matter
			at, size = len(b), 0
		}
		at += size
		return n
	}
	for at < len(b) {
		if code := number(); code == 0 {
			break
		}
		number() // the tag
		at = min(at+1, len(b))
		for at < len(b) {
			name, form := number(), number()
			if form == formImplicitConst {
				number()
			}
			if name == 0 && form == 0 {
				break
			}
		}
	}
	return uint64(at)
}

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

// readUnits reads the headers of all units (DWARF 5, 7.5.1, "Unit Headers"), but for those
// of no length, up to one that is malformed.
func readUnits(info []byte, order binary.ByteOrder) (units []unit) {
	for all := (reader{rest: info, order: order}); len(all.rest) > 0; {
		r, wide := all.unit()
		if r.err == nil && len(r.rest) == 0 {
			continue
		}
		u := unit{end: uint64(len(info) - len(all.rest))}
		for u.unended < len(r.rest) && r.rest[len(r.rest)-1-u.unended] >= 0x80 {
			u.unended++
		}
		u.version = uint16(r.word(2))
		if u.version >= 5 {
			r.byte() // the unit's type
			u.addressSize = r.byte()
		}
		u.table = r.offset(wide)
		if u.version < 5 {
			u.addressSize = r.byte()
		}
		if r.err != nil {
			break
		}
		units = append(units, u)
	}
	return units
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

// formImplicitConst is DW_FORM_implicit_const, whose value stands in the abbreviation.
const formImplicitConst = 0x21

// abbreviations is how many bytes a table of abbreviations takes, with the zero that ends
// it (DWARF 5, 7.5.3, "Abbreviations Tables").
func abbreviations(table []byte) uint64 {
	r := reader{rest: table}
	for r.number() != 0 {
		r.number() // the tag
		r.byte()   // whether there are children
		for {
			name, form := r.number(), r.number()
			if form == formImplicitConst {
				r.number()
			}
			if name == 0 && form == 0 {
				break
			}
		}
	}
	return uint64(len(table) - len(r.rest))
}

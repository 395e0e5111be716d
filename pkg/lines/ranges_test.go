// SPDX-License-Identifier: MIT

package lines

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// TestRanges is lists of ranges by hand, of all kinds of entries.
func TestRanges(t *testing.T) {
	type span [2]uint64
	address := binary.BigEndian.AppendUint64
	four := binary.BigEndian.AppendUint32
	pair := func(low, high uint64) []byte { return address(address(nil, low), high) }
	list := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	field := func(attribute dwarf.Attr, value any) dwarf.Field { return dwarf.Field{Attr: attribute, Val: value} }
	at := []dwarf.Field{field(dwarf.AttrRanges, int64(1))} // behind the byte of another list
	addresses := list([]byte{9, 9}, pair(0x100, 0x200))
	end := pair(0, 0)
	for _, test := range []struct {
		name        string
		version     uint16
		addressSize uint8
		fields      []dwarf.Field
		list        []byte
		want        []span
		err         error
	}{
		{"an address", 4, 8, []dwarf.Field{field(dwarf.AttrLowpc, uint64(5)), field(dwarf.AttrHighpc, uint64(9))}, nil, []span{{5, 9}}, nil},
		{"a size", 4, 8, []dwarf.Field{field(dwarf.AttrLowpc, uint64(5)), field(dwarf.AttrHighpc, int64(9))}, nil, []span{{5, 14}}, nil},
		{"no high address", 4, 8, []dwarf.Field{field(dwarf.AttrLowpc, uint64(5))}, nil, nil, nil},
		{"pairs", 4, 8, at, list(pair(1, 2), pair(3, 5), end), []span{{0x1001, 0x1002}, {0x1003, 0x1005}}, nil},
		{"a base", 4, 8, at, list(pair(^uint64(0), 0x50), pair(3, 5), end), []span{{0x53, 0x55}}, nil},
		{"a base of four bytes", 3, 4, at, list(four(four(nil, ^uint32(0)), 0x50), four(four(nil, 3), 5), make([]byte, 8)), []span{{0x53, 0x55}}, nil},
		{"pairs without end", 4, 8, at, pair(1, 2), []span{{0x1001, 0x1002}}, errEnd},
		{"half a pair", 4, 8, at, pair(1, 2)[:12], nil, errEnd},
		{"offsets", 5, 8, at, []byte{rleOffsetPair, 1, 0x82, 0x01, rleEnd}, []span{{0x1001, 0x1082}}, nil},
		{"by another class", 5, 8, []dwarf.Field{field(dwarf.AttrRanges, uint64(1))}, []byte{rleOffsetPair, 1, 2, rleEnd}, []span{{0x1001, 0x1002}}, nil},
		{"an indexed base", 5, 8, at, []byte{rleBaseAddressX, 1, rleOffsetPair, 1, 2, rleEnd}, []span{{0x201, 0x202}}, nil},
		{"a base address", 5, 8, at, list([]byte{rleBaseAddress}, address(nil, 0x300), []byte{rleOffsetPair, 1, 2, rleEnd}), []span{{0x301, 0x302}}, nil},
		{"an indexed pair", 5, 8, at, []byte{rleStartEndX, 0, 1, rleEnd}, []span{{0x100, 0x200}}, nil},
		{"an indexed start", 5, 8, at, []byte{rleStartLengthX, 1, 6, rleEnd}, []span{{0x200, 0x206}}, nil},
		{"addresses", 5, 8, at, list([]byte{rleStartEnd}, pair(7, 8), []byte{rleEnd}), []span{{7, 8}}, nil},
		{"an address and a length", 5, 8, at, list([]byte{rleStartLength}, address(nil, 7), []byte{4, rleEnd}), []span{{7, 11}}, nil},
		{"no end", 5, 8, at, []byte{rleOffsetPair, 1, 2}, []span{{0x1001, 0x1002}}, errEnd},
		{"half an entry", 5, 8, at, []byte{rleOffsetPair, 1}, nil, errEnd},
		{"an unknown entry", 5, 8, at, []byte{8}, nil, errRanges},
		{"an index outside", 5, 8, at, []byte{rleStartEndX, 0, 2, rleEnd}, nil, errEnd},
		{"a list outside", 5, 8, []dwarf.Field{field(dwarf.AttrRanges, int64(3))}, nil, nil, errEnd},
		{"a list in front", 5, 8, []dwarf.Field{field(dwarf.AttrRanges, int64(-1))}, nil, nil, errEnd},
		{"addresses of two bytes", 5, 2, at, []byte{rleEnd}, nil, errRanges},
	} {
		data := append([]byte{0xff}, test.list...)
		r := debugReader{
			data: map[string][]byte{".debug_ranges": data, ".debug_rnglists": data, ".debug_addr": addresses}, order: binary.BigEndian, left: 1000,
			units: []unit{{version: test.version, addressSize: test.addressSize}},
			unit:  &dwarf.Entry{Field: []dwarf.Field{field(dwarf.AttrLowpc, uint64(0x1000)), field(dwarf.AttrAddrBase, int64(2))}},
		}
		var got []span
		err := r.ranges(&dwarf.Entry{Field: test.fields}, func(low, high uint64) { got = append(got, span{low, high}) })
		if !slices.Equal(got, test.want) || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: %x, %v, want %x, %v", test.name, got, err, test.want, test.err)
		}
	}
}

// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/fnsum/fnsum/internal/huge"
)

// CREL is a compact encoding of relocation records: each says in LEB128 numbers what it
// differs in from the one before. It was proposed for the generic ABI as SHT_CREL, and
// LLVM writes it with a section type of the range for applications (llvm/BinaryFormat/ELF.h).
const (
	sectionCREL             = elf.SectionType(20)
	sectionCRELExperimental = elf.SectionType(0x4000_0014)
)

// Other relocation sections, which no compiler writes into an object: addresses of
// relative relocations in a bitmap, and Android's packed ones (llvm/BinaryFormat/ELF.h).
const (
	sectionRELR        = elf.SectionType(19)
	sectionAndroidREL  = elf.SectionType(0x6000_0001)
	sectionAndroidRELA = elf.SectionType(0x6000_0002)
	sectionAndroidRELR = elf.SectionType(0x6fff_ff00)
)

func isPacked(typ elf.SectionType) bool {
	switch typ {
	case sectionRELR, sectionAndroidREL, sectionAndroidRELA, sectionAndroidRELR:
		return true
	}
	return false
}

func isCREL(typ elf.SectionType) bool {
	return typ == sectionCREL || typ == sectionCRELExperimental
}

// The header is the number of records, and below that what is common to all.
const (
	crelShift  = 3 // how many low bits all offsets lack, which are zero
	crelAddend = 4 // there are addends
	crelCount  = 8 // the unit of the number
)

// What a record's first byte says is there, beside the rest of the offset.
const (
	crelSymbol = 1 << iota
	crelType
	crelOwnAddend
)

// crelHeader reads the header of a section for a target of so many bytes. Each record takes
// a byte at least, and has a place in the target: there are no more than either has bytes.
func (f *File) crelHeader(section uint32, target uint64) (*crelReader, error) {
	r := &crelReader{rest: f.Data(section)}
	header := r.uleb()
	r.count, r.shift = header/crelCount, header&crelShift
	switch {
	case r.bad != "":
		return nil, f.badCREL(section, r, "the header "+r.bad)
	case header&crelAddend == 0 && r.count > 0:
		return nil, fmt.Errorf("%w: %s: relocations without addends (CREL) are not supported", ErrFormat, f.Sections[section].Name())
	case r.count > uint64(len(r.rest)) || r.count > target:
		return nil, f.badCREL(section, r, fmt.Sprintf("%d records in %d bytes, for %d", r.count, len(r.rest), target))
	}
	return r, nil
}

// decodeCREL decodes the records of a section for a target of so many bytes to what they
// are as Elf64_Rela. They take no more than 24 times as much memory as the section.
func (f *File) decodeCREL(section uint32, target uint64) ([]byte, error) {
	r, err := f.crelHeader(section, target)
	if err != nil {
		return nil, err
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if f.big {
		order = binary.BigEndian
	}
	records := huge.Make[byte](int(r.count)*relocSize, int(r.count)*relocSize)
	var offset, addend uint64
	var symbol, typ uint32
	for i := range r.count {
		first := r.byte()
		offset += r.crelOffset(first)
		if first&crelSymbol != 0 { // 32 bits count: what is less by 1 may be written as 2^32-1 more
			symbol += uint32(r.sleb())
		}
		if first&crelType != 0 {
			typ += uint32(r.sleb())
		}
		if first&crelOwnAddend != 0 {
			addend += uint64(r.sleb())
		}
		if r.bad != "" {
			return nil, f.badCREL(section, r, fmt.Sprintf("record %d of %d %s", i, r.count, r.bad))
		}
		record := records[i*relocSize:][:relocSize]
		order.PutUint64(record, offset<<r.shift)
		order.PutUint64(record[8:], uint64(symbol)<<32|uint64(typ))
		order.PutUint64(record[16:], addend)
	}
	if len(r.rest) > 0 {
		return nil, f.badCREL(section, r, fmt.Sprintf("%d bytes behind the last of %d records", len(r.rest), r.count))
	}
	return records, nil
}

// badCREL is the error for what was found where the reader is.
func (f *File) badCREL(section uint32, r *crelReader, what string) error {
	at := len(f.Data(section)) - len(r.rest)
	return fmt.Errorf("%w: %s+%#x: compact relocations: %s", ErrFormat, f.Sections[section].Name(), at, what)
}

// crelReader reads from the start of what is left. Once it is bad it says why, and reads
// zeros.
type crelReader struct {
	rest  []byte
	bad   string
	count uint64 // of records, says the header
	shift uint64 // how many low bits all offsets lack
}

const (
	crelShort = "is cut short"
	crelLong  = "has a number of more than 64 bits"
)

func (r *crelReader) byte() byte {
	if len(r.rest) == 0 && r.bad == "" {
		r.bad = crelShort
	}
	if r.bad != "" {
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// crelOffset reads the rest of a record's first number, and is how much the offset grows:
// the number has 64 bits above the flags.
func (r *crelReader) crelOffset(first byte) uint64 {
	const flagBits, firstBits = 3, 7 - 3
	low := uint64(first & 0x7f >> flagBits)
	if first < 0x80 {
		return low
	}
	high := r.uleb()
	if high>>(64-firstBits) != 0 {
		r.bad = crelLong
	}
	return high<<firstBits | low
}

// uleb reads an unsigned LEB128 number.
func (r *crelReader) uleb() (v uint64) {
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		switch {
		case shift == 63 && b > 1:
			r.bad = crelLong
			return 0
		case b < 0x80:
			return v
		}
	}
}

// sleb reads a signed one.
func (r *crelReader) sleb() (v int64) {
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		switch {
		case shift == 63 && b != 0 && b != 0x7f: // the last bit, and no more than the sign
			r.bad = crelLong
			return 0
		case b >= 0x80:
		case b&0x40 != 0:
			return v | -1<<(shift+7)
		default:
			return v
		}
	}
}

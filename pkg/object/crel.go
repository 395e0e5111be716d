// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// CREL is a compact encoding of relocation records: each says in LEB128 numbers what it
// differs in from the one before. It was proposed for the generic ABI as SHT_CREL, and
// LLVM writes it with a section type of the range for applications (llvm/BinaryFormat/ELF.h).
const (
	sectionCREL             = elf.SectionType(20)
	sectionCRELExperimental = elf.SectionType(0x4000_0014)
)

// Android's packed relocations, which no compiler writes into an object
// (SHT_ANDROID_REL and SHT_ANDROID_RELA of llvm/BinaryFormat/ELF.h).
const (
	sectionAndroidREL  = elf.SectionType(0x6000_0001)
	sectionAndroidRELA = elf.SectionType(0x6000_0002)
)

func isCREL(typ elf.SectionType) bool {
	return typ == sectionCREL || typ == sectionCRELExperimental
}

// The header is the number of records, and below that what is common to all.
const (
	crelShift  = 3 // the low bits of every offset, which are zero
	crelAddend = 4 // there are addends
	crelCount  = 8 // the unit of the number
)

// What a record's first byte says is there, beside the rest of the offset.
const (
	crelSymbol = 1 << iota
	crelType
	crelOwnAddend
)

// decodeCREL decodes the records of a section for a target of so many bytes. Each takes a
// byte at least, and has a place in the target: there are no more than either has bytes, so
// that they take 24 times as much memory at most.
func (f *File) decodeCREL(section uint32, target uint64) ([]byte, error) {
	r := crelReader{rest: f.Data(section)}
	header := r.uleb()
	count := header / crelCount
	switch {
	case r.bad:
		return nil, f.badCREL(section, "its header is cut short")
	case header&crelAddend == 0 && count > 0:
		return nil, fmt.Errorf("%w: %s: relocations without addends (CREL) are not supported", ErrFormat, f.Sections[section].Name())
	case count > uint64(len(r.rest)) || count > target:
		return nil, f.badCREL(section, fmt.Sprintf("%d records in %d bytes, for %d", count, len(r.rest), target))
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if f.big {
		order = binary.BigEndian
	}
	records := make([]byte, 0, count*relocSize)
	var offset, addend uint64
	var symbol, typ uint32
	for range count {
		const flagBits = 3
		first := r.byte()
		offset += uint64(first &^ 0x80 >> flagBits)
		if first >= 0x80 {
			offset += r.uleb() << (7 - flagBits)
		}
		if first&crelSymbol != 0 {
			symbol += uint32(r.sleb())
		}
		if first&crelType != 0 {
			typ += uint32(r.sleb())
		}
		if first&crelOwnAddend != 0 {
			addend += uint64(r.sleb())
		}
		records = f.appendReloc(records, order, Reloc{offset << (header & crelShift), symbol, typ, int64(addend)})
	}
	if r.bad || len(r.rest) > 0 {
		return nil, f.badCREL(section, fmt.Sprintf("its %d records don't end where it does", count))
	}
	return records, nil
}

func (f *File) badCREL(section uint32, what string) error {
	return fmt.Errorf("%w: %s: compact relocations: %s", ErrFormat, f.Sections[section].Name(), what)
}

// appendReloc appends a record as Elf64_Rela has it.
func (f *File) appendReloc(b []byte, order binary.ByteOrder, r Reloc) []byte {
	var record [relocSize]byte
	order.PutUint64(record[:], r.Offset)
	order.PutUint64(record[8:], uint64(r.Symbol)<<32|uint64(r.Type))
	order.PutUint64(record[16:], uint64(r.Addend))
	return append(b, record[:]...)
}

// crelReader reads from the start of what is left. At its end it is bad, and reads zeros.
type crelReader struct {
	rest []byte
	bad  bool
}

func (r *crelReader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// uleb reads an unsigned LEB128 number, of which 64 bits count. One that is longer than
// any such number is bad.
func (r *crelReader) uleb() (v uint64) {
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 || r.bad {
			return v
		}
		if shift >= 63 {
			r.bad = true
			return v
		}
	}
}

// sleb reads a signed one.
func (r *crelReader) sleb() (v int64) {
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b < 0x80 || r.bad {
			if shift += 7; b&0x40 != 0 && shift < 64 {
				v |= -1 << shift
			}
			return v
		}
		if shift >= 63 {
			r.bad = true
			return v
		}
	}
}

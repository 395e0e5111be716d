// SPDX-License-Identifier: MIT

package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/fnsum/fnsum/internal/huge"
)

// Section is one section header. A kernel has nearly two hundred thousand: what few ask
// for is left in the file.
type Section struct {
	Offset  uint64 // in the file
	Size    uint64 // in bytes
	name    *byte  // nil for none
	nameLen uint32
	Type    elf.SectionType
	Flags   elf.SectionFlag
	entsize uint32 // the largest number for what is larger
	Info    uint32

	rela uint32 // the section that holds its relocation records, and relaMade, or 0
}

// Name is the section's name.
func (s *Section) Name() string { return unsafe.String(s.name, s.nameLen) }

// Entsize is the size of the section's entries in bytes, 0 where they have no one size.
func (s *Section) Entsize() uint64 { return uint64(s.entsize) }

// Link is a section's sh_link.
func (f *File) Link(section uint32) uint32 {
	return f.u32(f.headers[int(section)*sectionHeaderSize+40:])
}

// Allocated tells whether the section is part of the running kernel.
func (s *Section) Allocated() bool { return s.Flags&elf.SHF_ALLOC != 0 }

// Executable tells whether the section holds code of the running kernel.
func (s *Section) Executable() bool {
	return s.Flags&(elf.SHF_ALLOC|elf.SHF_EXECINSTR) == elf.SHF_ALLOC|elf.SHF_EXECINSTR &&
		s.Type != elf.SHT_NOBITS
}

// maxPath is PATH_MAX, include/uapi/linux/limits.h.
const maxPath = 4096

// PathAt is a view of the text at a place, without the NUL at its end: nil where there is
// none, or one that is longer than a path may be.
func (f *File) PathAt(section uint32, at uint64) []byte {
	data := f.Data(section)
	if at >= uint64(len(data)) {
		return nil
	}
	text, _, ended := bytes.Cut(data[at:min(uint64(len(data)), at+maxPath)], []byte{0})
	if !ended {
		return nil
	}
	return text
}

// Data is a view of the section's bytes, empty for SHT_NOBITS.
func (f *File) Data(section uint32) []byte {
	s := &f.Sections[section]
	if s.Type == elf.SHT_NOBITS {
		return nil
	}
	return f.data[s.Offset : s.Offset+s.Size : s.Offset+s.Size]
}

const sectionHeaderSize = 64 // of Elf64_Shdr

// tableRange is a table of fixed-size records inside the file.
type tableRange struct {
	data  []byte
	count int
}

// table checks a table of count records against the file's bounds.
func (f *File) table(what string, offset, count, size uint64) (tableRange, error) {
	n := uint64(len(f.data))
	if offset > n || count > (n-offset)/size {
		return tableRange{}, fmt.Errorf("%w: %s: %d entries at offset %#x reach beyond the end of the file (%#x bytes)", ErrFormat, what, count, offset, n)
	}
	return tableRange{f.data[offset : offset+count*size], int(count)}, nil
}

// loadSections reads the section header table. Where the count or the string
// table's index doesn't fit 16 bits, section 0 carries it in sh_size and
// sh_link (gABI, "ELF Header", e_shnum and e_shstrndx).
func (f *File) loadSections() error {
	header := f.data[:headerSize]
	offset := f.u64(header[40:])
	size, count, names := f.u16(header[58:]), uint64(f.u16(header[60:])), uint32(f.u16(header[62:]))
	if offset == 0 {
		return fmt.Errorf("%w: there is no section header table", ErrFormat)
	}
	if size != sectionHeaderSize {
		return fmt.Errorf("%w: section headers of %d bytes instead of %d", ErrFormat, size, sectionHeaderSize)
	}
	first, err := f.table("section header table", offset, 1, sectionHeaderSize)
	if err != nil {
		return err
	}
	if count == 0 {
		count = f.u64(first.data[32:])
	}
	if names == uint32(elf.SHN_XINDEX) {
		names = f.u32(first.data[40:])
	}
	if count > uint64(len(f.data)) {
		return fmt.Errorf("%w: %d sections in a file of %d bytes", ErrFormat, count, len(f.data))
	}
	headers, err := f.table("section header table", offset, count, sectionHeaderSize)
	if err != nil {
		return err
	}
	f.headers = headers.data
	f.Sections = huge.Make[Section](headers.count, headers.count)
	if uint64(names) >= uint64(len(f.Sections)) {
		return fmt.Errorf("%w: section %d of %d is the section name table", ErrFormat, names, len(f.Sections))
	}
	if err := f.loadSection(int(names)); err != nil {
		return err
	}
	if f.Sections[names].Type != elf.SHT_STRTAB {
		return fmt.Errorf("%w: section %d is no section name table", ErrFormat, names)
	}
	table := f.Data(names)
	var mutex sync.Mutex
	err = inChunks(headers.count, func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			if i != int(names) {
				if err := f.loadSection(i); err != nil {
					return err
				}
			}
			if i == 0 {
				continue
			}
			s := &f.Sections[i]
			name, err := stringAt(table, f.u32(f.headers[i*sectionHeaderSize:]))
			if err != nil {
				return fmt.Errorf("%w: name of section %d: %v", ErrFormat, i, err)
			}
			s.name, s.nameLen = unsafe.StringData(name), uint32(len(name))
			switch s.Type {
			case elf.SHT_SYMTAB, elf.SHT_SYMTAB_SHNDX, elf.SHT_NOTE:
				mutex.Lock()
				f.few = append(f.few, uint32(i))
				mutex.Unlock()
			}
		}
		return nil
	})
	slices.Sort(f.few)
	return err
}

// loadSection reads one section header, but for the name.
func (f *File) loadSection(i int) error {
	h := f.headers[i*sectionHeaderSize:][:sectionHeaderSize]
	typ := elf.SectionType(f.u32(h[4:]))
	if i == 0 || typ == elf.SHT_NULL { // the other fields mean nothing, or belong to the ELF header
		f.Sections[i] = Section{Type: elf.SHT_NULL}
		return nil
	}
	s := Section{
		Type:    typ,
		Flags:   elf.SectionFlag(f.u64(h[8:])),
		Offset:  f.u64(h[24:]),
		Size:    f.u64(h[32:]),
		Info:    f.u32(h[44:]),
		entsize: uint32(min(f.u64(h[56:]), math.MaxUint32)),
	}
	n := uint64(len(f.data))
	if s.Type != elf.SHT_NOBITS && (s.Offset > n || s.Size > n-s.Offset) {
		return fmt.Errorf("%w: section %d: %#x bytes at offset %#x reach beyond the end of the file (%#x bytes)", ErrFormat, i, s.Size, s.Offset, n)
	}
	f.Sections[i] = s
	return nil
}

// stringAt is a view of the NUL-terminated string at the offset of a string
// table. It is no longer than a symbol can hold.
func stringAt(table []byte, offset uint32) (string, error) {
	if offset == 0 && len(table) == 0 {
		return "", nil
	}
	if uint64(offset) >= uint64(len(table)) {
		return "", fmt.Errorf("offset %#x is outside the string table (%#x bytes)", offset, len(table))
	}
	rest := table[offset:]
	n := bytes.IndexByte(rest, 0)
	switch {
	case n < 0:
		return "", fmt.Errorf("the string at offset %#x has no end", offset)
	case n > maxNameLen:
		return "", fmt.Errorf("the string at offset %#x has %d bytes", offset, n)
	case n == 0:
		return "", nil
	}
	return unsafe.String(&rest[0], n), nil
}

func (f *File) u16(b []byte) uint16 {
	if f.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (f *File) u32(b []byte) uint32 {
	if f.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (f *File) u64(b []byte) uint64 {
	if f.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"debug/elf"
	"fmt"
	"sort"
	"strings"
	"unsafe"

	"github.com/fnsum/fnsum/internal/huge"
)

// Section indices of a symbol that name no section. They lie above every
// index that a file can have: the 16-bit reserved ones, and with
// SHT_SYMTAB_SHNDX any 32-bit one below.
const (
	SectionUndef  uint32 = 0
	SectionAbs    uint32 = 0xffff_fff1
	SectionCommon uint32 = 0xffff_fff2
	sectionOther  uint32 = 0xffff_ff00 // other reserved indices begin here
)

// Symbol is one entry of the symbol table. A kernel has hundreds of thousands, looked
// up in no order: two of them fill a cache line.
type Symbol struct {
	Value   uint64 // offset in its section
	Size    uint64 // in bytes
	name    *byte  // nil for none
	Section uint32 // extended index resolved
	info    uint32 // st_info, what the name says, and above that the name's length
}

// What is in a symbol's info above the 8 bits of st_info.
const (
	placeFlag   = 1 << (iota + 8) // it marks a place of the program
	mappingFlag                   // it is a mapping symbol
	lengthUnit                    // of the name
)

// maxNameLen bounds the length of names in bytes: what refers to something says its name.
// It is eight times the kernel's KSYM_NAME_LEN (include/linux/kallsyms.h).
const maxNameLen = 1 << 12

// setName sets the name, of which a symbol holds no more than a view.
func (s *Symbol) setName(name string) {
	s.name = unsafe.StringData(name)
	s.info = s.info%placeFlag + uint32(len(name))*lengthUnit
	switch {
	case mappingKind(s) != 0:
		s.info |= mappingFlag
	case marksPlace(s):
		s.info |= placeFlag
	}
}

// Name is the symbol's name; of a section's without one, the section's.
func (s *Symbol) Name() string { return unsafe.String(s.name, s.info/lengthUnit) }

// Type is STT_FUNC, STT_OBJECT, ...
func (s *Symbol) Type() elf.SymType { return elf.ST_TYPE(uint8(s.info)) }

// Bind is STB_LOCAL, STB_GLOBAL or STB_WEAK.
func (s *Symbol) Bind() elf.SymBind { return elf.ST_BIND(uint8(s.info)) }

// Local tells whether the symbol's binding is STB_LOCAL.
func (s *Symbol) Local() bool { return s.Bind() == elf.STB_LOCAL }

// Defined tells whether the symbol lies in a section of this file.
func (s *Symbol) Defined() bool { return s.Section != SectionUndef && s.Section < sectionOther }

// CompareNames orders the names of one function or datum, the primary first: a
// global before a weak before a local one, then by name (rule 1.2).
func (f *File) CompareNames(a, b uint32) int {
	x, y := &f.Symbols[a], &f.Symbols[b]
	return cmp.Or(cmp.Compare(x.scopeRank(), y.scopeRank()), strings.Compare(x.Name(), y.Name()), cmp.Compare(a, b))
}

func (s *Symbol) scopeRank() int {
	switch s.Bind() {
	case elf.STB_LOCAL:
		return 2
	case elf.STB_WEAK:
		return 1
	}
	return 0
}

// SourceFile is the STT_FILE symbol in front of a local symbol: its source file; 0, the
// null symbol, for a global and where the object has none.
func (f *File) SourceFile(symbol uint32) uint32 {
	if s := &f.Symbols[symbol]; !s.Local() || s.Type() == elf.STT_FILE {
		return 0
	}
	i := sort.Search(len(f.files), func(i int) bool { return f.files[i] > symbol })
	if i == 0 {
		return 0
	}
	return f.files[i-1]
}

// FileName is the name of a symbol's source file, empty where none is known.
func (f *File) FileName(symbol uint32) string { return f.Symbols[f.SourceFile(symbol)].Name() }

const symbolSize = 24 // of Elf64_Sym

func (f *File) loadSymbols() error {
	index := uint32(0)
	for i := range f.Sections {
		if f.Sections[i].Type == elf.SHT_SYMTAB {
			if index != 0 {
				return fmt.Errorf("%w: sections %d and %d are both symbol tables", ErrFormat, index, i)
			}
			index = uint32(i)
		}
	}
	if index == 0 {
		return nil
	}
	table := &f.Sections[index]
	if table.Entsize() != symbolSize || table.Size%symbolSize != 0 {
		return fmt.Errorf("%w: symbol table: %d bytes in entries of %d", ErrFormat, table.Size, table.Entsize())
	}
	link := f.Link(index)
	if uint64(link) >= uint64(len(f.Sections)) || f.Sections[link].Type != elf.SHT_STRTAB {
		return fmt.Errorf("%w: symbol table: section %d is no string table", ErrFormat, link)
	}
	names, records := f.Data(link), f.Data(index)
	extended, err := f.extendedIndices(index, len(records)/symbolSize)
	if err != nil {
		return err
	}

	n := len(records) / symbolSize
	f.Symbols = huge.Make[Symbol](n, n)
	t := symbolTable{f, records, names, extended}
	err = inChunks(len(f.Symbols), func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			if err := t.load(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range f.Symbols {
		if f.Symbols[i].Type() == elf.STT_FILE {
			f.files = append(f.files, uint32(i))
		}
	}
	return nil
}

// symbolTable is what a symbol is read from.
type symbolTable struct {
	file                     *File
	records, names, extended []byte
}

// load reads symbol i.
func (t *symbolTable) load(i int) error {
	f, r := t.file, t.records[i*symbolSize:][:symbolSize]
	name, err := stringAt(t.names, f.u32(r))
	if err != nil {
		return fmt.Errorf("%w: symbol %d: %v", ErrFormat, i, err)
	}
	s := &f.Symbols[i]
	*s = Symbol{info: uint32(r[4]), Value: f.u64(r[8:]), Size: f.u64(r[16:])}
	switch section := f.u16(r[6:]); {
	case section == uint16(elf.SHN_XINDEX):
		if t.extended == nil {
			return fmt.Errorf("%w: symbol %d (%s) has an extended section index, and there is no table of them", ErrFormat, i, name)
		}
		s.Section = f.u32(t.extended[i*4:])
	case section >= uint16(elf.SHN_LORESERVE):
		s.Section = 0xffff_0000 | uint32(section)
	default:
		s.Section = uint32(section)
	}
	if s.Section < sectionOther && uint64(s.Section) >= uint64(len(f.Sections)) {
		return fmt.Errorf("%w: symbol %d (%s) lies in section %d of %d", ErrFormat, i, name, s.Section, len(f.Sections))
	}
	if s.Type() == elf.STT_SECTION && s.Defined() && name == "" {
		name = f.Sections[s.Section].Name()
	}
	s.setName(name)
	return nil
}

// extendedIndices finds the SHT_SYMTAB_SHNDX table that goes with a symbol
// table: one 32-bit section index per symbol (gABI, "Symbol Table").
func (f *File) extendedIndices(symtab uint32, count int) ([]byte, error) {
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Type == elf.SHT_SYMTAB_SHNDX && f.Link(uint32(i)) == symtab {
			if s.Size != uint64(count)*4 {
				return nil, fmt.Errorf("%w: extended section indices: %d bytes for %d symbols", ErrFormat, s.Size, count)
			}
			return f.Data(uint32(i)), nil
		}
	}
	return nil, nil
}

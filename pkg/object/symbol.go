// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
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
	prefixFlag                    // its name is that of code in front of a function
	lengthUnit                    // of the name
)

// maxNameLen bounds the length of names in bytes: what refers to something says its name.
// It is eight times the kernel's KSYM_NAME_LEN (include/linux/kallsyms.h).
const maxNameLen = 1 << 12

// setName sets the name, of which a symbol holds no more than a view.
func (s *Symbol) setName(name string) {
	s.name = unsafe.StringData(name)
	s.info = s.info%placeFlag + uint32(len(name))*lengthUnit
	if s.Type() == elf.STT_SECTION || s.Type() == elf.STT_FILE {
		return
	}
	if _, found := CutPrefix(name); found {
		s.info |= prefixFlag
	}
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

// Bind is STB_LOCAL, STB_WEAK, or for every other binding STB_GLOBAL.
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
	file, _ := f.fileOf(symbol)
	return file
}

// fileOf is the STT_FILE symbol in front of a local symbol, or 0, and the next one.
func (f *File) fileOf(symbol uint32) (file, next uint32) {
	i := sort.Search(len(f.files), func(i int) bool { return f.files[i] > symbol })
	if next = uint32(len(f.Symbols)); i < len(f.files) {
		next = f.files[i]
	}
	if i > 0 {
		file = f.files[i-1]
	}
	return file, next
}

// FileName is the name of a symbol's source file, empty where none is known.
func (f *File) FileName(symbol uint32) string { return f.Symbols[f.SourceFile(symbol)].Name() }

const symbolSize = 24 // of Elf64_Sym

// symbolTable is what symbols are read from.
type symbolTable struct {
	file                     *File
	records, names, extended []byte
}

// findSymbols finds the symbol table, and makes room for its symbols.
func (f *File) findSymbols() (symbolTable, error) {
	t, index := symbolTable{file: f}, uint32(0)
	for _, i := range f.few {
		if f.Sections[i].Type == elf.SHT_SYMTAB {
			if index != 0 {
				return t, fmt.Errorf("%w: sections %d and %d are both symbol tables", ErrFormat, index, i)
			}
			index = i
		}
	}
	if index == 0 {
		return t, nil
	}
	table := &f.Sections[index]
	if table.Entsize() != symbolSize || table.Size%symbolSize != 0 {
		return t, fmt.Errorf("%w: symbol table: %d bytes in entries of %d", ErrFormat, table.Size, table.Entsize())
	}
	link := f.Link(index)
	if uint64(link) >= uint64(len(f.Sections)) || f.Sections[link].Type != elf.SHT_STRTAB {
		return t, fmt.Errorf("%w: symbol table: section %d is no string table", ErrFormat, link)
	}
	t.names, t.records = f.Data(link), f.Data(index)
	n := len(t.records) / symbolSize
	f.Symbols = huge.Make[Symbol](n, n)
	var err error
	t.extended, err = f.extendedIndices(index, n)
	return t, err
}

// load reads all symbols.
func (t *symbolTable) load() error {
	f := t.file
	var mutex sync.Mutex
	err := inChunks(len(f.Symbols), func(lo, hi int) error {
		var files []uint32
		for i := lo; i < hi; i++ {
			if err := t.loadSymbol(i); err != nil {
				return err
			}
			if f.Symbols[i].Type() == elf.STT_FILE {
				files = append(files, uint32(i))
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		f.files = append(f.files, files...)
		return nil
	})
	slices.Sort(f.files)
	return err
}

// loadSymbol reads symbol i.
func (t *symbolTable) loadSymbol(i int) error {
	f, r := t.file, t.records[i*symbolSize:][:symbolSize]
	name, err := stringAt(t.names, f.u32(r))
	if err != nil {
		return fmt.Errorf("%w: symbol %d: %v", ErrFormat, i, err)
	}
	s := &f.Symbols[i]
	bind, typ := elf.ST_BIND(r[4]), elf.ST_TYPE(r[4])
	if bind != elf.STB_LOCAL && bind != elf.STB_WEAK {
		bind = elf.STB_GLOBAL // STB_GNU_UNIQUE, and what an operating system or machine may define
	}
	*s = Symbol{info: uint32(elf.ST_INFO(bind, typ)), Value: f.u64(r[8:]), Size: f.u64(r[16:])}
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
	for _, i := range f.few {
		if s := &f.Sections[i]; s.Type == elf.SHT_SYMTAB_SHNDX && f.Link(i) == symtab {
			if s.Size != uint64(count)*4 {
				return nil, fmt.Errorf("%w: extended section indices: %d bytes for %d symbols", ErrFormat, s.Size, count)
			}
			return f.Data(i), nil
		}
	}
	return nil, nil
}

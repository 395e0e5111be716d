// SPDX-License-Identifier: MIT

// Package elfbuild composes relocatable ELF64 objects in memory, for tests
// that need an object which no compiler would make twice the same, or at all.
//
// An Object is written down as a literal: sections with their bytes, symbols
// and relocations that name each other. Where several share a name, "name#2"
// is the second in the section or symbol table. Text, Data and their kin lay
// out a section from pieces, each with its symbols and relocations, so that a
// test needs no offsets:
//
//	elfbuild.Object{Sections: []elfbuild.Section{
//		elfbuild.Text(".text",
//			elfbuild.Func("f", "e8 00000000 c3", // call g; ret
//				elfbuild.PLT32(1, "g", -4)),
//			elfbuild.Func("g", "c3").Local(),
//		),
//	}}.Bytes()
//
// A mistake in the literal is one in the test: Bytes panics and says what.
package elfbuild

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Object is a relocatable object to be.
type Object struct {
	Machine elf.Machine // EM_X86_64 if 0
	Type    elf.Type    // ET_REL if 0
	Big     bool        // big-endian
	// Sections have the indices from 1 on. Behind them come the relocation
	// sections, the symbol table and the string tables.
	Sections []Section
	// Symbols stand in the symbol table in this order, locals first, and
	// before the sections' own symbols; so an STT_FILE symbol has those
	// behind it up to the next. The symbol of a section that a relocation
	// names, and undefined ones, need not be listed.
	Symbols []Symbol
	// NoSymbols leaves out the symbol table.
	NoSymbols bool
	// CREL writes the relocations in the compact encoding (crel.go).
	CREL bool
}

// Section is one section of an Object.
type Section struct {
	Name    string
	Type    elf.SectionType // SHT_PROGBITS if 0
	Flags   elf.SectionFlag
	Entsize uint64
	Link    uint32
	Info    uint32
	Data    []byte
	Size    uint64 // of SHT_NOBITS, which has no Data
	// Symbols are those defined in this section: their Section is implied.
	Symbols []Symbol
	// Relocs apply to this section. They are written in this order.
	Relocs []Reloc
}

// Names of sections that a symbol can have without being in one.
const (
	Undefined = ""
	Absolute  = "*ABS*"
	Common    = "*COM*"
)

// Symbol is one symbol of an Object.
type Symbol struct {
	Name    string
	Bind    elf.SymBind
	Type    elf.SymType
	Section string // its name, or Undefined, Absolute, Common
	Value   uint64
	Size    uint64
}

// File is an STT_FILE symbol.
func File(name string) Symbol {
	return Symbol{Name: name, Type: elf.STT_FILE, Section: Absolute}
}

// Reloc is one relocation record with its addend.
type Reloc struct {
	Offset uint64
	Type   uint32
	Symbol string // a symbol's name, else a section's: by its section symbol
	Addend int64
}

const (
	headerSize  = 64 // Elf64_Ehdr
	sectionSize = 64 // Elf64_Shdr
	symbolSize  = 24 // Elf64_Sym
	relaSize    = 24 // Elf64_Rela
)

// strtab is a string table that grows.
type strtab struct {
	data  []byte
	index map[string]uint32
}

func (t *strtab) add(s string) uint32 {
	if s == "" {
		return 0
	}
	at, ok := t.index[s]
	if !ok {
		at = uint32(len(t.data))
		t.data = append(append(t.data, s...), 0)
		t.index[s] = at
	}
	return at
}

func newStrtab() *strtab { return &strtab{data: []byte{0}, index: map[string]uint32{}} }

// names numbers things by name: "x" is the first x, "x#2" the second.
type names struct {
	index map[string]uint32
	count map[string]int
}

func newNames() *names { return &names{map[string]uint32{}, map[string]int{}} }

// add returns the name under which the index is found.
func (n *names) add(name string, index uint32) string {
	n.count[name]++
	if c := n.count[name]; c > 1 {
		name += "#" + strconv.Itoa(c)
	}
	n.index[name] = index
	return name
}

// builder holds what Bytes has composed so far.
type builder struct {
	order    binary.AppendByteOrder
	out      []byte // header and contents
	headers  []byte // section headers
	count    int    // of section headers
	names    *strtab
	sections *names
	symbols  *names
}

func fail(format string, args ...any) {
	panic("elfbuild: " + fmt.Sprintf(format, args...))
}

// Bytes is the object file.
func (o Object) Bytes() []byte {
	b := &builder{
		order: binary.LittleEndian, out: make([]byte, headerSize), headers: make([]byte, sectionSize), count: 1,
		names: newStrtab(), sections: newNames(), symbols: newNames(),
	}
	if o.Big {
		b.order = binary.BigEndian
	}
	for i, s := range o.Sections {
		b.sections.add(s.Name, uint32(i+1))
		b.section(s)
	}
	symbols, locals := b.orderSymbols(&o)
	relas := 0
	for _, s := range o.Sections {
		if len(s.Relocs) > 0 {
			relas++
		}
	}
	symtab := uint32(1 + len(o.Sections) + relas)
	for i, s := range o.Sections {
		if len(s.Relocs) == 0 {
			continue
		}
		records := Section{Flags: elf.SHF_INFO_LINK, Link: symtab, Info: uint32(i + 1)}
		if o.CREL {
			records.Name, records.Type, records.Entsize, records.Data = ".crel"+s.Name, SectionCREL, 1, b.crel(&s)
		} else {
			records.Name, records.Type, records.Entsize, records.Data = ".rela"+s.Name, elf.SHT_RELA, relaSize, b.relocs(&s)
		}
		b.section(records)
	}
	if !o.NoSymbols {
		table, extended, text := b.symbolTable(symbols)
		strings := symtab + 1
		if extended != nil {
			strings++
		}
		b.section(Section{Name: ".symtab", Type: elf.SHT_SYMTAB, Entsize: symbolSize, Link: strings, Info: uint32(locals), Data: table})
		if extended != nil {
			b.section(Section{Name: ".symtab_shndx", Type: elf.SHT_SYMTAB_SHNDX, Entsize: 4, Link: symtab, Data: extended})
		}
		b.section(Section{Name: ".strtab", Type: elf.SHT_STRTAB, Data: text})
	}
	b.names.add(".shstrtab")
	b.section(Section{Name: ".shstrtab", Type: elf.SHT_STRTAB, Data: b.names.data})
	return b.finish(&o)
}

// section appends a section's data and header.
func (b *builder) section(s Section) {
	if s.Type == 0 {
		s.Type = elf.SHT_PROGBITS
	}
	size := uint64(len(s.Data))
	if s.Type == elf.SHT_NOBITS {
		if size != 0 {
			fail("section %s: SHT_NOBITS with data", s.Name)
		}
		size = s.Size
	}
	b.align(8)
	h := b.headers
	h = b.order.AppendUint32(h, b.names.add(s.Name))
	h = b.order.AppendUint32(h, uint32(s.Type))
	h = b.order.AppendUint64(h, uint64(s.Flags))
	h = b.order.AppendUint64(h, 0)
	h = b.order.AppendUint64(h, uint64(len(b.out)))
	h = b.order.AppendUint64(h, size)
	h = b.order.AppendUint32(h, s.Link)
	h = b.order.AppendUint32(h, s.Info)
	h = b.order.AppendUint64(h, 1)
	b.headers = b.order.AppendUint64(h, s.Entsize)
	b.out = append(b.out, s.Data...)
	b.count++
}

func (b *builder) align(n int) {
	for len(b.out)%n != 0 {
		b.out = append(b.out, 0)
	}
}

// orderSymbols collects all symbols, also those that only relocations name,
// puts the local ones first, and numbers them.
func (b *builder) orderSymbols(o *Object) (symbols []Symbol, locals int) {
	symbols = append(symbols, o.Symbols...)
	seen := newNames()
	for _, s := range o.Sections {
		name := seen.add(s.Name, 0)
		for _, symbol := range s.Symbols {
			symbol.Section = name
			symbols = append(symbols, symbol)
		}
	}
	known := newNames()
	for _, s := range symbols {
		known.add(s.Name, 0)
	}
	for _, s := range o.Sections {
		for _, r := range s.Relocs {
			if _, ok := known.index[r.Symbol]; ok || r.Symbol == "" {
				continue
			}
			known.add(r.Symbol, 0)
			if _, ok := b.sections.index[r.Symbol]; ok {
				symbols = append(symbols, Symbol{Name: r.Symbol, Type: elf.STT_SECTION, Section: r.Symbol})
			} else {
				symbols = append(symbols, Symbol{Name: r.Symbol, Bind: elf.STB_GLOBAL})
			}
		}
	}
	slices.SortStableFunc(symbols, func(x, y Symbol) int {
		return cmp.Compare(min(x.Bind, elf.STB_GLOBAL), min(y.Bind, elf.STB_GLOBAL))
	})
	locals = 1
	for i, s := range symbols {
		b.symbols.add(s.Name, uint32(i+1))
		if s.Bind == elf.STB_LOCAL {
			locals++
		}
	}
	return symbols, locals
}

// symbolTable is the contents of .symtab, of .symtab_shndx where one is
// needed, and of .strtab.
func (b *builder) symbolTable(symbols []Symbol) (table, extended, text []byte) {
	names := newStrtab()
	table = make([]byte, symbolSize)
	indices := make([]byte, 4)
	need := false
	for _, s := range symbols {
		section := uint32(0)
		switch s.Section {
		case Undefined:
		case Absolute:
			section = uint32(elf.SHN_ABS)
		case Common:
			section = uint32(elf.SHN_COMMON)
		default:
			index, ok := b.sections.index[s.Section]
			if !ok {
				fail("symbol %s: there is no section %s", s.Name, s.Section)
			}
			section = index
			if index >= uint32(elf.SHN_LORESERVE) {
				section, need = uint32(elf.SHN_XINDEX), true
				indices = b.order.AppendUint32(indices, index)
			}
		}
		if section != uint32(elf.SHN_XINDEX) {
			indices = b.order.AppendUint32(indices, 0)
		}
		name := s.Name
		if s.Type == elf.STT_SECTION {
			name = ""
		}
		table = b.order.AppendUint32(table, names.add(name))
		table = append(table, elf.ST_INFO(s.Bind, s.Type), 0)
		table = b.order.AppendUint16(table, uint16(section))
		table = b.order.AppendUint64(table, s.Value)
		table = b.order.AppendUint64(table, s.Size)
	}
	if !need {
		indices = nil
	}
	return table, indices, names.data
}

// symbol is the index of a relocation's symbol.
func (b *builder) symbol(s *Section, r Reloc) uint32 {
	if r.Symbol == "" {
		return 0
	}
	index, ok := b.symbols.index[r.Symbol]
	if !ok {
		fail("%s+%#x: relocation by %s, which is no symbol", s.Name, r.Offset, r.Symbol)
	}
	return index
}

// relocs is the contents of a section's relocation section.
func (b *builder) relocs(s *Section) []byte {
	var out []byte
	for _, r := range s.Relocs {
		out = b.order.AppendUint64(out, r.Offset)
		out = b.order.AppendUint64(out, uint64(b.symbol(s, r))<<32|uint64(r.Type))
		out = b.order.AppendUint64(out, uint64(r.Addend))
	}
	return out
}

// finish writes the section header table and the ELF header. A count or index
// that doesn't fit its 16 bits goes to section 0 (gABI, "ELF Header").
func (b *builder) finish(o *Object) []byte {
	b.align(8)
	count, names := b.count, b.count-1
	if count >= int(elf.SHN_LORESERVE) {
		copy(b.headers[32:], b.order.AppendUint64(nil, uint64(count)))
		count = 0
	}
	if names >= int(elf.SHN_LORESERVE) {
		copy(b.headers[40:], b.order.AppendUint32(nil, uint32(names)))
		names = int(elf.SHN_XINDEX)
	}
	machine, typ, data := o.Machine, o.Type, elf.ELFDATA2LSB
	if machine == 0 {
		machine = elf.EM_X86_64
	}
	if typ == 0 {
		typ = elf.ET_REL
	}
	if o.Big {
		data = elf.ELFDATA2MSB
	}
	h := append([]byte(elf.ELFMAG), byte(elf.ELFCLASS64), byte(data), byte(elf.EV_CURRENT), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h = b.order.AppendUint16(h, uint16(typ))
	h = b.order.AppendUint16(h, uint16(machine))
	h = b.order.AppendUint32(h, uint32(elf.EV_CURRENT))
	h = b.order.AppendUint64(h, 0)
	h = b.order.AppendUint64(h, 0)
	h = b.order.AppendUint64(h, uint64(len(b.out)))
	h = b.order.AppendUint32(h, 0)
	for _, v := range []int{headerSize, 0, 0, sectionSize, count, names} {
		h = b.order.AppendUint16(h, uint16(v))
	}
	copy(b.out, h)
	return append(b.out, b.headers...)
}

// Hex turns hexadecimal digits, with spaces wherever they help, into bytes.
func Hex(digits string) []byte {
	digits = strings.Join(strings.Fields(digits), "")
	out := make([]byte, 0, len(digits)/2)
	for ; len(digits) >= 2; digits = digits[2:] {
		v, err := strconv.ParseUint(digits[:2], 16, 8)
		if err != nil {
			fail("%v", err)
		}
		out = append(out, byte(v))
	}
	if digits != "" {
		fail("an odd number of hexadecimal digits")
	}
	return out
}

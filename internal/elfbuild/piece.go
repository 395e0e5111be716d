// SPDX-License-Identifier: MIT

package elfbuild

import (
	"debug/elf"
	"slices"
)

// Piece is a stretch of a section with what belongs to it. The values of its
// symbols and the offsets of its relocations count from its own start.
type Piece struct {
	Data    []byte
	Size    uint64 // in a section without data
	Symbols []Symbol
	Relocs  []Reloc
	Align   uint64 // of its start; the fill is NOPs in code, else zero
}

// Func is a global function. The code is hexadecimal.
func Func(name, code string, relocs ...Reloc) Piece {
	return named(name, elf.STT_FUNC, Hex(code), relocs)
}

// Var is a global datum.
func Var(name string, data []byte, relocs ...Reloc) Piece {
	return named(name, elf.STT_OBJECT, data, relocs)
}

// Space is a global datum in a section without data.
func Space(name string, size uint64) Piece {
	return Piece{Size: size, Symbols: []Symbol{{Name: name, Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Size: size}}}
}

// Raw is hexadecimal bytes without a symbol.
func Raw(data string, relocs ...Reloc) Piece { return Piece{Data: Hex(data), Relocs: relocs} }

// Text0 is a string literal without a symbol, its end included.
func Text0(text string) Piece { return Piece{Data: append([]byte(text), 0)} }

func named(name string, typ elf.SymType, data []byte, relocs []Reloc) Piece {
	return Piece{
		Data: data, Relocs: relocs,
		Symbols: []Symbol{{Name: name, Bind: elf.STB_GLOBAL, Type: typ, Size: uint64(len(data))}},
	}
}

// Local makes the piece's symbols local.
func (p Piece) Local() Piece { return p.bind(elf.STB_LOCAL) }

// Weak makes the piece's symbols weak.
func (p Piece) Weak() Piece { return p.bind(elf.STB_WEAK) }

func (p Piece) bind(bind elf.SymBind) Piece {
	p.Symbols = slices.Clone(p.Symbols)
	for i := range p.Symbols {
		p.Symbols[i].Bind = bind
	}
	return p
}

// Alias adds a name with the place, size, type and binding of the first.
func (p Piece) Alias(name string) Piece {
	alias := p.Symbols[0]
	alias.Name = name
	return p.With(alias)
}

// With adds symbols.
func (p Piece) With(symbols ...Symbol) Piece {
	p.Symbols = append(slices.Clip(p.Symbols), symbols...)
	return p
}

// At aligns the piece's start.
func (p Piece) At(align uint64) Piece {
	p.Align = align
	return p
}

// Text is a section of code.
func Text(name string, pieces ...Piece) Section {
	return layOut(Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR}, pieces)
}

// ReadOnly is a section of constants.
func ReadOnly(name string, pieces ...Piece) Section {
	return layOut(Section{Name: name, Flags: elf.SHF_ALLOC}, pieces)
}

// Data is a section of variables.
func Data(name string, pieces ...Piece) Section {
	return layOut(Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_WRITE}, pieces)
}

// Zero is a section of variables without data (SHT_NOBITS).
func Zero(name string, pieces ...Piece) Section {
	return layOut(Section{Name: name, Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE}, pieces)
}

// Strings is a section of string literals, in characters of so many bytes.
func Strings(name string, unit uint64, pieces ...Piece) Section {
	return layOut(Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_MERGE | elf.SHF_STRINGS, Entsize: unit}, pieces)
}

// Merge is a section of constants of one size that the linker may merge.
func Merge(name string, entsize uint64, pieces ...Piece) Section {
	return layOut(Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_MERGE, Entsize: entsize}, pieces)
}

// layOut puts the pieces one behind the other.
func layOut(s Section, pieces []Piece) Section {
	fill := byte(0)
	if s.Flags&elf.SHF_EXECINSTR != 0 {
		fill = 0x90
	}
	at := uint64(0)
	for _, p := range pieces {
		for p.Align > 1 && at%p.Align != 0 {
			if s.Type != elf.SHT_NOBITS {
				s.Data = append(s.Data, fill)
			}
			at++
		}
		for _, symbol := range p.Symbols {
			symbol.Value += at
			s.Symbols = append(s.Symbols, symbol)
		}
		for _, r := range p.Relocs {
			r.Offset += at
			s.Relocs = append(s.Relocs, r)
		}
		s.Data = append(s.Data, p.Data...)
		at += uint64(len(p.Data)) + p.Size
	}
	if s.Type == elf.SHT_NOBITS {
		s.Size = at
	}
	return s
}

// Rel is a relocation of any type.
func Rel(offset uint64, typ elf.R_X86_64, symbol string, addend int64) Reloc {
	return Reloc{offset, uint32(typ), symbol, addend}
}

// PC32 is R_X86_64_PC32.
func PC32(offset uint64, symbol string, addend int64) Reloc {
	return Rel(offset, elf.R_X86_64_PC32, symbol, addend)
}

// PLT32 is R_X86_64_PLT32.
func PLT32(offset uint64, symbol string, addend int64) Reloc {
	return Rel(offset, elf.R_X86_64_PLT32, symbol, addend)
}

// Abs32S is R_X86_64_32S.
func Abs32S(offset uint64, symbol string, addend int64) Reloc {
	return Rel(offset, elf.R_X86_64_32S, symbol, addend)
}

// Abs64 is R_X86_64_64.
func Abs64(offset uint64, symbol string, addend int64) Reloc {
	return Rel(offset, elf.R_X86_64_64, symbol, addend)
}

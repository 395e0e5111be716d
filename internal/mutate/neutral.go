// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
)

// Neutral edits change what no checksum covers: nothing may be reported.

const (
	symbolSize     = 24 // of Elf64_Sym
	sectionSize    = 64 // of Elf64_Shdr
	sectionHeaders = 40 // e_shoff in Elf64_Ehdr
)

// symbolTable is the object's table of symbols: the section, and that of its names.
func (o *Object) symbolTable() (table, names uint32) {
	for i := range o.file.Sections {
		if s := &o.file.Sections[i]; s.Type == elf.SHT_SYMTAB {
			return uint32(i), o.file.Link(uint32(i))
		}
	}
	return 0, 0
}

// nameAt is where a symbol's name begins in the table of names.
func (o *Object) nameAt(symbol int) uint32 {
	table, _ := o.symbolTable()
	return binary.LittleEndian.Uint32(o.file.Data(table)[symbol*symbolSize:])
}

// numberedNames is the symbols whose names end in a number, which a compiler counted.
func numberedNames(o *Object) []seed {
	var list []seed
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if s.Local() && s.Defined() && numbered(s.Name()) && (s.Type() == elf.STT_OBJECT || s.Type() == elf.STT_FUNC) {
			list = append(list, seed{n: i})
		}
	}
	return list
}

// renumbered changes the last digit of a name that no other symbol or section shares.
func renumbered(o *Object, s seed) []Site {
	_, names := o.symbolTable()
	data, name := o.file.Data(names), o.file.Symbols[s.n].Name()
	start := uint64(o.nameAt(s.n))
	at := start + uint64(len(name)) - 1
	digit := '0' + (data[at]-'0'+1)%10
	renamed := name[:len(name)-1] + string(digit)
	if digit == '0' && !isDigit(name[len(name)-2]) {
		digit, renamed = '5', name[:len(name)-1]+"5"
	}
	shares := func(from uint64) bool { // whether the name that begins there has the digit
		return from <= at && !bytes.Contains(data[from:at], []byte{0})
	}
	for i := range o.file.Symbols {
		if x := &o.file.Symbols[i]; x.Name() == renamed || i != s.n && x.Name() != "" && strings.HasSuffix(name, x.Name()) && shares(uint64(o.nameAt(i))) {
			return nil
		}
	}
	headers := o.data[binary.LittleEndian.Uint64(o.data[sectionHeaders:]):]
	for i := range o.file.Sections {
		if strings.HasSuffix(name, o.file.Sections[i].Name()) && shares(uint64(binary.LittleEndian.Uint32(headers[i*sectionSize:]))) {
			return nil
		}
	}
	return []Site{{At: name + " is " + renamed, Edits: []Edit{o.byteEdit(names, at, digit)}}}
}

// swappedEntries swaps an entry with the next one in its table, which is about
// another function.
func swappedEntries(o *Object, s seed) []Site {
	t, e := o.entry(s)
	if s.n+1 >= len(t.entries) {
		return nil
	}
	next := &t.entries[s.n+1]
	if len(e.owners) == 0 || len(next.owners) == 0 || next.start+t.size > o.file.Sections[t.section].Size ||
		len(o.refsIn(t.section, e.start, next.start+t.size)) > 0 || len(o.lost[t.section]) > 0 ||
		slices.ContainsFunc(e.owners, func(x owner) bool {
			return slices.ContainsFunc(next.owners, func(y owner) bool { return x.fn == y.fn })
		}) {
		return nil
	}
	relocs := o.file.Relocs(t.section)
	mine, theirs := relocs.Between(e.start, next.start), relocs.Between(next.start, next.start+t.size)
	if mine.Len() != theirs.Len() {
		return nil
	}
	from := o.firstReloc(t.section, e.start)
	var edits []Edit
	for i := range mine.Len() {
		a, b := mine.At(i), theirs.At(i)
		if a.Type != b.Type || a.Offset-e.start != b.Offset-next.start {
			return nil
		}
		edits = append(edits, o.relocEdit(t.section, from+i, b.Symbol, b.Addend), o.relocEdit(t.section, from+mine.Len()+i, a.Symbol, a.Addend))
	}
	data, file := o.file.Data(t.section), o.file.Sections[t.section].Offset
	edits = append(edits,
		Edit{file + e.start, data[next.start : next.start+t.size]},
		Edit{file + next.start, data[e.start:next.start]})
	return []Site{{At: o.at(t.section, e.start) + " and the next", Edits: edits}}
}

// plainSymbols is the local symbols that no relocation refers to, where the next is
// another one and marks another place.
func plainSymbols(o *Object) []seed {
	named := make([]bool, len(o.file.Symbols))
	for i := range o.file.Sections {
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			named[relocs.Symbol(n)] = true
		}
	}
	plain := func(i int) (*object.Symbol, bool) {
		s := &o.file.Symbols[i]
		return s, s.Local() && s.Defined() && !named[i] && s.Type() != elf.STT_SECTION && s.Type() != elf.STT_FILE
	}
	var list []seed
	for i := 1; i+1 < len(o.file.Symbols); i++ {
		a, ok := plain(i)
		b, both := plain(i + 1)
		if ok && both && (a.Section != b.Section || a.Value != b.Value) {
			list = append(list, seed{n: i})
		}
	}
	return list
}

// swappedSymbols swaps a symbol with the next one.
func swappedSymbols(o *Object, s seed) []Site {
	table, _ := o.symbolTable()
	at := uint64(s.n) * symbolSize
	edits := []Edit{o.swapRecords(table, at, symbolSize)}
	for i := range o.file.Sections { // the sections that they are in, where there are many
		if x := &o.file.Sections[i]; x.Type == elf.SHT_SYMTAB_SHNDX && o.file.Link(uint32(i)) == table {
			edits = append(edits, o.swapRecords(uint32(i), uint64(s.n)*4, 4))
		}
	}
	return []Site{{At: o.file.Symbols[s.n].Name() + " and " + o.file.Symbols[s.n+1].Name(), Edits: edits}}
}

// swapRecords swaps a record of a section with the next one.
func (o *Object) swapRecords(section uint32, at, size uint64) Edit {
	records := o.file.Data(section)[at : at+2*size]
	return Edit{o.file.Sections[section].Offset + at, slices.Concat(records[size:], records[:size])}
}

// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"debug/elf"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
)

// places is the places that references lead to in sections of a kind, with
// entries of so many bytes if not 0.
func places(of kind, unit uint64) func(o *Object) []seed {
	return func(o *Object) []seed {
		var list []seed
		for i := range o.refs {
			r := &o.refs[i]
			s := &o.file.Sections[r.section]
			if kindOf(s) != of || unit != 0 && s.Entsize != unit || i > 0 && o.refs[i-1].section == r.section && o.refs[i-1].at == r.at {
				continue
			}
			list = append(list, seed{section: r.section, at: r.at})
		}
		return list
	}
}

// contentSite changes a byte of data, which must not become 0 or be that.
func (o *Object) contentSite(section uint32, at uint64) (Site, bool) {
	if at >= uint64(len(o.file.Data(section))) || o.relocated(section, at) {
		return Site{}, false
	}
	users, ok := o.usersOf(section, at)
	if !ok || o.isLine(section, at) {
		return Site{}, false
	}
	old := o.file.Data(section)[at]
	value := old ^ 1
	if value == 0 {
		value = old ^ 2
	}
	return Site{At: o.at(section, at), Edits: []Edit{o.byteEdit(section, at, value)}, Want: users}, true
}

// isLine tells whether a byte is part of a line number, which may change: the
// digits behind a path at the end of a string, 18 bits of struct _ddebug
// (include/linux/dynamic_debug.h), and the line and column of UBSAN's data.
func (o *Object) isLine(section uint32, at uint64) bool {
	s := &o.file.Sections[section]
	switch {
	case kindOf(s) == stringData && s.Entsize == 1:
		data := o.file.Data(section)
		text, _, _ := bytes.Cut(data[at:], []byte{0})
		from := at
		for from > 0 && isDigit(data[from-1]) {
			from--
		}
		return isDigit(data[at]) && len(bytes.TrimLeft(text, "0123456789")) == 0 && from > 2 && data[from-1] == ':' && data[from-3] == '.'
	case s.Name == "__dyndbg":
		d, _ := o.datumAt(section, at)
		return d.lo+ddebugLine <= at && at < d.lo+ddebugLine+3
	case strings.HasPrefix(s.Name, ".data..Lubsan"):
		return at >= 8 && at < 16
	}
	return false
}

const ddebugLine = 32 // in struct _ddebug

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// descriptorLines changes the line of dynamic debug's descriptors.
func descriptorLines(o *Object, s seed) []Site {
	if o.file.Sections[s.section].Name != "__dyndbg" {
		return nil
	}
	at := s.at + ddebugLine
	users, ok := o.usersOf(s.section, at)
	if !ok {
		return nil
	}
	return []Site{{At: o.at(s.section, at), Edits: []Edit{o.flip(s.section, at)}, Want: linesOnly(users)}}
}

// linesOnly says that functions must be reported for their line numbers alone.
func linesOnly(want map[int]Reasons) map[int]Reasons {
	for fn := range want {
		want[fn] = Reasons{"line-only": true, "lines": true}
	}
	return want
}

// stringBytes changes the bytes of a string, up to where the next reference
// leads. Of a UTF-16 string it changes the low bytes.
func stringBytes(o *Object, s seed) []Site {
	data, unit := o.file.Data(s.section), o.file.Sections[s.section].Entsize
	var list []Site
	for at := s.at; at+unit <= uint64(len(data)) && !zero(data[at:at+unit]); at += unit {
		if last, _ := o.lastRef(s.section, at); last > s.at {
			break
		}
		if site, ok := o.contentSite(s.section, at); ok {
			list = append(list, site)
		}
	}
	return list
}

// switchValues changes the values of a switch that has no symbol, only a section
// of its own; or has one.
func switchValues(o *Object) []seed {
	list := switchSymbols(o)
	for i := range o.file.Sections {
		s := &o.file.Sections[i]
		if strings.HasPrefix(s.Name, ".rodata..Lswitch.table") && kindOf(s) == readOnlyData && len(o.code.SymbolsOf(uint32(i))) == 0 {
			list = append(list, seed{section: uint32(i), n: int(min(s.Size, 64))})
		}
	}
	return list
}

// contents changes the bytes of a datum from the seed on: as many as its
// number says, 1 if 0.
func contents(o *Object, s seed) []Site {
	var list []Site
	for i := range max(s.n, 1) {
		if site, ok := o.contentSite(s.section, s.at+uint64(i)); ok {
			list = append(list, site)
		}
	}
	return list
}

// namelessBytes changes the first byte of a datum that no symbol marks.
func namelessBytes(o *Object, s seed) []Site {
	if o.tables[s.section] != nil || s.at >= o.file.Sections[s.section].Size {
		return nil
	}
	if d, ok := o.datumAt(s.section, s.at); !ok || d.reason == "" {
		return nil
	}
	return contents(o, seed{section: s.section, at: s.at})
}

// symbolSeeds is the symbols of data that fit.
func symbolSeeds(fits func(s *object.Symbol, k kind) bool) func(o *Object) []seed {
	return func(o *Object) []seed {
		var list []seed
		for i := range o.file.Symbols {
			s := &o.file.Symbols[i]
			if !s.Defined() || s.Size == 0 || s.Type() != elf.STT_OBJECT && s.Type() != elf.STT_NOTYPE {
				continue
			}
			section := &o.file.Sections[s.Section]
			k := kindOf(section)
			if k != otherData && s.Value <= section.Size && s.Size <= section.Size-s.Value && fits(s, k) {
				list = append(list, seed{s.Section, s.Value, int(min(s.Size, 64))})
			}
		}
		return list
	}
}

var (
	switchSymbols = symbolSeeds(func(s *object.Symbol, k kind) bool {
		return k == readOnlyData && hasAnyPrefix(s.Name, "CSWTCH.", "switch.table.", ".Lswitch.table")
	})
	numberedSymbols = symbolSeeds(func(s *object.Symbol, k kind) bool {
		return k == readOnlyData && s.Local() && numbered(s.Name) && !strings.HasPrefix(s.Name, "CSWTCH.")
	})
	bookSymbols = symbolSeeds(func(s *object.Symbol, k kind) bool {
		return k == writableData && s.Local() && isBook(s)
	})
)

// jumpTables is the relocations in read-only data that refer to the inside of
// a function.
func jumpTables(o *Object) []seed {
	var list []seed
	for i := range o.file.Sections {
		if kindOf(&o.file.Sections[i]) != readOnlyData || o.tables[uint32(i)] != nil {
			continue
		}
		relocs := o.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			r := relocs.At(n)
			if to, _, ok := o.target(r); ok && o.file.Sections[to].Executable() {
				list = append(list, seed{uint32(i), r.Offset, n})
			}
		}
	}
	return list
}

// jumpTableEntries makes an entry lead to another place in the function.
func jumpTableEntries(o *Object, s seed) []Site {
	d, ok := o.datumAt(s.section, s.at)
	if !ok || d.reason != "jump-tables" {
		return nil
	}
	r := o.file.Relocs(s.section).At(s.n)
	section, at, _ := o.target(r)
	if relative(r.Type) {
		at -= s.at - d.lo
	}
	other, ok := o.otherPlace(section, at)
	if !ok {
		return nil
	}
	users, ok := o.usersOf(s.section, s.at)
	if !ok {
		return nil
	}
	return []Site{{
		At:    o.at(s.section, s.at),
		Edits: []Edit{o.relocEdit(s.section, s.n, r.Symbol, r.Addend+int64(other-at))},
		Want:  users,
	}}
}

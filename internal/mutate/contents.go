// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"sort"
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
			if kindOf(s) != of || unit != 0 && s.Entsize() != unit || i > 0 && o.refs[i-1].section == r.section && o.refs[i-1].at == r.at {
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
	users, perhaps, ok := o.usersOf(section, at)
	if !ok || o.isLine(section, at) {
		return Site{}, false
	}
	old := o.file.Data(section)[at]
	value := old ^ 1
	if value == 0 {
		value = old ^ 2
	}
	return Site{At: o.at(section, at), Edits: []Edit{o.byteEdit(section, at, value)}, Want: users, Perhaps: perhaps}, true
}

// isLine tells whether a byte is part of a line number, which may change: the
// digits behind a path at the end of a string, 18 bits of struct _ddebug
// (include/linux/dynamic_debug.h), and the line and column of UBSAN's data.
func (o *Object) isLine(section uint32, at uint64) bool {
	s := &o.file.Sections[section]
	switch {
	case kindOf(s) == stringData && s.Entsize() == 1:
		data := o.file.Data(section)
		text, _, _ := bytes.Cut(data[at:], []byte{0})
		from := at
		for from > 0 && isDigit(data[from-1]) {
			from--
		}
		return isDigit(data[at]) && len(bytes.TrimLeft(text, "0123456789")) == 0 && from > 2 && data[from-1] == ':' && data[from-3] == '.'
	case s.Name() == "__dyndbg":
		d, _ := o.datumAt(section, at)
		return d.lo+ddebugLine <= at && at < d.lo+ddebugLine+3
	case strings.HasPrefix(s.Name(), ".data..Lubsan"):
		return at >= 8 && at < 16
	}
	return false
}

const ddebugLine = 32 // in struct _ddebug

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// descriptorLines changes the line of dynamic debug's descriptors.
func descriptorLines(o *Object, s seed) []Site {
	if o.file.Sections[s.section].Name() != "__dyndbg" {
		return nil
	}
	at := s.at + ddebugLine
	users, perhaps, ok := o.usersOf(s.section, at)
	if !ok {
		return nil
	}
	return []Site{{At: o.at(s.section, at), Edits: []Edit{o.flip(s.section, at)}, Want: linesOnly(users), Perhaps: perhaps}}
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
	data, unit := o.file.Data(s.section), o.file.Sections[s.section].Entsize()
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
		if strings.HasPrefix(s.Name(), ".rodata..Lswitch.table") && kindOf(s) == readOnlyData && len(o.code.SymbolsOf(uint32(i))) == 0 {
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
	list := contents(o, seed{section: s.section, at: s.at})
	for i := range list {
		list[i].May = append(list[i].May, "references") // what a jump table leads to decides what is proved there
	}
	return list
}

// literals is the data in code that some instruction loads.
func literals(o *Object) []seed {
	var list []seed
	for i, l := range o.literals {
		if i == 0 || l.section != o.literals[i-1].section || l.at != o.literals[i-1].at {
			list = append(list, seed{l.section, l.at, int(l.size)})
		}
	}
	return list
}

// literalBytes changes each byte of data in code, or what it refers to.
func literalBytes(o *Object, s seed) []Site {
	var list []Site
	for i := range uint64(s.n) {
		at := s.at + i
		var owners []owner
		for _, l := range o.loadsOf(s.section, at) {
			owners = append(owners, o.owners(l.section, l.from)...)
		}
		site := Site{At: o.at(s.section, at), Edits: []Edit{o.flip(s.section, at)}, Want: want(owners, "constants")}
		if inside := o.owners(s.section, at); len(inside) > 0 { // part of a function by its size
			site.Want, site.Any = want(append(owners, inside...), "constants"), []string{"constants", "instructions"}
		}
		if r := o.relocAt(s.section, at); r >= 0 {
			old := o.file.Relocs(s.section).At(r)
			site.Edits = []Edit{o.relocEdit(s.section, r, old.Symbol, old.Addend+1)}
			site.Any = []string{"constants", "references", "jump-tables"}
		} else if o.relocated(s.section, at) {
			continue
		}
		list = append(list, site)
	}
	return list
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
		return k == readOnlyData && hasAnyPrefix(s.Name(), "CSWTCH.", "switch.table.", ".Lswitch.table")
	})
	numberedSymbols = symbolSeeds(func(s *object.Symbol, k kind) bool {
		return k == readOnlyData && s.Local() && numbered(s.Name()) && !strings.HasPrefix(s.Name(), "CSWTCH.")
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
	for i := range o.jumps {
		list = append(list, seed{section: o.jumps[i].section, at: o.jumps[i].start})
	}
	return list
}

// jumpTable is a table of a function's places without relocations: distances from
// one of them, in units of 4 bytes.
type jumpTable struct {
	section uint32
	start   uint64
	width   uint64
	entries uint64 // 0 if it isn't known where it ends
	signed  bool
	code    uint32 // section
	from    uint64
}

func (t *jumpTable) end() uint64 { return t.start + t.entries*t.width }

// target is the place that an entry leads to.
func (t *jumpTable) target(o *Object, i uint64) uint64 {
	b := o.file.Data(t.section)[t.start+i*t.width:]
	value := uint64(b[0])
	switch {
	case t.width == 1 && t.signed:
		value = uint64(int8(b[0]))
	case t.width == 2:
		value = uint64(binary.LittleEndian.Uint16(b))
		if t.signed {
			value = uint64(int16(value))
		}
	case t.width == 4:
		value = uint64(int32(binary.LittleEndian.Uint32(b)))
	}
	return t.from + value*4
}

// jumpTableAt is the table that starts at the place or nearest before it, up to where
// another reference leads.
func (o *Object) jumpTableAt(section uint32, at uint64) *jumpTable {
	i := sort.Search(len(o.jumps), func(i int) bool {
		t := &o.jumps[i]
		return t.section > section || t.section == section && t.start > at
	}) - 1
	if i < 0 || o.jumps[i].section != section {
		return nil
	}
	if last, ok := o.lastRef(section, at); ok && last > o.jumps[i].start {
		return nil
	}
	return &o.jumps[i]
}

// plainTableEntries makes each entry of a table without relocations lead to the
// instruction behind its target.
func (o *Object) plainTableEntries(t *jumpTable) []Site {
	var list []Site
	for i := range t.entries {
		old, at := t.target(o, i), t.start+i*t.width
		other, ok := o.otherPlace(t.code, old)
		field := o.file.Data(t.section)[at : at+t.width]
		by := (other - old) / 4
		if !ok || by == 0 || uint64(field[0])+by > 0x7f {
			continue
		}
		list = append(list, Site{
			At: o.at(t.section, at), Edits: []Edit{o.byteEdit(t.section, at, field[0]+byte(by))},
			Want: want(o.owners(t.code, t.from), "jump-tables"),
		})
		o.elsewhereTo(list[len(list)-1:])
	}
	return list
}

// jumpTableEntries makes an entry lead to another place in the function.
func jumpTableEntries(o *Object, s seed) []Site {
	if t := o.jumpTableAt(s.section, s.at); t != nil {
		return o.plainTableEntries(t)
	}
	d, ok := o.datumAt(s.section, s.at)
	if !ok || d.reason != "jump-tables" {
		return nil
	}
	r := o.file.Relocs(s.section).At(s.n)
	section, at, _ := o.target(r)
	if o.relative(r.Type) {
		at -= s.at - d.lo
	}
	other, ok := o.otherPlace(section, at)
	if !ok {
		return nil
	}
	users, perhaps, ok := o.usersOf(s.section, s.at)
	if !ok {
		return nil
	}
	return o.elsewhereTo([]Site{{
		At:    o.at(s.section, s.at),
		Edits: []Edit{o.relocEdit(s.section, s.n, r.Symbol, r.Addend+int64(other-at))},
		Want:  users, Perhaps: perhaps,
	}})
}

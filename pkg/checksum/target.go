// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"debug/elf"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// targetKind is what kind of thing a reference points at.
type targetKind uint8

const (
	targetName     targetKind = iota // a named function or datum, defined here or not, and an offset
	targetInside                     // a place inside a function other than its entry
	targetString                     // text
	targetMerge                      // an entry of a section of constants
	targetDatum                      // nameless data, by content
	targetSpecial                    // a table about code: by the section's name
	targetStray                      // code without a symbol
	targetSection                    // a place that no symbol explains
	targetAbsolute                   // a number: what an absolute symbol stands for
)

// target is where a reference points, before it is written down: what
// resolve finds by section 3 of docs/canonical-form.md.
type target struct {
	kind   targetKind
	symbol uint32 // whose name it is, or value; 0 where a section's name or content says it
	offset int64  // from the symbol, or from the start of the datum or section; the number

	section uint32 // of the place
	at      uint64 // the place in the section, where it lies in one
	start   uint64 // of the datum or entry, in the section
	end     uint64 // of the datum or entry; 0 for one that ends where the next begins
	extent  int    // the function that at lies in, or -1; of a name it may be left out
	biased  bool   // the machine's bias was taken off
	indexed bool   // of a string: all of it counts from start on, and where the place is

	// What rule 3.8h says of a place in data, of which the reference says no name: ended is
	// the datum that ends there, 0 for none, where the target is read as something else;
	// behind is set where it is read as that end. labels is set where a label without a size
	// may be meant, and something else as well.
	ended  uint32
	behind bool
	labels bool
}

// resolve finds what symbol + addend means. The addend counts from the place
// that the reference is relative to: of a PC-relative field it is corrected
// by what lies between the field and the end of the instruction.
func (p *program) resolve(symbol uint32, addend int64) target {
	s := &p.file.Symbols[symbol]
	if !s.Defined() {
		if s.Section == object.SectionAbs {
			return target{kind: targetAbsolute, symbol: symbol, offset: int64(s.Value) + addend, extent: -1}
		}
		return target{kind: targetName, symbol: symbol, offset: addend, extent: -1}
	}
	if s.Type() == elf.STT_SECTION {
		return p.resolvePlace(s.Section, int64(s.Value)+addend)
	}
	t := target{kind: targetName, symbol: symbol, offset: addend, section: s.Section, at: s.Value + uint64(addend), extent: -1}
	kind := p.kinds[s.Section]
	switch kind {
	case sectionSpecial:
		t.kind = targetSpecial
		return t
	case sectionCode:
		if addend == 0 && (!s.Local() || p.marks[symbol]&markEntry != 0) {
			return t // most calls: what it is called by says all, and where it lies needn't be looked up
		}
		return p.resolveNamedCode(t, s)
	}
	anonymous := p.marks[symbol]&markAnonymous != 0
	if !anonymous && kind != sectionStrings && kind != sectionMerge {
		return t
	}
	size := p.file.Sections[s.Section].Size
	switch {
	case kind == sectionStrings && s.Value < size:
		t.kind, t.start = targetString, s.Value
		t.indexed = addend != 0 && p.outside(&t)
	case t.at >= size:
	case kind == sectionMerge:
		p.mergeEntry(&t)
	default:
		t.kind, t.start = targetDatum, s.Value
		if s.Size > 0 && s.Size <= size-s.Value {
			t.end = s.Value + s.Size
		}
	}
	return t
}

// outside tells whether a place lies outside of the string from which it is counted.
func (p *program) outside(t *target) bool {
	data := p.file.Data(t.section)[t.start:]
	return t.at < t.start || t.at-t.start >= uint64(len(data)) || len(text(data, p.unit(t.section))) < int(t.at-t.start)
}

// unit is the size of a character in a section of strings.
func (p *program) unit(section uint32) int { return max(int(p.file.Sections[section].Entsize()), 1) }

// resolveNamedCode is a reference by the name of something in an executable
// section: a function, or a label in one. A global keeps the name it was
// called by; a local one is the function it lies in.
func (p *program) resolveNamedCode(t target, s *object.Symbol) target {
	t.extent = p.code.Innermost(s.Section, s.Value)
	if t.extent < 0 {
		if !s.Local() {
			return t
		}
		return p.resolvePlace(t.section, int64(t.at))
	}
	e := &p.code.Extents[t.extent]
	if e.Start == s.Value && t.offset == 0 {
		t.symbol = p.entryName(e)
		return t
	}
	if t.at < e.Start || t.at > e.End {
		return t // outside of what the name stands for: name and byte offset
	}
	t.kind = targetInside
	return t
}

// markEntries marks the locals that a function goes by, and not another that starts at
// the same place.
func (p *program) markEntries() {
	for i := range p.code.Extents {
		e := &p.code.Extents[i]
		if i+1 < len(p.code.Extents) {
			if next := &p.code.Extents[i+1]; next.Section == e.Section && next.Start == e.Start {
				continue
			}
		}
		p.marks[p.entryName(e)] |= markEntry
	}
}

// entryName is the symbol that a function's part goes by: the primary name for
// the entry, the part's own for a cold one.
func (p *program) entryName(e *object.Extent) uint32 {
	if e.Part == 0 {
		return p.code.Funcs[e.Func].Primary
	}
	return e.Symbol
}

// resolvePlace finds what an offset in a section means.
func (p *program) resolvePlace(section uint32, offset int64) target {
	size := int64(p.file.Sections[section].Size)
	t := target{section: section, extent: -1}
	if bias := p.machine.bias; bias != 0 && offset >= bias && offset-bias <= size && size < bias {
		offset -= bias
		t.biased = true
	}
	t.at, t.offset = uint64(offset), offset
	if p.kinds[section] == sectionSpecial {
		t.kind = targetSpecial
		return t
	}
	if p.kinds[section] == sectionCode {
		return p.resolveCode(t)
	}
	if offset >= 0 && offset < size {
		switch p.kinds[section] {
		case sectionStrings:
			t.kind, t.start = targetString, t.at
			return t
		case sectionMerge:
			p.mergeEntry(&t)
			return t
		}
	}
	return p.resolveData(t)
}

// mergeEntry makes the target the entry of a section of constants.
func (p *program) mergeEntry(t *target) {
	s := &p.file.Sections[t.section]
	t.kind = targetMerge
	t.start = t.at - t.at%s.Entsize()
	t.end = min(t.start+s.Entsize(), s.Size)
}

// resolveCode finds the function at a place of an executable section. Behind
// the last byte of one, it is that function's end; in the padding in front of
// one, it is that function. Data between functions are nameless (rule 3.3).
func (p *program) resolveCode(t target) target {
	if t.offset < 0 || t.at > p.file.Sections[t.section].Size {
		t.kind = targetSection
		return t
	}
	t.extent = p.code.Innermost(t.section, t.at)
	if t.extent < 0 || p.code.Extents[t.extent].Start != t.at {
		if label := p.labelIn(t.section, t.at); label != 0 {
			t.kind, t.symbol, t.offset = targetName, label, 0
			return t
		}
	}
	if t.extent < 0 {
		if _, ok := p.code.DataAt(t.section, t.at); ok { // a literal pool
			t.kind, t.start = targetDatum, t.at
			return t
		}
		if t.extent = p.code.EndingAt(t.section, t.at); t.extent >= 0 && !p.strayAt(t.section, t.at) {
			t.kind = targetInside
			return t
		}
		t.extent = -1
		if next := p.code.Before(t.section, t.at); next >= 0 {
			if e := &p.code.Extents[next]; e.Part == 0 && p.code.Funcs[e.Func].Prefix <= t.at {
				t.extent = next
				t.kind, t.symbol, t.offset = targetName, p.entryName(e), -1
				return t
			}
		}
		t.kind = targetStray
		return t
	}
	e := &p.code.Extents[t.extent]
	if e.Start == t.at {
		t.kind, t.symbol, t.offset = targetName, p.entryName(e), 0
		return t
	}
	t.kind = targetInside
	return t
}

// strayAt tells whether code without a symbol stands at a place that no
// function contains: where one function ends and such code begins, the code
// is meant.
func (p *program) strayAt(section uint32, at uint64) bool {
	code := p.file.Data(section)[at:]
	if len(code) == 0 || p.machine.fill(code) > 0 {
		return false
	}
	if next := p.code.Before(section, at); next >= 0 {
		if e := &p.code.Extents[next]; e.Part == 0 && p.code.Funcs[e.Func].Prefix <= at {
			return false // what stands in front of the next function
		}
	}
	var in decode.Inst
	return !p.read(section, at, at+uint64(len(code)), &in) || in.Kind != decode.Nop
}

// plainReadOnly is the section that compilers put all constants and jump tables
// into that have none of their own, plainData that of variables.
const (
	plainReadOnly = ".rodata"
	plainData     = ".data"
)

// resolveData finds which symbol an offset of a data section means: rule 3.8.
func (p *program) resolveData(t target) target {
	symbols := p.code.SymbolsOf(t.section)
	readOnly := p.kinds[t.section] == sectionReadOnly
	if len(symbols) == 0 {
		if s := &p.file.Sections[t.section]; t.offset >= 0 && t.at <= s.Size && s.Type != elf.SHT_NOBITS {
			t.kind, t.start, t.end = targetDatum, 0, s.Size
			if (s.Name() == plainReadOnly || s.Name() == plainData) && t.at < s.Size { // those of all functions
				t.start, t.end = t.at, 0
			}
			return t
		}
		t.kind = targetSection
		return t
	}
	x := p.symbolsAt(symbols, t.offset)
	t.labels = x.label != 0 && (x.starts != 0 || x.labels)
	size := p.file.Sections[t.section].Size
	inside := t.offset >= 0 && t.at < size
	chosen := cmp.Or(x.starts, x.label)
	switch {
	case chosen != 0:
		t.ended = x.ended
	case x.contains != 0:
		chosen = x.contains
	case x.ended != 0 && (!readOnly || !inside || x.global != 0):
		chosen, t.behind = x.ended, true
	case x.global != 0:
		chosen = x.global
	case readOnly && inside:
		t.ended = x.ended
		t.kind, t.start = targetDatum, t.at
		return t
	case inside && p.isUBSAN(t.section, t.at):
		t.kind, t.start = targetDatum, t.at
		return t
	case len(symbols) == 1:
		chosen = symbols[0]
	case inside && p.file.Sections[t.section].Type != elf.SHT_NOBITS:
		t.kind, t.start = targetDatum, t.at
		return t
	default:
		if chosen = p.localBefore(symbols, t.offset); chosen == 0 {
			t.kind = targetSection
			return t
		}
	}
	p.readAsSymbol(&t, chosen)
	return t
}

// readAsSymbol makes the target a place that counts from a symbol: by its name, or its
// content where it has none.
func (p *program) readAsSymbol(t *target, symbol uint32) {
	s, size := &p.file.Symbols[symbol], p.file.Sections[t.section].Size
	t.symbol, t.offset = symbol, int64(t.at)-int64(s.Value)
	if p.marks[symbol]&markAnonymous != 0 && t.at >= s.Value && t.at < size {
		t.kind, t.start = targetDatum, s.Value
		if s.Size > 0 && s.Size <= size-s.Value {
			t.end = s.Value + s.Size
		}
		return
	}
	t.kind = targetName
}

// nearby bounds how far resolving looks past symbols without a size.
const nearby = 64

// placeSymbols is the symbols that a place in data may mean: each 0 where there is none.
type placeSymbols struct {
	starts   uint32 // a local with a size that starts there
	label    uint32 // a local without a size there, the first by name
	labels   bool   // there are several
	contains uint32 // a local that contains it
	ended    uint32 // a local that ends there
	global   uint32 // a global that contains it
	begins   uint32 // and one that begins there
}

// symbolsAt finds the symbols at an offset of a section, whose symbols are given. On a
// machine whose assembler refers to globals by place, too, these rank with the locals (rule
// 3.8g).
func (p *program) symbolsAt(symbols []uint32, offset int64) (x placeSymbols) {
	if offset < 0 {
		return x
	}
	at := uint64(offset)
	syms := p.file.Symbols
	next := sort.Search(len(symbols), func(i int) bool { return syms[symbols[i]].Value > at })
	for i := next - 1; i >= 0 && i >= next-nearby; i-- {
		s := &syms[symbols[i]]
		switch {
		case !p.byPlace(s):
			if at-s.Value < s.Size || s.Value == at {
				x.global = p.sameName(x.global, symbols[i])
			}
			if s.Value == at {
				x.begins = p.firstName(x.begins, symbols[i])
			}
		case s.Value == at && s.Size > 0:
			x.starts = p.firstName(x.starts, symbols[i])
		case s.Value == at:
			x.labels = x.label != 0
			x.label = p.firstName(x.label, symbols[i])
		case at-s.Value < s.Size:
			x.contains = p.sameName(x.contains, symbols[i])
		case at-s.Value == s.Size:
			x.ended = p.sameName(x.ended, symbols[i])
		}
		if s.Value < at && s.Size > 0 && p.byPlace(s) && (i == 0 || syms[symbols[i-1]].Value != s.Value) {
			break
		}
	}
	return x
}

// byPlace tells whether the assembler refers to a symbol by its section and offset.
func (p *program) byPlace(s *object.Symbol) bool { return p.machine.anyByPlace || s.Local() }

// readAsJumpTable reads a target in a static of a function as nameless data if it is a
// jump table (rule 5.2): clang gives such a static a name without a number.
func (p *program) readAsJumpTable(t *target) {
	s := &p.file.Symbols[t.symbol]
	if kind := p.kinds[t.section]; kind != sectionReadOnly && kind != sectionWritable || !s.Local() ||
		t.offset < 0 || uint64(t.offset) >= s.Size || strings.IndexByte(s.Name(), '.') < 0 || s.Size > p.file.Sections[t.section].Size-s.Value {
		return
	}
	if end := s.Value + s.Size; p.isJumpTable(t.section, s.Value, end) && !p.isBook(t.symbol) {
		t.kind, t.start, t.end, t.ended, t.labels = targetDatum, s.Value, end, 0, false
	}
}

// accessed corrects a target whose place is read or written, where resolve
// allowed for an address being taken. Nothing is read behind the end of a
// datum: what stands there is meant, and in a read-only section that is
// nameless data.
func (p *program) accessed(t *target) {
	if t.behind && p.kinds[t.section] == sectionReadOnly && t.at < p.file.Sections[t.section].Size {
		t.kind, t.symbol, t.start, t.end = targetDatum, 0, t.at, 0
	}
	t.ended, t.behind, t.labels = 0, false, false
}

// firstName picks between two symbols of one place.
func (p *program) firstName(a, b uint32) uint32 {
	if a == 0 || p.file.Symbols[b].Name() < p.file.Symbols[a].Name() {
		return b
	}
	return a
}

// sameName picks between two symbols of which b was found later: the one found
// first, unless both are names of one datum.
func (p *program) sameName(a, b uint32) uint32 {
	if a != 0 && (p.file.Symbols[a].Value != p.file.Symbols[b].Value || p.file.Symbols[a].Size != p.file.Symbols[b].Size) {
		return a
	}
	return p.firstName(a, b)
}

// localBefore is the nearest local in front of the offset, or else the first
// local of the section; 0 where it has only globals. Globals that are referred to by
// place count as local.
func (p *program) localBefore(symbols []uint32, offset int64) uint32 {
	syms := p.file.Symbols
	next := sort.Search(len(symbols), func(i int) bool { return int64(syms[symbols[i]].Value) > offset })
	found := uint32(0)
	for i := next - 1; i >= 0 && (found == 0 || syms[symbols[i]].Value == syms[found].Value); i-- {
		if p.byPlace(&syms[symbols[i]]) {
			found = p.sameName(found, symbols[i])
		}
	}
	for i := next; i < len(symbols) && found == 0; i++ {
		if p.byPlace(&syms[symbols[i]]) {
			found = symbols[i]
		}
	}
	return found
}

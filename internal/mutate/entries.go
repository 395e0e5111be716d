// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// entries is the entries of the tables whose reason begins so.
func entries(reason string) func(o *Object) []seed {
	return func(o *Object) []seed {
		var list []seed
		for i := range o.file.Sections {
			t := o.tables[uint32(i)]
			if t == nil || !strings.HasPrefix(t.reason, reason) {
				continue
			}
			for n := range t.entries {
				list = append(list, seed{uint32(i), t.entries[n].start, n})
			}
		}
		return list
	}
}

// entry is the entry of a seed, with its table.
func (o *Object) entry(s seed) (*table, *entry) {
	t := o.tables[s.section]
	return t, &t.entries[s.n]
}

// entrySite is a change of an entry: its owners must be reported.
func (o *Object) entrySite(t *table, e *entry, edits ...Edit) []Site {
	if len(e.owners) == 0 {
		return nil
	}
	return []Site{{
		At: o.at(t.section, e.start) + " about " + o.at(e.section, e.place), Edits: edits,
		Want: want(e.owners, e.reason),
	}}
}

// entryByte changes a byte of an entry that no relocation writes.
func (o *Object) entryByte(s seed, offset uint64) []Site {
	t, e := o.entry(s)
	at := e.start + offset
	if at >= o.file.Sections[t.section].Size || o.relocated(t.section, at) {
		return nil
	}
	return o.entrySite(t, e, o.flip(t.section, at))
}

// entryReloc changes a relocated field of an entry.
func (o *Object) entryReloc(s seed, offset uint64, change func(r object.Reloc, e *entry) (symbol uint32, addend int64, ok bool)) []Site {
	t, e := o.entry(s)
	i := o.relocAt(t.section, e.start+offset)
	if i < 0 {
		return nil
	}
	symbol, addend, ok := change(o.file.Relocs(t.section).At(i), e)
	if !ok {
		return nil
	}
	return o.entrySite(t, e, o.relocEdit(t.section, i, symbol, addend))
}

// toOtherPlace makes a field that refers to a place in the entry's function
// refer to another.
func (o *Object) toOtherPlace(r object.Reloc, e *entry) (uint32, int64, bool) {
	section, at, ok := o.target(r)
	if !ok || !o.sharesOwner(e.owners, section, at) {
		return 0, 0, false
	}
	other, ok := o.otherPlace(section, at)
	return r.Symbol, r.Addend + int64(other-at), ok
}

func alternativeFeature(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	list := slices.Concat(o.entryByte(s, 8), o.entryByte(s, 9))
	if t.size == 14 {
		list = slices.Concat(list, o.entryByte(s, 10), o.entryByte(s, 11)) // flags
	}
	return list
}

// alternativeCallback names another function that writes the replacement: bit 15 of
// the feature is set, and the replacement has no length (ARM64_CB_BIT in
// arch/arm64/include/asm/alternative-macros.h).
func alternativeCallback(o *Object, s seed) []Site {
	t, e := o.entry(s)
	data := o.file.Data(t.section)[e.start:]
	if t.size != 12 || data[9]&0x80 == 0 || data[11] != 0 {
		return nil
	}
	return o.entryReloc(s, 4, func(r object.Reloc, e *entry) (uint32, int64, bool) {
		other, ok := o.otherSymbol(r.Symbol, e.owners, func(s *object.Symbol) bool { return o.isFunction(s) })
		return other, 0, ok
	})
}

// replacementBytes changes each byte of replacement code that is more than
// padding.
func replacementBytes(o *Object, s seed) []Site {
	t, e := o.entry(s)
	i := o.relocAt(t.section, e.start+4)
	if i < 0 {
		return nil
	}
	section, start, ok := o.target(o.file.Relocs(t.section).At(i))
	if !ok {
		return nil
	}
	n := slices.IndexFunc(o.replaced, func(r replaced) bool { return r.section == section && r.start == start })
	if n < 0 {
		return nil
	}
	return o.elsewhereTo(o.codeBytes(section, start, o.replaced[n].end, func(at uint64) []owner { return o.replacedBy(section, at) }))
}

// codeBytes changes each byte of code without a symbol, by which its owners'
// alternatives change.
func (o *Object) codeBytes(section uint32, start, end uint64, owners func(at uint64) []owner) []Site {
	var list []Site
	o.instructions(section, start, end, func(at uint64, in *decode.Inst) bool {
		if in.Kind == decode.Nop {
			return true
		}
		for _, x := range o.changes(o.file.Data(section)[at:end], in, true) {
			if !o.relocated(section, at+x.off) {
				list = append(list, Site{
					At: o.at(section, at+x.off), Edits: []Edit{o.byteEdit(section, at+x.off, x.value)},
					Want: want(owners(at+x.off), "alternatives"),
				})
			}
		}
		return true
	})
	return list
}

func auxParts(o *Object) []seed {
	var list []seed
	for i := range o.file.Sections {
		if s := &o.file.Sections[i]; s.Name() == auxSection && s.Executable() && len(o.code.SymbolsOf(uint32(i))) == 0 {
			for n := range o.aux {
				if n == 0 || o.aux[n-1].at != o.aux[n].at {
					list = append(list, seed{section: uint32(i), at: o.aux[n].at, n: n})
				}
			}
		}
	}
	return list
}

// auxBytes changes the bytes of one stretch of .altinstr_aux, from where a
// function refers to it up to the next.
func auxBytes(o *Object, s seed) []Site {
	end := o.file.Sections[s.section].Size
	for n := s.n; n < len(o.aux); n++ {
		if o.aux[n].at > s.at {
			end = o.aux[n].at
			break
		}
	}
	owners := o.auxOf(s.at)
	for _, x := range owners {
		if x != owners[0] {
			return nil // of several functions: it has a record of its own
		}
	}
	return o.codeBytes(s.section, s.at, end, func(uint64) []owner { return owners })
}

func exceptionFixup(o *Object, s seed) []Site {
	return o.elsewhereTo(o.entryReloc(s, 4, o.toOtherPlace))
}

// elsewhereTo says that code goes on elsewhere, or that other code may stand there, and
// so what registers hold behind can be something else.
func (o *Object) elsewhereTo(sites []Site) []Site {
	for i := range sites {
		for fn := range sites[i].Want {
			if o.loose(o, &o.code.Extents[o.code.Funcs[fn].Entry]) {
				sites[i].May = anyReason
			}
		}
	}
	return sites
}

// exceptionType changes the type, or in old kernels the handler.
func exceptionType(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	if t.size != 12 {
		return nil
	}
	if sites := o.entryByte(s, 8); sites != nil {
		return slices.Concat(sites, o.entryByte(s, 9), o.entryByte(s, 10))
	}
	return o.entryReloc(s, 8, func(r object.Reloc, e *entry) (uint32, int64, bool) {
		other, ok := o.otherSymbol(r.Symbol, e.owners, func(s *object.Symbol) bool {
			section, at, defined := o.target(r)
			return o.isFunction(s) && !(defined && s.Section == section && s.Value == at)
		})
		return other, 0, ok
	})
}

func warnFlags(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	at := t.size - 2
	if t.size == 8 {
		at = 4
	}
	// Whether anything goes on behind a WARN is one of the flags.
	return slices.Concat(o.elsewhereTo(o.entryByte(s, at)), o.entryByte(s, at+1))
}

// warnLine changes the line, which makes no function a changed one.
func warnLine(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	if t.size == 8 {
		return nil
	}
	sites := o.entryByte(s, t.size-4)
	if e := &t.entries[s.n]; o.loads(e, binary.LittleEndian.Uint16(o.file.Data(t.section)[e.start+t.size-4:])) {
		return nil // the line stands in the code as well, and would be another one there
	}
	for i := range sites {
		sites[i].Want = linesOnly(sites[i].Want)
	}
	return sites
}

// loads tells whether a part that an entry is about has a number as an immediate.
func (o *Object) loads(e *entry, number uint16) bool {
	found := false
	if x := o.innermost(e.section, e.place); x != nil {
		code := o.file.Data(e.section)
		o.instructions(e.section, x.Start, x.End, func(at uint64, in *decode.Inst) bool {
			immediate, ok := o.number(code[at:], in)
			found = found || ok && immediate == uint32(number)
			return !found
		})
	}
	return found
}

func warnFormat(o *Object, s seed) []Site {
	if t, _ := o.entry(s); t.size != 16 {
		return nil
	}
	return o.otherText(s, 4)
}

func warnFile(o *Object, s seed) []Site {
	switch t, _ := o.entry(s); t.size {
	case 16:
		return o.otherText(s, 8)
	case 12:
		return o.otherText(s, 4)
	}
	return nil
}

// otherText makes a field refer to the text that it refers to in another entry.
func (o *Object) otherText(s seed, field uint64) []Site {
	t, _ := o.entry(s)
	return o.entryReloc(s, field, func(r object.Reloc, _ *entry) (uint32, int64, bool) {
		old, ok := o.text(t, r)
		for n := 1; ok && n < min(len(t.entries), 1000); n++ {
			i := o.relocAt(t.section, t.entries[(s.n+n)%len(t.entries)].start+field)
			if i < 0 {
				continue
			}
			other := o.file.Relocs(t.section).At(i)
			if text, ok := o.text(t, other); ok && text != old && other.Type == r.Type {
				return other.Symbol, other.Addend, true
			}
		}
		return 0, 0, false
	})
}

// text is the string that a field of a table refers to.
func (o *Object) text(t *table, r object.Reloc) (string, bool) {
	section, at, ok := o.target(r)
	if t.fromStart {
		at -= r.Offset % t.size
	}
	if !ok || kindOf(&o.file.Sections[section]) != stringData || at >= o.file.Sections[section].Size {
		return "", false
	}
	before, _, _ := bytes.Cut(o.file.Data(section)[at:], []byte{0})
	return string(before), true
}

func branchTarget(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	return o.elsewhereTo(o.entryReloc(s, keyField(t)/2, o.toOtherPlace))
}

// keyField is where a static branch's key is: behind two fields of 4 or 8 bytes.
func keyField(t *table) uint64 {
	if t.size == 24 {
		return 16
	}
	return 8
}

func branchKey(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	sites := loose(o.entryReloc(s, keyField(t), o.toOtherKey))
	for i := range sites { // one key keeps books, another doesn't
		sites[i].May = append(sites[i].May, "constants")
	}
	return sites
}

func loose(sites []Site) []Site {
	for i := range sites {
		sites[i].May = []string{"references", "cold"}
	}
	return sites
}

// toOtherKey makes a field refer to another variable, with the same low bits.
func (o *Object) toOtherKey(r object.Reloc, _ *entry) (uint32, int64, bool) {
	other, ok := o.otherSymbol(r.Symbol, nil, func(s *object.Symbol) bool {
		if s.Section == object.SectionUndef {
			return strings.HasSuffix(s.Name(), "_key")
		}
		section, at, ok := o.target(r)
		return s.Type() == elf.STT_OBJECT && s.Defined() && s.Size > 4 &&
			!(ok && section == s.Section && at-s.Value < s.Size)
	})
	return other, r.Addend & 3, ok
}

func branchDefault(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	return loose(o.entryReloc(s, keyField(t), flipLowBit))
}

func flipLowBit(r object.Reloc, _ *entry) (uint32, int64, bool) { return r.Symbol, r.Addend ^ 1, true }

func callKey(o *Object, s seed) []Site { return loose(o.entryReloc(s, 4, o.toOtherKey)) }

func callFlags(o *Object, s seed) []Site { return loose(o.entryReloc(s, 4, flipLowBit)) }

// traceability makes an entry describe the place of another one: one function
// loses it, the other has it twice.
func traceability(o *Object, s seed) []Site { return o.elsewhere(s, "tracing") }

func listedElsewhere(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	return o.elsewhere(s, t.reason)
}

func (o *Object) elsewhere(s seed, reason string) []Site {
	t, e := o.entry(s)
	if len(e.owners) == 0 {
		return nil
	}
	for n := 1; n < len(t.entries); n++ {
		other := &t.entries[(s.n+n)%len(t.entries)]
		if len(other.owners) == 0 || other.section != e.section && reason != "tracing" ||
			slices.ContainsFunc(other.owners, func(x owner) bool {
				return slices.ContainsFunc(e.owners, func(y owner) bool { return x.fn == y.fn })
			}) {
			continue
		}
		r := o.file.Relocs(t.section).At(other.placeAt)
		sites := o.entrySite(t, e, o.relocEdit(t.section, e.placeAt, r.Symbol, r.Addend))
		for _, x := range other.owners {
			add(sites[0].Want, x, reason)
		}
		if in := o.instruction(e.section, e.place); in != nil && in.Kind == decode.Nop && !o.described(e) {
			// Nothing is about the NOP any more, so it is none of the
			// instructions that places are counted by.
			sites[0].May = []string{"*"}
		}
		return sites
	}
	return nil
}

// described tells whether another entry is about the place of this one.
func (o *Object) described(e *entry) bool {
	for _, t := range o.tables {
		for i := range t.entries {
			if x := &t.entries[i]; x != e && x.section == e.section && x.place == e.place {
				return true
			}
		}
	}
	return false
}

// specialPayload changes each byte of an entry that isn't relocated.
func specialPayload(o *Object, s seed) []Site {
	t, _ := o.entry(s)
	var list []Site
	for i := range t.size {
		list = append(list, o.entryByte(s, i)...)
	}
	return list
}

// specialPlace moves the place of an entry by a byte.
func specialPlace(o *Object, s seed) []Site {
	t, e := o.entry(s)
	if !o.sameOwners(e.section, e.place, e.place+1) {
		return nil
	}
	if in := o.instruction(e.section, e.place); in != nil && in.Kind == decode.Nop {
		return nil
	}
	r := o.file.Relocs(t.section).At(e.placeAt)
	return o.entrySite(t, e, o.relocEdit(t.section, e.placeAt, r.Symbol, r.Addend+1))
}

// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
)

// exceptions are what may change without anybody being told.
var exceptions = [...]struct {
	name   string
	covers func(o *Object, s *Spot) bool
}{
	// NOPs, and what stops whoever runs out of a function, are no code.
	{"padding of code", (*Object).isPadding},
	// A place on a NOP means the instruction behind it.
	{"the same place", (*Object).leadsToSame},
	// Zeros that no symbol covers and nothing refers to are nothing.
	{"padding of data", (*Object).isGap},
	// Nothing refers to the section, the constant or the string, and no symbol names it.
	{"unused data", (*Object).isUnused},
	// Clang leaves the constants behind that a function writes one by one (demo_nameless in
	// testdata/src/tables.c).
	{"unused list", (*Object).isUnusedList},
	// The checksums of what a module imports differ in every build.
	{"imports", func(_ *Object, s *Spot) bool {
		return hasAnyPrefix(s.Section, "__versions", "__version_ext_")
	}},
	// The build-id, and what the build was made by and for.
	{"notes", func(_ *Object, s *Spot) bool {
		return strings.HasPrefix(s.Section, ".note")
	}},
	// vermagic and srcversion differ in every build.
	{"build", func(o *Object, s *Spot) bool {
		return s.Section == ".modinfo" && hasAnyPrefix(o.textAround(s), "vermagic=", "srcversion=")
	}},
	// An alternative without replacement code points nowhere.
	{"no replacement", (*Object).pointsNowhere},
	// Writable data that no symbol covers aren't told yet, unless they look like UBSAN's, nor
	// is what only these refer to.
	{"unsized data", (*Object).isUnsized},
	// Which of the lists of BTF's IDs is meant isn't told yet.
	{"BTF IDs", func(o *Object, s *Spot) bool {
		to, _, ok := o.targetOf(s)
		return ok && isDerived(o.file.Sections[to].Name())
	}},
	// The checksums of exports' versions aren't told yet.
	{"versions", func(_ *Object, s *Spot) bool {
		return hasAnyPrefix(s.Section, "__kcrctab", "___kcrctab")
	}},
}

// isDead tells whether a change is none, and so isn't even tried: of what objtool made from
// the code or is gone at run time, and of bits that a relocation writes.
func (o *Object) isDead(s *Spot) bool {
	return isDerived(s.Section) || s.bit != 0 && o.blanked(s)
}

// Exception is the name of the exception that a change is, empty for none.
func (o *Object) Exception(s *Spot) string {
	for _, x := range exceptions {
		if x.covers(o, s) {
			return x.name
		}
	}
	return ""
}

// blanked tells whether a relocation writes the bit.
func (o *Object) blanked(s *Spot) bool {
	from := s.offset - min(s.offset, 7)
	relocs := o.file.Relocs(s.section).Between(from, s.offset+1)
	for i := range relocs.Len() {
		r := relocs.At(i)
		if at := s.offset - r.Offset; at < o.width(r.Type) && o.writes(r.Type, at)&s.bit != 0 {
			return true
		}
	}
	return false
}

// isPadding tells whether the byte is part of a NOP that no table describes, or outside of
// every function and what may stand there.
func (o *Object) isPadding(s *Spot) bool {
	if s.bit == 0 || !o.file.Sections[s.section].Executable() {
		return false
	}
	code := o.file.Data(s.section)
	padding := func(start, end uint64) bool {
		found := false
		o.instructions(s.section, start, end, func(at uint64, in *decode.Inst) bool {
			if at <= s.offset && s.offset < at+uint64(in.Len) {
				found = in.Kind == decode.Nop
			}
			return at+uint64(in.Len) <= s.offset
		})
		return found
	}
	if e := o.innermost(s.section, s.offset); e != nil {
		return padding(e.Start, e.End)
	}
	if o.fill(code[s.offset]) {
		return true
	}
	for from := s.offset - min(s.offset, 15); from <= s.offset; from++ {
		if padding(from, uint64(len(code))) {
			return true
		}
	}
	return false
}

// leadsToSame tells whether a change makes a branch or a field lead to another place that
// means the same instruction.
func (o *Object) leadsToSame(s *Spot) bool {
	if s.bit == 0 {
		section, at, ok := o.targetOf(s)
		if !ok || !o.file.Sections[section].Executable() {
			return false
		}
		if o.file.Sections[s.section].Executable() {
			at += uint64(o.endOfField(s))
		}
		return o.samePlace(section, at, at+1)
	}
	if !o.file.Sections[s.section].Executable() {
		return false
	}
	same := false
	if e := o.innermost(s.section, s.offset); e != nil {
		code := slices.Clone(o.file.Data(s.section)[:e.End])
		o.instructions(s.section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
			if at <= s.offset && s.offset < at+uint64(in.Len) && in.PC.Len > 0 {
				var other decode.Inst
				code[s.offset] ^= s.bit
				if o.decode(code[at:], &other) && other.Kind == in.Kind && other.Len == in.Len {
					same = o.samePlace(s.section, at+uint64(in.PCRel), at+uint64(other.PCRel))
				}
			}
			return at+uint64(in.Len) <= s.offset
		})
	}
	return same
}

// endOfField is what to add to the addend of a relocated field in code.
func (o *Object) endOfField(s *Spot) int64 {
	r := o.file.Relocs(s.section).At(s.reloc)
	end := o.end(r, 0, nil)
	if e := o.innermost(s.section, s.offset); e != nil {
		o.instructions(s.section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
			if at <= s.offset && s.offset < at+uint64(in.Len) {
				end = o.end(r, at, in)
			}
			return at+uint64(in.Len) <= s.offset
		})
	}
	return end
}

// textAround is the string that holds the byte.
func (o *Object) textAround(s *Spot) string {
	data := o.file.Data(s.section)
	start := bytes.LastIndexByte(data[:s.offset], 0) + 1
	text, _, _ := bytes.Cut(data[start:], []byte{0})
	return string(text)
}

// isGap tells whether the byte is one of zeros in front of a symbol, or of the section's
// end, which no symbol covers and nothing refers to.
func (o *Object) isGap(s *Spot) bool {
	data := o.file.Data(s.section)
	if s.bit == 0 || o.file.Sections[s.section].Executable() || o.tables[s.section] != nil || data[s.offset] != 0 {
		return false
	}
	return !o.isNamed(s.section, s.offset) && len(o.refsIn(s.section, s.offset, s.offset+1)) == 0
}

// isUnused tells whether nothing refers to nameless data: to their section, or where that
// holds constants or strings to be merged, to this one.
func (o *Object) isUnused(s *Spot) bool {
	from := &o.file.Sections[s.section]
	if from.Executable() || o.tables[s.section] != nil || o.isNamed(s.section, s.offset) {
		return false
	}
	lo, hi := uint64(0), from.Size
	switch kindOf(from) {
	case constantData:
		lo = s.offset - s.offset%from.Entsize()
		hi = lo + from.Entsize()
	case stringData:
		if d, ok := o.datumAt(s.section, s.offset); ok {
			lo, hi = d.lo, d.hi
		}
	}
	return len(o.refsIn(s.section, lo, hi)) == 0
}

// unusedList is the numbers of such a list.
var unusedList = binary.LittleEndian.AppendUint64(nil, 14<<32|3)

// isUnusedList tells whether the byte is one of its 19 numbers, and nothing refers to them.
func (o *Object) isUnusedList(s *Spot) bool {
	at := bytes.Index(o.file.Data(s.section), unusedList)
	if at < 0 {
		return false
	}
	lo, hi := uint64(at), uint64(at)+19*4
	return lo <= s.offset && s.offset < hi && len(o.refsIn(s.section, lo, hi)) == 0
}

// isNamed tells whether a symbol covers a place of data, or stands there.
func (o *Object) isNamed(section uint32, at uint64) bool {
	return slices.ContainsFunc(o.code.SymbolsOf(section), func(i uint32) bool {
		x := &o.file.Symbols[i]
		return x.Value <= at && at-x.Value < max(x.Size, 1)
	})
}

// targetOf is the place that a changed addend is of.
func (o *Object) targetOf(s *Spot) (section uint32, at uint64, ok bool) {
	if s.bit != 0 {
		return 0, 0, false
	}
	return o.target(o.file.Relocs(s.section).At(s.reloc))
}

// pointsNowhere tells whether an addend is that of the pointer to replacement code where an
// alternative has none.
func (o *Object) pointsNowhere(s *Spot) bool {
	t := o.tables[s.section]
	if s.bit != 0 || t == nil || t.reason != "alternatives" {
		return false
	}
	e := t.entryOf(s.offset)
	return e != nil && s.offset == e.start+4 && !o.pairs && o.replacementLength(t, e) == 0
}

// isUnsized tells whether a change is of writable data that no symbol covers, or of
// constants to which only such data refer.
func (o *Object) isUnsized(s *Spot) bool {
	switch kindOf(&o.file.Sections[s.section]) {
	case writableData:
		return o.tables[s.section] == nil && !o.isNamed(s.section, s.offset)
	case readOnlyData:
		from, ok := o.lastRef(s.section, s.offset)
		return ok && !o.isNamed(s.section, s.offset) && !slices.ContainsFunc(o.refsIn(s.section, from, from+1), func(r ref) bool {
			return kindOf(&o.file.Sections[r.from]) != writableData || o.isNamed(r.from, r.field)
		})
	}
	return false
}

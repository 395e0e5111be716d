// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// classes is all classes of changes.
var classes = slices.Concat(ofCode[:], placeClasses(), neutral[:])

var ofCode = [...]class{
	{"instruction operand", entryParts, operands},
	{"cold operand", coldParts, operands},
	{"register of reference", allParts, registersOfReferences},
	{"anchored immediate", allParts, anchoredImmediates},
	{"call target", allParts, callTargets},
	{"data offset", allParts, dataOffsets},
	{"kCFI hash", entryParts, kcfiHashes},
	{"string byte", places(stringData, 1), stringBytes},
	{"literal pool byte", literals, literalBytes},
	{"UTF-16 string", places(stringData, 2), stringBytes},
	{"merged constant", places(constantData, 0), contents},
	{"nameless constant", places(readOnlyData, 0), namelessBytes},
	{"switch value", switchValues, contents},
	{"numbered static", numberedSymbols, contents},
	{"bookkeeping static", bookSymbols, contents},
	{"descriptor line", bookSymbols, descriptorLines},
	{"jump-table entry", jumpTables, jumpTableEntries},
	{"alternative feature", entries("alternatives"), alternativeFeature},
	{"alternative callback", entries("alternatives"), alternativeCallback},
	{"replacement byte", entries("alternatives"), replacementBytes},
	{"aux byte", auxParts, auxBytes},
	{"exception fixup", entries("exception-table"), exceptionFixup},
	{"exception type", entries("exception-table"), exceptionType},
	{"WARN flags", entries("bug-table"), warnFlags},
	{"WARN line", entries("bug-table"), warnLine},
	{"WARN format", entries("bug-table"), warnFormat},
	{"WARN file", entries("bug-table"), warnFile},
	{"static-branch target", entries("jump-labels"), branchTarget},
	{"static-branch key", entries("jump-labels"), branchKey},
	{"static-branch default", entries("jump-labels"), branchDefault},
	{"static-call key", entries("static-calls"), callKey},
	{"static-call flags", entries("static-calls"), callFlags},
	{"traceability", entries("tracing"), traceability},
	{"special payload", entries("special:"), specialPayload},
	{"special place", entries("special:"), specialPlace},
	{"listed function", entries("special:_"), listedElsewhere},
	{"table reference", allParts, tableReferences},
	{"label moved", labels, movedLabel},
	{"labels swapped", labels, swappedLabels},
	{"local label moved", localLabels, movedLocalLabel},
	{"absolute value", absolutes, absoluteValue},
	{"constants behind a label", constantLabels, labelConstants},
	{"letter of a string", textPlaces, secondLetter},
}

var neutral = [...]class{
	{"renumbered name", numberedNames, renumbered},
	{"swapped entries", entries(""), swappedEntries},
	{"swapped symbols", plainSymbols, swappedSymbols},
	{"mark of a range moved", rangeMarks, movedMark},
	{"pointer to no replacement", entries("alternatives"), emptyPointer},
}

func partSeeds(keep func(o *Object, e *object.Extent) bool) func(o *Object) []seed {
	return func(o *Object) []seed {
		var list []seed
		for i := range o.code.Extents {
			if e := &o.code.Extents[i]; keep(o, e) {
				list = append(list, seed{e.Section, e.Start, i})
			}
		}
		return list
	}
}

var (
	allParts   = partSeeds(func(*Object, *object.Extent) bool { return true })
	entryParts = partSeeds(func(_ *Object, e *object.Extent) bool { return e.Part == 0 })
	coldParts  = partSeeds(func(_ *Object, e *object.Extent) bool { return e.Part > 0 })
)

// operands changes each byte of each immediate, so that the instruction stays
// one of its kind and length.
func operands(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	takesLine, loose, nameless := o.callsWithLine(e), o.loose(o, e), o.refersToNameless(e)
	var neighbours []int
	if loose {
		neighbours = o.neighbours(e)
	}
	code := o.file.Data(e.Section)
	var list []Site
	o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
		if in.Kind == decode.Nop {
			return true
		}
		number, ok := o.number(code[at:], in)
		line := takesLine || ok && o.isWarnLine(e, number)
		for _, x := range o.changes(code[at:e.End], in, false) {
			if o.relocated(e.Section, at+x.off) {
				continue
			}
			site := Site{
				At: o.at(e.Section, at+x.off), Edits: []Edit{o.byteEdit(e.Section, at+x.off, x.value)}, Line: line,
				Want: want(o.owners(e.Section, at), "instructions"),
			}
			if loose {
				site.Any, site.Perhaps = anyReason, neighbours
			}
			if line {
				site.May = append(site.May, "lines")
			}
			if nameless { // it may say how much of these is copied or read
				site.May = append(site.May, "constants")
			}
			list = append(list, site)
		}
		return true
	})
	return list
}

// refersToNameless tells whether a part refers to data that no symbol names.
func (o *Object) refersToNameless(e *object.Extent) bool {
	found := false
	o.relocsOfPart(e, func(_ int, r object.Reloc, _ uint64, _ *decode.Inst) {
		section, at, ok := o.target(r)
		found = found || ok && kindOf(&o.file.Sections[section]) == readOnlyData && !o.isNamed(section, at)
	})
	return found
}

// registersOfReferences changes a register's number in an instruction that a
// relocation writes other bits of.
func registersOfReferences(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	var list []Site
	neighbours := o.neighbours(e)
	o.relocsOfPart(e, func(_ int, r object.Reloc, at uint64, _ *decode.Inst) {
		if bit, ok := o.beside(r.Type); ok {
			edit := o.byteEdit(e.Section, at, o.file.Data(e.Section)[at]^1<<bit)
			list = append(list, Site{
				At: o.at(e.Section, at), Edits: []Edit{edit}, May: []string{"lines"}, Any: anyReason, Perhaps: neighbours,
				Want: want(o.owners(e.Section, at), "instructions"),
			})
		}
	})
	return list
}

// anchoredImmediates adds one unit to each distance in functions that have an address
// of a section, and may reach several variables from there.
func anchoredImmediates(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	if !o.anchored(o, e) {
		return nil
	}
	code := o.file.Data(e.Section)
	var list []Site
	neighbours := o.neighbours(e)
	o.instructions(e.Section, e.Start, e.End, func(at uint64, _ *decode.Inst) bool {
		if other, ok := o.farther(code[at:]); ok && !o.relocated(e.Section, at) {
			list = append(list, Site{
				At: o.at(e.Section, at), Edits: []Edit{{o.file.Sections[e.Section].Offset + at, other}}, Any: anyReason, Perhaps: neighbours,
				Want: want(o.owners(e.Section, at), "references"),
			})
		}
		return true
	})
	return list
}

// neighbours is the functions that use nameless data in sections which a part uses:
// such data end where the next reference leads (docs/canonical-form.md, 5.1), so that
// another reference of this function may cut theirs short.
func (o *Object) neighbours(e *object.Extent) []int {
	mine := map[uint32]bool{}
	for _, part := range o.code.Funcs[e.Func].Parts() {
		p := &o.code.Extents[part]
		relocs := o.file.Relocs(p.Section).Between(p.Start, p.End)
		for i := range relocs.Len() {
			if s := &o.file.Symbols[relocs.Symbol(i)]; s.Defined() && kindOf(&o.file.Sections[s.Section]) == readOnlyData {
				mine[s.Section] = true
			}
		}
	}
	var list []int
	for section := range mine {
		for _, r := range o.refsIn(section, 0, math.MaxUint64) {
			d, ok := o.datumAt(section, min(r.at, o.file.Sections[section].Size-1))
			if ok && (d.reason == "" || d.reason == "constants" && d.hi > d.lo+1) || !o.file.Sections[r.from].Executable() {
				continue
			}
			for _, x := range o.owners(r.from, r.field) {
				if x.fn != int(e.Func) && !slices.Contains(list, x.fn) {
					list = append(list, x.fn)
				}
			}
		}
	}
	return list
}

// callsWithLine tells whether a part refers to a function that takes a line: only
// in such a part, and beside a WARN, may an immediate be one.
func (o *Object) callsWithLine(e *object.Extent) bool {
	takes := func(name string) bool {
		name, _, _ = strings.Cut(name, ".")
		return len(takeLine.Parameters(name)) > 0
	}
	takesAt := func(section uint32, at uint64) bool {
		x := o.innermost(section, at)
		return x != nil && takes(o.code.Name(x.Symbol))
	}
	relocs := o.file.Relocs(e.Section).Between(e.Start, e.End)
	for i := range relocs.Len() {
		r := relocs.At(i)
		s := &o.file.Symbols[r.Symbol]
		if takes(s.Name()) || s.Defined() && o.file.Sections[s.Section].Executable() && takesAt(s.Section, s.Value+uint64(r.Addend-o.branch)) {
			return true
		}
	}
	found := false // what the assembler resolved
	o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
		found = in.Form != 0 && takesAt(e.Section, at+uint64(in.PCRel))
		return !found
	})
	return found
}

// takeLine is the functions with a parameter that is a line. It is a list made
// from prototypes, not from what is tested.
var takeLine = lines.Builtin()

// isWarnLine tells whether a number is the line of a WARN in the part.
func (o *Object) isWarnLine(e *object.Extent, number uint32) bool {
	for _, t := range o.tables {
		if t.reason != "bug-table" || t.size == 8 {
			continue
		}
		for i := range t.entries {
			x := &t.entries[i]
			if x.section == e.Section && e.Start <= x.place && x.place < e.End &&
				uint32(binary.LittleEndian.Uint16(o.file.Data(t.section)[x.start+t.size-4:])) == number {
				return true
			}
		}
	}
	return false
}

// relocsOfPart visits the relocations of a function's part with the instruction
// that each is in.
func (o *Object) relocsOfPart(e *object.Extent, visit func(i int, r object.Reloc, at uint64, in *decode.Inst)) {
	relocs := o.file.Relocs(e.Section)
	i := o.firstReloc(e.Section, e.Start)
	o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
		for ; i < relocs.Len() && relocs.Offset(i) < at+uint64(in.Len); i++ {
			visit(i, relocs.At(i), at, in)
		}
		return i < relocs.Len()
	})
}

func (o *Object) firstReloc(section uint32, offset uint64) int {
	relocs := o.file.Relocs(section)
	return relocs.Len() - relocs.Between(offset, 1<<63).Len()
}

// callTargets makes calls and jumps to functions go to another function.
func callTargets(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	list := o.resolvedCalls(e)
	o.relocsOfPart(e, func(i int, r object.Reloc, at uint64, in *decode.Inst) {
		if in.Kind != decode.Call && in.Kind != decode.Jump || r.Offset != at+uint64(in.PC.Off) || !o.relative(r.Type) {
			return
		}
		owners := o.owners(e.Section, at)
		if to := &o.file.Symbols[r.Symbol]; to.Defined() {
			place := to.Value + uint64(r.Addend-o.branch)
			if o.sharesOwner(owners, to.Section, place) || o.innermost(to.Section, place) == nil {
				return
			}
		}
		other, ok := o.otherSymbol(r.Symbol, owners, func(s *object.Symbol) bool { return o.isFunction(s) })
		if !ok {
			return
		}
		list = append(list, Site{
			At:    o.at(e.Section, at) + " call " + o.file.Symbols[r.Symbol].Name() + " -> " + o.file.Symbols[other].Name(),
			Edits: []Edit{o.relocEdit(e.Section, i, other, o.branch)},
			Want:  want(owners, "references"),
		})
	})
	return list
}

// resolvedCalls makes calls without a relocation go to another function.
func (o *Object) resolvedCalls(e *object.Extent) []Site {
	var list []Site
	extents, _ := o.code.ExtentsOf(e.Section)
	code := o.file.Data(e.Section)
	o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
		if in.Kind != decode.Call || o.relocated(e.Section, at+uint64(in.PC.Off)) {
			return true
		}
		old, owners := o.innermost(e.Section, at+uint64(in.PCRel)), o.owners(e.Section, at)
		if old == nil || old.Func == e.Func {
			return true
		}
		for i := range extents {
			to := &extents[(i+int(at))%len(extents)]
			field, ok := o.retarget(code[at:], in, int64(to.Start-at))
			if !ok || to.Part > 0 || o.code.Name(to.Symbol) == o.code.Name(old.Symbol) || to.Start == old.Start || o.sharesOwner(owners, e.Section, to.Start) {
				continue
			}
			list = append(list, Site{
				At:    o.at(e.Section, at) + " call " + o.code.Name(old.Symbol) + " -> " + o.code.Name(to.Symbol),
				Edits: []Edit{{o.file.Sections[e.Section].Offset + at + uint64(in.PC.Off), field}},
				Want:  want(owners, "references"),
			})
			break
		}
		return true
	})
	return list
}

// sharesOwner tells whether a place lies in one of the functions.
func (o *Object) sharesOwner(owners []owner, section uint32, at uint64) bool {
	return slices.ContainsFunc(o.owners(section, at), func(x owner) bool {
		return slices.ContainsFunc(owners, func(y owner) bool { return x.fn == y.fn })
	})
}

func (o *Object) isFunction(s *object.Symbol) bool {
	return s.Type() == elf.STT_FUNC && s.Defined() && o.file.Sections[s.Section].Executable() && s.Size > 0 ||
		s.Section == object.SectionUndef && strings.HasPrefix(s.Name(), "event_")
}

// otherSymbol is a global symbol that isn't the one given, nor at its place,
// and none of the functions.
func (o *Object) otherSymbol(symbol uint32, owners []owner, fits func(s *object.Symbol) bool) (uint32, bool) {
	old := &o.file.Symbols[symbol]
	for i := len(o.file.Symbols) - 1; i > 0; i-- {
		s := &o.file.Symbols[i]
		if s.Local() {
			break
		}
		if s.Name() == "" || strings.Contains(s.Name(), ".") || !fits(s) || s.Name() == old.Name() {
			continue
		}
		if s.Defined() && (s.Section == old.Section && old.Type() != elf.STT_SECTION && s.Value == old.Value || o.sharesOwner(owners, s.Section, s.Value)) {
			continue
		}
		return uint32(i), true
	}
	return 0, false
}

// dataOffsets moves references to named data by one byte: each alone, and where
// several relocations make one address, all of them.
func dataOffsets(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	var list []Site
	o.relocsOfPart(e, func(i int, r object.Reloc, at uint64, in *decode.Inst) {
		if r.Offset == at+uint64(in.PC.Off) && in.Form != 0 || o.width(r.Type) < 4 {
			return
		}
		end := r.Addend + o.end(r, at, in)
		s := &o.file.Symbols[r.Symbol]
		if s.Type() == elf.STT_SECTION || s.Defined() && o.file.Sections[s.Section].Executable() {
			if !o.insideNamed(s.Section, s.Value+uint64(end)) {
				return
			}
		} else if s.Defined() && (kindOf(&o.file.Sections[s.Section]) != writableData || nameless(s.Name())) || s.Name() == "" {
			return
		}
		site := Site{
			At:    fmt.Sprintf("%s %s%+d", o.at(e.Section, at), s.Name(), end),
			Edits: []Edit{o.relocEdit(e.Section, i, r.Symbol, r.Addend+1)},
			Want:  want(o.owners(e.Section, at), "references"),
		}
		if o.loose(o, e) {
			site.Any, site.Perhaps = anyReason, o.neighbours(e)
		}
		list = append(list, site)
		if edits := o.addressEdits(e, i, r, 1); len(edits) > 1 {
			site.At, site.Edits = site.At+" and its other half", edits
			list = append(list, site)
		}
	})
	return list
}

// addressEdits moves the address that a relocation is part of: where it takes two
// instructions, all relocations of the function by that symbol and addend.
func (o *Object) addressEdits(e *object.Extent, i int, r object.Reloc, by int64) []Edit {
	edits := []Edit{o.relocEdit(e.Section, i, r.Symbol, r.Addend+by)}
	if !o.pairs {
		return edits
	}
	for _, part := range o.code.Funcs[e.Func].Parts() {
		p := &o.code.Extents[part]
		relocs := o.file.Relocs(p.Section)
		for n := o.firstReloc(p.Section, p.Start); n < relocs.Len() && relocs.Offset(n) < p.End; n++ {
			if x := relocs.At(n); x.Symbol == r.Symbol && x.Addend == r.Addend && (p != e || n != i) {
				edits = append(edits, o.relocEdit(p.Section, n, x.Symbol, x.Addend+by))
			}
		}
	}
	return edits
}

// insideNamed tells whether a place and the one behind it are in one variable
// with a name.
func (o *Object) insideNamed(section uint32, at uint64) bool {
	s := &o.file.Sections[section]
	if s.Executable() || s.Type != elf.SHT_NOBITS && kindOf(s) != writableData || o.tables[section] != nil || isDerived(s.Name()) {
		return false
	}
	found := false
	for _, i := range o.code.SymbolsOf(section) {
		x := &o.file.Symbols[i]
		if x.Value > at {
			break
		}
		if at+1-x.Value < x.Size {
			if found || !x.Local() && !o.globals || nameless(x.Name()) {
				return false
			}
			found = true
		}
	}
	return found
}

// kcfiHashes changes the type hash in front of a function.
func kcfiHashes(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	at, ok := o.kcfi(o, e)
	if !ok {
		return nil
	}
	var list []Site
	for i := range uint64(4) {
		if o.relocated(e.Section, at+i) { // it is an absolute symbol's value
			continue
		}
		list = append(list, Site{
			At: o.at(e.Section, at+i), Edits: []Edit{o.flip(e.Section, at+i)},
			Want: want([]owner{{fn: int(e.Func)}}, "cfi"),
		})
	}
	return list
}

// tableReferences makes code refer to another of the function's own entries
// in a table.
func tableReferences(o *Object, s seed) []Site {
	e := &o.code.Extents[s.n]
	var list []Site
	o.relocsOfPart(e, func(i int, r object.Reloc, at uint64, in *decode.Inst) {
		s := &o.file.Symbols[r.Symbol]
		if s.Type() != elf.STT_SECTION || o.tables[s.Section] == nil {
			return
		}
		t, place := o.tables[s.Section], uint64(r.Addend+o.end(r, at, in))
		mine, owners := t.entryOf(place), o.owners(e.Section, at)
		for n := range t.entries {
			other := &t.entries[n]
			if mine == nil || other.start == mine.start || !slices.Equal(other.owners, owners) {
				continue
			}
			list = append(list, Site{
				At:    o.at(e.Section, at) + " refers to " + o.at(s.Section, place),
				Edits: o.addressEdits(e, i, r, int64(other.start-mine.start)),
				Want:  want(owners, "references"),
			})
			return
		}
	})
	return list
}

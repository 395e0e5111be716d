// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// body is what is walked as one function: its parts, the entry first.
type body struct {
	fn    int // index into Code.Funcs, or -1 for an orphan
	parts []part
}

// part is one stretch of a body.
type part struct {
	section    uint32
	start, end uint64
	prefix     uint64 // where a prefix begins in front of it, else start
	cold       bool
	orphan     bool
	// What is in it, filled in when it is walked: the relocations, and of the
	// entries of tables the first about the padding in front, the first about
	// the part itself, and the first behind.
	relocs        object.Relocs
	front, lo, hi int
	labels        []uint32 // in it, in order
	// replaces is set for code that stands in for other code: all its steps
	// are of the class Alternatives.
	replaces bool
	entry    int // of that: index into Tables.Entries
	extent   int // index into Code.Extents, -1 for code without a symbol
}

// walker yields the steps of one function after another. It holds what is
// reused from one to the next; each worker has its own.
type walker struct {
	p     *program
	visit visitor
	// digest is the visitor if it makes the digests, which is what is in a
	// hurry.
	digest *digester

	body   *body
	walks  int      // how many there have been, with this one
	parts  []part   // the body's, and behind them the replacements of alternatives
	laid   []layout // by part
	insts  []inst   // of all parts
	spare  []uint32 // starts of all parts
	opaque bool

	used     map[uint32]uint32 // shared symbols of this function: their number
	names    map[string]uint32 // and how many a normal name has
	reading  reading           // of places that may mean several things
	touched  []uint32          // the symbols that this function uses
	disambig []byte
	// ambiguous is set where that doesn't tell all of them apart.
	ambiguous bool

	step      Step
	crossed   bool   // what is encoded has a place in another part
	current   int    // the part being walked
	placed    []byte // the place of an entry
	entries   ownEntries
	kept      []target // variables that the entry refers to: they may keep books
	finder    *lines.Finder
	anchors   *anchorFlow
	based     []based     // what it proved, by instruction
	jumps     []jumpTable // and found
	flow      flow
	flowOf    flowKey
	flowSteps int          // how many instructions it was told of for knownReach, in this walk
	masked    []byte       // w.encoded without line numbers, empty where there are none
	byDwarf   bool         // w.masked is by debug information
	masking   bool         // what is being encoded goes there
	maskable  bool         // what was encoded has a line number
	unlined   []byte       // text without line numbers
	numbers   []LineNumber // those that w.masked leaves out
	prefix    decode.Inst  // the instruction in front of the entry
	encoded   []byte
	nested    [maxDepth + 1][]byte // data, while encoded holds what they are part of
	memo      map[nestedKey]nested
	frequent  []frequent          // references that functions walked before made, too
	known     map[nestedKey]known // data that stand in front
	contents  map[Digest]bool     // and what is in them
	texts     map[textsKey][]longText
	zeros     map[datumKey]uint64 // many zeros that end at a place: where they begin
	uses      []uint32            // by the nested data being encoded
	byData    int                 // uses by data so far
	depth     int                 // of nested data being encoded
	height    int                 // how deep data nest in what was encoded
	truncated bool                // they go deeper than maxDepth
	inMerge   bool                // what is encoded is part of an entry of a section of constants
	elsewhere elsewhere
	findings  findings
	unsettled bool
	account   Account
}

// place is where a step comes from.
type place struct {
	part    int
	ordinal uint32
	offset  uint64 // from the start of the part
}

// inst is a decoded instruction at its place.
type inst struct {
	decode.Inst
	offset  uint64 // from the start of the part
	ordinal uint32 // its number in the part; of padding that of what follows
	// plain is set for an instruction that is no more than its bytes, unless there
	// is a relocation in it.
	plain bool
	// placed is set for a NOP that a table's entry is about, which makes it
	// an instruction (rule 2.4).
	placed bool
	line   lines.Evidence // why the immediate is a line number
}

// layout is a decoded part.
type layout struct {
	insts []inst
	first int32  // the number of the first of them in the body
	count uint32 // how many ordinals they have
	// starts has, for each byte of the part and its end, the index of the
	// instruction that starts there and one more, 0 inside an instruction.
	starts []uint32
	opaque bool
	// tail is where bytes begin, at the end of the part, that are the start
	// of an instruction which goes on behind it.
	tail uint64
}

func newWalker(p *program) *walker {
	return &walker{p: p, used: map[uint32]uint32{}, names: map[string]uint32{}, memo: map[nestedKey]nested{}, known: map[nestedKey]known{}, contents: map[Digest]bool{}, texts: map[textsKey][]longText{}, zeros: map[datumKey]uint64{}, frequent: frequentSlots(len(p.code.Funcs))}
}

// walk passes the steps of a body to visit. It sets unsettled where something
// they need, the extent of nameless data or the owner of nameless code, isn't
// known before every function was walked.
func (w *walker) walk(b *body, visit visitor) {
	w.body, w.visit = b, visit
	w.walks++
	w.flowSteps = 0
	w.digest, _ = visit.(*digester)
	w.opaque, w.unsettled, w.ambiguous, w.account = false, false, false, Account{}
	w.byData = 0
	clear(w.used)
	clear(w.names)
	clear(w.known)
	clear(w.contents)
	w.touched, w.disambig = w.touched[:0], w.disambig[:0]
	w.reading.reset()
	w.parts = append(w.parts[:0], b.parts...)
	w.findEntries()
	w.layOut()
	w.findAnchors()
	for i := range w.parts {
		w.findLines(i)
	}
	for i := range w.parts {
		w.current = i
		w.walkPrefix(i)
		w.walkPart(i)
	}
}

// layOut decodes all parts of the body, so that every place in it has its
// ordinal before the first step is made.
func (w *walker) layOut() {
	w.laid, w.insts, w.spare = w.laid[:0], w.insts[:0], w.spare[:0]
	for i := range w.parts {
		part := &w.parts[i]
		var l layout
		l, w.insts, w.spare = w.p.layOut(part, w.insts, w.spare)
		w.opaque = w.opaque || l.opaque
		w.laid = append(w.laid, l)
	}
}

// layOut decodes one part. It appends to the buffers it is given, and returns
// them for the next one.
func (p *program) layOut(part *part, insts []inst, spare []uint32) (layout, []inst, []uint32) {
	data := p.file.Data(part.section)
	code := data[part.start:part.end]
	l := layout{tail: uint64(len(code))}
	firstInst, firstStart := len(insts), len(spare)
	need := firstStart + len(code) + 1
	if need > cap(spare) {
		grown := make([]uint32, firstStart, need+need/2)
		copy(grown, spare)
		spare = grown
	}
	spare = spare[:need]
	starts := spare[firstStart:]
	clear(starts)
	insts = slices.Grow(insts, len(code)/usualInst)
	ordinal := uint32(0)
	dataStart, dataEnd := p.dataFrom(part.section, part.start)
	for at := uint64(0); at < uint64(len(code)); {
		insts = slices.Grow(insts, 1)[:len(insts)+1] // decode writes over what was there
		x := &insts[len(insts)-1]
		x.offset, x.line = at, lines.None
		in := &x.Inst
		if part.start+at >= dataEnd {
			dataStart, dataEnd = p.dataFrom(part.section, part.start+at)
		}
		if part.start+at >= dataStart {
			*in = decode.Inst{Len: uint8(min(dataUnit, dataEnd-part.start-at, uint64(len(code))-at))}
		} else if !p.decode(code[at:], in) {
			insts = insts[:len(insts)-1]
			if p.decode(data[part.start+at:], &decode.Inst{}) {
				// The last instruction goes on behind the part's end: two
				// entry points share its bytes.
				starts[at] = uint32(len(insts)-firstInst) + 1
				l.tail = at
				break
			}
			l.opaque = true
			insts = insts[:firstInst]
			break
		}
		starts[at], x.ordinal = uint32(len(insts)-firstInst), ordinal
		if in.Kind == decode.Nop {
			x.plain, x.placed = false, part.lo < part.hi && p.tables.Has(part.section, part.start+at)
		} else {
			x.plain, x.placed = in.Form == 0 && in.PC.Len == 0, false
		}
		if in.Kind != decode.Nop || x.placed {
			ordinal++
		}
		at += uint64(in.Len)
	}
	starts[len(code)] = uint32(len(insts)-firstInst) + 1
	l.first, l.count = int32(firstInst), ordinal
	l.insts, l.starts = insts[firstInst:len(insts):len(insts)], starts
	return l, insts, spare
}

// usualInst is the length of an instruction in bytes, on average.
const usualInst = 4

// dataUnit is in how many bytes data between instructions are taken apart: each
// is plain, as an instruction is that does nothing to control flow.
const dataUnit = 4

// dataFrom is the first data between instructions that end behind a place; behind
// everything where there are none.
func (p *program) dataFrom(section uint32, at uint64) (start, end uint64) {
	if start, end, ok := p.code.Data(section, at); ok {
		return start, end
	}
	return math.MaxUint64, math.MaxUint64
}

// read reads what stands at a place of code, up to an end: one instruction, or some
// of the data between instructions.
func (p *program) read(section uint32, at, end uint64, in *decode.Inst) bool {
	if dataEnd, ok := p.code.DataAt(section, at); ok {
		*in = decode.Inst{Len: uint8(min(dataUnit, dataEnd-at, end-at))}
		return true
	}
	return p.decode(p.file.Data(section)[at:end], in)
}

// nops is how many bytes from a place on, up to an end, are plain padding.
func (p *program) nops(section uint32, at, end uint64) int {
	if _, _, ok := p.code.Data(section, at); ok || p.machine.nop == "" {
		return 0
	}
	code, nop := p.file.Data(section)[at:end], p.machine.nop
	n, whole := 0, 0 // bytes, and those of whole NOPs
	for i := 0; n < len(code) && code[n] == nop[i]; n++ {
		if i++; i == len(nop) {
			i, whole = 0, n+1
		}
	}
	return whole
}

// decode reads one instruction; of a machine without a decoder, none.
func (p *program) decode(code []byte, in *decode.Inst) bool {
	return p.machine.decode != nil && p.machine.decode(code, in)
}

// ordinal is the place of an offset in the part: the instruction's ordinal,
// and how many bytes into it. In a part that can't be decoded it is the
// offset itself.
func (l *layout) ordinal(offset uint64) (ordinal, into uint32) {
	if l.opaque {
		return uint32(offset), 0
	}
	for l.starts[offset-uint64(into)] == 0 {
		into++
	}
	i, end := l.starts[offset-uint64(into)]-1, uint64(len(l.starts)-1)
	switch {
	case int(i) < len(l.insts):
		return l.insts[i].ordinal, into
	case l.tail < end && offset-uint64(into) == end: // behind what goes on there
		return l.count + 1, into
	}
	return l.count, into
}

// index is the instruction at an offset, or the one behind.
func (l *layout) index(offset uint64) int {
	for ; offset < uint64(len(l.starts)); offset++ {
		if i := int(l.starts[offset]); i > 0 {
			return min(i, len(l.insts)) - 1
		}
	}
	return len(l.insts) - 1
}

// walkPrefix makes steps of what stands in front of the entry: padding, and
// with kCFI an instruction that holds the type hash. How much padding there
// is never matters (rule 1.3).
func (w *walker) walkPrefix(i int) {
	part := &w.parts[i]
	if part.extent >= 0 {
		w.frontLabels(i)
		w.frontEntries(i)
		w.account.prefix(w.p, part)
	}
	if part.prefix >= part.start {
		return
	}
	relocs := w.p.file.Relocs(part.section).Between(part.prefix, part.start).Without(w.p.machine.isNone)
	in := &w.prefix
	for at := part.prefix; at < part.start; {
		first := min(offsetOf(relocs, 0), part.start)
		if at += uint64(w.p.nops(part.section, at, first)); at == part.start {
			break
		}
		ok := w.p.read(part.section, at, part.start, in)
		end := at + uint64(in.Len)
		if !ok {
			end = part.start
		}
		own := relocs.Between(at, end)
		if n := own.Len(); n > 0 { // a word that is data may not be taken apart
			last := own.At(n - 1)
			end = min(max(end, last.Offset+uint64(w.p.machine.reloc(last.Type).width)), part.start)
			own = relocs.Between(at, end)
		}
		if own.Len() > 0 || in.Kind != decode.Nop || !ok {
			w.prefixStep(i, at, end, own)
		}
		relocs = relocs.Between(end, part.start)
		at = end
	}
}

// prefixStep makes the step of what stands in front of the entry, from a place up to
// another: its bytes, and what they refer to.
func (w *walker) prefixStep(i int, at, end uint64, relocs object.Relocs) {
	part := &w.parts[i]
	w.encoded = binary.AppendUvarint(w.encoded[:0], end-at)
	first := uint64(len(w.encoded))
	w.encoded = append(w.encoded, w.p.file.Data(part.section)[at:end]...)
	for n := range relocs.Len() {
		r := relocs.At(n)
		form := w.p.machine.reloc(r.Type)
		form.blank(w.encoded[first+r.Offset-at : first+end-at])
		t := w.p.resolve(r.Symbol, r.Addend)
		w.touch(&t)
		w.encoded = form.kind.appendTo(binary.AppendUvarint(w.encoded, r.Offset-at))
		if to, own := w.own(&t); own {
			w.encoded = w.appendPlace(w.encoded, to, t.at)
			continue
		}
		w.encoded = w.appendTarget(w.encoded, &t)
	}
	w.emit(CFI, PrefixStep, place{part: i}, false)
}

// emit hands w.encoded to the visitor.
func (w *walker) emit(class Class, kind StepKind, at place, across bool) {
	part := &w.parts[at.part]
	if part.replaces {
		class = Alternatives
	}
	if w.digest != nil && kind < EntryStep && !part.cold && len(w.masked) == 0 && w.digest.quick(class, w.encoded) {
		return
	}
	s := &w.step // field by field: this runs for every other instruction
	s.Class, s.Kind, s.Part, s.Ordinal, s.Offset = class, kind, at.part, at.ordinal, at.offset
	s.Bytes, s.Across, s.Cold = w.encoded, across, part.cold
	s.Masked, s.Dwarf, s.Lines = nil, nil, w.numbers
	if len(w.masked) > 0 {
		s.Masked = w.masked
		if w.byDwarf {
			s.Masked, s.Dwarf = nil, w.masked
		}
	}
	w.visit.step(s)
	w.masked, w.numbers, w.byDwarf = w.masked[:0], w.numbers[:0], false
}

// encode appends to w.encoded what a function appends, and where a line number
// is in it, makes w.masked of all of it without.
func (w *walker) encode(add func(b []byte) []byte) {
	w.maskable = false
	start := len(w.encoded)
	w.encoded = add(w.encoded)
	if !w.maskable {
		return
	}
	w.masking = true
	w.masked = add(append(w.masked[:0], w.encoded[:start]...))
	w.masking = false
}

// walkPart makes the steps of one part.
func (w *walker) walkPart(i int) {
	part, l := &w.parts[i], &w.laid[i]
	relocs := part.relocs
	if i < len(w.body.parts) { // replacement code is accounted for as such
		w.account.part(w.p, part)
	}
	entry, entries := part.lo, part.hi
	if l.opaque {
		w.rawStep(place{part: i}, relocs)
		for ; entry < entries; entry++ {
			w.entry(entry, place{part: i, offset: uint64(w.p.tables.Entries[entry].Place) - part.start})
		}
		for _, label := range part.labels {
			w.label(label, place{part: i, offset: w.p.labelOffset([]uint32{label}) - part.start})
		}
		return
	}
	code := w.p.file.Data(part.section)[part.start:part.end]
	quick := w.digest
	if part.cold || part.replaces || w.p.debug != nil {
		quick = nil
	}
	proved := w.provedFrom(l.first)
	next := 0 // relocation
	labels := part.labels
	relocAt, entryAt, provedAt, labelAt := offsetOf(relocs, next), w.entryAt(entry, entries), part.provedAt(l, proved), w.p.labelOffset(labels)
	for n := 0; n < len(l.insts); n++ {
		if quick != nil { // up to a relocation, an entry, or something proved
			if n += quick.plain(l.insts[n:], code, min(relocAt, entryAt, provedAt, labelAt)-part.start); n == len(l.insts) {
				break
			}
		}
		in := &l.insts[n]
		end := part.start + in.offset + uint64(in.Len)
		here := place{i, in.ordinal, in.offset}
		for ; labelAt < end; labelAt = w.p.labelOffset(labels) {
			w.label(labels[0], here)
			labels = labels[1:]
		}
		var own object.Relocs
		if relocAt < end {
			first := next
			for ; relocAt < end; relocAt = offsetOf(relocs, next) {
				next++
			}
			own = w.p.machine.effective(relocs.Slice(first, next))
		}
		bytes := code[in.offset:][:in.Len]
		var base *based
		if provedAt < end {
			base, proved = &proved[0], proved[1:]
			provedAt = part.provedAt(l, proved)
		}
		switch {
		case in.Kind == decode.Nop && own.Len() == 0 && !in.placed:
			// padding
		case in.Kind == decode.Nop && own.Len() == 0:
			w.encoded = append(w.encoded[:0], tagNop)
			w.emit(Instructions, InstructionStep, here, false)
		case base != nil:
			w.basedInstruction(here, in, bytes, own, base)
		case in.Form != 0 && own.Len() <= 1:
			w.branch(here, in, bytes, own)
		default:
			w.instruction(here, in, bytes, own)
		}
		for ; entryAt < end; entryAt = w.entryAt(entry, entries) {
			w.entry(entry, here)
			entry++
		}
	}
	if l.tail < uint64(len(code)) {
		w.rawStep(place{i, l.count, l.tail}, relocs.From(next))
	}
	for ; entry < entries; entry++ {
		w.entry(entry, place{i, l.count, l.tail})
	}
	for _, label := range labels {
		w.label(label, place{i, l.count, l.tail})
	}
	w.runOn(i)
}

// offsetOf is the offset of record i, behind everything where there is none.
func offsetOf(relocs object.Relocs, i int) uint64 {
	if i == relocs.Len() {
		return math.MaxUint64
	}
	return relocs.Offset(i)
}

// entryAt is the place of an entry of a table, behind everything from the end on.
func (w *walker) entryAt(entry, end int) uint64 {
	if entry == end {
		return math.MaxUint64
	}
	return uint64(w.p.tables.Entries[entry].Place)
}

// provedAt is where the first instruction is that something is proved of, behind
// everything where there is none in the part.
func (x *part) provedAt(l *layout, proved []based) uint64 {
	if len(proved) == 0 || int(proved[0].inst-l.first) >= len(l.insts) {
		return math.MaxUint64
	}
	return x.start + l.insts[proved[0].inst-l.first].offset
}

// branch makes the step of a direct branch or call: its condition and its
// target, however it was encoded (rule 2.2).
func (w *walker) branch(here place, in *inst, bytes []byte, relocs object.Relocs) {
	part := &w.parts[here.part]
	at := part.start + in.offset
	var t target
	var symbol uint32
	if relocs.Len() > 0 {
		r := relocs.At(0)
		form := w.p.machine.reloc(r.Type)
		if !form.pc || r.Offset != at+uint64(in.PC.Off) {
			w.instruction(here, in, bytes, relocs)
			return
		}
		symbol = r.Symbol
		addend := r.Addend + w.p.machine.after(&in.Inst, r.Offset-at)
		if f := w.frequentTo(relocPC, symbol, addend); f != nil {
			w.encodeBranch(in, bytes)
			w.encoded = append(w.encoded, 0)
			w.emit(Instructions, InstructionStep, here, false)
			w.again(here, f)
			return
		}
		t = w.p.resolve(symbol, addend)
	} else if place := int64(at) + in.PCRel; place < int64(part.start) || place > int64(part.end) || place == int64(part.end) && !w.replacement(here.part) {
		t = w.p.resolvePlace(part.section, place)
	} else if len(part.labels) > 0 && w.p.labelAt(part.labels, uint64(place)) != 0 && uint64(place) > part.start {
		t = target{kind: targetName, symbol: w.p.labelAt(part.labels, uint64(place)), section: part.section, at: uint64(place), extent: part.extent}
	} else if here.part == 0 { // most branches
		w.encodeBranch(in, bytes)
		w.encoded = w.appendPlace(w.encoded, 0, uint64(place))
		w.emit(Instructions, InstructionStep, here, false)
		return
	} else {
		t = target{kind: targetInside, section: part.section, at: uint64(place), extent: part.extent}
	}
	w.encodeBranch(in, bytes)
	if to, ok := w.own(&t); ok {
		w.encoded = w.appendPlace(w.encoded, to, t.at)
		w.emit(Instructions, InstructionStep, here, to != here.part)
		return
	}
	w.encoded = append(w.encoded, 0)
	w.emit(Instructions, InstructionStep, here, false)
	w.reference(here, relocPC, &t)
	w.keep(relocPC, symbol, &t)
}

// encodeBranch encodes what a direct branch says beside its target.
func (w *walker) encodeBranch(in *inst, bytes []byte) {
	w.encoded = w.p.machine.appendBranch(append(w.encoded[:0], tagBranch, in.Form), bytes, &in.Inst)
	w.encoded[0] |= byte(len(w.encoded) - 2)
}

// replacement tells whether a part is the replacement of an alternative, whose
// end is where the code that it stands in for goes on.
func (w *walker) replacement(i int) bool { return i >= len(w.body.parts) }

// own tells which part of the body the target lies in, if it is a place there.
func (w *walker) own(t *target) (int, bool) {
	if t.kind > targetInside && t.kind != targetStray && t.kind != targetSpecial || t.section == 0 || t.offset < 0 && t.kind == targetName {
		return 0, false
	}
	if part := &w.parts[w.current]; w.replacement(w.current) && part.section == t.section && part.start <= t.at && t.at <= part.end {
		return w.current, true // its end is one of its places
	}
	for i := range w.body.parts {
		part := &w.body.parts[i]
		if part.section == t.section && part.start <= t.at && (t.at < part.end || t.at == part.end && t.kind == targetInside && t.extent == part.extent) {
			// A label inside goes by its name (rule 2.6).
			return i, t.kind != targetName || t.at == part.start || w.p.marks[t.symbol]&markLabel == 0
		}
	}
	return 0, false
}

// appendPlace encodes a place in part number i of the body.
func (w *walker) appendPlace(b []byte, i int, at uint64) []byte {
	ordinal, into := w.laid[i].ordinal(at - w.parts[i].start)
	w.crossed = w.crossed || i != w.current
	b = append(b, tagSelf)
	b = binary.AppendUvarint(b, uint64(i))
	b = binary.AppendUvarint(b, uint64(ordinal))
	return binary.AppendUvarint(b, uint64(into))
}

// instruction makes the steps of every other instruction: its bytes with the
// fields that refer to something blanked, then what they refer to (rule 2.1).
func (w *walker) instruction(here place, in *inst, bytes []byte, relocs object.Relocs) {
	part := &w.parts[here.part]
	at := part.start + in.offset
	w.encoded = append(w.encoded[:0], byte(len(bytes)))
	w.encoded = appendShort(w.encoded, bytes)
	relative := in.PC.Len > 0 // to the PC, and the assembler knew the distance
	refs := 0
	for n := range relocs.Len() {
		r := relocs.At(n)
		form := w.p.machine.reloc(r.Type)
		if form.kind == relocNone {
			continue
		}
		field := int(r.Offset - at)
		form.blank(w.encoded[1+field : 1+len(bytes)])
		w.encoded = append(w.encoded, byte(field))
		refs++
		if field == int(in.PC.Off) {
			relative = false
		}
	}
	if relative {
		w.p.machine.blankPC(w.encoded[1:1+len(bytes)], &in.Inst)
		w.encoded = append(w.encoded, in.PC.Off)
		refs++
	}
	w.encoded[0] |= byte(min(refs, 7)) << 4
	if w.p.debug != nil && in.line == lines.None && refs == 0 && in.Imm.Len > 0 && w.p.debug.Has(part.section, at, w.p.machine.lines.Immediate(bytes, &in.Inst)) {
		in.line, w.byDwarf = lines.Dwarf, true
	}
	if in.line != lines.None && refs == 0 {
		w.masked = w.p.machine.appendLine(append(w.masked[:0], tagLine), bytes, &in.Inst)
		w.numbers = append(w.numbers, LineNumber{w.p.machine.lines.Immediate(bytes, &in.Inst), in.line})
	}
	w.emit(Instructions, InstructionStep, here, false)
	if refs == 0 {
		return
	}
	for n := range relocs.Len() {
		w.relocation(here, relocs.At(n), in, bytes)
	}
	if relative {
		t := w.p.resolvePlace(part.section, int64(at)+in.PCRel)
		w.reference(here, relocPC, &t)
	}
}

// relocation makes the step of one relocation record. In is the instruction
// that holds the field, nil where there is none.
func (w *walker) relocation(here place, r object.Reloc, in *inst, bytes []byte) {
	form := w.p.machine.reloc(r.Type)
	if form.kind == relocNone {
		return
	}
	if in == nil {
		t := w.p.resolve(r.Symbol, r.Addend)
		w.reference(here, form.kind, &t)
		return
	}
	addend, field := r.Addend, r.Offset-w.parts[here.part].start-in.offset
	if form.pc && in.PC.Len > 0 && field == uint64(in.PC.Off) {
		addend += w.p.machine.after(&in.Inst, field)
	}
	if f := w.frequentTo(form.kind, r.Symbol, addend); f != nil {
		w.again(here, f)
		return
	}
	t := w.p.resolve(r.Symbol, addend)
	immediate := in.Imm.Len > 0 && field == uint64(in.Imm.Off)
	if !immediate && !w.p.machine.address(&in.Inst, bytes) || form.kind == relocPage && w.pageOfAccess(here.part, r) {
		w.p.accessed(&t)
	}
	if t.kind == targetString && w.p.machine.mayIndex(form, immediate) {
		w.index(&t)
	}
	w.knownReach(here, in, immediate, &t)
	w.reference(here, form.kind, &t)
	w.keep(form.kind, r.Symbol, &t)
}

// pageReach is how many relocations behind a page's the one of its low bits is
// looked for.
const pageReach = 32

// pageOfAccess tells whether a page is made for an access: the next instruction that
// has the low bits of the same place reads or writes there.
func (w *walker) pageOfAccess(i int, page object.Reloc) bool {
	part := &w.parts[i]
	relocs := part.relocs.Between(page.Offset+1, part.end)
	for n := range min(relocs.Len(), pageReach) {
		if r := relocs.At(n); r.Symbol == page.Symbol && r.Addend == page.Addend && w.p.machine.reloc(r.Type).kind == relocLow12 {
			code := w.p.file.Data(part.section)[r.Offset:]
			return len(code) >= 4 && !w.p.machine.address(nil, code)
		}
	}
	return false
}

// reference makes the steps of a reference: which kind of thing it is, and
// the thing itself where that has a class of its own.
func (w *walker) reference(here place, kind relocKind, t *target) {
	w.read(here, t)
	w.touch(t)
	w.encoded = kind.appendTo(w.encoded[:0])
	if to, ok := w.own(t); ok {
		w.encoded = w.appendPlace(t.appendBias(w.encoded), to, t.at)
		w.emit(References, ReferenceStep, here, to != here.part)
		return
	}
	if t.kind == targetName && t.symbol != 0 {
		w.p.readAsJumpTable(t)
	}
	class := References
	switch t.kind {
	case targetString:
		class = Strings
	case targetMerge:
		class = Constants
	case targetDatum:
		if class = Constants; w.isJumpTable(t) {
			class = JumpTables
		}
	}
	if class == References {
		if t.kind == targetAbsolute {
			w.step.Name = w.p.file.Symbols[t.symbol].Name()
		}
		w.encode(func(b []byte) []byte { return w.appendTarget(b, t) })
		w.emit(References, ReferenceStep, here, false)
		w.step.Name = ""
		w.books(here, t)
		if t.kind == targetName && w.p.inKinds[t.symbol] == sectionReadOnly {
			w.labelConstants(here, t)
		}
		return
	}
	w.encoded = append(w.encoded, byte(class))
	w.emit(References, ReferenceStep, here, false)
	w.encoded = w.encoded[:0]
	w.encode(func(b []byte) []byte { return w.appendTarget(b, t) })
	w.emit(class, ContentStep, here, class == JumpTables)
}

// provedFrom is what is proved of instructions from one on.
func (w *walker) provedFrom(inst int32) []based {
	i, _ := slices.BinarySearchFunc(w.based, inst, func(b based, inst int32) int { return int(b.inst) - int(inst) })
	return w.based[i:]
}

// basedInstruction makes the steps of an instruction that works on an address in a
// section: of its bytes what isn't part of the address, and the place.
func (w *walker) basedInstruction(here place, in *inst, bytes []byte, relocs object.Relocs, base *based) {
	w.encoded = append(w.encoded[:0], byte(len(bytes))|1<<4)
	w.encoded = appendShort(w.encoded, bytes)
	field := relocForm{width: in.Len, mask: base.field}
	if relocs.Len() > 0 {
		field = w.p.machine.reloc(relocs.Type(0))
	}
	if field.mask != 0 {
		field.blank(w.encoded[1:])
	}
	w.encoded = append(w.encoded, 0)
	w.emit(Instructions, InstructionStep, here, false)
	if base.kind == basedAnchor {
		w.encoded = append(relocBased.appendTo(w.encoded[:0]), tagAnchor)
		w.emit(References, ReferenceStep, here, false)
		w.reading.pass()
		return
	}
	t := w.p.resolvePlace(base.section, base.at)
	if base.kind == basedAccess {
		w.p.accessed(&t)
	}
	w.reference(here, relocBased, &t)
}

// rawStep makes the steps of bytes that are no instructions, from here to the
// end of the part: the bytes with relocated fields blanked, and each
// relocation with its offset.
func (w *walker) rawStep(here place, relocs object.Relocs) {
	part := &w.parts[here.part]
	relocs = relocs.Without(w.p.machine.isNone)
	from := part.start + here.offset
	code := w.p.file.Data(part.section)[from:part.end]
	w.encoded = append(w.encoded[:0], tagRaw)
	w.encoded = binary.AppendUvarint(w.encoded, uint64(len(code)))
	start := len(w.encoded)
	w.encoded = append(w.encoded, code...)
	for n := range relocs.Len() {
		r := relocs.At(n)
		form := w.p.machine.reloc(r.Type)
		form.blank(w.encoded[start+int(r.Offset-from) : start+len(code)])
		w.encoded = binary.AppendUvarint(w.encoded, r.Offset-from)
	}
	w.emit(Instructions, InstructionStep, here, false)
	for n := range relocs.Len() {
		w.relocation(place{here.part, here.ordinal, relocs.At(n).Offset - part.start}, relocs.At(n), nil, nil)
	}
}

// touch notes what rule 3.9 wants to know of a target.
func (w *walker) touch(t *target) {
	symbol := t.symbol
	if t.kind == targetInside && t.extent >= 0 {
		symbol = w.p.code.Funcs[w.p.code.Extents[t.extent].Func].Primary
	}
	if symbol == 0 || t.kind == targetAbsolute {
		return
	}
	w.touched = append(w.touched, symbol)
	if w.linked(symbol) {
		w.findings.uses = append(w.findings.uses, use{symbol, w.body.fn})
	}
}

// linked tells whether it is to be known who uses a symbol: one whose name others
// share, or that a compiler numbered.
func (w *walker) linked(symbol uint32) bool {
	return w.p.links && w.p.marks[symbol]&markBook == 0 && (w.p.marks[symbol]&markShared != 0 || w.p.renamed.has(symbol))
}

// useByData notes that the function refers to such a symbol by nameless data; the
// first maxUses of them, as many functions may refer to what refers to many.
func (w *walker) useByData(symbol uint32) {
	if w.masking || !w.linked(symbol) {
		return
	}
	if w.depth > 0 { // for all that refer to the datum
		w.uses = append(w.uses, symbol)
		return
	}
	if w.byData++; w.byData <= maxUses {
		w.findings.uses = append(w.findings.uses, use{symbol, w.body.fn})
	}
}

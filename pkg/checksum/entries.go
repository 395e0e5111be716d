// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"encoding/binary"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
)

// tableClasses says which class of steps a class of tables is.
var tableClasses = [...]Class{
	alternatives.Alternatives:   Alternatives,
	alternatives.ExceptionTable: ExceptionTable,
	alternatives.BugTable:       BugTable,
	alternatives.JumpLabels:     JumpLabels,
	alternatives.StaticCalls:    StaticCalls,
	alternatives.Tracing:        Tracing,
	alternatives.Special:        Special,
}

// auxSection holds the slow half of an alternative's jump, which the compiler
// can't see (arch/x86/include/asm/cpufeature.h).
const auxSection = ".altinstr_aux"

// ownEntries is the entries about a body, in code order.
type ownEntries struct {
	list     []int       // indices of Tables.Entries
	ordinals map[int]int // of an entry among those of its table; nil until it is asked for
}

// findEntries gathers the entries about the body, and makes parts of the
// replacement code that alternatives among them have. Entries about
// replacement code make none: there is one level only.
func (w *walker) findEntries() {
	w.entries.list, w.entries.ordinals = w.entries.list[:0], nil
	t := w.p.tables
	for i := range w.body.parts {
		own := &w.parts[i]
		own.replaces = w.p.file.Sections[own.section].Name() == auxSection
		cold := own.cold // and so is what replaces code of it
		w.p.look(own)
		for n := own.front; n < own.hi; n++ {
			w.entries.list = append(w.entries.list, n)
			e := &t.Entries[n]
			if !w.p.hasReplacement(e) {
				continue
			}
			section, start, end, _ := t.Replacement(e)
			w.parts = append(w.parts, part{
				section: section, start: start, end: end, prefix: start, extent: -1, replaces: true, cold: cold, entry: n,
			})
		}
	}
	for i := len(w.body.parts); i < len(w.parts); i++ {
		x := &w.parts[i]
		w.p.look(x)
		for n := x.lo; n < x.hi; n++ {
			w.entries.list = append(w.entries.list, n)
		}
	}
}

// look notes what is in a part.
func (p *program) look(x *part) {
	x.relocs = p.file.Relocs(x.section).Between(x.start, x.end)
	x.lo, x.hi = p.tables.In(x.section, x.start, x.end)
	for x.extent < 0 && x.lo < x.hi && p.tables.Entries[x.hi-1].Front {
		x.hi-- // code without a symbol that runs into what was taken for padding
	}
	x.front = p.firstFront(x.lo, x)
	x.labels = p.labelsIn(x.section, x.start, x.end)
}

// hasReplacement tells whether an entry has replacement code.
func (p *program) hasReplacement(e *alternatives.Entry) bool {
	section, _, _, ok := p.tables.Replacement(e)
	return ok && p.file.Sections[section].Executable()
}

// entry makes the step of a table's entry about the instruction here.
func (w *walker) entry(n int, here place) {
	e := &w.p.tables.Entries[n]
	w.crossed = false
	w.placed = w.appendPlace(w.placed[:0], here.part, uint64(e.Place))
	w.emitEntry(e, here)
}

// frontEntries makes the steps of the entries about the padding in front of a
// function or cold part. How much padding there is doesn't matter (rule 1.3).
func (w *walker) frontEntries(i int) {
	part := &w.parts[i]
	for n := part.front; n < part.lo; n++ {
		w.crossed = false
		w.placed = append(w.placed[:0], tagFront)
		w.emitEntry(&w.p.tables.Entries[n], place{part: i})
	}
}

func (w *walker) emitEntry(e *alternatives.Entry, here place) {
	table := &w.p.tables.Tables[e.Table]
	class := tableClasses[table.Class]
	w.encoded = append(w.encoded[:0], tagEntry)
	if class == Tracing || w.parts[here.part].replaces { // tables that share a class: each is a fact of its own
		w.encoded[0] = tagNamed
		w.encoded = appendText(w.encoded, w.p.file.Sections[table.Section].Name())
	}
	w.kept = w.kept[:0]
	if table.Bare {
		w.encoded = appendBare(w.encoded)
	} else {
		w.encode(func(b []byte) []byte {
			w.kept = w.kept[:0]
			return w.appendEntry(b, table, e)
		})
	}
	if class == Special {
		w.step.Section = w.p.file.Sections[table.Section].Name()
	}
	if w.step.Place = w.placed; class == Tracing && w.usual(table, here) {
		w.step.Place = nil
	}
	w.emit(class, EntryStep, here, w.crossed)
	w.step.Section, w.step.Place = "", nil
	for i := range w.kept {
		w.books(here, &w.kept[i])
	}
}

// usual tells whether w.placed is where a compiler puts what a tracer hooks
// into: the padding in front for the table that may say so, else the first
// instruction that isn't a landing pad. Left out, it makes a manifest a good
// deal smaller.
func (w *walker) usual(table *alternatives.Table, here place) bool {
	if w.p.file.Sections[table.Section].Name() == "__patchable_function_entries" {
		return here.part == 0 && len(w.placed) == 1 && w.placed[0] == tagFront
	}
	first := byte(0)
	if insts := w.laid[0].insts; len(insts) > 0 && w.p.machine.landingPad != nil {
		if code := w.p.file.Data(w.parts[0].section)[w.parts[0].start:]; w.p.machine.landingPad(code[:insts[0].Len]) {
			first = 1
		}
	}
	return string(w.placed) == string([]byte{tagSelf, 0, first, 0})
}

// appendBare encodes an entry that says nothing beside its place: no bytes, no references.
func appendBare(b []byte) []byte { return append(b, 0, 0) }

// appendEntry encodes what an entry says beside its place: its bytes with
// relocated fields blanked, and the other relocations. The pointer to
// replacement code is left out where the code follows as a part of its own, or
// there is none. An entry about tracing that says nothing else is empty.
func (w *walker) appendEntry(b []byte, table *alternatives.Table, e *alternatives.Entry) []byte {
	start, end := uint64(e.Start), uint64(e.End)
	data := w.p.file.Data(table.Section)[start:end]
	relocs := w.p.file.Relocs(table.Section).Between(start, end)
	head := len(b)
	b = binary.AppendUvarint(b, end-start)
	first := len(b)
	b = append(b, data...)
	if field := table.Line(); field > 0 {
		w.maskable = true
		if w.masking {
			line, _ := w.p.tables.Line(e)
			w.numbers = append(w.numbers, LineNumber{line, lines.Field})
			clear(b[first+field : first+field+2])
		}
	}
	own := -1
	for i := range relocs.Len() {
		r := relocs.At(i)
		form := w.p.machine.reloc(r.Type)
		form.blank(b[first+int(r.Offset-start) : first+len(data)])
		section, offset, ok := alternatives.Target(w.p.file, r)
		if own < 0 && ok && section == e.Section && offset == uint64(e.Place) {
			own = i
		}
	}
	usual := relocPC
	if table.Absolute {
		usual = relocAbs64
	}
	pointer := ^uint64(0) // what is left out
	if length, known := w.p.tables.Length(e); known && length == 0 && !w.p.tables.Callback(e) || w.p.hasReplacement(e) {
		pointer, _ = w.p.tables.Pointer(e)
	}
	skip := func(i int) bool {
		return i == own && w.p.machine.reloc(relocs.Type(i)).kind == usual || relocs.Offset(i) == pointer
	}
	count := 0
	for i := range relocs.Len() {
		if !skip(i) {
			count++
		}
	}
	if table.Class == alternatives.Tracing && count == 0 && len(bytes.TrimLeft(b[first:], "\x00")) == 0 {
		return appendBare(b[:head])
	}
	b = binary.AppendUvarint(b, uint64(count))
	for i := range relocs.Len() {
		r := relocs.At(i)
		if skip(i) {
			continue
		}
		field, kind := r.Offset-start, w.p.machine.reloc(r.Type)
		b = kind.kind.appendTo(binary.AppendUvarint(b, field))
		if i == own { // of another kind than such places usually are
			b = append(b, tagPlace)
			continue
		}
		addend := r.Addend
		if table.FromStart && kind.pc {
			addend -= int64(field)
		}
		t := w.p.resolve(r.Symbol, addend)
		w.touch(&t)
		if t.kind == targetName && w.p.kinds[t.section] == sectionWritable {
			w.kept = append(w.kept, t)
		}
		if to, ok := w.own(&t); ok {
			b = w.appendPlace(t.appendBias(b), to, t.at)
			continue
		}
		b = w.appendTarget(b, &t)
	}
	return b
}

// appendOwnEntry encodes a reference to an entry of a table (rule 3.2): which
// of the function's own entries there it is, and the offset in it.
func (w *walker) appendOwnEntry(b []byte, t *target) []byte {
	n := w.p.tables.Find(t.section, t.at)
	ordinal, own := 0, false
	if n >= 0 {
		ordinal, own = w.entryOrdinal(n)
	}
	if !own {
		return w.appendEntryOf(b, t)
	}
	b = append(b, tagEntry)
	b = appendText(b, w.p.file.Sections[t.section].Name())
	b = binary.AppendUvarint(b, uint64(ordinal))
	return binary.AppendUvarint(b, t.at-uint64(w.p.tables.Entries[n].Start))
}

// appendEntryOf encodes a reference to an entry about other code, by the place
// that it is about; of what is no entry, by the section's name.
func (w *walker) appendEntryOf(b []byte, t *target) []byte {
	b = append(b, tagSpecial)
	b = appendText(b, w.p.file.Sections[t.section].Name())
	n := w.p.tables.Find(t.section, t.at)
	if n < 0 {
		return append(b, 0)
	}
	e := &w.p.tables.Entries[n]
	place := w.p.resolvePlace(e.Section, int64(e.Place))
	b = append(b, 1)
	b = w.appendPlain(b, &place)
	return binary.AppendUvarint(b, t.at-uint64(e.Start))
}

// entryOrdinal is the number of an entry among the body's own of its table.
func (w *walker) entryOrdinal(n int) (int, bool) {
	if w.entries.ordinals == nil {
		w.entries.ordinals = make(map[int]int, len(w.entries.list))
		count := map[uint32]int{}
		for _, n := range w.entries.list {
			table := w.p.tables.Entries[n].Table
			w.entries.ordinals[n] = count[table]
			count[table]++
		}
	}
	ordinal, ok := w.entries.ordinals[n]
	return ordinal, ok
}

// markFronts finds the entries whose place is in the padding in front of a
// function: they are about the function (rule 1.8).
func (p *program) markFronts(workers int) {
	entries := p.tables.Entries
	parallel.Chunks(workers, len(entries), parallel.Chunk, func(lo, hi int) {
		in := &decode.Inst{}
		for i := lo; i < hi; i++ {
			entries[i].Front = p.inFront(&entries[i], in)
		}
	})
}

// inFront tells whether an entry is about the padding in front of a function.
func (p *program) inFront(e *alternatives.Entry, in *decode.Inst) bool {
	place := uint64(e.Place)
	if p.kinds[e.Section] != sectionCode || p.code.Innermost(e.Section, place) >= 0 || p.replaces(e.Section, place) {
		return false
	}
	next := p.code.Before(e.Section, place)
	if next < 0 {
		return false
	}
	x := &p.code.Extents[next]
	end := x.Start
	if x.Part == 0 {
		end = min(end, p.code.Funcs[x.Func].Prefix)
	}
	return p.padding(e.Section, place, end, in)
}

// padding tells whether there is nothing but padding between two places.
func (p *program) padding(section uint32, start, end uint64, in *decode.Inst) bool {
	code := p.file.Data(section)
	for at := start; at < end; {
		switch nops := uint64(p.nops(section, at, end)); {
		case nops > 0:
			at += nops
		case p.read(section, at, end, in) && in.Kind == decode.Nop:
			at += uint64(in.Len)
		case p.machine.fill(code[at:end]) > 0:
			at += uint64(p.machine.fill(code[at:end]))
		default:
			return false
		}
	}
	return true
}

// firstFront is the index of the first entry in front of a function, whose own
// begin at lo.
func (p *program) firstFront(lo int, part *part) int {
	for ; lo > 0 && part.extent >= 0; lo-- {
		e := &p.tables.Entries[lo-1]
		if !e.Front || e.Section != part.section || p.code.Extents[p.code.Before(e.Section, uint64(e.Place))].Start != part.start {
			break
		}
	}
	return lo
}

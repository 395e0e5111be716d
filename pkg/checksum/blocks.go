// SPDX-License-Identifier: MIT

package checksum

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// What stands for the number of a block where none begins, or will in the next run.
const (
	noBlock    = -1
	laterBlock = -2
)

// What stands for the branch that goes to an instruction where none does, or several.
const (
	noWay       = -1
	severalWays = -2
)

// edge is a way that control may take beside an instruction's own.
type edge struct {
	to     int32
	writes uint32 // registers set on the way
}

// prepare makes nodes and blocks of the body.
func (f *anchorFlow) prepare() {
	w := f.w
	f.insts, f.final, f.lost, f.vague = w.insts, false, false, false
	n := len(f.insts)
	f.partOf, f.starts = f.partOf[:0], f.starts[:0]
	f.reloc, f.block, f.made, f.sure = resized(f.reloc, n), resized(f.block, n), resized(f.made, n), resized(f.sure, n)
	f.goes, f.comes = resized(f.goes, n), resized(f.comes, n)
	for i := range n {
		f.reloc[i], f.block[i], f.made[i], f.sure[i], f.goes[i], f.comes[i] = 0, noBlock, -1, false, -1, noWay
	}
	f.targets = 0
	for i := range f.any {
		f.any[i] = -1
	}
	f.slots, f.low, f.waiting, f.budget = f.slots[:0], 0, 0, flowStepsForAnybody+flowStepsForEach*n
	f.pieces, f.entries, f.referred, f.tabled = map[int]int32{}, f.entries[:0], f.referred[:0], map[int32]bool{}
	f.edges, f.mixed = map[int32][]edge{}, map[mixKey]int32{}
	f.values, f.found, f.jumps, f.second = f.values[:0], f.found[:0], f.jumps[:0], f.second[:0]
	first := int32(0)
	for i := range w.parts {
		f.partOf = append(f.partOf, first)
		f.findRelocs(i, first)
		f.lost = f.lost || len(w.laid[i].insts) == 0 // nothing to go on with
		if w.replacement(i) && !f.lost {
			f.pieces[w.parts[i].entry] = first
		}
		first += int32(len(w.laid[i].insts))
	}
	f.findBlocks()
	f.state, f.known = resized(f.state, len(f.starts)), resized(f.known, len(f.starts))
	f.todo = resized(f.todo, len(f.starts))
	clear(f.known)
	clear(f.todo)
}

func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// findRelocs notes the relocation of each instruction of a part.
func (f *anchorFlow) findRelocs(part int, first int32) {
	insts, relocs, start := f.w.laid[part].insts, f.w.parts[part].relocs, f.w.parts[part].start
	i := 0
	for n := range relocs.Len() {
		if f.w.p.machine.reloc(relocs.Type(n)).kind == relocNone {
			continue
		}
		at := relocs.Offset(n) - start
		for i+1 < len(insts) && insts[i+1].offset <= at {
			i++
		}
		if i < len(insts) {
			if f.reloc[first+int32(i)] == 0 {
				f.reloc[first+int32(i)] = int32(n) + 1
			} else {
				f.reloc[first+int32(i)] = -1
			}
		}
	}
}

// node is the instruction at a place of the body, -1 where the place is elsewhere.
func (f *anchorFlow) node(section uint32, at uint64) int32 {
	for i := range f.w.body.parts {
		part := &f.w.parts[i]
		if part.section == section && part.start <= at && at < part.end {
			return f.within(i, at)
		}
	}
	return -1
}

// within is the instruction at a place of a part, or the one behind.
func (f *anchorFlow) within(part int, at uint64) int32 {
	insts, offset := f.w.laid[part].insts, at-f.w.parts[part].start
	if n := offset / uint64(f.m.unit); n < uint64(len(insts)) && insts[n].offset == offset {
		return f.partOf[part] + int32(n)
	}
	n, _ := slices.BinarySearchFunc(insts, offset, func(in inst, offset uint64) int {
		switch {
		case in.offset < offset:
			return -1
		case in.offset > offset:
			return 1
		}
		return 0
	})
	if n == len(insts) {
		return -1
	}
	return f.partOf[part] + int32(n)
}

// part is the part of an instruction.
func (f *anchorFlow) part(inst int32) int {
	if len(f.partOf) == 1 {
		return 0
	}
	i, ok := slices.BinarySearch(f.partOf, inst)
	if !ok {
		i--
	}
	for i+1 < len(f.partOf) && f.partOf[i+1] == f.partOf[i] { // a part without instructions
		i++
	}
	return i
}

// place is where an instruction stands.
func (f *anchorFlow) place(inst int32) (section uint32, at uint64) {
	part := &f.w.parts[f.part(inst)]
	return part.section, part.start + f.insts[inst].offset
}

func (f *anchorFlow) code(inst int32) []byte {
	section, at := f.place(inst)
	return f.w.p.file.Data(section)[at:][:f.insts[inst].Len]
}

// begin makes a block begin at an instruction.
func (f *anchorFlow) begin(inst int32) {
	if inst >= 0 && int(inst) < len(f.insts) {
		f.block[inst] = 0
	}
}

// findBlocks finds where blocks begin, and the edges that tables make.
func (f *anchorFlow) findBlocks() {
	for i := range f.w.parts {
		f.begin(f.partOf[i])
		f.tableEdges(i)
		if i < len(f.w.body.parts) {
			f.otherEntries(i)
		}
	}
	for i := range f.insts {
		if f.insts[i].Kind == decode.Plain || f.insts[i].Kind == decode.Nop {
			continue
		}
		f.goes[i] = f.target(int32(i))
		f.begin(int32(i) + 1)
		f.begin(f.goes[i])
		if to := f.goes[i]; to >= 0 && f.comes[to] == noWay {
			f.comes[to] = int32(i)
		} else if to >= 0 {
			f.comes[to] = severalWays
		}
	}
	for _, i := range f.leads {
		f.begin(i)
		f.comes[i] = severalWays
	}
	for i := range f.block {
		if f.block[i] == 0 {
			f.block[i] = int32(len(f.starts))
			f.starts = append(f.starts, int32(i))
		}
	}
}

// target is where a direct branch goes within the body, -1 where it leaves it.
func (f *anchorFlow) target(i int32) int32 {
	in := &f.insts[i]
	if in.Form == 0 || in.Kind == decode.Call {
		return -1
	}
	section, at := f.place(i)
	to := int64(at) + in.PCRel
	if r, ok := f.relocOf(i); ok {
		if section, to = f.w.p.branchTarget(in, r); section == object.SectionUndef {
			return -1
		}
	}
	if part := f.part(i); f.w.replacement(part) && section == f.w.parts[part].section {
		if x := &f.w.parts[part]; to >= int64(x.start) && to < int64(x.end) {
			return f.within(part, uint64(to))
		} else if to == int64(x.end) {
			return f.behindReplaced(part)
		}
	}
	return f.node(section, uint64(to))
}

func (f *anchorFlow) relocOf(i int32) (r object.Reloc, ok bool) {
	if f.reloc[i] <= 0 {
		return r, false
	}
	return f.w.parts[f.part(i)].relocs.At(int(f.reloc[i] - 1)), true
}

// behindReplaced is where control goes on behind replacement code.
func (f *anchorFlow) behindReplaced(part int) int32 {
	t := f.w.p.tables
	return f.node(t.Original(&t.Entries[f.w.parts[part].entry]))
}

// tableEdges are the edges that tables about a part make: from a static branch to
// its target, from a faulting instruction to its fixup, around code that has
// alternatives to each of them and to what is behind.
func (f *anchorFlow) tableEdges(part int) {
	x, t := &f.w.parts[part], f.w.p.tables
	for n := x.lo; n < x.hi; n++ {
		e := &t.Entries[n]
		from := f.within(part, uint64(e.Place))
		if from < 0 {
			continue
		}
		table := &t.Tables[e.Table]
		switch table.Class {
		case alternatives.JumpLabels:
			if uint64(e.Place)+uint64(f.m.unit) < x.end { // the branch may be a NOP
				f.addEdge(from, edge{to: f.within(part, uint64(e.Place)+uint64(f.m.unit))})
			}
			f.entryEdges(from, table, e)
		case alternatives.ExceptionTable:
			f.entryEdges(from, table, e)
		case alternatives.Alternatives:
			if table.Whole {
				f.lost = true
				continue
			}
			f.addEdge(from, edge{to: f.node(t.Original(e))})
			if first, ok := f.pieces[n]; ok {
				f.addEdge(from, edge{to: first})
			}
		}
	}
}

func (f *anchorFlow) addEdge(from int32, e edge) {
	if e.to >= 0 {
		f.begin(from)
		f.begin(e.to)
		f.comes[e.to] = severalWays
		f.edges[from] = append(f.edges[from], e)
	}
}

// entryEdges are those to what an entry refers to in the body.
func (f *anchorFlow) entryEdges(from int32, table *alternatives.Table, e *alternatives.Entry) {
	p := f.w.p
	writes := uint32(0)
	if table.Class == alternatives.ExceptionTable {
		writes = f.m.fixup(p.file.Data(table.Section)[e.Start:e.End])
	}
	relocs := p.file.Relocs(table.Section).Between(uint64(e.Start), uint64(e.End))
	for i := range relocs.Len() {
		if section, at, ok := alternatives.Target(p.file, relocs.At(i)); ok && p.kinds[section] == sectionCode {
			f.addEdge(from, edge{to: f.node(section, at), writes: writes})
		}
	}
}

// otherEntries makes blocks where a part is entered from elsewhere: at the entries of
// functions inside it, and, if a jump isn't known to go by a table, where data refer to.
func (f *anchorFlow) otherEntries(part int) {
	x, p := &f.w.parts[part], f.w.p
	entry := func(at uint64) {
		if at > x.start && at < x.end {
			if i := f.within(part, at); i >= 0 {
				f.begin(i)
				f.comes[i] = severalWays
				f.entries = append(f.entries, i)
			}
		}
	}
	if x.extent >= 0 {
		for i := x.extent + 1; i < len(p.code.Extents) && p.code.Extents[i].Section == x.section && p.code.Extents[i].Start < x.end; i++ {
			entry(p.code.Extents[i].Start)
		}
	}
	for _, place := range p.takenIn(x.section, x.start, x.end) {
		f.lost = f.lost || place.relative
		if i := f.within(part, place.start); f.wild {
			entry(place.start)
		} else if i >= 0 {
			f.begin(i)
			f.comes[i] = severalWays
			f.referred = append(f.referred, i)
		}
	}
}

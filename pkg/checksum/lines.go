// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"slices"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// printing are the functions that a WARN calls between loading its line and
// trapping (include/asm-generic/bug.h).
var printing = [...]string{"__warn_printk", "_printk", "printk"}

// lineMarks is what a symbol's name says about line numbers.
func (p *program) lineMarks(normal string) symbolMark {
	for _, name := range printing {
		if normal == name {
			return markPrints
		}
	}
	if len(p.lines.Parameters(sourceName(normal))) > 0 {
		return markLine
	}
	return 0
}

// flow is a part of the body as lines.Finder looks at it.
type flow struct {
	*layout
	w       *walker
	code    []byte
	part    *part
	targets []int32 // by instruction: where a direct branch goes, or -1
	joins   []bool
	// switches is set where a jump is through a register or memory: where it leads to isn't
	// among the joins.
	switches bool
	more     map[int][]int
}

// findLines marks the instructions of a part whose immediate is a line
// number.
func (w *walker) findLines(i int) {
	part, l := &w.parts[i], &w.laid[i]
	m := w.p.machine.lines
	if m == nil || l.opaque || len(l.insts) == 0 {
		return
	}
	bugs := w.bugNearLine(part, l)
	calls, formats := w.refersToLines(part, l)
	if !bugs && !calls && !formats {
		return
	}
	f := w.makeFlow(i)
	if w.finder == nil {
		w.finder = lines.NewFinder(m)
	}
	mark := func(i int, e lines.Evidence) {
		if in := &l.insts[i]; in.line == lines.None && in.Imm.Len > 0 {
			in.line, in.plain = e, false
		}
	}
	if calls {
		w.finder.Signatures(f, mark)
	}
	for n := part.lo; n < part.hi && bugs; n++ {
		e := &w.p.tables.Entries[n]
		if line, ok := w.p.tables.Line(e); ok {
			w.finder.Bug(f, f.index(uint64(e.Place)-part.start), line, mark)
		}
	}
	if formats {
		w.finder.Formats(f, w.p.isSourcePath, mark)
	}
}

// bugNearLine tells whether an immediate is the line of an entry of the bug table and
// stands in straight code around it, calls included: few do, and without there is
// nothing to find.
func (w *walker) bugNearLine(part *part, l *layout) bool {
	m, code := w.p.machine.lines, w.p.file.Data(part.section)[part.start:part.end]
	for n := part.lo; n < part.hi; n++ {
		e := &w.p.tables.Entries[n]
		line, ok := w.p.tables.Line(e)
		if !ok {
			continue
		}
		at := l.index(uint64(e.Place) - part.start)
		isLine := func(i int) bool {
			in := &l.insts[i]
			return in.Imm.Len > 0 && m.Immediate(code[in.offset:][:in.Len], &in.Inst) == line
		}
		straight := func(i int) bool { return l.insts[i].Kind <= decode.Nop }
		for i := at - 1; i >= max(at-lines.Reach, 0) && (straight(i) || l.insts[i].Kind == decode.Call); i-- {
			if isLine(i) {
				return true
			}
		}
		for i := at; i < min(at+lines.Reach, len(l.insts)) && (i == at || straight(i-1)); i++ {
			if isLine(i) {
				return true
			}
		}
	}
	return false
}

// refersToLines tells whether a part may call a function with a line, and whether it refers
// to a format with the path of a source and a line.
func (w *walker) refersToLines(part *part, l *layout) (calls, formats bool) {
	p := w.p
	for i := range part.relocs.Len() {
		symbol := part.relocs.Symbol(i)
		calls = calls || p.marks[symbol]&markLine != 0
		if kind := p.inKinds[symbol]; kind == sectionStrings || kind == sectionReadOnly {
			formats = formats || p.hasFormats && p.refersToFormat(part.relocs.At(i))
		}
	}
	if calls || !p.lineSections[part.section] {
		return calls, formats
	}
	for i := range l.insts {
		in := &l.insts[i]
		if in.Form == 0 {
			continue
		}
		to := int64(part.start+in.offset) + in.PCRel
		if to > int64(part.start) && to < int64(part.end) { // most branches stay in the function
			continue
		}
		if symbol := p.functionAt(part.section, to); symbol != 0 && p.marks[symbol]&markLine != 0 {
			return true, formats
		}
	}
	return false, formats
}

// refersToFormat tells whether a relocation in code may refer to such a format.
func (p *program) refersToFormat(r object.Reloc) bool {
	s := &p.file.Symbols[r.Symbol]
	places := p.formats[s.Section]
	if len(places) == 0 {
		return false
	}
	at := s.Value + uint64(r.Addend)
	if p.machine.fromEnd && p.machine.reloc(r.Type).pc {
		at += 4 // of an address, the field is the instruction's end
	}
	i, _ := slices.BinarySearch(places, at)
	return i < len(places) && bytes.IndexByte(p.file.Data(s.Section)[at:places[i]], 0) < 0
}

// findFormats finds the places of formats with the path of a source and a line.
func (p *program) findFormats() {
	p.formats = make([][]uint64, len(p.file.Sections))
	for i, kind := range p.kinds {
		if kind == sectionStrings || kind == sectionReadOnly {
			p.formats[i] = lines.FormatPlaces(p.file.Data(uint32(i)))
			p.hasFormats = p.hasFormats || len(p.formats[i]) > 0
		}
	}
}

// functionAt is the primary name of the function that starts at a place.
func (p *program) functionAt(section uint32, place int64) uint32 {
	if place < 0 {
		return 0
	}
	e := p.code.Innermost(section, uint64(place))
	if e < 0 || p.code.Extents[e].Start != uint64(place) || p.code.Extents[e].Part != 0 {
		return 0
	}
	return p.code.Funcs[p.code.Extents[e].Func].Primary
}

// makeFlow is the flow of a part of the body being walked, made once where it is asked for
// again.
func (w *walker) makeFlow(i int) *flow {
	key := flowKey{w.walks, i}
	if w.flowOf == key {
		return &w.flow
	}
	w.flowOf = key
	part, l := &w.parts[i], &w.laid[i]
	n := len(l.insts)
	f := &w.flow
	f.layout, f.w, f.part, f.more = l, w, part, nil
	f.code = w.p.file.Data(part.section)[part.start:part.end]
	f.targets, f.joins = slices.Grow(f.targets[:0], n)[:n], slices.Grow(f.joins[:0], n)[:n]
	clear(f.joins)
	f.switches = false
	relocs, next := part.relocs, 0
	for i := range l.insts {
		in := &l.insts[i]
		f.targets[i] = -1
		f.switches = f.switches || in.Kind == decode.IndirectJump
		at := part.start + in.offset
		for next < relocs.Len() && relocs.Offset(next) < at {
			next++
		}
		if in.Form == 0 || in.Kind == decode.Call {
			continue
		}
		section, place := part.section, int64(at)+in.PCRel
		if next < relocs.Len() && relocs.Offset(next) == at+uint64(in.PC.Off) && !w.p.machine.isNone(relocs.Type(next)) {
			section, place = w.p.branchTarget(in, relocs.At(next))
		}
		if section == part.section && place >= int64(part.start) && place < int64(part.end) {
			target := f.index(uint64(place) - part.start)
			f.targets[i], f.joins[target] = int32(target), true
		}
	}
	for n := part.lo; n < part.hi; n++ {
		e := &w.p.tables.Entries[n]
		table := w.p.tables.Tables[e.Table]
		if table.Class != alternatives.JumpLabels && table.Class != alternatives.ExceptionTable || table.Whole {
			continue
		}
		targets := w.p.file.Relocs(table.Section).Between(uint64(e.Start)+1, uint64(e.End))
		for k := range targets.Len() {
			section, place, ok := alternatives.Target(w.p.file, targets.At(k))
			if ok && section == part.section && place >= part.start && place < part.end {
				from, to := f.index(uint64(e.Place)-part.start), f.index(place-part.start)
				f.joins[to] = true
				if table.Class == alternatives.ExceptionTable { // what a fault leaves isn't followed
					continue
				}
				if f.more == nil {
					f.more = map[int][]int{}
				}
				f.more[from] = append(f.more[from], to)
			}
		}
	}
	return f
}

// branchTarget is where a direct branch with a relocation goes: no section where that
// isn't in the object.
func (p *program) branchTarget(in *inst, r object.Reloc) (section uint32, place int64) {
	s := &p.file.Symbols[r.Symbol]
	if !s.Defined() {
		return object.SectionUndef, 0
	}
	return s.Section, int64(s.Value) + r.Addend + p.machine.after(&in.Inst, uint64(in.PC.Off))
}

// callee is the symbol of the function that a direct branch at a place goes to, 0 where
// it goes to no function's entry.
func (p *program) callee(in *inst, section uint32, at uint64, r object.Reloc, relocated bool) uint32 {
	if !relocated {
		return p.functionAt(section, int64(at)+in.PCRel)
	}
	s := &p.file.Symbols[r.Symbol]
	section, place := p.branchTarget(in, r)
	if s.Type() != elf.STT_SECTION && (section == object.SectionUndef || place == int64(s.Value)) {
		return r.Symbol
	}
	return p.functionAt(section, place)
}

// callee is that of an instruction.
func (f *flow) callee(i int) uint32 {
	in := &f.insts[i]
	if in.Form == 0 {
		return 0
	}
	at := f.part.start + in.offset
	field := at + uint64(in.PC.Off)
	relocs := f.w.p.machine.effective(f.part.relocs.Between(field, field+1))
	var r object.Reloc
	if relocs.Len() > 0 {
		r = relocs.At(0)
	}
	return f.w.p.callee(in, f.part.section, at, r, relocs.Len() > 0)
}

// The methods of lines.Function.

func (f *flow) Len() int { return len(f.insts) }

func (f *flow) Inst(i int) ([]byte, *decode.Inst) {
	in := &f.insts[i]
	return f.code[in.offset:][:in.Len], &in.Inst
}

func (f *flow) Target(i int) int { return int(f.targets[i]) }
func (f *flow) More(i int) []int { return f.more[i] }

func (f *flow) Callee(i int) lines.Callee {
	symbol := f.callee(i)
	if symbol == 0 || f.w.p.marks[symbol]&markLine == 0 {
		return lines.Callee{}
	}
	normal := f.w.p.normal(symbol)
	name := sourceName(normal)
	return lines.Callee{Lines: f.w.p.lines.Parameters(name), Clone: name != normal}
}

func (f *flow) Joins(i int) bool { return f.joins[i] }

func (f *flow) Literal(i int) []byte {
	in := &f.insts[i]
	at, p := f.part.start+in.offset, f.w.p
	relocs := p.machine.effective(f.part.relocs.Between(at, at+uint64(in.Len)))
	if relocs.Len() != 1 {
		return nil
	}
	r := relocs.At(0)
	field := r.Offset - at
	isImmediate := in.Imm.Len > 0 && uint64(in.Imm.Off) == field
	if p.machine.reloc(r.Type).kind == relocPage || !isImmediate && !p.machine.address(&in.Inst, f.code[in.offset:][:in.Len]) {
		return nil // half of an address, or what stands there
	}
	addend := r.Addend
	if !isImmediate {
		addend += p.machine.after(&in.Inst, field)
	}
	t := p.resolve(r.Symbol, addend)
	if t.section == object.SectionUndef || p.kinds[t.section] == sectionCode {
		return nil
	}
	return p.file.PathAt(t.section, t.at)
}

func (f *flow) Prints(i int) bool {
	if f.insts[i].Kind != decode.Call {
		return false
	}
	symbol := f.callee(i)
	return symbol != 0 && f.w.p.marks[symbol]&markPrints != 0
}

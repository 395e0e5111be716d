// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"math"
	"math/bits"
	"slices"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// A compiler may reach all data of a file from one address, a section anchor: code
// then has the distances of variables in it, and one more variable in front changes
// code that does what it did. Rule 3.10 takes an immediate for a part of a reference
// where it is proved that the register beside it holds an address in a section. The
// proof is a dataflow over the body, with every way that control may take:
//
//  1. Instructions become nodes, and blocks of them begin where control may come
//     from elsewhere                                    (anchorFlow.findBlocks)
//  2. From the entry on, what each register holds is carried over all edges until
//     nothing changes. Where two edges disagree, a register is mixed (run, join)
//  3. With that, each instruction either uses an address for an access, or derives
//     another from it, or lets it escape               (anchorFlow.use)
//
// What code isn't reached by may be reached in a way that isn't known: such blocks
// begin with registers of which nothing is known.

// addressing is what following addresses through registers takes to know of a
// machine.
type addressing struct {
	// starts tells whether an instruction may make an address or concern the stack
	// pointer: no other means anything where no register holds an address.
	starts  func(code []byte) bool
	use     func(code []byte) decode.Address
	effects func(code []byte, in *decode.Inst) decode.Effects
	// beside are the registers that an access reads beside its base, or beside its
	// index.
	beside func(code []byte, index bool) uint32
	// compares tells whether an instruction compares a register with a number, and
	// unsigned whether a branch goes to its target with higher ones, or with the rest.
	// moves tells whether one register is set to another, or its lower half.
	moves    func(code []byte) (to, from uint8, ok bool)
	compares func(code []byte) (register uint8, number uint64, ok bool)
	unsigned func(code []byte) (higher, rest bool)
	// flags tells whether an instruction sets the flags that such a branch looks at.
	flags func(code []byte) bool
	// A call reads arguments and leaves nothing in clobbered. A return reads results,
	// and in second the rest of one that needs two registers.
	arguments, results, second, clobbered uint32
	// fixup are the registers that are set when a fault goes on at the fixup of an
	// entry of the exception table.
	fixup func(entry []byte) uint32
	unit  int // the length of an instruction in bytes
}

// noReturn are functions that don't return to their caller. Each is declared
// __noreturn: include/linux/panic.h (panic, vpanic), kernel.h (do_exit),
// sched/task.h (do_task_dead, make_task_dead, do_group_exit), uaccess.h
// (usercopy_abort), fortify-string.h (__fortify_panic; fortify_panic before 6.8),
// kthread.h (kthread_complete_and_exit), module.h, cpu.h (cpu_startup_entry),
// arch/arm64/include/asm/kvm_asm.h (hyp_panic), smp.h (cpu_die, cpu_die_early).
var noReturn = [...]string{
	"panic", "vpanic", "do_exit", "do_task_dead", "make_task_dead", "do_group_exit",
	"usercopy_abort", "__fortify_panic", "fortify_panic", "kthread_complete_and_exit",
	"__module_put_and_kthread_exit", "cpu_startup_entry", "hyp_panic", "cpu_die", "cpu_die_early",
}

func isNoReturn(normal string) bool { return slices.Contains(noReturn[:], normal) }

// basedKind is what is proved of an instruction.
type basedKind uint8

const (
	basedAnchor  basedKind = iota // it makes an address that reaches nothing but accesses
	basedAddress                  // it makes the address of a place
	basedAccess                   // it reads or writes the place
)

// based is an instruction that works on an address in a section.
type based struct {
	inst    int32 // its number in the body
	kind    basedKind
	section uint32
	at      int64
	field   uint32 // the bits that are a part of the address
}

// The registers that are followed, behind them places of the stack where some are
// saved, and what one holds that is no value.
const (
	addressRegisters = 31
	addressSlots     = 8
	unknownValue     = -1
)

// registers is what they hold at a place of the code.
type registers struct {
	value [addressRegisters + addressSlots]int32
	// depth is how far the stack pointer has moved since the entry, unknownDepth
	// where it isn't known.
	depth int64
	// some is set where there may be a value among them.
	some bool
}

// put sets what a register or place holds.
func (r *registers) put(i int, value int32) {
	r.value[i] = value
	r.some = r.some || value >= 0
}

const unknownDepth = math.MaxInt64

var nothingKnown = func() (r registers) {
	for i := range r.value {
		r.value[i] = unknownValue
	}
	r.depth = unknownDepth
	return r
}()

// valueKind is what a register holds.
type valueKind uint8

const (
	valueMixed  valueKind = iota // one of several, or something unknown
	valuePage                    // the page of a place, to which its low 12 bits are to be added
	valuePlace                   // the address of a place, or one from there by an index
	valueCode                    // the address of an instruction of the body
	valueWord                    // an entry of a table at the place
	valueTarget                  // where such an entry leads, counted from an instruction
)

// value is what an instruction puts into a register, or what is mixed in one at the
// start of a block.
type value struct {
	kind     valueKind
	size     uint8 // of a table's entries
	signed   bool  // those count backwards, too
	section  uint32
	at       int64
	code     int64 // of valueTarget and valueCode: the place in the part that entries count from
	inst     int32 // that makes it
	same     int32 // another value that is the same, and escapes with it; itself for none
	from     int32 // the value it was derived from, or -1
	escapes  bool
	doomed   bool    // it escapes in the end
	accessed bool    // something is read or written there
	used     bool    // of a page: low bits were added
	mixed    []int32 // what may be in the register
}

// anchorFlow is the dataflow of one body. It is kept from one body to the next.
type anchorFlow struct {
	w       *walker
	m       *addressing
	insts   []inst
	partOf  []int32 // by part: its first instruction
	reloc   []int32 // by instruction: its relocation, one more, or 0; -1 for several
	block   []int32 // by instruction: the number of the block that begins there, or noBlock
	starts  []int32 // by block: its first instruction
	state   []registers
	known   []bool           // by block: it has been reached
	todo    []bool           // by block: it is to be walked
	low     int              // no block before this one is
	waiting int              // how many blocks are
	budget  int              // how many instructions and entries may still be looked at
	goes    []int32          // by instruction: where a direct branch goes, or -1
	comes   []int32          // by instruction: the one branch that goes there, -1 for none, -2 for several
	edges   map[int32][]edge // by instruction; of -1 those from elsewhere
	pieces  map[int]int32    // by entry of the alternatives: the part with its replacement
	values  []value
	made    []int32 // by instruction: the value it makes, or -1
	sure    []bool  // by instruction: it makes that in the end
	mixed   map[int64]int32
	found   []based
	second  []int32 // what was in registers that may be a part of a result
	jumps   []jumpTable
	slots   []int64 // the places of the stack that are followed, counted from the entry
	taken   int64   // the lowest one whose address is taken: none from there on is followed
	targets uint64  // how many entries these have
	leads   []int32 // where jump tables lead that no block began at
	vague   bool    // an indirect jump leads somewhere that isn't known
	lost    bool    // control goes where nobody knows, or it would take too long
	final   bool    // values and edges are settled: note what is proved
}

// What stands for the number of a block where none begins, or will in the next run.
const (
	noBlock    = -1
	laterBlock = -2
)

// edge is a way that control may take beside an instruction's own.
type edge struct {
	to     int32
	writes uint32 // registers set on the way
}

// The dataflow gives up on a body that takes more runs than any of a compiler's does,
// or more steps for each of its instructions.
const (
	maxRuns             = 16
	flowStepsForEach    = 256
	maxMixed            = 32 // values of one register, beyond which the others escape
	flowStepsForAnybody = 1 << 16
)

// hasAnchors tells whether the body makes the address of a place in data by the
// section.
func (w *walker) hasAnchors() bool {
	for i := range w.parts {
		relocs := w.parts[i].relocs
		for n := range relocs.Len() {
			if w.p.machine.reloc(relocs.Type(n)).kind != relocLow12 {
				continue
			}
			if s := &w.p.file.Symbols[relocs.Symbol(n)]; w.p.isAnchor(s) {
				return true
			}
		}
	}
	return false
}

func isSection(s *object.Symbol) bool { return s.Type() == elf.STT_SECTION && s.Defined() }

// isAnchor tells whether a symbol is a section that has anchors: one of data that
// aren't shared by content.
func (p *program) isAnchor(s *object.Symbol) bool {
	return isSection(s) && (p.kinds[s.Section] == sectionWritable || p.kinds[s.Section] == sectionReadOnly)
}

// findAnchors proves what it can of the body's accesses.
func (w *walker) findAnchors() {
	w.based, w.jumps = w.based[:0], w.jumps[:0]
	m := w.p.machine.addressing
	if m == nil || w.opaque || !w.hasAnchors() {
		return
	}
	if w.anchors == nil {
		w.anchors = &anchorFlow{w: w, m: m}
	}
	f := w.anchors
	f.leads, f.taken = f.leads[:0], math.MaxInt64
	f.lost = true
	for range maxRuns {
		known, taken := len(f.leads), f.taken
		f.prepare()
		f.run()
		if known == len(f.leads) && taken == f.taken { // else again, with what it learned
			break
		}
		f.lost = true
	}
	if f.lost = f.lost || f.vague && f.takesCode(); f.lost {
		return
	}
	f.final = true
	for v := range f.values {
		if f.values[v].doomed {
			f.escape(int32(v))
		}
	}
	for i := range f.starts {
		f.walkBlock(int32(i))
	}
	if f.lost {
		return
	}
	f.conclude()
	w.based, w.jumps = append(w.based, f.found...), append(w.jumps, f.jumps...)
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
		f.reloc[i], f.block[i], f.made[i], f.sure[i], f.goes[i], f.comes[i] = 0, noBlock, -1, false, -1, -1
	}
	f.targets = 0
	f.slots, f.low, f.waiting, f.budget = f.slots[:0], 0, 0, flowStepsForAnybody+flowStepsForEach*n
	f.pieces = map[int]int32{}
	f.edges, f.mixed = map[int32][]edge{}, map[int64]int32{}
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
		if to := f.goes[i]; to >= 0 && f.comes[to] == -1 {
			f.comes[to] = int32(i)
		} else if to >= 0 {
			f.comes[to] = -2
		}
	}
	for _, i := range f.leads {
		f.begin(i)
		f.comes[i] = -2
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
		s := &f.w.p.file.Symbols[r.Symbol]
		if !s.Defined() {
			return -1
		}
		section, to = s.Section, int64(s.Value)+r.Addend+f.w.p.machine.after(&in.Inst, uint64(in.PC.Off))
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
		case alternatives.JumpLabels, alternatives.ExceptionTable:
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
		f.comes[e.to] = -2
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
// functions inside it, and where data refer to.
func (f *anchorFlow) otherEntries(part int) {
	x, p := &f.w.parts[part], f.w.p
	entry := func(at uint64) {
		if at > x.start && at < x.end {
			if i := f.within(part, at); i >= 0 {
				f.begin(i)
				f.comes[i] = -2
				f.edges[-1] = append(f.edges[-1], edge{to: i})
			}
		}
	}
	if x.extent >= 0 {
		for i := x.extent + 1; i < len(p.code.Extents) && p.code.Extents[i].Section == x.section && p.code.Extents[i].Start < x.end; i++ {
			entry(p.code.Extents[i].Start)
		}
	}
	for _, place := range p.takenIn(x.section, x.start, x.end) {
		entry(place.start)
		f.lost = f.lost || place.relative
	}
}

// run carries what registers hold over all edges until nothing changes.
func (f *anchorFlow) run() {
	if f.lost {
		return
	}
	entry := nothingKnown
	entry.depth = 0
	f.enter(0, &entry)
	for _, e := range f.edges[-1] {
		f.enter(f.block[e.to], &nothingKnown)
	}
	for next := 0; ; {
		for f.waiting > 0 && !f.lost {
			block := f.low
			f.low++
			if f.todo[block] {
				f.todo[block] = false
				f.waiting--
				f.walkBlock(int32(block))
			}
		}
		for next < len(f.known) && f.known[next] {
			next++
		}
		if next == len(f.known) || f.lost {
			return
		}
		f.enter(int32(next), &nothingKnown)
	}
}

// enter carries registers into a block.
func (f *anchorFlow) enter(block int32, r *registers) {
	if f.final {
		return
	}
	if !f.known[block] {
		f.known[block], f.state[block] = true, *r
		f.walkLater(block)
		return
	}
	changed := false
	s := &f.state[block]
	if !s.some && !r.some && s.depth == r.depth {
		return
	}
	if s.depth != r.depth && s.depth != unknownDepth {
		s.depth, changed = unknownDepth, true
	}
	for i := range s.value {
		if joined := f.join(block, i, s.value[i], r.value[i]); joined != s.value[i] {
			s.value[i], changed = joined, true
		}
	}
	s.some = s.some || r.some
	if changed {
		f.walkLater(block)
	}
}

func (f *anchorFlow) walkLater(block int32) {
	if !f.todo[block] {
		f.todo[block] = true
		f.waiting++
	}
	f.low = min(f.low, int(block))
	if f.budget--; f.budget < 0 {
		f.lost = true
	}
}

// join is what a register holds at the start of a block where one way brings a and
// another b.
func (f *anchorFlow) join(block int32, register int, a, b int32) int32 {
	if a == b {
		return a
	}
	if a >= 0 && b >= 0 && f.equal(a, b) {
		f.unite(a, b)
		return a
	}
	if a < 0 && b < 0 {
		return a
	}
	key := int64(block)<<8 | int64(register)
	m, ok := f.mixed[key]
	if !ok {
		m = f.newValue(value{kind: valueMixed})
		f.mixed[key] = m
	}
	for _, v := range [...]int32{a, b} {
		if v < 0 || v == m || slices.Contains(f.values[m].mixed, v) {
			continue
		}
		if len(f.values[m].mixed) == maxMixed {
			f.values[v].doomed = true
			continue
		}
		f.values[m].mixed = append(f.values[m].mixed, v)
	}
	return m
}

func (f *anchorFlow) newValue(v value) int32 {
	v.same, v.from = int32(len(f.values)), -1
	f.values = append(f.values, v)
	return v.same
}

// equal tells whether two values are the same wherever they were made.
func (f *anchorFlow) equal(a, b int32) bool {
	x, y := &f.values[a], &f.values[b]
	return x.kind == y.kind && x.kind != valueMixed &&
		x.section == y.section && x.at == y.at && x.size == y.size && x.signed == y.signed && x.code == y.code
}

// find is what stands for all values that are the same as one.
func (f *anchorFlow) find(v int32) int32 {
	for f.values[v].same != v {
		f.values[v].same = f.values[f.values[v].same].same
		v = f.values[v].same
	}
	return v
}

// unite makes two values escape together.
func (f *anchorFlow) unite(a, b int32) {
	if a, b = f.find(a), f.find(b); a != b {
		f.values[b].same = a
		f.values[a].escapes = f.values[a].escapes || f.values[b].escapes
	}
}

// make is the value that an instruction puts into a register.
func (f *anchorFlow) make(i int32, v value, from int32) int32 {
	v.inst = i
	n := f.made[i]
	f.sure[i] = f.final
	if n >= 0 && f.values[n].kind == v.kind && f.values[n].section == v.section && f.values[n].at == v.at && f.values[n].code == v.code {
		return n
	}
	n = f.newValue(v)
	f.values[n].from = from
	f.made[i] = n
	return n
}

// escape notes that the address in a register goes where it isn't followed.
func (f *anchorFlow) escape(v int32) {
	if v < 0 || !f.final {
		return
	}
	for later := []int32{v}; len(later) > 0; {
		x := &f.values[f.find(later[len(later)-1])]
		later = later[:len(later)-1]
		if !x.escapes {
			x.escapes = true
			later = append(later, x.mixed...)
		}
	}
}

// escapeAll does so for a set of registers.
func (f *anchorFlow) escapeAll(r *registers, set uint32) {
	if !f.final {
		return
	}
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		f.escape(r.value[bits.TrailingZeros32(set)])
	}
}

func forget(r *registers, set uint32) {
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		r.value[bits.TrailingZeros32(set)] = unknownValue
	}
}

// walkBlock carries what registers hold from the start of a block to its end.
func (f *anchorFlow) walkBlock(block int32) {
	r, start := f.state[block], f.starts[block]
	for _, e := range f.edges[start] {
		side := r
		forget(&side, e.writes)
		f.enter(f.block[e.to], &side)
	}
	part := f.part(start)
	x := &f.w.parts[part]
	data, end := f.w.p.file.Data(x.section)[x.start:x.end], f.partOf[part]+int32(len(f.w.laid[part].insts))
	for i := start; ; i++ {
		in := &f.insts[i]
		f.budget--
		if i != start && f.block[i] >= 0 {
			f.enter(f.block[i], &r)
			return
		}
		if code := data[in.offset:]; r.some || f.m.starts(code) {
			f.use(i, in, code[:in.Len], &r)
		}
		if in.Kind != decode.Plain && in.Kind != decode.Nop && !f.goesOn(i, in, &r) {
			return
		}
		if i+1 == end {
			next := int32(-1)
			if f.w.replacement(part) {
				next = f.behindReplaced(part)
			}
			f.leave(next, &r)
			return
		}
	}
}

// leave carries registers to another block, or out of the body.
func (f *anchorFlow) leave(to int32, r *registers) {
	if to >= 0 {
		f.enter(f.block[to], r)
		return
	}
	f.pass(r, f.m.arguments|f.m.results)
}

// pass lets the addresses in registers escape that a call or return hands on. Nobody
// takes a page for an argument.
func (f *anchorFlow) pass(r *registers, set uint32) {
	if !f.final {
		return
	}
	for set &= 1<<addressRegisters - 1; set != 0; set &= set - 1 {
		if v := r.value[bits.TrailingZeros32(set)]; !f.is(v, valuePage) {
			f.escape(v)
		}
	}
}

// goesOn does what an instruction does to control flow. It tells whether the next one
// follows.
func (f *anchorFlow) goesOn(i int32, in *inst, r *registers) bool {
	switch in.Kind {
	case decode.Jump:
		f.leave(f.goes[i], r)
		return false
	case decode.CondJump:
		f.leave(f.goes[i], r)
	case decode.Call, decode.IndirectCall:
		f.pass(r, f.m.arguments)
		forget(r, f.m.clobbered)
		return in.Kind == decode.IndirectCall || !f.endsAt(i)
	case decode.IndirectJump:
		f.jump(i, r)
		return false
	case decode.Return:
		f.pass(r, f.m.results)
		f.returned(r)
		return false
	case decode.Trap:
		return !f.w.isBUG(f.place(i))
	}
	return true
}

// returned notes the addresses in registers that are a part of the result only where
// that is large: one by which something was accessed is left over from that.
func (f *anchorFlow) returned(r *registers) {
	if !f.final {
		return
	}
	for set := f.m.second; set != 0; set &= set - 1 {
		if v := r.value[bits.TrailingZeros32(set)]; v >= 0 {
			f.second = append(f.second, v)
		}
	}
}

// endsAt tells whether a call is of a function that doesn't return.
func (f *anchorFlow) endsAt(i int32) bool {
	p := f.w.p
	if r, ok := f.relocOf(i); ok && !isSection(&p.file.Symbols[r.Symbol]) {
		return isNoReturn(p.normal[r.Symbol])
	} else if ok {
		s := &p.file.Symbols[r.Symbol]
		symbol := p.functionAt(s.Section, int64(s.Value)+r.Addend)
		return symbol != 0 && isNoReturn(p.normal[symbol])
	}
	section, at := f.place(i)
	symbol := p.functionAt(section, int64(at)+f.insts[i].PCRel)
	return symbol != 0 && isNoReturn(p.normal[symbol])
}

// isBUG tells whether a trap is a BUG, behind which nothing goes on: it has an entry
// of the bug table that is no warning.
func (w *walker) isBUG(section uint32, at uint64) bool {
	t := w.p.tables
	lo, hi := t.In(section, at, at+1)
	for n := lo; n < hi; n++ {
		if warning, ok := t.Warning(&t.Entries[n]); ok {
			return !warning
		}
	}
	return false
}

// conclude decides what is proved of each instruction that makes or uses an address.
func (f *anchorFlow) conclude() {
	for _, v := range f.second {
		if !f.values[f.find(v)].accessed && !f.is(v, valuePage) {
			f.escape(v)
		}
	}
	for i, n := range f.made {
		if !f.sure[i] || f.values[n].kind != valuePlace {
			continue
		}
		v := &f.values[n]
		if f.reloc[i] > 0 && f.values[f.find(n)].escapes { // it has its name
			f.escape(v.from)
		}
	}
	for i, n := range f.made {
		if !f.sure[i] {
			continue
		}
		v, escapes := &f.values[n], f.values[f.find(n)].escapes
		switch {
		case v.kind == valuePage && v.used && !escapes, v.kind == valuePlace && f.reloc[i] > 0 && !escapes:
			f.found = append(f.found, based{inst: int32(i), kind: basedAnchor})
		case v.kind == valuePlace && f.reloc[i] == 0:
			kind := basedAddress
			if !escapes {
				kind = basedAnchor
			}
			if u := f.m.use(f.code(int32(i))); u.Use == decode.OffsetAddress {
				f.found = append(f.found, based{int32(i), kind, v.section, v.at, u.Field})
			}
		}
	}
	slices.SortFunc(f.found, func(a, b based) int { return int(a.inst) - int(b.inst) })
}

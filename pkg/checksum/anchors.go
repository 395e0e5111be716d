// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"math"
	"math/bits"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// A compiler may reach all data of a file from one address, a section anchor: code
// then has the distances of variables in it, and one more variable in front changes
// code that does what it did. Rule 3.10 takes an immediate for a part of a reference
// where it is proved that the register beside it holds an address in a section. The
// proof is a dataflow over the body, with every way that control may take:
//
//  1. Instructions are numbered through all parts, and blocks of them begin where
//     control may come from elsewhere                              (blocks.go)
//  2. From the entry on, what each register holds is carried over all edges until
//     nothing changes; where two edges disagree, a register is mixed
//                                                      (run, below; values.go)
//  3. With that, each instruction either uses an address for an access, or derives
//     another from it, or lets it escape     (addresses.go, slots.go, jumps.go)
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

func (p *program) isNoReturn(symbol uint32) bool {
	return symbol != 0 && slices.Contains(noReturn[:], p.normal(symbol))
}

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

// anchorFlow is the dataflow of one body. It is kept from one body to the next.
type anchorFlow struct {
	w        *walker
	m        *addressing
	insts    []inst
	partOf   []int32 // by part: its first instruction
	reloc    []int32 // by instruction: its relocation, one more, or 0; -1 for several
	block    []int32 // by instruction: the number of the block that begins there, or noBlock
	starts   []int32 // by block: its first instruction
	state    []registers
	known    []bool           // by block: it has been reached
	todo     []bool           // by block: it is to be walked
	low      int              // no block before this one is
	waiting  int              // how many blocks are
	budget   int              // how many instructions and entries may still be looked at
	goes     []int32          // by instruction: where a direct branch goes, or -1
	comes    []int32          // by instruction: the one branch that goes there, or noWay or severalWays
	edges    map[int32][]edge // by instruction
	entries  []int32          // where control may come from elsewhere
	pieces   map[int]int32    // by entry of the alternatives: the part with its replacement
	referred []int32          // where data refer to
	tabled   map[int32]bool   // and where jumps by a table of addresses lead
	values   []value
	made     []int32 // by instruction: the value it makes, or -1
	sure     []bool  // by instruction: it makes that in the end
	mixed    map[mixKey]int32
	any      [addressRegisters + addressSlots]int32 // by register: what may be any of the values in it, or -1
	found    []based
	second   []int32 // what was in registers that may be a part of a result
	jumps    []jumpTable
	targets  uint64         // how many entries these have
	slots    []int64        // the places of the stack that are followed, counted from the entry
	taken    int64          // the lowest one whose address is taken: none from there on is followed
	filled   map[int64]bool // those that are loaded from again; of others what is stored there may be an argument
	leads    []int32        // where jump tables lead that no block began at
	vague    bool           // an indirect jump leads somewhere that isn't known
	wild     bool           // that, or data refer to a place for another reason: such places may be entered from anywhere
	lost     bool           // control goes where nobody knows, or it would take too long
	final    bool           // values and edges are settled: note what is proved
}

// The dataflow gives up on a body that takes more runs than any of a compiler's does,
// or more steps or values for each of its instructions.
const (
	maxRuns             = 16
	flowStepsForEach    = 256
	maxMixed            = 32 // values of one register, beyond which the others escape
	flowStepsForAnybody = 1 << 16
	valuesForEach       = 2
	valuesForAnybody    = 1 << 12
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
	f.leads, f.taken, f.filled, f.wild = f.leads[:0], math.MaxInt64, map[int64]bool{}, false
	f.lost = true
	for range maxRuns {
		known, taken, wild := len(f.leads), f.taken, f.wild
		f.prepare()
		f.run()
		f.wild = f.wild || f.vague || slices.ContainsFunc(f.referred, func(i int32) bool { return !f.tabled[i] })
		if known == len(f.leads) && taken == f.taken && wild == f.wild { // else again, with what it learned
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

// run carries what registers hold over all edges until nothing changes.
func (f *anchorFlow) run() {
	if f.lost {
		return
	}
	f.enter(0, &atEntry)
	for _, i := range f.entries {
		f.enter(f.block[i], f.anywhere())
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
		f.enter(int32(next), f.anywhere())
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

// walkBlock carries what registers hold from the start of a block to its end.
func (f *anchorFlow) walkBlock(block int32) {
	r, start := f.state[block], f.starts[block]
	for _, e := range f.edges[start] {
		side := r
		f.lose(start, &side, e.writes)
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
	f.escapeWhole(r)
}

// branch carries registers to where a direct branch goes.
func (f *anchorFlow) branch(i int32, r *registers) {
	if f.goes[i] < 0 && f.callee(i) != 0 { // a call that is the last thing
		f.pass(r, f.m.arguments)
		return
	}
	f.leave(f.goes[i], r)
}

// goesOn does what an instruction does to control flow. It tells whether the next one
// follows.
func (f *anchorFlow) goesOn(i int32, in *inst, r *registers) bool {
	switch in.Kind {
	case decode.Jump:
		f.branch(i, r)
		return false
	case decode.CondJump:
		f.branch(i, r)
	case decode.Call, decode.IndirectCall:
		f.pass(r, f.m.arguments)
		f.lose(i, r, f.m.clobbered)
		return in.Kind == decode.IndirectCall || !f.w.p.isNoReturn(f.callee(i))
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

// callee is the symbol of the function that a direct branch goes to, 0 where it goes to
// no function's entry.
func (f *anchorFlow) callee(i int32) uint32 {
	section, at := f.place(i)
	r, relocated := f.relocOf(i)
	return f.w.p.callee(&f.insts[i], section, at, r, relocated)
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
		case v.kind == valuePlace && f.reloc[i] == 0 && !v.spoiled:
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

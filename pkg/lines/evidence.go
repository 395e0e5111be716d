// SPDX-License-Identifier: MIT

package lines

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
)

// Evidence is why an immediate, a field or text is taken for a line number.
type Evidence uint8

const (
	None      Evidence = iota
	Signature          // a parameter that is a line by the callee's prototype
	BugTable           // the line of the WARN or BUG that it stands in
	Dwarf              // the instruction's line by the debug information
	Format             // what a printf format has behind the path of a source
	Field              // a field of a table or descriptor
	Text               // a path and a line in a string
)

var evidenceNames = [...]string{"", "signature", "bug-table", "dwarf", "format", "field", "text"}

func (e Evidence) String() string { return evidenceNames[e] }

// Machine is what looking for evidence must know of an architecture.
type Machine struct {
	Effects func(code []byte, in *decode.Inst) decode.Effects
	// Immediate is an instruction's immediate, as 32 bits of the register or slot that
	// is set to it.
	Immediate func(code []byte, in *decode.Inst) uint32
	// Parameters are the registers of a call's first parameters, in order.
	Parameters []uint8
}

// Callee is what a call's target says of its parameters.
type Callee struct {
	// Lines are the parameters that are lines, from 1.
	Lines []int
	// Clone is set for a .constprop or .isra clone, of which some parameters
	// may be gone.
	Clone bool
}

// Function is one part of a function, as evidence is looked for in it. Places
// are indices of instructions.
type Function interface {
	Len() int
	Inst(i int) (code []byte, in *decode.Inst)
	// Target is where a direct branch goes, -1 where it leaves the part.
	Target(i int) int
	// More are further places where control may go on: static branches.
	More(i int) []int
	// Callee is that of a direct call, or of a branch that leaves.
	Callee(i int) Callee
	// Prints tells whether an instruction is a call of a printing function
	// that a WARN may have in it.
	Prints(i int) bool
	// Joins tells whether control comes to an instruction from elsewhere, too.
	Joins(i int) bool
	// Literal is the text whose address an instruction puts into a register or slot, nil
	// for another one.
	Literal(i int) []byte
}

// Finder finds evidence. It holds what is reused from one function to the
// next.
type Finder struct {
	machine *Machine
	f       Function
	mark    func(i int)

	seen   []int32 // by instruction: the walk that has been there
	walk   int32
	budget int
	work   []position
	clones map[int][]candidate // by call: what reaches it
	// formats is, by call, the parameters that are lines by its format; nil where the
	// callee says which are.
	formats map[int][]int
}

// NewFinder makes a Finder.
func NewFinder(m *Machine) *Finder { return &Finder{machine: m} }

// value is a register, or a slot of the stack, that was set to an immediate.
type value struct {
	isSlot   bool
	register uint8
}

// position is a place on a path, and where the slot is there, as an offset
// from the stack pointer.
type position struct {
	at   int
	slot int32
}

// candidate is an immediate that reaches a clone's call in a parameter.
type candidate struct {
	at, parameter int
	zero          bool
}

// stepsPerInstruction bounds how far all values of a function together are
// followed, for each of its instructions: beyond it there is no evidence.
const stepsPerInstruction = 64

// Signatures marks the immediates that are lines by the prototype of the
// function they are passed to. From where a register or slot is set it is
// followed forward, both ways at a branch, up to a call, the end, or where it
// is set again. It is a line where a path ends at a call that has a line there,
// and nothing but calls reads it on any path.
func (x *Finder) Signatures(f Function, mark func(i int, e Evidence)) {
	x.f, x.formats = f, nil
	x.search(func(i int) { mark(i, Signature) })
}

// Formats marks the immediates that are lines by the format of the function that prints
// them: a literal in one of a call's registers, whose argument in front of the line is a
// literal, too, the path of a source. Both are set on the straight line in front of the call.
func (x *Finder) Formats(f Function, source func(path []byte) bool, mark func(i int, e Evidence)) {
	x.f, x.formats = f, map[int][]int{}
	for i := range f.Len() {
		if _, in := f.Inst(i); in.Kind != decode.Call {
			continue
		}
		for n := range x.machine.Parameters {
			for _, line := range FormatLines(x.literal(i, n+1)) {
				if path := x.literal(i, n+1+line.Path); path != nil && source(path) {
					x.formats[i] = append(x.formats[i], n+1+line.Line)
				}
			}
		}
	}
	if len(x.formats) > 0 {
		x.search(func(i int) { mark(i, Format) })
	}
}

// literal is the text that a call's parameter is set to, on the straight line in front of
// it; nil where it isn't known to be one.
func (x *Finder) literal(call, parameter int) []byte {
	v, slot := x.place(parameter)
	for i := call - 1; i >= max(call-Reach, 0) && !x.f.Joins(i+1) && straight(x.f, i); i-- {
		code, in := x.f.Inst(i)
		e := x.machine.Effects(code, in)
		_, written := touches(&e, v, slot+e.Stack)
		switch {
		case v.isSlot && (e.Frame || written && (e.Immediate != decode.SetSlot || e.Slot != slot)):
			return nil
		case written:
			return x.f.Literal(i)
		}
		slot += e.Stack
	}
	return nil
}

// place is where a call's parameter is: a register, or a slot with its distance from the
// stack pointer.
func (x *Finder) place(parameter int) (v value, slot int32) {
	if registers := len(x.machine.Parameters); parameter > registers {
		return value{isSlot: true}, int32(8 * (parameter - registers - 1))
	}
	return value{register: x.machine.Parameters[parameter-1]}, 0
}

// search follows each immediate to where it is taken for a line.
func (x *Finder) search(mark func(i int)) {
	x.mark = mark
	f := x.f
	if len(x.seen) < f.Len() {
		x.seen = make([]int32, f.Len())
		x.walk = 0
	}
	x.budget = stepsPerInstruction * f.Len()
	x.clones = nil
	clones := x.callsClones()
	for i := range f.Len() {
		code, in := f.Inst(i)
		if in.Imm.Len == 0 && !clones { // a register that is cleared matters to clones only
			continue
		}
		e := x.machine.Effects(code, in)
		v := value{register: e.Register}
		slot := int32(0)
		switch e.Immediate {
		case decode.SetRegister, decode.ClearRegister:
			if x.parameter(e.Register) == 0 {
				continue
			}
		case decode.SetSlot:
			v, slot = value{isSlot: true}, e.Slot
		default:
			continue
		}
		zero := e.Immediate == decode.ClearRegister
		if x.follow(i, v, slot, zero) && !zero {
			mark(i)
		}
	}
	x.judgeClones()
}

// callsClones tells whether a clone that takes a line may be called.
func (x *Finder) callsClones() bool {
	for i := range x.f.Len() {
		if x.isClone(i) {
			return true
		}
	}
	return false
}

// isClone tells whether a call is one of a clone, where the callee says what is a line.
func (x *Finder) isClone(call int) bool { return x.formats == nil && x.f.Callee(call).Clone }

// lines is the parameters of a call that are lines.
func (x *Finder) lines(call int) []int {
	if x.formats != nil {
		return x.formats[call]
	}
	return x.f.Callee(call).Lines
}

// parameter is the number of the parameter that a register passes, 0 for none.
func (x *Finder) parameter(register uint8) int {
	for n, r := range x.machine.Parameters {
		if r == register {
			return n + 1
		}
	}
	return 0
}

// follow walks all paths from behind instruction i. It tells whether one ends
// at a call that takes the value for a line, and none reads it.
func (x *Finder) follow(i int, v value, slot int32, zero bool) bool {
	x.walk++
	x.work = append(x.work[:0], position{i + 1, slot})
	found := false
	var reached []int // calls of clones
	var rest []int    // instructions that set the upper half
	for len(x.work) > 0 {
		p := x.work[len(x.work)-1]
		x.work = x.work[:len(x.work)-1]
		for p.at >= 0 && p.at < x.f.Len() && x.seen[p.at] != x.walk {
			x.seen[p.at] = x.walk
			branches := x.f.More(p.at)
			if x.budget -= 1 + len(branches); x.budget < 0 {
				return false
			}
			for _, more := range branches {
				x.work = append(x.work, position{more, p.slot})
			}
			code, in := x.f.Inst(p.at)
			calls, target := false, -1
			switch in.Kind {
			case decode.Call:
				calls = true
			case decode.IndirectCall, decode.Return, decode.Trap:
				if x.machine.Effects(code, in).Reads&(1<<v.register) != 0 && !v.isSlot && in.Kind == decode.IndirectCall {
					return false // the callee's address, not a parameter
				}
				p.at = -1
				continue
			case decode.IndirectJump:
				return false // nobody knows where
			case decode.Jump:
				if target = x.f.Target(p.at); target >= 0 {
					p.at = target
					continue
				}
				calls = true
			case decode.CondJump:
				if target = x.f.Target(p.at); target >= 0 {
					x.work = append(x.work, position{target, p.slot})
				} else if x.takes(p.at, v, p.slot) {
					found = true
				}
				p.at++
				continue
			}
			if calls {
				if x.isClone(p.at) {
					reached = append(reached, p.at)
				} else if x.takes(p.at, v, p.slot) {
					found = true
				}
				p.at = -1
				continue
			}
			e := x.machine.Effects(code, in)
			if e.Immediate == decode.ExtendRegister && !v.isSlot && e.Register == v.register {
				rest = append(rest, p.at)
				p.at++
				continue
			}
			read, written := touches(&e, v, p.slot)
			if read {
				return false
			}
			if written {
				p.at = -1
				continue
			}
			p.at, p.slot = p.at+1, p.slot-e.Stack
		}
	}
	if found && !zero {
		for _, at := range rest {
			x.mark(at)
		}
	}
	for _, call := range reached {
		if n := x.parameter(v.register); !v.isSlot && n > 0 {
			if x.clones == nil {
				x.clones = map[int][]candidate{}
			}
			x.clones[call] = append(x.clones[call], candidate{i, n, zero})
		}
	}
	return found
}

// touches tells what an instruction does to a value.
func touches(e *decode.Effects, v value, slot int32) (read, written bool) {
	if !v.isSlot {
		return e.Reads&(1<<v.register) != 0, e.Writes&(1<<v.register) != 0
	}
	size := max(int32(e.SlotLen), 8)
	near := func(other int32) bool { return other > slot-size && other < slot+8 }
	read = e.Frame || e.HasSlotRead && near(e.SlotRead)
	written = e.HasSlotWrite && near(e.SlotWrite) || e.Immediate == decode.SetSlot && near(e.Slot+e.Stack)
	return read, written
}

// takes tells whether a call takes the value for a line.
func (x *Finder) takes(call int, v value, slot int32) bool {
	return slices.ContainsFunc(x.lines(call), func(n int) bool {
		wanted, at := x.place(n)
		return v == wanted && (!v.isSlot || slot == at)
	})
}

// judgeClones marks the immediates that clones take for a line. Parameters
// may be gone from a clone, and which is not known: only where exactly one of
// those up to the line's holds an immediate, it is that one.
func (x *Finder) judgeClones() {
	for call, candidates := range x.clones {
		for _, n := range x.f.Callee(call).Lines {
			only := 0
			for _, c := range candidates {
				if c.parameter <= n && c.parameter != only {
					if only != 0 {
						only = -1
						break
					}
					only = c.parameter
				}
			}
			for _, c := range candidates {
				if c.parameter == only && !c.zero {
					x.mark(c.at)
				}
			}
		}
	}
}

// Reach bounds how far from an entry of the bug table its line is looked for, in
// instructions each way.
const Reach = 256

// Bug marks the immediates that are the line of a WARN or BUG whose entry in
// the bug table is about instruction at. Its extent is the straight line
// around that: back to the previous join, branch or call other than one that
// prints, and forward to the first call, trap or jump, as far as Reach.
func (x *Finder) Bug(f Function, at int, line uint32, mark func(i int, e Evidence)) {
	first := at
	for first > max(at-Reach, 0) && !f.Joins(first) && (straight(f, first-1) || f.Prints(first-1)) {
		first--
	}
	for i := first; i < min(f.Len(), at+Reach); i++ {
		code, in := f.Inst(i)
		e := x.machine.Effects(code, in)
		if (e.Immediate == decode.SetRegister || e.Immediate == decode.SetSlot) && x.machine.Immediate(code, in) == line {
			mark(i, BugTable)
		}
		if i >= at && !straight(f, i) {
			break
		}
	}
}

// straight tells whether control goes from an instruction to the next only.
func straight(f Function, i int) bool {
	_, in := f.Inst(i)
	return (in.Kind == decode.Plain || in.Kind == decode.Nop) && len(f.More(i)) == 0
}

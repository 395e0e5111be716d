// SPDX-License-Identifier: MIT

package checksum

import (
	"math"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
)

// How far nameless data go is told by what stands behind, and by who refers to that (rule
// 5.1); but where code says how much of them it copies, or with which index at most it
// reads, it is that much, whoever else refers to a part.

// copying are the functions that read as much memory as their third parameter says, from
// the place that their second is; include/linux/string.h, arch/x86/lib/memcpy_64.S.
var copying = [...]string{"memcpy", "__memcpy", "memmove", "__memmove", "memcmp", "bcmp"}

// copied is data of which a function copies all, so much at once.
type copied struct {
	datumKey
	end uint64
}

// knownReach makes nameless data of which only references say how far they go end where an
// instruction, to which they are an operand, or a copy behind it stops to read them.
func (w *walker) knownReach(here place, in *inst, immediate bool, t *target) {
	m := w.p.machine.lines
	if t.kind != targetDatum || t.end != 0 || w.p.kinds[t.section] == sectionCode || t.at != t.start || m == nil {
		return
	}
	part, l := &w.parts[here.part], &w.laid[here.part]
	if w.flowOf != (flowKey{w.walks, here.part}) {
		if w.flowSteps += len(l.insts); w.flowSteps > flowsPerInstruction*len(w.insts) {
			return
		}
	}
	x := around{flow: w.makeFlow(here.part), w: w}
	if x.flow.switches {
		return // one may lead in between
	}
	i := l.index(here.offset)
	code, _ := x.flow.Inst(i)
	length := x.masked(i, code, in)
	copies := length == 0 && (immediate || w.p.machine.address(&in.Inst, code))
	if copies {
		length = x.copies(i)
	}
	if length == 0 || length > w.p.file.Sections[t.section].Size-t.at {
		return
	}
	key := datumKey{t.section, t.start}
	if w.p.bounds == nil {
		w.findings.data = append(w.findings.data, bound{key, part.section})
		if copies {
			w.findings.copied = append(w.findings.copied, copied{key, t.at + length})
		}
	}
	t.end = min(t.at+length, w.p.nextSymbol(key))
}

// around looks at the code around a reference.
type around struct {
	flow *flow
	w    *walker
}

// flowKey is a part of a body, of which w.flow tells where branches go.
type flowKey struct{ walk, part int }

// flowsPerInstruction bounds how often it is told, as parts and replacement code may refer
// to data in turn, for each instruction of a body: beyond it no reach is known.
const flowsPerInstruction = 64

// maxReach is how many instructions are looked through for a copy or a mask.
const maxReach = 32

// copies is how many bytes are copied from the address that an instruction puts into a
// register: the length, an immediate, and the call are on the straight line behind it. 0
// where that isn't so.
func (x *around) copies(i int) uint64 {
	m := x.w.p.machine.lines
	code, in := x.flow.Inst(i)
	source := m.Effects(code, in).Writes
	if source&(source-1) != 0 || source == 0 { // not one register
		return 0
	}
	for j := i + 1; j < min(x.flow.Len(), i+maxReach); j++ {
		code, in := x.flow.Inst(j)
		if in.Kind == decode.Call {
			if source != 1<<m.Parameters[1] || !x.isCopy(j) {
				return 0
			}
			return x.immediate(j, m.Parameters[2])
		}
		if c, ok := x.copy(code, in, source); ok && c.Repeated {
			return x.tail(j+1, source, x.immediate(j, c.Counter)*c.Size)
		}
		if e := m.Effects(code, in); !straight(in) || (e.Reads|e.Writes)&source != 0 { // it goes elsewhere, too
			return 0
		}
	}
	return 0
}

// copy tells whether an instruction copies memory from the address in a register.
func (x *around) copy(code []byte, in *decode.Inst, source uint32) (c decode.Copy, ok bool) {
	if x.w.p.machine.copies != nil {
		c, ok = x.w.p.machine.copies(code, in)
	}
	return c, ok && source == 1<<c.Source
}

// tail is how much is copied in all, so much of it by a repeated instruction: the odd bytes
// behind are read by the same register. 0 where something else reads by that.
func (x *around) tail(i int, source uint32, length uint64) uint64 {
	for ; length > 0 && i < x.flow.Len(); i++ {
		code, in := x.flow.Inst(i)
		if !straight(in) {
			break
		}
		e := x.w.p.machine.lines.Effects(code, in)
		if c, ok := x.copy(code, in, source); ok && !c.Repeated {
			length += c.Size
		} else if e.Reads&source != 0 {
			return 0
		} else if e.Writes&source != 0 {
			break
		}
	}
	return length
}

func (x *around) isCopy(call int) bool {
	symbol := x.flow.callee(call)
	return symbol != 0 && slices.Contains(copying[:], x.w.p.normal(symbol))
}

// immediate is the number that a register holds in front of an instruction, if it was set
// to it on the straight line there; else 0.
func (x *around) immediate(at int, register uint8) uint64 {
	m := x.w.p.machine.lines
	for i := at - 1; i >= max(0, at-maxReach) && !x.flow.Joins(i+1); i-- {
		code, in := x.flow.Inst(i)
		if e := m.Effects(code, in); e.Writes&(1<<register) != 0 {
			if n := m.Immediate(code, in); e.Immediate == decode.SetRegister && e.Register == register && n <= math.MaxInt32 {
				return uint64(n)
			}
			return 0
		} else if !straight(in) {
			return 0
		}
	}
	return 0
}

// masked is how many bytes an instruction reaches that reads with an index which was masked
// in front of it; 0 where it isn't known.
func (x *around) masked(i int, code []byte, in *inst) uint64 {
	machine := x.w.p.machine
	if machine.indexes == nil {
		return 0
	}
	index, ok := machine.indexes(code, &in.Inst)
	if !ok {
		return 0
	}
	for j := i - 1; j >= max(0, i-maxReach) && !x.flow.Joins(j+1); j-- {
		code, in := x.flow.Inst(j)
		if e := machine.lines.Effects(code, in); e.Writes&(1<<index.Register) != 0 {
			if register, most, ok := machine.most(code, in); ok && register == index.Register {
				return most*index.Scale + index.Size
			}
			return 0
		} else if !straight(in) {
			return 0
		}
	}
	return 0
}

func straight(in *decode.Inst) bool { return in.Kind == decode.Plain || in.Kind == decode.Nop }

// outsideCopies is bounds without those inside of data that are copied whole: these end
// nothing.
func (b bounds) outsideCopies(list []copied) bounds {
	slices.SortFunc(list, func(a, b copied) int { return compareBounds(bound{datumKey: a.datumKey}, bound{datumKey: b.datumKey}) })
	next := 0
	var section uint32
	end := uint64(0) // of those that begin in front, in that section
	return slices.DeleteFunc(b, func(x bound) bool {
		for next < len(list) && list[next].less(x.datumKey) {
			if list[next].section != section {
				section, end = list[next].section, 0
			}
			end = max(end, list[next].end)
			next++
		}
		return x.section == section && x.start < end
	})
}

// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// machine is what mutations must know of an architecture: one row, in a file
// named after it.
type machine struct {
	decode decode.Decoder
	// branch is what the assembler adds to the addend of a direct branch.
	branch int64
	// width is how many bytes a relocation writes.
	width func(typ uint32) uint64
	// writes is the bits that a relocation writes of a byte of its field.
	writes func(typ uint32, at uint64) byte
	// none is the type of a relocation that relocates nothing, and otherType one that
	// writes as much as another.
	none      uint32
	otherType func(typ uint32) (other uint32, ok bool)
	// relative tells whether a relocation's value counts from the field's place.
	relative func(typ uint32) bool
	// fill tells whether the byte, outside of every function, is padding.
	fill func(b byte) bool
	// changes makes another instruction of the kind and length of one, in each
	// way that changes one byte: of its operands, or of all of it.
	changes func(code []byte, in *decode.Inst, whole bool) []change
	// number is the immediate of an instruction that may be a line number.
	number func(code []byte, in *decode.Inst) (uint32, bool)
	// retarget makes a direct branch go elsewhere, so many bytes from it.
	retarget func(code []byte, in *decode.Inst, to int64) ([]byte, bool)
	// end is what to add to the addend of a relocated field in an instruction,
	// because its distance counts from another place than the field's.
	end func(r object.Reloc, at uint64, in *decode.Inst) int64
	// pairs is set where it takes two instructions to make an address, each with
	// a relocation.
	pairs bool
	// globals is set where section symbols stand for global variables, too.
	globals bool
	// kcfi finds the type hash in front of a function.
	kcfi func(o *Object, e *object.Extent) (at uint64, ok bool)
	// codeRefs notes the references to data of a section of code.
	codeRefs func(o *Object, from uint32)
	// flow reads what only the flow of a function tells, before the references:
	// jump tables, literals.
	flow func(o *Object)
	// beside is a bit of the instruction's first byte that is part of a register's
	// number, of an instruction with such a relocation.
	beside func(typ uint32) (bit uint8, ok bool)
	// anchored tells whether a part's function has an address of a section, and
	// farther adds one unit to a distance from some register's address.
	anchored func(o *Object, e *object.Extent) bool
	farther  func(code []byte) ([]byte, bool)
	// loose tells whether a change of any operand in a part may show as
	// something else than another instruction.
	loose func(o *Object, e *object.Extent) bool
}

// change is a byte of an instruction written anew.
type change struct {
	off   uint64
	value byte
}

var machines = map[elf.Machine]*machine{
	elf.EM_X86_64:  &x86,
	elf.EM_AARCH64: &arm64,
}

// anyReason is the reasons that an instruction's operand may be reported for where
// it is part of a reference: to a variable, to data that count by content, to a jump
// table; of code that may replace some, too.
var anyReason = []string{"instructions", "references", "constants", "strings", "jump-tables", "alternatives"}

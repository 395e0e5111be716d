// SPDX-License-Identifier: MIT

package decode

// Effects is what an instruction does to the general registers and to the
// stack, as far as following a value takes. Registers are numbered as the
// machine encodes them.
type Effects struct {
	// Reads and Writes are sets of registers, a bit for each. A register that
	// is only written in part is read, too.
	Reads, Writes uint32
	// Immediate is what the instruction does with its immediate operand.
	Immediate ImmediateUse
	// Register is the one of SetRegister, ClearRegister and ExtendRegister.
	Register uint8
	// Slot is, of SetSlot, the offset from the stack pointer (as it is
	// afterwards) of the eight bytes that the immediate goes to.
	Slot int32
	// Stack is what is added to the stack pointer.
	Stack int32
	// SlotRead is an offset from the stack pointer (as it was before) that is
	// read or whose address is taken; HasSlotRead says that there is one.
	SlotRead    int32
	HasSlotRead bool
	// SlotWrite is likewise one that is written.
	SlotWrite    int32
	HasSlotWrite bool
	// SlotLen is the number of bytes at SlotRead or SlotWrite where they are not
	// the eight of a slot, as those of a pair of registers; else 0.
	SlotLen uint8
	// Frame is set where the stack pointer is changed by something else than
	// a constant, or the stack used at another place than a constant one: no
	// slot is known from there on.
	Frame bool
}

// ImmediateUse is what becomes of an immediate.
type ImmediateUse uint8

const (
	OtherImmediate ImmediateUse = iota
	SetRegister                 // a register is set to it
	SetSlot                     // eight bytes of the stack are set to it
	ClearRegister               // a register is set to 0, without an immediate
	ExtendRegister              // 16 more bits of a register are set to it, the rest stays: MOVK
)

func bit(reg uint8) uint32 { return 1 << reg }

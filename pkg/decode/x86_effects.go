// SPDX-License-Identifier: MIT

package decode

import "encoding/binary"

const (
	rax = iota
	rcx
	rdx
	rbx
	rsp
	rbp
	rsi
	rdi
)

const allRegisters = 1<<16 - 1

// X86Effects says what an instruction that X86 decoded does. Of those that it
// doesn't know it says that they read every register: who follows a value then
// stops, which is safe. It knows what compilers make of integer code.
func X86Effects(code []byte, in *Inst) Effects {
	x := x86Effects{code: code[:in.Len], in: in}
	x.prefixes()
	if !x.known() {
		return Effects{Reads: allRegisters, Writes: allRegisters, Frame: true, HasSlotRead: true}
	}
	return x.e
}

// x86Effects takes one instruction apart.
type x86Effects struct {
	code   []byte
	in     *Inst
	rex    byte
	small  bool // an operand size of 16 bits
	bytes  bool // the register operand is a byte
	rmByte bool // so is the other
	op     byte
	modrm  byte
	at     int // of the ModRM byte
	e      Effects
}

func (x *x86Effects) prefixes() {
	for _, b := range x.code[:x.in.Opcode] {
		switch {
		case b&0xf0 == 0x40:
			x.rex = b
		case b == 0x66:
			x.small = true
		}
	}
	x.op = x.code[x.in.Opcode]
	x.at = int(x.in.Opcode) + 1
}

// reg is the register in ModRM's reg field, rm the one in its r/m field.
func (x *x86Effects) reg() uint8 {
	return x.wide(x.modrm>>3&7|x.rex&4<<1, x.bytes)
}

func (x *x86Effects) rm() uint8 {
	return x.wide(x.modrm&7|x.rex&1<<3, x.rmByte && x.isRegister())
}

// wide is the register that an operand is or is a part of: without REX, the
// numbers 4 to 7 of bytes are ah, ch, dh and bh.
func (x *x86Effects) wide(reg uint8, isByte bool) uint8 {
	if isByte && x.rex == 0 && reg >= 4 {
		return reg - 4
	}
	return reg
}

func (x *x86Effects) isRegister() bool { return x.modrm >= 0xc0 }

// loadModRM reads ModRM, and notes the registers that an address is made of.
// An address on the stack is returned as its offset.
func (x *x86Effects) loadModRM() (slot int32, onStack bool) {
	x.modrm = x.code[x.at]
	if x.isRegister() {
		return 0, false
	}
	if x.modrm&7 != 4 {
		if x.modrm&0xc7 != 5 { // not relative to the instruction pointer
			x.e.Reads |= bit(x.rm())
		}
		return 0, false
	}
	sib := x.code[x.at+1]
	base, index := sib&7|x.rex&1<<3, sib>>3&7|x.rex&2<<2
	if index != rsp {
		x.e.Reads |= bit(index)
	}
	if sib&7 == 5 && x.modrm < 0x40 {
		return 0, false // no base
	}
	if base == rsp && index == rsp {
		return x.displacement(), true
	}
	x.e.Reads |= bit(base)
	return 0, false
}

func (x *x86Effects) displacement() int32 {
	switch d := x.in.Disp; d.Len {
	case 1:
		return int32(int8(x.code[d.Off]))
	case 4:
		return int32(binary.LittleEndian.Uint32(x.code[d.Off:]))
	}
	return 0
}

func (x *x86Effects) immediate() int32 {
	switch i := x.in.Imm; i.Len {
	case 1:
		return int32(int8(x.code[i.Off]))
	case 4, 8:
		return int32(binary.LittleEndian.Uint32(x.code[i.Off:]))
	}
	return 0
}

// operand notes that the r/m operand is read, written, or both.
func (x *x86Effects) operand(read, write bool) {
	slot, onStack := x.loadModRM()
	switch {
	case x.isRegister() && x.rm() == rsp && write:
		x.e.Frame = true
		x.e.Reads |= bit(rsp)
	case x.isRegister():
		if read {
			x.e.Reads |= bit(x.rm())
		}
		if write {
			x.e.Writes |= bit(x.rm())
		}
	case onStack:
		if read {
			x.e.SlotRead, x.e.HasSlotRead = slot, true
		}
		if write {
			x.e.SlotWrite, x.e.HasSlotWrite = slot, true
		}
	}
}

// register notes that the register operand is read, written, or both.
func (x *x86Effects) register(read, write bool) {
	if read {
		x.e.Reads |= bit(x.reg())
	}
	if write && x.reg() == rsp {
		x.e.Frame = true
	} else if write {
		x.e.Writes |= bit(x.reg())
	}
}

func (x *x86Effects) push(size int32) { x.e.Stack -= size }

// known fills the effects in; false for an instruction that it doesn't know.
func (x *x86Effects) known() bool {
	op := x.op
	switch {
	case op < 0x40 && op&5 == 0, op == 0x80, op == 0x84, op == 0x86, op == 0x88, op == 0x8a,
		op == 0xc0, op == 0xc6, op == 0xd0, op == 0xd2, op == 0xf6, op == 0xfe:
		x.bytes, x.rmByte = true, true
	}
	partial := x.small || x.bytes // of a register only a part is written
	switch {
	case op < 0x40 && op&7 < 4: // add, or, adc, sbb, and, sub, xor, cmp with ModRM
		compare := op>>3 == 7
		x.modrm = x.code[x.at]
		if (op>>3 == 6 || op>>3 == 5) && x.isRegister() && x.reg() == x.rm() && op&1 == 1 && !partial {
			x.e.Writes |= bit(x.reg()) // whatever it was
			x.e.Immediate, x.e.Register = ClearRegister, x.reg()
			return true
		}
		if op&2 == 0 {
			x.operand(true, !compare)
			x.register(true, false)
		} else {
			x.operand(true, false)
			x.register(true, !compare)
		}
	case op < 0x40 && op&7 < 6: // the same with an immediate and rax
		x.e.Reads |= bit(rax)
		if op>>3 != 7 {
			x.e.Writes |= bit(rax)
		}
	case op&0xf8 == 0x50: // push
		x.e.Reads |= bit(op&7 | x.rex&1<<3)
		x.push(8)
	case op&0xf8 == 0x58: // pop
		x.e.Writes |= bit(op&7 | x.rex&1<<3)
		x.e.HasSlotRead = true
		x.e.Stack = 8
	case op == 0x63: // movsxd
		x.operand(true, false)
		x.register(false, true)
	case op == 0x68, op == 0x6a: // push an immediate
		x.push(8)
		x.e.Immediate, x.e.Slot = SetSlot, 0
	case op == 0x69, op == 0x6b: // imul by an immediate
		x.operand(true, false)
		x.register(partial, true)
	case op&0xf0 == 0x70, op == 0xeb, op == 0xe9: // jumps
	case op == 0x80, op == 0x81, op == 0x83: // arithmetic with an immediate
		x.modrm = x.code[x.at]
		if kind := x.modrm >> 3 & 7; x.isRegister() && x.rm() == rsp && (kind == 0 || kind == 5) {
			x.e.Stack = x.immediate()
			if kind == 5 {
				x.e.Stack = -x.e.Stack
			}
			return true
		}
		x.operand(true, x.modrm>>3&7 != 7)
	case op == 0x84, op == 0x85: // test
		x.operand(true, false)
		x.register(true, false)
	case op == 0x86, op == 0x87: // xchg
		x.operand(true, true)
		x.register(true, true)
	case op == 0x88, op == 0x89: // mov to r/m
		x.operand(partial, true)
		x.register(true, false)
		if !x.isRegister() {
			x.e.HasSlotRead = x.e.HasSlotRead && x.e.SlotRead != x.e.SlotWrite
		}
	case op == 0x8a, op == 0x8b: // mov from r/m
		x.operand(true, false)
		x.register(partial, true)
	case op == 0x8d: // lea
		slot, onStack := x.loadModRM()
		if onStack {
			x.e.SlotRead, x.e.HasSlotRead = slot, true
		}
		x.register(partial, true)
	case op == 0x90 && x.rex&1 == 0:
	case op == 0xa4, op == 0xa5, op == 0xaa, op == 0xab: // movs, stos
		x.e.Reads |= bit(rcx) | bit(rdi)
		x.e.Writes |= bit(rcx) | bit(rdi)
		if op < 0xaa {
			x.e.Reads |= bit(rsi)
			x.e.Writes |= bit(rsi)
		} else {
			x.e.Reads |= bit(rax)
		}
	case op == 0x98: // cdqe and kin
		x.e.Reads |= bit(rax)
		x.e.Writes |= bit(rax)
	case op == 0x99: // cdq and kin
		x.e.Reads |= bit(rax)
		x.e.Writes |= bit(rdx)
	case op == 0xa8, op == 0xa9: // test with an immediate and rax
		x.e.Reads |= bit(rax)
	case op&0xf8 == 0xb8: // mov an immediate to a register
		x.e.Register = op&7 | x.rex&1<<3
		x.e.Writes |= bit(x.e.Register)
		if partial {
			x.e.Reads |= bit(x.e.Register)
			return true
		}
		x.e.Immediate = SetRegister
	case op&0xf8 == 0xb0: // mov an immediate to a byte
		reg := x.wide(op&7|x.rex&1<<3, true)
		x.e.Reads, x.e.Writes = bit(reg), bit(reg)
	case op == 0xc0, op == 0xc1, op == 0xd0, op == 0xd1: // shifts
		x.operand(true, true)
	case op == 0xd2, op == 0xd3:
		x.operand(true, true)
		x.e.Reads |= bit(rcx)
	case op == 0xc3, op == 0xc2, op == 0xcc, op == 0xe8: // ret, int3, call
	case op == 0xc6:
		x.operand(true, true)
	case op == 0xc7: // mov an immediate to r/m
		x.operand(partial, true)
		switch {
		case x.isRegister() && !partial:
			x.e.Immediate, x.e.Register = SetRegister, x.rm()
		case x.e.HasSlotWrite && !partial:
			x.e.Immediate, x.e.Slot, x.e.HasSlotWrite = SetSlot, x.e.SlotWrite, false
		}
	case op == 0xc9: // leave
		x.e.Frame = true
		x.e.Writes |= bit(rbp)
	case op == 0xf6, op == 0xf7:
		return x.group3()
	case op == 0xfe, op == 0xff:
		return x.group5()
	case op == 0x0f:
		return x.twoByte()
	default:
		return false
	}
	return true
}

// group3 is test, not, neg, mul, imul, div, idiv.
func (x *x86Effects) group3() bool {
	x.modrm = x.code[x.at]
	kind := x.modrm >> 3 & 7
	x.operand(true, kind == 2 || kind == 3)
	if kind > 3 {
		x.e.Reads |= bit(rax)
		x.e.Writes |= bit(rax) | bit(rdx)
		if kind > 5 {
			x.e.Reads |= bit(rdx)
		}
	}
	return true
}

// group5 is inc, dec, indirect calls and jumps, push.
func (x *x86Effects) group5() bool {
	x.modrm = x.code[x.at]
	kind := x.modrm >> 3 & 7
	x.operand(true, kind < 2)
	if kind == 6 {
		x.push(8)
	}
	return kind != 7
}

// twoByte is the opcodes behind 0F that integer code is made of.
func (x *x86Effects) twoByte() bool {
	op := x.code[x.at]
	x.at++
	switch {
	case op&0xf0 == 0x90, op == 0xb0, op == 0xc0:
		x.bytes, x.rmByte = true, true
	case op == 0xb6, op == 0xbe:
		x.rmByte = true
	}
	switch {
	case op == 0x0b, op&0xf0 == 0x80: // ud2, jumps
	case op == 0x1f: // NOP: its operand is none
	case op == 0x1e && x.code[x.at] == 0xfa: // endbr64
	case op&0xf0 == 0x40: // cmovcc
		x.operand(true, false)
		x.register(true, true)
	case op&0xf0 == 0x90: // setcc
		x.operand(true, true)
	case op == 0xa3, op == 0xab, op == 0xb3, op == 0xbb: // bt and kin
		x.operand(true, op != 0xa3)
		x.register(true, false)
	case op == 0xba:
		x.operand(true, true)
	case op == 0xa4, op == 0xac: // shld, shrd
		x.operand(true, true)
		x.register(true, false)
	case op == 0xaf: // imul
		x.operand(true, false)
		x.register(true, true)
	case op == 0xb0, op == 0xb1: // cmpxchg
		x.operand(true, true)
		x.register(true, false)
		x.e.Reads |= bit(rax)
		x.e.Writes |= bit(rax)
	case op == 0xb6, op == 0xb7, op == 0xbe, op == 0xbf: // movzx, movsx
		x.operand(true, false)
		x.register(x.small, true)
	case op == 0xb8, op == 0xbc, op == 0xbd: // popcnt, bsf, bsr
		x.operand(true, false)
		x.register(true, true)
	case op == 0xc0, op == 0xc1: // xadd
		x.operand(true, true)
		x.register(true, true)
	case op&0xf8 == 0xc8: // bswap
		x.e.Reads |= bit(op&7 | x.rex&1<<3)
		x.e.Writes |= bit(op&7 | x.rex&1<<3)
	default:
		return false
	}
	return true
}

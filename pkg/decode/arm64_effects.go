// SPDX-License-Identifier: MIT

package decode

import "encoding/binary"

// r31ARM64 is XZR or SP, whichever an operand takes. Neither is a register here:
// reading XZR gives 0, and what becomes of SP is said of the stack.
const r31ARM64 = 31

// lrARM64 is the link register.
const lrARM64 = 30

const allARM64 = 1<<31 - 1

// ARM64Effects says what an A64 instruction does to x0 to x30 and to the stack,
// by the encodings of the Arm Architecture Reference Manual, C4.1. Of those that it
// doesn't know, and of those that call another exception level (SVC, HVC, SMC), it
// says that they read and write every register. Both sets are complete, and have
// nothing else but where its functions say so.
//
// A write to Wn clears the upper half of Xn: it is a write of the whole register. A
// call's target is the caller's affair: BL and BLR write x30 only.
//
// MOVZ sets a register to its immediate unless that is shifted. SP's being copied
// to x29, as in every prologue, reads no slot: nor does it on x86.
func ARM64Effects(code []byte, _ *Inst) Effects {
	x := a64Effects{w: binary.LittleEndian.Uint32(code)}
	if !x.known() {
		return Effects{Reads: allARM64, Writes: allARM64, Frame: true, HasSlotRead: true}
	}
	return x.e
}

// a64Effects takes one instruction apart.
type a64Effects struct {
	w uint32
	e Effects
}

// is tells whether the word has these bits under a mask.
func (x *a64Effects) is(mask, bits uint32) bool { return x.w&mask == bits }

// bits are the word's n bits from bit at on.
func (x *a64Effects) bits(at, n uint8) uint32 { return x.w >> at & (1<<n - 1) }

// signed are the same as a signed number.
func (x *a64Effects) signed(at, n uint8) int32 {
	return int32(x.w<<(32-at-n)) >> (32 - n)
}

// The fields of registers: Rd or Rt, Rn, Ra or Rt2, Rm or Rs.
func (x *a64Effects) d() uint8 { return uint8(x.w & 31) }
func (x *a64Effects) n() uint8 { return uint8(x.w >> 5 & 31) }
func (x *a64Effects) a() uint8 { return uint8(x.w >> 10 & 31) }
func (x *a64Effects) m() uint8 { return uint8(x.w >> 16 & 31) }

func (x *a64Effects) read(reg uint8)  { x.e.Reads |= bit(reg) & allARM64 }
func (x *a64Effects) write(reg uint8) { x.e.Writes |= bit(reg) & allARM64 }

// both notes that a register is read and written.
func (x *a64Effects) both(reg uint8) {
	x.read(reg)
	x.write(reg)
}

// writeOrSP notes that a register or SP is written.
func (x *a64Effects) writeOrSP(reg uint8) {
	if reg == r31ARM64 {
		x.e.Frame = true
	}
	x.write(reg)
}

// readOrSP notes that a register or SP is read, from which an address on the stack
// may be made.
func (x *a64Effects) readOrSP(reg uint8) {
	if reg == r31ARM64 {
		x.e.Frame = true
	}
	x.read(reg)
}

// known fills the effects in; false for an instruction that it doesn't know.
func (x *a64Effects) known() bool {
	switch x.bits(25, 4) { // op0
	case 0b0000:
		return x.reserved()
	case 0b0010:
		return x.scalable()
	case 0b1000, 0b1001:
		return x.immediate()
	case 0b1010, 0b1011:
		return x.branch()
	case 0b0100, 0b0110, 0b1100, 0b1110:
		return x.memory()
	case 0b0101, 0b1101:
		return x.register()
	case 0b0111, 0b1111:
		return x.vector()
	}
	return false
}

// reserved is UDF, and what kernels use of SME.
func (x *a64Effects) reserved() bool {
	switch {
	case x.is(0xffff_0000, 0): // UDF
	case x.is(0xffdf_9c10, 0xe100_0000): // LDR, STR of a row of ZA; w12 to w15 counts them
		x.vectorMemory()
		x.read(12 + uint8(x.bits(13, 2)))
	case x.is(0xffdf_fc1f, 0xe11f_8000): // LDR, STR of ZT0
		x.vectorMemory()
	case x.is(0xffff_ff00, 0xc008_0000): // ZERO
	default:
		return false
	}
	return true
}

// immediate is "Data Processing -- Immediate".
func (x *a64Effects) immediate() bool {
	wide := x.bits(31, 1)
	switch x.bits(23, 3) {
	case 0, 1: // ADR, ADRP
		x.write(x.d())
	case 2: // ADD, SUB
		x.addImmediate()
	case 3:
		switch {
		case x.is(0xbfc0_0000, 0x9180_0000): // ADDG, SUBG
			x.readOrSP(x.n())
			x.writeOrSP(x.d())
		case x.is(0x7ff0_0000, 0x11c0_0000): // SMAX, UMAX, SMIN, UMIN
			x.read(x.n())
			x.write(x.d())
		default:
			return false
		}
	case 4: // AND, ORR, EOR, ANDS
		x.read(x.n())
		if x.bits(29, 2) == 3 {
			x.write(x.d())
		} else {
			x.writeOrSP(x.d())
		}
		return wide == 1 || x.bits(22, 1) == 0
	case 5:
		return (wide == 1 || x.bits(22, 1) == 0) && x.moveWide()
	case 6: // SBFM, BFM, UBFM
		x.read(x.n())
		x.write(x.d())
		if x.bits(29, 2) == 1 {
			x.read(x.d())
		}
		return x.bits(29, 2) != 3 && x.bits(22, 1) == wide && (wide == 1 || x.is(0x0020_8000, 0))
	case 7:
		switch {
		case x.is(0x7fa0_0000, 0x1380_0000): // EXTR
			x.read(x.n())
			x.read(x.m())
			x.write(x.d())
			return x.bits(22, 1) == wide && (wide == 1 || x.bits(15, 1) == 0)
		case x.is(0xffc0_001f, 0xf380_001f): // AUTIASPPC, AUTIBSPPC
			x.both(lrARM64)
		default:
			return false
		}
	}
	return true
}

// addImmediate is ADD and SUB, for which register 31 is SP.
func (x *a64Effects) addImmediate() {
	value := int32(x.bits(10, 12)) << (12 * x.bits(22, 1))
	if x.bits(30, 1) == 1 {
		value = -value
	}
	flags, d, n := x.bits(29, 1) == 1, x.d(), x.n()
	x.read(n)
	x.write(d)
	fromSP, toSP := n == r31ARM64, d == r31ARM64 && !flags
	switch {
	case toSP && fromSP && x.bits(31, 1) == 1:
		x.e.Stack = value
	case toSP:
		x.e.Frame = true
	case fromSP && !(flags && d == r31ARM64) && !(d == 29 && value == 0):
		x.e.SlotRead, x.e.HasSlotRead = value, true
	}
}

// moveWide is MOVN, MOVZ, MOVK.
func (x *a64Effects) moveWide() bool {
	d := x.d()
	x.write(d)
	switch x.bits(29, 2) {
	case 0:
		return true
	case 2:
		if d != r31ARM64 && x.bits(21, 2) == 0 {
			x.e.Immediate, x.e.Register = SetRegister, d
		}
		return true
	case 3:
		x.read(d)
		if d != r31ARM64 {
			x.e.Immediate, x.e.Register = ExtendRegister, d
		}
		return true
	}
	return false
}

// branch is "Branches, Exception Generating and System instructions".
func (x *a64Effects) branch() bool {
	if b := branchOf(x.w); b != nil {
		switch b.form {
		case formBL:
			x.write(lrARM64)
		case formCompare, formTest:
			x.read(x.d())
			if b.field == fieldImm9 && x.bits(24, 1) == 0 {
				x.read(x.m())
			}
		}
		return true
	}
	switch {
	case x.is(0xffe0_001f, 0xd420_0000): // BRK
	case x.is(0xffc0_001f, 0x5500_001f): // RETAASPPC, RETABSPPC
		x.read(lrARM64)
	case x.bits(25, 7) == 0x6b:
		return x.branchRegister()
	case x.is(0xff00_0000, 0xd500_0000):
		return x.system()
	default: // exceptions: SVC, HVC, SMC, HLT (semihosting)
		return false
	}
	return true
}

// branchRegister is "Unconditional branch (register)".
func (x *a64Effects) branchRegister() bool {
	kind, signed := registerBranch(x.w), x.bits(11, 1) == 1
	switch kind {
	case IndirectJump, IndirectCall:
		x.read(x.n())
		if x.bits(24, 1) == 1 {
			x.read(x.d())
		}
		if kind == IndirectCall {
			x.write(lrARM64)
		}
	case Return:
		switch {
		case x.bits(21, 4) != 2: // ERET, DRPS
		case signed:
			x.read(lrARM64)
			x.read(x.d())
		default:
			x.read(x.n())
		}
	default:
		return false
	}
	return true
}

// system is what begins with d5.
func (x *a64Effects) system() bool {
	t := x.d()
	switch {
	case x.is(0xffff_f01f, 0xd503_201f):
		return x.hint(x.bits(5, 7))
	case x.is(0xffff_f01f, 0xd503_301f): // CLREX, DSB, DMB, ISB, SB
	case x.is(0xffff_ffc0, 0xd503_1000): // WFET, WFIT
		x.read(t)
	case x.is(0xfff8_f01f, 0xd500_401f): // MSR (immediate), CFINV, XAFLAG, AXFLAG
		x.e.Frame = x.is(0x0007_00e0, 0x0000_00a0) // SPSel
	case x.is(0xffff_ffc0, 0xd508_c300): // GICR as binutils 2.47 has it; Linux has SYSL
		x.both(t)
	case x.is(0xfff8_0000, 0xd508_0000): // SYS: AT, DC, IC, TLBI
		x.read(t)
	case x.is(0xfff8_0000, 0xd528_0000): // SYSL
		x.write(t)
	case x.is(0xfff0_0000, 0xd510_0000): // MSR (register)
		x.read(t)
		x.e.Frame = x.is(0xffff_ffe0, 0xd518_4200) // SPSel
	case x.is(0xfff0_0000, 0xd530_0000): // MRS
		x.write(t)
	case x.is(0xfff8_0000, 0xd548_0000), x.is(0xfff0_0000, 0xd550_0000): // SYSP, MSRR
		x.read(t)
		x.read(next(t))
	case x.is(0xfff0_0000, 0xd570_0000): // MRRS
		x.write(t)
		x.write(next(t))
	default:
		return false
	}
	return true
}

// next is the second register of a pair that is named by its first.
func next(reg uint8) uint8 { return min(reg+1, r31ARM64) }

// hint is the hint space: some sign or authenticate a register. A hint that means
// nothing yet may come to mean something, as 40 did.
func (x *a64Effects) hint(n uint32) bool {
	switch n {
	case 7, 24, 25, 26, 27, 28, 29, 30, 31: // XPACLRI, PACIASP and its kin
		x.both(lrARM64)
	case 8, 10, 12, 14: // PACIA1716 and its kin
		x.both(17)
		x.read(16)
	case 40: // CHKFEAT
		x.both(16)
	case 9, 11, 13, 15:
		return false
	default:
		return n < 40 || n >= 48 && n <= 52 // up to CLRBHB and PACM; STSHH, SHUH, STCPH
	}
	return true
}

// register is "Data Processing -- Register".
func (x *a64Effects) register() bool {
	if x.bits(28, 1) == 0 {
		return x.arithmetic()
	}
	wide := x.bits(31, 1) == 1
	n, m, d := x.n(), x.m(), x.d()
	switch op := x.bits(21, 4); op {
	case 0:
		return x.carry()
	case 2: // CCMN, CCMP
		x.read(n)
		if x.bits(11, 1) == 0 {
			x.read(m)
		}
		return x.is(0x2000_0410, 0x2000_0000)
	case 4: // CSEL and its kin
		x.read(n)
		x.read(m)
		x.write(d)
		return x.is(0x2000_0800, 0)
	case 6:
		if x.bits(30, 1) == 0 {
			return x.twoSources()
		}
		return x.oneSource()
	default: // MADD and its kin
		x.read(n)
		x.read(m)
		x.write(d)
		if x.bits(29, 2) != 0 {
			return false
		}
		switch op {
		case 10, 14: // SMULH, UMULH
			return wide && x.bits(15, 1) == 0
		case 8, 9, 11, 13: // MADD, SMADDL, MADDPT, UMADDL
			x.read(x.a())
			return wide || op == 8
		}
	}
	return false
}

// arithmetic is logical instructions, and ADD and SUB with a second register.
func (x *a64Effects) arithmetic() bool {
	n, m, d := x.n(), x.m(), x.d()
	wide := x.bits(31, 1) == 1
	x.read(m)
	if x.is(0x0120_0000, 0x0120_0000) { // extended: register 31 is SP
		if flags := x.bits(29, 1) == 1; flags {
			x.write(d)
			if n != r31ARM64 || d != r31ARM64 { // a comparison makes no address
				x.readOrSP(n)
			}
		} else {
			x.readOrSP(n)
			x.writeOrSP(d)
		}
		return x.bits(22, 2) == 0 && x.bits(10, 3) <= 4
	}
	x.read(n)
	x.write(d)
	if x.is(0x7f20_0000, 0x2a00_0000) && n == r31ARM64 && m == r31ARM64 && d != r31ARM64 { // ORR: MOV from XZR
		x.e.Immediate, x.e.Register = ClearRegister, d
	}
	if x.bits(24, 1) == 1 && x.bits(22, 2) == 3 {
		return false
	}
	return wide || x.bits(15, 1) == 0
}

// carry is ADC, SBC, and what else has their place.
func (x *a64Effects) carry() bool {
	switch {
	case x.is(0x0000_fc00, 0): // ADC, SBC
		x.read(x.n())
		x.read(x.m())
		x.write(x.d())
	case x.is(0xa000_e000, 0x8000_2000): // ADDPT, SUBPT
		x.readOrSP(x.n())
		x.read(x.m())
		x.writeOrSP(x.d())
	case x.is(0xe000_7c10, 0xa000_0400): // RMIF
		x.read(x.n())
	case x.is(0xe01f_bc1f, 0x2000_080d): // SETF8, SETF16
		x.read(x.n())
	default:
		return false
	}
	return true
}

// twoSources is "Data-processing (2 source)".
func (x *a64Effects) twoSources() bool {
	wide, flags := x.bits(31, 1) == 1, x.bits(29, 1) == 1
	n, m, d := x.n(), x.m(), x.d()
	x.read(n)
	x.read(m)
	x.write(d)
	switch op := x.bits(10, 6); {
	case op == 0: // SUBP, SUBPS: the difference of two addresses
		return wide
	case flags:
		return false
	case op == 2, op == 3, op >= 8 && op < 12, op >= 24 && op < 28: // UDIV, LSLV, SMAX and their kin
		return true
	case op == 4: // IRG
		x.readOrSP(n)
		x.writeOrSP(d)
		return wide
	case op == 5, op == 12: // GMI; PACGA, whose Rm may be SP
		return wide
	case op >= 16 && op < 24: // CRC32, of which those of 8 bytes have a wide Rm
		return wide == (op&3 == 3)
	}
	return false
}

// oneSource is "Data-processing (1 source)".
func (x *a64Effects) oneSource() bool {
	wide := x.bits(31, 1) == 1
	op := x.bits(10, 6)
	x.write(x.d())
	if x.bits(29, 1) == 1 {
		return false
	}
	switch x.m() {
	case 0: // RBIT and its kin
		x.read(x.n())
		return op < 9 && (wide || op != 3)
	case 1: // PACIA and its kin
		x.read(x.d())
		switch {
		case !wide:
			return false
		case op < 8: // with a modifier
			x.read(x.n())
			return true
		case op < 18: // without one; XPAC
			return x.n() == 31
		case x.d() != lrARM64:
			return false
		case op == 0x20, op == 0x21, op == 0x28, op == 0x29: // PACIASPPC and its kin
			return x.n() == 31
		case op == 0x24, op == 0x25: // AUTIASPPCR
			x.read(x.n())
			return true
		case (op == 0x22 || op == 0x23 || op == 0x2e || op == 0x2f) && x.n() == 31: // PACIA171615
			x.e.Reads, x.e.Writes = bit(15)|bit(16)|bit(17), bit(17)
			return true
		}
	}
	return false
}

// vector is "Data Processing -- Scalar Floating-Point and Advanced SIMD". Only
// conversions and moves touch general registers; of the others no more is checked
// than that they are in its place.
func (x *a64Effects) vector() bool {
	switch {
	case x.is(0x5f20_fc00, 0x1e20_0000): // integer
		return x.convert(x.bits(16, 3), x.bits(19, 2))
	case x.is(0x5f20_0000, 0x1e00_0000): // fixed-point
		switch x.bits(16, 5) {
		case 0b00_010, 0b00_011:
			x.read(x.n())
		case 0b11_000, 0b11_001:
			x.write(x.d())
		default:
			return false
		}
	case x.is(0xbfe0_fc00, 0x0e00_0c00), x.is(0xffe0_fc00, 0x4e00_1c00): // DUP, INS
		x.read(x.n())
	case x.is(0xbfe0_fc00, 0x0e00_2c00), x.is(0xbfe0_fc00, 0x0e00_3c00): // SMOV, UMOV
		x.write(x.d())
	case x.is(0x9e00_0000, 0x0e00_0000), x.is(0xde00_0000, 0x5e00_0000): // Advanced SIMD
	case x.is(0xff00_0000, 0xce00_0000): // SHA3, SHA512, SM3, SM4
	case x.is(0xff00_0000, 0x1e00_0000), x.is(0xff00_0000, 0x1f00_0000): // floating point
	default:
		return false
	}
	return true
}

// convert is "Conversion between floating-point and integer". That of FEAT_FPRCVT
// has both in vector registers.
func (x *a64Effects) convert(op, mode uint32) bool {
	if mode == 1 && op&^1 == 2 || mode == 2 && op > 1 || mode == 3 && op > 1 && op < 6 {
		return true
	}
	switch op {
	case 0, 1: // FCVTNS and its kin
		x.write(x.d())
		return true
	case 2, 3: // SCVTF, UCVTF
		x.read(x.n())
	case 4, 5: // FCVTAS, FCVTAU
		x.write(x.d())
		return mode == 0
	case 6: // FMOV from a vector register; FJCVTZS
		x.write(x.d())
	case 7: // FMOV to one
		x.read(x.n())
	}
	return true
}

// scalable is SVE: what kernels save and restore vectors with, and loads and
// stores, none of which writes a general register.
func (x *a64Effects) scalable() bool {
	n, m, d := x.n(), x.m(), x.d()
	switch {
	case x.is(0xffc0_a000, 0x8580_0000), x.is(0xffc0_a000, 0xe580_0000): // LDR, STR
		x.vectorMemory()
	case x.is(0xfe40_8000, 0x8440_8000), x.is(0xfe00_e000, 0xe400_e000),
		x.is(0xfe00_2000, 0xa400_2000) && x.bits(13, 3) != 3: // with an immediate
		x.vectorMemory()
	case x.is(0x9e00_0000, 0x8400_0000): // where Rn and Rm may be vectors instead, and Rm an immediate
		x.vectorMemory()
		x.read(m)
	case x.is(0xffff_f000, 0x04bf_5000): // RDVL, RDSVL
		x.write(d)
	case x.is(0xffa0_f000, 0x0420_5000): // ADDVL, ADDPL, ADDSVL, ADDSPL
		x.readOrSP(m)
		x.writeOrSP(d)
	case x.is(0xff30_fc00, 0x0420_e000): // CNTB and its kin
		x.write(d)
	case x.is(0xff30_f800, 0x0430_e000), x.is(0xff20_f000, 0x0420_f000): // INCB, SQINCB and their kin
		x.both(d)
	case x.is(0xff3f_fc00, 0x0520_3800): // DUP
		x.readOrSP(n)
	case x.is(0xff3f_fc00, 0x0524_3800): // INSR
		x.read(n)
	case x.is(0xff3f_e000, 0x0528_a000): // CPY
		x.readOrSP(n)
	case x.is(0xff3e_e000, 0x0520_a000): // LASTA, LASTB
		x.write(d)
	case x.is(0xff3e_e000, 0x0530_a000): // CLASTA, CLASTB
		x.both(d)
	case x.is(0xff3e_fc10, 0x2518_e000), x.is(0xffff_fff0, 0x2518_e400): // PTRUE, PFALSE
	case x.is(0xffff_fff0, 0x2519_f000), x.is(0xffff_fe1f, 0x2528_9000): // RDFFR, WRFFR
	default:
		return false
	}
	return true
}

// SPDX-License-Identifier: MIT

package decode

import "encoding/binary"

// sizeARM64 is the length of every instruction.
const sizeARM64 = 4

// The canonical forms of direct branches. What else a condition consists of, as the
// register and the bit that TBZ looks at, is in the word's other bits.
const (
	formB       = 1
	formBL      = 2
	formBCond   = 3 // B.cond and BC.cond
	formCompare = 4 // CBZ, CBNZ and the CB of FEAT_CMPBR
	formTest    = 5 // TBZ, TBNZ
)

// a64Field is the bits of a word that hold a PC-relative offset: encodings as in the
// Arm Architecture Reference Manual, C4.1 "A64 instruction set encoding".
const (
	fieldImm26 = 0x03ff_ffff // B, BL
	fieldImm19 = 0x00ff_ffe0 // B.cond, CBZ, LDR (literal)
	fieldImm14 = 0x0007_ffe0 // TBZ
	fieldImm9  = 0x0000_3fe0 // CB<cc>
	fieldADR   = 0x60ff_ffe0 // immhi:immlo
	fieldImm16 = 0x001f_ffe0 // MOVZ and its kin
)

// a64Branch is a class of direct branches.
type a64Branch struct {
	mask, bits uint32
	field      uint32
	kind       Kind
	form       uint8
}

var a64Branches = [...]a64Branch{
	{0xfc00_0000, 0x1400_0000, fieldImm26, Jump, formB},
	{0xfc00_0000, 0x9400_0000, fieldImm26, Call, formBL},
	{0xff00_0000, 0x5400_0000, fieldImm19, CondJump, formBCond},
	{0x7e00_0000, 0x3400_0000, fieldImm19, CondJump, formCompare},
	{0x7e00_0000, 0x3600_0000, fieldImm14, CondJump, formTest},
	{0x7f80_c000, 0x7400_0000, fieldImm9, CondJump, formCompare}, // CB<cc>: GT, GE, HI, HS
	{0x7fc0_c000, 0x74c0_0000, fieldImm9, CondJump, formCompare}, // EQ, NE
	{0xff80_8000, 0x7400_8000, fieldImm9, CondJump, formCompare}, // CBB<cc>, CBH<cc>
	{0xffc0_8000, 0x74c0_8000, fieldImm9, CondJump, formCompare},
	{0x7f80_4000, 0x7500_0000, fieldImm9, CondJump, formCompare}, // CB<cc> (immediate): GT, LT, HI, LO
	{0x7fc0_4000, 0x75c0_0000, fieldImm9, CondJump, formCompare}, // EQ, NE
}

// branchOf is the class of a direct branch, nil for every other word.
func branchOf(w uint32) *a64Branch {
	if w&0x1c00_0000 != 0x1400_0000 || w>>26 == 0x35 { // others; exceptions, system, branches to registers
		return nil
	}
	for i := range a64Branches {
		if b := &a64Branches[i]; w&b.mask == b.bits {
			return b
		}
	}
	return nil
}

// isLiteral tells whether a word is a load of a literal.
func isLiteral(w uint32) bool {
	return w&0x3b00_0000 == 0x1800_0000 && w>>24 != 0xdc
}

// ARM64 decodes an A64 instruction. Every word is one, as the length never
// depends on what it says; UDF and words that no processor knows included. Where
// data stand in code is for mapping symbols to say.
//
// PC is the whole word of a branch, ADR or load of a literal, and ARM64Field tells
// the bits of it; of ADRP, whose value depends on where the code is put, there is
// none. Imm is the whole word of MOVZ, MOVN and MOVK, whose immediate
// ARM64Immediate gives.
func ARM64(code []byte, in *Inst) bool {
	if len(code) < sizeARM64 {
		return false
	}
	w := binary.LittleEndian.Uint32(code)
	*in = Inst{Len: sizeARM64}
	switch w >> 25 & 0xf { // op0
	case 0b1000, 0b1001: // data processing, immediate
		switch {
		case w&0x9f00_0000 == 0x1000_0000: // ADR
			in.PC = Span{0, sizeARM64}
			in.PCRel = offsetARM64(w, fieldADR)
		case w&0x1f80_0000 == 0x1280_0000 && w>>29&3 != 1 && (w>>31 == 1 || w>>22&1 == 0): // MOVN, MOVZ, MOVK
			in.Imm = Span{0, sizeARM64}
		}
	case 0b1010, 0b1011: // branches, exceptions, system
		branchARM64(w, in)
	case 0b0100, 0b0110, 0b1100, 0b1110: // loads and stores
		if isLiteral(w) {
			in.PC = Span{0, sizeARM64}
			in.PCRel = offsetARM64(w, fieldImm19)
		}
	case 0b0000:
		if w>>16 == 0 { // UDF
			in.Kind = Trap
		}
	}
	return true
}

func branchARM64(w uint32, in *Inst) {
	if b := branchOf(w); b != nil {
		in.Kind, in.Form = b.kind, b.form
		in.PC = Span{0, sizeARM64}
		in.PCRel = offsetARM64(w, b.field)
		return
	}
	switch {
	case w == 0xd503_201f:
		in.Kind = Nop
	case w&0xffe0_001f == 0xd420_0000, w&0xffe0_001f == 0xd440_0000: // BRK, HLT
		in.Kind = Trap
	case w>>25 == 0x6b: // unconditional branch (register)
		in.Kind = registerBranch(w)
	case w&0xffc0_001f == 0x5500_001f: // RETAASPPC, RETABSPPC
		in.Kind = Return
	}
}

// a64RegisterBranches are the branches to a register. Those to an authenticated one
// have a modifier, a register or SP, in the lowest bits, or 31 for zero.
var a64RegisterBranches = [...]struct {
	mask, bits uint32
	kind       Kind
}{
	{0xffff_fc1f, 0xd61f_0000, IndirectJump}, // BR
	{0xffff_fc1f, 0xd63f_0000, IndirectCall}, // BLR
	{0xffff_fc1f, 0xd65f_0000, Return},       // RET
	{0xffff_f81f, 0xd61f_081f, IndirectJump}, // BRAAZ, BRABZ
	{0xffff_f800, 0xd71f_0800, IndirectJump}, // BRAA, BRAB
	{0xffff_f81f, 0xd63f_081f, IndirectCall}, // BLRAAZ, BLRABZ
	{0xffff_f800, 0xd73f_0800, IndirectCall}, // BLRAA, BLRAB
	{0xffff_fbe0, 0xd65f_0be0, Return},       // RETAA, RETAB, RETAASPPCR, RETABSPPCR
	{0xffff_ffff, 0xd69f_03e0, Return},       // ERET
	{0xffff_fbff, 0xd69f_0bff, Return},       // ERETAA, ERETAB
	{0xffff_ffff, 0xd6bf_03e0, Return},       // DRPS
}

// registerBranch is the kind of a branch to a register, Plain for other words.
func registerBranch(w uint32) Kind {
	for i := range a64RegisterBranches {
		if b := &a64RegisterBranches[i]; w&b.mask == b.bits {
			return b.kind
		}
	}
	return Plain
}

// ARM64Field is the bits of an instruction's word that hold its PC-relative offset,
// 0 where there are none.
func ARM64Field(w uint32) uint32 {
	if b := branchOf(w); b != nil {
		return b.field
	}
	switch {
	case w&0x9f00_0000 == 0x1000_0000:
		return fieldADR
	case isLiteral(w):
		return fieldImm19
	}
	return 0
}

// ARM64Immediate is the 16 bits of MOVZ, MOVN or MOVK, and by how many they are
// shifted.
func ARM64Immediate(w uint32) (value uint16, shift uint8) {
	return uint16(w & fieldImm16 >> 5), uint8(w >> 21 & 3 * 16)
}

// offsetARM64 is the PC-relative offset in bytes that is in a field of a word.
func offsetARM64(w, field uint32) int64 {
	if field == fieldADR {
		return int64(int32(w<<8)>>13<<2) | int64(w>>29&3)
	}
	switch field {
	case fieldImm26:
		return int64(int32(w<<6)>>6) * sizeARM64
	case fieldImm14:
		return int64(int32(w<<13)>>18) * sizeARM64
	case fieldImm9:
		return int64(int32(w<<18)>>23) * sizeARM64
	}
	return int64(int32(w<<8)>>13) * sizeARM64
}

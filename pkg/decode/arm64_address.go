// SPDX-License-Identifier: MIT

package decode

// The fields of offsets: C4.1 of the Arm Architecture Reference Manual.
const (
	fieldImm12 = 0x003f_fc00 // LDR, STR, scaled by the size of the access
	fieldAdd   = 0x007f_fc00 // ADD, SUB: the same bits, and by how many it is shifted
	fieldImm7  = 0x003f_8000 // LDP, STP
	fieldSimm9 = 0x001f_f000 // LDUR, LDR with writeback
)

// ARM64Address says what an A64 instruction does with an address. Use is
// OtherAddress for all but those that compilers make of accesses to data.
func ARM64Address(w uint32) Address {
	a := Address{To: uint8(w & 31), Base: uint8(w >> 5 & 31), Index: NoRegister}
	switch {
	case w&0x9f00_0000 == 0x9000_0000:
		return Address{Use: PageAddress, To: a.To, Base: NoRegister, Index: NoRegister}
	case w&0x9f00_0000 == 0x1000_0000:
		return Address{Use: PlaceAddress, To: a.To, Base: NoRegister, Index: NoRegister}
	case w&0xbf80_0000 == 0x9100_0000 && a.To != 31 && a.Base != 31: // ADD, SUB (immediate)
		a.Use, a.Field = OffsetAddress, fieldAdd
		a.Offset = int64(w>>10&0xfff) << (w >> 22 & 1 * 12)
		if w&0x4000_0000 != 0 {
			a.Offset = -a.Offset
		}
	case w&0xffe0_ffe0 == 0xaa00_03e0: // MOV (register)
		a.Use, a.Base = CopyAddress, uint8(w>>16&31)
	case w&0xff20_0000 == 0x8b00_0000: // ADD (shifted register)
		a.Use, a.Index = IndexAddress, uint8(w>>16&31)
		a.Either = w&0x0000_fc00 == 0
		if w&0x00c0_fc00 == 0x0000_0800 { // LSL #2
			a.Use = WordsAddress
		}
	case w&0xffe0_0000 == 0x8b20_0000 && a.To != 31 && a.Base != 31: // ADD (extended register)
		a.Use, a.Index = IndexAddress, uint8(w>>16&31)
		if w>>15&1 == 1 && w>>10&7 == 2 { // SXTB, SXTH, SXTW #2
			a.Use, a.Signed = WordsAddress, true
		}
	case w&0xff80_0000 == 0x9100_0000 && a.To != 31: // ADD from SP
		a.Use, a.Offset = StackAddress, int64(w>>10&0xfff)<<(w>>22&1*12)
	case w&0x0a00_0000 == 0x0800_0000 && a.Base != 31:
		return accessARM64(w, a)
	case w&0x0a00_0000 == 0x0800_0000:
		return spillARM64(w, a)
	}
	return a
}

// spillARM64 is ARM64Address of whole registers that are saved on the stack.
func spillARM64(w uint32, a Address) Address {
	x := a64Effects{w: w}
	a.Base = NoRegister
	switch {
	case x.is(0xff80_0000, 0xf900_0000): // STR, LDR
		a.Offset = int64(x.bits(10, 12)) * 8
	case x.is(0xff80_0000, 0xa900_0000): // STP, LDP
		a.Offset, a.Index = int64(x.signed(15, 7))*8, x.a()
	default:
		return a
	}
	a.Use = SpillAddress
	if x.is(0xffc0_0000, 0xf940_0000) || x.is(0xffc0_0000, 0xa940_0000) {
		a.Use = FillAddress
	}
	return a
}

// accessARM64 is ARM64Address of loads and stores.
func accessARM64(w uint32, a Address) Address {
	x := a64Effects{w: w}
	isVector := x.bits(26, 1) == 1
	size := int64(1) << x.bits(30, 2)
	if isVector && x.bits(23, 1) == 1 {
		size = 16
	}
	a.Use = AccessAddress
	switch {
	case x.is(0x3b00_0000, 0x3900_0000): // unsigned offset
		a.Offset, a.Field = int64(x.bits(10, 12))*size, fieldImm12
	case x.is(0x3b20_0000, 0x3800_0000): // LDUR, LDTR, writeback
		a.Offset, a.Field = int64(x.signed(12, 9)), fieldSimm9
		a.Moves = [...]Writeback{NoWriteback, PostIndex, NoWriteback, PreIndex}[x.bits(10, 2)]
	case x.is(0x3b20_0c00, 0x3820_0800): // register offset
		a.Index = x.m()
		a.Either = x.is(0x0000_f000, 0x0000_6000)                                 // a whole register, unscaled
		if opc := x.bits(22, 2); !isVector && (opc == 1 || opc > 1 && size < 8) { // no PRFM
			a.Load = uint8(size)
		}
	case x.is(0x3a00_0000, 0x2800_0000): // pairs
		size = 4 << x.bits(30, 2)
		if !isVector {
			size = 4 << x.bits(31, 1)
		}
		if !isVector && x.is(0xc040_0000, 0x4000_0000) { // STGP
			size = 16
		}
		a.Offset, a.Field = int64(x.signed(15, 7))*size, fieldImm7
		a.Moves = [...]Writeback{NoWriteback, PostIndex, NoWriteback, PreIndex}[x.bits(23, 2)]
	case x.is(0x3f00_0000, 0x0800_0000), // exclusive, ordered, compare and swap
		x.is(0x3b20_0c00, 0x3820_0000), // atomic operations
		x.is(0xbe9f_0000, 0x0c00_0000): // LD1, ST1 and their kin
	case x.is(0x3f20_0c00, 0x1900_0000): // LDAPUR, STLUR
		a.Offset, a.Field = int64(x.signed(12, 9)), fieldSimm9
	default:
		a.Use = OtherAddress
	}
	return a
}

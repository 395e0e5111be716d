// SPDX-License-Identifier: MIT

package decode

var (
	popShape    = letters['g'] // 8F where it isn't XOP
	jmpabsShape = letters['A'] // A1 behind REX2
)

// Which members of a group exist: a bit for each value of ModRM's reg field,
// with a memory operand (mod below 3) in the lower byte and with a register
// in the upper one.
const (
	groupPop      = 0x0101 // 8F
	groupMov      = 0x0101 // C6, C7
	groupInc      = 0x0303 // FE
	groupIncCall  = 0x577F // FF: no far call or jump through a register
	groupSegment  = 0x3F3F // 0F 00
	groupLKGS     = 0x7F7F // F2 0F 00
	groupShiftW   = 0x5400 // 0F 71, 0F 72
	groupShiftQ   = 0xCC00 // 0F 73
	groupBit      = 0xF0F0 // 0F BA
	groupCmpxchg8 = 0xC0FA // 0F C7
	groupPush2    = 0x4303 // FF in EVEX map 4
	groupPop2     = 0x0101 // 8F in EVEX map 4
)

// x86Operand returns the shape of an instruction of which ModRM is more than
// operands: s as its opcode map gives it, or what differs from it, or invalid.
func x86Operand(table x86Table, op, modrm byte, p prefix, s shape) shape {
	if s&isGroup != 0 {
		s = x86Group(table, op, modrm, p, s)
	}
	if modrm >= 0xC0 && s&onlyMemory != 0 || modrm < 0xC0 && s&onlyRegister != 0 {
		return invalid
	}
	return s
}

// x86Group returns the shape of an instruction that ModRM's reg field, and in
// places all of ModRM, selects.
func x86Group(table x86Table, op, modrm byte, p prefix, s shape) shape {
	reg := modrm >> 3 & 7
	var members int
	switch table {
	case tableOne:
		switch op {
		case 0x8F:
			members = groupPop
		case 0xC6:
			members = groupMov
			if modrm == 0xF8 { // xabort
				return s
			}
		case 0xC7:
			members = groupMov
			if modrm == 0xF8 { // xbegin
				return isValid | hasModRM | isRelative | immediateXbegin | CondJump.shape()
			}
		case 0xF6, 0xF7:
			return testImmediate(op, reg, s)
		case 0xFE:
			members = groupInc
		case 0xFF:
			members = groupIncCall
			switch reg {
			case 2, 3:
				s |= IndirectCall.shape()
			case 4, 5:
				s |= IndirectJump.shape()
			}
		}
	case tableEVEX4:
		switch op {
		case 0x8F:
			members = groupPop2
		case 0xF6, 0xF7:
			return testImmediate(op, reg, s)
		case 0xFE:
			members = groupInc
		case 0xFF:
			members = groupPush2
		}
	case table0F:
		switch op {
		case 0x00:
			members = groupSegment
			if p&prefixF2 != 0 {
				members = groupLKGS
			}
		case 0x01:
			return x86System(modrm, p, s)
		case 0x71, 0x72:
			members = groupShiftW
		case 0x73:
			members = groupShiftQ
		case 0x78:
			switch {
			case p&(prefix66|prefixF2) != 0: // extrq, insertq
				return isValid | hasModRM | onlyRegister | immediatePair
			case p&prefixF3 != 0:
				return invalid
			default: // vmread
				return s
			}
		case 0xB8: // popcnt; without F3 it was Itanium's jmpe
			if p&prefixF3 == 0 {
				return invalid
			}
			return s
		case 0xBA:
			members = groupBit
		case 0xC7:
			members = groupCmpxchg8
		}
	}
	if modrm >= 0xC0 {
		members >>= 8
	}
	if members>>reg&1 == 0 {
		return invalid
	}
	return s
}

// testImmediate is group 3: only test (and APX's ctest) has an immediate.
func testImmediate(op, reg byte, s shape) shape {
	switch {
	case reg > 1:
		return s
	case op == 0xF6:
		return s | immediate8
	}
	return s | immediateZ
}

// x86System is 0F 01: system instructions with a memory operand, and others
// that use all of a ModRM byte with mod 3 as opcode.
func x86System(modrm byte, p prefix, s shape) shape {
	if modrm < 0xC0 {
		if modrm>>3&7 == 5 && p&prefixF3 == 0 { // only rstorssp
			return invalid
		}
		return s
	}
	switch modrm {
	case 0xD2, 0xD3, 0xEB:
		return invalid
	case 0xCA: // eretu, erets; else clac
		if p&(prefixF2|prefixF3) != 0 {
			return s | Return.shape()
		}
	case 0xEC: // uiret
		if p&prefixF3 != 0 {
			return s | Return.shape()
		}
	}
	return s
}

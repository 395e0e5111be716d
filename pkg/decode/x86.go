// SPDX-License-Identifier: MIT

package decode

import "encoding/binary"

// maxX86 is the length that no processor decodes beyond.
const maxX86 = 15

// prefix is the set of prefixes of an instruction that matter to its shape.
// VEX and its kin carry some of them as fields, REX2 too.
type prefix uint16

const (
	prefix66 prefix = 1 << iota
	prefix67
	prefixF0
	prefixF2
	prefixF3
	prefixRex
	prefixW // REX.W and its like
	prefixB // REX.B, REX2.B4
)

// rexBits are the prefixes that a later legacy prefix cancels: REX counts
// only directly before the opcode.
const rexBits = prefixRex | prefixW | prefixB

// add returns p with the prefix byte b.
func (p prefix) add(b byte) prefix {
	p &^= rexBits
	switch b {
	case 0x66:
		p |= prefix66
	case 0x67:
		p |= prefix67
	case 0xF0:
		p |= prefixF0
	case 0xF2:
		p |= prefixF2
	case 0xF3:
		p |= prefixF3
	case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65: // segments
	default:
		p |= prefixRex
		if b&8 != 0 {
			p |= prefixW
		}
		if b&1 != 0 {
			p |= prefixB
		}
	}
	return p
}

// operand returns the row of immediateSizes for the operand size.
func (p prefix) operand() int {
	switch {
	case p&prefixW != 0:
		return operand64
	case p&prefix66 != 0:
		return operand16
	}
	return operand32
}

// X86 decodes an x86-64 instruction (64-bit mode).
//
// Where Intel's and AMD's processors differ it goes with Intel: a near branch
// keeps its 32-bit displacement under a 66 prefix. UD0 and UD1 have a ModRM
// byte, and the NOPs are 90 and 0F 1F, however they are prefixed, short of
// what makes another instruction of 90 (F3: pause, REX.B: xchg).
func X86(code []byte) (Inst, bool) {
	if len(code) > maxX86 {
		code = code[:maxX86]
	}

	// 1. Prefixes.
	var (
		in Inst
		p  prefix
		at int
		op byte
		s  shape
	)
	for {
		if at >= len(code) {
			return Inst{}, false
		}
		op = code[at]
		s = oneByte[op]
		at++
		if s&isPrefix == 0 {
			break
		}
		p = p.add(op)
	}
	in.Opcode = uint8(at - 1)

	// 2. Opcode.
	table := tableOne
	if s&isEscape != 0 {
		e := escaped{table: tableOne, op: op, at: at, prefix: p}
		s = e.resolve(code)
		table, op, at, p = e.table, e.op, e.at, e.prefix
	}
	if s == invalid {
		return Inst{}, false
	}

	// 3. ModRM, SIB and displacement.
	if s&hasModRM != 0 {
		if at >= len(code) {
			return Inst{}, false
		}
		modrm := code[at]
		at++
		if s&isGroup != 0 {
			if s = x86Group(table, op, modrm, p, s); s == invalid {
				return Inst{}, false
			}
		}
		switch {
		case modrm >= 0xC0:
			if s&onlyMemory != 0 {
				return Inst{}, false
			}
		case s&anyMod != 0:
		case s&onlyRegister != 0:
			return Inst{}, false
		default:
			mod, base, size := modrm>>6, modrm&7, 0
			relative := modrm&0xC7 == 0x05
			if base == 4 {
				if at >= len(code) {
					return Inst{}, false
				}
				base = code[at] & 7
				at++
			}
			switch {
			case mod == 1:
				size = 1
			case mod == 2 || base == 5:
				size = 4
			}
			if size != 0 {
				field := Span{uint8(at), uint8(size)}
				if relative {
					in.PC = field
				} else {
					in.Disp = field
				}
				at += size
			}
		}
	}

	// 4. Immediates.
	in.Kind = s.kind()
	if imm := s & immediateMask; imm != 0 {
		if imm == immediateMoffs {
			in.Disp = Span{uint8(at), 8}
			if p&prefix67 != 0 {
				in.Disp.Len = 4
			}
			at += int(in.Disp.Len)
		} else {
			sizes := immediateSizes[imm][p.operand()]
			field := Span{uint8(at), sizes & 15}
			at += int(field.Len)
			switch {
			case s&isRelative != 0:
				in.PC = field
			case imm == immediateSuffix:
				if at > len(code) || !is3DNow[code[at-1]] {
					return Inst{}, false
				}
			default:
				in.Imm = field
				if second := sizes >> 4; second != 0 {
					in.Imm2 = Span{uint8(at), second}
					at += int(second)
				}
			}
		}
	}
	if at > len(code) {
		return Inst{}, false
	}
	in.Len = uint8(at)

	// 5. What it is.
	switch in.Kind {
	case Nop:
		if p&prefixF0 != 0 || table == tableOne && p&(prefixF2|prefixF3|prefixB) != 0 {
			in.Kind = Plain
		}
	case Jump, CondJump, Call:
		in.Form = x86Form(table, op)
	}
	if in.PC.Len != 0 {
		in.PCRel = int64(at) + signed(code, in.PC)
	}
	return in, true
}

// signed returns the little-endian value of a field, which lies in code.
func signed(code []byte, field Span) int64 {
	b := code[field.Off:]
	switch field.Len {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	}
	return int64(int32(binary.LittleEndian.Uint32(b)))
}

// x86Form returns the canonical form of a direct branch.
func x86Form(table x86Table, op byte) byte {
	switch {
	case table == table0F:
		return 0x70 | op&15
	case op == 0xE9:
		return 0xEB
	case op == 0xC7:
		return 0xF8
	}
	return op
}

// escaped is the state of reading an opcode that doesn't end with its first
// byte. at is behind the last byte read.
type escaped struct {
	table  x86Table
	op     byte
	at     int
	prefix prefix
}

// resolve reads the rest of the opcode and returns its shape.
func (e *escaped) resolve(code []byte) shape {
	switch e.op {
	case 0x0F:
		switch e.next(code, table0F); e.op {
		case 0x38:
			e.next(code, table0F38)
		case 0x3A:
			e.next(code, table0F3A)
		}
		return e.shape(code)
	case 0xD5:
		return e.rex2(code)
	case 0x8F:
		// XOP's map numbers begin at 8, so that its second byte can't be
		// the ModRM byte of pop, whose reg field is 0.
		if e.at < len(code) && code[e.at]&0x38 == 0 {
			return popShape
		}
	}

	// The rest are #UD behind REX and the prefixes which they contain.
	if e.prefix&(prefixRex|prefix66|prefixF0|prefixF2|prefixF3) != 0 {
		return invalid
	}
	var payload [3]byte // the bytes with the map, with W and pp, and EVEX's last
	var maps *[32]x86Table
	switch e.op {
	case 0xC5:
		if copy(payload[1:2], code[e.at:]) < 1 {
			return invalid
		}
		payload[0] = 1
		payload[1] &^= 0x80 // here the bit is R, and W is 0
		maps = &vexMaps
		e.at++
	case 0xC4, 0x8F:
		if copy(payload[:2], code[e.at:]) < 2 {
			return invalid
		}
		payload[0] &= 31
		maps = &vexMaps
		if e.op == 0x8F {
			maps = &xopMaps
		}
		e.at += 2
	default: // 62
		if copy(payload[:], code[e.at:]) < 3 {
			return invalid
		}
		payload[0] &= 7
		maps = &evexMaps
		e.at += 3
	}
	if payload[1]&0x80 != 0 {
		e.prefix |= prefixW
	}
	e.prefix |= [4]prefix{0, prefix66, prefixF3, prefixF2}[payload[1]&3]
	e.next(code, maps[payload[0]])
	return e.shape(code)
}

// next reads the opcode byte that selects from table.
func (e *escaped) next(code []byte, table x86Table) {
	e.table = table
	if e.at < len(code) {
		e.op = code[e.at]
	}
	e.at++
}

// shape looks the opcode up.
func (e *escaped) shape(code []byte) shape {
	if e.at > len(code) {
		return invalid
	}
	return x86Tables[e.table][e.op]
}

// rex2 reads what follows APX's D5: a byte with REX's bits twice and the map,
// then the opcode. The rows of the two maps that can't have a register
// operand are reserved, and A1 is a new instruction.
func (e *escaped) rex2(code []byte) shape {
	if e.prefix&prefixRex != 0 || e.at >= len(code) {
		return invalid
	}
	payload := code[e.at]
	e.at++
	if payload&0x08 != 0 {
		e.prefix |= prefixW
	}
	if payload&0x11 != 0 {
		e.prefix |= prefixB
	}
	if payload&0x80 != 0 {
		e.next(code, table0F)
		if row := e.op >> 4; row == 3 || row == 8 {
			return invalid
		}
		return e.shape(code)
	}
	e.next(code, tableOne)
	if e.op == 0xA1 && e.at <= len(code) {
		return jmpabsShape
	}
	switch e.op >> 4 {
	case 0x4, 0x7, 0xA, 0xE:
		return invalid
	}
	if e.op == 0x8F {
		return popShape
	}
	s := e.shape(code)
	if s&(isPrefix|isEscape) != 0 {
		return invalid
	}
	return s
}

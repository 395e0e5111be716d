// SPDX-License-Identifier: MIT

package decode

import "encoding/binary"

// maxX86 is the length that no processor decodes beyond.
const maxX86 = 15

// prefix is the set of prefixes of an instruction that matter to its shape.
// VEX and its kin carry some of them as fields, REX2 too.
type prefix uint8

const (
	prefix66 prefix = 1 << iota
	prefixW         // REX.W and its like
	prefixRex
	prefix67
	prefixF0
	prefixF2
	prefixF3
)

// rexBits are the prefixes that a further prefix cancels: REX counts only
// directly before the opcode.
const rexBits = prefixRex | prefixW

// operandSize selects the column of immediateSizes.
const operandSize = prefix66 | prefixW

// prefixes gives what each prefix byte adds; a segment adds nothing.
var prefixes = func() (table [256]prefix) {
	for b := 0x40; b < 0x50; b++ {
		table[b] = prefixRex
		if b&8 != 0 {
			table[b] |= prefixW
		}
	}
	table[0x66] = prefix66
	table[0x67] = prefix67
	table[0xF0] = prefixF0
	table[0xF2] = prefixF2
	table[0xF3] = prefixF3
	return table
}()

// X86 decodes an x86-64 instruction (64-bit mode).
//
// Where Intel's and AMD's processors differ it goes with Intel: a near branch
// keeps its 32-bit displacement under a 66 prefix. UD0 and UD1 have a ModRM
// byte, and the NOPs are 90 and 0F 1F, however they are prefixed, short of
// what makes another instruction of 90 (F3: pause) and of REX and REX2: in 32-bit
// code, which ELF doesn't mark in a 64-bit object, a REX is INC or DEC, and the D5 of
// REX2 is AAD (SDM volume 2, 2.2.1).
func X86(code []byte, in *Inst) bool {
	if len(code) > maxX86 {
		code = code[:maxX86]
	}

	// 1. Prefixes.
	var (
		p  prefix
		at int
		op byte
		s  shape
	)
	for {
		if at >= len(code) {
			return false
		}
		op = code[at]
		s = oneByte[op]
		at++
		if s&isPrefix == 0 {
			break
		}
		p = p&^rexBits | prefixes[op]
	}
	opcode := uint8(at - 1)

	// 2. Opcode.
	table := tableOne
	if s&isEscape != 0 {
		e := escaped{table: tableOne, op: op, at: at, prefix: p}
		s = e.resolve(code)
		table, op, at, p = e.table, e.op, e.at, e.prefix
	}
	if s == invalid {
		return false
	}

	// 3. ModRM, SIB and displacement.
	var pc, disp Span
	if s&hasModRM != 0 {
		if at >= len(code) {
			return false
		}
		modrm := code[at]
		at++
		if s&(isGroup|onlyMemory|onlyRegister|anyMod) != 0 {
			if s = x86Operand(table, op, modrm, p, s); s == invalid {
				return false
			}
			if s&anyMod != 0 {
				modrm |= 0xC0
			}
		}
		switch m := modrms[modrm]; {
		case m == 0:
		case m == modrmRelative:
			pc = Span{uint8(at), 4}
			at += 4
		default:
			size := m & modrmSize
			if m&modrmSIB != 0 {
				if at >= len(code) {
					return false
				}
				if code[at]&7 == 5 && modrm < 0x40 {
					size = 4
				}
				at++
			}
			disp = span(at, size)
			at += int(size)
		}
	}

	// 4. Immediates.
	var imm, imm2 Span
	if class := s & immediateMask; class != 0 {
		size := immediateSizes[class][p&operandSize]
		field := Span{uint8(at), size & 15}
		at += int(size & 15)
		switch {
		case s&isRelative != 0:
			pc = field
		case class < immediateEnter:
			imm = field
		case class == immediateMoffs:
			disp = Span{uint8(at), 8}
			if p&prefix67 != 0 {
				disp.Len = 4
			}
			at += int(disp.Len)
		case class == immediateSuffix:
			if at > len(code) || !is3DNow[code[at-1]] {
				return false
			}
		default:
			imm = field
			imm2 = Span{uint8(at), size >> 4}
			at += int(size >> 4)
		}
	}
	if at > len(code) {
		return false
	}

	// 5. What it is.
	var (
		form  byte
		pcRel int64
		kind  = s.kind()
	)
	switch kind {
	case Nop:
		if p&prefixF0 != 0 || hasRex(code[:opcode+1]) || table == tableOne && p&(prefixF2|prefixF3) != 0 {
			kind = Plain
		}
	case Jump, CondJump, Call:
		form = x86Form(table, op)
	}
	if pc.Len != 0 {
		pcRel = int64(at) + signed(code, pc)
	}
	in.Len = uint8(at)
	in.Flow = Flow{Kind: kind, Form: form, Opcode: opcode}
	in.Fields = Fields{PC: pc, Disp: disp, Imm: imm, Imm2: imm2}
	in.PCRel = pcRel
	return true
}

// rex2Byte begins a REX2.
const rex2Byte = 0xD5

// hasRex tells whether a REX is among an instruction's prefixes, or a REX2 behind them.
// One in front of another prefix means nothing here, and is INC or DEC in 32-bit code.
func hasRex(prefixes []byte) bool {
	for _, b := range prefixes {
		if b&0xf0 == 0x40 || b == rex2Byte {
			return true
		}
	}
	return false
}

// span returns the field of size bytes at at, or the zero Span for none.
func span(at int, size uint8) Span {
	present := uint8(-int8(size) >> 7) // without a branch: they don't predict well
	return Span{uint8(at) & present, size}
}

// signed returns the little-endian value of a field, which lies in code.
func signed(code []byte, field Span) int64 {
	b := code[field.Off:]
	switch field.Len {
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case 1:
		return int64(int8(b[0]))
	}
	return int64(int16(binary.LittleEndian.Uint16(b)))
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
	case rex2Byte:
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
	if payload&0x80 != 0 {
		e.next(code, table0F)
		if row := e.op >> 4; row == 3 || row == 8 {
			return invalid
		}
		return e.shape(code)
	}
	e.next(code, tableOne)
	if e.op == 0xA1 && e.at <= len(code) {
		if e.prefix&(prefix66|prefixF0|prefixF2|prefixF3|prefixW) != 0 {
			return invalid
		}
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

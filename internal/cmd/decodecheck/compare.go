// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
)

// difference is a class of differences, and what distinguishes one of them.
type difference struct {
	class  string
	detail string
}

// compare says in what our decoding of code differs from objdump's line. Code
// begins with the line's bytes and goes on with those behind it.
func compare(l *line, code []byte) []difference {
	var in decode.Inst
	ok := decode.X86(code, &in)
	if strings.Contains(l.text, "(bad)") || strings.HasPrefix(l.text, ".byte") {
		if ok {
			if rex2Wait(l.code) {
				return []difference{{fwait, ""}}
			}
			return []difference{{badAccepted, describe(in)}}
		}
		return []difference{{badRefused, ""}}
	}
	if l.text == "" {
		switch last := l.code[l.len-1]; {
		case !ok:
			return []difference{{prefixRefused, ""}}
		case code[in.Len-1] == 0x9B && in.Disp.Len+in.PC.Len+in.Imm.Len == 0:
			return []difference{{fwait, ""}}
		case last&0xF0 == 0x40:
			return []difference{{prefixCancelled, describe(in)}}
		}
		return []difference{{"lone prefix", describe(in)}}
	}
	if !ok {
		switch {
		case reservedRex2(l.code):
			return []difference{{rex2Reserved, ""}}
		case vexBehindPrefix(l.code):
			return []difference{{prefixBeforeVEX, ""}}
		case otherVEXMap(l.code):
			return []difference{{vexMap, ""}}
		}
		return []difference{{"refused", ""}}
	}
	if int(in.Len) != l.len {
		if waits(l, in, code) {
			return []difference{{fwait, ""}}
		}
		return []difference{{"length", describe(in)}}
	}

	var found []difference
	differ := func(class, detail string) {
		found = append(found, difference{class, detail})
	}
	want := kindOf(l)
	if want == decode.Nop && in.Kind == decode.Plain {
		switch {
		case reservedNop(l.code, in):
			differ(nopReserved, "")
			want = decode.Plain
		case rex2Exchange(l.code[in.Opcode:]):
			differ(nopRex2, "")
			want = decode.Plain
		case strings.Contains(l.prefixes, "lock") || strings.Contains(l.prefixes, "repnz") || strings.Contains(l.prefixes, "bnd"):
			differ(nopPrefixed, "")
			want = decode.Plain
		}
	}
	if in.Kind != want {
		differ("kind", in.Kind.String()+", not "+want.String())
	}

	operands := operandsOf(l)
	direct := in.Kind == decode.Jump || in.Kind == decode.CondJump || in.Kind == decode.Call
	target := l.address + uint64(in.PCRel)
	if direct {
		if in.PC.Len == 0 || !operands.hasBare || operands.bare != target&^highBits(l, operands.bare) {
			differ("target", describe(in))
		}
		return found
	}

	if (in.PC.Len != 0) != operands.relative {
		differ("relative", describe(in))
	}
	if operands.relative {
		printed, err := parseHex(l.comment)
		if err != nil || printed != target&^highBits(l, printed) {
			differ("relative target", describe(in))
		}
	}
	if (in.Disp.Len != 0) != (operands.hasDisp || operands.hasBare) {
		differ("displacement", describe(in))
	} else if in.Disp.Len != 0 {
		printed := operands.disp
		if operands.hasBare {
			printed = operands.bare
		}
		if !sameDisplacement(value(code, in.Disp), printed, in.Disp, l.code[in.Opcode] == 0x62) {
			differ("displacement value", describe(in))
		}
	}
	for _, d := range compareImmediates(l, in, operands, code) {
		differ(d.class, d.detail)
	}
	return found
}

// highBits are those objdump leaves out of an address that was computed with
// 32-bit addressing, or of the target of a 16-bit xbegin.
func highBits(l *line, printed uint64) uint64 {
	if printed>>16 == 0 && l.mnemonic() == "xbeginw" {
		return 0xFFFFFFFFFFFF << 16
	}
	if printed>>32 == 0 && strings.Contains(l.text, "(%eip)") {
		return 0xFFFFFFFF << 32
	}
	return 0
}

// value is the sign-extended value of a field.
func value(code []byte, field decode.Span) int64 {
	b := field.Of(code)
	switch len(b) {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// sameDisplacement compares a displacement with the printed one. EVEX scales
// its one-byte displacements by the size of the operand.
func sameDisplacement(have int64, printed uint64, field decode.Span, scaled bool) bool {
	if uint64(have) == printed || uint32(have) == uint32(printed) && (printed>>32 == 0) {
		return true
	}
	if scaled && field.Len == 1 {
		for shift := range 7 {
			if uint64(have<<shift) == printed {
				return true
			}
		}
	}
	return false
}

// compareImmediates looks for each of our immediates among those printed, and
// the other way round.
func compareImmediates(l *line, in decode.Inst, operands operands, code []byte) []difference {
	printed := slices.Clone(operands.immediates)
	count := 0
	for _, field := range []decode.Span{in.Imm, in.Imm2} {
		if field.Len == 0 {
			continue
		}
		count++
		mask := ^uint64(0)
		if field.Len < 8 {
			mask = 1<<(8*field.Len) - 1
		}
		have := uint64(value(code, field))
		if strings.HasPrefix(l.text, "vpermil2") {
			have &= 15 // the upper four bits are a register
		}
		at := slices.IndexFunc(printed, func(p uint64) bool { return p&mask == have&mask })
		if at >= 0 {
			printed = slices.Delete(printed, at, at+1)
		} else if len(printed) > 0 || !hidesImmediate(l, operands) {
			return []difference{{"immediate", describe(in)}}
		}
	}
	if len(printed) == 1 && printed[0] == 1 && count == 0 && shiftsByOne(code[in.Opcode:]) {
		return nil
	}
	if len(printed) != 0 {
		return []difference{{"immediate", describe(in)}}
	}
	return nil
}

// shiftsByOne reports the opcodes for which newer objdumps print a $1 that no
// byte stands for.
func shiftsByOne(opcode []byte) bool {
	switch opcode[0] {
	case 0xD0, 0xD1:
		return true
	case 0xD5:
		return opcode[2] == 0xD0 || opcode[2] == 0xD1
	case 0x62:
		return opcode[4] == 0xD0 || opcode[4] == 0xD1
	}
	return false
}

// hidesImmediate reports instructions whose immediate is part of the mnemonic
// (cmpeqps, vpcomltb, pclmulhqlqdq) or selects a fourth or fifth register.
func hidesImmediate(l *line, operands operands) bool {
	mnemonic := l.mnemonic()
	for _, prefix := range []string{"cmp", "vcmp", "vpcmp", "vpcom", "pclmul", "vpclmul"} {
		if strings.HasPrefix(mnemonic, prefix) {
			return true
		}
	}
	return operands.count >= 4
}

// waits reports whether objdump listed fwait and the x87 instruction behind
// it as one, as assemblers allow to write them, or fwait behind a prefix of
// the next instruction.
func waits(l *line, in decode.Inst, code []byte) bool {
	if code[in.Len-1] != 0x9B || int(in.Len) > l.len {
		return false
	}
	if l.mnemonic() == "fwait" {
		return true
	}
	at := int(in.Len)
	for at < l.len && code[at] == 0x9B {
		at++
	}
	var next decode.Inst
	return decode.X86(code[at:], &next) && at+int(next.Len) == l.len
}

// vexBehindPrefix reports code in which VEX, EVEX or XOP follows a prefix
// that they contain themselves.
func vexBehindPrefix(code []byte) bool {
	forbidden := false
	for _, b := range code {
		switch b {
		case 0x66, 0xF0, 0xF2, 0xF3:
			forbidden = true
		case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x67:
		case 0xC4, 0xC5, 0x62, 0x8F:
			return forbidden
		default:
			if b&0xF0 != 0x40 {
				return false
			}
			forbidden = true
		}
	}
	return false
}

// reservedRex2 reports an opcode of REX2's map 0 that is a prefix elsewhere.
func reservedRex2(code []byte) bool {
	at := bytes.IndexByte(code, 0xD5)
	if at < 0 || at+2 >= len(code) || code[at+1]&0x80 != 0 {
		return false
	}
	op := code[at+2]
	return op&0xF0 == 0x40 || op == 0xC4 || op == 0xC5 || op == 0x62
}

// rex2Wait reports fwait behind REX2.
func rex2Wait(code []byte) bool {
	at := bytes.IndexByte(code, 0xD5)
	return at >= 0 && at+2 < len(code) && code[at+1]&0x80 == 0 && code[at+2] == 0x9B
}

// rex2Exchange reports xchg of rax and r16: 90 with REX2's bit B4 but not B3.
func rex2Exchange(opcode []byte) bool {
	return opcode[0] == 0xD5 && opcode[1]&0x91 == 0x10 && opcode[2] == 0x90
}

// otherVEXMap reports F6 in VEX's map 5 and F9 and FD in its map 7, which are
// instructions in the other one.
func otherVEXMap(code []byte) bool {
	at := bytes.IndexByte(code, 0xC4)
	if at < 0 || at+3 >= len(code) {
		return false
	}
	m, op := code[at+1]&31, code[at+3]
	return m == 5 && op == 0xF6 || m == 7 && (op == 0xF9 || op == 0xFD)
}

// reservedNop reports 0F 18 to 0F 1E, which today's processors may ignore and
// later ones give a meaning.
func reservedNop(code []byte, in decode.Inst) bool {
	op := code[in.Opcode:]
	if op[0] == 0xD5 {
		return op[2] >= 0x18 && op[2] <= 0x1E
	}
	return op[0] == 0x0F && op[1] >= 0x18 && op[1] <= 0x1E
}

// opcode names an opcode: its escape, map and last byte.
type opcode struct{ escape, table, last byte }

// opcodeOf returns the opcode of an instruction.
func opcodeOf(code []byte, in decode.Inst) opcode {
	code = code[in.Opcode:]
	switch code[0] {
	case 0x0F:
		switch code[1] {
		case 0x38, 0x3A:
			return opcode{0x0F, code[1], code[2]}
		}
		return opcode{0x0F, 0, code[1]}
	case 0x62:
		return opcode{0x62, code[1] & 7, code[4]}
	case 0xC4:
		return opcode{0xC4, code[1] & 31, code[3]}
	case 0xC5:
		return opcode{0xC4, 1, code[2]}
	case 0xD5:
		return opcode{0xD5, code[1] >> 7, code[2]}
	case 0x8F:
		if code[1]&0x38 != 0 {
			return opcode{0x8F, code[1] & 31, code[3]}
		}
	}
	return opcode{0, 0, code[0]}
}

func describe(in decode.Inst) string {
	var b strings.Builder
	fmt.Fprintf(&b, "len %d %s", in.Len, in.Kind)
	for _, f := range []struct {
		name string
		decode.Span
	}{{"pc", in.PC}, {"disp", in.Disp}, {"imm", in.Imm}, {"imm2", in.Imm2}} {
		if f.Len != 0 {
			fmt.Fprintf(&b, " %s %d+%d", f.name, f.Off, f.Len)
		}
	}
	return b.String()
}

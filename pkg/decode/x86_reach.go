// SPDX-License-Identifier: MIT

package decode

// Copy is an instruction that copies memory from the address in one register to that in
// another, and moves both on: Size bytes, as often as Counter says where it is Repeated.
type Copy struct {
	Source, Counter uint8
	Size            uint64
	Repeated        bool
}

// X86Copy tells whether an instruction that X86 decoded is MOVS or REP MOVS; SDM volume 2.
func X86Copy(code []byte, in *Inst) (c Copy, ok bool) {
	c = Copy{Source: rsi, Counter: rcx, Size: 1}
	x := x86Effects{code: code[:in.Len], in: in}
	x.prefixes()
	if x.op != 0xa4 && x.op != 0xa5 || code[0] == 0xf2 {
		return c, false
	}
	if x.op == 0xa5 {
		c.Size = x.operandSize()
	}
	c.Repeated = code[0] == 0xf3
	return c, true
}

// Index is what an access adds to an address that the instruction spells out: a register,
// Scale times. It reads Size bytes there.
type Index struct {
	Register    uint8
	Scale, Size uint64
}

// X86Index is the index of a MOV, MOVZX, MOVSX or MOVSXD that loads from a displacement of 32
// bits and one register; SDM volume 2, 2.1.5.
func X86Index(code []byte, in *Inst) (index Index, ok bool) {
	x := x86Effects{code: code[:in.Len], in: in}
	x.prefixes()
	switch x.op {
	case 0x8a:
		index.Size = 1
	case 0x8b:
		index.Size = x.operandSize()
	case 0x63:
		index.Size = 4
	case 0x0f:
		switch x.code[x.at] {
		case 0xb6, 0xbe:
			index.Size = 1
		case 0xb7, 0xbf:
			index.Size = 2
		}
		x.at++
	}
	if index.Size == 0 || in.Disp.Len != 4 {
		return index, false
	}
	x.modrm = x.code[x.at]
	switch {
	case x.modrm&0xc7 == 4 && x.code[x.at+1]&7 == 5: // a SIB byte without a base
		sib := x.code[x.at+1]
		index.Register, index.Scale = sib>>3&7|x.rex&2<<2, 1<<(sib>>6)
		return index, index.Register != rsp // none
	case x.modrm&0xc0 == 0x80 && x.modrm&7 != 4:
		index.Register, index.Scale = x.rm(), 1
		return index, true
	}
	return index, false
}

// X86Most is the most that an instruction leaves in all of a register: AND with a number that
// isn't negative, and MOVZX of a register.
func X86Most(code []byte, in *Inst) (register uint8, most uint64, ok bool) {
	x := x86Effects{code: code[:in.Len], in: in}
	x.prefixes()
	if x.small { // the rest of the register stays
		return 0, 0, false
	}
	switch x.op {
	case 0x25:
		return rax, uint64(x.immediate()), x.immediate() >= 0
	case 0x81, 0x83:
		x.modrm = x.code[x.at]
		return x.rm(), uint64(x.immediate()), x.isRegister() && x.modrm>>3&7 == 4 && x.immediate() >= 0
	case 0x0f:
		most = map[byte]uint64{0xb6: 0xff, 0xb7: 0xffff}[x.code[x.at]]
		x.at++
		if most == 0 {
			return 0, 0, false
		}
		x.modrm = x.code[x.at]
		return x.reg(), most, x.isRegister()
	}
	return 0, 0, false
}

// operandSize is the size of an operand that may have 2, 4 or 8 bytes; SDM volume 1, 3.6.
func (x *x86Effects) operandSize() uint64 {
	switch {
	case x.rex&8 != 0:
		return 8
	case x.small:
		return 2
	}
	return 4
}

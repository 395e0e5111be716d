// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
)

// x86 is x86-64. The relocation types are those of the System V ABI, AMD64
// Architecture Processor Supplement, table "Relocation Types". A linker may
// relax PLT32 to PC32 and the GOTPCRELX forms to each other, so these are one.
var x86 = machine{
	name:      "x86_64",
	decode:    decode.X86,
	address64: uint32(elf.R_X86_64_64),
	branch:    -4,
	fromEnd:   true,
	linkOrder: x86LinkOrder,
	bias:      0x8000_0000, // __pa_symbol: -__START_KERNEL_map, arch/x86/include/asm/page_64_types.h
	lines:     &lines.X86,
	appendBranch: func(b, code []byte, in *decode.Inst) []byte {
		return appendShort(b, code[:in.Opcode])
	},
	blankPC: func(code []byte, in *decode.Inst) { clear(in.PC.Of(code)) },
	landingPad: func(code []byte) bool {
		return string(code) == "\xf3\x0f\x1e\xfa" // ENDBR64
	},
	appendLine: func(b, code []byte, in *decode.Inst) []byte {
		opcode := len(b) + int(in.Opcode)
		b = append(b, code[:in.Imm.Off]...)
		if b[opcode] == 0x6a { // push of 8 bits
			b[opcode] = 0x68
		}
		return b
	},
	address: func(in *decode.Inst, code []byte) bool {
		return code[in.Opcode] == 0x8d // LEA
	},
	repeated: x86Repeated,
	copied:   x86Copied,
	indexes:  x86Indexes,
	masks:    x86Masks,
	barrier: func(code []byte) bool { // LFENCE, MFENCE, SFENCE
		return len(code) == 3 && code[0] == 0x0f && code[1] == 0xae && code[2] >= 0xe8
	},
	nop: "\x90",
	fill: func(code []byte) int {
		if code[0] != 0x00 && code[0] != 0xcc { // zero, INT3
			return 0
		}
		return 1
	},
	relocs: []relocForm{
		elf.R_X86_64_NONE:          {kind: relocNone},
		elf.R_X86_64_64:            {kind: relocAbs64, width: 8},
		elf.R_X86_64_PC32:          {kind: relocPC, width: 4, pc: true},
		elf.R_X86_64_PLT32:         {kind: relocPC, width: 4, pc: true},
		elf.R_X86_64_GOTPCREL:      {kind: relocGOT, width: 4, pc: true},
		elf.R_X86_64_32:            {kind: relocAbs32, width: 4},
		elf.R_X86_64_32S:           {kind: relocAbs32Signed, width: 4},
		elf.R_X86_64_16:            {kind: relocAbs16, width: 2},
		elf.R_X86_64_PC16:          {kind: relocPC16, width: 2, pc: true},
		elf.R_X86_64_8:             {kind: relocAbs8, width: 1},
		elf.R_X86_64_PC8:           {kind: relocPC8, width: 1, pc: true},
		elf.R_X86_64_TPOFF64:       {kind: relocTLS, width: 8},
		elf.R_X86_64_TPOFF32:       {kind: relocTLS, width: 4},
		elf.R_X86_64_PC64:          {kind: relocPC64, width: 8, pc: true},
		elf.R_X86_64_GOTPC32:       {kind: relocGOTBase, width: 4, pc: true},
		elf.R_X86_64_SIZE32:        {kind: relocSize, width: 4},
		elf.R_X86_64_SIZE64:        {kind: relocSize, width: 8},
		elf.R_X86_64_GOTPCRELX:     {kind: relocGOT, width: 4, pc: true},
		elf.R_X86_64_REX_GOTPCRELX: {kind: relocGOT, width: 4, pc: true},
	},
}

// x86LinkOrder is by include/asm-generic/vmlinux.lds.h and
// arch/x86/kernel/vmlinux.lds.S.
var x86LinkOrder = slices.Concat([][]string{
	{".head.text"},
	{".text..__x86.rethunk_untrain"},
	{".entry.text"},
	{".text..__x86.rethunk_safe"},
}, linkText, [][]string{
	{".irqentry.text"},
	{".softirqentry.text"},
	{".text..__x86.indirect_thunk"},
	{".text..__x86.return_thunk"},
	{".static_call.text"},
	{".rodata"},
	{".rodata.*"},
	{".data.rel.ro*"},
	{".data..ro_after_init"},
	nil, // all other data that nothing writes
}, linkData, [][]string{
	{".init.text", ".init.text.*"},
	{".text.startup", ".text.startup.*"},
	{".altinstr_aux"},
	{".init.data", ".init.data.*"},
	{".init.rodata", ".init.rodata.*"},
	{".altinstr_replacement"},
	{".exit.text"},
	{".text.exit", ".text.exit.*"},
	{".exit.data", ".exit.data.*"},
	{".data..percpu*"},
	{".bss*"},
})

// x86Repeated is REP MOVS, from RSI, as often as RCX says; SDM volume 2.
func x86Repeated(code []byte, in *decode.Inst, source uint32) (counter uint8, size uint64, ok bool) {
	const rsi, rcx = 6, 1
	size, ok = x86Moved(code, in)
	return rcx, size, ok && source == 1<<rsi && code[0] == 0xf3
}

// x86Copied is MOVS.
func x86Copied(code []byte, in *decode.Inst) (size uint64, ok bool) {
	size, ok = x86Moved(code, in)
	return size, ok && code[0] != 0xf3 && code[0] != 0xf2
}

// x86Moved is how much MOVS copies at once.
func x86Moved(code []byte, in *decode.Inst) (size uint64, ok bool) {
	switch code[in.Opcode] {
	case 0xa4:
		return 1, true
	case 0xa5:
		return x86OperandSize(code, in), true
	}
	return 0, false
}

// x86OperandSize is the size of an operand that may have 2, 4 or 8 bytes; SDM volume 1, 3.6.
func x86OperandSize(code []byte, in *decode.Inst) uint64 {
	size := uint64(4)
	for _, prefix := range code[:in.Opcode] {
		switch {
		case prefix&0xf8 == 0x48: // REX.W
			return 8
		case prefix == 0x66:
			size = 2
		}
	}
	return size
}

// x86Indexes is an access at a displacement of 32 bits and a register: MOV, MOVZX, MOVSX,
// MOVSXD; SDM volume 2, 2.1.5.
func x86Indexes(code []byte, in *decode.Inst) (index uint8, scale, size uint64, ok bool) {
	rest, rex := code[in.Opcode:], byte(0)
	if in.Opcode > 0 && code[in.Opcode-1]&0xf0 == 0x40 {
		rex = code[in.Opcode-1]
	}
	switch opcode := rest[0]; {
	case opcode == 0x0f && len(rest) > 1 && (rest[1] == 0xb6 || rest[1] == 0xbe):
		size, rest = 1, rest[1:]
	case opcode == 0x0f && len(rest) > 1 && (rest[1] == 0xb7 || rest[1] == 0xbf):
		size, rest = 2, rest[1:]
	case opcode == 0x8a:
		size = 1
	case opcode == 0x8b:
		size = x86OperandSize(code, in)
	case opcode == 0x63:
		size = 4
	default:
		return 0, 0, 0, false
	}
	if len(rest) < 2 {
		return 0, 0, 0, false
	}
	switch modrm := rest[1]; {
	case modrm&0xc7 == 0x04 && len(rest) > 2 && rest[2]&7 == 5: // a SIB byte without a base
		index, scale = rest[2]>>3&7|rex&2<<2, 1<<(rest[2]>>6)
		return index, scale, size, index != 4 // none
	case modrm&0xc0 == 0x80 && modrm&7 != 4:
		return modrm&7 | rex&1<<3, 1, size, true
	}
	return 0, 0, 0, false
}

// x86Masks is AND with a number that isn't negative, and MOVZX of a register.
func x86Masks(code []byte, in *decode.Inst) (register uint8, most uint64, ok bool) {
	rest, rex := code[in.Opcode:], byte(0)
	if in.Opcode > 0 && code[in.Opcode-1]&0xf0 == 0x40 {
		rex = code[in.Opcode-1]
	}
	number := uint64(lines.X86.Immediate(code, in))
	switch opcode := rest[0]; {
	case opcode == 0x25 && x86OperandSize(code, in) > 2:
		return 0, number, number < 1<<31
	case (opcode == 0x83 || opcode == 0x81) && len(rest) > 1 && rest[1]&0xf8 == 0xe0 && x86OperandSize(code, in) > 2:
		return rest[1]&7 | rex&1<<3, number, number < 1<<31
	case opcode == 0x0f && x86OperandSize(code, in) == 2: // the rest of the register stays
		return 0, 0, false
	case opcode == 0x0f && len(rest) > 2 && rest[1] == 0xb6 && rest[2]&0xc0 == 0xc0:
		return rest[2]>>3&7 | rex&4<<1, 0xff, true
	case opcode == 0x0f && len(rest) > 2 && rest[1] == 0xb7 && rest[2]&0xc0 == 0xc0:
		return rest[2]>>3&7 | rex&4<<1, 0xffff, true
	}
	return 0, 0, false
}

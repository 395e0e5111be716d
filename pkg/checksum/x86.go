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
	copies:  decode.X86Copy,
	indexes: decode.X86Index,
	most:    decode.X86Most,
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

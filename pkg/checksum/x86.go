// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
)

// x86 is x86-64. The relocation types are those of the System V ABI, AMD64
// Architecture Processor Supplement, table "Relocation Types". A linker may
// relax PLT32 to PC32 and the GOTPCRELX forms to each other, so these are one.
var x86 = machine{
	name:   "x86_64",
	decode: decode.X86,
	branch: -4,
	lines:  &lines.X86,
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
	fill: func(b byte) bool { return b == 0x00 || b == 0xcc }, // zero, INT3
	relocs: []relocForm{
		elf.R_X86_64_NONE:          {kind: relocNone},
		elf.R_X86_64_64:            {relocAbs64, 8, false},
		elf.R_X86_64_PC32:          {relocPC, 4, true},
		elf.R_X86_64_PLT32:         {relocPC, 4, true},
		elf.R_X86_64_GOTPCREL:      {relocGOT, 4, true},
		elf.R_X86_64_32:            {relocAbs32, 4, false},
		elf.R_X86_64_32S:           {relocAbs32Signed, 4, false},
		elf.R_X86_64_16:            {relocAbs16, 2, false},
		elf.R_X86_64_PC16:          {relocPC16, 2, true},
		elf.R_X86_64_8:             {relocAbs8, 1, false},
		elf.R_X86_64_PC8:           {relocPC8, 1, true},
		elf.R_X86_64_TPOFF64:       {relocTLS, 8, false},
		elf.R_X86_64_TPOFF32:       {relocTLS, 4, false},
		elf.R_X86_64_PC64:          {relocPC64, 8, true},
		elf.R_X86_64_GOTPC32:       {relocGOTBase, 4, true},
		elf.R_X86_64_SIZE32:        {relocSize, 4, false},
		elf.R_X86_64_SIZE64:        {relocSize, 8, false},
		elf.R_X86_64_GOTPCRELX:     {relocGOT, 4, true},
		elf.R_X86_64_REX_GOTPCRELX: {relocGOT, 4, true},
	},
}

// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/binary"

	"github.com/fnsum/fnsum/pkg/decode"
)

// X86 is x86-64: System V ABI, AMD64 supplement, "Parameter Passing".
var X86 = Machine{
	Effects:    decode.X86Effects,
	Immediate:  x86Immediate,
	Parameters: []uint8{7, 6, 2, 1, 8, 9}, // rdi, rsi, rdx, rcx, r8, r9
}

// ARM64 is AArch64: Procedure Call Standard for the Arm 64-bit Architecture,
// "Parameter passing".
var ARM64 = Machine{
	Effects: decode.ARM64Effects,
	Immediate: func(code []byte, _ *decode.Inst) uint32 {
		value, shift := decode.ARM64Immediate(binary.LittleEndian.Uint32(code))
		return uint32(uint64(value) << shift)
	},
	Parameters: []uint8{0, 1, 2, 3, 4, 5, 6, 7},
}

// x86Immediate is an immediate of any size.
func x86Immediate(code []byte, in *decode.Inst) uint32 {
	switch b := in.Imm.Of(code); len(b) {
	case 1:
		return uint32(int32(int8(b[0])))
	case 4, 8:
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

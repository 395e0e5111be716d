// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"encoding/binary"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
)

// The bits of an instruction that relocations write: the encodings of C6.2 in the
// Arm Architecture Reference Manual.
const (
	a64Imm26 = 0x03ff_ffff // B, BL
	a64Imm19 = 0x00ff_ffe0 // B.cond, CBZ, LDR (literal)
	a64Imm14 = 0x0007_ffe0 // TBZ
	a64Imm16 = 0x001f_ffe0 // MOVZ, MOVK
	a64Imm12 = 0x003f_fc00 // ADD, LDR, STR
	a64ADR   = 0x60ff_ffe0
)

// arm64 is AArch64. The relocation types are those of ELF for the Arm 64-bit
// Architecture, "Relocation types". A check for overflow that one form of a type
// has and another hasn't is no difference in what is written.
var arm64 = machine{
	name:       "arm64",
	decode:     decode.ARM64,
	address64:  uint32(elf.R_AARCH64_ABS64),
	anyByPlace: true,
	linkOrder:  arm64LinkOrder,
	lines:      &lines.ARM64,
	appendLine: func(b, code []byte, _ *decode.Inst) []byte {
		return binary.LittleEndian.AppendUint32(b, a64(code)&^a64Imm16)
	},
	appendBranch: func(b, code []byte, _ *decode.Inst) []byte {
		w := a64(code)
		return binary.LittleEndian.AppendUint32(b, w&^decode.ARM64Field(w))
	},
	blankPC: func(code []byte, _ *decode.Inst) {
		w := a64(code)
		binary.LittleEndian.PutUint32(code, w&^decode.ARM64Field(w))
	},
	landingPad: func(code []byte) bool {
		switch a64(code) {
		case 0xd503_241f, 0xd503_245f, 0xd503_249f, 0xd503_24df, // BTI and its c, j, jc
			0xd503_233f, 0xd503_237f: // PACIASP, PACIBSP
			return true
		}
		return false
	},
	address: func(_ *decode.Inst, code []byte) bool {
		const loadOrStore = 0x0a00_0000 // op0 is x1x0
		return a64(code)&loadOrStore != 0x0800_0000
	},
	barrier: func(code []byte) bool { // DSB, DMB, ISB, SB, not CLREX (0x40)
		return a64(code)&0xffff_f01f == 0xd503_301f && a64(code)&0xe0 >= 0x80
	},
	nop: "\x1f\x20\x03\xd5",
	fill: func(code []byte) int { // UDF #0
		if len(code) < 4 {
			return fillZero(code)
		}
		if a64(code) != 0 {
			return 0
		}
		return 4
	},
	addressing: &addressing{
		unit: 4,
		starts: func(code []byte) bool {
			if len(code) < 4 {
				return false
			}
			w := a64(code)
			const sp, frame = 31, 29
			n := w >> 5 & 31
			return w&0x1f00_0000 == 0x1000_0000 || w&31 == sp || n == sp || n == frame || w>>16&31 == frame
		},
		use:     func(code []byte) decode.Address { return decode.ARM64Address(a64(code)) },
		effects: decode.ARM64Effects,
		beside: func(code []byte, index bool) uint32 {
			field := uint32(31 << 5) // Rn
			if index {
				field = 31 << 16 // Rm
			}
			w := binary.LittleEndian.AppendUint32(nil, a64(code)|field)
			return decode.ARM64Effects(w, nil).Reads
		},
		compares: func(code []byte) (register uint8, number uint64, ok bool) {
			w := a64(code) // CMP (immediate), not shifted
			return uint8(w >> 5 & 31), uint64(w >> 10 & 0xfff), w&0x7fc0_001f == 0x7100_001f
		},
		unsigned: func(code []byte) (higher, rest bool) { // B.HI, B.LS
			w := a64(code) & 0xff00_001f
			return w == 0x5400_0008, w == 0x5400_0009
		},
		moves: func(code []byte) (to, from uint8, ok bool) {
			w := a64(code) // MOV (register)
			return uint8(w & 31), uint8(w >> 16 & 31), w&0x7fe0_ffe0 == 0x2a00_03e0
		},
		flags: func(code []byte) bool {
			w := a64(code)
			return w&0x3f00_0000 == 0x3100_0000 || // ADDS, SUBS (immediate)
				w&0x7f80_0000 == 0x7200_0000 || // ANDS (immediate)
				w&0x3f00_0000 == 0x2b00_0000 || // ADDS, SUBS (registers)
				w&0x7f00_0000 == 0x6a00_0000 || // ANDS, BICS
				w&0x3f00_0000 == 0x3a00_0000 || // ADCS, SBCS, CCMN, CCMP
				w&0xff20_0c00 == 0x1e20_0400 || w&0xff20_fc00 == 0x1e20_2000 // FCCMP, FCMP
		},
		// Procedure Call Standard for the Arm 64-bit Architecture, "General-purpose
		// registers": x0 to x7 are arguments, x8 the place of a large result, x0 and x1
		// a small one, x19 to x28 the callee's to keep.
		arguments: 1<<9 - 1,
		results:   1 << 0,
		second:    1 << 1,
		clobbered: 1<<19 - 1 | 1<<30,
		fixup: func(entry []byte) uint32 {
			if len(entry) < 12 {
				return 0
			}
			data := binary.LittleEndian.Uint16(entry[10:]) // EX_DATA_REG_*: asm/asm-extable.h, asm/extable.h
			return (1<<(data&31) | 1<<(data>>5&31)) &^ (1 << 31)
		},
	},
	relocs: []relocForm{
		elf.R_AARCH64_NONE:                {kind: relocNone},
		elf.R_AARCH64_NULL:                {kind: relocNone},
		elf.R_AARCH64_ABS64:               {kind: relocAbs64, width: 8},
		elf.R_AARCH64_ABS32:               {kind: relocAbs32, width: 4},
		elf.R_AARCH64_ABS16:               {kind: relocAbs16, width: 2},
		elf.R_AARCH64_PREL64:              {kind: relocPC64, width: 8, pc: true},
		elf.R_AARCH64_PREL32:              {kind: relocPC, width: 4, pc: true},
		elf.R_AARCH64_PREL16:              {kind: relocPC16, width: 2, pc: true},
		elf.R_AARCH64_MOVW_UABS_G0:        {kind: relocMove0, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G0_NC:     {kind: relocMove0, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G1:        {kind: relocMove1, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G1_NC:     {kind: relocMove1, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G2:        {kind: relocMove2, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G2_NC:     {kind: relocMove2, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_UABS_G3:        {kind: relocMove3, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_SABS_G0:        {kind: relocMove0, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_SABS_G1:        {kind: relocMove1, width: 4, mask: a64Imm16},
		elf.R_AARCH64_MOVW_SABS_G2:        {kind: relocMove2, width: 4, mask: a64Imm16},
		elf.R_AARCH64_LD_PREL_LO19:        {kind: relocLiteral, width: 4, pc: true, mask: a64Imm19},
		elf.R_AARCH64_ADR_PREL_LO21:       {kind: relocPC, width: 4, pc: true, mask: a64ADR},
		elf.R_AARCH64_ADR_PREL_PG_HI21:    {kind: relocPage, width: 4, pc: true, mask: a64ADR},
		elf.R_AARCH64_ADR_PREL_PG_HI21_NC: {kind: relocPage, width: 4, pc: true, mask: a64ADR},
		elf.R_AARCH64_ADD_ABS_LO12_NC:     {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_LDST8_ABS_LO12_NC:   {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_LDST16_ABS_LO12_NC:  {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_LDST32_ABS_LO12_NC:  {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_LDST64_ABS_LO12_NC:  {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_LDST128_ABS_LO12_NC: {kind: relocLow12, width: 4, mask: a64Imm12},
		elf.R_AARCH64_TSTBR14:             {kind: relocPC, width: 4, pc: true, mask: a64Imm14},
		elf.R_AARCH64_CONDBR19:            {kind: relocPC, width: 4, pc: true, mask: a64Imm19},
		elf.R_AARCH64_JUMP26:              {kind: relocPC, width: 4, pc: true, mask: a64Imm26},
		elf.R_AARCH64_CALL26:              {kind: relocPC, width: 4, pc: true, mask: a64Imm26},
		elf.R_AARCH64_ADR_GOT_PAGE:        {kind: relocGOTPage, width: 4, pc: true, mask: a64ADR},
		elf.R_AARCH64_LD64_GOT_LO12_NC:    {kind: relocGOTLow12, width: 4, mask: a64Imm12},
		287:                               {kind: relocMovePC0, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G0
		288:                               {kind: relocMovePC0, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G0_NC
		289:                               {kind: relocMovePC1, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G1
		290:                               {kind: relocMovePC1, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G1_NC
		291:                               {kind: relocMovePC2, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G2
		292:                               {kind: relocMovePC2, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G2_NC
		293:                               {kind: relocMovePC3, width: 4, pc: true, mask: a64Imm16}, // MOVW_PREL_G3
		314:                               {kind: relocPC, width: 4, pc: true},                      // PLT32
		315:                               {kind: relocGOT, width: 4, pc: true},                     // GOTPCREL32
	},
}

// a64 is the instruction word at the start of code.
func a64(code []byte) uint32 { return binary.LittleEndian.Uint32(code) }

// arm64LinkOrder is by include/asm-generic/vmlinux.lds.h and
// arch/arm64/kernel/vmlinux.lds.S.
var arm64LinkOrder = slices.Concat([][]string{
	{".head.text"},
	{".irqentry.text"},
	{".softirqentry.text"},
	{".entry.text"},
}, linkText, [][]string{
	{".hyp.idmap.text"},
	{".hyp.text"},
	{".static_call.text"},
	{".rodata"},
	{".rodata.*"},
	{".data..ro_after_init"},
	nil, // all other data that nothing writes
	{".hyp.rodata"},
	{".entry.tramp.text"},
	{".hibernate_exit.text"},
	{".kexec_relocate.text"},
	{".idmap.text"},
	{".init.text", ".init.text.*"},
	{".text.startup", ".text.startup.*"},
	{".exit.text"},
	{".text.exit", ".text.exit.*"},
	{".init.data", ".init.data.*"},
	{".init.rodata", ".init.rodata.*"},
	{".exit.data", ".exit.data.*"},
	{".data..percpu*"},
}, linkData, [][]string{
	{".mmuoff.data.write"},
	{".mmuoff.data.read"},
	{".bss*"},
})

// SPDX-License-Identifier: MIT

// Package decode reads one machine instruction at a time: how long it is,
// what it does to control flow, and which of its bytes are a displacement, an
// immediate or a PC-relative field. It knows no mnemonics and no registers;
// whoever wants to print an instruction uses a disassembler.
//
// We have a decoder of our own because a checksum is only as good as the
// instruction boundaries below it. A decoder that says "one byte" for an
// instruction it doesn't know, as golang.org/x/arch/x86/x86asm does for
// endbr64 or enqcmds, silently puts everything behind it out of step, and one
// that fails ends the walk of a function. This one covers what kernels are
// built from, refuses what isn't an instruction, allocates nothing, and is
// compared with objdump over millions of instructions (docs/decoding.md).
//
// X86 decodes in the order the bytes come:
//
//  1. legacy prefixes and REX                        prefixes, oneByte
//  2. the opcode and its map: 0F, 0F38, 0F3A, 3DNow!,
//     REX2, VEX, EVEX, XOP                           escaped, x86Maps
//  3. ModRM, SIB and displacement; where ModRM is
//     part of the opcode, the group's own row        x86Group
//  4. immediates and branch displacements            immediateSizes
//  5. what it is: Kind, Form and the target          x86Form
//
// Steps 2 to 4 are driven by opcode maps (x86_maps.go) that give a letter,
// and so a shape, for every opcode of every map. A further machine brings a
// file with one more function of type Decoder.
package decode

// Decoder decodes the instruction at the start of code into in, which stays the
// caller's: an instruction is written once, where it is kept. It reports false
// if no instruction stands there - the bytes are not one, or code ends within
// it - and then leaves in undefined. It never reads further than the
// instruction.
type Decoder func(code []byte, in *Inst) bool

// Kind is what an instruction does to control flow.
type Kind uint8

const (
	Plain        Kind = iota // goes on with the next instruction
	Nop                      // likewise, and does nothing: padding
	Jump                     // PC-relative, always taken
	CondJump                 // PC-relative, or goes on with the next
	Call                     // PC-relative
	IndirectJump             // through a register or memory, or to an absolute or far address
	IndirectCall             // likewise
	Return                   // to a caller, from an interrupt, to user space
	Trap                     // doesn't go on: int3, ud2, ...
)

var kindNames = [...]string{
	"plain", "nop", "jump", "condjump", "call",
	"indirectjump", "indirectcall", "return", "trap",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// Span is a field of an instruction: Len bytes at Off from its start.
// An instruction without that field has the zero Span.
type Span struct{ Off, Len uint8 }

// Of returns the field's bytes in code, which starts with the instruction.
func (s Span) Of(code []byte) []byte { return code[s.Off : s.Off+s.Len] }

// Inst describes one instruction. Flow and Fields only group what it says of
// it; an Inst of four parts is one that the compiler takes apart instead of
// copying it through memory, which halves the time X86 takes.
type Inst struct {
	Len uint8 // in bytes
	Flow
	Fields

	// PCRel is what PC refers to, as an offset from the instruction's start.
	PCRel int64
}

// Flow is what an instruction does to control flow.
type Flow struct {
	Kind Kind

	// Form is the canonical form of a direct branch: the same for each
	// encoding of one condition, and 0 for everything else. On x86: 0x70|cc
	// for Jcc, 0xEB for jmp, 0xE8 for call, 0xE0 to 0xE3 for loopne, loope,
	// loop and jrcxz, 0xF8 for xbegin.
	Form uint8

	// Opcode is the number of prefix bytes before the opcode. On x86 legacy
	// prefixes and REX are prefixes, while REX2, VEX, EVEX and XOP belong to
	// the opcode.
	Opcode uint8
}

// Fields are the parts of an instruction that hold a number.
type Fields struct {
	// PC is the field that is relative to the PC: the displacement of a
	// direct branch or of a RIP-relative memory operand.
	PC Span

	// Disp is the displacement or address of any other memory operand.
	Disp Span

	// Imm and Imm2 are the immediates.
	Imm, Imm2 Span
}

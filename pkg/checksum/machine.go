// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"encoding/binary"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// machine is everything the walk must know about an architecture: one row of
// the table below, filled in in a file named after the machine.
type machine struct {
	name string // as in manifests and JSON
	// decode reads one instruction.
	decode decode.Decoder
	// relocs says what each relocation type is, by its number.
	relocs []relocForm
	// address64 is the type of relocation that writes a 64-bit address.
	address64 uint32
	// branch is what the assembler adds to the addend of a direct branch.
	branch int64
	// fromEnd is set where PC-relative fields count from the end of their
	// instruction; elsewhere it is from their own place.
	fromEnd bool
	// bias is what a macro adds to a kernel symbol's address to make it a
	// physical one; 0 for none.
	bias int64
	// anyByPlace is set where the assembler refers to globals by their section and
	// offset, too, not to locals alone (rule 3.8g).
	anyByPlace bool
	// appendBranch encodes what a direct branch says beside its form and target.
	appendBranch func(b, code []byte, in *decode.Inst) []byte
	// blankPC clears an instruction's PC-relative field.
	blankPC func(code []byte, in *decode.Inst)
	// lines is how line numbers are found in its code; nil for not at all.
	lines *lines.Machine
	// appendLine encodes an instruction with its immediate left out, in one
	// way for all sizes that the immediate may have.
	appendLine func(b, code []byte, in *decode.Inst) []byte
	// landingPad tells whether an instruction is one that indirect branches
	// must land on; nil where the machine has none.
	landingPad func(code []byte) bool
	// address tells whether an instruction with a memory operand computes its
	// address and leaves alone what is there.
	address func(in *decode.Inst, code []byte) bool
	// linkOrder is the order in which its linker script takes sections: those of the
	// name, or where it ends in *, those that begin so; nil for all other code, then
	// for all other data that nothing writes, then for all other data. The last is of
	// data that no file holds.
	linkOrder [][]string
	// addressing is what it takes to prove what accesses by section anchors refer to;
	// nil for a machine without.
	addressing *addressing
	// copies tells whether an instruction copies memory; nil where the machine has none that
	// does so alone.
	copies func(code []byte, in *decode.Inst) (decode.Copy, bool)
	// indexes is the index of an access to what the instruction spells out, and most the
	// number that an instruction leaves in a register at most; nil where nobody knows.
	indexes func(code []byte, in *decode.Inst) (decode.Index, bool)
	most    func(code []byte, in *decode.Inst) (register uint8, most uint64, ok bool)
	// barrier tells whether an instruction only keeps what is behind it from running
	// ahead; nil where nobody knows.
	barrier func(code []byte) bool
	// nop is the instruction that most padding is made of; empty for none.
	nop string
	// fill is how many bytes at the start of code are padding outside of every
	// function, beside NOPs: 0 for none.
	fill func(code []byte) int
}

// relocForm is a relocation type in canonical form.
type relocForm struct {
	kind  relocKind
	width uint8 // of the field in bytes
	pc    bool  // the value is relative to the field's own place
	// mask is the bits of an instruction's word that are the field; 0 for all.
	mask uint32
}

// blank clears the field in bytes that begin with it, as far as it lies in them.
func (f *relocForm) blank(bytes []byte) {
	if f.mask != 0 && len(bytes) >= 4 {
		binary.LittleEndian.PutUint32(bytes, binary.LittleEndian.Uint32(bytes)&^f.mask)
		return
	}
	clear(bytes[:min(int(f.width), len(bytes))])
}

// relocKind is what a relocation writes, without how: equal for types that
// differ only in what the linker may do about them. A type without a row is a
// kind of its own, unnamed and above.
type relocKind uint64

const (
	relocUnknown relocKind = iota
	relocNone
	relocAbs64
	relocAbs32
	relocAbs32Signed
	relocAbs16
	relocAbs8
	relocPC
	relocPC64
	relocPC16
	relocPC8
	relocGOT     // PC-relative, of the symbol's GOT entry
	relocSize    // the symbol's size
	relocTLS     // thread-local; the kernel has none
	relocGOTBase // the GOT itself
	relocPage    // PC-relative, of the 4 KiB page
	relocLow12   // the offset in the page
	relocGOTPage // of the symbol's GOT entry
	relocGOTLow12
	relocMove0 // 16 bits of the value, for a move: bits 0 to 15
	relocMove1
	relocMove2
	relocMove3
	relocMovePC0 // of the value relative to the field's place
	relocMovePC1
	relocMovePC2
	relocMovePC3
	relocLiteral // PC-relative, a load
	relocBased   // no relocation: what a register is proved to hold, and a number
	relocRunsOn  // no relocation: what stands behind a function that doesn't end

	unnamed = 0x80
)

var machines = map[elf.Machine]*machine{
	elf.EM_X86_64:  &x86,
	elf.EM_AARCH64: &arm64,
}

// opaqueMachine stands for a machine that has no row: functions are hashed by
// their raw bytes and relocations.
func opaqueMachine(m elf.Machine) *machine {
	return &machine{
		name:    m.String(),
		relocs:  []relocForm{{kind: relocNone}}, // type 0, on all machines
		address: func(*decode.Inst, []byte) bool { return false },
		fill:    fillZero,
	}
}

// fillZero takes zero for padding.
func fillZero(code []byte) int {
	if code[0] != 0 {
		return 0
	}
	return 1
}

// after is what a PC-relative field of an instruction is less than what its
// relocation says, which counts from the field.
func (m *machine) after(in *decode.Inst, field uint64) int64 {
	if !m.fromEnd {
		return 0
	}
	return int64(in.Len) - int64(field)
}

func (m *machine) reloc(typ uint32) relocForm {
	if uint64(typ) < uint64(len(m.relocs)) && m.relocs[typ].kind != relocUnknown {
		return m.relocs[typ]
	}
	return relocForm{kind: unnamed + relocKind(typ)}
}

// isNone tells whether a type is one that relocates nothing.
func (m *machine) isNone(typ uint32) bool { return m.reloc(typ).kind == relocNone }

// effective is relocation records without those, at either end, that relocate nothing.
func (m *machine) effective(relocs object.Relocs) object.Relocs {
	lo, hi := 0, relocs.Len()
	for lo < hi && m.isNone(relocs.Type(lo)) {
		lo++
	}
	for lo < hi && m.isNone(relocs.Type(hi-1)) {
		hi--
	}
	return relocs.Slice(lo, hi)
}

// mayIndex tells whether a register may be added to the address that a relocated field has:
// in the same operand, or where addresses are made in steps, by another instruction.
func (m *machine) mayIndex(form relocForm, immediate bool) bool {
	return m.addressing != nil || !form.pc && !immediate
}

// nops is how many bytes at the start of code are NOPs.
func (m *machine) nops(code []byte) int {
	if m.decode == nil {
		return 0
	}
	n, in := 0, &decode.Inst{}
	for m.decode(code[n:], in) && in.Kind == decode.Nop {
		n += int(in.Len)
	}
	return n
}

// appendTo encodes the kind: it says what the field beside it is.
func (k relocKind) appendTo(b []byte) []byte { return binary.AppendUvarint(b, uint64(k)) }

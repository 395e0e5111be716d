// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"encoding/binary"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
)

// machine is everything the walk must know about an architecture: one row of
// the table below, filled in in a file named after the machine.
type machine struct {
	name string // as in manifests and JSON
	// decode reads one instruction.
	decode decode.Decoder
	// relocs says what each relocation type is, by its number.
	relocs []relocForm
	// branch is what the assembler adds to the addend of a direct branch.
	branch int64
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
	// fill tells whether the byte, outside of every function, is padding.
	fill func(b byte) bool
}

// relocForm is a relocation type in canonical form.
type relocForm struct {
	kind  relocKind
	width uint8 // of the field in bytes
	pc    bool  // the value is relative to the field's own place
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

	unnamed = 0x80
)

var machines = map[elf.Machine]*machine{
	elf.EM_X86_64: &x86,
}

// opaqueMachine stands for a machine that has no row: functions are hashed by
// their raw bytes and relocations.
func opaqueMachine(m elf.Machine) *machine {
	return &machine{name: m.String(), address: func(*decode.Inst, []byte) bool { return false }, fill: func(b byte) bool { return b == 0 }}
}

func (m *machine) reloc(typ uint32) relocForm {
	if uint64(typ) < uint64(len(m.relocs)) && m.relocs[typ].kind != relocUnknown {
		return m.relocs[typ]
	}
	return relocForm{kind: unnamed + relocKind(typ)}
}

// appendTo encodes the kind: it says what the field beside it is.
func (k relocKind) appendTo(b []byte) []byte { return binary.AppendUvarint(b, uint64(k)) }

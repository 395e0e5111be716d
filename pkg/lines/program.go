// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errProgram = errors.New("malformed line number program")

// The opcodes of a line number program that move the address or the line, or add a row
// (DWARF 5, 6.2.5.2, "Standard Opcodes", and 6.2.5.3, "Extended Opcodes").
const (
	lnsExtended       = 0
	lnsCopy           = 1
	lnsAdvancePC      = 2
	lnsAdvanceLine    = 3
	lnsConstAddPC     = 8
	lnsFixedAdvancePC = 9

	lneEndSequence = 1
	lneSetAddress  = 2
)

// lineProgram is a line number program (DWARF 5, 6.2, "Line Number Information") of
// versions 2 to 5, from which the rows' addresses and lines are read and nothing else: the
// tables of directories and files, whose counts and strings could make a reader large, are
// passed over.
type lineProgram struct {
	reader             // of what has not been run
	step       uint64  // bytes of the shortest instruction
	operations uint64  // per instruction
	lineBase   int8    // the least a special opcode adds to the line
	lineRange  uint8   // how many lines special opcodes tell apart
	operands   []uint8 // of each standard opcode, its number less one

	address   uint64
	operation uint64
	line      uint32
}

// newLineProgram reads the header of the program at the start of a section's rest
// (DWARF 5, 6.2.4, "The Line Number Program Header").
func newLineProgram(b []byte, order binary.ByteOrder) (*lineProgram, error) {
	all := reader{rest: b, order: order}
	r, wide := all.unit()
	version := r.word(2)
	if version == 5 {
		r.take(2) // the sizes of addresses and of segment selectors
	}
	header := r.part(r.offset(wide))
	p := &lineProgram{reader: r, step: uint64(header.byte()), operations: 1}
	if version >= 4 {
		p.operations = uint64(header.byte())
	}
	header.byte() // whether rows begin statements
	p.lineBase, p.lineRange = int8(header.byte()), header.byte()
	opcodes := header.byte()
	switch {
	case header.err != nil:
		return nil, header.err
	case version < 2 || version > 5:
		return nil, fmt.Errorf("%w: version %d", errProgram, version)
	case p.operations == 0 || p.lineRange == 0 || opcodes == 0:
		return nil, fmt.Errorf("%w: a zero in its header", errProgram)
	}
	p.operands = header.take(uint64(opcodes) - 1)
	for opcode, n := range map[int]uint8{lnsCopy: 0, lnsAdvancePC: 1, lnsAdvanceLine: 1, lnsConstAddPC: 0} {
		if opcode <= len(p.operands) && p.operands[opcode-1] != n {
			return nil, fmt.Errorf("%w: %d operands of opcode %d", errProgram, p.operands[opcode-1], opcode)
		}
	}
	p.reset()
	return p, header.err
}

// reset starts a sequence.
func (p *lineProgram) reset() { p.address, p.operation, p.line = 0, 0, 1 }

// next runs the program up to its next row, whose address and line it returns, or, of a
// row that ends a sequence, a line of 0. It isn't ok at the end of the program, or where
// it is malformed.
func (p *lineProgram) next() (address uint64, line uint32, ok bool) {
	for len(p.rest) > 0 {
		switch opcode := p.byte(); {
		case int(opcode) > len(p.operands):
			p.special(opcode)
			return p.address, p.line, true
		case opcode == lnsCopy:
			return p.address, p.line, true
		case opcode != lnsExtended:
			p.standard(opcode)
		case p.extended():
			address = p.address
			p.reset()
			return address, 0, true
		}
	}
	return 0, 0, false
}

// special moves both the address and the line (DWARF 5, 6.2.5.1, "Special Opcodes").
func (p *lineProgram) special(opcode uint8) {
	adjusted := opcode - uint8(len(p.operands)) - 1
	p.advance(uint64(adjusted / p.lineRange))
	p.line += uint32(int32(p.lineBase) + int32(adjusted%p.lineRange))
}

// advance moves the address by so many operations.
func (p *lineProgram) advance(operations uint64) {
	operations += p.operation
	p.address += p.step * (operations / p.operations)
	p.operation = operations % p.operations
}

// standard runs an opcode that adds no row, whatever its number: those that are not named
// here move neither address nor line, and the header tells how many operands they have.
func (p *lineProgram) standard(opcode uint8) {
	switch opcode {
	case lnsAdvancePC:
		p.advance(p.number())
	case lnsAdvanceLine:
		p.line += uint32(p.signed())
	case lnsConstAddPC:
		p.advance(uint64((0xff - uint8(len(p.operands)) - 1) / p.lineRange))
	case lnsFixedAdvancePC:
		p.address, p.operation = p.address+p.word(2), 0
	default:
		for range p.operands[opcode-1] {
			p.number()
		}
	}
}

// extended runs an extended opcode, behind the zero, and tells whether it ends a sequence.
func (p *lineProgram) extended() (end bool) {
	r := p.part(p.number())
	opcode := r.byte()
	if opcode == lneSetAddress {
		if size := len(r.rest); size != 4 && size != 8 {
			r.fail(fmt.Errorf("%w: an address of %d bytes", errProgram, size))
		}
		p.address, p.operation = r.word(uint8(len(r.rest))), 0
	}
	if r.err != nil {
		p.fail(r.err)
	}
	return opcode == lneEndSequence
}

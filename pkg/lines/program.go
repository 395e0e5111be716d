// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	errProgramEnd = errors.New("a line number program ends early")
	errProgram    = errors.New("malformed line number program")
)

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
	code       []byte // what has not been run
	order      binary.ByteOrder
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
	size, b, wide, ok := unitLength(b, order)
	if !ok || size < 2 {
		return nil, errProgramEnd
	}
	version := order.Uint16(b)
	b = b[2:size]
	switch {
	case version < 2 || version > 5:
		return nil, fmt.Errorf("%w: version %d", errProgram, version)
	case version == 5 && len(b) < 2:
		return nil, errProgramEnd
	case version == 5:
		b = b[2:] // the sizes of addresses and of segment selectors
	}
	length, b, ok := offset(b, wide, order)
	if !ok || length > uint64(len(b)) {
		return nil, errProgramEnd
	}
	p := &lineProgram{code: b[length:], order: order, operations: 1}
	b = b[:length]
	fields := 5
	if version >= 4 {
		fields = 6
	}
	if len(b) < fields {
		return nil, errProgramEnd
	}
	p.step = uint64(b[0])
	if version >= 4 {
		p.operations = uint64(b[1])
		b = b[1:]
	}
	p.lineBase, p.lineRange = int8(b[2]), b[3] // behind is_stmt
	opcodes := int(b[4])
	b = b[5:]
	switch {
	case p.operations == 0 || p.lineRange == 0 || opcodes == 0:
		return nil, fmt.Errorf("%w: a zero in its header", errProgram)
	case len(b) < opcodes-1:
		return nil, errProgramEnd
	}
	p.operands = b[:opcodes-1]
	for opcode, n := range map[int]uint8{lnsCopy: 0, lnsAdvancePC: 1, lnsAdvanceLine: 1, lnsConstAddPC: 0} {
		if opcode < opcodes && p.operands[opcode-1] != n {
			return nil, fmt.Errorf("%w: %d operands of opcode %d", errProgram, p.operands[opcode-1], opcode)
		}
	}
	p.reset()
	return p, nil
}

// reset starts a sequence.
func (p *lineProgram) reset() { p.address, p.operation, p.line = 0, 0, 1 }

// next runs the program up to its next row, whose address and line it returns, or, of a
// row that ends a sequence, a line of 0. It isn't ok at the end of the program.
func (p *lineProgram) next() (address uint64, line uint32, ok bool, err error) {
	for len(p.code) > 0 {
		opcode := p.code[0]
		p.code = p.code[1:]
		row := false
		switch {
		case int(opcode) > len(p.operands):
			p.special(opcode)
			row = true
		case opcode == lnsExtended:
			end, err := p.extended()
			if err != nil {
				return 0, 0, false, err
			}
			if end {
				address = p.address
				p.reset()
				return address, 0, true, nil
			}
		case opcode == lnsCopy:
			row = true
		default:
			if err := p.standard(opcode); err != nil {
				return 0, 0, false, err
			}
		}
		if row {
			return p.address, p.line, true, nil
		}
	}
	return 0, 0, false, nil
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
func (p *lineProgram) standard(opcode uint8) error {
	switch opcode {
	case lnsAdvancePC:
		n, err := p.number()
		p.advance(n)
		return err
	case lnsAdvanceLine:
		n, err := p.signed()
		p.line += uint32(n)
		return err
	case lnsConstAddPC:
		p.advance(uint64((0xff - uint8(len(p.operands)) - 1) / p.lineRange))
		return nil
	case lnsFixedAdvancePC:
		if len(p.code) < 2 {
			return errProgramEnd
		}
		p.address, p.operation = p.address+uint64(p.order.Uint16(p.code)), 0
		p.code = p.code[2:]
		return nil
	}
	for range p.operands[opcode-1] {
		if _, err := p.number(); err != nil {
			return err
		}
	}
	return nil
}

// extended runs an extended opcode, behind the zero, and tells whether it ends a sequence.
func (p *lineProgram) extended() (end bool, err error) {
	size, err := p.number()
	if err != nil {
		return false, err
	}
	if size == 0 || size > uint64(len(p.code)) {
		return false, errProgramEnd
	}
	opcode, operand := p.code[0], p.code[1:size]
	p.code = p.code[size:]
	switch {
	case opcode == lneSetAddress && len(operand) == 8:
		p.address, p.operation = p.order.Uint64(operand), 0
	case opcode == lneSetAddress && len(operand) == 4:
		p.address, p.operation = uint64(p.order.Uint32(operand)), 0
	case opcode == lneSetAddress:
		return false, fmt.Errorf("%w: an address of %d bytes", errProgram, len(operand))
	}
	return opcode == lneEndSequence, nil
}

// number reads an unsigned LEB128 number.
func (p *lineProgram) number() (uint64, error) {
	n, _, rest, ok := leb128(p.code)
	if p.code = rest; !ok {
		return 0, errProgramEnd
	}
	return n, nil
}

// signed reads a signed LEB128 number.
func (p *lineProgram) signed() (int64, error) {
	n, bits, rest, ok := leb128(p.code)
	if p.code = rest; !ok {
		return 0, errProgramEnd
	}
	unused := 64 - min(bits, 64)
	return int64(n<<unused) >> unused, nil
}

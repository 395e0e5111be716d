// SPDX-License-Identifier: MIT

package decode

// shape is what an opcode says about the bytes behind it: an immediate class,
// a Kind and flags. The zero shape is no instruction.
type shape uint32

const invalid shape = 0

// Immediate classes. Those below immediateEnter are one immediate.
const (
	immediate8      shape = iota + 1
	immediate16           // ret
	immediate32           // also a branch's displacement
	immediateZ            // 2 or 4 bytes by operand size
	immediateV            // 2, 4 or 8
	immediateAbs          // 8
	immediateXbegin       // a branch's displacement of 2 or 4
	immediateEnter        // 2, then 1
	immediatePair         // 1, then 1
	immediateSuffix       // the opcode of a 3DNow! instruction
	immediateMoffs        // an address, by address size
	immediateMask   shape = 15
)

// immediateSizes gives the bytes of an immediate, and of a second one in the
// upper four bits, by class and operand size. The columns are neither a 66
// prefix nor REX.W, 66, REX.W, both.
var immediateSizes = [immediateMask + 1][operandSize + 1]uint8{
	immediate8:      {1, 1, 1, 1},
	immediate16:     {2, 2, 2, 2},
	immediate32:     {4, 4, 4, 4},
	immediateZ:      {4, 2, 4, 4},
	immediateV:      {4, 2, 8, 8},
	immediateAbs:    {8, 8, 8, 8},
	immediateXbegin: {4, 2, 4, 4},
	immediateEnter:  {0x12, 0x12, 0x12, 0x12},
	immediatePair:   {0x11, 0x11, 0x11, 0x11},
	immediateSuffix: {1, 1, 1, 1},
}

// What a ModRM byte says about the bytes behind it: the size of the
// displacement, whether there is a SIB byte (whose base may bring a
// displacement too), and the RIP-relative form.
const (
	modrmSize     = 0x07
	modrmSIB      = 0x10
	modrmRelative = 0x24
)

var modrms = func() (table [256]uint8) {
	for modrm := range 0xC0 {
		m := [3]uint8{0, 1, 4}[modrm>>6]
		switch {
		case modrm&7 == 4:
			m |= modrmSIB
		case modrm&0xC7 == 5:
			m = modrmRelative
		}
		table[modrm] = m
	}
	return table
}()

const kindShift = 4

const (
	isValid      shape = 1 << (iota + 8)
	hasModRM           //
	onlyMemory         // with mod 3 it is not an instruction
	onlyRegister       // without mod 3 it is not one
	anyMod             // mod means nothing: always a register
	isGroup            // x86Group has more to say
	isRelative         // the immediate is relative to the PC
	isPrefix
	isEscape // what follows is still opcode
)

func (s shape) kind() Kind { return Kind(s >> kindShift & 15) }

func (k Kind) shape() shape { return shape(k) << kindShift }

// letters are the shapes that the opcode maps below are written in.
var letters = [128]shape{
	'.': invalid,
	'n': isValid,
	'b': isValid | immediate8,
	'w': isValid | immediate16 | Return.shape(),
	'z': isValid | immediateZ,
	'v': isValid | immediateV,
	'e': isValid | immediateEnter,
	'a': isValid | immediateMoffs,
	'A': isValid | immediateAbs | IndirectJump.shape(),

	'm': isValid | hasModRM,
	'M': isValid | hasModRM | onlyMemory,
	'R': isValid | hasModRM | onlyRegister,
	'c': isValid | hasModRM | anyMod,
	'g': isValid | hasModRM | isGroup,
	'B': isValid | hasModRM | immediate8,
	'P': isValid | hasModRM | immediate8 | onlyMemory,
	'Q': isValid | hasModRM | immediate8 | onlyRegister,
	'h': isValid | hasModRM | immediate8 | isGroup,
	'Z': isValid | hasModRM | immediateZ,
	'H': isValid | hasModRM | immediateZ | isGroup,
	'D': isValid | hasModRM | immediate32,
	's': isValid | hasModRM | immediateSuffix,

	'j': isValid | immediate8 | isRelative | CondJump.shape(),
	'J': isValid | immediate32 | isRelative | CondJump.shape(),
	'k': isValid | immediate8 | isRelative | Jump.shape(),
	'K': isValid | immediate32 | isRelative | Jump.shape(),
	'C': isValid | immediate32 | isRelative | Call.shape(),
	'r': isValid | Return.shape(),
	't': isValid | Trap.shape(),
	'T': isValid | hasModRM | Trap.shape(),
	'N': isValid | Nop.shape(),
	'O': isValid | hasModRM | Nop.shape(),

	'p': isValid | isPrefix,
	'x': isValid | isEscape,
}

// x86Table is the number of an opcode map.
type x86Table uint8

const (
	tableNone x86Table = iota
	tableOne
	table0F
	table0F38
	table0F3A
	tableVEX1
	tableVEX2
	tableVEX3
	tableVEX5
	tableVEX7
	tableEVEX1
	tableEVEX2
	tableEVEX3
	tableEVEX4
	tableEVEX5
	tableEVEX6
	tableEVEX7
	tableXOP8
	tableXOP9
	tableXOPA
	x86TableCount
)

// Map numbers of the prefixes that have a field for them.
var (
	vexMaps  = [32]x86Table{1: tableVEX1, 2: tableVEX2, 3: tableVEX3, 5: tableVEX5, 7: tableVEX7}
	evexMaps = [32]x86Table{
		1: tableEVEX1, 2: tableEVEX2, 3: tableEVEX3, 4: tableEVEX4,
		5: tableEVEX5, 6: tableEVEX6, 7: tableEVEX7,
	}
	xopMaps = [32]x86Table{8: tableXOP8, 9: tableXOP9, 10: tableXOPA}
)

// oneByte and x86Tables are the opcode maps with shapes for letters. oneByte
// stands alone because each instruction begins with it.
var (
	oneByte   = opcodes(x86Maps[tableOne])
	x86Tables = func() (tables [x86TableCount][256]shape) {
		for i, rows := range x86Maps {
			tables[i] = opcodes(rows)
		}
		return tables
	}()
)

// opcodes turns a map's rows into shapes. A row is the opcode's upper digit, a
// blank, and a letter for each lower digit.
func opcodes(rows []string) (table [256]shape) {
	const digits = "0123456789ABCDEF"
	for _, row := range rows {
		for high := range len(digits) {
			if row[0] != digits[high] {
				continue
			}
			for low := range 16 {
				table[high<<4|low] = letters[row[2+low]]
			}
		}
	}
	return table
}

// is3DNow says which suffixes of 0F 0F are instructions.
var is3DNow = [256]bool{
	0x0C: true, 0x0D: true, 0x1C: true, 0x1D: true,
	0x8A: true, 0x8E: true, 0x90: true, 0x94: true, 0x96: true, 0x97: true,
	0x9A: true, 0x9E: true, 0xA0: true, 0xA4: true, 0xA6: true, 0xA7: true,
	0xAA: true, 0xAE: true, 0xB0: true, 0xB4: true, 0xB6: true, 0xB7: true,
	0xBB: true, 0xBF: true,
}

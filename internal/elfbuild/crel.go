// SPDX-License-Identifier: MIT

package elfbuild

import (
	"debug/elf"
	"encoding/binary"
	"math/bits"
)

// SectionCREL is the type of a section of compact relocations, as LLVM writes it.
const SectionCREL = elf.SectionType(0x4000_0014)

// crel is the contents of a section's compact relocation section. Each record says in what
// it differs from the one before: its first number is the difference of the offsets above
// three flags, for whether symbol, type and addend differ, too.
func (b *builder) crel(s *Section) []byte {
	const flagBits, addends = 3, 4
	all := uint64(8) // offsets lack three zero bits at most
	for _, r := range s.Relocs {
		all |= r.Offset
	}
	shift := bits.TrailingZeros64(all)
	out := binary.AppendUvarint(nil, uint64(len(s.Relocs))<<3|addends|uint64(shift))
	var last Reloc
	var lastSymbol uint32
	for _, r := range s.Relocs {
		symbol := b.symbol(s, r)
		ahead := (r.Offset - last.Offset) >> shift
		first := byte(ahead << flagBits)
		var differences []byte
		for i, d := range [flagBits]int64{int64(int32(symbol - lastSymbol)), int64(int32(r.Type - last.Type)), r.Addend - last.Addend} {
			if d != 0 {
				first |= 1 << i
				differences = appendSLEB(differences, d)
			}
		}
		// The number may have more than 64 bits: what is above its first byte is another.
		if more := ahead >> (7 - flagBits); more == 0 {
			out = append(out, first)
		} else {
			out = binary.AppendUvarint(append(out, first|0x80), more)
		}
		out = append(out, differences...)
		last, lastSymbol = r, symbol
	}
	return out
}

// appendSLEB appends a signed LEB128 number.
func appendSLEB(out []byte, v int64) []byte {
	for ; v < -64 || v > 63; v >>= 7 {
		out = append(out, byte(v)|0x80)
	}
	return append(out, byte(v)&0x7f)
}

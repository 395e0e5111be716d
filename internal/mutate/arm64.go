// SPDX-License-Identifier: MIT

package mutate

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

var arm64 = machine{
	decode:    decode.ARM64,
	width:     arm64Width,
	writes:    arm64Writes,
	none:      uint32(elf.R_AARCH64_NONE),
	otherType: arm64OtherType,
	relative:  arm64Relative,
	fill:      func(b byte) bool { return b == 0 },
	changes:   arm64Changes,
	number:    arm64Number,
	retarget:  arm64Retarget,
	end:       func(object.Reloc, uint64, *decode.Inst) int64 { return 0 },
	pairs:     true,
	globals:   true,
	kcfi:      arm64KCFI,
	codeRefs:  arm64CodeRefs,
	flow:      arm64Flow,
	beside:    arm64Beside,
	anchored:  arm64Anchored,
	farther:   arm64Farther,
	loose:     arm64Loose,
}

func arm64Width(typ uint32) uint64 {
	switch elf.R_AARCH64(typ) {
	case elf.R_AARCH64_NONE, elf.R_AARCH64_NULL:
		return 0
	case elf.R_AARCH64_ABS64, elf.R_AARCH64_PREL64:
		return 8
	case elf.R_AARCH64_ABS16, elf.R_AARCH64_PREL16:
		return 2
	}
	return 4
}

// arm64Writes is the bits of an immediate in an instruction; Arm Architecture Reference
// Manual, C6.2.
func arm64Writes(typ uint32, at uint64) byte {
	field := uint32(0xffff_ffff)
	switch elf.R_AARCH64(typ) {
	case elf.R_AARCH64_ADR_PREL_LO21, elf.R_AARCH64_ADR_PREL_PG_HI21, elf.R_AARCH64_ADR_PREL_PG_HI21_NC:
		field = 0x60ff_ffe0
	case elf.R_AARCH64_ADD_ABS_LO12_NC, elf.R_AARCH64_LDST8_ABS_LO12_NC, elf.R_AARCH64_LDST16_ABS_LO12_NC,
		elf.R_AARCH64_LDST32_ABS_LO12_NC, elf.R_AARCH64_LDST64_ABS_LO12_NC, elf.R_AARCH64_LDST128_ABS_LO12_NC:
		field = 0x003f_fc00
	case elf.R_AARCH64_JUMP26, elf.R_AARCH64_CALL26:
		field = 0x03ff_ffff
	case elf.R_AARCH64_CONDBR19, elf.R_AARCH64_LD_PREL_LO19:
		field = 0x00ff_ffe0
	case elf.R_AARCH64_TSTBR14:
		field = 0x0007_ffe0
	case elf.R_AARCH64_MOVW_UABS_G0, elf.R_AARCH64_MOVW_UABS_G0_NC, elf.R_AARCH64_MOVW_UABS_G1, elf.R_AARCH64_MOVW_UABS_G1_NC,
		elf.R_AARCH64_MOVW_UABS_G2, elf.R_AARCH64_MOVW_UABS_G2_NC, elf.R_AARCH64_MOVW_UABS_G3:
		field = 0x001f_ffe0
	}
	return byte(field >> (8 * (at & 3)))
}

func arm64OtherType(typ uint32) (uint32, bool) {
	switch elf.R_AARCH64(typ) {
	case elf.R_AARCH64_PREL32:
		return uint32(elf.R_AARCH64_ABS32), true
	case elf.R_AARCH64_ABS32:
		return uint32(elf.R_AARCH64_PREL32), true
	case elf.R_AARCH64_ABS64:
		return uint32(elf.R_AARCH64_PREL64), true
	case elf.R_AARCH64_PREL64:
		return uint32(elf.R_AARCH64_ABS64), true
	}
	return 0, false
}

func arm64Relative(typ uint32) bool {
	switch elf.R_AARCH64(typ) {
	case elf.R_AARCH64_PREL64, elf.R_AARCH64_PREL32, elf.R_AARCH64_PREL16,
		elf.R_AARCH64_LD_PREL_LO19, elf.R_AARCH64_ADR_PREL_LO21,
		elf.R_AARCH64_TSTBR14, elf.R_AARCH64_CONDBR19, elf.R_AARCH64_JUMP26, elf.R_AARCH64_CALL26:
		return true
	}
	return false
}

// a64Operands is classes of instructions by the bits that say which one it is, and
// bits of their operands, any of which makes another instruction of the class:
// Arm Architecture Reference Manual, C4.1 "A64 instruction set encoding".
var a64Operands = [...]struct {
	mask, value uint32
	operands    []uint8
}{
	{0x1f80_0000, 0x1100_0000, []uint8{0, 5, 10, 21}}, // ADD, SUB (immediate)
	{0x1f80_0000, 0x1200_0000, []uint8{0, 5, 16}},     // AND, ORR, EOR (immediate): immr
	{0x1f80_0000, 0x1280_0000, []uint8{0, 5, 12, 20}}, // MOVN, MOVZ, MOVK
	{0x1f80_0000, 0x1300_0000, []uint8{0, 5, 16}},     // SBFM, BFM, UBFM: immr
	{0x1f20_0000, 0x0a00_0000, []uint8{0, 5, 10, 16}}, // logical (shifted register)
	{0x1f20_0000, 0x0b00_0000, []uint8{0, 5, 10, 16}}, // ADD, SUB (shifted register)
	{0x1fe0_0000, 0x1a80_0000, []uint8{0, 5, 12, 16}}, // CSEL and its kin: cond
	{0x3b00_0000, 0x3900_0000, []uint8{0, 5, 10, 20}}, // load, store (unsigned offset)
	{0x3b20_0c00, 0x3820_0800, []uint8{0, 5, 16}},     // load, store (register offset)
	{0x3b20_0000, 0x3800_0000, []uint8{12, 18}},       // load, store (unscaled, pre- and post-index)
	{0x3e00_0000, 0x2800_0000, []uint8{15, 19}},       // LDP, STP
	{0x7f00_0000, 0x3400_0000, []uint8{0, 1}},         // CBZ: Rt
	{0x7e00_0000, 0x3600_0000, []uint8{0, 19}},        // TBZ, TBNZ: Rt, the bit
	{0xff00_0010, 0x5400_0000, []uint8{1}},            // B.cond
	{0xffe0_001f, 0xd420_0000, []uint8{5, 14}},        // BRK
	{0xffdf_fc1f, 0xd61f_0000, []uint8{5}},            // BR, BLR: Rn
}

// arm64Changes flips bits of operands, one at a time.
func arm64Changes(code []byte, _ *decode.Inst, _ bool) []change {
	w := binary.LittleEndian.Uint32(code)
	var list []change
	for i := range a64Operands {
		if x := &a64Operands[i]; w&x.mask == x.value {
			for _, bit := range x.operands {
				list = append(list, change{uint64(bit / 8), code[bit/8] ^ 1<<(bit%8)})
			}
			break
		}
	}
	return list
}

// arm64Number is what MOVZ loads.
func arm64Number(code []byte, in *decode.Inst) (uint32, bool) {
	w := binary.LittleEndian.Uint32(code)
	if in.Imm.Len == 0 || w&0x7f80_0000 != 0x5280_0000 {
		return 0, false
	}
	value, shift := decode.ARM64Immediate(w)
	return uint32(uint64(value) << shift), true
}

func arm64Retarget(code []byte, in *decode.Inst, to int64) ([]byte, bool) {
	w := binary.LittleEndian.Uint32(code)
	if decode.ARM64Field(w) != 0x03ff_ffff || to>>27 != to>>63 {
		return nil, false
	}
	return binary.LittleEndian.AppendUint32(nil, w&^0x03ff_ffff|uint32(to>>2)&0x03ff_ffff), true
}

// arm64KCFI finds the word of data in front of a function, or of the NOPs there, that
// nothing loads.
func arm64KCFI(o *Object, e *object.Extent) (at uint64, ok bool) {
	at = e.Start
	code := o.file.Data(e.Section)
	for at >= 4 && binary.LittleEndian.Uint32(code[at-4:]) == a64Nop {
		at -= 4
	}
	if at < 4 {
		return 0, false
	}
	at -= 4
	d, ok := o.inlineAt(e.Section, at)
	return at, ok && o.checksCalls && d.start == at && d.end == at+4 && o.innermost(e.Section, at) == nil && len(o.loadsOf(e.Section, at)) == 0
}

const a64Nop = 0xd503_201f

// literal is a load of data in code.
type literal struct {
	section uint32
	at      uint64 // of the data
	from    uint64 // of the load
	size    uint64
}

// loadsOf is the loads of a place in code.
func (o *Object) loadsOf(section uint32, at uint64) []literal {
	var list []literal
	i, _ := slices.BinarySearchFunc(o.literals, literal{section: section, at: at - min(at, 15)}, func(a, b literal) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.at, b.at))
	})
	for ; i < len(o.literals) && o.literals[i].section == section && o.literals[i].at <= at; i++ {
		if l := o.literals[i]; at < l.at+l.size {
			list = append(list, l)
		}
	}
	return list
}

// arm64Flow finds literals and jump tables, and follows addresses.
func arm64Flow(o *Object) {
	for i := range o.code.Extents {
		e := &o.code.Extents[i]
		code := o.file.Data(e.Section)
		o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
			w := binary.LittleEndian.Uint32(code[at:])
			if w&0xffff_801f == 0xd430_0000 { // BRK of CFI_BRK_IMM_BASE, arch/arm64/include/asm/brk-imm.h
				o.checksCalls = true
			}
			if w&0x9f00_0000 == 0x1000_0000 { // ADR
				place := at + uint64(in.PCRel)
				if d, ok := o.inlineAt(e.Section, place); ok {
					o.literals = append(o.literals, literal{e.Section, place, at, d.end - place})
				}
				return true
			}
			if in.Kind != decode.Plain || in.PC.Len == 0 || w&0x3b00_0000 != 0x1800_0000 || o.relocated(e.Section, at) {
				return true
			}
			size := uint64(4) << (w >> 30 & 1) // of w or x; LDRSW has 4
			switch {
			case w>>26&1 == 1:
				size = 4 << (w >> 30)
			case w>>30 == 2:
				size = 4
			}
			o.literals = append(o.literals, literal{e.Section, at + uint64(in.PCRel), at, size})
			return true
		})
		o.findJumpTables(e)
	}
	slices.SortFunc(o.literals, func(a, b literal) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from))
	})
	o.literals = slices.Compact(o.literals) // of functions that overlap
	slices.SortFunc(o.jumps, func(a, b jumpTable) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.start, b.start))
	})
	o.jumps = slices.Compact(o.jumps)
}

// findJumpTables reads the ways that gcc and clang write a switch, backwards from
// its branch:
//
//	cmp w0, #n; b.hi default
//	adrp x1, table; add x1, x1, :lo12:table
//	ldr{b,h,sw} w1, [x1, index]
//	adr x2, place
//	add x1, x2, w1, sxt{b,h,w} #2, or lsl #2
//	br x1
func (o *Object) findJumpTables(e *object.Extent) {
	code := o.file.Data(e.Section)
	word := func(at uint64) uint32 { return binary.LittleEndian.Uint32(code[at:]) }
	o.instructions(e.Section, e.Start, e.End, func(br uint64, in *decode.Inst) bool {
		if in.Kind != decode.IndirectJump || br < e.Start+16 {
			return true
		}
		t := jumpTable{code: e.Section}
		var add, load, adr, address bool
		index, bounds := uint32(31), [32]uint64{}
		for at, n := br-4, 0; at >= e.Start && n < 60; at, n = at-4, n+1 {
			w := word(at)
			if _, data := o.inlineAt(e.Section, at); data {
				break
			}
			var here decode.Inst
			if o.decode(code[at:], &here); here.Kind == decode.Return || here.Kind == decode.Jump || here.Kind == decode.IndirectJump {
				from, ok := o.branchTo(e, at+4) // what is behind is reached by a branch
				if !ok || from > at {
					break
				}
				at = from
				continue
			}
			switch {
			case !add: // ADD (extended register) #2, or (shifted register) LSL #2
				extended, shifted := w&0xffe0_1c00 == 0x8b20_0800, w&0xffe0_fc00 == 0x8b00_0800
				if !extended && !shifted || w&31 != word(br)>>5&31 {
					return true
				}
				add, t.signed = true, extended && w>>13&4 != 0
			case !load && w&0x3f20_0c00 == 0x3820_0800 && w>>22&3 != 0: // LDR (register offset)
				load, t.width, index = true, 1<<(w>>30), w>>16&31
				t.signed = t.signed || w>>22&3 >= 2
			case !adr && w&0x9f00_0000 == 0x1000_0000:
				adr, t.from = true, at+uint64(arm64Offset(w))
			case load && !address:
				section, place, ok := o.dataAt(e.Section, at, elf.R_AARCH64_ADD_ABS_LO12_NC)
				if !ok {
					break
				}
				if kindOf(&o.file.Sections[section]) != readOnlyData {
					return true
				}
				address, t.section, t.start = true, section, place
			}
			switch {
			case index == 31:
			case w&0x7fc0_001f == 0x7100_001f: // CMP (immediate)
				bounds[w>>5&31] = cmp.Or(bounds[w>>5&31], uint64(w>>10&0xfff)+1)
			case w&0x7fe0_ffff == 0x2a00_03e0|index: // MOV, before or behind the comparison
				index = w >> 16 & 31
			}
			t.entries = bounds[index]
			if t.entries > 0 && address {
				break
			}
		}
		if !add || !load || !adr || !address || t.width > 4 {
			return true
		}
		if t.end() > o.file.Sections[t.section].Size {
			t.entries = 0
		}
		for i := range t.entries {
			if to := t.target(o, i); to%4 != 0 || o.innermost(e.Section, to) != e {
				t.entries = 0
				break
			}
		}
		o.jumps = append(o.jumps, t)
		return true
	})
}

// branchTo is the last conditional branch of a part to a place.
func (o *Object) branchTo(e *object.Extent, to uint64) (from uint64, ok bool) {
	o.instructions(e.Section, e.Start, e.End, func(at uint64, in *decode.Inst) bool {
		if in.Kind == decode.CondJump && at+uint64(in.PCRel) == to {
			from, ok = at, true
		}
		return true
	})
	return from, ok
}

// arm64Offset is the distance of an ADR.
func arm64Offset(w uint32) int64 { return int64(int32(w<<8)>>13<<2) | int64(w>>29&3) }

// dataAt is the place that an instruction's relocation of a type refers to by a
// section symbol, where that is data.
func (o *Object) dataAt(section uint32, at uint64, typ elf.R_AARCH64) (to uint32, place uint64, ok bool) {
	i := o.relocAt(section, at)
	if i < 0 {
		return 0, 0, false
	}
	r := o.file.Relocs(section).At(i)
	s := &o.file.Symbols[r.Symbol]
	if elf.R_AARCH64(r.Type) != typ || s.Type() != elf.STT_SECTION || o.file.Sections[s.Section].Executable() {
		return 0, 0, false
	}
	return s.Section, s.Value + uint64(r.Addend), true
}

// arm64Beside is the lowest bit of Rd or Rt.
func arm64Beside(typ uint32) (bit uint8, ok bool) {
	switch elf.R_AARCH64(typ) {
	case elf.R_AARCH64_ADR_PREL_PG_HI21, elf.R_AARCH64_ADD_ABS_LO12_NC, elf.R_AARCH64_LDST8_ABS_LO12_NC,
		elf.R_AARCH64_LDST16_ABS_LO12_NC, elf.R_AARCH64_LDST32_ABS_LO12_NC, elf.R_AARCH64_LDST64_ABS_LO12_NC:
		return 0, true
	}
	return 0, false
}

func arm64Anchored(o *Object, e *object.Extent) bool {
	for _, part := range o.code.Funcs[e.Func].Parts() {
		p := &o.code.Extents[part]
		relocs := o.file.Relocs(p.Section).Between(p.Start, p.End)
		for i := range relocs.Len() {
			if _, _, ok := o.dataAt(p.Section, relocs.Offset(i), elf.R_AARCH64_ADD_ABS_LO12_NC); ok {
				return true
			}
		}
	}
	return false
}

// arm64Farther adds to the immediate of ADD and SUB and of loads and stores, not from SP.
func arm64Farther(code []byte) ([]byte, bool) {
	w := binary.LittleEndian.Uint32(code)
	field, unit := uint32(0), uint32(0)
	switch {
	case w>>5&31 == 31:
	case w&0x1f80_0000 == 0x1100_0000 && w&31 != 31, w&0x3b00_0000 == 0x3900_0000:
		field, unit = 0xfff<<10, 1<<10
	case w&0x3b20_0000 == 0x3800_0000:
		field, unit = 0x1ff<<12, 1<<12
	case w&0x3e00_0000 == 0x2800_0000:
		field, unit = 0x7f<<15, 1<<15
	}
	return binary.LittleEndian.AppendUint32(nil, w&^field|(w+unit)&field), field != 0
}

// arm64Loose tells whether a part's function has an address of data that operands are
// added to, or a jump table.
func arm64Loose(o *Object, e *object.Extent) bool {
	for _, part := range o.code.Funcs[e.Func].Parts() {
		p := &o.code.Extents[part]
		relocs := o.file.Relocs(p.Section).Between(p.Start, p.End)
		for i := range relocs.Len() {
			r := relocs.At(i)
			if s := &o.file.Symbols[r.Symbol]; s.Defined() && !o.file.Sections[s.Section].Executable() {
				return true
			}
		}
		indirect := false
		o.instructions(p.Section, p.Start, p.End, func(_ uint64, in *decode.Inst) bool {
			indirect = indirect || in.Kind == decode.IndirectJump
			return !indirect
		})
		if indirect {
			return true
		}
	}
	return false
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// word is an A64 instruction, with a relocation or without.
type word struct {
	bits   uint32
	reloc  elf.R_AARCH64
	symbol string
	addend int64
}

// What the tests are written in: Arm Architecture Reference Manual, C6.2. Offsets are
// in bytes.
func plainWord(bits uint32) word { return word{bits: bits} }

func adrp(d uint32) word { return word{0x9000_0000 | d, elf.R_AARCH64_ADR_PREL_PG_HI21, ".data", 0} }

func low(d, n uint32) word {
	return word{0x9100_0000 | n<<5 | d, elf.R_AARCH64_ADD_ABS_LO12_NC, ".data", 0}
}
func addi(d, n, imm uint32) word   { return plainWord(0x9100_0000 | imm<<10 | n<<5 | d) }
func addr(d, n, m uint32) word     { return plainWord(0x8b00_0000 | m<<16 | n<<5 | d) }
func mov(d, m uint32) word         { return plainWord(0xaa00_03e0 | m<<16 | d) }
func ldr(t, n, offset uint32) word { return plainWord(0xf940_0000 | offset/8<<10 | n<<5 | t) }
func str(t, n, offset uint32) word { return plainWord(0xf900_0000 | offset/8<<10 | n<<5 | t) }
func strw(t, n, offset uint32) word {
	return plainWord(0xb900_0000 | offset/4<<10 | n<<5 | t)
}
func ldrPost(t, n, imm uint32) word { return plainWord(0xf840_0400 | imm&0x1ff<<12 | n<<5 | t) }
func ldrPre(t, n, imm uint32) word  { return plainWord(0xf840_0c00 | imm&0x1ff<<12 | n<<5 | t) }
func ldrIndex(t, n, m uint32) word  { return plainWord(0xf860_7800 | m<<16 | n<<5 | t) }
func cbz(t uint32, to int32) word   { return plainWord(0xb400_0000 | uint32(to/4)&0x7ffff<<5 | t) }
func jump(to int32) word            { return plainWord(0x1400_0000 | uint32(to/4)&0x3ffffff) }
func call(name string) word         { return word{0x9400_0000, elf.R_AARCH64_CALL26, name, 0} }
func movz(d, imm uint32) word       { return plainWord(0xd280_0000 | imm<<5 | d) }

const (
	sp     = 31
	retA64 = 0xd65f_03c0
	brkA64 = 0xd421_0000 // BRK #0x800
	subSP  = 0xd100_83ff // SUB SP, SP, #32
	addSP  = 0x9100_83ff // ADD SP, SP, #32
)

// arm64Func lays a function out.
func arm64Func(name string, words []word) elfbuild.Piece {
	p := elfbuild.Func(name, "")
	for i, w := range words {
		p.Data = binary.LittleEndian.AppendUint32(p.Data, w.bits)
		if w.reloc != 0 {
			p.Relocs = append(p.Relocs, elfbuild.Reloc{Offset: uint64(4 * i), Type: uint32(w.reloc), Symbol: w.symbol, Addend: w.addend})
		}
	}
	p.Symbols[0].Size = uint64(len(p.Data))
	return p
}

// arm64Object is f with its data: first, of so many bytes, then a, b and c of 64 bytes.
func arm64Object(first int, words []word, more ...elfbuild.Section) elfbuild.Object {
	var data []elfbuild.Piece
	if first > 0 {
		data = append(data, elfbuild.Var("first", make([]byte, first)).Local())
	}
	for _, name := range []string{"a", "b", "c"} {
		data = append(data, elfbuild.Var(name, make([]byte, 64)).Local())
	}
	o := obj(append([]elfbuild.Section{code(arm64Func("f", words)), elfbuild.Data(".data", data...)}, more...)...)
	o.Machine = elf.EM_AARCH64
	return o
}

// TestAnchors builds functions twice, the second time with one more variable in front
// of those that they use, so that all distances from the section's start grow by 16.
// Where the proof holds they are the same; where it must not, they aren't.
func TestAnchors(t *testing.T) {
	base := []word{adrp(10), low(10, 10)} // x0 may be a result
	seq := func(parts ...[]word) (list []word) {
		for _, p := range parts {
			list = append(list, p...)
		}
		return append(list, plainWord(retA64))
	}
	saved := func(words ...word) []word {
		return append(append([]word{plainWord(subSP)}, words...), plainWord(addSP))
	}
	for _, test := range []struct {
		name  string
		words func(d uint32) []word
		same  bool
	}{
		{"load", func(d uint32) []word { return seq(base, []word{ldr(1, 10, 8+d)}) }, true},
		{"another variable", func(d uint32) []word { return seq(base, []word{ldr(1, 10, 8+5*d)}) }, false},
		{"another offset", func(d uint32) []word { return seq(base, []word{ldr(1, 10, 8+d+d/2)}) }, false},
		{"store", func(d uint32) []word { return seq(base, []word{str(1, 10, 8+d)}) }, true},
		{"other value stored", func(d uint32) []word { return seq(base, []word{str(1+d/16, 10, 8+d)}) }, false},
		{"copy", func(d uint32) []word { return seq(base, []word{mov(19, 10), ldr(0, 19, 8+d)}) }, true},
		{"sum", func(d uint32) []word { return seq(base, []word{addi(2, 10, 64+d), ldr(1, 2, 8)}) }, true},
		{"address as an argument", func(d uint32) []word { return seq(base, []word{addi(0, 10, 64+d), call("g")}) }, true},
		{"another address as an argument", func(d uint32) []word { return seq(base, []word{addi(0, 10, 64+5*d), call("g")}) }, false},
		{"a result", func(d uint32) []word { return seq([]word{adrp(0), low(0, 0), ldr(1, 0, 8+d)}) }, false},
		{"the anchor as an argument", func(d uint32) []word { return seq([]word{adrp(0), low(0, 0), mov(19, 0), call("g"), ldr(1, 19, 8+d)}) }, false},
		{"index", func(d uint32) []word { return seq(base, []word{addr(2, 10, 3), ldr(1, 2, 8+d)}) }, true},
		{"index in front", func(d uint32) []word { return seq(base, []word{addr(2, 3, 10), ldr(1, 2, 8+d)}) }, true},
		{"twice the address", func(d uint32) []word { return seq(base, []word{addr(2, 10, 10), ldr(1, 2, 8+d)}) }, false},
		{"register offset", func(d uint32) []word { return seq(base, []word{addi(2, 10, d), ldrIndex(1, 2, 3)}) }, true},
		{"moved behind", func(d uint32) []word { return seq(base, []word{addi(2, 10, d), ldrPost(1, 2, 8), ldrPost(1, 2, 8)}) }, true},
		{"moved before", func(d uint32) []word { return seq(base, []word{ldrPre(1, 10, 8+d), ldr(1, 10, 8)}) }, true},
		{"moved before by another", func(d uint32) []word { return seq(base, []word{ldrPre(1, 10, 8+d+d/2), ldr(1, 10, 8)}) }, false},
		{"a loop", func(d uint32) []word {
			return seq(base, []word{addi(2, 10, d), ldrPost(1, 2, 8), cbz(1, -4), ldr(1, 2, 8)})
		}, true},
		{"a call keeps x19", func(d uint32) []word { return seq([]word{adrp(19), low(19, 19), call("g"), ldr(1, 19, 8+d)}) }, true},
		{"a call forgets x9", func(d uint32) []word { return seq([]word{adrp(9), low(9, 9), call("g"), ldr(1, 9, 8+d)}) }, false},
		{"both ways", func(d uint32) []word {
			return seq([]word{cbz(5, 16), adrp(10), low(10, 10), jump(12), adrp(10), low(10, 10), ldr(1, 10, 8+d)})
		}, true},
		{"one way", func(d uint32) []word {
			return seq([]word{mov(10, 6), cbz(5, 12), adrp(10), low(10, 10), ldr(1, 10, 8+d)})
		}, false},
		{"one way, dead behind", func(d uint32) []word {
			return seq([]word{cbz(5, 16), adrp(10), low(10, 10), ldr(1, 10, 8+d), mov(10, 6), ldr(1, 10, 8)})
		}, true},
		{"the other way doesn't return", func(d uint32) []word {
			return seq([]word{adrp(19), low(19, 19), cbz(5, 12), mov(19, 6), call("panic"), ldr(1, 19, 8+d)})
		}, true},
		{"the other way returns", func(d uint32) []word {
			return seq([]word{adrp(19), low(19, 19), cbz(5, 12), mov(19, 6), call("printk"), ldr(1, 19, 8+d)})
		}, false},
		{"a page of another place", func(d uint32) []word {
			page := adrp(10)
			page.addend = 64
			return seq([]word{page, low(10, 10), ldr(1, 10, 8+d)})
		}, false},
		{"a page and a load", func(d uint32) []word {
			return seq(base, []word{adrp(2), {0xf940_0041, elf.R_AARCH64_LDST64_ABS_LO12_NC, ".data", int64(d)}, ldr(1, 10, 8+d)})
		}, false}, // the page is of the other place
		{"saved", func(d uint32) []word {
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), call("g"), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, true},
		{"saved and overwritten", func(d uint32) []word {
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), strw(3, sp, 12), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, false},
		{"saved beside", func(d uint32) []word {
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), strw(3, sp, 4), strw(3, sp, 16), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, true},
		{"saved in a variable", func(d uint32) []word {
			return seq(saved(adrp(9), low(9, 9), str(9, sp, 16), addi(0, sp, 8), call("g"), ldr(10, sp, 16), ldr(1, 10, 8+d)))
		}, false},
		{"saved below a variable", func(d uint32) []word {
			return seq(saved(adrp(9), low(9, 9), str(9, sp, 8), addi(0, sp, 16), call("g"), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, true},
		{"saved and overwritten by the frame", func(d uint32) []word { // mov x29, sp
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), plainWord(0x9100_03fd), str(3, 29, 8), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, false},
		{"saved, and a half of it read", func(d uint32) []word { // ldr w2, [sp, #12]
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), plainWord(0xb940_0fe2), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, false},
		{"saved, and read into another kind of register", func(d uint32) []word { // ldr d0, [sp, #8]
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), plainWord(0xfd40_07e0), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, false},
		{"saved, and what stands beside is read", func(d uint32) []word { // ldr w2, [sp, #16]
			return seq(saved(adrp(10), low(10, 10), str(10, sp, 8), plainWord(0xb940_13e2), ldr(10, sp, 8), ldr(1, 10, 8+d)))
		}, true},
		{"an argument on the stack", func(d uint32) []word {
			return seq(saved(adrp(9), low(9, 9), addi(9, 9, 64+d), str(9, sp, 0), call("g")))
		}, true},
		{"another argument on the stack", func(d uint32) []word {
			return seq(saved(adrp(9), low(9, 9), addi(9, 9, 64+5*d), str(9, sp, 0), call("g")))
		}, false},
		{"another address that a callee leaves alone", func(d uint32) []word {
			return seq([]word{adrp(9), low(9, 9), addi(9, 9, 64+5*d), call("g"), plainWord(0xeb09_00df)}) // cmp x6, x9
		}, false},
		{"another address where no way leads", func(d uint32) []word {
			return seq([]word{adrp(19), low(19, 19), addi(19, 19, 64+5*d), plainWord(0xd61f_0000 | 4<<5), ldr(1, 19, 8)}) // br x4
		}, false},
		{"another address for code of another function", func(d uint32) []word {
			return seq([]word{adrp(19), low(19, 19), addi(19, 19, 64+5*d), {0x1400_0000, elf.R_AARCH64_JUMP26, ".text", 0x1000}})
		}, false},
		{"set anew", func(d uint32) []word { return seq(base, []word{movz(10, 64), ldr(1, 10, 8+d)}) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := record(t, sum(t, arm64Object(0, test.words(0))), "f")
			b := record(t, sum(t, arm64Object(16, test.words(16))), "f")
			if got := differences(t, a, b); (len(got) == 0) != test.same {
				t.Errorf("classes that differ: %v; the same: %v", got, test.same)
			}
		})
	}
}

// TestBiasedIndex is an index that is never less than some number, of which compilers take so
// much off the address behind it: the table that relocations spell out is meant, not the
// one in front (rule 3.10).
func TestBiasedIndex(t *testing.T) {
	const (
		index  = 0x8b00_0908 // add x8, x8, x0, lsl #2
		lower  = 0xd100_3108 // sub x8, x8, #12
		load   = 0xb980_0101 // ldrsw x1, [x8]
		biased = 0xb89f_4101 // ldursw x1, [x8, #-12]
		before = 0xb89f_4d01 // ldrsw x1, [x8, #-12]!
		behind = 0xb980_0501 // ldrsw x1, [x8, #4]
		scaled = 0xb8a0_7901 // ldrsw x1, [x8, x0, lsl #2]
		again  = 0xb5ff_ffc1 // cbnz x1, to the index
	)
	for _, test := range []struct {
		name  string
		code  []uint32
		first bool // the table in front is meant, and all up to its end
	}{
		{"behind the index", []uint32{index, biased}, false},
		{"in front of the index", []uint32{lower, index, load}, false},
		{"with the access", []uint32{lower, scaled}, false},
		{"the base moves", []uint32{index, before}, false},
		{"the base moved", []uint32{index, lower, load}, false},
		{"in a loop", []uint32{index, biased, again}, false},
		{"without an index", []uint32{biased}, true},
		{"behind", []uint32{index, behind}, false},
	} {
		build := func(change int) elfbuild.Object {
			tables := bytes.Repeat([]byte{1}, 80)
			if change >= 0 {
				tables[change]++
			}
			words := []word{{0x9000_0008, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 40}, {0x9100_0108, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 40}}
			for _, bits := range test.code {
				words = append(words, plainWord(bits))
			}
			return arm64Object(0, append(words, plainWord(retA64)), elfbuild.Section{Name: ".rodata", Flags: elf.SHF_ALLOC, Data: tables},
				elfbuild.Text(".text.g", arm64Func("g", []word{{0x9000_0008, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0}, plainWord(retA64)})))
		}
		a := record(t, sum(t, build(-1)), "f")
		for change, concerned := range map[int]bool{36: test.first, 76: true} {
			b := record(t, sum(t, build(change)), "f")
			if same := len(differences(t, a, b)) == 0; same == concerned {
				t.Errorf("%s, byte %d: the same: %v", test.name, change, same)
			}
		}
	}
}

// TestIndexInLoop is an index that is added again and again: with and without it, the address
// is one of the same table.
func TestIndexInLoop(t *testing.T) {
	build := func(first int) elfbuild.Object {
		words := []word{
			{0x9000_0008, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
			{0x9100_0108, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
			plainWord(0x8b00_0908),                         // add x8, x8, x0, lsl #2
			plainWord(0xb980_0101 | uint32(8+first)/4<<10), // ldrsw x1, [x8, #8 + first]
			plainWord(0xb5ff_ffc1),                         // cbnz x1, to the index
			plainWord(retA64),
		}
		var data []elfbuild.Piece
		if first > 0 {
			data = append(data, elfbuild.Var("first", make([]byte, first)).Local())
		}
		return arm64Object(0, words, rodata(".rodata", append(data, elfbuild.Var("table", make([]byte, 64)).Local())...))
	}
	p := pair{name: "a table in front", old: build(0), new: build(16)}
	p.run(t)
}

// TestAnchorTables is the edges that tables about code make.
func TestAnchorTables(t *testing.T) {
	table := func(name string, fields ...any) elfbuild.Section { // places in f, or bytes
		p := elfbuild.Piece{}
		for _, field := range fields {
			switch x := field.(type) {
			case int:
				p.Relocs = append(p.Relocs, elfbuild.Reloc{Offset: uint64(len(p.Data)), Type: uint32(elf.R_AARCH64_PREL32), Symbol: "f", Addend: int64(x)})
				p.Data = append(p.Data, 0, 0, 0, 0)
			case []byte:
				p.Data = append(p.Data, x...)
			}
		}
		return elfbuild.Section{Name: name, Flags: elf.SHF_ALLOC, Data: p.Data, Relocs: p.Relocs}
	}
	straight := func(between ...word) func(d uint32) []word {
		return func(d uint32) []word {
			list := append([]word{adrp(10), low(10, 10)}, between...)
			return append(list, ldr(1, 10, 8+d), plainWord(retA64))
		}
	}
	bug := func(flags byte) elfbuild.Section { return table("__bug_table", 16, []byte{flags, 0, 0, 0}) }
	trap := func(d uint32) []word { // x10 is something else where it traps
		return []word{adrp(10), low(10, 10), cbz(5, 12), mov(10, 6), plainWord(brkA64), ldr(1, 10, 8+d), plainWord(retA64)}
	}
	// A load whose fault goes on at the fixup, where x10 is the base.
	faults := func(d uint32) []word {
		return []word{adrp(10), low(10, 10), ldr(2, 3, 0), movz(0, 0), plainWord(retA64), ldr(1, 10, 8+d), plainWord(retA64)}
	}
	fixup := func(data uint16) elfbuild.Section {
		return table("__ex_table", 8, 20, binary.LittleEndian.AppendUint16([]byte{4, 0}, data))
	}
	// An instruction for which another may stand.
	alternative := func(replacement word) []elfbuild.Section {
		text := elfbuild.Section{
			Name: ".text.fixup", Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR,
			Data: binary.LittleEndian.AppendUint32(nil, replacement.bits),
		}
		alt := table(".altinstructions", 8, []byte{0, 0, 0, 0, 7, 0, 4, 4})
		alt.Relocs = append(alt.Relocs, elfbuild.Reloc{Offset: 4, Type: uint32(elf.R_AARCH64_PREL32), Symbol: ".text.fixup"})
		return []elfbuild.Section{text, alt}
	}
	branchTable := func(place, target int) elfbuild.Section {
		s := table("__jump_table", place, target, make([]byte, 8))
		s.Relocs = append(s.Relocs, elfbuild.Reloc{Offset: 8, Type: uint32(elf.R_AARCH64_PREL64), Symbol: "key"})
		return s
	}
	place := func(at int64) []elfbuild.Section {
		return []elfbuild.Section{elfbuild.Data(".data.places",
			elfbuild.Var("places", make([]byte, 8), elfbuild.Reloc{Type: uint32(elf.R_AARCH64_ABS64), Symbol: "f", Addend: at}))}
	}
	handed := func(register uint32) func(d uint32) []word {
		return func(d uint32) []word {
			return []word{adrp(10), low(10, 10), ldr(1, 10, 8+d), plainWord(retA64), str(register, 5, 0), plainWord(retA64)}
		}
	}
	nop := plainWord(0xd503_201f)
	for _, test := range []struct {
		name  string
		words func(d uint32) []word
		more  []elfbuild.Section
		same  bool
	}{
		{"a BUG doesn't go on", trap, []elfbuild.Section{bug(0)}, true},
		{"a WARN goes on", trap, []elfbuild.Section{bug(1)}, false},
		{"a trap without an entry goes on", trap, nil, false},
		{"a fixup", faults, []elfbuild.Section{fixup(31 | 31<<5)}, true},
		{"a fixup that sets the base", faults, []elfbuild.Section{fixup(10 | 31<<5)}, false},
		{"a fixup that clears the base", faults, []elfbuild.Section{fixup(31 | 10<<5)}, false},
		{"an alternative", straight(nop), alternative(mov(4, 6)), true},
		{"an alternative that sets the base", straight(nop), alternative(mov(10, 6)), false},
		{"a static branch", straight(nop, mov(4, 6)), []elfbuild.Section{branchTable(8, 16)}, true},
		{"a static branch that is off", func(d uint32) []word { // it jumps over the load, and then doesn't
			return []word{adrp(10), low(10, 10), cbz(5, 12), mov(10, 6), jump(8), ldr(1, 10, 8+d), plainWord(retA64)}
		}, []elfbuild.Section{branchTable(16, 24)}, false},
		{"a place that data refer to", func(d uint32) []word { // br x4 may lead to the load
			return []word{adrp(10), low(10, 10), cbz(5, 12), mov(10, 6), plainWord(0xd61f_0000 | 4<<5), ldr(1, 10, 8+d), plainWord(retA64)}
		}, place(20), false},
		{"a place that data refer to, where the base is handed on", handed(10), place(16), false},
		{"a place that data refer to, where something else is handed on", handed(9), place(16), true},
		{"a static branch around", func(d uint32) []word {
			return []word{mov(10, 6), nop, nop, adrp(10), low(10, 10), ldr(1, 10, 8+d), plainWord(retA64)}
		}, []elfbuild.Section{branchTable(8, 20)}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := record(t, sum(t, arm64Object(0, test.words(0), test.more...)), "f")
			b := record(t, sum(t, arm64Object(16, test.words(16), test.more...)), "f")
			if got := differences(t, a, b); (len(got) == 0) != test.same {
				t.Errorf("classes that differ: %v; the same: %v", got, test.same)
			}
		})
	}
}

// TestJumpTablesWithoutRelocations is rule 5.2 for arm64: entries of each size, with
// the comparison that bounds them and without.
func TestJumpTablesWithoutRelocations(t *testing.T) {
	for _, size := range []uint32{1, 2, 4} {
		for _, bounded := range []bool{true, false} {
			build := func(shift int, padding bool, entries ...int) elfbuild.Object {
				load := [...]uint32{1: 0x3860_4840, 2: 0x7860_5840, 4: 0xb860_5840}[size]   // ldr{b,h,} w0, [x2, w0, uxtw #log size]
				extend := [...]uint32{1: 0x8b20_8860, 2: 0x8b20_a860, 4: 0x8b20_c860}[size] // add x0, x3, w0, sxt{b,h,w} #2
				words := []word{
					plainWord(0x7100_081f), // cmp w0, #2
					plainWord(0x5400_0128), // b.hi +36
					{0x9000_0002, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", int64(shift)},
					{0x9100_0042, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", int64(shift)},
					plainWord(load),
					plainWord(0x1000_0063), // adr x3, +12
					plainWord(extend),
					plainWord(0xd61f_0000), // br x0
				}
				if !bounded {
					words[0] = mov(9, 8)
				}
				if padding {
					words = append(words, plainWord(0xd503_201f))
				}
				words = append(words, movz(0, 1), movz(0, 2), plainWord(retA64), movz(0, 3), plainWord(retA64))
				if padding {
					words[1].bits += 1 << 5 // one instruction farther
				}
				var table []byte
				for _, e := range entries {
					if padding {
						e++
					}
					table = append(table, binary.LittleEndian.AppendUint32(nil, uint32(e))[:size]...)
				}
				data := append(bytes.Repeat([]byte{0xee}, shift), table...)
				behind := elfbuild.Reloc{Offset: 0, Type: uint32(elf.R_AARCH64_ABS64), Symbol: ".rodata", Addend: int64(len(data))}
				o := obj(code(arm64Func("f", words)),
					elfbuild.Section{Name: ".rodata", Flags: elf.SHF_ALLOC, Data: append(data, 0xaa, 0xbb, 0xcc, 0xdd)},
					elfbuild.Section{Name: ".data", Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Data: make([]byte, 8), Relocs: []elfbuild.Reloc{behind}})
				o.Machine = elf.EM_AARCH64
				return o
			}
			name := fmt.Sprintf("entries of %d, bounded %v: ", size, bounded)
			for _, p := range []pair{
				{name: name + "moved", old: build(0, false, 0, 1, 3), new: build(8, false, 0, 1, 3)},
				{name: name + "a NOP in front of all", old: build(0, false, 0, 1, 3), new: build(0, true, 0, 1, 3)},
				{name: name + "the first", old: build(0, false, 0, 1, 3), new: build(0, false, 3, 1, 3), want: []Class{JumpTables}},
				{name: name + "the last", old: build(0, false, 0, 1, 3), new: build(0, false, 0, 1, 1), want: []Class{JumpTables}},
			} {
				p.run(t)
			}
		}
	}
}

// TestJumpTableBound is what says how many entries a table has: with two that may be wanted,
// a third isn't part of it; where nothing says it, it is.
func TestJumpTableBound(t *testing.T) {
	const (
		compare   = 0x7100_041f // cmp w0, #1
		compare9  = 0x7100_053f // cmp w9, #1
		higher    = 0x5400_0008 // b.hi
		copy9     = 0x2a09_03e0 // mov w0, w9
		increment = 0x1100_0400 // add w0, w0, #1
	)
	const increment9 = increment | 9<<5 | 9
	for name, test := range map[string]struct {
		front   []uint32
		bounded bool
	}{
		"a comparison":                                         {[]uint32{compare, higher}, true},
		"a copy of what was compared":                          {[]uint32{compare9, higher, copy9}, true},
		"a comparison of what was copied":                      {[]uint32{copy9, compare9, higher}, true},
		"no comparison":                                        {[]uint32{increment, higher}, false},
		"another register's":                                   {[]uint32{compare9, higher}, false},
		"another comparison in between":                        {[]uint32{compare, 0x6b08_013f, higher}, false}, // cmp w9, w8
		"the index overwritten":                                {[]uint32{compare, higher, increment}, false},
		"what was compared is overwritten before the copy":     {[]uint32{compare9, higher, increment9, copy9}, false},
		"what was copied is overwritten before it is compared": {[]uint32{copy9, increment9, compare9, higher}, false},
	} {
		build := func(third byte) elfbuild.Object {
			var words []word
			for i, bits := range test.front {
				if bits == higher {
					bits |= uint32(len(test.front)-i+6) << 5 // to the first place
				}
				words = append(words, plainWord(bits))
			}
			words = append(words,
				word{0x9000_0002, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
				word{0x9100_0042, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
				plainWord(0x3860_4840), // ldrb w0, [x2, w0, uxtw]
				plainWord(0x1000_0063), // adr x3, +12
				plainWord(0x8b20_8860), // add x0, x3, w0, sxtb #2
				plainWord(0xd61f_0000), // br x0
				plainWord(retA64), movz(0, 2), plainWord(retA64))
			return arm64Object(0, words,
				elfbuild.Section{Name: ".rodata", Flags: elf.SHF_ALLOC, Data: []byte{0, 1, third, 0xee}},
				elfbuild.Data(".data.end", elfbuild.Var("end", make([]byte, 8), elfbuild.Reloc{Type: uint32(elf.R_AARCH64_ABS64), Symbol: ".rodata", Addend: 3})))
		}
		p := pair{name: name, old: build(1), new: build(2), want: []Class{JumpTables}}
		if test.bounded {
			p.want = nil
		}
		p.run(t)
	}
}

// TestUnknownJump proves nothing where a jump may lead anywhere in the function.
func TestUnknownJump(t *testing.T) {
	words := func(d uint32) []word {
		return []word{
			adrp(10), low(10, 10), ldr(1, 10, 8+d),
			plainWord(0x1000_0044),        // adr x4, +8
			plainWord(0xd61f_0000 | 4<<5), // br x4
			ldr(1, 10, 8+d), plainWord(retA64),
		}
	}
	a := record(t, sum(t, arm64Object(0, words(0))), "f")
	b := record(t, sum(t, arm64Object(16, words(16))), "f")
	if len(differences(t, a, b)) == 0 {
		t.Error("an access is proved behind a jump that may come from anywhere")
	}
}

// goldenARM64 is an object with one of everything that arm64 has of its own.
func goldenARM64() elfbuild.Object {
	words := []word{
		plainWord(subSP), adrp(10), low(10, 10),
		str(10, sp, 8), call("g"), ldr(10, sp, 8), // 3
		ldr(1, 10, 72), addi(0, 10, 128), call("panic"), // 6
		cbz(5, 40),             // 9
		plainWord(0x7100_041f), // 10: cmp w0, #1
		plainWord(0x5400_0100), // b.eq +32: no bound
		plainWord(0x5400_00e8), // b.hi +28
		{0x9000_0002, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 8},
		{0x9100_0042, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 8},
		plainWord(0x3860_4840), // 15: ldrb w0, [x2, w0, uxtw]
		plainWord(0x1000_0063), // adr x3, +12
		plainWord(0x8b20_8860), // add x0, x3, w0, sxtb #2
		plainWord(0xd61f_0000), // br x0
		plainWord(0xd503_201f), // 19: nop, an alternative
		plainWord(brkA64),      // 20
		plainWord(0x5800_0084), // 21: ldr x4, +16
		plainWord(addSP), plainWord(retA64),
	}
	f := arm64Func("f", words)
	pool := elfbuild.Piece{Data: []byte{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, Symbols: []elfbuild.Symbol{symbol("$d", elf.STB_LOCAL, elf.STT_NOTYPE, 0, 0)}}
	replacement := elfbuild.Piece{Data: []byte{0xe4, 3, 6, 0xaa}, Symbols: []elfbuild.Symbol{symbol("$x", elf.STB_LOCAL, elf.STT_NOTYPE, 0, 0)}}
	table := func(name string, size int, relocs ...elfbuild.Reloc) elfbuild.Section {
		data := bytes.Repeat([]byte{1}, size)
		if name == ".altinstructions" {
			data[10], data[11], data[21], data[22], data[23] = 4, 4, 0x80, 4, 0
		}
		return elfbuild.Section{Name: name, Flags: elf.SHF_ALLOC, Data: data, Relocs: relocs}
	}
	rel := func(offset uint64, symbol string, addend int64) elfbuild.Reloc {
		return elfbuild.Reloc{Offset: offset, Type: uint32(elf.R_AARCH64_PREL32), Symbol: symbol, Addend: addend}
	}
	text := int64(len(f.Data) + len(pool.Data))
	o := obj(
		code(f, pool, replacement, arm64Func("g", []word{plainWord(retA64)}), arm64Func("h", []word{jump(4), plainWord(retA64)})),
		elfbuild.Data(".data", elfbuild.Var("a", make([]byte, 64)).Local(), elfbuild.Var("b", make([]byte, 64)).Local(), elfbuild.Var("c", make([]byte, 64))),
		rodata(".rodata", raw("1122334455667788 0001"), raw("aabbccddeeff")),
		table(".altinstructions", 24, rel(0, "f", 4*19), rel(4, ".text", text), rel(12, "f", 4*6), rel(16, "g", 0)),
		table("__bug_table", 12, rel(0, "f", 4*20), rel(4, ".rodata", 0)),
		table("__ex_table", 12, rel(0, "f", 4*6), rel(4, "f", 4*21)),
		table("__jump_table", 16, rel(0, "f", 4*19), rel(4, "f", 4*21), elfbuild.Reloc{Offset: 8, Type: uint32(elf.R_AARCH64_PREL64), Symbol: "key"}),
	)
	o.Machine = elf.EM_AARCH64
	return o
}

// TestAnchorInColdPart is an anchor in a cold part only.
func TestAnchorInColdPart(t *testing.T) {
	with := func(first int, offset uint32) elfbuild.Object {
		cold := arm64Func("f.cold", []word{adrp(10), low(10, 10), ldr(1, 10, offset), plainWord(retA64)}).Local()
		return arm64Object(first, []word{{0x1400_0000, elf.R_AARCH64_JUMP26, "f.cold", 0}}, elfbuild.Text(".text.unlikely", cold))
	}
	p := pair{name: "a variable in front", old: with(0, 8), new: with(16, 24)}
	p.run(t)
	p = pair{name: "another variable", old: with(0, 8), new: with(0, 72), want: []Class{References, Cold}}
	p.run(t)
}

// TestLargeTable is a jump table of so many entries that it stands for itself by its
// digest where it is referred to again.
func TestLargeTable(t *testing.T) {
	with := func(last byte) elfbuild.Object {
		entries := bytes.Repeat([]byte{1, 2}, 700)
		entries[len(entries)-1] = last
		return arm64Object(0, []word{
			{0x9000_0005, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
			{0x9100_00a5, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
			plainWord(0xf900_0025), // str x5, [x1]
			{0x9000_0002, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
			{0x9100_0042, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
			plainWord(0x3860_4840), // ldrb w0, [x2, w0, uxtw]
			plainWord(0x1000_0063), // adr x3, +12
			plainWord(0x8b20_8860), // add x0, x3, w0, sxtb #2
			plainWord(0xd61f_0000), // br x0
			plainWord(brkA64), plainWord(retA64), plainWord(retA64), plainWord(retA64),
		}, rodata(".rodata", elfbuild.Piece{Data: entries}))
	}
	p := pair{name: "the last entry", old: with(2), new: with(3), want: []Class{JumpTables}}
	p.run(t)
	_, tracer, err := Trace(parse(t, with(2)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := tracer.s.body(0, nil)
	var sizes []int
	tracer.walker.walk(&b, visit(func(s *Step) {
		if s.Class == JumpTables {
			sizes = append(sizes, len(s.Bytes))
		}
	}))
	if len(sizes) < 2 || sizes[0] <= maxInFull || slices.Max(sizes[1:]) > neverBrief {
		t.Errorf("steps of %d bytes, want a long one and short ones", sizes)
	}
}

type visit func(s *Step)

func (v visit) step(s *Step) { v(s) }

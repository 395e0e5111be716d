// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
)

// memoryForEach bounds how many bytes are allocated, in all, for each byte of an object.
const memoryForEach = 1024

// TestHostile sums objects of a few megabytes that are made to take long: where
// something takes time by the square of their size, it takes hours. An object may be
// refused.
func TestHostile(t *testing.T) {
	size := 200_000
	if testing.Short() {
		size = 20_000
	}
	rets := func(n int) []byte { return bytes.Repeat([]byte{0xc3}, n) }
	section := func(name string, flags elf.SectionFlag, data []byte) elfbuild.Section {
		return elfbuild.Section{Name: name, Flags: elf.SHF_ALLOC | flags, Data: data}
	}
	fn := func(name string, at, size int) elfbuild.Symbol {
		return symbol(name, elf.STB_LOCAL, elf.STT_FUNC, uint64(at), uint64(size))
	}
	relocs := func(n int, at func(i int) uint64, symbol string, addend func(i int) int64) (list []elfbuild.Reloc) {
		for i := range n {
			list = append(list, elfbuild.Reloc{Offset: at(i), Type: uint32(elf.R_X86_64_PC32), Symbol: symbol, Addend: addend(i)})
		}
		return list
	}
	zero := func(int) int64 { return 0 }
	manyTo := func(symbol string, addend func(i int) int64) elfbuild.Section { // a function of nothing but lea
		code := bytes.Repeat(elfbuild.Hex("488d05 00000000"), size)
		text := section(".text", elf.SHF_EXECINSTR, code)
		text.Symbols = append(text.Symbols, fn("f", 0, len(code)))
		text.Relocs = relocs(size, func(i int) uint64 { return uint64(7*i + 3) }, symbol, addend)
		return text
	}
	for _, test := range []struct {
		name string
		make func() elfbuild.Object
	}{
		{"symbols at one address", func() elfbuild.Object {
			text, data := section(".text", elf.SHF_EXECINSTR, rets(1)), section(".data", elf.SHF_WRITE, make([]byte, 8))
			for i := range size {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 0, 0))
				data.Symbols = append(data.Symbols, symbol(fmt.Sprint("d", i), elf.STB_LOCAL, elf.STT_OBJECT, 0, 8))
			}
			text.Symbols = append(text.Symbols, fn("f", 0, 1))
			return obj(text, data)
		}},
		{"constants that refer to two others, in a ring", func() elfbuild.Object {
			const n = 5000
			text := section(".text", elf.SHF_EXECINSTR, make([]byte, 8))
			text.Symbols = append(text.Symbols, fn("f", 0, 8))
			text.Relocs = relocs(1, func(int) uint64 { return 0 }, ".rodata.cst16", zero)
			constants := section(".rodata.cst16", elf.SHF_MERGE, make([]byte, 16*n))
			constants.Entsize = 16
			constants.Relocs = relocs(2*n, func(i int) uint64 { return uint64(8 * i) }, ".rodata.cst16", func(i int) int64 { return int64(16 * ((i/2 + 1 + i%2) % n)) })
			return obj(text, constants)
		}},
		{"aliases", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(16*size))
			for i := range size {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 0, 16))
			}
			return obj(text)
		}},
		{"nested functions", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(size))
			for i := range 1500 {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), i, 3000-2*i))
			}
			return obj(text)
		}},
		{"functions that each reach into the next", func() elfbuild.Object {
			text, other := manyTo(".text.g", func(int) int64 { return int64(2*size + 2) }), section(".text.g", elf.SHF_EXECINSTR, rets(2*size+16))
			for i := range size {
				other.Symbols = append(other.Symbols, fn(fmt.Sprint("g", i), 2*i, 3))
			}
			return obj(text, other)
		}},
		{"one function in each byte of another", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(size))
			text.Symbols = append(text.Symbols, fn("f", 0, size))
			for i := range size {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), i, 1))
			}
			return obj(text)
		}},
		{"labels, and branches to each", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, bytes.Repeat([]byte{0xe9, 0, 0, 0, 0}, size))
			text.Symbols = append(text.Symbols, fn("f", 0, 5*size))
			for i := range size { // each branch goes to the next instruction
				text.Symbols = append(text.Symbols, symbol(fmt.Sprint("l", i), elf.STB_GLOBAL, 0, uint64(5*i), 0))
			}
			return obj(text)
		}},
		{"labels at one place in the padding in front of functions", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, append(bytes.Repeat([]byte{0x90}, 32), rets(32)...))
			for i := range size {
				text.Symbols = append(text.Symbols, symbol(fmt.Sprint("l", i), elf.STB_GLOBAL, 0, 0, 0))
			}
			for i := range 32 {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 32+i, 1))
			}
			return obj(text)
		}},
		{"constants behind a label, and references to each place of them", func() elfbuild.Object {
			text, other := manyTo("constants", zero), manyTo(".rodata", func(i int) int64 { return int64(i) })
			other.Name, other.Symbols[0].Name = ".text.g", "g"
			data := section(".rodata", 0, bytes.Repeat([]byte{1}, size+8))
			data.Symbols = append(data.Symbols, symbol("constants", elf.STB_GLOBAL, 0, 0, 0))
			return obj(text, other, data)
		}},
		{"constants behind a label in as many functions, each in a section of its own", func() elfbuild.Object {
			sections := []elfbuild.Section{section(".rodata", 0, bytes.Repeat([]byte{1}, size))}
			sections[0].Symbols = append(sections[0].Symbols, symbol("constants", elf.STB_GLOBAL, 0, 0, 0))
			for i := range size / 100 {
				text := section(".text", elf.SHF_EXECINSTR, elfbuild.Hex("488d05 00000000 488d05 00000000"))
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 0, 14))
				text.Relocs = []elfbuild.Reloc{pc32(3, "constants", -4), pc32(10, ".rodata", int64(100*i))}
				sections = append(sections, text)
			}
			return obj(sections...)
		}},
		{"references to a section of zeros without a symbol", func() elfbuild.Object {
			return obj(manyTo(".rodata.zeros", func(i int) int64 { return int64(i) }), section(".rodata.zeros", 0, make([]byte, 5*size)))
		}},
		{"labels without a size at one place in data", func() elfbuild.Object {
			text, data := manyTo(".data", func(int) int64 { return 4 }), section(".data", elf.SHF_WRITE, make([]byte, 16))
			for i := range size {
				data.Symbols = append(data.Symbols, symbol(fmt.Sprintf("__key.%d", i), elf.STB_LOCAL, elf.STT_OBJECT, 8, 0))
			}
			return obj(text, data)
		}},
		{"parts of functions of many names", func() elfbuild.Object {
			text, parts := section(".text", elf.SHF_EXECINSTR, bytes.Repeat([]byte{0xe9, 0, 0, 0, 0}, size)), section(".text.b", elf.SHF_EXECINSTR, rets(size/8))
			text.Relocs = relocs(size, func(i int) uint64 { return uint64(5*i + 1) }, ".text.b", func(i int) int64 { return int64(i % (size / 8)) })
			for i := range size / 8 {
				name := fmt.Sprint("f", i%(size/16))
				text.Symbols = append(text.Symbols, fn(name, i/(size/16)*5*size/2, 5*size/2)) // two functions of so many names
				parts.Symbols = append(parts.Symbols, fn(name+".cold", i, 1))
			}
			return obj(text, parts)
		}},
		{"places of alternatives of an unknown layout at one offset", func() elfbuild.Object {
			table := section(".altinstructions", 0, make([]byte, 64))
			table.Relocs = relocs(size, func(int) uint64 { return 3 }, ".text", func(i int) int64 { return int64(i) })
			text := section(".text", elf.SHF_EXECINSTR, rets(size))
			text.Symbols = append(text.Symbols, fn("f", 0, size))
			return obj(text, table)
		}},
		{"relocations at one offset", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, append([]byte{0xe8, 0, 0, 0, 0}, rets(8)...))
			text.Symbols = append(text.Symbols, fn("f", 0, 13))
			text.Relocs = relocs(size, func(int) uint64 { return 1 }, "g", zero)
			return obj(text)
		}},
		{"relocations of data at one offset", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, bytes.Repeat([]byte{0xe8, 0, 0, 0, 0}, 100))
			for i := range 100 {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 5*i, 5))
			}
			text.Relocs = relocs(100, func(i int) uint64 { return uint64(5*i + 1) }, ".rodata", zero)
			data := section(".rodata", 0, make([]byte, 64))
			data.Relocs = relocs(size, func(int) uint64 { return 8 }, "f1", zero)
			return obj(text, data)
		}},
		{"entries about one place", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(16))
			text.Symbols = append(text.Symbols, fn("f", 0, 16))
			table := section("__ex_table", 0, make([]byte, 12*size))
			for i := range size {
				table.Relocs = append(table.Relocs,
					elfbuild.Reloc{Offset: uint64(12 * i), Type: uint32(elf.R_X86_64_PC32), Symbol: "f"},
					elfbuild.Reloc{Offset: uint64(12*i + 4), Type: uint32(elf.R_X86_64_PC32), Symbol: "f", Addend: 8})
			}
			return obj(text, table)
		}},
		{"references to each place of a string", func() elfbuild.Object {
			text := manyTo(".rodata.str1.1", func(i int) int64 { return int64(i - 4) })
			return obj(text, elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0(strings.Repeat("a", size))))
		}},
		{"references to a large constant", func() elfbuild.Object {
			constants := section(".rodata.cst", elf.SHF_MERGE, make([]byte, size))
			constants.Entsize = uint64(size)
			return obj(manyTo(".rodata.cst", func(i int) int64 { return int64(i - 4) }), constants)
		}},
		{"references to a large static that keeps books", func() elfbuild.Object {
			return obj(manyTo("__key.1", func(int) int64 { return -4 }), elfbuild.Data(".data", elfbuild.Var("__key.1", make([]byte, size)).Local()))
		}},
		{"functions that refer to one datum, and that to as many that are unsettled", func() elfbuild.Object {
			n := size / 8
			text := section(".text", elf.SHF_EXECINSTR, bytes.Repeat(elfbuild.Hex("488d05 00000000"), n))
			text.Relocs = relocs(n, func(i int) uint64 { return uint64(7*i + 3) }, ".LC0", func(int) int64 { return -4 })
			all := elfbuild.Var(".LC1", make([]byte, 8*n)).Local()
			for i := range n {
				text.Symbols = append(text.Symbols, fn(fmt.Sprint("f", i), 7*i, 7))
				all.Relocs = append(all.Relocs, abs64(uint64(8*i), ".rodata", int64(i)))
			}
			return obj(text, rodata(".rodata", elfbuild.Piece{Data: make([]byte, n)}, pointers(".LC0", ".LC1"), all))
		}},
		{"references into two functions in turn", func() elfbuild.Object {
			text := manyTo(".text.g", func(i int) int64 { return int64(i%2*size + 100) })
			other := elfbuild.Section{Name: ".text.g", Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Data: rets(2 * size)}
			other.Symbols = append(other.Symbols, fn("g", 0, size), fn("h", size, size))
			return obj(text, other)
		}},
		{"the names of a bug table's files in one string", func() elfbuild.Object {
			table := section("__bug_table", 0, make([]byte, 12*size))
			for i := range size {
				table.Relocs = append(table.Relocs,
					elfbuild.Reloc{Offset: uint64(12 * i), Type: uint32(elf.R_X86_64_PC32), Symbol: "f"},
					elfbuild.Reloc{Offset: uint64(12*i + 4), Type: uint32(elf.R_X86_64_PC32), Symbol: ".rodata.str1.1", Addend: int64(i)})
			}
			text := section(".text", elf.SHF_EXECINSTR, rets(16))
			text.Symbols = append(text.Symbols, fn("f", 0, 16))
			return obj(text, table, elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0(strings.Repeat("a", 8*size))))
		}},
		{"a WARN at each instruction of straight code", func() elfbuild.Object {
			code := bytes.Repeat(elfbuild.Hex("b8 2b000000"), size)
			code[len(code)-4] = 42 // the line
			text := section(".text", elf.SHF_EXECINSTR, code)
			text.Symbols = append(text.Symbols, fn("f", 0, len(code)))
			table := section("__bug_table", 0, bytes.Repeat(elfbuild.Hex("00000000 00000000 00000000 2a00 0100"), size))
			table.Relocs = relocs(size, func(i int) uint64 { return uint64(16 * i) }, ".text", func(i int) int64 { return int64(5 * i) })
			return obj(text, table)
		}},
		{"values that all reach one static branch, many times to one target", func() elfbuild.Object {
			n := size / 2
			code := elfbuild.Hex("0f1f440000 e8 00000000 c3")
			for range n { // mov $1,%esi; jmp to the static branch
				code = append(code, 0xbe, 1, 0, 0, 0, 0xe9)
				code = binary.LittleEndian.AppendUint32(code, uint32(-len(code)-4))
			}
			text := section(".text", elf.SHF_EXECINSTR, code)
			text.Symbols = append(text.Symbols, fn("f", 0, len(code)))
			text.Relocs = relocs(1, func(int) uint64 { return 6 }, "__might_sleep", zero)
			table := section("__jump_table", 0, make([]byte, 16*n))
			for i := range n {
				table.Relocs = append(table.Relocs,
					elfbuild.Reloc{Offset: uint64(16 * i), Type: uint32(elf.R_X86_64_PC32), Symbol: ".text"},
					elfbuild.Reloc{Offset: uint64(16*i + 4), Type: uint32(elf.R_X86_64_PC32), Symbol: ".text", Addend: 11},
					elfbuild.Reloc{Offset: uint64(16*i + 8), Type: uint32(elf.R_X86_64_PC64), Symbol: "key"})
			}
			return obj(text, table)
		}},
		{"alternatives with one replacement", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(size))
			text.Symbols = append(text.Symbols, fn("f", 0, size))
			replacement := section(".altinstr_replacement", elf.SHF_EXECINSTR, rets(255))
			table := section(".altinstructions", 0, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 255}, size/64))
			for i := range size / 64 {
				table.Relocs = append(table.Relocs,
					elfbuild.Reloc{Offset: uint64(14 * i), Type: uint32(elf.R_X86_64_PC32), Symbol: "f", Addend: int64(64 * i)},
					elfbuild.Reloc{Offset: uint64(14*i + 4), Type: uint32(elf.R_X86_64_PC32), Symbol: ".altinstr_replacement"})
			}
			return obj(text, replacement, table)
		}},
		{"alternatives in alternatives", func() elfbuild.Object {
			n := size / 16
			text := section(".text", elf.SHF_EXECINSTR, rets(16))
			text.Symbols = append(text.Symbols, fn("f", 0, 16))
			replacement := section(".altinstr_replacement", elf.SHF_EXECINSTR, rets(16*n))
			table := section(".altinstructions", 0, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 16}, n))
			for i := range n {
				of, at := ".altinstr_replacement", int64(16*(i-1))
				if i == 0 {
					of, at = "f", 0
				}
				table.Relocs = append(table.Relocs,
					elfbuild.Reloc{Offset: uint64(14 * i), Type: uint32(elf.R_X86_64_PC32), Symbol: of, Addend: at},
					elfbuild.Reloc{Offset: uint64(14*i + 4), Type: uint32(elf.R_X86_64_PC32), Symbol: ".altinstr_replacement", Addend: int64(16 * i)})
			}
			return obj(text, replacement, table)
		}},
		{"nameless code that one function reaches", func() elfbuild.Object {
			n := size / 8
			var calls []byte
			for range n {
				calls = append(calls, 0xe8, 0, 0, 0, 0)
			}
			text := section(".text", elf.SHF_EXECINSTR, append(calls, rets(n)...))
			text.Symbols = append(text.Symbols, fn("f", 0, 5*n))
			text.Relocs = relocs(n, func(i int) uint64 { return uint64(5*i + 1) }, ".text", func(i int) int64 { return int64(5*n+i) - 4 })
			return obj(text)
		}},
		{"data that refer to data", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, []byte{0xe8, 0, 0, 0, 0, 0xc3})
			text.Symbols = append(text.Symbols, fn("f", 0, 6))
			text.Relocs = relocs(1, func(int) uint64 { return 1 }, ".rodata", func(int) int64 { return -4 })
			data := section(".rodata", 0, make([]byte, 8*size))
			for i := range size - 1 {
				data.Relocs = append(data.Relocs, elfbuild.Reloc{Offset: uint64(8 * i), Type: uint32(elf.R_X86_64_64), Symbol: ".rodata", Addend: int64(8 * (i + 1))})
			}
			return obj(text, data)
		}},
		{"one name", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, rets(size))
			for i := range size {
				text.Symbols = append(text.Symbols, fn("f", i, 1))
			}
			return obj(text)
		}},
		{"cold parts of one name", func() elfbuild.Object {
			n := size / 10
			text := section(".text", elf.SHF_EXECINSTR, rets(2*n))
			for i := range n {
				text.Symbols = append(text.Symbols, fn("f", i, 1), fn("f.cold", n+i, 1))
			}
			return obj(text)
		}},
		{"mapping symbols", func() elfbuild.Object {
			text := section(".text", elf.SHF_EXECINSTR, make([]byte, 4*size))
			text.Symbols = append(text.Symbols, fn("f", 0, 2*size))
			for i := range size {
				text.Symbols = append(text.Symbols, symbol([]string{"$d", "$x"}[i%2], elf.STB_LOCAL, elf.STT_NOTYPE, uint64(4*i), 0))
			}
			o := obj(text)
			o.Machine = elf.EM_AARCH64
			return o
		}},
		{"blocks against the order", func() elfbuild.Object { // each jumps to the one in front of it
			words := []word{jump(int32(4 * (size - 4))), adrp(10), low(10, 10)}
			for len(words) < size {
				words = append(words, jump(-4))
			}
			return arm64Object(0, words)
		}},
		{"jumps that may lead anywhere", func() elfbuild.Object {
			words := []word{adrp(10), low(10, 10)}
			for len(words) < size {
				words = append(words, plainWord(0x1000_0044), plainWord(0xd61f_0000|4<<5)) // adr x4, +8; br x4
			}
			return arm64Object(0, words)
		}},
		{"a jump table in front of each of its targets", func() elfbuild.Object {
			var words []word
			for len(words) < size/8 {
				words = append(words, word{0x9000_0002, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
					word{0x9100_0042, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
					plainWord(0x3860_4840), plainWord(0x1000_0063), plainWord(0x8b20_8860), plainWord(0xd61f_0000))
			}
			return arm64Object(0, words, section(".rodata", 0, bytes.Repeat([]byte{0, 6}, size)))
		}},
		{"many addresses in one register", func() elfbuild.Object {
			var words []word
			for i := range size / 4 {
				words = append(words, adrp(10), low(10, 10), addi(10, 10, uint32(i&0xfff)), cbz(5, int32(4*(size-4*i-4))))
			}
			return arm64Object(0, append(words, ldr(1, 10, 8)))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := test.make().Bytes()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := object.Parse(data)
			if err == nil {
				_, err = Sum(f, Options{})
			}
			if err != nil {
				t.Log(err)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+memoryForEach*uint64(len(data)) {
				t.Errorf("%d bytes of memory for an object of %d bytes", n, len(data))
			}
		})
	}
}

// TestStringTableWithoutEnd is an object whose string tables have no NUL.
func TestStringTableWithoutEnd(t *testing.T) {
	data := obj(code(fun("f", "c3"))).Bytes()
	for _, name := range []string{"\x00f\x00", "\x00.text\x00"} {
		at := bytes.Index(data, []byte(name))
		if at < 0 {
			t.Fatal("the object has another layout")
		}
		broken := bytes.Clone(data)
		for i := range broken[at:] {
			if broken[at+i] == 0 {
				broken[at+i] = 'x'
			}
			if i > 64 {
				break
			}
		}
		if _, err := object.Parse(broken); err == nil || !strings.Contains(err.Error(), "no end") && !strings.Contains(err.Error(), "malformed") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// Nameless data go as far as code says that it copies or reads, whoever else refers to a part
// (rule 5.1).
func TestKnownReach(t *testing.T) {
	const (
		source  = "48c7c6 00000000 " // mov $.rodata, %rsi
		length  = "ba 40000000 "     // mov $64, %edx
		count   = "b9 08000000 "     // mov $8, %ecx
		call    = "e8 00000000 "     //
		repeat  = "f348a5 "          // rep movsq
		ret     = "c3"
		indexed = "488b04fd 00000000 c3" // mov x(,%rdi,8), %rax
		byIndex = "0fb687 00000000 c3"   // movzbl x(%rdi), %eax
		high    = "4a8b04cd 00000000 c3" // mov x(,%r9,8), %rax
	)
	to := func(asm string, relocs ...elfbuild.Reloc) elfbuild.Piece { return fun("f", asm, relocs...) }
	address := func(at uint64) elfbuild.Reloc { return abs32s(at, ".rodata", 0) }
	inner := func(at uint64) elfbuild.Reloc { return abs32s(at, ".rodata", 16) }
	for _, test := range []struct {
		name string
		f    elfbuild.Piece
		from int // what f reaches: from here on
		end  int
	}{
		{"a copy", to(source+length+call+ret, address(3), plt32(13, "memcpy", -4)), 0, 64},
		{"the length first", to(length+source+call+ret, address(8), plt32(13, "memmove", -4)), 0, 64},
		{"another function", to(source+length+call+ret, address(3), plt32(13, "consume", -4)), 0, 16},
		{"another register", to("48c7c7 00000000 "+length+call+ret, address(3), plt32(13, "memcpy", -4)), 0, 16},
		{"a length that isn't known", to(source+"89fa "+call+ret, address(3), plt32(10, "memcpy", -4)), 0, 16},
		{"a length that overwrites another", to(source+length+"89fa "+call+ret, address(3), plt32(15, "memcpy", -4)), 0, 16},
		{"a length from elsewhere", to("eb05 "+length+source+call+ret, address(10), plt32(15, "memcpy", -4)), 0, 16}, // jumped over
		{"more than there is", to(source+"ba 00100000 "+call+ret, address(3), plt32(13, "memcpy", -4)), 0, 16},
		{"another call in between", to(source+length+call+call+ret, address(3), plt32(13, "g", -4), plt32(18, "memcpy", -4)), 0, 16},
		{"repeated", to(source+count+repeat+ret, address(3)), 0, 64},
		{"repeated, and odd bytes", to(source+"b9 06000000 "+repeat+"a5 66a5 a4 "+ret, address(3)), 0, 55},
		{"repeated, and read on", to(source+"b9 03000000 "+repeat+"8b06 "+ret, address(3)), 0, 16},             // mov (%rsi), %eax
		{"the address kept", to(source+"4889f3 "+length+call+ret, address(3), plt32(16, "memcpy", -4)), 0, 16}, // mov %rsi, %rbx
		{"a switch", to(source+length+call+"ffe0 ", address(3), plt32(13, "memcpy", -4)), 0, 16},
		{"an index of a byte, of 16 bits", to("66400fb6ff "+byIndex, inner(8)), 16, 80},
		{"repeated bytes", to(source+"b9 20000000 f3a4 "+ret, address(3)), 0, 32},
		{"repeated so often as isn't known", to(source+"89f9 "+repeat+ret, address(3)), 0, 16},
		{"an index that is masked", to("83e703 "+indexed, inner(7)), 16, 48},
		{"another index that is masked", to("4183e103 "+high, inner(8)), 16, 48},
		{"an index that is masked in EAX", to("25 07000000 8a80 00000000 c3", inner(7)), 16, 24},
		{"an index of a byte", to("400fb6ff "+byIndex, inner(7)), 16, 80},
		{"another register masked", to("83e603 "+indexed, inner(7)), 16, 80},
		{"an index from elsewhere", to("eb03 83e703 "+indexed, inner(9)), 16, 80},
		{"an index that isn't masked", to(indexed, inner(4)), 16, 80},
		{"a mask that is negative", to("83e7f8 "+indexed, inner(7)), 16, 80},
	} {
		// Another function refers to the middle, where the data end otherwise.
		build := func(change int) elfbuild.Object {
			data := bytes.Repeat([]byte{1}, 80)
			if change >= 0 {
				data[change]++
			}
			return obj(code(test.f, fun("g", loadX, pc32(3, ".rodata", 16-4))), rodata(".rodata", elfbuild.Piece{Data: data}))
		}
		for _, change := range []struct {
			at int
			in bool
		}{{test.from, true}, {test.end - 1, true}, {test.end, false}} {
			if change.at >= 80 {
				continue
			}
			p := pair{name: test.name, old: build(-1), new: build(change.at)}
			if change.in {
				p.want = []Class{Constants}
			}
			p.run(t)
		}
	}
}

// Where a fault goes on between a mask and its use, the index isn't known to be masked.
func TestReachBehindFixup(t *testing.T) {
	build := func(change int, fixup int64) elfbuild.Object {
		data := bytes.Repeat([]byte{1}, 64)
		if change >= 0 {
			data[change]++
		}
		f := fun("f", "83e703 488b04fd 00000000 8b0e c3", abs32s(7, ".rodata", 0)) // and $3, %edi; mov x(,%rdi,8), %rax; mov (%rsi), %ecx
		return obj(code(f), rodata(".rodata", elfbuild.Piece{Data: data}), tab("__ex_table", fault(11, fixup)))
	}
	for _, p := range []pair{
		{name: "behind", old: build(-1, 13), new: build(32, 13)},
		{name: "in between", old: build(-1, 3), new: build(32, 3), want: []Class{Constants}},
	} {
		p.run(t)
	}
}

// What refers to the inside of data that are copied ends nothing.
func TestInsideCopy(t *testing.T) {
	build := func(change int) elfbuild.Object {
		data := bytes.Repeat([]byte{1}, 80)
		if change >= 0 {
			data[change]++
		}
		return obj(code(
			fun("f", "48c7c6 00000000 ba 40000000 e8 00000000 c3", abs32s(3, ".rodata", 0), plt32(13, "memcpy", -4)),
			fun("g", "0fb605 00000000 c3", pc32(3, ".rodata", 16-4)),
			fun("h", leaX, pc32(3, ".rodata", -4)), fun("i", leaX, pc32(3, ".rodata", 64-4)),
		), rodata(".rodata", elfbuild.Piece{Data: data}))
	}
	for _, p := range []pair{
		{name: "who has its address", f: "h", new: build(63), want: []Class{Constants}},
		{name: "who has its address, behind", f: "h", new: build(64)},
		{name: "behind", f: "i", new: build(64), want: []Class{Constants}},
	} {
		p.old = build(-1)
		p.run(t)
	}
}

// A copy on arm64.
func TestKnownReachARM64(t *testing.T) {
	build := func(change int) elfbuild.Object {
		data := bytes.Repeat([]byte{1}, 80)
		if change >= 0 {
			data[change]++
		}
		o := obj(code(
			arm64Func("f", []word{
				{0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 0},
				{0x9100_0021, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 0},
				movz(2, 64), call("memcpy"), plainWord(retA64),
			}),
			arm64Func("g", []word{{0x9000_0000, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 16}, {0x9100_0000, elf.R_AARCH64_ADD_ABS_LO12_NC, ".rodata", 16}, plainWord(retA64)}),
		), rodata(".rodata", elfbuild.Piece{Data: data}))
		o.Machine = elf.EM_AARCH64
		return o
	}
	p := pair{name: "its end", old: build(-1), new: build(63), want: []Class{Constants}}
	p.run(t)
}

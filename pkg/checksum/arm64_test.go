// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// TestARM64 is what two builds of a function for arm64 may differ in, and what not.
func TestARM64(t *testing.T) {
	of := func(words ...word) elfbuild.Object {
		f := arm64Func("f", words)
		o := obj(code(f, arm64Func("g", []word{plainWord(retA64)})))
		o.Machine = elf.EM_AARCH64
		return o
	}
	by := func(bits uint32, typ elf.R_AARCH64, symbol string, addend int64) word {
		return word{bits, typ, symbol, addend}
	}
	behind := func(name string) elfbuild.Object { // loads what stands behind a constant
		o := of(by(0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, ".rodata", 8), by(0xf940_0021, elf.R_AARCH64_LDST64_ABS_LO12_NC, ".rodata", 8), plainWord(retA64))
		o.Sections = append(o.Sections, rodata(".rodata", elfbuild.Var(name, make([]byte, 8)).Local(), raw("0102030405060708")))
		return o
	}
	typed := func(hash string) elfbuild.Object { // a kCFI type hash, which is data
		f := arm64Func("f", []word{plainWord(retA64)})
		f.Symbols = append(f.Symbols, symbol("$x", elf.STB_LOCAL, elf.STT_NOTYPE, 0, 0))
		o := obj(code(arm64Func("g", []word{plainWord(retA64)}), raw(hash).With(symbol("$d", elf.STB_LOCAL, elf.STT_NOTYPE, 0, 0)), f))
		o.Machine = elf.EM_AARCH64
		return o
	}
	ret, nop := plainWord(retA64), plainWord(0xd503_201f)
	const bti = 0xd503_245f // BTI c
	for _, p := range []pair{
		{name: "2.2 a call that the assembler resolved", old: of(plainWord(0x9400_0002), ret), new: of(call("g"), ret)},
		{name: "2.2 a jump", old: of(plainWord(0x1400_0002), ret), new: of(by(0x1400_0000, elf.R_AARCH64_JUMP26, "g", 0), ret)},
		{name: "2.2 a jump is no call", old: of(plainWord(0x1400_0002), ret), new: of(call("g"), ret), want: []Class{Instructions}},
		{name: "2.2 a conditional branch", old: of(plainWord(0x5400_0040), ret), new: of(by(0x5400_0000, elf.R_AARCH64_CONDBR19, "g", 0), ret)},
		{name: "2.2 its condition", old: of(plainWord(0x5400_0040), ret), new: of(plainWord(0x5400_0041), ret), want: []Class{Instructions}},
		{name: "2.2 CBZ's register", old: of(cbz(1, 8), ret), new: of(cbz(2, 8), ret), want: []Class{Instructions}},
		{name: "2.2 TBZ", old: of(plainWord(0x3618_0041), ret), new: of(by(0x3618_0001, elf.R_AARCH64_TSTBR14, "g", 0), ret)},
		{name: "2.2 TBZ's bit", old: of(plainWord(0x3618_0041), ret), new: of(plainWord(0x3620_0041), ret), want: []Class{Instructions}},
		{name: "2.2 ADR", old: of(plainWord(0x1000_0041), ret), new: of(by(0x1000_0001, elf.R_AARCH64_ADR_PREL_LO21, "g", 0), ret)},
		{name: "2.1 a check of the range", old: of(by(0xd280_0001, elf.R_AARCH64_MOVW_UABS_G0, "x", 0), ret), new: of(by(0xd280_0001, elf.R_AARCH64_MOVW_UABS_G0_NC, "x", 0), ret)},
		{name: "2.1 another group", old: of(by(0xd280_0001, elf.R_AARCH64_MOVW_UABS_G0_NC, "x", 0), ret), new: of(by(0xd280_0001, elf.R_AARCH64_MOVW_UABS_G1_NC, "x", 0), ret), want: []Class{References}},
		{name: "2.1 the GOT", old: of(by(0x9000_0001, elf.R_AARCH64_ADR_GOT_PAGE, "x", 0), ret), new: of(by(0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, "x", 0), ret), want: []Class{References}},
		{name: "2.1 a page's offset", old: of(by(0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, "x", 0), ret), new: of(by(0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, "x", 8), ret), want: []Class{References}},
		{name: "2.1 bits under a relocation", old: of(by(0x9100_0021, elf.R_AARCH64_ADD_ABS_LO12_NC, "x", 0), ret), new: of(by(0x9104_0021, elf.R_AARCH64_ADD_ABS_LO12_NC, "x", 0), ret)},
		{name: "2.1 a register beside it", old: of(by(0x9100_0021, elf.R_AARCH64_ADD_ABS_LO12_NC, "x", 0), ret), new: of(by(0x9100_0022, elf.R_AARCH64_ADD_ABS_LO12_NC, "x", 0), ret), want: []Class{Instructions}},
		{name: "3.8g the page of a load", old: behind("a"), new: behind("z")},
		{name: "2.4 a NOP in a branch's way", old: of(cbz(1, 8), ret, ret), new: of(cbz(1, 12), ret, nop, ret)},
		{name: "1.3 the kCFI hash", old: typed("01020304"), new: typed("05060708"), want: []Class{CFI}},
		{name: "1.3 a kCFI hash with a NOP's bytes", old: typed(""), new: typed("1f2003d5"), want: []Class{CFI}},
		{name: "2.4 a landing pad", old: of(plainWord(bti), ret), new: of(ret), want: []Class{Instructions}},
	} {
		p.run(t)
	}
}

// TestLongLineARM64 is a line of more than 16 bits, in MOVZ and MOVK.
func TestLongLineARM64(t *testing.T) {
	with := func(low, high uint32, callee string) *Record {
		o := obj(code(arm64Func("f", []word{movz(1, low), plainWord(0xf2a0_0001 | high<<5), call(callee), plainWord(retA64)})))
		o.Machine = elf.EM_AARCH64
		return record(t, sum(t, o), "f")
	}
	a, b := with(0xffff, 1, "__might_sleep"), with(2, 2, "__might_sleep")
	if a.Digest == b.Digest || a.Masked() != b.Masked() || a.Masked() == (Digest{}) {
		t.Errorf("%v and %v, without line numbers %v and %v", a.Digest, b.Digest, a.Masked(), b.Masked())
	}
	if c := with(2, 2, "g"); c.Masked() != (Digest{}) {
		t.Error("a number is taken for a line without evidence")
	}
}

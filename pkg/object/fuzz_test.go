// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// FuzzParse looks for an object that brings Parse or LoadCode down, or that
// they let through though it isn't what they promise.
func FuzzParse(f *testing.F) {
	little := small()
	f.Add(little.Bytes())
	big := small()
	big.Big = true
	f.Add(big.Bytes())
	f.Add(elfbuild.Object{NoSymbols: true}.Bytes())
	f.Add(elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			elfbuild.File("a.c"),
			{Name: "f", Type: elf.STT_FUNC, Section: ".text", Size: 16},
			{Name: "f.cold", Type: elf.STT_FUNC, Section: ".text", Value: 4, Size: 4},
			{Name: "f.cold.cold", Type: elf.STT_FUNC, Section: ".text", Value: 6, Size: 8},
			{Name: "f", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text.b", Size: 5},
			{Name: "__pfx_f", Type: elf.STT_FUNC, Section: ".text.b", Size: 0},
		},
		Sections: []elfbuild.Section{
			elfbuild.Text(".text", elfbuild.Raw("90909090 90909090 90909090 909090c3")),
			elfbuild.Text(".text.b", elfbuild.Raw("e9 00000000", elfbuild.PLT32(1, ".text", 0))),
		},
	}.Bytes())
	for _, big := range []bool{false, true} {
		compact := small()
		compact.CREL, compact.Big = true, big
		compact.Sections = append(compact.Sections,
			elfbuild.Data(".orc_unwind_ip", elfbuild.Raw("00000000", elfbuild.PC32(0, "f", 0))),
			elfbuild.Data(".data.b", elfbuild.Raw("00000000 00000000 00000000 00000000",
				elfbuild.Abs64(8, "f", 1<<40), elfbuild.Rel(4, elf.R_X86_64_NONE, "x", -1), elfbuild.Abs64(0, "g", -1<<63))),
			elfbuild.Section{Name: ".debug_info", Data: make([]byte, 300), Relocs: []elfbuild.Reloc{elfbuild.Abs64(9, "f", 0), elfbuild.Abs64(290, "f", 1)}})
		f.Add(compact.Bytes())
	}
	f.Add(withCREL(sectionCREL, "1c 0f 01 02 7c 28 29 01").Bytes())
	f.Add(withCREL(sectionCRELExperimental, "0c 07 01 02 80 80 80 80 80 80 80 80 80 7f").Bytes())
	f.Fuzz(func(t *testing.T, data []byte) { touch(data) })
}

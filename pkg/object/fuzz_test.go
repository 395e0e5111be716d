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
	f.Add(withCREL(sectionCREL, "1c 0f 01 02 7c 28 29 01").Bytes())
	f.Add(withCREL(sectionCRELExperimental, "0c 07 01 02 80 80 80 80 80 80 80 80 80 7f").Bytes())
	f.Fuzz(func(t *testing.T, data []byte) { touch(data) })
}

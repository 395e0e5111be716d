// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/lines"
)

// withLine is a function that passes a line to another one: however the call
// is encoded, it is found.
func withLine(line, how string) elfbuild.Object {
	const set = "be 000000" // mov $LINE,%esi, but for its last byte
	mov := strings.Replace(set, "00", line, 1) + "00"
	callee := fun("__might_sleep", "31f6 c3")
	switch how {
	case "undefined":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "__might_sleep", -4))))
	case "by the section":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, ".text.unlikely", -4))), elfbuild.Text(".text.unlikely", callee.Local()))
	case "resolved by the assembler":
		return obj(code(fun("f", mov+"e8 01000000 c3"), callee.Local()))
	case "a clone":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "__might_sleep.constprop.0", -4))))
	}
	return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "consume", -4))))
}

func TestLineOfCall(t *testing.T) {
	for how, isLine := range map[string]bool{
		"undefined": true, "by the section": true, "resolved by the assembler": true, "a clone": true, "another function": false,
	} {
		t.Run(how, func(t *testing.T) {
			a, b := record(t, sum(t, withLine("05", how)), "f"), record(t, sum(t, withLine("06", how)), "f")
			if a.Digest == b.Digest {
				t.Error("the exact digests are equal")
			}
			if same := a.Masked() == b.Masked() && a.Masked() != (Digest{}); same != isLine {
				t.Errorf("without line numbers: %v and %v", a.Masked(), b.Masked())
			}
			// What has no line there is never equal to what has one.
			if c := record(t, sum(t, withLine("00", how)), "f"); c.Digest == a.Masked() || c.Digest == b.Masked() {
				t.Error("a line that was left out is a zero")
			}
		})
	}
}

// A number behind the path of a source in a format is a line (rule 7.8): where the
// strings stand, and how their addresses are made, doesn't matter.
func TestLineOfFormat(t *testing.T) {
	texts := []elfbuild.Piece{literal("assertion failed at %s (%d)\n"), literal("net/a.c")}
	const path = 29
	text := func(section string) elfbuild.Section {
		if section == ".rodata" {
			return rodata(section, texts...)
		}
		return elfbuild.Strings(section, 1, texts...)
	}
	x86 := func(section, line string, at int64) elfbuild.Object {
		asm := "ba " + line + "000000 be 00000000 488d3d 00000000 e8 00000000 c3" // mov $LINE, %edx; mov $path, %esi; lea format, %rdi; call
		return obj(code(fun("f", asm, elfbuild.Rel(6, elf.R_X86_64_32S, section, at), pc32(13, section, -4), plt32(18, "printk", -4))), text(section))
	}
	arm64 := func(section, line string, at int64) elfbuild.Object {
		o := obj(code(arm64Func("f", []word{
			movz(2, uint32(elfbuild.Hex(line)[0])),
			{0x9000_0001, elf.R_AARCH64_ADR_PREL_PG_HI21, section, at},
			{0x9100_0021, elf.R_AARCH64_ADD_ABS_LO12_NC, section, at},
			{0x9000_0000, elf.R_AARCH64_ADR_PREL_PG_HI21, section, 0},
			{0x9100_0000, elf.R_AARCH64_ADD_ABS_LO12_NC, section, 0},
			call("printk"), plainWord(retA64),
		})), text(section))
		o.Machine = elf.EM_AARCH64
		return o
	}
	for name, build := range map[string]func(section, line string, at int64) elfbuild.Object{"x86": x86, "arm64": arm64} {
		for _, section := range []string{".rodata.str1.1", ".rodata"} {
			for _, test := range []struct {
				name, file string
				at         int64 // of what is printed as the path
				line       bool
			}{
				{"its source's path", "a.c", path, true},
				{"another file's", "b.c", path, false},
				{"a part of a path", "a.c", path + 5, false},
			} {
				with := func(line string) elfbuild.Object {
					o := build(section, line, test.at)
					o.Symbols = append(o.Symbols, elfbuild.File(test.file))
					return o
				}
				p := tablePair{
					name: name + ", " + section + ", " + test.name, old: with("05"), new: with("16"),
					exact: list("instructions"), line: test.line,
				}
				p.run(t)
			}
		}
	}
}

// A user's table makes lines of what nobody knew.
func TestLineTable(t *testing.T) {
	table := lines.Builtin()
	if err := table.Add(strings.NewReader("consume 2\n")); err != nil {
		t.Fatal(err)
	}
	masked := func(line string) Digest {
		sums, err := Sum(parse(t, withLine(line, "another function")), Options{Lines: table})
		if err != nil {
			t.Fatal(err)
		}
		return sums.Records[0].Masked()
	}
	if a, b := masked("05"), masked("06"); a != b || a == (Digest{}) {
		t.Errorf("%v and %v", a, b)
	}
}

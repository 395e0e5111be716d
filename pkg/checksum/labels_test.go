// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// labelled is a piece with global labels without a size.
func labelled(p elfbuild.Piece, labels ...elfbuild.Symbol) elfbuild.Piece { return p.With(labels...) }

func labelAt(name string, at uint64) elfbuild.Symbol {
	return symbol(name, elf.STB_GLOBAL, elf.STT_NOTYPE, at, 0)
}

// Labels inside a function belong to it (rule 2.6): which there are, and where, in this
// order.
func TestLabels(t *testing.T) {
	const body = "31c0 31c9 31d2 c3" // xor %eax, %eax; xor %ecx, %ecx; xor %edx, %edx; ret
	with := func(labels ...elfbuild.Symbol) elfbuild.Object {
		return obj(code(labelled(fun("f", body), labels...)))
	}
	cold := func(at uint64) elfbuild.Object {
		return obj(code(fun("f", "85ff 0f84 00000000 c3", plt32(4, "f.cold", -4))),
			elfbuild.Text(".text.unlikely", labelled(fun("f.cold", "31c0 0f0b").Local(), labelAt("in_cold", at))))
	}
	gap := func(front string, label uint64) elfbuild.Object {
		return obj(code(fun("e", "c3"), labelled(raw(front), labelAt("ahead", label)), fun("f", body)))
	}
	base := with(labelAt("a", 2), labelAt("b", 4))
	for _, p := range []tablePair{
		{name: "2.6 a label moved", old: base, new: with(labelAt("a", 2), labelAt("b", 6)), places: []string{"labels"}},
		{name: "2.6 a label into an instruction", old: base, new: with(labelAt("a", 2), labelAt("b", 5)), places: []string{"labels"}},
		{name: "2.6 labels swapped", old: base, new: with(labelAt("a", 4), labelAt("b", 2)), exact: []string{"labels"}},
		{name: "2.6 another name", old: base, new: with(labelAt("a", 2), labelAt("c", 4)), exact: []string{"labels"}},
		{name: "2.6 a label less", old: base, new: with(labelAt("b", 4)), exact: []string{"labels"}, places: []string{"labels"}},
		{name: "2.6 the first one", old: with(), new: with(labelAt("a", 2)), exact: []string{"labels"}, places: []string{"labels"}},
		{name: "2.6 at the start", old: with(labelAt("a", 0)), new: with(labelAt("a", 2)), places: []string{"labels"}},
		{name: "2.6 a weak one", old: with(symbol("a", elf.STB_WEAK, elf.STT_FUNC, 2, 0)), new: with(symbol("a", elf.STB_WEAK, elf.STT_FUNC, 4, 0)), places: []string{"labels"}},
		{name: "2.6 a local one is no more than its place", old: with(), new: with(symbol("a", elf.STB_LOCAL, 0, 2, 0))},
		{name: "2.6 one that marks a range", old: with(labelAt("text_end", 2)), new: with(labelAt("text_end", 4), labelAt("x_start", 0), labelAt("__kvm_nvhe___hyp_section_.text", 6))},
		{name: "2.6 at the end it is none of the function's", old: with(), new: with(labelAt("a", 7))},
		{
			name: "2.6 an instruction more moves the places, and is the reason", old: base,
			new:   obj(code(labelled(fun("f", "31f6"+body), labelAt("a", 4), labelAt("b", 6)))),
			exact: []string{"instructions"}, places: []string{"labels"},
		},
		{name: "2.6 padding in front moves none", old: base, new: obj(code(labelled(fun("f", "0f1f4000"+body), labelAt("a", 6), labelAt("b", 8))))},
		{name: "2.6 a label on padding is on what follows", old: with(labelAt("a", 2)), new: obj(code(labelled(fun("f", "31c0 90 31c9 31d2 c3"), labelAt("a", 2))))},
		{name: "2.6 in a cold part", old: cold(0), new: cold(2), places: []string{"labels"}, exact: []string{"cold"}},
		{name: "2.6 in the padding in front", old: gap("909090", 2), new: gap("909090", 0)},
		{name: "2.6 in the padding in front, and not", old: gap("909090", 2), new: gap("909090 c3", 3), exact: []string{"labels"}, places: []string{"labels"}},
		{
			name: "2.6 in the padding in front of another", f: "e", exact: []string{"labels"}, places: []string{"labels"},
			old: obj(code(labelled(fun("e", "c3"), labelAt("l", 0)))), new: obj(code(fun("e", "c3"), labelled(raw("9090"), labelAt("l", 1)), fun("f", "c3"))),
		},
	} {
		p.run(t)
	}
	for _, p := range []pair{
		{
			name: "2.6 an orphan's", f: OrphanName, want: []Class{Labels},
			old: obj(code(labelled(raw("31c0 c3 31c9 c3"), labelAt("on", 0), labelAt("off", 3)))),
			new: obj(code(labelled(raw("31c0 c3 31c9 c3"), labelAt("on", 3), labelAt("off", 0)))),
		},
		{
			// jmp 1f; xor %eax, %eax; 1: ret
			name: "2.6 a branch to a label, resolved by the assembler or not",
			old:  obj(code(labelled(fun("f", "eb02 31c0 c3"), labelAt("a", 4)))),
			new:  obj(code(labelled(fun("f", "e9 00000000 31c0 c3", plt32(1, "a", -4)), labelAt("a", 7)))),
		},
		{
			name: "2.6 a branch to another label", want: []Class{Instructions, References, Labels},
			old: obj(code(labelled(fun("f", "eb02 31c0 c3"), labelAt("a", 4)))),
			new: obj(code(labelled(fun("f", "eb02 31c0 c3"), labelAt("a", 2)))),
		},
		{
			name: "3.3 a label by name and by section",
			old:  obj(code(fun("f", callG, plt32(1, "a", -4)), labelled(fun("g", body), labelAt("a", 2)))),
			new:  obj(code(fun("f", callG, plt32(1, ".text", 4)), labelled(fun("g", body), labelAt("a", 2)))),
		},
		{
			name: "3.3 a label that moved is the same for its callers",
			old:  obj(code(fun("f", callG, plt32(1, "a", -4)), labelled(fun("g", body), labelAt("a", 2)))),
			new:  obj(code(fun("f", callG, plt32(1, "a", -4)), labelled(fun("g", body), labelAt("a", 4)))),
		},
		{
			name: "3.3 a place behind a label is one in the function",
			old:  obj(code(fun("f", callG, plt32(1, "a", -2)), labelled(fun("g", body), labelAt("a", 2)))),
			new:  obj(code(fun("f", callG, plt32(1, ".text", 6)), labelled(fun("g", body), labelAt("a", 2)))),
		},
		{
			name: "3.3 a label in code without a symbol",
			old:  obj(code(fun("f", callG, plt32(1, "a", -4)), labelled(raw("31c0 c3"), labelAt("a", 0)))),
			new:  obj(code(fun("f", callG, plt32(1, ".text", 2)), labelled(raw("31c0 c3"), labelAt("a", 0)))),
		},
	} {
		p.run(t)
	}
}

// What a function runs on into is a reference to it (rule 2.7).
func TestRunsOn(t *testing.T) {
	behind := func(f string, others ...elfbuild.Piece) elfbuild.Object {
		return obj(code(append([]elfbuild.Piece{fun("f", f)}, others...)...))
	}
	g, h := fun("g", "31c0 c3"), fun("h", "31c0 c3")
	for _, p := range []pair{
		{name: "2.7 into another function", old: behind("31d2", g, h), new: behind("31d2", h, g), want: []Class{References}},
		{name: "2.7 NOPs don't matter", old: behind("31d2", g), new: behind("31d2 90", g.At(16))},
		{name: "2.7 a conditional jump runs on", old: behind("31d2 74fc", g, h), new: behind("31d2 74fc", h, g), want: []Class{References}},
		{name: "2.7 a jump doesn't", old: behind("31d2 ebfc", g, h), new: behind("31d2 ebfc", h, g)},
		{name: "2.7 nor a jump through a register", old: behind("ffe0", g, h), new: behind("ffe0", h, g)},
		{name: "2.7 nor a return", old: behind("31d2 c3", g, h), new: behind("31d2 c3", h, g)},
		{name: "2.7 nor a trap", old: behind("31d2 0f0b", g, h), new: behind("31d2 0f0b", h, g)},
		{name: "2.7 nor a call", old: behind("ffd0", g, h), new: behind("ffd0", h, g)},
		{name: "2.7 a return in front of NOPs and a barrier", old: behind("c3 0faee8 90", g, h), new: behind("c3 0faee8 90", h, g)},
		{name: "2.7 INT3 behind is nothing", old: behind("31d2", raw("cc"), g, h), new: behind("31d2", raw("cc"), h, g)},
		{name: "2.7 zeros are nothing", old: behind("31d2", raw("00"), g), new: behind("31d2")},
		{name: "2.7 the section's end is nothing", old: behind("31d2"), new: behind("31d2", raw("90"))},
		{name: "2.7 the prefix of a function is the function's", old: behind("31d2", g), new: behind("31d2", fun("__pfx_g", "9090").Local(), g)},
		{
			name: "2.7 into code without a symbol, which is a part of it", want: []Class{Instructions},
			old: behind("31d2", raw("31c0 c3")), new: behind("31d2", raw("31c9 c3")),
		},
		{
			name: "2.7 a cold part", want: []Class{References, Cold},
			old: obj(code(fun("f", "85ff 0f84 00000000 c3", plt32(4, "f.cold", -4))), elfbuild.Text(".text.unlikely", fun("f.cold", "31c0").Local(), g, h)),
			new: obj(code(fun("f", "85ff 0f84 00000000 c3", plt32(4, "f.cold", -4))), elfbuild.Text(".text.unlikely", fun("f.cold", "31c0").Local(), h, g)),
		},
		{
			name: "2.7 the rest of a function that contains it", want: []Class{References}, f: "inner",
			old: obj(code(fun("f", "31c0 31c9 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 0, 2)))),
			new: obj(code(fun("other", "31c0 31c9 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 0, 2)))),
		},
	} {
		p.run(t)
	}
	// isb behind eret, and a literal pool behind that.
	arm := func(f string, others ...elfbuild.Piece) elfbuild.Object {
		o := behind(f, others...)
		o.Machine = elf.EM_AARCH64
		return o
	}
	pool := labelled(raw("01020304"), symbol("$d", elf.STB_LOCAL, 0, 0, 0))
	g, h = fun("g", "c0035fd6").With(symbol("$x", elf.STB_LOCAL, 0, 0, 0)), fun("h", "c0035fd6").With(symbol("$x", elf.STB_LOCAL, 0, 0, 0))
	for _, p := range []pair{
		{name: "2.7 arm64, a barrier behind eret", old: arm("e0039fd6 df3f03d5", g, h), new: arm("e0039fd6 df3f03d5", h, g)},
		{name: "2.7 arm64, a barrier alone", old: arm("df3f03d5", g, h), new: arm("df3f03d5", h, g)},
		{name: "2.7 arm64, clrex is no barrier", old: arm("5f3f03d5", g, h), new: arm("5f3f03d5", h, g), want: []Class{References}},
		{name: "2.7 arm64, over a pool", old: arm("0000018b", pool, g, h), new: arm("0000018b", pool, h, g), want: []Class{References}},
	} {
		p.run(t)
	}
}

// Constants of hand-written code behind a label count by name and content (rule 3.7).
func TestLabelConstants(t *testing.T) {
	local := func(name, data string) elfbuild.Piece {
		return raw(data).With(symbol(name, elf.STB_LOCAL, elf.STT_NOTYPE, 0, 0))
	}
	global := func(name, data string) elfbuild.Piece { return raw(data).With(labelAt(name, 0)) }
	load := func(r elfbuild.Reloc, more ...elfbuild.Section) elfbuild.Object {
		return obj(append([]elfbuild.Section{code(fun("f", loadX, r))}, more...)...)
	}
	mask, byName := pc32(3, ".rodata", -4), pc32(3, "mask", -4)
	long := strings.Repeat("01", maxInFull+8)
	// The place behind the label's first 8 bytes is referred to from another section of
	// code, or from the function's own.
	two := func(own bool, content string) elfbuild.Object {
		f, g, data := fun("f", loadX, byName), fun("g", loadX, pc32(3, ".rodata", 4)), rodata(".rodata", global("mask", content))
		if own {
			return obj(code(f, g), data)
		}
		return obj(code(f), elfbuild.Text(".text.g", g), data)
	}
	for _, p := range []pair{
		{name: "3.7 a local label's first byte", old: load(mask, rodata(".rodata", local("mask", "0102"))), new: load(mask, rodata(".rodata", local("mask", "0202"))), want: []Class{Constants}},
		{name: "3.7 its last byte", old: load(mask, rodata(".rodata", local("mask", "0102"))), new: load(mask, rodata(".rodata", local("mask", "0103"))), want: []Class{Constants}},
		{name: "3.7 a global label", old: load(byName, rodata(".rodata", global("mask", "0102"))), new: load(byName, rodata(".rodata", global("mask", "0103"))), want: []Class{Constants}},
		{name: "3.7 its name", old: load(mask, rodata(".rodata", local("mask", "0102"))), new: load(mask, rodata(".rodata", local("keys", "0102"))), want: []Class{References}},
		{name: "3.7 what stands behind the next symbol", old: load(byName, rodata(".rodata", global("mask", "01"), local("x", "02"))), new: load(byName, rodata(".rodata", global("mask", "01"), local("x", "03")))},
		{name: "3.7 zeros at its end are padding", old: load(byName, rodata(".rodata", global("mask", "01"))), new: load(byName, rodata(".rodata", global("mask", "01000000"), local("x", "03")))},
		{
			name: "3.7 a relocated field at its end isn't", want: []Class{Constants},
			old: load(byName, rodata(".rodata", global("mask", "0100000000000000 0000000000000000"))),
			new: load(byName, rodata(".rodata", labelled(raw("0100000000000000 0000000000000000", abs64(8, "y", 0)), labelAt("mask", 0)))),
		},
		{name: "3.7 one that marks a range", old: load(pc32(3, "x_end", -4), rodata(".rodata", global("x_end", "01"))), new: load(pc32(3, "x_end", -4), rodata(".rodata", global("x_end", "02")))},
		{
			name: "3.7 a C array without a size",
			old:  load(byName, rodata(".rodata", raw("01").With(symbol("mask", elf.STB_GLOBAL, elf.STT_OBJECT, 0, 0)))),
			new:  load(byName, rodata(".rodata", raw("02").With(symbol("mask", elf.STB_GLOBAL, elf.STT_OBJECT, 0, 0)))),
		},
		{name: "3.7 a variable without a size", old: load(byName, elfbuild.Data(".data", global("mask", "01"))), new: load(byName, elfbuild.Data(".data", global("mask", "02")))},
		{name: "3.7 large constants", old: load(byName, rodata(".rodata", global("mask", long+"01"))), new: load(byName, rodata(".rodata", global("mask", long+"02"))), want: []Class{Constants}},
		{name: "3.7 up to what only other code refers to", old: two(false, "0101010101010101 02"), new: two(false, "0101010101010101 03")},
		{name: "3.7 not up to what the function's section refers to", old: two(true, "0101010101010101 02"), new: two(true, "0101010101010101 03"), want: []Class{Constants}},
		{
			name: "3.7 it counts each time it is called by its name", want: []Class{Constants},
			old: obj(code(fun("e", loadX, byName), fun("f", loadX, byName)), rodata(".rodata", global("mask", "01"))),
			new: obj(code(fun("e", loadX, byName), fun("f", loadX, byName)), rodata(".rodata", global("mask", "02"))),
		},
	} {
		p.run(t)
	}
}

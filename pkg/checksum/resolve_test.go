// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/lines"
)

// prepare is an object made ready, before any function is walked.
func prepare(t *testing.T, o elfbuild.Object) *program {
	t.Helper()
	f := parse(t, o)
	p, err := newProgram(f, &x86, lines.Builtin(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// words is a target as a test writes it.
func (t *target) words(p *program) string {
	s := ""
	if t.biased {
		s = "biased "
	}
	if t.ended != 0 {
		s += "(ends " + p.file.Symbols[t.ended].Name() + ") "
	}
	switch t.kind {
	case targetName:
		return fmt.Sprintf("%s%s%+d", s, p.file.Symbols[t.symbol].Name(), t.offset)
	case targetInside:
		e := &p.code.Extents[t.extent]
		return fmt.Sprintf("%sinside %s%+d", s, p.code.Name(e.Symbol), t.at-e.Start)
	case targetString:
		return fmt.Sprintf("%stext %d", s, t.at)
	case targetMerge:
		return fmt.Sprintf("%sconstant %d:%d%+d", s, t.start, t.end, t.at-t.start)
	case targetDatum:
		return fmt.Sprintf("%sdatum %d:%d%+d", s, t.start, t.end, t.at-t.start)
	case targetSpecial:
		return s + "special"
	case targetStray:
		return fmt.Sprintf("%sstray %d", s, t.at)
	case targetAbsolute:
		return fmt.Sprintf("%snumber %d", s, t.offset)
	}
	return fmt.Sprintf("%ssection%+d", s, t.offset)
}

// A plain layout, without data sections: rules 3.8 a to f, and what goes
// before them.
func TestResolve(t *testing.T) {
	local := func(name string, size int) elfbuild.Piece { return elfbuild.Var(name, make([]byte, size)).Local() }
	gap := func(size int) elfbuild.Piece { return elfbuild.Piece{Data: make([]byte, size)} }
	label := func(name string) elfbuild.Piece { return elfbuild.Var(name, nil).Local() }
	o := elfbuild.Object{
		Symbols: []elfbuild.Symbol{{Name: "absolute", Bind: elf.STB_GLOBAL, Section: elfbuild.Absolute, Value: 7}},
		Sections: []elfbuild.Section{
			elfbuild.Text(".text",
				raw("9090"), fun("f", "31c0 31c9 c3").Alias("f2"), // 2 to 7
				raw("90"), fun("__pfx_g", "9090").Local(), fun("g", "31c0 c3").Local(), // 10 to 13
				raw("cccccc"), fun("outer", "31c0 31c9 31d2 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2)), // 16 to 23
				raw("31c0 c3"), // without a symbol
			),
			elfbuild.Data(".data",
				gap(4), local("a", 8), local("b", 8), gap(4), // a 4 to 12, b 12 to 20
				elfbuild.Var("g1", make([]byte, 8)), gap(4), // 24 to 32
				local("c", 8).With(symbol("in_c", elf.STB_LOCAL, 0, 4, 0)), // 36 to 44, a label at 40
				label("key"), gap(4), // 44
				local("d", 8).With(symbol("at_d", elf.STB_LOCAL, 0, 0, 0)), elfbuild.Var("g2", make([]byte, 8)), // d 48 to 56, g2 56 to 64
				gap(8),
			),
			elfbuild.ReadOnly(".rodata",
				gap(4), local("ra", 8), gap(4), elfbuild.Var("rg", make([]byte, 8)), // ra 4 to 12, rg 16 to 24
				gap(8), local("x.12", 4), local(".LC1", 4), label(".LC2"), gap(4), // x.12 32 to 36, .LC1 36 to 40, .LC2 40
			),
			elfbuild.Zero(".bss", elfbuild.Piece{Size: 8}, elfbuild.Space("za", 8).Local(), elfbuild.Space("zb", 8)), // za 8 to 16, zb 16 to 24
			elfbuild.Data(".data.one", elfbuild.Var("one", make([]byte, 8))),
			elfbuild.Data(".data.none", gap(8)),
			elfbuild.ReadOnly(".rodata.none", gap(8)),
			elfbuild.ReadOnly(".hyp.rodata", gap(4), label("__kvm_nvhe_.L14472\x021"), label("__kvm_nvhe_x"), gap(4)),
			elfbuild.Strings(".rodata.str1.1", 1, literal("hello")),
			elfbuild.Merge(".rodata.cst8", 8, gap(16)),
			elfbuild.Data("__tracepoint_str", local("___tp_str.1", 8), gap(8)),
			elfbuild.Data("__bug_table", gap(24)),
			{Name: ".comment", Data: make([]byte, 8)},
			elfbuild.ReadOnly(".refers", elfbuild.Piece{
				Data: make([]byte, 8), Relocs: []elfbuild.Reloc{
					abs64(0, ".text", 0), abs64(0, ".data", 0), abs64(0, ".rodata", 0), abs64(0, ".bss", 0), abs64(0, ".data.one", 0), abs64(0, ".data.none", 0),
					abs64(0, ".rodata.none", 0), abs64(0, ".rodata.str1.1", 0), abs64(0, ".rodata.cst8", 0), abs64(0, "__tracepoint_str", 0), abs64(0, "__bug_table", 0), abs64(0, "undefined", 0),
				},
			}),
		},
	}
	p := prepare(t, o)
	symbols := map[string]uint32{}
	for i := range p.file.Symbols {
		symbols[p.file.Symbols[i].Name()] = uint32(i)
	}
	for _, test := range []struct {
		rule, symbol string
		addend       int64
		want         string
	}{
		{"3.1", "undefined", 8, "undefined+8"},
		{"3.1", "undefined", -8, "undefined-8"},
		{"3.1 a number", "absolute", 2, "number 9"},
		{"3.2", "__bug_table", 12, "special"},
		{"3.3 the entry", ".text", 2, "f+0"},
		{"3.3 an alias keeps its name", "f2", 0, "f2+0"},
		{"3.3 a place", ".text", 4, "inside f+2"},
		{"3.3 a place by name", "f", 2, "inside f+2"},
		{"3.3 a place by an alias", "f2", 2, "inside f+2"},
		{"3.3 the end", ".text", 7, "inside f+5"},
		{"3.3 the end by name", "f", 5, "inside f+5"},
		{"3.3 behind the end by name", "f", 6, "f+6"},
		{"3.3 in front by name", "f", -1, "f-1"},
		{"3.3 a prefix", ".text", 8, "g-1"},
		{"3.3 a prefix's middle", ".text", 9, "g-1"},
		{"3.3 a local function's entry", "g", 0, "g+0"},
		{"3.3 an inner entry", ".text", 18, "inner+0"},
		{"3.3 an inner entry by name", "inner", 0, "inner+0"},
		{"3.3 in the inner function", ".text", 19, "inside inner+1"},
		{"3.3 behind the inner function", ".text", 20, "inside outer+4"},
		{"3.3 no symbol", ".text", 24, "stray 24"},
		{"3.3 behind the section", ".text", 1000, "section+1000"},
		{"3.3 in front of the section", ".text", -2, "section-2"},
		{"3.4", ".rodata.str1.1", 2, "text 2"},
		{"3.4 behind the section", ".rodata.str1.1", 100, "section+100"},
		{"3.5", ".rodata.cst8", 12, "constant 8:16+4"},
		{"3.6 no symbol", ".rodata", 28, "datum 28:0+0"},
		{"3.6 in front of the first symbol", ".rodata", 0, "datum 0:0+0"},
		{"3.6 a numbered static", "x.12", 0, "datum 32:36+0"},
		{"3.6 a numbered static by section symbol", ".rodata", 34, "datum 32:36+2"},
		{"3.6 .LC", ".LC1", 2, "datum 36:40+2"},
		{"3.6 .LC without a size", ".LC2", 0, "datum 40:0+0"},
		{"3.6 a label that is a number, behind a prefix", "__kvm_nvhe_.L14472\x021", 0, "datum 4:0+0"},
		{"3.7 a label behind a prefix", "__kvm_nvhe_x", 0, "__kvm_nvhe_x+0"},
		{"3.6 __tracepoint_str", "___tp_str.1", 0, "datum 0:8+0"},
		{"3.6 __tracepoint_str by section symbol", "__tracepoint_str", 0, "datum 0:8+0"},
		{"3.7", "a", 4, "a+4"},
		{"3.7 outside of the datum", "a", -64, "a-64"},
		{"3.7 in another datum", "a", 8, "a+8"},
		{"3.7 a global", "g1", 100, "g1+100"},
		{"3.8 a, starts", ".data", 4, "a+0"},
		{"3.8 a, contains", ".data", 11, "a+7"},
		{"3.8 a, a zero-size local", ".data", 40, "in_c+0"},
		{"3.8 a, contains behind a zero-size local", ".data", 41, "c+5"},
		{"3.8 a, starts before a zero-size local", ".data", 48, "d+0"},
		{"3.8 a, a zero-size local at an end", ".data", 44, "(ends c) key+0"},
		{"3.8 f, ends and starts", ".data", 12, "(ends a) b+0"},
		{"3.8 b, the end", ".data", 20, "b+8"},
		{"3.8 b, before a global", ".data", 56, "d+8"},
		{"3.8 b, nameless data at an end in read-only data", ".rodata", 12, "(ends ra) datum 12:0+0"},
		{"3.8 c, a global", ".data", 26, "g1+2"},
		{"3.8 c, a global's start", ".data", 24, "g1+0"},
		{"3.8 c, a global in read-only data", ".rodata", 18, "rg+2"},
		{"3.8 d, writable", ".data", 33, "datum 33:0+0"},
		{"3.8 d, the end of a global", ".data", 64, "datum 64:0+0"},
		{"3.8 d, in front of the first local", ".data", 1, "datum 1:0+0"},
		{"3.8 d, in front of the section", ".data", -8, "a-12"},
		{"3.8 d, behind the section", ".data", 1000, "at_d+952"},
		{"3.8 d, NOBITS", ".bss", 0, "za-8"},
		{"3.8 d, NOBITS, contains", ".bss", 9, "za+1"},
		{"3.8 b, NOBITS", ".bss", 16, "za+8"},
		{"3.8 c, NOBITS", ".bss", 17, "zb+1"},
		{"3.8 e, behind", ".data.one", 64, "one+64"},
		{"3.8 e, in front", ".data.one", -64, "one-64"},
		{"3.8 e, __pa", ".data", 0x8000_0004, "biased a+0"},
		{"3.8 e, __pa of the section's end", ".bss", 0x8000_0018, "biased za+16"},
		{"3.8 e, more than the end", ".bss", 0x8000_0019, "za+2147483665"},
		{"3.8 e, __pa of a function", ".text", 0x8000_0002, "biased f+0"},
		{"5.1 a writable section without symbols", ".data.none", 4, "datum 0:8+4"},
		{"5.1 a read-only section without symbols", ".rodata.none", 4, "datum 0:8+4"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			index, ok := symbols[test.symbol]
			if !ok {
				t.Fatalf("there is no symbol %s", test.symbol)
			}
			got := p.resolve(index, test.addend)
			if words := got.words(p); words != test.want {
				t.Errorf("%s%+d is %s, want %s", test.symbol, test.addend, words, test.want)
			}
		})
	}
}

// Rule 3.8f: where one datum ends and another starts, the former's size goes
// into the disambiguation digest if the function uses both and takes only the
// address.
func TestEnds(t *testing.T) {
	datum := func(name string, size int) elfbuild.Piece { return elfbuild.Var(name, make([]byte, size)).Local() }
	// The end of a is where b starts; the offsets are those of a field whose
	// instruction ends with it.
	object := func(size int, read string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(fun("f", read+" 00000000 488d0d 00000000 c3", relocs...)), // lea a(%rip), %rcx
			elfbuild.Data(".data", datum("a", size), datum("b", 8)))
	}
	ends := func(size int) []elfbuild.Reloc {
		return []elfbuild.Reloc{pc32(3, ".data", int64(size)-4), pc32(10, ".data", -4)}
	}
	for _, p := range []pair{
		{name: "3.8 f, the address of an end, and a grown datum", old: object(8, "488d05", ends(8)...), new: object(16, "488d05", ends(16)...), disambiguation: true},
		{name: "3.8 f, what starts there is read", old: object(8, "488b05", ends(8)...), new: object(16, "488b05", ends(16)...)},
		{
			name: "3.8 f, the one that ends isn't used",
			old:  object(8, "488d05", pc32(3, ".data", 4), pc32(10, ".data", 4)), new: object(16, "488d05", pc32(3, ".data", 12), pc32(10, ".data", 12)),
		},
		{name: "3.8 f, by name there is no doubt", old: object(8, "488d05", pc32(3, "b", -4), pc32(10, "a", -4)), new: object(16, "488d05", pc32(3, "b", -4), pc32(10, "a", -4))},
	} {
		p.run(t)
	}
}

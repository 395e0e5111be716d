// SPDX-License-Identifier: MIT

package object

import (
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

func load(t *testing.T, o elfbuild.Object) *Code {
	t.Helper()
	c, err := LoadCode(parse(t, o), conventions)
	if err != nil {
		t.Fatal(err)
	}
	check(c)
	return c
}

// functions is every function in words: its names, the primary first, its
// parts, and what else is known of it.
func functions(c *Code) []string {
	var list []string
	for i := range c.Funcs {
		fn := &c.Funcs[i]
		var b strings.Builder
		b.WriteString(c.Name(fn.Primary))
		for _, alias := range fn.Aliases() {
			b.WriteString("=" + c.Name(alias))
		}
		for n, part := range fn.Parts() {
			e := &c.Extents[part]
			fmt.Fprintf(&b, " %s[%d:%d]", c.file.Sections[e.Section].Name(), e.Start, e.End)
			if n > 0 {
				b.WriteString("(" + c.Name(e.Symbol) + ")")
			}
		}
		if start := c.Extents[fn.Entry].Start; fn.Prefix != start {
			fmt.Fprintf(&b, " prefix %d", start-fn.Prefix)
		}
		if file := c.Name(fn.File); file != "" {
			b.WriteString(" " + file)
		}
		if fn.File != 0 && !c.file.Symbols[fn.Primary].Local() {
			b.WriteString("?")
		}
		list = append(list, b.String())
	}
	return list
}

// function is a symbol of type STT_FUNC.
func function(name string, bind elf.SymBind, section string, value, size uint64) elfbuild.Symbol {
	return elfbuild.Symbol{Name: name, Bind: bind, Type: elf.STT_FUNC, Section: section, Value: value, Size: size}
}

const (
	local  = elf.STB_LOCAL
	global = elf.STB_GLOBAL
	weak   = elf.STB_WEAK
)

// nops is a section of code without symbols.
func nops(name string, n int) elfbuild.Section {
	return elfbuild.Text(name, elfbuild.Raw(strings.Repeat("90", n)))
}

func TestFunctions(t *testing.T) {
	type symbols = []elfbuild.Symbol
	for name, test := range map[string]struct {
		symbols symbols
		want    []string
	}{
		"1.1 sized FUNC, NOTYPE and IFUNC in code": {
			symbols{
				function("func", global, ".text", 0, 4),
				{Name: "notype", Bind: global, Section: ".text", Value: 4, Size: 4},
				{Name: "ifunc", Bind: global, Type: elf.STT_GNU_IFUNC, Section: ".text", Value: 8, Size: 4},
				{Name: "object", Bind: global, Type: elf.STT_OBJECT, Section: ".text", Value: 12, Size: 4},
				function("no_size", global, ".text", 16, 0),
				function("in_data", global, ".data", 0, 4),
				function("$x", local, ".text", 20, 4),
				{Name: "$d", Section: ".text", Value: 24, Size: 4},
			},
			[]string{"func .text[0:4]", "notype .text[4:8]", "ifunc .text[8:12]", "$x .text[20:24]"},
		},
		"1.2 a global before a weak before a local, then byte order": {
			symbols{
				function("a", local, ".text", 0, 4), function("c", weak, ".text", 0, 4), function("b", weak, ".text", 0, 4),
				function("z", global, ".text", 0, 4), function("y", global, ".text", 0, 4),
			},
			[]string{"y=z=b=c=a .text[0:4]"},
		},
		"1.2 names of one start and another size are no aliases": {
			symbols{function("a", global, ".text", 0, 4), function("b", global, ".text", 0, 8), function("c", global, ".text.b", 0, 4)},
			[]string{"b .text[0:8]", "a .text[0:4]", "c .text.b[0:4]"},
		},
		"1.3 prefixes belong to the function behind them": {
			symbols{
				function("__pfx_f", local, ".text", 0, 16), function("f", global, ".text", 16, 4),
				function("__cfi_g", local, ".text", 20, 12), function("__pfx_g", local, ".text", 24, 8), function("g", global, ".text", 32, 4), function("g_alias", weak, ".text", 32, 4),
			},
			[]string{"f .text[16:20] prefix 16", "g=g_alias .text[32:36] prefix 12"},
		},
		"1.3 a prefix with nothing behind it is a function": {
			symbols{function("__pfx_f", local, ".text", 0, 16), function("f", global, ".text.b", 20, 4)},
			[]string{"__pfx_f .text[0:16]", "f .text.b[20:24]"},
		},
		"1.3 a prefix with NOPs behind it": {
			symbols{function("__cfi_f", local, ".text", 0, 16), function("f", global, ".text", 20, 4)},
			[]string{"f .text[20:24] prefix 20"},
		},
		"1.3 a prefix behind other prefixes of names": {
			symbols{
				function("__pi___cfi_f", local, ".text", 0, 16), function("__pi_f", global, ".text", 16, 4),
				function("__kvm_nvhe___pfx_g", local, ".text", 20, 12), function("__kvm_nvhe_g", global, ".text", 32, 4),
				function("__pi_h", global, ".text", 36, 12),
			},
			[]string{"__pi_f .text[16:20] prefix 16", "__kvm_nvhe_g .text[32:36] prefix 12", "__pi_h .text[36:48]"},
		},
		"1.3 a prefix without a size": {
			symbols{
				function("__cfi_f", local, ".text", 4, 0), function("f", global, ".text", 20, 4),
				function("__cfi_h", local, ".text", 28, 0), function("g", global, ".text", 32, 4), function("h", global, ".text", 40, 4),
			},
			[]string{"f .text[20:24] prefix 16", "g .text[32:36]", "h .text[40:44]"},
		},
		"1.3 a prefix at the end of the section": {
			symbols{function("f", global, ".text", 0, 4), function("__cfi_g", local, ".text", 48, 16)},
			[]string{"f .text[0:4]", "__cfi_g .text[48:64]"},
		},
		"1.4 the parent in the same file": {
			symbols{
				elfbuild.File("a.c"), function("f", local, ".text", 0, 4), function("f.cold", local, ".text.b", 0, 4),
				elfbuild.File("b.c"), function("f", local, ".text", 4, 4), function("f.cold", local, ".text.b", 4, 4),
			},
			[]string{"f .text[0:4] .text.b[0:4](f.cold) a.c", "f .text[4:8] .text.b[4:8](f.cold) b.c"},
		},
		"1.4 the only parent there is": {
			symbols{
				elfbuild.File("a.c"), function("f.cold", local, ".text.b", 0, 4),
				function("f", global, ".text", 0, 4), function("g", global, ".text", 4, 4),
			},
			[]string{"f .text[0:4] .text.b[0:4](f.cold)", "g .text[4:8]"},
		},
		"1.4 cold.N, several cold parts, part of a clone": {
			symbols{
				function("f.cold.3", local, ".text.b", 0, 4), function("f.cold", local, ".text.b", 4, 4),
				function("f.isra.0.cold", local, ".text.b", 8, 4), function("f.part.0", local, ".text", 8, 4),
				function("f.isra.0", local, ".text", 4, 4), function("f", local, ".text", 0, 4),
			},
			[]string{
				"f .text[0:4] .text.b[4:8](f.cold) .text.b[0:4](f.cold.3)",
				"f.isra.0 .text[4:8] .text.b[8:12](f.isra.0.cold)", "f.part.0 .text[8:12]",
			},
		},
		"1.4 the parent by an alias": {
			symbols{function("f.cold", local, ".text.b", 0, 4), function("f", local, ".text", 0, 4), function("a", global, ".text", 0, 4)},
			[]string{"a=f .text[0:4] .text.b[0:4](f.cold)"},
		},
		"1.4 no parent": {
			symbols{function("f.cold", local, ".text.b", 0, 4), function("g", local, ".text", 0, 4), function("h.coldly", local, ".text", 4, 4), function("h", local, ".text", 8, 4)},
			[]string{"g .text[0:4]", "h.coldly .text[4:8]", "h .text[8:12]", "f.cold .text.b[0:4]"},
		},
		"1.4 several parents, and no branch": {
			symbols{
				function("f.cold", local, ".text.b", 0, 4),
				elfbuild.File("a.c"), function("f", local, ".text", 0, 4), elfbuild.File("b.c"), function("f", local, ".text", 4, 4),
			},
			[]string{"f .text[0:4] a.c", "f .text[4:8] b.c", "f.cold .text.b[0:4]"},
		},
		"1.4 a cold part of a cold part": {
			symbols{function("f", local, ".text", 0, 4), function("f.cold", local, ".text.b", 0, 4), function("f.cold.cold", local, ".text.b", 4, 4)},
			[]string{"f .text[0:4] .text.b[0:4](f.cold) .text.b[4:8](f.cold.cold)"},
		},
		"1.4 a cold part of a cold part that stands in front of it": {
			symbols{function("f", local, ".text", 0, 4), function("f.cold", local, ".text.b", 4, 4), function("f.cold.cold", local, ".text.b", 0, 4)},
			[]string{"f .text[0:4] .text.b[0:4](f.cold.cold) .text.b[4:8](f.cold)"},
		},
		"2.8 basic-block sections, in the order of their numbers": {
			symbols{
				function("f.__part.2", local, ".text.b", 0, 4), function("f.__part.10", local, ".text.b", 4, 4), function("f.__part.1", local, ".text.b", 8, 4),
				function("f", local, ".text", 0, 4), function("f.cold", local, ".text.b", 12, 4), function("g.split.1", local, ".text.b", 16, 4), function("g", local, ".text", 4, 4),
				function("g.split", local, ".text.b", 20, 4), function("f.part.1", local, ".text", 8, 4),
			},
			[]string{
				"f .text[0:4] .text.b[12:16](f.cold) .text.b[8:12](f.__part.1) .text.b[0:4](f.__part.2) .text.b[4:8](f.__part.10)",
				"g .text[4:8] .text.b[20:24](g.split) .text.b[16:20](g.split.1)", "f.part.1 .text[8:12]",
			},
		},
		"1.4 a cold name of the parent itself": {
			symbols{function("f.cold", global, ".text", 0, 4), function("f", local, ".text", 0, 4), function("g", local, ".text", 4, 4)},
			[]string{"f.cold=f .text[0:4]", "g .text[4:8]"},
		},
		"files: of globals by their neighbours": {
			symbols{
				elfbuild.File("a.c"), function("a1", local, ".text", 0, 4), function("a2", local, ".text", 12, 4),
				elfbuild.File("b.c"), function("b1", local, ".text", 20, 4), function("b2", local, ".text.b", 4, 4),
				function("first", global, ".text", 4, 4), function("second", weak, ".text", 8, 4),
				function("between", global, ".text", 16, 4), function("across", global, ".text.b", 0, 4),
				function("last", global, ".text.b", 8, 4),
			},
			[]string{
				"a1 .text[0:4] a.c", "first .text[4:8] a.c?", "second .text[8:12] a.c?", "a2 .text[12:16] a.c",
				"between .text[16:20]", "b1 .text[20:24] b.c", "across .text.b[0:4] b.c?", "b2 .text.b[4:8] b.c",
				"last .text.b[8:12]",
			},
		},
		"files: none without STT_FILE": {
			symbols{function("a", local, ".text", 0, 4), function("b", global, ".text", 4, 4), function("c", local, ".text", 8, 4)},
			[]string{"a .text[0:4]", "b .text[4:8]", "c .text[8:12]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t, elfbuild.Object{
				Symbols:  test.symbols,
				Sections: []elfbuild.Section{nops(".text", 64), nops(".text.b", 64), elfbuild.Data(".data", elfbuild.Raw("00000000"))},
			})
			want(t, "functions", functions(c), test.want)
		})
	}
}

// Where several functions have the parent's name, the one that branches into
// the cold part is the parent (rule 1.4).
func TestColdParentByBranch(t *testing.T) {
	object := func(symbol string, addend int64) elfbuild.Object {
		return elfbuild.Object{
			Symbols: []elfbuild.Symbol{
				elfbuild.File("a.c"), function("f", local, ".text", 0, 6), elfbuild.File("b.c"), function("f", local, ".text", 6, 6),
				// The linker has put the cold parts elsewhere in the table.
				elfbuild.File("c.c"), function("f.cold", local, ".text.b", 0, 4), function("f.cold", local, ".text.b", 4, 4),
			},
			Sections: []elfbuild.Section{
				elfbuild.Text(".text",
					elfbuild.Raw("0f84 00000000", elfbuild.PC32(2, symbol, addend)), // je f.cold
					elfbuild.Raw("0f84 00000000", elfbuild.PC32(2, symbol, addend-4)),
				),
				nops(".text.b", 8),
			},
		}
	}
	swapped := []string{"f .text[0:6] .text.b[4:8](f.cold) a.c", "f .text[6:12] .text.b[0:4](f.cold) b.c"}
	want(t, "by section symbol", functions(load(t, object(".text.b", 0))), swapped)
	want(t, "into the middle", functions(load(t, object(".text.b", 3))), swapped)
	want(t, "by name", functions(load(t, object("f.cold#2", -4))), swapped)
	// One byte further is behind the part.
	want(t, "behind the part", functions(load(t, object(".text.b", 4)))[:1], []string{"f .text[0:6] a.c"})
}

// A jump leads to a part through another part, too; the file counts only where none does,
// or two functions jump there.
func TestPartsByJumps(t *testing.T) {
	object := func(first, second, inPart elfbuild.Reloc) elfbuild.Object {
		return elfbuild.Object{
			Symbols: []elfbuild.Symbol{
				elfbuild.File("a.c"), function("f", local, ".text", 0, 5), elfbuild.File("b.c"), function("f", local, ".text", 5, 5),
				function("f.__part.1", local, ".text.b", 0, 5), function("f.__part.2", local, ".text.b", 5, 4),
			},
			Sections: []elfbuild.Section{
				elfbuild.Text(".text", elfbuild.Raw("e9 00000000", first), elfbuild.Raw("e9 00000000", second)),
				elfbuild.Text(".text.b", elfbuild.Raw("e9 00000000", inPart), elfbuild.Raw("90909090")),
			},
		}
	}
	to := func(at int64) elfbuild.Reloc { return elfbuild.PC32(1, ".text.b", at-4) }
	away := elfbuild.PC32(1, "elsewhere", -4)
	const first, second = "f .text[0:5]", "f .text[5:10]"
	const one, two = " .text.b[0:5](f.__part.1)", " .text.b[5:9](f.__part.2)"
	want(t, "through a part", functions(load(t, object(to(0), away, to(5)))), []string{first + one + two + " a.c", second + " b.c"})
	want(t, "each its own", functions(load(t, object(to(0), to(5), away))), []string{first + one + " a.c", second + two + " b.c"})
	want(t, "both one", functions(load(t, object(to(5), to(5), away))), []string{first + " a.c", second + one + two + " b.c"})
	want(t, "from two sides", functions(load(t, object(to(0), to(5), to(5)))), []string{first + one + " a.c", second + two + " b.c"})
	none := to(5)
	none.Type = uint32(elf.R_X86_64_NONE)
	want(t, "relocated no more", functions(load(t, object(to(0), away, none))), []string{first + one + " a.c", second + two + " b.c"})
}

func TestSymbolsOf(t *testing.T) {
	c := load(t, elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			elfbuild.File("a.c"),
			{Name: "c", Section: ".data", Value: 4},
			{Name: "a", Section: ".data", Value: 2},
			{Name: "b", Section: ".data", Value: 2},
			// None of these marks a place (section 3.8).
			{Name: "$d", Section: ".data", Value: 1},
			{Name: "$x.12", Section: ".data", Value: 1},
			{Name: "__kvm_nvhe_$d", Section: ".data"},
			{Name: ".Ltmp5", Section: ".data", Value: 3},
			{Name: "", Section: ".data", Value: 3},
			{Name: ".data", Type: elf.STT_SECTION, Section: ".data"},
			{Name: "abs", Section: elfbuild.Absolute, Value: 2},
			// These look like them, and do.
			{Name: "$dollar", Section: ".data"},
			{Name: "$", Section: ".data"},
			{Name: "x$", Section: ".data"},
			{Name: "$d", Bind: global, Section: ".data", Value: 6},
			{Name: "$x", Type: elf.STT_OBJECT, Section: ".data", Value: 5},
		},
		Sections: []elfbuild.Section{nops(".text", 4), elfbuild.Data(".data", elfbuild.Raw("0000000000000000"))},
	})
	var got []string
	for _, i := range c.SymbolsOf(2) {
		got = append(got, c.Name(i))
	}
	want(t, ".data", got, []string{"$dollar", "$", "x$", "a", "b", "c", "$x", "$d"})
	want(t, ".text", len(c.SymbolsOf(1)), 0)
}

// Overlapping functions, as entry points inside a .S routine are.
func TestOverlap(t *testing.T) {
	c := load(t, elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			function("outer", global, ".text", 4, 28), // 4 to 32
			function("inner", global, ".text", 8, 16), // 8 to 24
			function("core", global, ".text", 12, 4),  // 12 to 16
			function("late", global, ".text", 28, 12), // 28 to 40
			function("apart", global, ".text", 48, 4), // 48 to 52
			function("other", global, ".text.b", 0, 4),
		},
		Sections: []elfbuild.Section{nops(".text", 64), nops(".text.b", 4)},
	})
	name := func(i int) string {
		if i < 0 {
			return "-"
		}
		return c.Name(c.Extents[i].Symbol)
	}
	type row struct {
		section                    uint32
		offset                     uint64
		innermost, endingAt, after string
	}
	for _, r := range []row{
		{1, 0, "-", "-", "outer"},
		{1, 3, "-", "-", "outer"},
		{1, 4, "outer", "-", "outer"},
		{1, 5, "outer", "-", "inner"},
		{1, 8, "inner", "-", "inner"},
		{1, 12, "core", "-", "core"},
		{1, 15, "core", "-", "late"},
		{1, 16, "inner", "core", "late"},
		{1, 23, "inner", "-", "late"},
		{1, 24, "outer", "inner", "late"},
		{1, 28, "late", "-", "late"},
		{1, 31, "late", "-", "apart"},
		{1, 40, "-", "late", "apart"},
		{1, 47, "-", "-", "apart"},
		{1, 51, "apart", "-", "-"},
		{1, 52, "-", "apart", "-"},
		{1, 63, "-", "-", "-"},
		{1, 1 << 40, "-", "-", "-"},
		{2, 0, "other", "-", "other"},
		{2, 4, "-", "other", "-"},
		{0, 0, "-", "-", "-"},
	} {
		got := row{r.section, r.offset, name(c.Innermost(r.section, r.offset)), name(c.EndingAt(r.section, r.offset)), name(c.Before(r.section, r.offset))}
		want(t, fmt.Sprintf("%d+%d", r.section, r.offset), got, r)
	}
}

// Innermost and EndingAt against a search through all extents.
func TestInnermostOfMany(t *testing.T) {
	const size = 256
	var symbols []elfbuild.Symbol
	seed := uint32(1)
	random := func(n uint64) uint64 {
		seed = seed*1664525 + 1013904223
		return uint64(seed>>8) % n
	}
	for i := range 40 {
		start := random(size - 1)
		symbols = append(symbols, function(fmt.Sprintf("f%d", i), global, ".text", start, 1+random(min(60, size-start-1))))
	}
	c := load(t, elfbuild.Object{Symbols: symbols, Sections: []elfbuild.Section{nops(".text", size)}})
	for at := range uint64(size) {
		last := -1
		for i := range c.Extents {
			if e := &c.Extents[i]; e.Start <= at && at < e.End {
				last = i
			}
		}
		want(t, fmt.Sprintf("Innermost(%d)", at), c.Innermost(1, at), last)
	}
}

func TestLoadCodeRefuses(t *testing.T) {
	for name, symbols := range map[string][]elfbuild.Symbol{
		"beyond the end": {function("f", global, ".text", 60, 5)},
		"outside":        {function("f", global, ".text", 65, 1)},
		"an overflow":    {function("f", global, ".text", 8, 1<<64-8)},
		"a million names": slices.Repeat([]elfbuild.Symbol{
			function("f", global, ".text", 0, 64),
		}, 1000),
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, elfbuild.Object{Symbols: symbols, Sections: []elfbuild.Section{nops(".text", 64)}})
			if _, err := LoadCode(f, conventions); !errors.Is(err, ErrFormat) {
				t.Errorf("error %v, want ErrFormat", err)
			}
		})
	}
}

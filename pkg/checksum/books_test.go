// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// The statics in which the kernel's macros keep books are referred to by name,
// and what they hold is a part of the functions that use them (rule 5.3).
func TestBooks(t *testing.T) {
	static := func(name, data string, relocs ...elfbuild.Reloc) elfbuild.Piece {
		return elfbuild.Var(name, elfbuild.Hex(data), relocs...).Local()
	}
	// using is two functions, f that uses a variable and g that uses another.
	using := func(name string, section elfbuild.Section) elfbuild.Object {
		return obj(code(fun("f", loadX, pc32(3, name, -4)), fun("g", loadX, pc32(3, "other", -4))), section, elfbuild.Data(".data.other", static("other", "00000000")))
	}
	in := func(section, name, data string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return using(name, elfbuild.Data(section, static(name, data, relocs...), static("behind", "00000000")))
	}
	reason := list("constants")
	pairs := []tablePair{
		{name: "5.3 a renumbered one", old: in(".data", "_rs.1", "01000000"), new: in(".data", "_rs.27", "01000000")},
		{
			name: "5.3 another place", old: in(".data", "_rs.1", "01000000"),
			new: using("_rs.1", elfbuild.Data(".data.x", static("front", "0000000000000000"), static("_rs.1", "01000000"))),
		},
		{
			name: "5.3 by section symbol", old: in(".data", "_rs.1", "01000000"),
			new: using(".data.x", elfbuild.Data(".data.x", static("_rs.1", "01000000"), static("behind", "00000000"))),
		},
		{
			name: "5.3 by section symbol, what it holds", exact: reason, old: in(".data", "_rs.1", "01000000"),
			new: using(".data.x", elfbuild.Data(".data.x", static("_rs.1", "02000000"), static("behind", "00000000"))),
		},
		{name: "5.3 the last byte", exact: reason, old: in(".data", "_rs.1", "01000000"), new: in(".data", "_rs.1", "01000001")},
		{name: "5.3 its size", exact: reason, old: in(".data", "_rs.1", "01000000"), new: in(".data", "_rs.1", "0100000000000000")},
		{name: "5.3 one more behind it", old: in(".data", "_rs.1", "01000000"), new: using("_rs.1", elfbuild.Data(".data", static("_rs.1", "01000000"), static("new", "05")))},
		{name: "5.3 a pointer in it", exact: reason, old: in(".data", "_rs.1", "0000000000000000", abs64(0, "a", 0)), new: in(".data", "_rs.1", "0000000000000000", abs64(0, "b", 0))},
		{
			name: "5.3 a text in it", exact: reason,
			old: obj(append(in("__dyndbg", "__UNIQUE_ID_ddebug12", "0000000000000000", abs64(0, ".rodata.str1.1", 7)).Sections, texts)...),
			new: obj(append(in("__dyndbg", "__UNIQUE_ID_ddebug12", "0000000000000000", abs64(0, ".rodata.str1.1", 14)).Sections, texts)...),
		},
		{
			name: "5.3 a text in it in another place",
			old:  obj(append(in("__dyndbg", "__UNIQUE_ID_ddebug12", "0000000000000000", abs64(0, ".rodata.str1.1", 0)).Sections, texts)...),
			new:  obj(append(in("__dyndbg", "__UNIQUE_ID_ddebug12", "0000000000000000", abs64(0, ".rodata.str1.1", 2)).Sections, elfbuild.Strings(".rodata.str1.1", 1, literal("x"), literal("format")))...),
		},
		{name: "5.3 a place of the function in it", exact: reason, old: in(".data", "descriptor.1", "0000000000000000", abs64(0, ".text", 0)), new: in(".data", "descriptor.1", "0000000000000000", abs64(0, ".text", 7))},
		{name: "5.3 another's isn't concerned", f: "g", old: in(".data", "_rs.1", "01000000"), new: in(".data", "_rs.1", "02000000")},
		{
			name: "5.3 what it holds, used in a replacement", exact: list("alternatives"),
			old: with(four, altTable(alternative(2, 0, 2, 7)), replacements("488b05 00000000", pc32(3, "_rs.1", -4)), elfbuild.Data(".data", static("_rs.1", "01000000"))),
			new: with(four, altTable(alternative(2, 0, 2, 7)), replacements("488b05 00000000", pc32(3, "_rs.1", -4)), elfbuild.Data(".data", static("_rs.1", "02000000"))),
		},
		{
			name: "5.3 what it holds, used in the cold part", exact: list("constants", "cold"),
			old: obj(code(fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4)), fun("f.cold", loadX, pc32(3, "_rs.1", -4)).Local()), elfbuild.Data(".data", static("_rs.1", "01000000"))),
			new: obj(code(fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4)), fun("f.cold", loadX, pc32(3, "_rs.1", -4)).Local()), elfbuild.Data(".data", static("_rs.1", "02000000"))),
		},
		{
			name: "5.3 without data", old: using("__key.1", elfbuild.Zero(".bss", elfbuild.Space("__key.1", 8).Local())),
			new: using("__key.1", elfbuild.Zero(".bss", elfbuild.Space("__key.1", 16).Local())),
		},
		{
			name: "5.3 a size beyond the section", old: using("_rs.1", elfbuild.Data(".data", raw("00000000").With(symbol("_rs.1", elf.STB_LOCAL, elf.STT_OBJECT, 0, 100)))),
			new: using("_rs.1", elfbuild.Data(".data", raw("01000000").With(symbol("_rs.1", elf.STB_LOCAL, elf.STT_OBJECT, 0, 100)))),
		},
		{
			name: "5.3 a global one isn't the macros'", old: using("_rs.1", elfbuild.Data(".data", elfbuild.Var("_rs.1", []byte{1}))),
			new: using("_rs.1", elfbuild.Data(".data", elfbuild.Var("_rs.1", []byte{2}))),
		},
		{
			name: "5.3 two of one name, swapped", exact: reason,
			old: obj(code(fun("f", "488b05 00000000 488b0d 00000000 c3", pc32(3, "_rs.1", -4), pc32(10, "_rs.2", -4))), elfbuild.Data(".data", static("_rs.1", "01000000"), static("_rs.2", "02000000"))),
			new: obj(code(fun("f", "488b05 00000000 488b0d 00000000 c3", pc32(3, "_rs.2", -4), pc32(10, "_rs.1", -4))), elfbuild.Data(".data", static("_rs.1", "01000000"), static("_rs.2", "02000000"))),
		},
		{
			name: "5.3 two of one name, renumbered",
			old:  obj(code(fun("f", "488b05 00000000 488b0d 00000000 c3", pc32(3, "_rs.1", -4), pc32(10, "_rs.2", -4))), elfbuild.Data(".data", static("_rs.1", "01000000"), static("_rs.2", "02000000"))),
			new:  obj(code(fun("f", "488b05 00000000 488b0d 00000000 c3", pc32(3, "_rs.2", -4), pc32(10, "_rs.1", -4))), elfbuild.Data(".data", static("_rs.1", "02000000"), static("_rs.2", "01000000"))),
		},
	}
	for _, x := range []struct{ section, name string }{
		{".data..once", "__already_done.12"},
		{".data..once", "f.__already_done"},
		{".data..once", "f.__already_done.3"},
		{".data.once", "__warned.4"},
		{".data", "__key.5"},
		{".data", "f.__key"},
		{".data", "_rs.6"},
		{".data", "f._rs"},
		{".data", "descriptor.7"},
		{"__dyndbg", "__UNIQUE_ID_ddebug12"},
		{"__dyndbg", "__UNIQUE_ID_ddebug12.34"},
		{"__dyndbg", "__UNIQUE_ID_ddebug_12.34"},
		{".printk_index", "_entry.8"},
		{".printk_index", "f._entry.9"},
	} {
		pairs = append(pairs, tablePair{name: "5.3 what " + x.name + " holds", exact: reason, old: in(x.section, x.name, "01000000"), new: in(x.section, x.name, "02000000")})
	}
	// What isn't the macros' counts by its name alone.
	for _, name := range []string{"__already_done", "_rs", "x_rs.1", "count.1", "f.count", "_rs.isra", "descriptor", "_entry_rs.1"} {
		pairs = append(pairs, tablePair{name: "5.3 " + name + " is an ordinary variable", old: in(".data", name, "01000000"), new: in(".data", name, "02000000")})
	}
	for i := range pairs {
		pairs[i].run(t)
	}
}

// UBSAN's data have no symbol: they are told by how they look, and count by their content but
// for the place in the source (rule 5.3).
func TestUBSAN(t *testing.T) {
	const header = "0000 0a00" // of a type: its kind and more
	build := func(section, place, typ string, front int) elfbuild.Object {
		data := elfbuild.Raw("0000000000000000 "+place+" 0000000000000000", abs64(0, ".rodata.str1.1", 7), abs64(16, ".rodata", 8))
		pieces := []elfbuild.Piece{elfbuild.Var("filesystem", make([]byte, 16)), elfbuild.Var("next", make([]byte, 8*front)), data}
		at := int64(16 + 8*front)
		if section != ".data" {
			pieces, at = []elfbuild.Piece{data}, 0
		} else if front == 0 {
			pieces = []elfbuild.Piece{pieces[0], data} // the section's only symbol
		}
		return obj(texts, code(fun("f", leaX, pc32(3, section, at-4))), elfbuild.Data(section, pieces...),
			rodata(".rodata", raw("0000000000000000 "+header), elfbuild.Text0(typ), elfbuild.Var("other", make([]byte, 8))))
	}
	const line, moved, column = "05000000 07000000", "16000000 07000000", "05000000 09000000"
	for _, section := range []string{".data", ".data..L__unnamed_1", ".data..Lubsan_data1"} {
		old := build(section, line, "'int'", 0)
		for _, p := range []tablePair{
			{name: "another line", new: build(section, moved, "'int'", 0), exact: list("constants"), line: true},
			{name: "another column", new: build(section, column, "'int'", 0), exact: list("constants"), line: true},
			{name: "another type", new: build(section, line, "'u32'", 0), exact: list("constants")},
			{name: "elsewhere", new: build(section, line, "'int'", 2)},
		} {
			p.name, p.old = section+", "+p.name, old
			p.run(t)
		}
	}
	// What looks otherwise belongs to the section's only symbol, or counts with its numbers.
	p := tablePair{name: "no type", old: build(".data", line, "(int)", 0), new: build(".data", moved, "(int)", 0)}
	p.run(t)
	p = tablePair{name: "no type, without a symbol", old: build(".data..L__unnamed_1", line, "(int)", 0), new: build(".data..L__unnamed_1", moved, "(int)", 0), exact: list("constants")}
	p.run(t)
}

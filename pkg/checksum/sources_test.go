// SPDX-License-Identifier: MIT

package checksum

import (
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// A number behind a path at a string's end is a line where the object was made from such a
// file (rule 7.6).
func TestLineInText(t *testing.T) {
	pointers := func(section, name string) elfbuild.Section {
		return elfbuild.Data(section, elfbuild.Var(name, make([]byte, 56), abs64(16, ".rodata.str1.1", 7)))
	}
	named := func(file string) func(o *elfbuild.Object) {
		return func(o *elfbuild.Object) { o.Symbols = append(o.Symbols, elfbuild.File(file)) }
	}
	with := func(s elfbuild.Section) func(o *elfbuild.Object) {
		return func(o *elfbuild.Object) { o.Sections = append(o.Sections, s) }
	}
	for _, test := range []struct {
		name string
		add  func(o *elfbuild.Object)
		line bool
	}{
		{"nothing names it", func(*elfbuild.Object) {}, false},
		{"a symbol", named("a.c"), true},
		{"a symbol with a path", named("drivers/a.c"), true},
		{"another file's symbol", named("aa.c"), false},
		{"a WARN", with(tab("__bug_table", raw("00000000 00000000 00000000 2a00 0100", at(0), pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 7)))), true},
		{"a WARN that counts from its start", with(tab("__bug_table", raw("00000000 00000000 2a00 0100", at(0), pc32(4, ".rodata.str1.1", 7+4)))), true},
		{"a WARN in another file", with(tab("__bug_table", raw("00000000 00000000 00000000 2a00 0100", at(0), pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 14)))), false},
		{"a WARN whose message names it", with(tab("__bug_table", raw("00000000 00000000 00000000 2a00 0100", at(0), pc32(4, ".rodata.str1.3", 0), pc32(8, ".rodata.str1.1", 14)))), false},
		{"a message to be switched on", with(pointers("__dyndbg", "descriptor.1")), true},
		{"an entry of printk's index", with(pointers(".data.rel.ro", "_entry.1")), true},
		{"other data", with(pointers(".data", "names")), false},
	} {
		build := func(line string) elfbuild.Object {
			o := obj(texts, elfbuild.Strings(".rodata.str1.2", 1, literal("broken at fs/a.c:"+line)), elfbuild.Strings(".rodata.str1.3", 1, literal("see fs/a.c")),
				code(fun("f", loadX, pc32(3, ".rodata.str1.2", -4))))
			test.add(&o)
			return o
		}
		p := tablePair{name: test.name, old: build("12"), new: build("1234"), exact: list("strings"), line: test.line}
		p.run(t)
	}
}

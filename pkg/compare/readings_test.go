// SPDX-License-Identifier: MIT

package compare_test

import (
	"debug/elf"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// Places in data that may mean several things (rule 3.8h), as the objects and the manifests
// have them.
func TestReadings(t *testing.T) {
	type pieces = []elfbuild.Piece
	// takes is a function that takes addresses, each by the section.
	takes := func(name, section string, places ...int64) elfbuild.Piece {
		code, relocs := "", []elfbuild.Reloc{}
		for i, at := range places {
			code += "48c7c0 00000000 " // mov $place, %rax
			relocs = append(relocs, elfbuild.Abs32S(uint64(7*i+3), section, at))
		}
		return elfbuild.Func(name, code+"c3", relocs...)
	}
	object := func(code pieces, data ...elfbuild.Section) elfbuild.Object {
		return elfbuild.Object{Sections: append([]elfbuild.Section{elfbuild.Text(".text", code...)}, data...)}
	}
	data := func(data ...elfbuild.Piece) elfbuild.Section { return elfbuild.Data(".data", data...) }
	constants := func(data ...elfbuild.Piece) elfbuild.Section { return elfbuild.ReadOnly(".rodata", data...) }
	label := func(name string) elfbuild.Piece {
		return elfbuild.Piece{Symbols: []elfbuild.Symbol{{Name: name, Type: elf.STT_OBJECT}}}
	}
	text := func(s string) elfbuild.Piece { return elfbuild.Text0(s) }
	a, b := static("a", 16, 1), static("b", 8, 2)
	both, onlyB := takes("f", ".data", 0, 16), takes("f", ".data", 16)
	const key, call = "48c7c2 00000000 e8 00000000 c3", "__mutex_init" // mov $place, %rdx; call
	passes := func(callee string, at int64) elfbuild.Piece {
		return elfbuild.Func("f", key, elfbuild.Abs32S(3, ".data", at), elfbuild.PLT32(8, callee, -4))
	}
	for _, test := range []struct {
		name     string
		old, new elfbuild.Object
		want     []string // with the objects
		names    []string // by the names alone
	}{
		{
			"b was replaced by c, and a is used", // a reading that both have says nothing
			object(pieces{both}, data(a, b)), object(pieces{both}, data(a, static("c", 8, 2))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"c came in between, and a is used",
			object(pieces{both}, data(a, b)), object(pieces{both}, data(a, static("c", 8, 2), b)),
			nil,
			[]string{"changed:f"},
		},
		{
			"c came in between, and a isn't used",
			object(pieces{onlyB}, data(a, b)), object(pieces{onlyB}, data(a, static("c", 8, 2), b)),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"b moved from the end of a to that of x",
			object(pieces{both}, data(a, b)), object(pieces{takes("f", ".data", 0, 24)}, data(a, static("x", 8, 3), b)),
			nil, nil,
		},
		{
			"a grew in front of b",
			object(pieces{both}, data(a, b)), object(pieces{takes("f", ".data", 0, 24)}, data(static("a", 24, 1), b)),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a grew in front of b, and isn't used",
			object(pieces{onlyB}, data(a, b)), object(pieces{takes("f", ".data", 24)}, data(static("a", 24, 1), b)),
			nil, nil,
		},
		{
			"a grew in front of what keeps books",
			object(pieces{both}, data(a, static("_rs.1", 8, 2))), object(pieces{takes("f", ".data", 0, 24)}, data(static("a", 24, 1), static("_rs.1", 8, 2))),
			nil, nil,
		},
		{
			"a string behind a datum",
			object(pieces{takes("f", ".rodata", 16)}, constants(a, text("config.gz"))), object(pieces{takes("f", ".rodata", 16)}, constants(a, text("config.xz"))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a string behind a datum that is used",
			object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, text("config.gz"))), object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, text("config.xz"))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a string moved away from the datum's end",
			object(pieces{takes("f", ".rodata", 16)}, constants(a, text("config.gz"))),
			object(pieces{takes("f", ".rodata", 24), takes("g", ".rodata", 16)}, constants(a, text("current"), text("config.gz"))),
			[]string{"added:g"},
			[]string{"added:g"},
		},
		{
			"an array's end, with a constant behind and without",
			object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, text("text"))),
			object(pieces{takes("f", ".rodata.a", 0, 16)}, elfbuild.ReadOnly(".rodata.a", a), elfbuild.ReadOnly(".rodata.c", text("text"))),
			nil,
			[]string{"changed:f"},
		},
		{
			"a string became another, and has a name now",
			object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, text("config.gz"))), object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, static("cfg", 10, 'c'))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a label between a and b, and c came in front of b",
			object(pieces{takes("f", ".data", 16), takes("g", ".data", 16)}, data(a, label("key.0"), b)),
			object(pieces{takes("f", ".data", 16), takes("g", ".data", 24)}, data(a, label("key.0"), static("c", 8, 2), b)),
			nil,
			[]string{"changed:f"},
		},
		{
			"the same, and b is gone",
			object(pieces{onlyB}, data(a, label("key.0"), b)), object(pieces{onlyB}, data(a, label("key.0"), static("c", 8, 2))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a label at the end of a, which is used, and c came behind",
			object(pieces{both}, data(a, label("key.0"))), object(pieces{both}, data(a, label("key.0"), static("c", 8, 2))),
			nil,
			[]string{"changed:f"},
		},
		{
			"two labels at one place, and one in a section of its own",
			object(pieces{takes("f", ".data", 0)}, data(label("__key.0"), label("lock"), b)),
			object(pieces{takes("f", ".data.lock", 0)}, elfbuild.Data(".data.lock", label("lock")), data(b)),
			nil,
			[]string{"changed:f"},
		},
		{
			"labels in a section, and none that both have",
			object(pieces{takes("f", ".data", 0)}, data(label("__key.0"), label("lock"))),
			object(pieces{takes("f", ".data", 0)}, data(label("other"), label("third"))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"the key of a lock, which no variable is",
			object(pieces{passes(call, 0)}, data(label("__key.0"), b)), object(pieces{passes(call, 0)}, data(label("__key.3"), static("c", 8, 1))),
			nil, nil,
		},
		{
			"a variable in another of the parameters",
			object(pieces{elfbuild.Func("f", "48c7c6 00000000 e8 00000000 c3", elfbuild.Abs32S(3, ".data", 0), elfbuild.PLT32(8, call, -4))}, data(label("__key.0"), b)),
			object(pieces{elfbuild.Func("f", "48c7c6 00000000 e8 00000000 c3", elfbuild.Abs32S(3, ".data", 0), elfbuild.PLT32(8, call, -4))}, data(label("__key.3"), static("c", 8, 1))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a variable whose register is set again in front of the call", // mov %rax, %rdx
			object(pieces{elfbuild.Func("f", "48c7c2 00000000 4889c2 e8 00000000 c3", elfbuild.Abs32S(3, ".data", 0), elfbuild.PLT32(11, call, -4))}, data(label("__key.0"), b)),
			object(pieces{elfbuild.Func("f", "48c7c2 00000000 4889c2 e8 00000000 c3", elfbuild.Abs32S(3, ".data", 0), elfbuild.PLT32(11, call, -4))}, data(label("__key.3"), static("c", 8, 1))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a variable that no lock gets",
			object(pieces{passes("other", 0)}, data(label("__key.0"), b)), object(pieces{passes("other", 0)}, data(label("__key.3"), static("c", 8, 1))),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a global at a's end",
			object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, elfbuild.Var("g", make([]byte, 8)))),
			object(pieces{takes("f", ".rodata", 0, 16)}, constants(a, elfbuild.Var("h", make([]byte, 8)))),
			nil, nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			older, newer := built(t, test.old), built(t, test.new)
			result := compareObjects(t, older, newer)
			got, _ := statuses(result)
			if d := cmp.Diff(append([]string{}, test.want...), got); d != "" {
				t.Errorf("objects (-want +got):\n%s", d)
			}
			plain := compareManifests(t, older, newer)
			words, _ := statuses(plain)
			if d := cmp.Diff(append([]string{}, test.names...), words); d != "" {
				t.Errorf("manifests (-want +got):\n%s", d)
			}
			if !cmp.Equal(got, words) && plain.Ambiguous == 0 {
				t.Error("manifests say something else, and nothing is ambiguous")
			}
		})
	}
}

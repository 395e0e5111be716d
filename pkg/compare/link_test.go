// SPDX-License-Identifier: MIT

package compare_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// built sums an object made in memory.
func built(t *testing.T, o elfbuild.Object) summed {
	t.Helper()
	file, err := object.Parse(o.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	sums, tracer, err := checksum.Trace(file, checksum.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return summed{manifest.New(sums.Arch, manifest.NewObject("x.o", file, sums)), tracer}
}

// static is a variable of a file, of so many bytes that begin with one.
func static(name string, size int, first byte) elfbuild.Piece {
	data := make([]byte, size)
	data[0] = first
	return elfbuild.Var(name, data).Local()
}

// reads is a function that reads variables, each by name.
func reads(name string, variables ...string) elfbuild.Piece {
	code, relocs := "", []elfbuild.Reloc{}
	for i, v := range variables {
		code += "8b05 00000000 " // mov v(%rip), %eax
		relocs = append(relocs, elfbuild.PC32(uint64(6*i+2), v, -4))
	}
	return elfbuild.Func(name, code+"c3", relocs...)
}

// calls is a function that calls another by its name.
func calls(name, callee string) elfbuild.Piece {
	return elfbuild.Func(name, "e8 00000000 c3", elfbuild.PLT32(1, callee, -4))
}

// tableOf is a function that refers to a nameless table of variables.
func tableOf(variables ...string) elfbuild.Object {
	relocs := []elfbuild.Reloc{}
	for i, v := range variables {
		relocs = append(relocs, elfbuild.Abs64(uint64(8*i), v, 0))
	}
	return elfbuild.Object{Sections: []elfbuild.Section{
		elfbuild.Text(".text", elfbuild.Func("f", "488b05 00000000 c3", elfbuild.PC32(3, ".rodata.f", -4))),
		elfbuild.ReadOnly(".rodata.f", elfbuild.Raw(strings.Repeat("00", 8*len(variables)), relocs...)),
		elfbuild.Data(".data", static("x.1", 4, 0), static("x.2", 4, 0)),
	}}
}

// tablesOf is two functions, f and g, that refer to a table of one variable each.
func tablesOf(first, second string) elfbuild.Object {
	table := func(variable string) elfbuild.Piece {
		return elfbuild.Raw("0000000000000000", elfbuild.Abs64(0, variable, 0))
	}
	return elfbuild.Object{Sections: []elfbuild.Section{
		elfbuild.Text(".text",
			elfbuild.Func("f", "488b05 00000000 c3", elfbuild.PC32(3, ".rodata.f", -4)),
			elfbuild.Func("g", "488b05 00000000 c3", elfbuild.PC32(3, ".rodata.g", -4))),
		elfbuild.ReadOnly(".rodata.f", table(first)),
		elfbuild.ReadOnly(".rodata.g", table(second)),
		elfbuild.Data(".data", static("x.1", 4, 0), static("x.2", 4, 0)),
	}}
}

// Two builds whose objects, at hand, say more than names do.
func TestLinked(t *testing.T) {
	type pieces = []elfbuild.Piece
	object := func(code, data pieces) elfbuild.Object {
		return elfbuild.Object{Sections: []elfbuild.Section{elfbuild.Text(".text", code...), elfbuild.Data(".data", data...)}}
	}
	// takes is a function that takes two addresses, by the section.
	takes := func(name string, first, second int64) elfbuild.Piece {
		return elfbuild.Func(name, "48c7c0 00000000 48c7c1 00000000 c3", elfbuild.Abs32S(3, ".data", first), elfbuild.Abs32S(10, ".data", second))
	}
	for _, test := range []struct {
		name     string
		old, new elfbuild.Object
		want     []string // with the objects
		names    []string // by the names alone
	}{
		{
			"numbered the other way around",
			object(pieces{reads("f", "x.1"), reads("g", "x.2"), reads("h", "x.1", "x.2")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			object(pieces{reads("f", "x.2"), reads("g", "x.1"), reads("h", "x.2", "x.1")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			nil, nil,
		},
		{
			"one reads the other's",
			object(pieces{reads("f", "x.1"), reads("g", "x.2"), reads("h", "x.1", "x.2")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			object(pieces{reads("f", "x.2"), reads("g", "x.2"), reads("h", "x.1", "x.2")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			[]string{"changed:f"},
			nil,
		},
		{
			"two of one name became one: nothing says which",
			object(pieces{reads("f", "x.1"), reads("g", "x.2")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			object(pieces{reads("f", "x.1"), reads("g", "x.1")}, pieces{static("x.1", 4, 0)}),
			[]string{"changed:f", "changed:g"},
			nil,
		},
		{
			"two that nothing tells apart",
			object(pieces{reads("f", "x.1", "x.2", "x.1")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			object(pieces{reads("f", "x.8", "x.7", "x.8")}, pieces{static("x.7", 4, 0), static("x.8", 4, 0)}),
			nil, nil,
		},
		{
			"the same, and the last is the other one",
			object(pieces{reads("f", "x.1", "x.2", "x.1")}, pieces{static("x.1", 4, 0), static("x.2", 4, 0)}),
			object(pieces{reads("f", "x.8", "x.7", "x.7")}, pieces{static("x.7", 4, 0), static("x.8", 4, 0)}),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a second one came",
			object(pieces{reads("f", "x")}, pieces{static("x", 4, 0)}),
			object(pieces{reads("f", "x.1"), reads("g", "x.0")}, pieces{static("x.0", 4, 0), static("x.1", 4, 0)}),
			[]string{"added:g"},
			[]string{"added:g"},
		},
		{
			"a second one came, and is read",
			object(pieces{reads("f", "x"), reads("h", "x")}, pieces{static("x", 4, 0)}),
			object(pieces{reads("f", "x.0"), reads("g", "x.0"), reads("h", "x.1")}, pieces{static("x.0", 4, 0), static("x.1", 4, 0)}),
			[]string{"added:g", "changed:f", "changed:h"},
			[]string{"added:g"},
		},
		{
			"an alias came whose name sorts first",
			object(pieces{elfbuild.Func("f", "31c0 c3"), calls("g", "f")}, pieces{static("x", 4, 0)}),
			object(pieces{elfbuild.Func("f", "31c0 c3").Alias("a"), calls("g", "f")}, pieces{static("x", 4, 0)}),
			nil, nil,
		},
		{
			"the same, where f has namesakes",
			object(pieces{elfbuild.Func("f", "31c0 c3"), calls("g", "f"), elfbuild.Func("f.cold.isra.0", "90c3").Local(), elfbuild.Func("f.cold.isra.1", "c3").Local()}, nil),
			object(pieces{elfbuild.Func("f", "31c0 c3").Alias("a"), calls("g", "f"), elfbuild.Func("f.cold.isra.0", "c3").Local(), elfbuild.Func("f.cold.isra.1", "90c3").Local()}, nil),
			nil, nil,
		},
		{
			"an alias came, the other name went, and is called by neither",
			object(pieces{elfbuild.Func("f", "31c0 c3").Alias("b"), calls("g", "f")}, pieces{static("x", 4, 0)}),
			object(pieces{elfbuild.Func("a", "31c0 c3").Alias("b"), calls("g", "b")}, pieces{static("x", 4, 0)}),
			nil,
			[]string{"changed:g"},
		},
		{
			"the end of a, where b starts, and c in between",
			object(pieces{takes("f", 0, 16)}, pieces{static("a", 16, 0), static("b", 8, 0)}),
			object(pieces{takes("f", 0, 16)}, pieces{static("a", 16, 0), static("c", 8, 0), static("b", 8, 0)}),
			nil,
			[]string{"changed:f"},
		},
		{
			"the start of b, behind a that grew",
			object(pieces{takes("f", 0, 16)}, pieces{static("a", 16, 0), static("b", 8, 0)}),
			object(pieces{takes("f", 0, 24)}, pieces{static("a", 24, 0), static("b", 8, 0)}),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a new static behind a, used instead of b, and a isn't used",
			object(pieces{elfbuild.Func("f", "48c7c0 00000000 c3", elfbuild.Abs32S(3, ".data", 16))}, pieces{static("a", 16, 0), static("b", 8, 0)}),
			object(pieces{elfbuild.Func("f", "48c7c0 00000000 c3", elfbuild.Abs32S(3, ".data", 16))}, pieces{static("a", 16, 0), static("c", 8, 0), static("b", 8, 0)}),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"what keeps books behind a, which is used, holds something else",
			object(pieces{takes("f", 0, 16)}, pieces{static("a", 16, 0), static("_rs.2", 8, 1)}),
			object(pieces{takes("f", 0, 16)}, pieces{static("a", 16, 0), static("_rs.2", 8, 2)}),
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"a nameless datum behind a, which is used, holds something else",
			elfbuild.Object{Sections: []elfbuild.Section{elfbuild.Text(".text", takes("f", 0, 16)), elfbuild.ReadOnly(".data", static("a", 16, 0), static("CSWTCH.2", 8, 1))}},
			elfbuild.Object{Sections: []elfbuild.Section{elfbuild.Text(".text", takes("f", 0, 16)), elfbuild.ReadOnly(".data", static("a", 16, 0), static("CSWTCH.2", 8, 2))}},
			[]string{"changed:f"},
			[]string{"changed:f"},
		},
		{
			"the code has another name, and the name is somebody else's",
			object(pieces{elfbuild.Func("x", "31c0 c3"), calls("f", "x")}, nil),
			object(pieces{elfbuild.Func("y", "31c0 c3"), calls("f", "x")}, nil),
			[]string{"added:y", "removed:x"},
			[]string{"renamed:y"},
		},
		{
			"clones of sizes that changed places, both edited",
			object(pieces{elfbuild.Func("w.constprop.0", "b801000000 b802000000 c3").Local(), elfbuild.Func("w.constprop.1", "b801000000 b803000000 90 c3").Local(), calls("f", "w.constprop.0")}, nil),
			object(pieces{elfbuild.Func("w.constprop.0", "b804000000 b802000000 90 c3").Local(), elfbuild.Func("w.constprop.1", "b804000000 b803000000 c3").Local(), calls("f", "w.constprop.1")}, nil),
			[]string{"changed:w.constprop.0", "changed:w.constprop.1"},
			[]string{"changed:w.constprop.0", "changed:w.constprop.1"},
		},
		{
			"sizes that changed places, and a caller that stays with the size",
			object(pieces{
				elfbuild.Func("w.1", "b801000000 c3").Local(), elfbuild.Func("w.2", "b802000000 90 c3").Local(),
				calls("f", "w.1"), calls("g", "w.1"), calls("h", "w.1"), calls("k", "w.2"), calls("l", "w.2"),
			}, nil),
			object(pieces{
				elfbuild.Func("w.1", "b803000000 90 c3").Local(), elfbuild.Func("w.2", "b804000000 c3").Local(),
				calls("f", "w.2"), calls("g", "w.1"), calls("h", "w.1"), calls("k", "w.2"), calls("l", "w.2"),
			}, nil),
			[]string{"changed:f", "changed:w.1", "changed:w.2"},
			[]string{"changed:g", "changed:h", "changed:k", "changed:l", "changed:w.1", "changed:w.2"},
		},
		{
			"two by position, and two callers of one that call the other",
			object(pieces{elfbuild.Func("w.1", "b801000000 c3").Local(), elfbuild.Func("w.2", "b802000000 c3").Local(), calls("f", "ext")}, nil),
			object(pieces{elfbuild.Func("w.1", "b803000000 c3").Local(), elfbuild.Func("w.2", "b804000000 c3").Local(), calls("f", "w.2")}, nil),
			[]string{"changed:f", "changed:w.1", "changed:w.2"},
			[]string{"changed:f", "changed:w.1", "changed:w.2"},
		},
		{
			"tables of one each, of which one has the other's now",
			tablesOf("x.1", "x.2"), tablesOf("x.2", "x.2"),
			[]string{"changed:f", "changed:g"},
			nil,
		},
		{
			"tables of one each, numbered the other way around",
			tablesOf("x.1", "x.2"), tablesOf("x.2", "x.1"),
			nil, nil,
		},
		{
			"the other of two in a table",
			tableOf("x.1", "x.2", "x.1"), tableOf("x.1", "x.2", "x.2"),
			[]string{"changed:f"},
			[]string{"changed:f"},
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
			if !slices.Equal(got, words) && plain.Ambiguous == 0 {
				t.Error("manifests say something else, and nothing is ambiguous")
			}
		})
	}
}

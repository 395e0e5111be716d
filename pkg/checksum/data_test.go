// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/elfbuild"
)

// dataOf is the records of named data, as "name size users", with the digest
// of each.
func dataOf(t *testing.T, o elfbuild.Object) (names []string, digests map[string]Digest) {
	t.Helper()
	sums, err := Sum(parse(t, o), Options{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	digests = map[string]Digest{}
	for i := range sums.Records {
		if r := &sums.Records[i]; r.Kind == Data {
			names = append(names, fmt.Sprintf("%s %d %v", r.Name, r.Size, r.Disambiguation != 0))
			digests[r.Name] = r.Digest
		}
	}
	return names, digests
}

// numbered is a static local of a function, and a function that uses it.
func numberedStatic(number, content string) elfbuild.Object {
	return obj(
		code(fun("f", loadX, pc32(3, "state."+number, -4))),
		elfbuild.Data(".data", elfbuild.Var("state."+number, elfbuild.Hex(content)).Local()),
	)
}

func TestData(t *testing.T) {
	build := func(value, init string) elfbuild.Object {
		return obj(
			code(fun("f", "c3"), fun("g", "c3")),
			elfbuild.Data(".data",
				elfbuild.Var("counter", elfbuild.Hex(value)),
				elfbuild.Var("ops", make([]byte, 16), abs64(0, "f", 0), abs64(8, "g", 0)).Alias("also_ops"),
				elfbuild.Var("descriptor.7", make([]byte, 8)).Local()),
			rodata(".rodata", elfbuild.Var("CSWTCH.3", elfbuild.Hex("0102")).Local(), elfbuild.Var("table", make([]byte, 8), abs64(0, "CSWTCH.3", 0))),
			rodata("__tracepoint_check", elfbuild.Var("__trace_check_event.11", elfbuild.Hex(value)).Local()),
			elfbuild.Section{
				Name: init, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: make([]byte, 8),
				Relocs: []elfbuild.Reloc{pc32(0, "f", 0), pc32(4, "g", 0)},
			},
		)
	}
	names, old := dataOf(t, build("01000000", ".initcall6.init"))
	// The rest is part of those that use it, if any do.
	want := []string{"counter 4 false", "also_ops 16 false", "table 8 false", "__trace_check_event.11 4 false", ".initcall6.init:f 4 false", ".initcall6.init:g 4 false"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	_, fresh := dataOf(t, build("02000000", ".initcall6.init"))
	if old["counter"] == fresh["counter"] || old["__trace_check_event.11"] == fresh["__trace_check_event.11"] || old["also_ops"] != fresh["also_ops"] {
		t.Errorf("digests of old and new: %v, %v", old, fresh)
	}
	if names, _ := dataOf(t, build("01000000", ".initcall7.init")); names[4] != ".initcall7.init:f 4 false" {
		t.Errorf("an init call of another level: %v", names)
	}
}

// An entry of a table of names is none where it is relocated no more, and another one where
// it is in another way.
func TestDataPlaces(t *testing.T) {
	build := func(typ elf.R_X86_64) elfbuild.Object {
		return obj(code(fun("f", "c3"), fun("g", "c3")), elfbuild.Section{
			Name: ".initcall6.init", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: make([]byte, 8),
			Relocs: []elfbuild.Reloc{as(pc32(0, "f", 0), typ), pc32(4, "g", 0)},
		})
	}
	const f, g = ".initcall6.init:f", ".initcall6.init:g"
	_, usual := dataOf(t, build(elf.R_X86_64_PC32))
	_, other := dataOf(t, build(elf.R_X86_64_32))
	if usual[f] == other[f] || usual[g] != other[g] {
		t.Errorf("another kind of relocation: %v, %v", usual, other)
	}
	if names, _ := dataOf(t, build(elf.R_X86_64_NONE)); len(names) != 1 {
		t.Errorf("relocated no more: %v", names)
	}
}

// A numbered static is known by who uses it.
func TestDataUsers(t *testing.T) {
	names, _ := dataOf(t, numberedStatic("3", "00000000"))
	if diff := cmp.Diff([]string{"state.3 4 true"}, names); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	a, err := Sum(parse(t, numberedStatic("3", "00000000")), Options{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Sum(parse(t, numberedStatic("9", "00000001")), Options{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	x, y := a.Records[len(a.Records)-1], b.Records[len(b.Records)-1]
	if x.Disambiguation != y.Disambiguation || x.Digest == y.Digest {
		t.Errorf("%+v and %+v", x, y)
	}
}

// Data are summed only where they are asked for.
func TestNoData(t *testing.T) {
	for _, r := range sum(t, numberedStatic("3", "00000000")).Records {
		if r.Kind == Data {
			t.Errorf("%+v", r)
		}
	}
}

// A line number in a field that the kernel's macros fill in is no content of
// the datum; what stands beside it is.
func TestDataLines(t *testing.T) {
	for _, x := range []struct {
		section, name string
		offset        int
		behind        int  // the first byte that counts again,
		bits          byte // but for these bits
	}{
		{"alloc_tags", "_alloc_tag", 4, 8, 0},
		{"_ftrace_branch", "branch", 16, 20, 0},
		{"_ftrace_annotated_branch", "branch", 16, 20, 0},
		{".data..Lubsan_data1", "source", 8, 16, 0},
		{"__dyndbg", "table", 32, 34, 0x03},
		{"__verbose", "table", 32, 34, 0x03},
		{".data.rel.ro", "_entry", 24, 28, 0},
		{".data.rel.ro", "f._entry", 24, 28, 0},
	} {
		t.Run(x.section+"/"+x.name, func(t *testing.T) {
			build := func(at int, value byte) Digest {
				data := make([]byte, 64)
				data[at] = value
				_, digests := dataOf(t, obj(elfbuild.Data(x.section, elfbuild.Var(x.name, data))))
				d, ok := digests[x.name]
				if !ok {
					t.Fatal("no record")
				}
				return d
			}
			plain := build(0, 0)
			for at := range 64 {
				line := x.offset <= at && at < x.behind
				if same := build(at, 1) == plain; same != (line || at == x.behind && x.bits&1 != 0) {
					t.Errorf("byte %d counts: %v", at, !same)
				}
			}
			if x.bits != 0 && (build(x.behind, x.bits) != plain || build(x.behind, ^x.bits) == plain) {
				t.Errorf("bits of byte %d", x.behind)
			}
		})
	}
}

// What stands behind a pointer to an entry of printk's index is data of a
// nameless kind: a line in it isn't the pointer's content either.
func TestDataLinesBehindPointer(t *testing.T) {
	build := func(line, level byte) Digest {
		entry := make([]byte, 48)
		entry[24], entry[32] = line, level
		_, digests := dataOf(t, obj(
			rodata(".rodata", elfbuild.Var("_entry.5", entry).Local()),
			elfbuild.Data(".printk_index", elfbuild.Var("_entry_ptr.4", make([]byte, 8), abs64(0, "_entry.5", 0)).Local()),
		))
		return digests["_entry_ptr.4"]
	}
	if build(7, 0) != build(9, 0) || build(7, 0) == build(7, 1) {
		t.Error("the line counts, or the level doesn't")
	}
}

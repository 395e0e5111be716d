// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
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

// checkData compares the records of two objects: those that differ, by name.
func checkData(t *testing.T, what string, old, fresh elfbuild.Object, want ...string) {
	t.Helper()
	_, a := dataOf(t, old)
	_, b := dataOf(t, fresh)
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if a[name] != b[name] {
			differ = append(differ, name)
		}
	}
	if diff := cmp.Diff(want, differ); diff != "" || len(a) != len(b) {
		t.Errorf("%s: records that differ (-want +got):\n%s", what, diff)
	}
}

// A label without a size in data is a datum up to the next symbol.
func TestDataUnsized(t *testing.T) {
	with := func(section, first, second string) elfbuild.Object {
		return obj(elfbuild.Section{Name: section, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Data: elfbuild.Hex(first + second), Symbols: []elfbuild.Symbol{
			{Name: "first", Bind: elf.STB_GLOBAL},
			{Name: "also_first", Bind: elf.STB_GLOBAL},
			{Name: "second", Value: 8, Bind: elf.STB_GLOBAL},
			{Name: "sized", Value: 12, Size: 4, Type: elf.STT_OBJECT},
			{Name: "in_it", Value: 14},
			{Name: "table_end", Value: 16},
		}})
	}
	const zero = "0000000000000000"
	for _, section := range []string{".data", ".rodata.tables", ".data.rel.ro"} {
		o := with(section, zero, zero)
		names, _ := dataOf(t, o)
		if diff := cmp.Diff([]string{"also_first 0 false", "second 0 false", "sized 4 false"}, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", section, diff)
		}
		checkData(t, "the first byte", o, with(section, "0100000000000000", zero), "also_first")
		checkData(t, "the last byte", o, with(section, "0000000000000001", zero), "also_first")
		checkData(t, "of the second", o, with(section, zero, "0000000100000000"), "second")
		checkData(t, "of one with a size", o, with(section, zero, "0000000000000100"), "sized")
	}
	// A table about code isn't cut by labels.
	if names, _ := dataOf(t, with("__some_table", zero, zero)); len(names) != 1 {
		t.Errorf("a table: %v", names)
	}
}

// What a module exports: function, name, namespace, and to whom.
func TestDataExports(t *testing.T) {
	type export struct{ function, name, namespace, flags string }
	linked := func(labels bool, e export) elfbuild.Object {
		table := raw("000000000000000000000000", pc32(0, e.function, 0), pc32(4, "__ksymtab_strings", 0), pc32(8, "__ksymtab_strings", 8))
		flags := raw(e.flags)
		if labels {
			table = table.With(elfbuild.Symbol{Name: "__ksymtab_f"})
			flags = flags.With(elfbuild.Symbol{Name: "__flags_f"})
		}
		return obj(code(fun("f", "c3"), fun("g", "c3")), elfbuild.Strings("__ksymtab_strings", 1, literal(e.name), literal(e.namespace)),
			tab("__ksymtab", table), tab("__kflagstab", flags))
	}
	e := export{"f", "f_as_is", "SPACE", "00"}
	for _, test := range []struct {
		what       string
		e          export
		with, bare []string
	}{
		{"as it was", e, nil, nil},
		{"another function", export{"g", "f_as_is", "SPACE", "00"}, []string{"__ksymtab_f"}, []string{"__ksymtab:g"}},
		{"another name", export{"f", "f_to_be", "SPACE", "00"}, []string{"__ksymtab_f"}, []string{"__ksymtab:f"}},
		{"another namespace", export{"f", "f_as_is", "OTHER", "00"}, []string{"__ksymtab_f"}, []string{"__ksymtab:f"}},
		{"another licence", export{"f", "f_as_is", "SPACE", "01"}, []string{"__flags_f"}, nil},
	} {
		checkData(t, test.what, linked(true, e), linked(true, test.e), test.with...)
		checkData(t, test.what+", without labels", linked(false, e), linked(false, test.e), test.bare...)
	}
	for section, want := range map[string]bool{
		"__ksymtab": true, "__ksymtab_gpl": true, "___ksymtab+f": true, "___ksymtab_gpl+f": true, "__kflagstab": true, "___kflagstab+f": true,
		"__ksymtab_strings": false, "__kcrctab": false, "___kcrctab+f": false, ".export_symbol": false,
	} {
		if isExports(section) != want {
			t.Errorf("%s: exports %v", section, !want)
		}
	}
}

// Lists of numbers of type information, that are filled in later, and flags.
func TestDataIDs(t *testing.T) {
	set := func(own, first, second uint32, numbers ...uint32) elfbuild.Object {
		words := []uint32{0, own, 0, first, 0, second, 0}
		for i, n := range numbers {
			words[2*i] = n
		}
		var data []byte
		for _, w := range words {
			data = binary.LittleEndian.AppendUint32(data, w)
		}
		return obj(elfbuild.Section{Name: ".BTF_ids", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: data, Symbols: []elfbuild.Symbol{
			{Name: "__BTF_ID__set8__ours"},
			{Name: "__BTF_ID__func__a__1", Type: elf.STT_OBJECT, Value: 8, Size: 4},
			{Name: "__BTF_ID__func__b__2", Type: elf.STT_OBJECT, Value: 16, Size: 4},
			{Name: "ids", Bind: elf.STB_GLOBAL, Value: 24},
			{Name: "__BTF_ID__struct__c__3", Type: elf.STT_OBJECT, Value: 24, Size: 4},
		}})
	}
	o := set(0, 1, 2)
	names, _ := dataOf(t, o)
	if diff := cmp.Diff([]string{"__BTF_ID__set8__ours 8 false", "__BTF_ID__func__a__1 8 false", "__BTF_ID__func__b__2 8 false", "__BTF_ID__struct__c__3 4 false", "ids 4 false"}, names); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	checkData(t, "the set's flags", o, set(1, 1, 2), "__BTF_ID__set8__ours")
	checkData(t, "a function's flags", o, set(0, 1, 6), "__BTF_ID__set8__ours")
	checkData(t, "the numbers", o, set(0, 1, 2, 2, 100, 101, 102))
	checkData(t, "the numbers, in their order", o, set(0, 2, 1, 2, 101, 100, 102))
}

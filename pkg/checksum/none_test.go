// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// as is a relocation of another type.
func as(r elfbuild.Reloc, typ elf.R_X86_64) elfbuild.Reloc {
	r.Type = uint32(typ)
	return r
}

// An entry whose place is relocated no more describes nothing, and one whose place is
// relocated in another way isn't the same.
func TestPlaceRelocation(t *testing.T) {
	keys := elfbuild.Data(".data", elfbuild.Var("k", make([]byte, 16)).Local())
	for name, test := range map[string]struct {
		table  func(typ elf.R_X86_64) elfbuild.Section
		usual  elf.R_X86_64
		reason string
	}{
		"exceptions": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__ex_table", raw("00000000 00000000 01000000", as(at(2), typ), pc32(4, ".text", 4)), fault(4, 6))
		}, elf.R_X86_64_PC32, "exception-table"},
		"KVM's exceptions": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__kvm_ex_table", raw("00000000 00000000", as(at(2), typ), pc32(4, ".text", 4)), raw("00000000 00000000", at(4), pc32(4, ".text", 6)))
		}, elf.R_X86_64_PC32, "exception-table"},
		"WARNs": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__bug_table", raw("00000000 00000000 00000000 2a00 0100", as(at(2), typ), pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 7)), bug(4, "0100"))
		}, elf.R_X86_64_PC32, "bug-table"},
		"static branches": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__jump_table", raw("00000000 00000000 0000000000000000", as(at(2), typ), pc32(4, ".text", 4), elfbuild.Rel(8, elf.R_X86_64_PC64, "k", 0)), branch(4, 6, "k", 0))
		}, elf.R_X86_64_PC32, "jump-labels"},
		"static calls": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab(".static_call_sites", raw("00000000 00000000", as(at(2), typ), pc32(4, "key", 0)), staticCall(4, "key", 0))
		}, elf.R_X86_64_PC32, "static-calls"},
		"alternatives": {func(typ elf.R_X86_64) elfbuild.Section {
			return altTable(raw("00000000 00000000 01000000 02 00", as(at(2), typ), pc32(4, ".altinstr_replacement", 0)), alternative(4, 0, 2, 0))
		}, elf.R_X86_64_PC32, "alternatives"},
		"tracing": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__mcount_loc", raw("0000000000000000", as(abs64(0, ".text", 0), typ)), location(2))
		}, elf.R_X86_64_64, "tracing"},
		"patchable entries": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("__patchable_function_entries", raw("0000000000000000", as(abs64(0, ".text", 0), typ)), location(2))
		}, elf.R_X86_64_64, "tracing"},
		"a blacklist": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("_kprobe_blacklist", raw("0000000000000000", as(abs64(0, ".text", 0), typ)), location(2))
		}, elf.R_X86_64_64, "special:_kprobe_blacklist"},
		"a whitelist": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("_error_injection_whitelist", raw("0000000000000000 0100000000000000", as(abs64(0, ".text", 0), typ)))
		}, elf.R_X86_64_64, "special:_error_injection_whitelist"},
		"paravirt sites": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab(".parainstructions", raw("0000000000000000 0105 000000000000", as(abs64(0, ".text", 2), typ)), raw("0000000000000000 0105", abs64(0, ".text", 4)))
		}, elf.R_X86_64_64, "special:.parainstructions"},
		"lock prefixes": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab(".smp_locks", raw("00000000", as(at(2), typ)), site(4))
		}, elf.R_X86_64_PC32, "special:.smp_locks"},
		"a runtime constant": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab("runtime_ptr_x", raw("00000000", as(at(2), typ)), site(4))
		}, elf.R_X86_64_PC32, "special:runtime_ptr_x"},
		"a new table": {func(typ elf.R_X86_64) elfbuild.Section {
			return tab(".new", raw("00000000 01000000", as(at(2), typ)), raw("00000000 01000000", at(4)), raw("00000000 01000000", at(6)))
		}, elf.R_X86_64_PC32, "special:.new"},
	} {
		object := func(typ elf.R_X86_64) elfbuild.Object {
			return with(four, test.table(typ), texts, keys, replacements("90"))
		}
		t.Run(name, func(t *testing.T) {
			usual := object(test.usual)
			check := func(what string, typ elf.R_X86_64) {
				o := object(typ)
				exact, _, places := reasons(record(t, sum(t, usual), "f"), record(t, sum(t, o), "f"))
				if !slices.Contains(append(exact, places...), test.reason) || len(slices.Compact(exact)) > 1 {
					t.Errorf("%s: reasons %v, places %v, want %s", what, exact, places, test.reason)
				}
				checkTrace(t, parse(t, o), 1)
			}
			check("relocated no more", elf.R_X86_64_NONE)
			if name != "a new table" { // which has no layout then
				check("another kind", map[bool]elf.R_X86_64{false: elf.R_X86_64_PC64, true: elf.R_X86_64_32S}[test.usual == elf.R_X86_64_64])
			}
		})
	}
}

// An entry that says more than where it is, leaves the others of its table as they were.
func TestOtherTracing(t *testing.T) {
	for _, table := range []string{"__mcount_loc", "__patchable_function_entries"} {
		object := func(entry string, typ elf.R_X86_64) elfbuild.Object {
			return obj(code(fun("f", "31c0 c3"), fun("g", "31c9 c3")),
				tab(table, raw(entry, as(abs64(0, "g", 0), typ)), raw("0000000000000000", abs64(0, "f", 0))))
		}
		usual := sum(t, object("0000000000000000", elf.R_X86_64_64))
		for what, o := range map[string]elfbuild.Object{
			"relocated no more": object("0000000000000000", elf.R_X86_64_NONE),
			"another kind":      object("0000000000000000", elf.R_X86_64_PC64),
			"half of a place":   object("0000000001000000", elf.R_X86_64_32),
		} {
			fresh := sum(t, o)
			if record(t, usual, "f").Digest != record(t, fresh, "f").Digest {
				t.Errorf("%s, %s: the other function changed", table, what)
			}
			if record(t, usual, "g").Digest == record(t, fresh, "g").Digest {
				t.Errorf("%s, %s: the function is the same", table, what)
			}
		}
	}
}

// Replacement code of an alternative that lost its place, or its pointer to the code, is an
// orphan.
func TestLostReplacement(t *testing.T) {
	object := func(place, pointer elf.R_X86_64) elfbuild.Object {
		return with(four, altTable(raw("00000000 00000000 01000000 02 02", as(at(2), place), as(pc32(4, ".altinstr_replacement", 0), pointer)), alternative(4, 2, 2, 2)), replacements("31f6 31ff"))
	}
	records := func(o elfbuild.Object) (names []string) {
		for _, r := range sum(t, o).Records {
			names = append(names, fmt.Sprintf("%s %s %d", r.Name, r.Section, r.Size))
		}
		return names
	}
	lost := []string{"f .text 7", "(orphan) .altinstr_replacement 2"}
	for name, test := range map[string]struct {
		o    elfbuild.Object
		want []string
	}{
		"none":    {object(elf.R_X86_64_PC32, elf.R_X86_64_PC32), lost[:1]},
		"place":   {object(elf.R_X86_64_NONE, elf.R_X86_64_PC32), lost},
		"pointer": {object(elf.R_X86_64_PC32, elf.R_X86_64_NONE), lost},
	} {
		if diff := cmp.Diff(test.want, records(test.o)); diff != "" {
			t.Errorf("%s lost: records (-want +got):\n%s", name, diff)
		}
	}
}

// A relocation that relocates nothing is no relocation in code and data either.
func TestNone(t *testing.T) {
	none := func(at uint64) elfbuild.Reloc { return elfbuild.Rel(at, elf.R_X86_64_NONE, "x", 3) }
	store := func(relocs ...elfbuild.Reloc) elfbuild.Object { // movq $second, first(%rip)
		return obj(code(fun("f", "48c705 00000000 00000000 c3", relocs...)))
	}
	bad := "0f0e" + strings.Repeat("ff", 4) // no instruction: raw
	anonymous := func(relocs ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(fun("f", loadX, pc32(3, ".rodata", -4))), rodata(".rodata", raw("0000000000000000 0102030405060708", relocs...)))
	}
	cfi := func(relocs ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(labelled(fun("__cfi_f", "90 b812345678 90", relocs...)).Local(), fun("f", "c3")))
	}
	for _, p := range []pair{
		{name: "in an instruction", old: store(), new: store(none(3))},
		{name: "between two others", old: store(pc32(3, "a", -8), abs32s(7, "b", 0)), new: store(pc32(3, "a", -8), none(5), abs32s(7, "b", 0))},
		{name: "on an instruction's other byte", old: store(), new: store(none(0), none(10))},
		{name: "in nameless data", old: anonymous(), new: anonymous(none(0), none(8))},
		{name: "in nameless data beside another", old: anonymous(abs64(0, "x", 0)), new: anonymous(abs64(0, "x", 0), none(8))},
		{name: "in place of one in nameless data", old: anonymous(abs64(0, "x", 0)), new: anonymous(none(0)), want: []Class{Constants}},
		{name: "in a prefix", old: cfi(), new: cfi(none(2), none(6))},
	} {
		p.run(t)
	}
	a, b := record(t, sum(t, obj(code(fun("f", bad)))), "f"), record(t, sum(t, obj(code(fun("f", bad, none(2))))), "f")
	if !a.Opaque || a.Digest != b.Digest {
		t.Errorf("in what can't be decoded: opaque %v, digests %v and %v", a.Opaque, a.Digest, b.Digest)
	}
	// Of arm64, R_AARCH64_NULL as well.
	arm := func(typ elf.R_AARCH64) elfbuild.Object {
		o := obj(code(fun("f", "00000058 c0035fd6")), elfbuild.Data(".data", elfbuild.Var("d", make([]byte, 8), elfbuild.Reloc{Symbol: "x", Type: uint32(typ)})))
		o.Machine = elf.EM_AARCH64
		return o
	}
	data := func(o elfbuild.Object) Digest {
		sums, err := Sum(parse(t, o), Options{Data: true})
		if err != nil {
			t.Fatal(err)
		}
		return record(t, sums, "d").Digest
	}
	if data(arm(elf.R_AARCH64_NONE)) != data(arm(elf.R_AARCH64_NULL)) || data(arm(elf.R_AARCH64_NONE)) == data(arm(elf.R_AARCH64_ABS64)) {
		t.Error("R_AARCH64_NULL is read as something")
	}
}

// An absolute symbol is its value (rule 3.1).
func TestAbsolute(t *testing.T) {
	absolute := func(name string, value uint64, asm string, relocs ...elfbuild.Reloc) elfbuild.Object {
		o := obj(code(fun("f", asm, relocs...)))
		o.Symbols = []elfbuild.Symbol{{Name: name, Bind: elf.STB_GLOBAL, Section: elfbuild.Absolute, Value: value}}
		return o
	}
	move := func(name string, value uint64, addend int64) elfbuild.Object {
		return absolute(name, value, movX, abs32s(3, name, addend))
	}
	typed := func(prefix string, value uint64, relocs ...elfbuild.Reloc) elfbuild.Object {
		o := obj(code(raw(prefix, relocs...), fun("f", "c3")))
		o.Symbols = []elfbuild.Symbol{{Name: "__kcfi_typeid_f", Bind: elf.STB_WEAK, Section: elfbuild.Absolute, Value: value}}
		return o
	}
	hash := func(at uint64) elfbuild.Reloc { return elfbuild.Rel(at, elf.R_X86_64_32, "__kcfi_typeid_f", 0) }
	named := func(value uint64) elfbuild.Object {
		o := obj(code(fun("__cfi_f", "b8 00000000", hash(1)).Local(), fun("f", "c3")))
		o.Symbols = []elfbuild.Symbol{{Name: "__kcfi_typeid_f", Bind: elf.STB_WEAK, Section: elfbuild.Absolute, Value: value}}
		return o
	}
	datum := func(value uint64) elfbuild.Object {
		o := obj(code(fun("f", loadX, pc32(3, ".rodata", -4))), rodata(".rodata", raw("0000000000000000", abs64(0, "a", 0))))
		o.Symbols = []elfbuild.Symbol{{Name: "a", Bind: elf.STB_GLOBAL, Section: elfbuild.Absolute, Value: value}}
		return o
	}
	for _, p := range []pair{
		{name: "3.1 its value", old: move("a", 5, 0), new: move("a", 6, 0), want: []Class{References}},
		{name: "3.1 its value and an offset", old: move("a", 5, 1), new: move("a", 6, 0)},
		{name: "3.1 its name is none", old: move("a", 5, 0), new: move("b", 5, 0)},
		{name: "3.1 in nameless data", old: datum(5), new: datum(6), want: []Class{Constants}},
		{name: "3.1 a defined symbol in place of it", old: move("a", 5, 0), new: obj(code(fun("f", movX, abs32s(3, "a", 0)))), want: []Class{References}},
		{name: "1.3 in a prefix", old: named(5), new: named(6), want: []Class{CFI}},
		{name: "1.3 in front of an entry without a prefix", old: typed("00000000", 5, hash(0)), new: typed("00000000", 6, hash(0)), want: []Class{CFI}},
		{name: "1.3 in front of NOPs", old: typed("00000000", 5, hash(0)), new: typed("00000000 9090 0f1f00", 5, hash(0))},
		{name: "1.3 not in front of code", old: typed("00000000 31c0 c3", 5, hash(0)), new: typed("00000000 31c0 c3", 6, hash(0))},
		{name: "1.3 a hash comes", old: typed("00000000", 5), new: typed("00000000", 5, hash(0)), want: []Class{CFI}},
	} {
		p.run(t)
	}
}

// A prefix may have NOPs behind it, and its name what objcopy puts in front (rule 1.3).
func TestPrefixes(t *testing.T) {
	object := func(prefix, hash, nops, name string) elfbuild.Object {
		return obj(code(fun(prefix, "b8"+hash).Local(), raw(nops), fun(name, "c3")))
	}
	for _, p := range []pair{
		{name: "1.3 NOPs between", old: object("__cfi_f", "12345678", "", "f"), new: object("__cfi_f", "12345678", "90 0f1f00", "f")},
		{name: "1.3 a hash in front of NOPs", old: object("__cfi_f", "12345678", "9090", "f"), new: object("__cfi_f", "12345679", "9090", "f"), want: []Class{CFI}},
		{name: "1.3 of position-independent code", f: "__pi_f", old: object("__pi___cfi_f", "12345678", "", "__pi_f"), new: object("__pi___cfi_f", "12345679", "", "__pi_f"), want: []Class{CFI}},
		{name: "1.3 of the hypervisor", f: "__kvm_nvhe_f", old: object("__kvm_nvhe___cfi_f", "12345678", "", "__kvm_nvhe_f"), new: object("__kvm_nvhe___cfi_f", "12345679", "", "__kvm_nvhe_f"), want: []Class{CFI}},
	} {
		p.run(t)
		if n := len(sum(t, p.new).Records); n != 1 {
			t.Errorf("%s: %d records, want 1", p.name, n)
		}
	}
}

// One may stand at the end of a section, where nothing is to be relocated.
func TestNoneAtTheEnd(t *testing.T) {
	none := func(at uint64) elfbuild.Reloc { return elfbuild.Rel(at, elf.R_X86_64_NONE, "x", 3) }
	build := func(add bool) elfbuild.Object {
		o := with(four, tab("__ex_table", fault(2, 4)), elfbuild.Data(".data", elfbuild.Var("v", make([]byte, 8))), elfbuild.Data(".data.none"), elfbuild.Text(".text.none"))
		for i := range o.Sections {
			if s := &o.Sections[i]; add {
				s.Relocs = append(s.Relocs, none(uint64(len(s.Data))), none(uint64(len(s.Data))))
			}
		}
		return o
	}
	a, err := Sum(parse(t, build(false)), Options{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Sum(parse(t, build(true)), Options{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Records, b.Records, cmp.AllowUnexported(Record{})); diff != "" {
		t.Errorf("records (-without +with):\n%s", diff)
	}
}

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

// tablePair is two builds of a function and the reasons that their digests give
// for a difference: those of classes of which what they hold differs, and those
// of tables of which the places do.
type tablePair struct {
	name          string
	old, new      elfbuild.Object
	exact, places []string
	// f is the function's name, "f" if empty.
	f string
	// disambiguation says that the second digest differs.
	disambiguation bool
	// line says that nothing differs but line numbers.
	line bool
}

func (p *tablePair) run(t *testing.T) {
	t.Run(p.name, func(t *testing.T) {
		if p.f == "" {
			p.f = "f"
		}
		a, b := record(t, sum(t, p.old), p.f), record(t, sum(t, p.new), p.f)
		if a.Opaque || b.Opaque {
			t.Errorf("it can't be decoded (old %v, new %v)", a.Opaque, b.Opaque)
		}
		exact, masked, places := reasons(a, b)
		same := len(places) == 0 && (len(exact) == 0 || len(exact) == 1 && exact[0] == Cold.String())
		if same != (a.Digest == b.Digest) {
			t.Errorf("the digests are %v and %v", a.Digest, b.Digest)
		}
		if diff := cmp.Diff(p.exact, exact); diff != "" {
			t.Errorf("what differs (-want +got):\n%s", diff)
		}
		without := exact
		if p.line {
			without = nil
		}
		if diff := cmp.Diff(without, masked); diff != "" {
			t.Errorf("what differs without line numbers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(p.places, places); diff != "" {
			t.Errorf("places that differ (-want +got):\n%s", diff)
		}
		if differ := a.Disambiguation != b.Disambiguation; differ != p.disambiguation {
			t.Errorf("the disambiguation digest differs: %v, want %v", differ, p.disambiguation)
		}
		checkTrace(t, parse(t, p.old), 1)
		checkTrace(t, parse(t, p.new), 1)
	})
}

// reasons is the classes in which two records differ, by name and in order.
func reasons(a, b *Record) (exact, masked, places []string) {
	classes := slices.Concat(a.Classes, b.Classes)
	slices.SortFunc(classes, func(x, y ClassDigest) int { return x.Order(&y) })
	find := func(r *Record, c *ClassDigest) (found ClassDigest) {
		for i := range r.Classes {
			if r.Classes[i].Order(c) == 0 {
				found = r.Classes[i]
			}
		}
		return found
	}
	for i := range classes {
		c := &classes[i]
		if i > 0 && classes[i-1].Order(c) == 0 {
			continue
		}
		x, y := find(a, c), find(b, c)
		if x.Exact != y.Exact {
			exact = append(exact, c.Reason())
		}
		if x.Masked() != y.Masked() {
			masked = append(masked, c.Reason())
		}
		if x.Places() != y.Places() {
			places = append(places, c.Reason())
		}
	}
	return exact, masked, places
}

// list is reasons.
func list(reasons ...string) []string { return reasons }

// tab is a table: its bytes and relocations, those of each entry from its start.
func tab(name string, entries ...elfbuild.Piece) elfbuild.Section { return rodata(name, entries...) }

// with is f and the tables about it.
func with(asm string, tables ...elfbuild.Section) elfbuild.Object {
	return obj(append([]elfbuild.Section{code(fun("f", asm))}, tables...)...)
}

// at is a relative field at an entry's start that refers to a place in .text.
func at(place int64) elfbuild.Reloc { return pc32(0, ".text", place) }

// Entries of the tables that the kernel has, about a place in .text.
func fault(place, fixup int64) elfbuild.Piece {
	return raw("00000000 00000000 01000000", at(place), pc32(4, ".text", fixup))
}

func bug(place int64, flags string) elfbuild.Piece {
	return raw("00000000 00000000 00000000 2a00 "+flags, at(place), pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 7))
}

func branch(place, target int64, key string, bits int64) elfbuild.Piece {
	return raw("00000000 00000000 0000000000000000", at(place), pc32(4, ".text", target), elfbuild.Rel(8, elf.R_X86_64_PC64, key, bits))
}

func staticCall(place int64, key string, bits int64) elfbuild.Piece {
	return raw("00000000 00000000", at(place), pc32(4, key, bits))
}

func site(place int64) elfbuild.Piece { return raw("00000000", at(place)) }

func location(place int64) elfbuild.Piece { return raw("0000000000000000", abs64(0, ".text", place)) }

var texts = elfbuild.Strings(".rodata.str1.1", 1, literal("format"), literal("fs/a.c"), literal("fs/b.c"))

// Four instructions, two bytes each but the last.
const four = "31c0 31c9 31d2 c3" // xor %eax, %eax; xor %ecx, %ecx; xor %edx, %edx; ret

// What a table says of a function is a part of it: rule 6.
func TestTables(t *testing.T) {
	extable := func(entries ...elfbuild.Piece) elfbuild.Object { return with(four, tab("__ex_table", entries...)) }
	handler := func(name string) elfbuild.Piece {
		return raw("00000000 00000000 00000000", at(0), pc32(4, ".text", 4), pc32(8, name, 0))
	}
	kvm := func(place, fixup int64) elfbuild.Object {
		return with(four, tab("__kvm_ex_table", raw("0000000000000000", at(place), pc32(4, ".text", fixup))))
	}
	bugs := func(entries ...elfbuild.Piece) elfbuild.Object {
		return with(four, tab("__bug_table", entries...), texts)
	}
	warn := func(data string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return bugs(raw(data, append(relocs, at(2))...))
	}
	oldBug := func(format string) elfbuild.Object {
		return with(four, tab("__bug_table", raw("00000000 00000000 2a00 0000", at(2), pc32(4, ".rodata.str1.1", 4))),
			elfbuild.Strings(".rodata.str1.1", 1, literal(format)))
	}
	branches := func(entries ...elfbuild.Piece) elfbuild.Object {
		return with(four, tab("__jump_table", entries...), elfbuild.Data(".data", elfbuild.Var("k", make([]byte, 16)).Local(), elfbuild.Var("l", make([]byte, 16)).Local()))
	}
	calls := func(entries ...elfbuild.Piece) elfbuild.Object {
		return with(four, tab(".static_call_sites", entries...))
	}
	for _, p := range []tablePair{
		{name: "the same", old: extable(fault(0, 4)), new: extable(fault(0, 4))},
		{name: "an exception entry comes", old: with(four), new: extable(fault(0, 4)), exact: list("exception-table"), places: list("exception-table")},
		{name: "an exception entry goes", old: extable(fault(0, 4), fault(2, 4)), new: extable(fault(0, 4)), exact: list("exception-table"), places: list("exception-table")},
		{name: "a fault's place", old: extable(fault(0, 4)), new: extable(fault(2, 4)), places: list("exception-table")},
		{name: "a fault's fixup", old: extable(fault(0, 4)), new: extable(fault(0, 6)), exact: list("exception-table")},
		{name: "a fault's fixup is its place", old: extable(fault(0, 4)), new: extable(fault(0, 0)), exact: list("exception-table")},
		{
			name: "a fault's type", old: extable(fault(0, 4)), exact: list("exception-table"),
			new: extable(raw("00000000 00000000 02000000", at(0), pc32(4, ".text", 4))),
		},
		{
			name: "a fault's data", old: extable(fault(0, 4)), exact: list("exception-table"),
			new: extable(raw("00000000 00000000 01000100", at(0), pc32(4, ".text", 4))),
		},
		{name: "a fault's handler", old: extable(handler("ex_a")), new: extable(handler("ex_b")), exact: list("exception-table")},
		{name: "the fixups of two faults swapped", old: extable(fault(0, 4), fault(2, 6)), new: extable(fault(0, 6), fault(2, 4)), exact: list("exception-table")},
		{name: "the order of entries about two places", old: extable(fault(0, 4), fault(2, 6)), new: extable(fault(2, 6), fault(0, 4))},
		{name: "the order of entries about one place", old: extable(fault(0, 4), fault(0, 6)), new: extable(fault(0, 6), fault(0, 4)), exact: list("exception-table")},
		{
			name: "a fixup in another function", exact: list("exception-table"),
			old: obj(code(fun("f", four), fun("g", four)), tab("__ex_table", fault(0, 7))), new: obj(code(fun("f", four), fun("g", four)), tab("__ex_table", fault(0, 9))),
		},
		{name: "a fault's place, KVM", old: kvm(0, 4), new: kvm(2, 4), places: list("exception-table")},
		{name: "a fault's fixup, KVM", old: kvm(0, 4), new: kvm(0, 6), exact: list("exception-table")},

		{name: "a WARN comes", old: with(four, texts), new: bugs(bug(2, "0100")), exact: list("bug-table"), places: list("bug-table")},
		{name: "a WARN's place", old: bugs(bug(2, "0100")), new: bugs(bug(4, "0100")), places: list("bug-table")},
		{name: "a WARN's flags", old: bugs(bug(2, "0100")), new: bugs(bug(2, "0109")), exact: list("bug-table")},
		{
			name: "a WARN's line", old: bugs(bug(2, "0100")), exact: list("bug-table"), line: true,
			new: warn("00000000 00000000 00000000 2b00 0100", pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 7)),
		},
		{
			name: "a WARN's format", old: bugs(bug(2, "0100")), exact: list("bug-table"),
			new: warn("00000000 00000000 00000000 2a00 0100", pc32(4, ".rodata.str1.1", 14), pc32(8, ".rodata.str1.1", 7)),
		},
		{
			name: "a WARN's file", old: bugs(bug(2, "0100")), exact: list("bug-table"),
			new: warn("00000000 00000000 00000000 2a00 0100", pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 14)),
		},
		{
			name: "a WARN without a format", old: bugs(bug(2, "0100")), exact: list("bug-table"),
			new: warn("00000000 00000000 00000000 2a00 0100", pc32(8, ".rodata.str1.1", 7)),
		},
		{
			name: "what relocations overwrite in a WARN", old: bugs(bug(2, "0100")),
			new: warn("11111111 22222222 33333333 2a00 0100", pc32(4, ".rodata.str1.1", 0), pc32(8, ".rodata.str1.1", 7)),
		},
		{
			name: "a WARN's texts in other places", old: bugs(bug(2, "0100")),
			new: with(four, tab("__bug_table", raw("00000000 00000000 00000000 2a00 0100", at(2), pc32(4, ".rodata.str1.8", 9), pc32(8, ".rodata.str1.8", 2))),
				elfbuild.Strings(".rodata.str1.8", 1, literal("x"), literal("fs/a.c"), literal("format"))),
		},
		{name: "the start of the file of an old WARN", old: oldBug("abcdef"), new: oldBug("Abcdef"), exact: list("bug-table")},

		{name: "a static branch's place", old: branches(branch(0, 4, "k", 0)), new: branches(branch(2, 4, "k", 0)), places: list("jump-labels")},
		{name: "a static branch's target", old: branches(branch(0, 4, "k", 0)), new: branches(branch(0, 6, "k", 0)), exact: list("jump-labels")},
		{name: "a static branch's key", old: branches(branch(0, 4, "k", 0)), new: branches(branch(0, 4, "l", 0)), exact: list("jump-labels")},
		{name: "a static branch's key by section symbol", old: branches(branch(0, 4, "k", 0)), new: branches(branch(0, 4, ".data", 0))},
		{name: "a static branch's default", old: branches(branch(0, 4, "k", 0)), new: branches(branch(0, 4, "k", 1)), exact: list("jump-labels")},
		{name: "a static branch's default by section symbol", old: branches(branch(0, 4, "l", 1)), new: branches(branch(0, 4, ".data", 17))},
		{name: "a static branch comes", old: with(four), new: branches(branch(0, 4, "k", 0)), exact: list("jump-labels"), places: list("jump-labels")},

		{name: "a static call's place", old: calls(staticCall(0, "key", 0)), new: calls(staticCall(2, "key", 0)), places: list("static-calls")},
		{name: "a static call's key", old: calls(staticCall(0, "key", 0)), new: calls(staticCall(0, "other", 0)), exact: list("static-calls")},
		{name: "a static call's flag", old: calls(staticCall(0, "key", 0)), new: calls(staticCall(0, "key", 1)), exact: list("static-calls")},

		{name: "a physical address of its place", old: with(four, tab("__ex_table", fault(2, 4))), new: with(four, tab("__ex_table", fault(2, 4+0x8000_0000))), exact: list("exception-table")},
		{name: "it can't be traced any longer", old: with(four, tab("__mcount_loc", location(0))), new: with(four), exact: list("tracing")},
		{name: "it is traced from another place", old: with(four, tab("__mcount_loc", location(0))), new: with(four, tab("__mcount_loc", location(2))), places: list("tracing")},
		{
			name: "it is traced by another table", exact: list("tracing"), places: list("tracing"),
			old: with(four, tab("__mcount_loc", location(0))), new: with(four, tab("__patchable_function_entries", location(0))),
		},

		{name: "a lock prefix", old: with(four), new: with(four, tab(".smp_locks", site(2))), exact: list("special:.smp_locks"), places: list("special:.smp_locks")},
		{name: "another lock prefix", old: with(four, tab(".smp_locks", site(0))), new: with(four, tab(".smp_locks", site(2))), places: list("special:.smp_locks")},
		{
			name: "a kCFI trap in place of a lock prefix", exact: list("special:.kcfi_traps", "special:.smp_locks"), places: list("special:.kcfi_traps", "special:.smp_locks"),
			old: with(four, tab(".smp_locks", site(2))), new: with(four, tab(".kcfi_traps", site(2))),
		},
		{
			name: "another runtime constant", exact: list("special:runtime_ptr_a", "special:runtime_ptr_b"), places: list("special:runtime_ptr_a", "special:runtime_ptr_b"),
			old: with(four, tab("runtime_ptr_a", site(2))), new: with(four, tab("runtime_ptr_b", site(2))),
		},
		{
			name: "a paravirt site's type", exact: list("special:.parainstructions"),
			old: with(four, tab(".parainstructions", raw("0000000000000000 0105", abs64(0, ".text", 2)))),
			new: with(four, tab(".parainstructions", raw("0000000000000000 0205", abs64(0, ".text", 2)))),
		},
		{
			name: "it must not be probed", exact: list("special:_kprobe_blacklist"), places: list("special:_kprobe_blacklist"),
			old: with(four), new: with(four, tab("_kprobe_blacklist", location(0))),
		},
		{
			name: "the error that may be injected", exact: list("special:_error_injection_whitelist"),
			old: with(four, tab("_error_injection_whitelist", raw("0000000000000000 0100000000000000", abs64(0, "f", 0)))),
			new: with(four, tab("_error_injection_whitelist", raw("0000000000000000 0200000000000000", abs64(0, "f", 0)))),
		},
		{
			name: "a new table's payload", exact: list("special:.new"),
			old: with(four, tab(".new", raw("00000000 01000000", at(2)))), new: with(four, tab(".new", raw("00000000 02000000", at(2)))),
		},
		{
			name: "a new table's place", places: list("special:.new"),
			old: with(four, tab(".new", raw("00000000 01000000", at(2)))), new: with(four, tab(".new", raw("00000000 01000000", at(4)))),
		},
		{
			name: "a new table's second field", exact: list("special:.new"),
			old: with(four, tab(".new", raw("00000000 00000000", at(2), pc32(4, "a", 0)), raw("00000000 00000000", at(4), pc32(4, "a", 0)))),
			new: with(four, tab(".new", raw("00000000 00000000", at(2), pc32(4, "a", 0)), raw("00000000 00000000", at(4), pc32(4, "b", 0)))),
		},
		{
			name: "a new table's entry about the entry point", exact: list("special:.new"),
			old: with(four, tab(".new", raw("00000000 01000000", at(2)), raw("00000000 01000000", at(0)))),
			new: with(four, tab(".new", raw("00000000 01000000", at(2)), raw("00000000 02000000", at(0)))),
		},
		{
			name: "the end of a new table without a period", exact: list("special:.new"),
			old: with(four, tab(".new", raw("00000000 00000000 00000000 01", at(2), pc32(8, ".text", 4)))),
			new: with(four, tab(".new", raw("00000000 00000000 00000000 02", at(2), pc32(8, ".text", 4)))),
		},
		{
			name: "a second function of a new table without a period", f: "g", exact: list("special:.new"),
			old: obj(code(fun("f", four), fun("g", four)), tab(".new", raw("00000000 00000000 00000000 01", at(2), pc32(8, ".text", 9)))),
			new: obj(code(fun("f", four), fun("g", four)), tab(".new", raw("00000000 00000000 00000000 02", at(2), pc32(8, ".text", 9)))),
		},
		{
			name: "what is made from the code", old: with(four),
			new: with(four, tab(".return_sites", site(6)), tab(".orc_unwind_ip", site(2)), tab(".discard.annotate_insn", raw("0000000001000000", at(2)))),
		},
		{name: "a table that only names functions", old: with(four), new: with(four, tab("___ksymtab+f", location(0)))},
		{
			name: "two tables of one class and reason each", exact: list("bug-table", "jump-labels"),
			old: with(four, tab("__bug_table", bug(2, "0100")), tab("__jump_table", branch(0, 4, "k", 0)), texts),
			new: with(four, tab("__bug_table", bug(2, "0200")), tab("__jump_table", branch(0, 4, "l", 0)), texts),
		},
		{
			// A fixup and a target are places too, and part of what an entry says.
			name: "one instruction more moves the places of all tables", exact: list("instructions", "exception-table", "jump-labels"), places: list("exception-table", "bug-table", "jump-labels", "special:.smp_locks"),
			old: with(four, tab("__ex_table", fault(2, 2)), tab("__bug_table", bug(4, "0100")), tab("__jump_table", branch(2, 2, "k", 0)), tab(".smp_locks", site(6)), tab("_kprobe_blacklist", location(0)), texts),
			new: with("31c0 31f6 31c9 31d2 c3", tab("__ex_table", fault(4, 4)), tab("__bug_table", bug(6, "0100")), tab("__jump_table", branch(4, 4, "k", 0)), tab(".smp_locks", site(8)), tab("_kprobe_blacklist", location(0)), texts),
		},
	} {
		p.run(t)
	}
}

// Where the linker puts tables, what else is in them and how they are written
// down does nothing.
func TestTablesEqual(t *testing.T) {
	g := fun("g", four)
	about := func(at int64) []elfbuild.Section {
		return []elfbuild.Section{
			tab("__ex_table", fault(at, at+4), fault(at+2, at+6)), tab("__bug_table", bug(at, "0100"), bug(at+2, "0200")),
			tab("__jump_table", branch(at, at+4, "k", 0)), tab("__mcount_loc", location(at)), tab("__patchable_function_entries", location(at)),
			tab(".static_call_sites", staticCall(at+4, "key", 1)), tab(".smp_locks", site(at+2)), tab(".new", raw("00000000 05000000", pc32(0, ".text", at+2))),
			altTable(alternative(at, 0, 2, 5)), replacements("90 e8 00000000", plt32(2, "callee", -4)), texts,
		}
	}
	object := func(text elfbuild.Section, tables []elfbuild.Section) elfbuild.Object {
		return obj(append([]elfbuild.Section{text}, tables...)...)
	}
	base := object(code(fun("f", four)), about(0))
	others := about(7)
	for i := range others { // the tables of f behind those of g
		for _, s := range about(0) {
			if s.Name == others[i].Name && s.Flags&(elf.SHF_STRINGS|elf.SHF_EXECINSTR) == 0 {
				n := uint64(len(others[i].Data))
				for _, r := range s.Relocs {
					r.Offset += n
					others[i].Relocs = append(others[i].Relocs, r)
				}
				others[i].Data = append(others[i].Data, s.Data...)
			}
		}
	}
	permuted := about(0)
	for i := range permuted {
		permuted[i] = reversed(permuted[i])
	}
	order := about(0)
	slices.Reverse(order)
	byName := about(0)
	for i := range byName {
		for n := range byName[i].Relocs {
			if r := &byName[i].Relocs[n]; r.Symbol == ".text" {
				r.Symbol = "f"
			}
		}
	}
	split := slices.Concat(about(0)[2:], []elfbuild.Section{
		tab("__ex_table", fault(0, 4)), tab("__ex_table", fault(2, 6)), tab("__bug_table", bug(2, "0200")), tab("__bug_table", bug(0, "0100")),
	})
	for _, p := range []tablePair{
		{name: "another place of the function", old: base, new: object(code(g, raw("90 cccc"), fun("f", four)), about(10))},
		{name: "the order of relocations", old: base, new: object(code(fun("f", four)), permuted)},
		{name: "the order of tables", old: base, new: object(code(fun("f", four)), order)},
		{name: "entries about another function in front", old: base, new: object(code(fun("f", four), g), others)},
		{name: "places by name", old: base, new: object(code(fun("f", four)), byName)},
		{name: "tables in several sections of one name", old: base, new: object(code(fun("f", four)), split)},
		{name: "other NOPs between", old: base, new: object(code(fun("f", "31c0 31c9 31d2 c3 0f1f00")), about(0))},
	} {
		p.run(t)
	}
}

// A NOP that an entry is about is an instruction, with one form; every other
// NOP is padding (rule 2.4).
func TestPlacedNOP(t *testing.T) {
	jump := func(asm string, place, target int64) elfbuild.Object {
		return with(asm, tab("__jump_table", branch(place, target, "k", 0)))
	}
	both := list("jump-labels")
	for _, p := range []tablePair{
		{name: "2 and 5 bytes", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 0f1f440000 31c9 c3", 2, 9)},
		{name: "NOPs behind it", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 6690 90 0f1f00 31c9 c3", 2, 10)},
		{name: "NOPs in front of it", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 0f1f00 6690 31c9 c3", 5, 9)},
		{name: "a target on a NOP is one on the next instruction", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 6690 31c9 90 c3", 2, 6)},
		{name: "a target on a NOP behind which is the target", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 6690 31c9 90 c3", 2, 7)},
		{name: "its own target", old: jump("31c0 6690 31c9 c3", 2, 2), new: jump("31c0 6690 31c9 c3", 2, 4), exact: both},
		{name: "it becomes a jump", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 eb02 31c9 c3", 2, 6), exact: list("instructions")},
		{name: "it comes with its entry", old: with("31c0 31c9 c3"), new: jump("31c0 6690 31c9 c3", 2, 6), exact: list("instructions", "jump-labels"), places: both},
		{name: "its entry goes", old: jump("31c0 6690 31c9 c3", 2, 6), new: with("31c0 6690 31c9 c3"), exact: list("instructions", "jump-labels"), places: both},
		{name: "its entry is about the instruction behind", old: jump("31c0 6690 31c9 c3", 2, 6), new: jump("31c0 6690 31c9 c3", 4, 6), exact: list("instructions", "jump-labels")},
		{name: "a branch to it and one behind it", exact: list("instructions"), old: jump("7400 6690 31c9 c3", 2, 6), new: jump("7402 6690 31c9 c3", 2, 6)},
		{name: "a branch to a NOP and one behind it", old: with("7400 6690 31c9 c3"), new: with("7402 6690 31c9 c3")},
		{name: "a derived table's NOP", old: with("31c0 6690 31c9 c3", tab(".return_sites", site(2))), new: with("31c0 31c9 c3")},
		{name: "a derived table's NOP grows", old: with("31c0 6690 31c9 c3", tab(".call_sites", site(2))), new: with("31c0 0f1f440000 31c9 c3", tab(".call_sites", site(2)))},
		{name: "an alternative's NOP", old: with("31c0 6690 31c9 c3", altTable(alternative(2, 0, 2, 0))), new: with("31c0 0f1f00 31c9 c3", altTable(alternative(2, 0, 2, 0)))},
		{name: "a NOP that is traced", old: with("0f1f440000 31c9 c3", tab("__mcount_loc", location(0))), new: with("90 6690 31c9 c3", tab("__mcount_loc", location(0)))},
		{name: "the second of two NOPs is traced", old: with("90 90 31c9 c3", tab("__mcount_loc", location(0))), new: with("90 90 31c9 c3", tab("__mcount_loc", location(1)))},
		{name: "a NOP is a fixup", old: with("31c0 90 31c9 c3", tab("__ex_table", fault(0, 2))), new: with("31c0 31c9 c3", tab("__ex_table", fault(0, 2)))},
	} {
		p.run(t)
	}
}

// An entry about the padding in front of a function or an orphan belongs to
// it, and how much padding there is doesn't matter (rules 1.3 and 1.8).
func TestFront(t *testing.T) {
	nops := func(n int) string { return strings.Repeat("90 ", n) }
	traced := func(place int64, pieces ...elfbuild.Piece) elfbuild.Object {
		return obj(code(pieces...), tab("__patchable_function_entries", location(place)))
	}
	f, pfx, cfi := fun("f", four), func(asm string) elfbuild.Piece { return fun("__pfx_f", asm).Local() }, func(asm string) elfbuild.Piece { return fun("__cfi_f", asm).Local() }
	base := traced(0, raw(nops(16)), f)
	hashed := traced(0, cfi("90 b812345678 90"), f)
	come := list("tracing")
	for _, p := range []tablePair{
		{name: "the number of NOPs", old: base, new: traced(0, raw(nops(5)), f)},
		{name: "another place among the NOPs", old: base, new: traced(11, raw(nops(16)), f)},
		{name: "NOPs of other lengths", old: base, new: traced(4, raw("90 0f1f00 0f1f440000 6690"), f)},
		{name: "with __pfx_", old: base, new: traced(0, pfx(nops(16)), f)},
		{name: "with __pfx_ behind other NOPs", old: base, new: traced(3, raw(nops(8)), pfx(nops(16)), f)},
		{name: "in __pfx_", old: base, new: traced(12, raw(nops(8)), pfx(nops(16)), f)},
		{name: "behind another function", old: base, new: traced(11, fun("g", four), raw("cccc"), pfx(nops(16)), f)},
		{name: "in front of INT3", old: base, new: traced(0, raw("90 cccc 0000"), f)},
		{name: "with another's entry in front", f: "f", old: base, new: obj(code(raw(nops(4)), fun("g", four), raw(nops(4)), f), tab("__patchable_function_entries", location(0), location(11)))},
		{name: "of a function with an alias", old: base, new: traced(0, raw(nops(16)), f.Alias("z"))},
		{name: "the hash and NOPs around it", old: hashed, new: traced(2, cfi("90 90 90 b812345678"), f)},
		{name: "NOPs in front of the hash", old: hashed, new: traced(2, raw(nops(8)), cfi("90 b812345678 90"), f)},
		{name: "a hash comes", old: base, new: hashed, exact: list("cfi")},
		{name: "the entry goes", old: base, new: obj(code(raw(nops(16)), f)), exact: come},
		{name: "the entry is about the entry point", old: base, new: traced(16, raw(nops(16)), f), places: come},
		{name: "two entries", old: base, new: obj(code(raw(nops(16)), f), tab("__patchable_function_entries", location(0), location(4))), exact: come},
		{name: "the function's NOP", old: traced(0, fun("f", nops(2)+four)), new: traced(2, raw(nops(2)), fun("f", nops(3)+four))},
		{
			name: "a WARN in front", exact: list("bug-table"),
			old: obj(code(raw(nops(2)), f), tab("__bug_table", bug(0, "0100")), texts), new: obj(code(raw(nops(2)), f), tab("__bug_table", bug(0, "0200")), texts),
		},
		{
			name: "a function in front isn't concerned", f: "g",
			old: obj(code(fun("g", four), raw(nops(4)), f)), new: traced(8, fun("g", four), raw(nops(4)), f),
		},
		{
			name: "of two functions at one place", f: "g", exact: come,
			old: obj(code(raw(nops(4)), f.With(symbol("g", elf.STB_GLOBAL, elf.STT_FUNC, 0, 6)))),
			new: traced(0, raw(nops(4)), f.With(symbol("g", elf.STB_GLOBAL, elf.STT_FUNC, 0, 6))),
		},
		{
			name: "in front of a cold part", exact: list("bug-table", "cold"),
			old: obj(code(fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4))), elfbuild.Text(".text.unlikely", raw(nops(4)), fun("f.cold", "0f0b").Local()), tab("__bug_table", raw("00000000 0100 0000", pc32(0, ".text.unlikely", 0)))),
			new: obj(code(fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4))), elfbuild.Text(".text.unlikely", raw(nops(4)), fun("f.cold", "0f0b").Local()), tab("__bug_table", raw("00000000 0200 0000", pc32(0, ".text.unlikely", 0)))),
		},

		{name: "orphan: the number of NOPs", f: OrphanName, old: traced(1, fun("f", "c3"), raw(nops(16)), raw(four)), new: traced(1, fun("f", "c3"), raw(nops(5)), raw(four))},
		{name: "orphan: NOPs in front of the entry", f: OrphanName, old: traced(1, fun("f", "c3"), raw(nops(16)), raw(four)), new: traced(4, fun("f", "c3"), raw(nops(16)), raw(four))},
		{
			name: "orphan: the entry goes", f: OrphanName, exact: list("instructions", "tracing"), places: come,
			old: traced(1, fun("f", "c3"), raw(nops(16)), raw(four)), new: obj(code(fun("f", "c3"), raw(nops(16)), raw(four))),
		},
		{
			name: "orphan: an entry about an instruction", f: OrphanName, exact: list("bug-table"),
			old: obj(code(fun("f", "c3"), raw("90"), raw(four)), tab("__bug_table", bug(4, "0100")), texts), new: obj(code(fun("f", "c3"), raw("90"), raw(four)), tab("__bug_table", bug(4, "0200")), texts),
		},
		{
			name: "orphan: an entry's place", f: OrphanName, places: list("bug-table"),
			old: obj(code(fun("f", "c3"), raw("90"), raw(four)), tab("__bug_table", bug(4, "0100")), texts), new: obj(code(fun("f", "c3"), raw("90"), raw(four)), tab("__bug_table", bug(6, "0100")), texts),
		},
	} {
		p.run(t)
	}
}

// An entry in padding that no code is behind is about that padding.
func TestEntryAtEnd(t *testing.T) {
	for name, test := range map[string]struct {
		padding string
		place   int64
		want    []string
	}{
		"a NOP":               {"90 0f1f00", 7, []string{"f .text 7", "(orphan) .text 1"}},
		"the second NOP":      {"90 0f1f00", 8, []string{"f .text 7", "(orphan) .text 3"}},
		"the middle of a NOP": {"90 0f1f00", 9, []string{"f .text 7", "(orphan) .text 3"}},
		"INT3":                {"cc cc cc", 8, []string{"f .text 7", "(orphan) .text 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			sums := sum(t, obj(code(fun("f", four), raw(test.padding)), tab(".smp_locks", site(test.place))))
			if diff := cmp.Diff(test.want, listing(sums)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if sums.Account.Entries != (Shares{Orphans: 1}) {
				t.Errorf("entries %+v, want one about an orphan", sums.Account.Entries)
			}
		})
	}
}

// Every entry is accounted for.
func TestEntriesAccount(t *testing.T) {
	o := obj(code(raw("90 90"), fun("f", four), raw("90"), raw(four)),
		tab("__patchable_function_entries", location(0), location(2)), tab("__bug_table", bug(4, "0100"), bug(10, "0100")), texts,
		tab(".smp_locks", raw("00000000", pc32(0, ".altinstr_replacement", 0))), altTable(alternative(4, 0, 2, 2)), replacements("31f6"),
		tab(".return_sites", site(8), site(16)))
	sums := sum(t, o)
	if diff := cmp.Diff(Shares{Functions: 4, Orphans: 1, Replacements: 1, Derived: 2}, sums.Account.Entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// A reference into a table is one to an entry: of the function's own by its
// number, of another's by its place (rule 3.2).
func TestReferenceToEntry(t *testing.T) {
	const asm = "488d05 00000000 0f0b 0f0b c3" // lea entry(%rip), %rax; ud2; ud2; ret
	object := func(addend int64, entries ...elfbuild.Piece) elfbuild.Object {
		return obj(code(fun("f", asm, pc32(3, "__bug_table", addend-4)), fun("g", "0f0b 0f0b c3")), tab("__bug_table", entries...), texts)
	}
	first, second, others, another := bug(7, "0100"), bug(9, "0100"), bug(12, "0100"), bug(14, "0100")
	base := object(0, first, second)
	for _, p := range []tablePair{
		{name: "3.2 an entry of another function in front", old: base, new: object(16, others, first, second)},
		{name: "3.2 an entry of another function behind", old: base, new: object(0, first, second, others)},
		{name: "3.2 an entry of another function between", old: object(16, first, second), new: object(32, first, others, second)},
		{name: "3.2 own entries in another order in the table", old: base, new: object(16, second, first)},
		{name: "3.2 the other own entry", old: base, new: object(16, first, second), exact: list("references")},
		{name: "3.2 a place in an entry", old: base, new: object(4, first, second), exact: list("references")},
		{name: "3.2 the same place in an entry", old: object(4, first, second), new: object(20, others, first, second)},
		{name: "3.2 an entry of another function", old: object(16, first, others), new: object(0, first, others), exact: list("references")},
		{name: "3.2 an entry of another function, moved", old: object(16, first, others), new: object(0, others, first)},
		{name: "3.2 another entry of another function", old: object(16, first, others, another), new: object(32, first, others, another), exact: list("references")},
		{name: "3.2 a place in an entry of another function", old: object(16, first, others), new: object(24, first, others), exact: list("references")},
		{name: "3.2 the end of the table", old: object(32, first, second), new: object(0, first, second), exact: list("references")},
		{
			name: "3.2 an own entry of another table", exact: list("references"), old: obj(code(fun("f", asm, pc32(3, ".smp_locks", -4))), tab(".smp_locks", site(7)), tab(".kcfi_traps", site(7))),
			new: obj(code(fun("f", asm, pc32(3, ".kcfi_traps", -4))), tab(".smp_locks", site(7)), tab(".kcfi_traps", site(7))),
		},
		{
			name: "3.2 by a symbol", old: base,
			new: obj(code(fun("f", asm, pc32(3, "here", -4)), fun("g", "0f0b 0f0b c3")), tab("__bug_table", others, first.With(symbol("here", elf.STB_LOCAL, 0, 0, 0)), second), texts),
		},
		{
			name: "3.2 an entry about the padding in front", exact: list("references"),
			old: obj(code(raw("9090"), fun("f", asm, pc32(3, "__mcount_loc", -4))), tab("__mcount_loc", location(0), location(2))),
			new: obj(code(raw("9090"), fun("f", asm, pc32(3, "__mcount_loc", 4))), tab("__mcount_loc", location(0), location(2))),
		},
		{
			name: "3.2 an entry about nameless code", exact: list("references"),
			old: obj(code(fun("f", asm, pc32(3, ".smp_locks", -4)), fun("g", callG, plt32(1, ".text", 14)), raw("90 31c0 c3")), tab(".smp_locks", site(19), site(21))),
			new: obj(code(fun("f", asm, pc32(3, ".smp_locks", 0)), fun("g", callG, plt32(1, ".text", 14)), raw("90 31c0 c3")), tab(".smp_locks", site(19), site(21))),
		},
		{
			name: "3.2 data that refers to an entry", exact: list("constants"),
			old: obj(code(fun("f", loadX, pc32(3, ".rodata", -4)), fun("g", "0f0b 0f0b c3")), rodata(".rodata", raw("0000000000000000", abs64(0, "__bug_table", 0))), tab("__bug_table", bug(8, "0100"), bug(10, "0100")), texts),
			new: obj(code(fun("f", loadX, pc32(3, ".rodata", -4)), fun("g", "0f0b 0f0b c3")), rodata(".rodata", raw("0000000000000000", abs64(0, "__bug_table", 16))), tab("__bug_table", bug(8, "0100"), bug(10, "0100")), texts),
		},
	} {
		p.run(t)
	}
}

// A cold part's entries are the function's, and a reason of their own.
func TestColdEntries(t *testing.T) {
	object := func(place int64, flags string, pieces ...elfbuild.Piece) elfbuild.Object {
		entry := raw("00000000 "+flags+" 0000", pc32(0, ".text.unlikely", place))
		return obj(code(fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4))),
			elfbuild.Text(".text.unlikely", append(pieces, fun("f.cold", "0f0b 0f0b").Local())...), tab("__bug_table", entry))
	}
	for _, p := range []tablePair{
		{name: "flags", old: object(0, "0100"), new: object(0, "0200"), exact: list("bug-table", "cold")},
		{name: "the place", old: object(0, "0100"), new: object(2, "0100"), exact: list("cold"), places: list("bug-table")},
		{name: "moved", old: object(2, "0100"), new: object(6, "0100", raw("90909090"))},
	} {
		p.run(t)
	}
}

// Where a tracer may hook in, in front of a cold part: not where it usually may.
func TestColdTracing(t *testing.T) {
	object := func(section string) elfbuild.Object {
		return obj(code(raw("9090"), fun("f", "0f84 00000000 c3", plt32(2, "f.cold", -4))),
			elfbuild.Text(".text.unlikely", raw("9090"), fun("f.cold", "0f0b").Local()),
			tab("__patchable_function_entries", raw("0000000000000000", abs64(0, section, 0))))
	}
	p := tablePair{name: "in front of the cold part", old: object(".text"), new: object(".text.unlikely"), exact: list("cold"), places: list("tracing")}
	p.run(t)
}

// altTable is a table of alternatives.
func altTable(entries ...elfbuild.Piece) elfbuild.Section {
	return tab(".altinstructions", entries...)
}

// alternative is an entry about a place in .text: so many bytes of code are
// replaced by as many of the replacements, from an offset on.
func alternative(place, replacement int64, length, count int) elfbuild.Piece {
	return feature(place, replacement, "01000000", length, count)
}

func feature(place, replacement int64, word string, length, count int) elfbuild.Piece {
	return raw(fmt.Sprintf("00000000 00000000 %s %02x %02x", word, length, count), at(place), pc32(4, ".altinstr_replacement", replacement))
}

func replacements(asm string, relocs ...elfbuild.Reloc) elfbuild.Section {
	return elfbuild.Text(".altinstr_replacement", raw(asm, relocs...))
}

// Replacement code is a part of the function, in its canonical form.
func TestAlternatives(t *testing.T) {
	const call5 = "e8 00000000"
	one := func(asm string, relocs ...elfbuild.Reloc) elfbuild.Object {
		n := len(elfbuild.Hex(asm))
		return with(four, altTable(alternative(2, 0, 2, n)), replacements(asm, relocs...))
	}
	entries := func(asm string, entries ...elfbuild.Piece) elfbuild.Object {
		return with(four, altTable(entries...), replacements(asm))
	}
	call := func(name string) elfbuild.Object { return one(call5, plt32(1, name, -4)) }
	elsewhere := func(name string) elfbuild.Object {
		return with(four, altTable(raw("00000000 00000000 01000000 02 05", at(2), pc32(4, name, 0))))
	}
	// about is a table about the start of replacement code.
	about := func(name, data string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return with(four, altTable(alternative(2, 0, 2, 2)), replacements("31f6"), tab(name, raw(data, append(relocs, pc32(0, ".altinstr_replacement", 0))...)))
	}
	reason := list("alternatives")
	for _, p := range []tablePair{
		{name: "one comes", old: with(four), new: one("31f6"), exact: reason, places: reason},
		{name: "its place", old: one("31f6"), new: with(four, altTable(alternative(4, 0, 2, 2)), replacements("31f6")), places: reason},
		{name: "its feature", old: one("31f6"), new: entries("31f6", feature(2, 0, "02000000", 2, 2)), exact: reason},
		{name: "its flags", old: one("31f6"), new: entries("31f6", feature(2, 0, "01000100", 2, 2)), exact: reason},
		{name: "how much is replaced", old: one("31f6"), new: entries("31f6", alternative(2, 0, 4, 2)), exact: reason},
		{name: "the replacement", old: one("31f6"), new: one("31ff"), exact: reason},
		{name: "the last byte of the replacement", old: one("31f6 b801000000"), new: one("31f6 b801000001"), exact: reason},
		{name: "a longer replacement", old: one("31f6"), new: one("31f6 31ff"), exact: reason},
		{name: "more of the replacement", old: entries("31f6 31ff", alternative(2, 0, 2, 2)), new: entries("31f6 31ff", alternative(2, 0, 2, 4)), exact: reason},
		{name: "the replacement in another place", old: one("31f6"), new: entries("31c0 0f0b 31f6 31c0", alternative(2, 4, 2, 2))},
		{name: "another replacement", old: entries("31f6 31ff", alternative(2, 0, 2, 2)), new: entries("31f6 31ff", alternative(2, 2, 2, 2)), exact: reason},
		{name: "of two, the order in the table", old: entries("31f6 31ff", alternative(2, 0, 2, 2), alternative(2, 2, 2, 2)), new: entries("31f6 31ff", alternative(2, 2, 2, 2), alternative(2, 0, 2, 2)), exact: reason},
		{name: "of two, the order of the replacements", old: entries("31f6 31ff", alternative(2, 0, 2, 2), alternative(2, 2, 2, 2)), new: entries("31ff 31f6", alternative(2, 2, 2, 2), alternative(2, 0, 2, 2))},
		{name: "of two at different places, the order in the table", old: entries("31f6 31ff", alternative(2, 0, 2, 2), alternative(4, 2, 2, 2)), new: entries("31f6 31ff", alternative(4, 2, 2, 2), alternative(2, 0, 2, 2))},
		{name: "of two, the replacements swapped", old: entries("31f6 31ff", alternative(2, 0, 2, 2), alternative(4, 2, 2, 2)), new: entries("31f6 31ff", alternative(2, 2, 2, 2), alternative(4, 0, 2, 2)), exact: reason},
		{name: "two share one replacement", old: entries("31f6 31f6", alternative(2, 0, 2, 2), alternative(4, 2, 2, 2)), new: entries("31f6", alternative(2, 0, 2, 2), alternative(4, 0, 2, 2))},
		{name: "none, wherever it points", old: entries("31f6 31ff", alternative(2, 0, 2, 0)), new: entries("31f6 31ff", alternative(2, 2, 2, 0))},
		{name: "none in place of one", old: one("31f6"), new: entries("31f6", alternative(2, 0, 2, 0)), exact: reason},

		{name: "a callee", old: call("a"), new: call("b"), exact: reason},
		{name: "a callee by PC32", old: call("a"), new: one(call5, pc32(1, "a", -4))},
		{name: "a callee of this object", old: obj(code(fun("f", four), fun("g", four)), altTable(alternative(2, 0, 2, 5)), replacements(call5, plt32(1, "g", -4))), new: obj(code(fun("g", four), fun("f", four)), altTable(alternative(9, 0, 2, 5)), replacements(call5, pc32(1, ".text", -4)))},
		{name: "a variable", old: one("488b05 00000000", pc32(3, "a", -4)), new: one("488b05 00000000", pc32(3, "b", -4)), exact: reason},
		{name: "a jump to a place in the function", old: one("e9 00000000", plt32(1, ".text", 0)), new: one("e9 00000000", plt32(1, ".text", 2)), exact: reason},
		{name: "a jump to a place in the function, which moved", old: one("e9 00000000", plt32(1, ".text", 0)), new: obj(code(fun("g", four), fun("f", four)), altTable(alternative(9, 0, 2, 5)), replacements("e9 00000000", plt32(1, "f", 0)))},
		{name: "a jump to the entry point", old: one("e9 00000000", plt32(1, "f", -4)), new: one("e9 00000000", plt32(1, ".text", -4))},
		{name: "a jump that is near and one that is short", old: one("e9 00000000", plt32(1, ".text", 0)), new: one("eb 00 0f1f00", elfbuild.Rel(1, elf.R_X86_64_PC8, ".text", 3))},
		{name: "a branch inside", old: one("7402 31f6 31ff"), new: one("7400 31f6 31ff"), exact: reason},
		{name: "a branch inside, near and short", old: one("7402 31f6 31ff 90909090"), new: one("0f8402000000 31f6 31ff")},
		{name: "a branch to its end", old: one("31f6 7402 31ff"), new: one("31f6 7400 31ff"), exact: reason},
		{name: "a branch to its end, near and short", old: one("0f84 02000000 31ff"), new: one("7406 31ff 90909090")},
		{name: "a branch to its end, in another place", old: one("7402 31ff"), new: entries("31c0 7402 31ff", alternative(2, 2, 2, 4))},
		{name: "a branch to its end, with others behind", old: one("7402 31ff"), new: entries("7402 31ff 31c0 c3", alternative(2, 0, 2, 4))},
		{name: "a branch to its end, by a relocation", old: one("e9 02000000 31ff"), new: one("e9 00000000 31ff", plt32(1, ".altinstr_replacement", 3))},
		{name: "a branch inside, by a relocation", old: one("e9 00000000 31ff"), new: one("e9 00000000 31ff", plt32(1, ".altinstr_replacement", 1))},
		{name: "NOPs in it", old: one("31f6 90 0f1f00"), new: one("31f6 0f1f4000")},
		{name: "code of the function as replacement", old: with(four, altTable(raw("00000000 00000000 01000000 02 02", at(0), pc32(4, ".text", 2)))), new: with(four, altTable(raw("00000000 00000000 01000000 02 02", at(0), pc32(4, ".text", 4)))), exact: reason},
		{name: "code of another object", old: elsewhere("a"), new: elsewhere("b"), exact: reason},
		{
			name: "a table without a known shape", exact: reason,
			old: with(four, tab(".altinstructions", raw("00000000 00000000 0100", at(2), pc32(4, ".altinstr_replacement", 0))), replacements("31f6")),
			new: with(four, tab(".altinstructions", raw("00000000 00000000 0200", at(2), pc32(4, ".altinstr_replacement", 0))), replacements("31f6")),
		},
		{name: "none refers to it", f: OrphanName, old: with(four, replacements("7402 31f6 c3")), new: with(four, replacements("cc 7402 31f6 c3"))},
		{name: "none refers to it, a branch", f: OrphanName, old: with(four, replacements("7402 31f6 c3")), new: with(four, replacements("7400 31f6 c3")), exact: list("instructions")},
		{name: "none refers to it, a branch by a relocation", f: OrphanName, old: with(four, replacements("e9 02000000 31f6 c3")), new: with(four, replacements("e9 00000000 31f6 c3", plt32(1, ".altinstr_replacement", 3)))},

		// Tables about replacement code.
		{name: "a fault in it comes", old: one("31f6"), new: about("__ex_table", "00000000 00000000 01000000", pc32(4, ".text", 4)), exact: reason, places: reason},
		{name: "a fault in it: the fixup", old: about("__ex_table", "00000000 00000000 01000000", pc32(4, ".text", 4)), new: about("__ex_table", "00000000 00000000 01000000", pc32(4, ".text", 6)), exact: reason},
		{name: "a lock prefix in it, and a kCFI trap", old: about(".smp_locks", "00000000"), new: about(".kcfi_traps", "00000000"), exact: reason},
		{name: "a place in it that is traced", old: about("__mcount_loc", "0000000000000000"), new: one("31f6"), exact: reason, places: reason},
		{
			name: "a NOP in it that a table is about", old: with(four, altTable(alternative(2, 0, 2, 5)), replacements("6690 31f6 90"), tab(".smp_locks", raw("00000000", pc32(0, ".altinstr_replacement", 0)))),
			new: with(four, altTable(alternative(2, 0, 2, 5)), replacements("0f1f00 31f6"), tab(".smp_locks", raw("00000000", pc32(0, ".altinstr_replacement", 0)))),
		},
		{
			name: "the order of tables about it",
			old:  obj(code(fun("f", four)), altTable(alternative(2, 0, 2, 2)), replacements("31f6"), tab(".smp_locks", raw("00000000", pc32(0, ".altinstr_replacement", 0))), tab("__ex_table", raw("00000000 00000000 01000000", pc32(0, ".altinstr_replacement", 0), pc32(4, ".text", 4)))),
			new:  obj(code(fun("f", four)), altTable(alternative(2, 0, 2, 2)), replacements("31f6"), tab("__ex_table", raw("00000000 00000000 01000000", pc32(0, ".altinstr_replacement", 0), pc32(4, ".text", 4))), tab(".smp_locks", raw("00000000", pc32(0, ".altinstr_replacement", 0)))),
		},
	} {
		p.run(t)
	}
}

// The slow half of an alternative's jump is a part of the function that jumps
// there, and all of it is of the alternatives.
func TestAltinstrAux(t *testing.T) {
	const jump = "e9 00000000 31c0 c3" // jmp aux; xor %eax, %eax; ret
	aux := func(asm string, relocs ...elfbuild.Reloc) elfbuild.Object {
		return obj(code(fun("f", jump, plt32(1, ".altinstr_aux", -4))), elfbuild.Text(".altinstr_aux", raw(asm, relocs...)))
	}
	// testb $1, x(%rip); jne back; jmp back
	const test = "f605 00000000 01 0f85 00000000 e9 00000000"
	slow := func(x string, yes, no int64) elfbuild.Object {
		return aux(test, pc32(2, x, -5), pc32(9, ".text", yes-4), pc32(14, ".text", no-4))
	}
	// next jumps to what stands behind, which two other functions reach too.
	next := func(shared string) elfbuild.Object {
		return obj(code(fun("f", jump, plt32(1, ".altinstr_aux", -4)), fun("g", jump, plt32(1, ".altinstr_aux", 3)), fun("h", jump, plt32(1, ".altinstr_aux", 3))),
			elfbuild.Text(".altinstr_aux", raw("31c0 e9 00000000", plt32(3, ".altinstr_aux", 3)), raw(shared)))
	}
	reason := list("alternatives")
	for _, p := range []tablePair{
		{name: "what it goes on with, which is others' too", old: next("31f6 c3"), new: next("31ff c3"), exact: reason},
		{name: "an instruction", old: aux("31f6 c3"), new: aux("31ff c3"), exact: reason},
		{name: "what it tests", old: slow("a", 5, 7), new: slow("b", 5, 7), exact: reason},
		{name: "where it goes on", old: slow("a", 5, 7), new: slow("a", 7, 5), exact: reason},
		{
			name: "moved, with another's in front", old: slow("a", 5, 7),
			new: obj(code(fun("g", jump, plt32(1, ".altinstr_aux", -4)), fun("f", jump, plt32(1, ".altinstr_aux", 14))), elfbuild.Text(".altinstr_aux",
				raw(test, pc32(2, "b", -5), pc32(9, ".text", 1), pc32(14, ".text", 3)), raw(test, pc32(2, "a", -5), pc32(9, ".text", 9), pc32(14, ".text", 11)))),
		},
		{
			name: "an entry about it", exact: reason,
			old: obj(code(fun("f", jump, plt32(1, ".altinstr_aux", -4))), elfbuild.Text(".altinstr_aux", raw("0f0b c3")), tab("__bug_table", raw("00000000 0100 0000", pc32(0, ".altinstr_aux", 0)))),
			new: obj(code(fun("f", jump, plt32(1, ".altinstr_aux", -4))), elfbuild.Text(".altinstr_aux", raw("0f0b c3")), tab("__bug_table", raw("00000000 0200 0000", pc32(0, ".altinstr_aux", 0)))),
		},
	} {
		p.run(t)
	}
	sums := sum(t, slow("a", 5, 7))
	if diff := cmp.Diff([]string{"f .text 26"}, listing(sums)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

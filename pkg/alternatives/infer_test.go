// SPDX-License-Identifier: MIT

package alternatives

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// repeat is a table of count entries of one shape, each about the place with
// its number in f.
func repeat(name string, count, size int, fields func(at uint64, place int64) []elfbuild.Reloc) elfbuild.Section {
	var relocs []elfbuild.Reloc
	for i := range count {
		relocs = append(relocs, fields(uint64(i*size), int64(i))...)
	}
	return table(name, count*size, relocs...)
}

// repeated is what words says of such a table.
func repeated(name, class string, count, size int) []string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s by %d", name, class, size)
	for i := range count {
		fmt.Fprintf(&b, " .text+%d[%d:%d]", i, i*size, (i+1)*size)
	}
	return []string{b.String()}
}

// The shapes that each table's entries have had: one entry, and as many as
// make the size of several shapes.
func TestShapes(t *testing.T) {
	type relocs = []elfbuild.Reloc
	alternative := func(at uint64, place int64) relocs { return relocs{to(at, place), replacement(at+4, place)} }
	fault := func(at uint64, place int64) relocs { return relocs{to(at, place), to(at+4, place+9)} }
	place := func(at uint64, place int64) relocs { return relocs{to(at, place)} }
	absolute := func(at uint64, place int64) relocs { return relocs{abs(at, place)} }
	for _, test := range []struct {
		what, name, class string
		size              int
		counts            []int
		fields            func(at uint64, place int64) relocs
	}{
		{"of 6.3", ".altinstructions", "alternatives", 14, []int{1, 2, 6, 12, 13}, alternative},
		{"of 5.13", ".altinstructions", "alternatives", 12, []int{1, 2, 7, 13, 14}, alternative},
		{"with padlen", ".altinstructions", "alternatives", 13, []int{1, 2, 12, 14}, alternative},

		{"with a type", "__ex_table", "exceptions", 12, []int{1, 2, 4, 6}, fault},
		{"of old", "__ex_table", "exceptions", 8, []int{1, 2, 3, 6, 9}, fault},
		{"with handlers elsewhere", "__ex_table", "exceptions", 12, []int{1, 2, 6}, func(at uint64, place int64) relocs {
			return append(fault(at, place), elfbuild.PC32(at+8, "ex_handler_default", 0))
		}},
		{"with handlers", "__ex_table", "exceptions", 12, []int{1, 2, 6}, func(at uint64, place int64) relocs {
			return append(fault(at, place), to(at+8, inG))
		}},
		{"with a handler of one", "__ex_table", "exceptions", 12, []int{1, 2, 6}, func(at uint64, place int64) relocs {
			if place > 0 {
				return fault(at, place)
			}
			return append(fault(at, place), elfbuild.PC32(at+8, "g", 0))
		}},
		{"with data words", "__kvm_ex_table", "exceptions", 12, []int{1, 2, 4}, fault},
		{"of KVM", "__kvm_ex_table", "exceptions", 8, []int{1, 2, 3, 6}, fault},

		{"with a format", "__bug_table", "bugs", 16, []int{1, 2, 3, 6}, func(at uint64, place int64) relocs {
			return relocs{to(at, place), datum(at + 4), datum(at + 8)}
		}},
		{"with a format and no file", "__bug_table", "bugs", 16, []int{2, 3, 6}, func(at uint64, place int64) relocs {
			return relocs{to(at, place), datum(at + 4)}
		}},
		{"with a format and another's file", "__bug_table", "bugs", 16, []int{1, 2, 3}, func(at uint64, place int64) relocs {
			return relocs{to(at, place), datum(at + 4), elfbuild.PC32(at+8, "elsewhere", 0)}
		}},
		{"with a file", "__bug_table", "bugs", 12, []int{1, 2, 4, 8}, func(at uint64, place int64) relocs {
			return relocs{to(at, place), datum(at + 4)}
		}},
		{"with a file of one", "__bug_table", "bugs", 12, []int{1, 2, 4}, func(at uint64, place int64) relocs {
			if place > 0 {
				return relocs{to(at, place)}
			}
			return relocs{to(at, place), datum(at + 4)}
		}},
		{"without a file, of 12", "__bug_table", "bugs", 12, []int{1, 2, 4}, place},
		{"without a file", "__bug_table", "bugs", 8, []int{1, 2, 3, 4, 6}, place},
		{"absolute", "__bug_table", "bugs", 24, []int{1, 2, 4}, func(at uint64, place int64) relocs {
			return relocs{abs(at, place), absDatum(at + 8)}
		}},

		{"relative", "__jump_table", "jumps", 16, []int{1, 2, 3, 6}, func(at uint64, place int64) relocs {
			return append(fault(at, place), elfbuild.Rel(at+8, elf.R_X86_64_PC64, "key", 0))
		}},
		{"absolute", "__jump_table", "jumps", 24, []int{1, 2, 4}, func(at uint64, place int64) relocs {
			return relocs{abs(at, place), abs(at+8, place+9), absDatum(at + 16)}
		}},

		{"", ".static_call_sites", "calls", 8, []int{1, 2, 3}, func(at uint64, place int64) relocs { return relocs{to(at, place), datum(at + 4)} }},
		{"", "__mcount_loc", "tracing", 8, []int{1, 2, 3}, absolute},
		{"", "__patchable_function_entries", "tracing", 8, []int{1, 2, 3}, absolute},
		{"", ".parainstructions", "special", 16, []int{1, 2, 3}, absolute},
		{"", ".smp_locks", "special", 4, []int{1, 2, 3}, place},
		{"", ".kcfi_traps", "special", 4, []int{1, 2, 3}, place},
		{"", "runtime_ptr_x", "special", 4, []int{1, 2, 3}, place},
		{"", "runtime_shift_x", "special", 4, []int{1, 2, 3}, place},
		{"", "runtime_mask_x", "special", 4, []int{1, 2, 3}, place},
		{"", "_kprobe_blacklist", "special", 8, []int{1, 2, 3}, absolute},
		{"", "_error_injection_whitelist", "special", 16, []int{1, 2, 3}, absolute},
	} {
		for _, count := range test.counts {
			t.Run(fmt.Sprintf("%s %s %d", test.name, test.what, count), func(t *testing.T) {
				tables := load(t, repeat(test.name, count, test.size, test.fields))
				if diff := cmp.Diff(repeated(test.name, test.class, count, test.size), words(tables)); diff != "" {
					t.Errorf("tables (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A row says the class, whatever the entries are like.
func TestRowClasses(t *testing.T) {
	for i := range rows {
		row := &rows[i]
		name := strings.TrimSuffix(row.name, "*") + "x"
		if !strings.HasSuffix(row.name, "*") {
			name = row.name
		}
		tables := load(t, table(name, 48, to(0, 1), to(24, 2)))
		if len(tables.Tables) != 1 || tables.Tables[0].Class != row.class || len(tables.Entries) == 0 {
			t.Errorf("%v", words(tables))
		}
	}
}

func TestInference(t *testing.T) {
	entsize := func(s elfbuild.Section, size uint64) elfbuild.Section {
		s.Entsize = size
		return s
	}
	// marks is .discard.annotate_data with a mark at each offset of a section.
	marks := func(kind byte, section string, offsets ...int64) elfbuild.Section {
		s := table(".discard.annotate_data", 8*len(offsets))
		for i, offset := range offsets {
			s.Relocs = append(s.Relocs, elfbuild.PC32(uint64(8*i), section, offset))
			s.Data[8*i+4] = kind
		}
		return s
	}
	writable := func(s elfbuild.Section) elfbuild.Section {
		s.Flags |= elf.SHF_WRITE
		return s
	}
	// many is a table about f and as many places without a symbol as make n,
	// of which each is another's: two fields to the first, one to the others.
	many := func(n int) elfbuild.Section {
		s := table(".new", 8*n+9, to(4, 1), to(8, 2), datum(12))
		for i := 1; i < n; i++ {
			s.Relocs = append(s.Relocs, to(uint64(8*i+8), behind+int64(i%16)))
		}
		return s
	}
	places := func(n int, entry func(i int) string) string {
		line := ".new: special whole"
		order := []string{fmt.Sprintf(" .text+1%s", entry(0))}
		for place := range 16 {
			for i := 1; i < n; i++ {
				if i%16 == place {
					order = append(order, fmt.Sprintf(" .text+%d%s", behind+place, entry(i)))
				}
			}
		}
		return line + strings.Join(order, "")
	}
	whole := func(n int) string {
		return places(n, func(int) string { return fmt.Sprintf("[0:%d]", 8*n+9) })
	}
	cut := func(n int) string {
		return places(n, func(i int) string {
			switch i {
			case 0:
				return "[0:16]"
			case n - 1:
				return fmt.Sprintf("[%d:%d]", 8*i+8, 8*n+9)
			}
			return fmt.Sprintf("[%d:%d]", 8*i+8, 8*i+16)
		})
	}
	irregular := table(".new", 24, to(0, 1), datum(4), to(12, 2))
	for name, test := range map[string]struct {
		sections []elfbuild.Section
		want     []string
	}{
		// The last entry is as short as the assembler made it.
		"paravirt sites, the last without padding": {
			[]elfbuild.Section{table(".parainstructions", 26, abs(0, 1), abs(16, 2))},
			[]string{".parainstructions: special by 16 .text+1[0:16] .text+2[16:26]"},
		},
		"one paravirt site without padding": {
			[]elfbuild.Section{table(".parainstructions", 10, abs(0, 1))},
			[]string{".parainstructions: special by 16 .text+1[0:10]"},
		},

		// A known table with relocations of no known shape.
		"alternatives whose replacement has a length, and no pointer": {
			[]elfbuild.Section{length(table(".altinstructions", 14, to(0, 3)), 13)},
			[]string{".altinstructions: alternatives whole .text+3[0:14]"},
		},
		"alternatives with a superfluous relocation": {
			[]elfbuild.Section{table(".altinstructions", 14, to(0, 3), replacement(4, 0), datum(8))},
			[]string{".altinstructions: alternatives whole .text+3[0:14]"},
		},
		"alternatives with relocations out of place": {
			[]elfbuild.Section{table(".altinstructions", 14, to(2, 3), replacement(6, 0))},
			[]string{".altinstructions: alternatives whole .text+3[0:14]"},
		},
		"alternatives of another size": {
			[]elfbuild.Section{table(".altinstructions", 32, to(0, 3), replacement(4, 0), to(16, 5), replacement(20, 0))},
			[]string{".altinstructions: alternatives whole .text+3[0:16] .text+5[16:32]"},
		},
		"alternatives of another size with replacements among other code": {
			[]elfbuild.Section{table(".altinstructions", 32, to(0, 3), to(4, behind), to(16, inG), to(20, 0))},
			[]string{".altinstructions: alternatives whole .text+3[0:16] .text+32[16:32]"},
		},

		// The pointer may be missing where it would mean nothing.
		"alternatives without the replacement": {
			[]elfbuild.Section{table(".altinstructions", 14, to(0, 3))},
			[]string{".altinstructions: alternatives by 14 .text+3[0:14]"},
		},
		"alternatives, one without the replacement": {
			[]elfbuild.Section{length(table(".altinstructions", 28, to(0, 3), replacement(4, 0), to(14, inG)), 13)},
			[]string{".altinstructions: alternatives by 14 .text+3[0:14] .text+32[14:28]"},
		},
		"alternatives with padlen, the second without the replacement": {
			[]elfbuild.Section{length(table(".altinstructions", 39, to(0, 3), replacement(4, 0), to(13, 3), to(26, inG), replacement(30, 2)), 11, 12, 25, 37)},
			[]string{".altinstructions: alternatives by 13 .text+3[0:13] .text+3[13:26] .text+32[26:39]"},
		},

		// A relocation that relocates nothing tells where a field is, and no more.
		"an entry that lost its place": {
			[]elfbuild.Section{table("__ex_table", 36, to(0, 1), to(4, 40), none(12), to(16, 41), to(24, 3), to(28, 42))},
			[]string{"__ex_table: exceptions by 12 .text+1[0:12] .text+3[24:36]"},
		},
		"an address that was lost": {
			[]elfbuild.Section{table("__mcount_loc", 24, abs(0, 0), none(8), abs(16, inG))},
			[]string{"__mcount_loc: tracing by 8 .text+0[0:8] .text+32[16:24]"},
		},
		"an alternative that lost its place, one that lost its pointer": {
			[]elfbuild.Section{length(table(".altinstructions", 28, none(0), replacement(4, 0), to(14, 5), none(18)), 13, 27)},
			[]string{".altinstructions: alternatives by 14 .text+5[14:28]"},
		},
		"a lost place in an unknown table": {
			[]elfbuild.Section{table(".new", 24, to(0, 1), datum(4), none(8), datum(12), to(16, 2), datum(20))},
			[]string{".new: special by 8 .text+1[0:8] .text+2[16:24]"},
		},
		"a lost place in an unknown table whose first field it isn't": {
			[]elfbuild.Section{table(".new", 24, datum(0), to(4, 1), none(8), none(12), datum(16), to(20, 2))},
			[]string{".new: special by 8 .text+1[0:8] .text+2[16:24]"},
		},
		"a lost field beside the place": {
			[]elfbuild.Section{table("__jump_table", 32, to(0, 1), to(4, 2), datum(8), to(16, 3), none(20), datum(24))},
			[]string{"__jump_table: jumps by 16 .text+1[0:16] .text+3[16:32]"},
		},
		"a table that lost all": {
			[]elfbuild.Section{table("__mcount_loc", 16, none(0), none(8))}, nil,
		},

		"alternatives about code of another object": {
			[]elfbuild.Section{table(".altinstructions", 14, elfbuild.PC32(0, "elsewhere", 0), replacement(4, 3))},
			[]string{".altinstructions: alternatives by 14 " + ReplacementSection + "+3[0:14]"},
		},
		"WARNs of another shape, by period": {
			[]elfbuild.Section{table("__bug_table", 40, to(0, 1), datum(4), datum(8), datum(12), to(20, 2), datum(24), datum(28), datum(32))},
			[]string{"__bug_table: bugs by 20 .text+1[0:20] .text+2[20:40]"},
		},
		"a WARN with a relocation out of place": {
			[]elfbuild.Section{table("__bug_table", 36, to(0, 1), datum(4), to(12, inG), datum(20), to(24, inG+1), datum(28))},
			[]string{"__bug_table: bugs whole .text+1[0:36] .text+32[0:36]"},
		},
		"static branches without their keys": {
			[]elfbuild.Section{table("__jump_table", 32, to(0, 1), to(4, 3), to(16, 2), to(20, 3))},
			[]string{"__jump_table: jumps by 16 .text+1[0:16] .text+2[16:32]"},
		},
		"faults with a place elsewhere": {
			[]elfbuild.Section{table("__ex_table", 24, elfbuild.PC32(0, "elsewhere", 0), to(4, 3), to(12, 2), to(16, 3))},
			[]string{"__ex_table: exceptions by 12 .text+2[12:24] .text+3[0:12]"},
		},
		"a static call of another object": {
			[]elfbuild.Section{table(".static_call_sites", 16, elfbuild.PC32(0, "elsewhere", 0), datum(4), to(8, 2), datum(12))},
			[]string{".static_call_sites: calls by 8 .text+2[8:16]"},
		},
		"a row without shapes": {
			[]elfbuild.Section{table("__ftr_fixup_x", 32, to(0, 1), datum(8), to(16, 2), datum(24))},
			[]string{"__ftr_fixup_x: special by 16 .text+1[0:16] .text+2[16:32]"},
		},

		// Unknown tables.
		"by period": {
			[]elfbuild.Section{table(".new", 24, to(0, 1), to(12, 2))},
			[]string{".new: special by 12 .text+1[0:12] .text+2[12:24]"},
		},
		"by period, data behind code": {
			[]elfbuild.Section{table(".new", 24, to(0, 1), datum(4), to(8, 2), datum(12), to(16, 3), datum(20))},
			[]string{".new: special by 8 .text+1[0:8] .text+2[8:16] .text+3[16:24]"},
		},
		"by period, another object's data behind code": {
			[]elfbuild.Section{table(".new", 16, to(0, 1), elfbuild.PC32(4, "a", 0), to(8, 2), datum(12))},
			[]string{".new: special by 8 .text+1[0:8] .text+2[8:16]"},
		},
		"by period, code behind data": {
			[]elfbuild.Section{table(".new", 32, absDatum(0), abs(8, 5), absDatum(16), abs(24, 7))},
			[]string{".new: special by 16 .text+5[0:16] .text+7[16:32]"},
		},
		"by period, at every offset that some have": {
			[]elfbuild.Section{table(".new", 16, abs(0, 1), abs(8, inG))},
			[]string{".new: special by 8 .text+1[0:8] .text+32[8:16]"},
		},
		"by period, with types that differ": {
			[]elfbuild.Section{table(".new", 32, to(0, 1), elfbuild.Abs32S(8, ".text", 9), to(16, 2), elfbuild.Abs32S(24, ".text", 9))},
			[]string{".new: special by 16 .text+1[0:16] .text+2[16:32]"},
		},
		"one entry": {
			[]elfbuild.Section{table(".new", 20, to(4, 1), datum(8))},
			[]string{".new: special by 20 .text+1[0:20]"},
		},
		"one entry with nothing at its start": {
			[]elfbuild.Section{table(".new", 16, to(8, 1), datum(12))},
			[]string{".new: special by 16 .text+1[0:16]"},
		},
		"no period": {
			[]elfbuild.Section{irregular},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"no period, and two functions": {
			[]elfbuild.Section{table(".new", 24, to(0, 1), datum(4), to(12, inG+1), to(20, inG+3))},
			[]string{".new: special whole .text+1[0:24] .text+33[0:24]"},
		},
		"no period, and code without a symbol": {
			[]elfbuild.Section{table(".new", 24, to(0, 1), datum(4), to(12, behind+1), to(20, behind+3))},
			[]string{".new: special whole .text+1[0:24] .text+65[0:24] .text+67[0:24]"},
		},
		"a size that is no multiple": {
			[]elfbuild.Section{table(".new", 25, to(0, 1), to(12, inG+1))},
			[]string{".new: special whole .text+1[0:25] .text+33[0:25]"},
		},
		"entries larger than any": {
			[]elfbuild.Section{table(".new", 2*(maxEntry+4), to(0, 1), to(maxEntry+4, inG+1))},
			[]string{fmt.Sprintf(".new: special whole .text+1[0:%d] .text+33[0:%[1]d]", 2*(maxEntry+4))},
		},
		"no period, and too many places for all of it": {
			[]elfbuild.Section{many(maxWhole + 1)},
			[]string{cut(maxWhole + 1)},
		},
		"no period, and as many places as may be": {
			[]elfbuild.Section{many(maxWhole)},
			[]string{whole(maxWhole)},
		},
		"by sh_entsize": {
			[]elfbuild.Section{entsize(table(".new", 24, to(0, 1), to(12, 2)), 24)},
			[]string{".new: special by 24 .text+1[0:24]"},
		},
		"an sh_entsize that can't be": {
			[]elfbuild.Section{entsize(table(".new", 24, to(0, 1), to(12, 2)), 8)},
			[]string{".new: special by 12 .text+1[0:12] .text+2[12:24]"},
		},
		"an sh_entsize of 1": {
			[]elfbuild.Section{entsize(table(".new", 8, to(0, 1), to(4, 2)), 1)},
			[]string{".new: special by 4 .text+1[0:4] .text+2[4:8]"},
		},
		"by annotations": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".new", 0, 12))},
			[]string{".new: special by 12 .text+1[0:12] .text+2[12:24]"},
		},
		"by annotations in another order": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".new", 12, 0))},
			[]string{".new: special by 12 .text+1[0:12] .text+2[12:24]"},
		},
		"by annotations, an entry without code": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".new", 0, 4, 8, 12, 16, 20))},
			[]string{".new: special by 4 .text+1[0:4] .text+2[12:16]"},
		},
		"annotations that are uneven": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".new", 0, 8))},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"annotations that don't divide the section": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".new", 0, 4, 8, 12, 16))},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"annotations of another kind": {
			[]elfbuild.Section{irregular, notAllocated(marks(2, ".new", 0, 12))},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"annotations of another section": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, ".rodata", 0, 8))},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"annotations of another object": {
			[]elfbuild.Section{irregular, notAllocated(marks(1, "elsewhere", 0, 12))},
			[]string{".new: special whole .text+1[0:24]"},
		},
		"a writable one": {
			[]elfbuild.Section{writable(table(".new", 8, abs(0, 1)))},
			[]string{".new: special by 8 .text+1[0:8]"},
		},
		"several of one name": {
			[]elfbuild.Section{table(".new", 8, abs(0, 1)), table(".new", 4, to(0, 2)), table(".new", 4, to(0, inG))},
			[]string{".new: special by 8 .text+1[0:8]", ".new: special by 4 .text+2[0:4]"},
		},
		"several known ones of one name": {
			[]elfbuild.Section{table("__bug_table", 24, to(0, 5), datum(4), to(12, 6), datum(16)), table("__bug_table", 8, to(0, inG))},
			[]string{"__bug_table: bugs by 12 .text+5[0:12] .text+6[12:24]", "__bug_table: bugs by 8 .text+32[0:8]"},
		},

		// Places.
		"places beyond the section": {
			[]elfbuild.Section{table(".smp_locks", 20, to(16, 79), to(0, 80), to(4, -1), to(8, 5), to(12, 1<<40))},
			[]string{".smp_locks: special by 4 .text+5[8:12] .text+79[16:20]"},
		},
		"a place that the second field has": {
			[]elfbuild.Section{table("__bug_table", 8, datum(0), to(4, 7))},
			[]string{"__bug_table: bugs by 8 .text+7[0:8]"},
		},
		"a place in replacement code": {
			[]elfbuild.Section{table("__ex_table", 12, replacement(0, 2), to(4, 7))},
			[]string{"__ex_table: exceptions by 12 " + ReplacementSection + "+2[0:12]"},
		},
		"a place by name": {
			[]elfbuild.Section{table(".smp_locks", 4, elfbuild.PC32(0, "g", 2))},
			[]string{".smp_locks: special by 4 .text+34[0:4]"},
		},
		"a place without a symbol": {
			[]elfbuild.Section{table(".smp_locks", 4, to(0, behind+3))},
			[]string{".smp_locks: special by 4 .text+67[0:4]"},
		},

		// What is no table.
		"only functions' starts":         {[]elfbuild.Section{table(".new", 16, abs(0, 0), abs(8, inG))}, nil},
		"only code without a symbol":     {[]elfbuild.Section{table(".new", 8, abs(0, behind))}, nil},
		"only data and other objects":    {[]elfbuild.Section{table(".new", 16, absDatum(0), elfbuild.Abs64(8, "elsewhere", 4))}, nil},
		"no relocations":                 {[]elfbuild.Section{table("__bug_table", 16)}, nil},
		"a section that isn't loaded":    {[]elfbuild.Section{notAllocated(table("__bug_table", 16, to(0, 1)))}, nil},
		"code":                           {[]elfbuild.Section{elfbuild.Text("__bug_table", elfbuild.Raw(nops(16), to(0, 1)))}, nil},
		"no data":                        {[]elfbuild.Section{elfbuild.Zero("__bug_table", elfbuild.Piece{Size: 16, Relocs: []elfbuild.Reloc{to(0, 1)}})}, nil},
		"a table known by its start":     {[]elfbuild.Section{table("_kprobe_blacklist", 8, abs(0, 0))}, []string{"_kprobe_blacklist: special by 8 .text+0[0:8]"}},
		"a known one about other's code": {[]elfbuild.Section{table("__mcount_loc", 8, elfbuild.Abs64(0, "elsewhere", 0))}, []string{"__mcount_loc: tracing by 8"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, words(load(t, test.sections...))); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
		})
	}
}

// Data and what is made from code are no tables, wherever they point.
func TestNoTables(t *testing.T) {
	for _, pattern := range slices.Concat(derived[:], notTables[:]) {
		names := []string{pattern}
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			names = []string{prefix, prefix + "x"}
		}
		for _, name := range names {
			if tables := load(t, table(name, 16, abs(0, 1), abs(8, inG+1))); len(tables.Tables)+len(tables.Entries) > 0 {
				t.Errorf("%v", words(tables))
			}
		}
	}
	// The same of a name that is like those, but isn't.
	for _, name := range []string{".return_sites2", ".eh_frame_hdr", "data", ".rodat", ".export", "x.data"} {
		if tables := load(t, table(name, 16, abs(0, 1), abs(8, inG+1))); len(tables.Entries) != 2 {
			t.Errorf("%s: %v", name, words(tables))
		}
	}
}

// Before 5.19 the file of a WARN was relative to the start of its entry
// (commit "bug: Use normal relative pointers in 'struct bug_entry'"): then the
// addend is 4 more than where the string stands.
func TestFromStart(t *testing.T) {
	files := elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0("fs/a.c"), elfbuild.Text0("fs/b.c"), elfbuild.Text0("x"), elfbuild.Text0("y.c"), elfbuild.Text0("msg"), elfbuild.Text0("abc"), elfbuild.Text0("z.c"))
	const a, b, x, y, message, abc, z = 0, 7, 14, 16, 20, 24, 28
	file := func(field uint64, at int64) elfbuild.Reloc { return elfbuild.PC32(field, ".rodata.str1.1", at) }
	for name, test := range map[string]struct {
		table elfbuild.Section
		want  bool
	}{
		"from the field":                     {table("__bug_table", 24, to(0, 1), file(4, a), to(12, 2), file(16, b)), false},
		"from the start":                     {table("__bug_table", 24, to(0, 1), file(4, a+4), to(12, 2), file(16, b+4)), true},
		"from the start, and from the field": {table("__bug_table", 24, to(0, 1), file(4, a+4), to(12, 2), file(16, b)), false},
		"strings as short as the field":      {table("__bug_table", 12, to(0, 1), file(4, x)), false},
		"a string's tail":                    {table("__bug_table", 24, to(0, 1), file(4, a+3), to(12, 2), file(16, x)), false},
		"with a format":                      {table("__bug_table", 16, to(0, 1), file(4, a), file(8, b)), false},
		"no file":                            {table("__bug_table", 16, to(0, 1), to(8, 2)), false},
		"no text":                            {table("__bug_table", 12, to(0, 1), elfbuild.PC32(4, ".rodata", 4)), false},
		"another object's":                   {table("__bug_table", 12, to(0, 1), elfbuild.PC32(4, "elsewhere", 4)), false},
		"behind the text":                    {table("__bug_table", 12, to(0, 1), file(4, 100)), false},
		"in front of the text":               {table("__bug_table", 12, to(0, 1), file(4, -100)), false},
		"a short name from the start":        {table("__bug_table", 12, to(0, 1), file(4, y+4)), true},
		"a short name from the field":        {table("__bug_table", 12, to(0, 1), file(4, z)), false},
		"a short name in front of a message": {table("__bug_table", 12, to(0, 1), file(4, message)), true},
		"either may be meant":                {table("__bug_table", 12, to(0, 1), file(4, abc)), false},
		"two names of files":                 {table("__bug_table", 24, to(0, 1), file(4, a+4), to(12, 2), file(16, y)), false},
		"by a label from the field":          {table("__bug_table", 12, to(0, 1), elfbuild.PC32(4, ".LC2", 0)), false},
		"by a label from the start":          {table("__bug_table", 12, to(0, 1), elfbuild.PC32(4, ".LC2", 4)), true},
		"by name":                            {table("__bug_table", 12, to(0, 1), elfbuild.PC32(4, ".LC1", 4)), true},
	} {
		t.Run(name, func(t *testing.T) {
			strings := files
			strings.Symbols = []elfbuild.Symbol{{Name: ".LC1", Value: a}, {Name: ".LC2", Value: message}}
			tables := load(t, test.table, strings)
			if len(tables.Tables) != 1 || tables.Tables[0].FromStart != test.want {
				t.Errorf("%v, want %v", words(tables), test.want)
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package alternatives

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
	"github.com/google/go-cmp/cmp"
)

// The objects of these tests have two functions of 32 bytes, f and g, in .text,
// 16 bytes without a symbol behind them, replacement code and data.
var common = []elfbuild.Section{
	elfbuild.Text(".text", elfbuild.Func("f", nops(32)), elfbuild.Func("g", nops(32)), elfbuild.Raw(nops(16))),
	elfbuild.Text(ReplacementSection, elfbuild.Raw(nops(16))),
	elfbuild.ReadOnly(".rodata", elfbuild.Raw("0000000000000000 0000000000000000")),
}

const (
	inG    = 32 // where g starts
	behind = 64 // and where it ends
)

func nops(n int) string {
	b := make([]byte, 0, 2*n)
	for range n {
		b = append(b, "90"...)
	}
	return string(b)
}

// table is a section of so many zero bytes.
func table(name string, size int, relocs ...elfbuild.Reloc) elfbuild.Section {
	return elfbuild.ReadOnly(name, elfbuild.Piece{Data: make([]byte, size), Relocs: relocs})
}

// to is a relative field that refers to a place in code.
func to(field uint64, place int64) elfbuild.Reloc { return elfbuild.PC32(field, ".text", place) }

// replacement is a relative field that refers to replacement code.
func replacement(field uint64, place int64) elfbuild.Reloc {
	return elfbuild.PC32(field, ReplacementSection, place)
}

// none is a field whose relocation relocates nothing any more.
func none(field uint64) elfbuild.Reloc {
	r := to(field, 1)
	r.Type = uint32(elf.R_X86_64_NONE)
	return r
}

// length sets bytes of a table to 5, as the lengths of replacements.
func length(s elfbuild.Section, at ...int) elfbuild.Section {
	for _, i := range at {
		s.Data[i] = 5
	}
	return s
}

// datum is a relative field that refers to data.
func datum(field uint64) elfbuild.Reloc { return elfbuild.PC32(field, ".rodata", 0) }

// abs is an absolute field that refers to a place in code, absDatum one that
// refers to data.
func abs(field uint64, place int64) elfbuild.Reloc { return elfbuild.Abs64(field, ".text", place) }

func absDatum(field uint64) elfbuild.Reloc { return elfbuild.Abs64(field, ".rodata", 0) }

func parse(t testing.TB, sections ...elfbuild.Section) (*object.File, *object.Code) {
	t.Helper()
	file, err := object.Parse(elfbuild.Object{Sections: append(slices.Clone(common), sections...)}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	code, err := object.LoadCode(file, object.Conventions{Branch: -4})
	if err != nil {
		t.Fatal(err)
	}
	return file, code
}

// load reads the tables of an object that has these sections.
func load(t testing.TB, sections ...elfbuild.Section) *Tables {
	t.Helper()
	file, code := parse(t, sections...)
	tables, err := Load(file, code, uint32(elf.R_X86_64_64))
	if err != nil {
		t.Fatal(err)
	}
	if err := check(tables); err != nil {
		t.Fatal(err)
	}
	return tables
}

// check says what is wrong with tables, whatever they were made of.
func check(t *Tables) error {
	for i := range t.Entries {
		e := &t.Entries[i]
		if int(e.Table) >= len(t.Tables) {
			return fmt.Errorf("entry %d: table %d of %d", i, e.Table, len(t.Tables))
		}
		table := &t.Tables[e.Table]
		data := uint64(len(t.file.Data(table.Section)))
		if e.Start >= e.End || uint64(e.End) > data {
			return fmt.Errorf("entry %d: [%d:%d] of %d bytes, whole %v", i, e.Start, e.End, data, table.Whole)
		}
		if s := &t.file.Sections[e.Section]; !s.Executable() || uint64(e.Place) >= s.Size {
			return fmt.Errorf("entry %d: place %s+%#x", i, s.Name(), e.Place)
		}
		if i > 0 {
			if before := &t.Entries[i-1]; before.Section > e.Section || before.Section == e.Section && before.Place > e.Place {
				return fmt.Errorf("entry %d: %+v behind %+v", i, e, before)
			}
		}
		for _, offset := range []uint32{e.Start, e.End - 1} {
			if found := t.Find(table.Section, uint64(offset)); !table.Whole && found != i || table.Whole && found != -1 {
				return fmt.Errorf("entry %d: at its offset %d of %s is entry %d", i, offset, t.file.Sections[table.Section].Name(), found)
			}
		}
		if lo, hi := t.In(e.Section, uint64(e.Place), uint64(e.Place)+1); i < lo || i >= hi || !t.Has(e.Section, uint64(e.Place)) {
			return fmt.Errorf("entry %d isn't among those of its place, [%d:%d]", i, lo, hi)
		}
		if section, start, end, ok := t.Replacement(e); ok && (start >= end || end > t.file.Sections[section].Size || table.Class != Alternatives) {
			return fmt.Errorf("entry %d: replacement %s[%d:%d]", i, t.file.Sections[section].Name(), start, end)
		}
	}
	return nil
}

var classNames = [...]string{
	Alternatives: "alternatives", ExceptionTable: "exceptions", BugTable: "bugs", JumpLabels: "jumps",
	StaticCalls: "calls", Tracing: "tracing", Special: "special",
}

// words is the tables and entries of an object, for each table its class and
// the size of its entries, and for each entry its place and where it stands.
func words(t *Tables) []string {
	var list []string
	for i := range t.Tables {
		table := &t.Tables[i]
		var line strings.Builder
		fmt.Fprintf(&line, "%s: %s", t.file.Sections[table.Section].Name(), classNames[table.Class])
		if table.Whole {
			line.WriteString(" whole")
		} else {
			fmt.Fprintf(&line, " by %d", table.size)
		}
		if table.FromStart {
			line.WriteString(" from start")
		}
		for i := range t.Entries {
			e := &t.Entries[i]
			if &t.Tables[e.Table] == table {
				fmt.Fprintf(&line, " %s+%d[%d:%d]", t.file.Sections[e.Section].Name(), e.Place, e.Start, e.End)
			}
		}
		list = append(list, line.String())
	}
	return list
}

// Entries are sorted by the place in code; those of one place keep the order
// of their table, and which table comes first doesn't depend on the file.
func TestOrder(t *testing.T) {
	bugs := table("__bug_table", 24, to(0, 9), datum(4), to(12, 5), datum(16))
	calls := table(".static_call_sites", 16, to(0, 5), datum(4), to(8, 5), datum(12))
	faults := table("__ex_table", 24, to(0, inG), to(4, 40), to(12, 2), to(16, 4))
	for name, sections := range map[string][]elfbuild.Section{
		"one order":     {bugs, calls, faults},
		"another order": {faults, calls, bugs},
	} {
		tables := load(t, sections...)
		var got []string
		for i := range tables.Entries {
			e := &tables.Entries[i]
			got = append(got, fmt.Sprintf("%d %s %d", e.Place, classNames[tables.Tables[e.Table].Class], e.Start))
		}
		want := []string{"2 exceptions 12", "5 bugs 12", "5 calls 0", "5 calls 8", "9 bugs 0", "32 exceptions 0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInHasFind(t *testing.T) {
	second := elfbuild.Text(".text.second", elfbuild.Func("h", nops(8)))
	tables := load(t, table(".smp_locks", 16, to(0, 3), to(4, 3), elfbuild.PC32(8, ".text.second", 3), elfbuild.PC32(12, "elsewhere", 0)), second,
		table("__bug_table", 24, to(0, 10), to(12, 3)))
	section := func(name string) uint32 {
		for i := range tables.file.Sections {
			if tables.file.Sections[i].Name() == name {
				return uint32(i)
			}
		}
		t.Fatalf("there is no section %s", name)
		return 0
	}
	text, data := section(".text"), section(".rodata")
	for _, test := range []struct {
		section    uint32
		start, end uint64
		count      int
		has        bool
	}{
		{text, 0, 80, 4, false},
		{text, 3, 4, 3, true},
		{text, 3, 3, 0, true},
		{text, 4, 10, 0, false},
		{text, 4, 11, 1, false},
		{text, 10, 10, 0, true},
		{text, 11, 1 << 40, 0, false},
		{section(".text.second"), 0, 8, 1, false},
		{section(".text.second"), 3, 8, 1, true},
		{data, 0, 16, 0, false},
	} {
		lo, hi := tables.In(test.section, test.start, test.end)
		if hi-lo != test.count || tables.Has(test.section, test.start) != test.has {
			t.Errorf("%s[%d:%d]: entries %d to %d, want %d; has %v", tables.file.Sections[test.section].Name(), test.start, test.end, lo, hi, test.count, !test.has)
		}
	}
	locks, bugs := section(".smp_locks"), section("__bug_table")
	for _, test := range []struct {
		section uint32
		offset  uint64
		place   int // -1 for none
		start   uint32
	}{
		{locks, 0, 3, 0},
		{locks, 3, 3, 0},
		{locks, 4, 3, 4},
		{locks, 8, 3, 8},
		{locks, 12, -1, 0}, // it is about code of another object
		{locks, 16, -1, 0},
		{bugs, 0, 10, 0},
		{bugs, 11, 10, 0},
		{bugs, 23, 3, 12},
		{bugs, 24, -1, 0},
		{bugs, 1 << 63, -1, 0},
		{data, 0, -1, 0},
		{text, 3, -1, 0},
	} {
		name := tables.file.Sections[test.section].Name()
		switch i := tables.Find(test.section, test.offset); {
		case (i < 0) != (test.place < 0):
			t.Errorf("%s+%d: entry %d, want one about %d", name, test.offset, i, test.place)
		case i >= 0 && (int(tables.Entries[i].Place) != test.place || tables.Entries[i].Start != test.start):
			t.Errorf("%s+%d: %+v, want one about %d from %d", name, test.offset, tables.Entries[i], test.place, test.start)
		}
	}
}

func TestReplacement(t *testing.T) {
	// entry is one alternative with a length of its replacement at an offset.
	entry := func(size, at int, length byte, relocs ...elfbuild.Reloc) elfbuild.Section {
		s := table(".altinstructions", size, relocs...)
		s.Data[at] = length
		return s
	}
	for name, test := range map[string]struct {
		table elfbuild.Section
		want  string
	}{
		"14 bytes":                         {entry(14, 13, 5, to(0, 3), replacement(4, 2)), ReplacementSection + "[2:7]"},
		"13 bytes":                         {entry(13, 11, 5, to(0, 3), replacement(4, 2)), ReplacementSection + "[2:7]"},
		"12 bytes":                         {entry(12, 11, 5, to(0, 3), replacement(4, 2)), ReplacementSection + "[2:7]"},
		"up to the end":                    {entry(14, 13, 16, to(0, 3), replacement(4, 0)), ReplacementSection + "[0:16]"},
		"beyond the end":                   {entry(14, 13, 17, to(0, 3), replacement(4, 0)), ""},
		"starts beyond the end":            {entry(14, 13, 1, to(0, 3), replacement(4, 17)), ""},
		"in front of the section":          {entry(14, 13, 1, to(0, 3), replacement(4, -1)), ""},
		"no length":                        {entry(14, 12, 5, to(0, 3), replacement(4, 2)), ""},
		"the length of the original":       {entry(12, 10, 5, to(0, 3), replacement(4, 2)), ""},
		"13 bytes, the length of padding":  {entry(13, 12, 5, to(0, 3), replacement(4, 2)), ""},
		"code of another object":           {entry(14, 13, 5, to(0, 3), elfbuild.PC32(4, "elsewhere", 0)), ""},
		"in another section":               {entry(14, 13, 5, to(0, 3), to(4, 40)), ".text[40:45]"},
		"no relocation":                    {entry(14, 13, 5, to(0, 3)), ""},
		"a table of no known shape, small": {entry(4, 3, 5, to(0, 3)), ""},
		"a WARN":                           {func() elfbuild.Section { s := entry(12, 11, 5, to(0, 3), datum(4)); s.Name = "__bug_table"; return s }(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tables := load(t, test.table)
			if len(tables.Entries) != 1 {
				t.Fatalf("%v, want one entry", words(tables))
			}
			got := ""
			if section, start, end, ok := tables.Replacement(&tables.Entries[0]); ok {
				got = fmt.Sprintf("%s[%d:%d]", tables.file.Sections[section].Name(), start, end)
			}
			if got != test.want {
				t.Errorf("replacement %q, want %q", got, test.want)
			}
		})
	}
}

// Replacement code of alternatives whose layout isn't understood ends where other such
// code begins, or anything that has a symbol.
func TestUnknownReplacement(t *testing.T) {
	for name, test := range map[string]struct {
		relocs []elfbuild.Reloc
		want   []string
	}{
		"in a section of its own": {
			[]elfbuild.Reloc{to(0, 3), replacement(4, 6), to(16, 5), replacement(20, 2), to(32, inG), replacement(36, 6)},
			[]string{ReplacementSection + "[6:16]", ReplacementSection + "[2:6]", ReplacementSection + "[6:16]"},
		},
		"behind functions":                  {[]elfbuild.Reloc{to(0, 3), to(4, behind+8), to(16, 5), to(20, behind)}, []string{".text[72:80]", ".text[64:72]"}},
		"a function that makes it":          {[]elfbuild.Reloc{to(0, 3), to(4, inG), to(16, 5), to(20, behind)}, []string{"-", ".text[64:80]"}},
		"no pointer":                        {[]elfbuild.Reloc{to(0, 3), to(16, 5)}, []string{"-", "-"}},
		"a pointer that was lost":           {[]elfbuild.Reloc{to(0, 3), none(4), to(16, 5), replacement(20, 2)}, []string{"-", ReplacementSection + "[2:16]"}},
		"a place that was lost":             {[]elfbuild.Reloc{to(0, 3), replacement(4, 2), none(16), replacement(20, 4), to(32, 5)}, []string{ReplacementSection + "[2:4]", "-"}},
		"places behind the table's start":   {[]elfbuild.Reloc{to(2, 3), replacement(6, 4), to(18, 5), replacement(22, 8)}, []string{ReplacementSection + "[4:8]", ReplacementSection + "[8:16]"}},
		"the end of the section, or behind": {[]elfbuild.Reloc{to(0, 3), replacement(4, 16), to(16, 5), replacement(20, 17)}, []string{"-", "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			tables := load(t, table(".altinstructions", 50, test.relocs...))
			var got []string
			for i := range tables.Entries {
				text := "-"
				if section, start, end, ok := tables.Replacement(&tables.Entries[i]); ok {
					text = fmt.Sprintf("%s[%d:%d]", tables.file.Sections[section].Name(), start, end)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%v: replacements (-want +got):\n%s", words(tables), diff)
			}
		})
	}
}

// The line of a WARN stands behind its file's name, where it has one.
func TestLine(t *testing.T) {
	const line = 0x1234
	names := elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0("fs/a.c"), elfbuild.Text0("format"), elfbuild.Text0("ab.c"))
	name := func(field uint64, at int64) elfbuild.Reloc { return elfbuild.PC32(field, ".rodata.str1.1", at) }
	for what, test := range map[string]struct {
		table elfbuild.Section
		at    int // of the line, 0 for none
	}{
		"16 bytes":                     {table("__bug_table", 16, to(0, 3), name(4, 7), name(8, 0)), 12},
		"16 bytes without a name":      {table("__bug_table", 16, to(0, 3), name(4, 7)), 12},
		"12 bytes":                     {table("__bug_table", 12, to(0, 3), name(4, 0)), 8},
		"12 bytes with a short name":   {table("__bug_table", 12, to(0, 3), name(4, 14+4)), 8}, // from the entry's start
		"12 bytes with a format":       {table("__bug_table", 12, to(0, 3), name(4, 7)), 0},
		"12 bytes with another's name": {table("__bug_table", 12, to(0, 3), elfbuild.PC32(4, "elsewhere", 0)), 0},
		"12 bytes with a name beyond":  {table("__bug_table", 12, to(0, 3), name(4, 100)), 0},
		"24 bytes":                     {table("__bug_table", 24, abs(0, 3), elfbuild.Abs64(8, ".rodata.str1.1", 0)), 16},
		"8 bytes":                      {table("__bug_table", 8, to(0, 3)), 0},
		"no layout":                    {table("__bug_table", 17, to(0, 3), to(8, 40)), 0},
		"another table":                {table("__ex_table", 12, to(0, 3), to(4, 5)), 0},
	} {
		if test.at > 0 {
			binary.LittleEndian.PutUint16(test.table.Data[test.at:], line)
		}
		tables := load(t, test.table, names)
		got, ok := tables.Line(&tables.Entries[0])
		if at := tables.Tables[0].Line(); at != test.at || ok != (test.at > 0) || ok && got != line {
			t.Errorf("%s: line %#x (%v) at %d, want it at %d", what, got, ok, at, test.at)
		}
	}
}

// The flags of a WARN stand behind its line, or where that would stand.
func TestWarning(t *testing.T) {
	names := elfbuild.Strings(".rodata.str1.1", 1, elfbuild.Text0("fs/a.c"), elfbuild.Text0("format"))
	name := func(field uint64, at int64) elfbuild.Reloc { return elfbuild.PC32(field, ".rodata.str1.1", at) }
	for what, test := range map[string]struct {
		table elfbuild.Section
		at    int // of the flags, 0 for none
	}{
		"16 bytes":               {table("__bug_table", 16, to(0, 3), name(4, 7), name(8, 0)), 14},
		"12 bytes":               {table("__bug_table", 12, to(0, 3), name(4, 0)), 10},
		"12 bytes with a format": {table("__bug_table", 12, to(0, 3), name(4, 7)), 8},
		"24 bytes":               {table("__bug_table", 24, abs(0, 3), elfbuild.Abs64(8, ".rodata.str1.1", 0)), 18},
		"8 bytes":                {table("__bug_table", 8, to(0, 3)), 4},
		"another table":          {table("__ex_table", 12, to(0, 3), to(4, 5)), 0},
	} {
		for at := range test.table.Data { // one bit set, and no other
			s := test.table
			s.Data = make([]byte, len(s.Data))
			s.Data[at] = 1
			tables := load(t, s, names)
			warning, ok := tables.Warning(&tables.Entries[0])
			if ok != (test.at > 0) || warning != (test.at > 0 && at == test.at) {
				t.Errorf("%s, byte %d: a warning %v (%v), want the flags at %d", what, at, warning, ok, test.at)
			}
		}
	}
}

// Offsets that don't fit an entry are refused, of code that is too large there
// are no entries.
func TestTooLarge(t *testing.T) {
	file, code := parse(t, table(".smp_locks", 4, to(0, 3)))
	for i := range file.Sections {
		s := &file.Sections[i]
		size := s.Size
		switch s.Name() {
		case ".smp_locks":
			s.Size = 1 << 32
			if _, err := Load(file, code, uint32(elf.R_X86_64_64)); !errors.Is(err, ErrTable) {
				t.Errorf("a table of 4 GiB: %v", err)
			}
		case ".text":
			s.Size = 1 << 32
			tables, err := Load(file, code, uint32(elf.R_X86_64_64))
			if err != nil {
				t.Fatal(err)
			}
			if len(tables.Entries) > 0 {
				t.Errorf("%v", words(tables))
			}
		}
		s.Size = size
	}
}

func TestKnown(t *testing.T) {
	for name, want := range map[string]bool{
		".altinstructions": true, "__ex_table": true, "__bug_table": true, "runtime_ptr_x": true, "runtime_shift_x": true,
		".s390_indirect_call": true, ".orc_unwind_ip": true, ".discard.annotate_data": true, ".return_sites": true, ".BTF_ids": true,
		"": false, ".text": false, ".data": false, ".rodata": false, "__bug_table2": false, "_bug_table": false, "runtime": false,
		"unknown": false, "x__ex_table": false, ReplacementSection: false,
	} {
		if got := Known(name); got != want {
			t.Errorf("Known(%q) = %v", name, got)
		}
	}
}

// What isn't code or isn't there is no place.
func TestTarget(t *testing.T) {
	file, _ := parse(t, table(".smp_locks", 16, to(0, 3), elfbuild.PC32(4, "elsewhere", 0), elfbuild.PC32(8, "g", -40), elfbuild.PC32(12, "", 0)))
	for i := range file.Sections {
		if file.Sections[i].Name() != ".smp_locks" {
			continue
		}
		relocs := file.Relocs(uint32(i))
		var got []string
		for n := range relocs.Len() {
			section, offset, ok := Target(file, relocs.At(n))
			got = append(got, fmt.Sprintf("%s+%d %v", file.Sections[section].Name(), int64(offset), ok))
		}
		if diff := cmp.Diff([]string{".text+3 true", "+0 false", ".text+-8 true", "+0 false"}, got); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
	}
}

// notAllocated is a section as the kernel's tools leave their notes in.
func notAllocated(s elfbuild.Section) elfbuild.Section {
	s.Flags &^= elf.SHF_ALLOC
	return s
}

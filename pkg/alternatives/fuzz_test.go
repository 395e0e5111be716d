// SPDX-License-Identifier: MIT

package alternatives

import (
	"debug/elf"
	"fmt"
	"runtime"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
)

// seeds is tables of all sorts.
func seeds() [][]elfbuild.Section {
	marks := notAllocated(table(object.Annotations, 16, elfbuild.PC32(0, ".new", 0), elfbuild.PC32(8, ".new", 12)))
	marks.Data[4], marks.Data[12] = annotateData, annotateData
	replaces := table(".altinstructions", 28, to(0, 3), replacement(4, 2), to(14, 3), replacement(18, 0))
	replaces.Data[13], replaces.Data[27] = 5, 2
	return [][]elfbuild.Section{
		{replaces, table("__ex_table", 24, to(0, 1), to(4, 3), to(12, 2), to(16, 40), to(20, inG))},
		{table("__bug_table", 48, to(0, 1), datum(4), to(12, 2), datum(16), to(24, inG), datum(28), to(36, 1<<40)), table("__bug_table", 8, to(0, 1))},
		{table("__jump_table", 32, to(0, 1), to(4, 2), datum(8), to(16, 3), to(20, 2), datum(24)), table("__mcount_loc", 16, abs(0, 0), abs(8, behind))},
		{table(".new", 24, to(0, 1), datum(4), to(12, 2)), marks, table(".parainstructions", 26, abs(0, 1), abs(16, 2))},
		{table(".altinstructions", 4, to(0, 3)), table(".smp_locks", 12, to(0, 3), elfbuild.PC32(4, "elsewhere", 0), to(8, -1))},
	}
}

// tryLoad reads the tables of an object, whatever it is. It returns what is
// wrong with the result.
func tryLoad(data []byte) error {
	file, err := object.Parse(data)
	if err != nil {
		return nil
	}
	code, err := object.LoadCode(file, object.Conventions{Branch: -4})
	if err != nil {
		return nil
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tables, err := Load(file, code, uint32(elf.R_X86_64_64))
	runtime.ReadMemStats(&after)
	// For a relocation, 24 bytes of the file, an entry is held twice, with its
	// places in two orders, or a mark.
	if used := after.TotalAlloc - before.TotalAlloc; used > 32*uint64(len(data))+1<<20 {
		return fmt.Errorf("%d bytes are used for an object of %d", used, len(data))
	}
	if err != nil {
		return nil
	}
	return check(tables)
}

// FuzzLoad looks for an object that brings Load down, of which it makes entries
// that can't be, or that takes more memory than is in proportion.
func FuzzLoad(f *testing.F) {
	for _, sections := range seeds() {
		f.Add(elfbuild.Object{Sections: append(sections, common...)}.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := tryLoad(data); err != nil {
			t.Error(err)
		}
	})
}

// A table in which each relocation is an entry, one without a period, one of
// marks: none takes more memory than is in proportion.
func TestMemory(t *testing.T) {
	const n = 20_000
	var dense, even, marks []elfbuild.Reloc
	for i := range n {
		dense = append(dense, to(uint64(4*i), int64(i%inG)))
		even = append(even, abs(uint64(8*i), int64(i%inG)))
		marks = append(marks, elfbuild.PC32(uint64(8*i), ".new", 0))
	}
	annotations := notAllocated(table(object.Annotations, 8*n, marks...))
	for i := range n {
		annotations.Data[8*i+4] = annotateData
	}
	for name, sections := range map[string][]elfbuild.Section{
		"an entry of each": {table(".smp_locks", 4*n, dense...)},
		"no period":        {table(".altinstructions", 4*n+1, dense...), table(".new", 8*n+3, even...)},
		"marks":            {table(".new", 8*n+3, even...), annotations},
	} {
		if err := tryLoad(elfbuild.Object{Sections: append(sections, common...)}.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
)

// Functions of one name are numbered as livepatch counts: in vmlinux.o as the
// linker script orders the sections, in a module as the symbol table has them.
// Data of that name count as well.
func TestSympos(t *testing.T) {
	named := func(section string, size int) elfbuild.Section {
		return elfbuild.Text(section, elfbuild.Func("f", fmt.Sprintf("%s c3", "b801000000b801000000"[:10*(size/5)])).Local())
	}
	sections := []elfbuild.Section{
		named(".init.text", 0),
		named(".noinstr.text", 5),
		elfbuild.Data(".data", elfbuild.Var("f", make([]byte, 4)).Local()),
		named(".text", 10),
		elfbuild.Text(".text.unlikely", elfbuild.Func("f", "31c0 c3").Local(), elfbuild.Func("g", "c3").Local()),
	}
	bySection := func(o elfbuild.Object) map[string]int {
		positions := map[string]int{}
		for _, r := range sum(t, o).Records {
			if r.Name == "f" {
				positions[r.Section] = int(r.Sympos)
			} else if r.Sympos != 0 {
				t.Errorf("%s has number %d", r.Name, r.Sympos)
			}
		}
		return positions
	}
	want := map[string]int{".text.unlikely": 1, ".text": 2, ".noinstr.text": 3, ".init.text": 5}
	if d := cmp.Diff(want, bySection(obj(sections...))); d != "" {
		t.Errorf("vmlinux.o (-want +got):\n%s", d)
	}
	module := append(sections, elfbuild.Data(".gnu.linkonce.this_module", elfbuild.Var("__this_module", make([]byte, 8))))
	want = map[string]int{".init.text": 1, ".noinstr.text": 2, ".text": 4, ".text.unlikely": 5}
	if d := cmp.Diff(want, bySection(obj(module...))); d != "" {
		t.Errorf("a module (-want +got):\n%s", d)
	}
}

func TestLinkRank(t *testing.T) {
	const alloc, exec, write = elf.SHF_ALLOC, elf.SHF_EXECINSTR, elf.SHF_WRITE
	last := -1
	for _, s := range []struct {
		name  string
		flags elf.SectionFlag
		typ   elf.SectionType
	}{
		{".entry.text", alloc | exec, 0},
		{".text.unlikely.f", alloc | exec, 0},
		{".text.hot.f", alloc | exec, 0},
		{".text.f", alloc | exec, 0},
		{".noinstr.text", alloc | exec, 0},
		{".rodata", alloc, 0},
		{".rodata.f", alloc, 0},
		{"__param", alloc, 0},
		{".data.f", alloc | write, 0},
		{".data..read_mostly", alloc | write, 0},
		{".init.text", alloc | exec, 0},
		{".text.startup", alloc | exec, 0},
		{".exit.text", alloc | exec, 0},
		{"mine", alloc | write, elf.SHT_NOBITS},
		{".comment", 0, 0},
	} {
		rank := linkRank(x86LinkOrder, s.name, &object.Section{Flags: s.flags, Type: s.typ})
		if rank <= last {
			t.Errorf("%s has rank %d, behind %d", s.name, rank, last)
		}
		last = rank
	}
}

func TestLinkRankARM64(t *testing.T) {
	last := -1
	for _, name := range []string{
		".head.text", ".irqentry.text", ".entry.text", ".text.unlikely", ".text", ".noinstr.text", ".sched.text",
		".hyp.idmap.text", ".hyp.text", ".idmap.text", ".init.text", ".exit.text",
	} {
		rank := linkRank(arm64LinkOrder, name, &object.Section{Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR})
		if rank <= last {
			t.Errorf("%s has rank %d, behind %d", name, rank, last)
		}
		last = rank
	}
}

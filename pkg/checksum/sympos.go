// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"debug/elf"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
)

// positions numbers the functions whose name other symbols have too, as
// livepatch counts old_sympos: in a module in the order of the symbol table
// (module_kallsyms_on_each_symbol, kernel/module/kallsyms.c), in the kernel in
// the order of addresses (kallsyms_on_each_match_symbol, kernel/kallsyms.c).
// The addresses of vmlinux.o's symbols are estimated by the order in which the
// linker script takes its sections.
func (p *program) positions() []position {
	functions := map[string]bool{} // names that functions share
	for i := range p.code.Funcs {
		if primary := p.code.Funcs[i].Primary; p.marks[primary]&markShared != 0 {
			functions[p.file.Symbols[primary].Name()] = true
		}
	}
	var namesakes []uint32
	for _, i := range p.namesakes {
		if functions[p.file.Symbols[i].Name()] {
			namesakes = append(namesakes, i)
		}
	}
	if !p.module() {
		ranks := make(map[uint32]int, len(namesakes)) // by section
		for _, symbol := range namesakes {
			section := p.file.Symbols[symbol].Section
			s := &p.file.Sections[section]
			ranks[section] = linkRank(p.machine.linkOrder, s.Name(), s)
		}
		slices.SortStableFunc(namesakes, func(a, b uint32) int {
			x, y := &p.file.Symbols[a], &p.file.Symbols[b]
			return cmp.Or(cmp.Compare(ranks[x.Section], ranks[y.Section]), cmp.Compare(x.Section, y.Section), cmp.Compare(x.Value, y.Value))
		})
	}
	count := make(map[string]int, len(functions))
	number := make(map[uint32]int, len(namesakes))
	for _, symbol := range namesakes {
		name := p.file.Symbols[symbol].Name()
		count[name]++
		number[symbol] = count[name]
	}
	var list []position
	for i := range p.code.Funcs {
		if primary := p.code.Funcs[i].Primary; p.marks[primary]&markShared != 0 && count[p.file.Symbols[primary].Name()] > 1 {
			list = append(list, position{i, int32(number[primary])})
		}
	}
	return list
}

// position is the number of a function among those of its name.
type position struct {
	fn     int
	number int32
}

// module tells whether the object is a module, by the section with its struct
// module (scripts/mod/modpost.c).
func (p *program) module() bool {
	return slices.ContainsFunc(p.file.Sections, func(s object.Section) bool { return s.Name() == ".gnu.linkonce.this_module" })
}

// linkText and linkData are parts of every machine's order: TEXT_TEXT and what follows
// it, and RW_DATA, of include/asm-generic/vmlinux.lds.h.
var (
	linkText = [][]string{
		{".text.asan.*", ".text.tsan.*"},
		{".text.unknown", ".text.unknown.*"},
		{".text.split", ".text.split.*"},
		{".text.unlikely", ".text.unlikely.*"},
		{".text.hot", ".text.hot.*"},
		nil, // all other code
		{".noinstr.text"},
		{".cpuidle.text"},
		{".ref.text"},
		{".sched.text"},
		{".spinlock.text"},
		{".kprobes.text"},
	}
	linkData = [][]string{
		{".data..init_task", ".data..init_thread_info"},
		{".data..page_aligned", ".data..page_aligned.*"},
		{".data..cache_hot.*"},
		{".data..cacheline_aligned", ".data..cacheline_aligned.*"},
		nil, // all other data
		{".data..read_mostly", ".data..read_mostly.*"},
	}
)

// linkRank is the place of a section in the order in which the linker script of a
// machine takes sections.
func linkRank(order [][]string, name string, s *object.Section) int {
	for i, patterns := range order {
		for _, pattern := range patterns {
			if prefix, any := strings.CutSuffix(pattern, "*"); name == pattern || any && strings.HasPrefix(name, prefix) {
				return i
			}
		}
	}
	others := 0 // which of the nils
	switch {
	case !s.Allocated():
		return len(order)
	case s.Executable():
	case s.Flags&elf.SHF_WRITE == 0:
		others = 1
	case s.Type == elf.SHT_NOBITS:
		return len(order) - 1
	default:
		others = 2
	}
	for i, patterns := range order {
		if patterns == nil {
			if others == 0 {
				return i
			}
			others--
		}
	}
	return len(order)
}

// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"debug/elf"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/internal/huge"
	"github.com/fnsum/fnsum/internal/parallel"
)

// Code is what the symbols say of an object's executable sections: which
// stretch of which section is which function. It never changes once made.
type Code struct {
	// Funcs in the order of their first extent.
	Funcs []Func
	// Extents sorted by section, start, and the longer first.
	Extents []Extent

	file        *File
	conventions Conventions
	data        [][]mapping // per section the data between instructions; nil where there are none
	first       []uint32    // per section its first extent; one more at the end
	order       []uint32    // the symbols that mark a place, by section and value
	ordered     []uint32    // per section where it begins in order; one more at the end
}

// Func is one function: all names of one stretch of code, with the prefix in
// front of it and the cold part split off it. What few functions have is apart.
type Func struct {
	// Primary is the symbol whose name the function goes by: a global before
	// a weak before a local one, then the first in byte order.
	Primary uint32
	// Entry is the index of its entry part in Code.Extents.
	Entry uint32
	// Prefix is where a __pfx_ or __cfi_ symbol begins in front of the entry,
	// the entry's start where there is none.
	Prefix uint64
	// File is the STT_FILE symbol of its source file. A global function has none: it is
	// that of its local neighbours on both sides where they agree. 0, the null symbol,
	// where it isn't known.
	File uint32
	more *moreOfFunc
}

// moreOfFunc is what few functions have.
type moreOfFunc struct {
	aliases, cold []uint32
}

// Aliases are the symbols of the same section, value and size as the primary one.
func (f *Func) Aliases() []uint32 {
	if f.more == nil {
		return nil
	}
	return f.more.aliases
}

// Cold are the indices of the cold parts in Code.Extents.
func (f *Func) Cold() []uint32 {
	if f.more == nil {
		return nil
	}
	return f.more.cold
}

// Parts are the indices of all parts in Code.Extents: the entry, then the cold ones.
func (f *Func) Parts() []uint32 { return append([]uint32{f.Entry}, f.Cold()...) }

func (f *Func) needMore() *moreOfFunc {
	if f.more == nil {
		f.more = new(moreOfFunc)
	}
	return f.more
}

// Extent is a stretch of code with a symbol.
type Extent struct {
	Section    uint32
	Symbol     uint32
	Start, End uint64 // offsets in the section
	Func       uint32 // index into Code.Funcs
	Part       uint32 // 0 for the entry, 1 for the first cold part
	outer      int32  // the closest extent before it that ends behind it, or -1: no other contains what it doesn't
}

// maxOverlap bounds how often a byte of code may be part of a function, on
// average: entry points inside of .S routines overlap, but rarely.
const maxOverlap = 16

// Conventions is what a machine's tools do that finding functions takes to know.
type Conventions struct {
	// Branch is what the assembler adds to the addend of a direct branch (-4 on
	// x86-64, whose displacements count from the end of the field).
	Branch int64
	// Nops is how many bytes at the start of code are NOPs; nil where nobody knows.
	Nops func(code []byte) int
}

// LoadCode finds the functions of an object (symbols of type STT_FUNC,
// STT_GNU_IFUNC or STT_NOTYPE with a size, in executable sections).
func LoadCode(f *File, conventions Conventions) (*Code, error) {
	c := &Code{file: f, conventions: conventions}
	c.orderSymbols()
	extents, prefixes, err := c.findCandidates()
	if err != nil {
		return nil, err
	}
	c.makeFuncs(extents)
	c.attachPrefixes(prefixes)
	c.attachParts()
	c.findFiles()
	return c, nil
}

// orderSymbols puts the symbols that mark a place in order by section, those of each as they are
// in the symbol table.
func (c *Code) orderSymbols() {
	f := c.file
	c.ordered = make([]uint32, len(f.Sections)+1)
	n := 0
	var mappings []uint32
	for i := range f.Symbols {
		switch s := &f.Symbols[i]; {
		case s.info&placeFlag != 0:
			c.ordered[s.Section+1]++
			n++
		case s.info&mappingFlag != 0 && s.Defined() && f.Sections[s.Section].Executable():
			mappings = append(mappings, uint32(i))
		}
	}
	c.findData(mappings)
	for i := 1; i < len(c.ordered); i++ {
		c.ordered[i] += c.ordered[i-1]
	}
	c.order = huge.Make[uint32](n, n)
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.info&placeFlag != 0 {
			c.order[c.ordered[s.Section]] = uint32(i)
			c.ordered[s.Section]++
		}
	}
	// Now each is where its section's end.
	copy(c.ordered[1:], c.ordered)
	c.ordered[0] = 0
}

// sortSymbols sorts those of a section by value.
func (c *Code) sortSymbols(section uint32) {
	byValue := func(a, b uint32) int { return cmp.Compare(c.file.Symbols[a].Value, c.file.Symbols[b].Value) }
	if symbols := c.SymbolsOf(section); len(symbols) > 1 && !slices.IsSortedFunc(symbols, byValue) {
		slices.SortStableFunc(symbols, byValue)
	}
}

// marksPlace tells whether a symbol, which is no mapping symbol, nor a section's or a file's,
// marks a place of the program: the assembler's own temporary labels don't.
func marksPlace(s *Symbol) bool {
	if !s.Defined() || s.Name() == "" {
		return false
	}
	return !s.Local() || s.Type() != elf.STT_NOTYPE || !strings.HasPrefix(s.Name(), ".Ltmp")
}

// SymbolsOf is the symbols that mark a place in the section, by value; those
// of one value in the order of the symbol table.
func (c *Code) SymbolsOf(section uint32) []uint32 {
	return c.order[c.ordered[section]:c.ordered[section+1]]
}

// ExtentsOf is the section's extents, and the index of the first of them.
func (c *Code) ExtentsOf(section uint32) ([]Extent, uint32) {
	lo, hi := c.first[section], c.first[section+1]
	return c.Extents[lo:hi], lo
}

// Innermost is the index of the extent that contains the offset, of several
// the one that starts last; -1 where there is none.
func (c *Code) Innermost(section uint32, offset uint64) int {
	extents, first := c.ExtentsOf(section)
	i := sort.Search(len(extents), func(i int) bool { return extents[i].Start > offset }) - 1
	for i >= 0 && extents[i].End <= offset {
		i = int(extents[i].outer)
	}
	if i < 0 {
		return -1
	}
	return int(first) + i
}

// EndingAt is the index of an extent that ends at the offset, -1 where none
// does: what the address behind a function's last byte means.
func (c *Code) EndingAt(section uint32, offset uint64) int {
	if offset == 0 {
		return -1
	}
	if i := c.Innermost(section, offset-1); i >= 0 && c.Extents[i].End == offset {
		return i
	}
	return -1
}

// Before is the index of the first extent that starts at or behind the
// offset: the function that padding there stands in front of; -1 for none.
func (c *Code) Before(section uint32, offset uint64) int {
	extents, first := c.ExtentsOf(section)
	i := sort.Search(len(extents), func(i int) bool { return extents[i].Start >= offset })
	if i == len(extents) {
		return -1
	}
	return int(first) + i
}

// Name is a symbol's name.
func (c *Code) Name(symbol uint32) string { return c.file.Symbols[symbol].Name() }

// CutPrefix is a function's name without what the kernel's build puts in front of it to name
// what stands in front of the function: __pfx_ or __cfi_, also behind what objcopy puts in
// front of all names of position-independent code or of the arm64 hypervisor's.
func CutPrefix(name string) (function string, found bool) {
	if len(name) < prefixLength || name[0] != '_' || name[1] != '_' {
		return name, false // as most are
	}
	return cutPrefix(name)
}

const prefixLength = len("__pfx_")

func cutPrefix(name string) (function string, found bool) {
	rest := name
	switch {
	case name[2] == 'k':
		rest = strings.TrimPrefix(name, "__kvm_nvhe_")
	case name[2] == 'p' && name[3] == 'i':
		rest = strings.TrimPrefix(name, "__pi_")
	}
	if strings.HasPrefix(rest, "__pfx_") || strings.HasPrefix(rest, "__cfi_") {
		return rest[prefixLength:], true
	}
	return name, false
}

// findCandidates sorts the symbols of each section by value. Of them it returns the extents of
// all function symbols in order, one per symbol, the best name of a stretch first; and apart
// from them the prefixes of functions.
func (c *Code) findCandidates() (extents []Extent, prefixes []uint32, err error) {
	f := c.file
	found := make([]candidates, len(f.Sections)/sectionsAtOnce+1)
	parallel.Chunks(runtime.GOMAXPROCS(0), len(f.Sections), sectionsAtOnce, func(lo, hi int) {
		some := &found[lo/sectionsAtOnce]
		some.functions = make([]uint32, 0, c.ordered[hi]-c.ordered[lo])
		for i := lo; i < hi && some.err == nil; i++ {
			c.sortSymbols(uint32(i))
			some.add(c, uint32(i))
		}
	})
	code, total, functions := uint64(0), uint64(0), 0
	var ahead [][]uint32
	for i := range found {
		if found[i].err != nil {
			return nil, nil, found[i].err
		}
		found[i].first = functions
		functions += len(found[i].functions)
		code, total = code+found[i].code, total+found[i].total
		ahead = append(ahead, found[i].prefixes)
	}
	// Aliases count here as well: a stretch with a handful of names is one
	// function, yet a stretch with a million is no kernel.
	if total/maxOverlap > code {
		return nil, nil, fmt.Errorf("%w: the functions' sizes add up to %d bytes of code in sections of %d", ErrFormat, total, code)
	}
	extents = huge.Make[Extent](functions, functions)
	parallel.Chunks(runtime.GOMAXPROCS(0), len(found), 1, func(i, _ int) {
		c.fillExtents(extents[found[i].first:][:len(found[i].functions)], found[i].functions)
	})
	return extents, slices.Concat(ahead...), nil
}

// fillExtents makes the extents of function symbols, which come by section and value: only ties
// are to be settled.
func (c *Code) fillExtents(extents []Extent, functions []uint32) {
	for i, symbol := range functions {
		s := &c.file.Symbols[symbol]
		extents[i] = Extent{Section: s.Section, Symbol: symbol, Start: s.Value, End: s.Value + s.Size, outer: -1}
	}
	for lo := 0; lo < len(extents); {
		hi := lo + 1
		for hi < len(extents) && extents[hi].Section == extents[lo].Section && extents[hi].Start == extents[lo].Start {
			hi++
		}
		slices.SortFunc(extents[lo:hi], func(a, b Extent) int {
			return cmp.Or(cmp.Compare(b.End, a.End), c.file.CompareNames(a.Symbol, b.Symbol))
		})
		lo = hi
	}
}

// sectionsAtOnce is how many sections a worker looks through at once.
const sectionsAtOnce = 4096

// candidates is the function symbols of some sections, by section and value.
type candidates struct {
	functions   []uint32
	prefixes    []uint32
	first       int    // of the functions among those of all sections
	code, total uint64 // bytes of code, and of functions
	err         error
}

// add adds the function symbols of a section.
func (x *candidates) add(c *Code, index uint32) {
	section := &c.file.Sections[index]
	if !section.Executable() {
		return
	}
	x.code += section.Size
	for _, symbol := range c.SymbolsOf(index) {
		s := &c.file.Symbols[symbol]
		if s.Type() != elf.STT_FUNC && s.Type() != elf.STT_NOTYPE && s.Type() != elf.STT_GNU_IFUNC {
			continue
		}
		if s.Size == 0 {
			if s.info&prefixFlag != 0 && c.isLabelOf(index, s) {
				x.prefixes = append(x.prefixes, symbol)
			}
			continue
		}
		if s.Value > section.Size || s.Size > section.Size-s.Value {
			x.err = fmt.Errorf("%w: %s+%#x: function %s (%#x bytes) reaches beyond the end of the section (%#x bytes)",
				ErrFormat, section.Name(), s.Value, s.Name(), s.Size, section.Size)
			return
		}
		if s.info&prefixFlag != 0 && c.functionBehind(index, s.Value+s.Size) {
			x.prefixes = append(x.prefixes, symbol)
			continue
		}
		x.functions = append(x.functions, symbol)
		x.total += s.Size
	}
}

// maxUnsized is how far behind a label of code in front of a function this may start.
const maxUnsized = 64

// isLabelOf tells whether the next function behind the label of a prefix without a size is
// the one whose name it has.
func (c *Code) isLabelOf(section uint32, label *Symbol) bool {
	name, _ := CutPrefix(label.Name())
	symbols := c.SymbolsOf(section)
	i := sort.Search(len(symbols), func(i int) bool { return c.file.Symbols[symbols[i]].Value > label.Value })
	for ; i < len(symbols); i++ {
		s := &c.file.Symbols[symbols[i]]
		if s.Value-label.Value > maxUnsized {
			return false
		}
		if s.Size > 0 && s.info&prefixFlag == 0 {
			return s.Name() == name
		}
	}
	return false
}

// functionBehind tells whether a function that is no prefix starts at a place, or behind
// nothing but NOPs.
func (c *Code) functionBehind(section uint32, at uint64) bool {
	f := c.file
	symbols := c.SymbolsOf(section)
	i := sort.Search(len(symbols), func(i int) bool { return f.Symbols[symbols[i]].Value >= at })
	for ; i < len(symbols); i++ {
		s := &f.Symbols[symbols[i]]
		if s.Value > at {
			code := f.Data(section)
			if c.conventions.Nops == nil || s.Value > uint64(len(code)) || c.conventions.Nops(code[at:s.Value]) < int(s.Value-at) {
				return false
			}
			at = s.Value
		}
		if s.Size > 0 && s.info&prefixFlag == 0 {
			return true
		}
	}
	return false
}

// makeFuncs joins the names of one stretch into a function.
func (c *Code) makeFuncs(candidates []Extent) {
	c.Funcs = huge.Make[Func](0, len(candidates))
	c.Extents = candidates[:0] // each is read before its place is written
	for _, e := range candidates {
		if n := len(c.Extents); n > 0 {
			if last := &c.Extents[n-1]; last.Section == e.Section && last.Start == e.Start && last.End == e.End {
				more := c.Funcs[last.Func].needMore()
				more.aliases = append(more.aliases, e.Symbol)
				continue
			}
		}
		e.Func = uint32(len(c.Funcs))
		c.Funcs = append(c.Funcs, Func{Primary: e.Symbol, Entry: uint32(len(c.Extents)), Prefix: e.Start})
		c.Extents = append(c.Extents, e)
	}
	c.first = make([]uint32, len(c.file.Sections)+1)
	for i := range c.Extents {
		c.first[c.Extents[i].Section+1]++
	}
	for i := 1; i < len(c.first); i++ {
		c.first[i] += c.first[i-1]
	}
	for section := range c.file.Sections {
		extents, _ := c.ExtentsOf(uint32(section))
		for i := 1; i < len(extents); i++ {
			outer := int32(i - 1)
			for outer >= 0 && extents[outer].End <= extents[i].End {
				outer = extents[outer].outer
			}
			extents[i].outer = outer
		}
	}
}

// attachPrefixes gives __pfx_ and __cfi_ symbols to the functions behind them.
func (c *Code) attachPrefixes(prefixes []uint32) {
	for _, symbol := range prefixes {
		s := &c.file.Symbols[symbol]
		first := c.Before(s.Section, s.Value+s.Size)
		if first < 0 {
			continue
		}
		start := c.Extents[first].Start
		for i := first; i < len(c.Extents) && c.Extents[i].Section == s.Section && c.Extents[i].Start == start; i++ {
			fn := &c.Funcs[c.Extents[i].Func]
			fn.Prefix = min(fn.Prefix, s.Value)
		}
	}
}

// dropFuncs removes functions that became parts of others.
func (c *Code) dropFuncs(gone []bool) {
	moved := make([]uint32, len(c.Funcs))
	kept := c.Funcs[:0]
	for i := range c.Funcs {
		moved[i] = uint32(len(kept))
		if !gone[i] {
			kept = append(kept, c.Funcs[i])
		}
	}
	c.Funcs = kept
	for i := range c.Extents {
		c.Extents[i].Func = moved[c.Extents[i].Func]
	}
}

// findFiles finds the source files of functions, and guesses those of global ones: locals come
// before globals in a symbol table, so a global has no STT_FILE symbol, but the sections of
// one file, and the functions in them, stay together when objects are linked.
func (c *Code) findFiles() {
	before, first := uint32(0), 0 // the file of the local in front, and the global behind it
	end := uint32(0)              // the first symbol that isn't of that file
	for i := range c.Funcs {
		primary := c.Funcs[i].Primary
		if !c.file.Symbols[primary].Local() {
			continue
		}
		file := before
		if primary <= before || primary >= end {
			file, end = c.file.fileOf(primary)
		}
		c.Funcs[i].File = file
		if first < i && file != 0 && (before == file || c.Name(before) == c.Name(file)) {
			for ; first < i; first++ {
				c.Funcs[first].File = file
			}
		}
		before, first = file, i+1
	}
}

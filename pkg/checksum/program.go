// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fnsum/fnsum/internal/huge"
	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
	"github.com/zeebo/xxh3"
)

// program is an object made ready for the walk: what every reference needs to
// know about every symbol and section, computed once. It never changes while
// functions are walked.
type program struct {
	file    *object.File
	code    *object.Code
	machine *machine
	hash    Hash
	kinds   []sectionKind // by section
	inKinds []sectionKind // by symbol, of the section that it lies in
	marks   []symbolMark  // by symbol
	renamed renames
	// namesakes are the symbols that may have a function's name, in order.
	namesakes []uint32
	tables    *alternatives.Tables
	data      bool // data have records too
	links     bool // which functions use what has no name of its own is to be known
	lines     *lines.Table
	debug     *lines.Debug // nil where there is none, or nobody asked
	// lineSections are the sections in which a function is defined that takes
	// a line: calls within a section may have no relocation.
	lineSections []bool
	// typed is set where there are symbols whose value is a type hash.
	typed bool
	// names are what symbols go by that have a counterpart in another object;
	// the rest go by their normal names.
	names  map[uint32]string
	stray  *strays // nil until they are known
	bounds bounds  // where nameless data ends; nil until it is known
	// replaced is where in executable sections replacement code stands.
	replaced []span
	taken    []takenPlace // of a machine with section anchors
	labels   [][]uint32   // by section: its labels in code, by value
	// formats is, by section, the places of formats with a line in them (lines.FormatPlaces).
	formats    [][]uint64
	hasFormats bool
	// sources gives the base names of the files that the object was made from.
	sources func() map[string]bool
}

// name is what a symbol goes by, and whether no other symbol of the object goes
// by that.
func (p *program) name(symbol uint32) (name string, unique bool) {
	if p.names != nil {
		if name, ok := p.names[symbol]; ok {
			return name, true
		}
	}
	return p.normal(symbol), p.marks[symbol]&markShared == 0
}

// normal is a symbol's normal name.
func (p *program) normal(symbol uint32) string {
	if p.renamed.has(symbol) {
		return p.renamed.of(symbol)
	}
	return p.file.Symbols[symbol].Name()
}

type symbolMark uint8

const (
	markShared    symbolMark = 1 << iota // another symbol has the same normal name
	markAnonymous                        // data without a name in the source
	markLine                             // a function with a parameter that is a line
	markPrints                           // a function that prints what a WARN says
	markTwin                             // shared, and its file and size don't tell which it is
	markBook                             // shared, and keeps books for one place in the code
	markEntry                            // what the function goes by that starts there
	markLabel                            // a label in code
)

func newProgram(file *object.File, m *machine, table *lines.Table, workers int) (*program, error) {
	p := &program{
		file:    file,
		lines:   table,
		machine: m,
		kinds:   make([]sectionKind, len(file.Sections)),
		inKinds: make([]sectionKind, len(file.Symbols)),
		marks:   make([]symbolMark, len(file.Symbols)),
	}
	var load parallel.Group // functions and tables, beside what doesn't need them
	var err error
	load.Go(func() {
		if p.code, err = object.LoadCode(file, object.Conventions{Branch: m.branch, Nops: m.nops}); err == nil {
			p.tables, err = alternatives.Load(file, p.code, m.address64)
		}
	})
	parallel.Chunks(workers, len(file.Sections), parallel.Chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p.kinds[i] = kindOf(&file.Sections[i])
		}
	})
	p.nameSymbols(workers)
	if load.Wait(); err != nil {
		return nil, err
	}
	p.markEntries()
	p.findLabels()
	p.findTypeHashes()
	p.findFormats()
	p.sources = sync.OnceValue(p.findSources)
	p.replaced = p.replacements()
	p.markFronts(workers)
	if m.addressing != nil {
		p.findTaken()
	}
	return p, nil
}

// typeHashSize is the length of a kCFI type hash in bytes.
const typeHashSize = 4

// typePrefix begins the names of the symbols whose value is a function's type hash, by which
// assembly refers to it (SYM_TYPED_START, include/linux/cfi_types.h).
const typePrefix = "__kcfi_typeid_"

// findTypeHashes makes the type hashes of kCFI that stand in front of functions as
// data, without a symbol, a part of these (rule 1.3): a word that isn't zero, or is
// relocated by the symbol of a hash, with nothing but padding behind.
func (p *program) findTypeHashes() {
	in := &decode.Inst{}
	for i := range p.file.Sections {
		section := uint32(i)
		if p.kinds[i] != sectionCode {
			continue
		}
		for start, end, ok := p.code.Data(section, 0); ok; start, end, ok = p.code.Data(section, end) {
			if end-start == typeHashSize && p.machine.fill(p.file.Data(section)[start:end]) == 0 {
				p.typeHash(section, start, in)
			}
		}
	}
	if !p.typed {
		return
	}
	for i := range p.code.Extents {
		e := &p.code.Extents[i]
		if e.Part > 0 || p.code.Funcs[e.Func].Prefix < e.Start {
			continue
		}
		relocs := p.file.Relocs(e.Section).Between(e.Start-min(e.Start, typeHashReach), e.Start)
		for n := range relocs.Len() {
			if r := relocs.At(n); !p.machine.isNone(r.Type) && strings.HasPrefix(p.file.Symbols[r.Symbol].Name(), typePrefix) {
				p.typeHash(e.Section, r.Offset, in)
			}
		}
	}
}

// typeHashReach is how many bytes a relocated type hash stands in front of a function at
// most: as many NOPs as the kernel has there, several times.
const typeHashReach = 256

// typeHash makes a type hash a part of the functions behind it, if nothing but padding
// stands between.
func (p *program) typeHash(section uint32, start uint64, in *decode.Inst) {
	next, end := p.code.Before(section, start), start+typeHashSize
	if next < 0 || p.code.Innermost(section, start) >= 0 {
		return
	}
	e := &p.code.Extents[next]
	if e.Part > 0 || end > e.Start || !p.padding(section, end, e.Start, in) {
		return
	}
	for n := next; n < len(p.code.Extents) && p.code.Extents[n].Section == section && p.code.Extents[n].Start == e.Start; n++ {
		fn := &p.code.Funcs[p.code.Extents[n].Func]
		fn.Prefix = min(fn.Prefix, start)
	}
}

// nameSymbols computes normal names, which symbols are anonymous data, and
// which share a name.
func (p *program) nameSymbols(workers int) {
	hashes, free := huge.Scratch[uint64](len(p.file.Symbols))
	defer free()
	p.renamed = newRenames(len(p.file.Symbols))
	var typed atomic.Bool
	parallel.Chunks(workers, len(p.file.Symbols), parallel.Chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := &p.file.Symbols[i]
			name := s.Name()
			normal := Normal(name)
			if len(normal) != len(name) || normal != name {
				p.renamed.add(uint32(i), normal)
			}
			if s.Defined() {
				p.inKinds[i] = p.kinds[s.Section]
			}
			if s.Type() == elf.STT_SECTION || s.Type() == elf.STT_FILE {
				continue
			}
			if !s.Defined() || p.kinds[s.Section] == sectionCode {
				p.marks[i] |= p.lineMarks(normal)
			}
			if !s.Defined() && strings.HasPrefix(name, typePrefix) {
				typed.Store(true)
			}
			if !s.Defined() {
				continue
			}
			if p.isAnonymous(s) {
				p.marks[i] |= markAnonymous
				continue
			}
			hashes[i] = xxh3.HashString(normal) | 1 // 0: it has no name to share
		}
	})
	p.typed = typed.Load()
	p.lineSections = make([]bool, len(p.file.Sections))
	for i := range p.marks {
		if s := &p.file.Symbols[i]; p.marks[i]&markLine != 0 && s.Defined() {
			p.lineSections[s.Section] = true
		}
	}
	for i := range p.marks { // a call may be by the section, too
		if s := &p.file.Symbols[i]; s.Type() == elf.STT_SECTION && s.Defined() && p.lineSections[s.Section] {
			p.marks[i] |= markLine
		}
	}
	p.markRepeated(hashes, markShared)
	p.findNamesakes(hashes)
	p.markTwins(hashes, workers)
}

// isAnonymous is rule 3.6 for a datum with a symbol: a compiler's name for
// nameless data, or a numbered static that nothing writes, of which a file may
// have many with one stem.
func (p *program) isAnonymous(s *object.Symbol) bool {
	switch p.kinds[s.Section] {
	case sectionReadOnly, sectionStrings, sectionMerge:
		return anonymousName(s.Name()) || numbered(s.Name()) || s.Size == 0 && s.Local() && temporaryName(s.Name())
	case sectionWritable:
		return s.Local() && s.Type() != elf.STT_SECTION && anonymousName(s.Name())
	}
	return false
}

// markRepeated marks the symbols whose hash another symbol has too; 0 is none.
// Two different names that share a hash would only be told apart more carefully
// than needed.
func (p *program) markRepeated(hashes []uint64, mark symbolMark) {
	some := 0
	for _, hash := range hashes {
		if hash != 0 {
			some++
		}
	}
	size := 1
	for size < some+some/2 {
		size *= 2
	}
	first, free := huge.Scratch[uint32](size) // the first symbol of a hash, or 0
	defer free()
	for i, hash := range hashes {
		if hash == 0 {
			continue
		}
		at := int(hash>>1) & (size - 1)
		for first[at] != 0 && hashes[first[at]] != hash {
			at = (at + 1) & (size - 1)
		}
		if first[at] == 0 {
			first[at] = uint32(i)
			continue
		}
		p.marks[i] |= mark
		p.marks[first[at]] |= mark
	}
}

// findNamesakes finds the symbols with the hash of one in code that shares its name.
func (p *program) findNamesakes(hashes []uint64) {
	const bits = 1 << 20 // most other names have none of them
	var functions [bits / wordBits]uint64
	for i, mark := range p.marks {
		if mark&markShared != 0 && p.inKinds[i] == sectionCode {
			functions[hashes[i]%bits/wordBits] |= 1 << (hashes[i] % wordBits)
		}
	}
	for i, mark := range p.marks {
		if mark&markShared != 0 && functions[hashes[i]%bits/wordBits]>>(hashes[i]%wordBits)&1 != 0 {
			p.namesakes = append(p.namesakes, uint32(i))
		}
	}
}

// markTwins marks the symbols that share a name and that not even the
// disambiguation digest tells apart: of one file and size. What keeps books for
// one place in the code isn't worth telling apart.
func (p *program) markTwins(hashes []uint64, workers int) {
	parallel.Chunks(workers, len(hashes), parallel.Chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if hashes[i] == 0 {
				continue
			}
			if p.marks[i]&markShared == 0 {
				hashes[i] = 0
				continue
			}
			if p.isBook(uint32(i)) {
				hashes[i] = 0
				p.marks[i] |= markBook
				continue
			}
			hashes[i] = xxh3.HashStringSeed(p.file.FileName(uint32(i)), hashes[i]+p.file.Symbols[i].Size) | 1
		}
	})
	p.markRepeated(hashes, markTwin)
}

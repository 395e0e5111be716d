// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"sync"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/alternatives"
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
	kinds   []sectionKind // by section
	normal  []string      // by symbol: its normal name
	marks   []symbolMark  // by symbol
	tables  *alternatives.Tables
	data    bool // data have records too
	lines   *lines.Table
	debug   *lines.Debug // nil where there is none, or nobody asked
	// lineSections are the sections in which a function is defined that takes
	// a line: calls within a section may have no relocation.
	lineSections map[uint32]bool
	stray        *strays // nil until they are known
	bounds       bounds  // where nameless data ends; nil until it is known
}

type symbolMark uint8

const (
	markShared    symbolMark = 1 << iota // another symbol has the same normal name
	markAnonymous                        // data without a name in the source
	markLine                             // a function with a parameter that is a line
	markPrints                           // a function that prints what a WARN says
)

func newProgram(file *object.File, m *machine, table *lines.Table, workers int) (*program, error) {
	p := &program{
		file:    file,
		lines:   table,
		machine: m,
		kinds:   make([]sectionKind, len(file.Sections)),
		normal:  make([]string, len(file.Symbols)),
		marks:   make([]symbolMark, len(file.Symbols)),
	}
	var load sync.WaitGroup // functions and tables, beside what doesn't need them
	var err error
	load.Go(func() {
		if p.code, err = object.LoadCode(file, m.branch); err == nil {
			p.tables, err = alternatives.Load(file, p.code)
		}
	})
	for i := range file.Sections {
		p.kinds[i] = kindOf(&file.Sections[i])
	}
	p.nameSymbols(workers)
	if load.Wait(); err != nil {
		return nil, err
	}
	p.markFronts()
	return p, nil
}

// nameSymbols computes normal names, which symbols are anonymous data, and
// which share a name.
func (p *program) nameSymbols(workers int) {
	hashes := make([]uint64, len(p.file.Symbols))
	parallel.Chunks(workers, len(p.file.Symbols), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := &p.file.Symbols[i]
			p.normal[i] = Normal(s.Name)
			if !s.Defined() || p.kinds[s.Section] == sectionCode {
				p.marks[i] |= p.lineMarks(p.normal[i])
			}
			if !s.Defined() || s.Type() == elf.STT_SECTION || s.Type() == elf.STT_FILE {
				continue
			}
			if p.isAnonymous(s) {
				p.marks[i] |= markAnonymous
				continue
			}
			hashes[i] = xxh3.HashString(p.normal[i]) | 1 // 0: it has no name to share
		}
	})
	p.lineSections = map[uint32]bool{}
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
	p.markShared(hashes)
}

// isAnonymous is rule 3.6 for a datum with a symbol: a compiler's name for
// nameless data, or a numbered static that nothing writes, of which a file may
// have many with one stem.
func (p *program) isAnonymous(s *object.Symbol) bool {
	switch p.kinds[s.Section] {
	case sectionReadOnly, sectionStrings, sectionMerge:
		return anonymousName(s.Name) || numbered(s.Name)
	case sectionWritable:
		return s.Local() && s.Type() != elf.STT_SECTION && anonymousName(s.Name)
	}
	return false
}

// markShared marks the symbols whose normal name more than one symbol of the
// object has. Names count by their hash: two different names that share one
// would only be told apart more carefully than needed.
func (p *program) markShared(hashes []uint64) {
	size := 1
	for size < 2*len(hashes) {
		size *= 2
	}
	first := make([]uint32, size) // the first symbol of a hash, or 0
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
		p.marks[i] |= markShared
		p.marks[first[at]] |= markShared
	}
}

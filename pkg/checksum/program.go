// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"sync"

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
	stray   *strays       // nil until they are known
	bounds  bounds        // where nameless data ends; nil until it is known
}

type symbolMark uint8

const (
	markShared    symbolMark = 1 << iota // another symbol has the same normal name
	markAnonymous                        // data without a name in the source
)

func newProgram(file *object.File, code *object.Code, m *machine, workers int) *program {
	p := &program{
		file:    file,
		code:    code,
		machine: m,
		kinds:   make([]sectionKind, len(file.Sections)),
		normal:  make([]string, len(file.Symbols)),
		marks:   make([]symbolMark, len(file.Symbols)),
	}
	for i := range file.Sections {
		p.kinds[i] = kindOf(&file.Sections[i])
	}
	p.nameSymbols(workers)
	p.markShared()
	return p
}

// nameSymbols computes normal names, and which symbols are anonymous data.
func (p *program) nameSymbols(workers int) {
	var wait sync.WaitGroup
	n := len(p.file.Symbols)
	for w := range workers {
		wait.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				s := &p.file.Symbols[i]
				p.normal[i] = Normal(s.Name)
				if s.Defined() && p.isAnonymous(s) {
					p.marks[i] |= markAnonymous
				}
			}
		})
	}
	wait.Wait()
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
// object has. Names count by their 64-bit hash: two different names that
// share one would only be told apart more carefully than needed.
func (p *program) markShared() {
	named := func(i int) bool {
		s := &p.file.Symbols[i]
		return s.Defined() && s.Type() != elf.STT_SECTION && s.Type() != elf.STT_FILE && p.marks[i]&markAnonymous == 0
	}
	size := 1
	for size < 2*len(p.file.Symbols) {
		size *= 2
	}
	type slot struct {
		hash   uint64
		symbol uint32 // the first with that hash; 0 marks a free slot
	}
	table := make([]slot, size)
	for i := range p.file.Symbols {
		if i == 0 || !named(i) {
			continue
		}
		hash := xxh3.HashString(p.normal[i])
		at := int(hash) & (size - 1)
		for table[at].symbol != 0 && table[at].hash != hash {
			at = (at + 1) & (size - 1)
		}
		if table[at].symbol == 0 {
			table[at] = slot{hash, uint32(i)}
			continue
		}
		p.marks[i] |= markShared
		p.marks[table[at].symbol] |= markShared
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"math/bits"

	"github.com/fnsum/fnsum/internal/parallel"
)

// renames is the normal names of the symbols whose own they aren't, by stretches of so
// many symbols as a worker names at once. A name's place in the list of its stretch is
// the number of renamed symbols in front of it: those of the words of the set before
// that which the symbol is in, and of the bits in this.
type renames struct {
	set    []uint64 // a bit for each symbol
	before []uint16 // by word of the set
	names  [][]string
}

const wordBits = 64

func newRenames(symbols int) renames {
	words := symbols/wordBits + 1
	return renames{make([]uint64, words), make([]uint16, words), make([][]string, symbols/parallel.Chunk+1)}
}

// usualRenames is how many symbols of a stretch are added in a kernel, roughly.
const usualRenames = 64

// add adds a symbol, which must be behind those of its stretch that were added.
func (r *renames) add(symbol uint32, normal string) {
	names := &r.names[symbol/parallel.Chunk]
	if *names == nil {
		*names = make([]string, 0, usualRenames)
	}
	word := symbol / wordBits
	if r.set[word] == 0 {
		r.before[word] = uint16(len(*names))
	}
	r.set[word] |= 1 << (symbol % wordBits)
	*names = append(*names, normal)
}

// has tells whether a symbol was added.
func (r *renames) has(symbol uint32) bool {
	return r.set[symbol/wordBits]>>(symbol%wordBits)&1 != 0
}

// of is the normal name of a symbol that was added.
func (r *renames) of(symbol uint32) string {
	word := symbol / wordBits
	in := r.set[word] & (1<<(symbol%wordBits) - 1)
	return r.names[symbol/parallel.Chunk][int(r.before[word])+bits.OnesCount64(in)]
}

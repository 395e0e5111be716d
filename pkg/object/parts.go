// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Compilers put parts of a function elsewhere, under names of their own: what they take for
// cold, and with basic-block sections any part. Rules 1.4 and 2.8 make these parts of it.

// partSuffixes are what such names add to the function's: gcc's and clang's cold parts
// (foo.cold.N before gcc 9, and clang's), clang's -fbasic-block-sections and its Machine
// Function Splitter, which AutoFDO's and Propeller's profiles drive.
var partSuffixes = [...]string{".cold", ".__part", ".split"}

// splitPart is the name of the function that a part of it has a name like, and the number
// of the part, -1 for none. A part of a part belongs to the function, too.
func splitPart(name string) (parent string, number int, ok bool) {
	if name == "" || name[len(name)-1] != 'd' && name[len(name)-1] != 't' && (name[len(name)-1] < '0' || name[len(name)-1] > '9') {
		return "", 0, false // as most are
	}
	stem, number := name, -1
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if n, err := strconv.ParseUint(name[dot+1:], 10, 31); err == nil {
			stem, number = name[:dot], int(n)
		}
	}
	for _, suffix := range partSuffixes {
		parent, found := strings.CutSuffix(stem, suffix)
		if !found || parent == "" {
			continue
		}
		if outer, _, ok := splitPart(parent); ok {
			parent = outer
		}
		return parent, number, true
	}
	return "", 0, false
}

// family is what goes by one name: functions, and parts that were split off such.
type family struct {
	symbols, parents []uint32 // the functions, and by which symbol they have the name
	parts            []splitFunc
}

// splitFunc is a part, so far a function of its own.
type splitFunc struct {
	fn     uint32
	number int
}

// attachParts makes parts that were split off a function parts of it. Of several functions
// of the name it is the one from which jumps lead there, through other parts too, else the
// one of the same file. A part whose function isn't found stays one of its own.
func (c *Code) attachParts() {
	families := map[string]*family{}
	var names []string // in order
	for i := range c.Funcs {
		parent, number, ok := splitPart(c.Name(c.Funcs[i].Primary))
		if !ok {
			continue
		}
		x := families[parent]
		if x == nil {
			x = &family{}
			families[parent] = x
			names = append(names, parent)
		}
		x.parts = append(x.parts, splitFunc{uint32(i), number})
	}
	if len(families) == 0 {
		return
	}
	c.findParents(families)
	budget := maxFollowed
	gone := make([]bool, len(c.Funcs))
	for _, name := range names {
		x := families[name]
		// Which section comes first says nothing: parts are numbered by their names.
		slices.SortStableFunc(x.parts, func(a, b splitFunc) int { return cmp.Compare(a.number, b.number) })
		owners := c.owners(x, &budget)
		for i, part := range x.parts {
			if owners[i] < 0 {
				continue
			}
			extent, more := c.Funcs[part.fn].Entry, c.Funcs[owners[i]].needMore()
			more.cold = append(more.cold, extent)
			c.Extents[extent].Func, c.Extents[extent].Part = uint32(owners[i]), uint32(len(more.cold))
			gone[part.fn] = true
		}
	}
	c.dropFuncs(gone)
}

// findParents finds the functions that have the names of families.
func (c *Code) findParents(families map[string]*family) {
	for i := range c.Funcs {
		fn := &c.Funcs[i]
		if _, _, ok := splitPart(c.Name(fn.Primary)); ok {
			continue // no parent itself, whatever its aliases are called
		}
		aliases := fn.Aliases()
		for n := -1; n < len(aliases); n++ {
			symbol := fn.Primary
			if n >= 0 {
				symbol = aliases[n]
			}
			if x := families[c.Name(symbol)]; x != nil {
				x.symbols, x.parents = append(x.symbols, symbol), append(x.parents, uint32(i))
			}
		}
	}
}

// What stands for the owner of a part where none is found, or several are.
const (
	noOwner       = -1
	severalOwners = -2
)

// maxParents is among how many functions of one name those of parts are looked for: each
// part's file is compared with each. The kernel has half a dozen init_once.
const maxParents = 256

// maxFollowed is how many relocations are followed in all: a function with many names may be
// in many families. No kernel needs a hundredth.
const maxFollowed = 1 << 24

// owners is, for each part of a family, the function that it is a part of, or negative.
func (c *Code) owners(x *family, budget *int) []int {
	owners := make([]int, len(x.parts))
	for i := range owners {
		owners[i] = noOwner
		if len(x.parents) == 1 {
			owners[i] = int(x.parents[0])
		}
	}
	if len(x.parents) < 2 || len(x.parents) > maxParents {
		return owners
	}
	c.followJumps(x, owners, budget)
	for i, part := range x.parts {
		if owners[i] < 0 {
			owners[i] = c.ownerByFile(x, part.fn)
		}
	}
	return owners
}

// followJumps finds the owners of parts by what leads there: relocations in functions of
// the family, and in parts whose owner is known.
func (c *Code) followJumps(x *family, owners []int, budget *int) {
	index := map[uint32]int{} // of parts, by extent
	for i, part := range x.parts {
		index[c.Funcs[part.fn].Entry] = i
	}
	type source struct {
		extent uint32
		owner  int
	}
	var from []source
	for _, fn := range x.parents {
		from = append(from, source{c.Funcs[fn].Entry, int(fn)})
	}
	for len(from) > 0 && *budget > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		e := &c.Extents[s.extent]
		relocs := c.file.Relocs(e.Section).Between(e.Start, e.End)
		*budget -= relocs.Len()
		for i := range relocs.Len() {
			r := relocs.At(i)
			to := &c.file.Symbols[r.Symbol]
			if !to.Defined() || c.file.IsNone(r.Type) {
				continue
			}
			extent := c.Innermost(to.Section, to.Value+uint64(r.Addend-c.conventions.Branch))
			if extent < 0 {
				continue
			}
			part, ok := index[uint32(extent)]
			switch {
			case !ok || owners[part] == s.owner || owners[part] == severalOwners:
				continue
			case owners[part] == noOwner:
				owners[part] = s.owner
			default:
				owners[part] = severalOwners
			}
			from = append(from, source{uint32(extent), owners[part]})
		}
	}
}

// ownerByFile is the only function of a family that is in a part's file, or negative.
func (c *Code) ownerByFile(x *family, part uint32) int {
	owner := noOwner
	file := c.file.SourceFile(c.Funcs[part].Primary)
	for i, fn := range x.parents {
		if s := &c.file.Symbols[x.symbols[i]]; !s.Local() || file == 0 || c.file.SourceFile(x.symbols[i]) != file {
			continue
		}
		if owner != noOwner && owner != int(fn) {
			return severalOwners
		}
		owner = int(fn)
	}
	return owner
}

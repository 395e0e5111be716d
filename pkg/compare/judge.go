// SPDX-License-Identifier: MIT

package compare

import (
	"maps"
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// judge says what became of pairs.
type judge struct {
	dwarf bool // debug information was evidence for line numbers on both sides
	// again is the records of pairs that objects at hand tell more about.
	again map[[2]*checksum.Record][2]*checksum.Record
	// choices is what the references of such pairs mean that may mean several things.
	choices map[[2]*checksum.Record][2][]int
}

// change compares the two sides of a pair.
func (j *judge) change(p *pair) Change {
	shown := p.newer
	if shown == nil {
		shown = p.older
	}
	c := Change{
		Name: shown.Name, File: shown.File, Inferred: shown.Inferred(), Section: shown.Section,
		Old: p.older, New: p.newer, PairedBy: p.by,
	}
	if p.alias {
		c.Name = p.name
	}
	switch {
	case p.older == nil:
		c.Status = Added
	case p.newer == nil:
		c.Status = Removed
	default:
		c.Reasons, c.Choices = j.reasons(p), j.choices[[2]*checksum.Record{p.older, p.newer}]
		switch {
		case slices.Equal(c.Reasons, onlyLines):
			c.Status = LineOnly
		case c.Reasons != nil:
			c.Status = Changed
		case p.renamed():
			c.Status = Renamed
		}
	}
	return c
}

// reasons names the classes in which the two sides of a pair differ.
func (j *judge) reasons(p *pair) []string {
	again, ok := j.again[[2]*checksum.Record{p.older, p.newer}]
	if !ok {
		again = [2]*checksum.Record{p.older, p.newer}
	}
	return reasons(again[0], again[1], j.dwarf)
}

// link makes the records again of pairs that the names alone leave in doubt.
func (j *judge) link(pairs []pair, l *linked) {
	var doubtful, byName [][2]*checksum.Record // byName: the same unless a name means something else
	for i := range pairs {
		p := &pairs[i]
		if p.older == nil || p.newer == nil {
			continue
		}
		pair := [2]*checksum.Record{p.older, p.newer}
		switch {
		case reasons(p.older, p.newer, j.dwarf) != nil || p.ambiguous():
			doubtful = append(doubtful, pair)
		case p.refersByName():
			byName = append(byName, pair)
		}
	}
	if len(doubtful)+len(byName) == 0 {
		return
	}
	l.pairVariables()
	if len(byName) > 0 && !l.agree() {
		doubtful = append(doubtful, byName...)
	}
	j.again = l.again(doubtful, nil)
	// What differs in what it refers to may differ in nothing but a reading.
	doubtful = slices.DeleteFunc(doubtful, func(p [2]*checksum.Record) bool {
		list := reasons(j.again[p][0], j.again[p][1], j.dwarf)
		return list == nil || slices.Contains(list, checksum.Instructions.String())
	})
	j.choices = l.choose(doubtful)
	maps.Copy(j.again, l.again(slices.Collect(maps.Keys(j.choices)), j.choices))
}

// again makes the records of pairs again, with references by pair, and the readings that
// were chosen; those that an object doesn't have are as they are.
func (l *linked) again(pairs [][2]*checksum.Record, choices map[[2]*checksum.Record][2][]int) map[[2]*checksum.Record][2]*checksum.Record {
	older, newer := bothSides(func(side int) []checksum.Record {
		made := make([]checksum.Record, len(pairs))
		for i, p := range pairs {
			made[i] = *p[side]
			if again, ok := l.sides[side].Again(p[side], choices[p][side]); ok {
				made[i] = again
			}
		}
		return made
	})
	again := make(map[[2]*checksum.Record][2]*checksum.Record, len(pairs))
	for i, p := range pairs {
		again[p] = [2]*checksum.Record{&older[i], &newer[i]}
	}
	return again
}

// onlyReferences tells whether a function changed, and perhaps in nothing but
// what it refers to is called.
func (c *Change) onlyReferences() bool {
	return c.Status == Changed && !slices.ContainsFunc(c.Reasons, func(reason string) bool {
		return reason == checksum.Instructions.String() || reason == checksum.Strings.String() || reason == checksum.CFI.String() || reason == reasonSection
	})
}

// doubtful tells whether the objects may know better than their checksums what
// became of a pair.
func (j *judge) doubtful(p pair) bool {
	if p.older == nil || p.newer == nil || p.by == ByPosition || p.ambiguous() || p.otherName() {
		return true
	}
	list := reasons(p.older, p.newer, j.dwarf)
	return list != nil && !slices.Equal(list, onlyLines)
}

// refersByName tells whether a side refers to something by a name that others
// have too.
func (p *pair) refersByName() bool {
	return p.older.Disambiguation != 0 || p.newer.Disambiguation != 0
}

// ambiguous tells whether what a pair refers to by such a name is left open, or
// said to be something else by nothing but a file's name and a size.
func (p *pair) ambiguous() bool {
	if p.older == nil || p.newer == nil || !p.refersByName() {
		return false
	}
	return p.older.Ambiguous || p.newer.Ambiguous || p.older.Disambiguation != p.newer.Disambiguation
}

// otherName tells whether references to the one side of a pair may be by another
// name than those to the other.
func (p pair) otherName() bool {
	return p.older != nil && p.newer != nil && !p.alias && p.older.Name != p.newer.Name &&
		checksum.Normal(p.older.Name) != checksum.Normal(p.newer.Name)
}

// otherNameOrNone tells whether a function was renamed, or may have been: it calls
// one that was, so that its own digest isn't the same.
func (p pair) otherNameOrNone() bool { return p.older == nil || p.newer == nil || p.otherName() }

// renamed tells whether the two sides of a pair have no name in common.
func (p pair) renamed() bool { return p.otherName() && !sharedName(p.older, p.newer) }

// sharedName tells whether two functions have a name in common.
func sharedName(a, b *checksum.Record) bool {
	names := map[string]bool{}
	for _, name := range normalNames(a) {
		names[name] = true
	}
	return slices.ContainsFunc(normalNames(b), func(name string) bool { return names[name] })
}

// normalNames is the normal names of a function, the primary one first.
func normalNames(r *checksum.Record) []string {
	names := []string{checksum.Normal(r.Name)}
	for _, alias := range r.Aliases() {
		names = append(names, checksum.Normal(alias))
	}
	return names
}

// The reasons that are no classes: line numbers moved, the function did.
const (
	reasonLines   = "lines"
	reasonSection = "section"
)

var onlyLines = []string{reasonLines}

// reasons names the classes in which two records differ, nil where they are
// the same.
func reasons(a, b *checksum.Record, dwarf bool) []string {
	// Only where both sides have something to tell apart does it count: a
	// second symbol of a name may have come or gone elsewhere.
	ambiguous := a.Disambiguation != b.Disambiguation && min(a.Disambiguation, b.Disambiguation) > checksum.InDoubt
	moved := checksum.Place(a.Section) != checksum.Place(b.Section)
	if a.Digest == b.Digest && !ambiguous && !moved {
		return nil
	}
	if dwarf && !ambiguous && !moved && unlined(a) == unlined(b) {
		return onlyLines
	}
	list, moreLines := classReasons(a, b)
	references := checksum.References.String()
	if (ambiguous || a.Digest != b.Digest && len(list) == 0 && !moreLines) && !slices.Contains(list, references) {
		at := 0
		if len(list) > 0 && list[0] == checksum.Instructions.String() {
			at = 1
		}
		list = slices.Insert(list, at, references)
	}
	if moved {
		list = append(list, reasonSection)
	}
	if moreLines {
		list = append(list, reasonLines)
	}
	return list
}

// unlined is the digest with the fewest line numbers.
func unlined(r *checksum.Record) checksum.Digest {
	for _, d := range [...]checksum.Digest{r.Dwarf(), r.Masked()} {
		if d != (checksum.Digest{}) {
			return d
		}
	}
	return r.Digest
}

// classReasons names the classes that differ, by their exact digests and by
// those without line numbers, and tells whether line numbers differ in others.
// The places of tables are a reason only where the instructions are the same,
// but for line numbers: otherwise these may have moved them.
func classReasons(a, b *checksum.Record) (list []string, moreLines bool) {
	same := true // so far, the instructions, which come first
	for i, j := 0, 0; i < len(a.Classes) || j < len(b.Classes); {
		order := 0 // which side has the next class, both if 0
		switch {
		case i == len(a.Classes):
			order = 1
		case j == len(b.Classes):
			order = -1
		default:
			order = a.Classes[i].Order(&b.Classes[j])
		}
		var class *checksum.ClassDigest
		differs := order != 0
		switch {
		case order < 0:
			class, i = &a.Classes[i], i+1
		case order > 0:
			class, j = &b.Classes[j], j+1
		default:
			class = &a.Classes[i]
			other := &b.Classes[j]
			unlined := class.Exact != other.Exact && class.Masked() == other.Masked()
			moreLines = moreLines || unlined
			differs = class.Exact != other.Exact && !unlined || same && class.Places() != other.Places()
			i, j = i+1, j+1
		}
		if differs {
			list = append(list, class.Reason())
			same = same && class.Class != checksum.Instructions
		}
	}
	return list, moreLines
}

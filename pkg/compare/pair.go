// SPDX-License-Identifier: MIT

package compare

import (
	"cmp"
	"runtime"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

// Pairing finds the counterpart of each function of one object in the other.
// Its steps, of which each deals with what those before it left over:
//
//  1. One function of a normal name on each side.
//  2. Functions of one normal name, by what tells them apart: file and scope,
//     then content (nameSteps), then neighbours, the functions that they call
//     and that call them, where the objects are at hand.
//  3. Functions that share any name: aliases that joined or left.
//  4. Functions whose name gained or lost the suffix of a clone.
//  5. Functions of the same content under another name: renamed ones.
//  6. By position among those of one normal name, as a last resort.
//  7. Orphans: by content, then by position in their section.

// pair is a function on both sides; one is nil where the other has no
// counterpart.
type pair struct {
	older, newer *checksum.Record
	by           Evidence
	// split is set where the two aren't each other's counterpart: a name of the one
	// stands for the other's code.
	split bool
	// alias is set where the pair is about one name only: it is an alias on
	// one side at least, and its code was found paired otherwise.
	alias bool
	name  string // the alias
}

// candidate is a function, an orphan or a variable that looks for its counterpart.
type candidate struct {
	*checksum.Record
	normal string     // its normal name
	paired *candidate // its counterpart, nil where none was found yet
}

// function tells whether the candidate is one.
func (c *candidate) function() bool { return c.Kind == checksum.Function }

// pairing finds the counterparts of one object's functions.
type pairing struct {
	pairs  []pair
	linked *linked // nil where the objects aren't at hand
	named  int     // how many of the pairs have been given names
	names  *allNames
}

// pairRecords pairs the functions and orphans of two objects, whatever order
// their records are in. Every record of the new side is in exactly one pair
// that is no alias, every one of the old side in one pair at least.
func pairRecords(oldRecords, newRecords []checksum.Record, linked *linked) []pair {
	older, newer := bothSides(func(side int) []*candidate {
		return candidates([...][]checksum.Record{oldRecords, newRecords}[side])
	})
	p := &pairing{linked: linked, pairs: make([]pair, 0, max(len(older), len(newer)))}
	groups := p.pairNames(older, newer)
	p.pairGroups(groups, nameSteps[:])
	for _, g := range groups {
		p.pairTwins(g)
	}
	if p.names = findNames(older, newer); p.names != nil {
		p.pairByAlias(newer)
		p.pairGroups(p.leftovers(older, newer, stem), stemSteps[:])
		p.pairRenamed(older, newer)
		for _, g := range groups {
			g.drop()
			p.pairInOrder(g, ByPosition)
		}
		p.pairMoved(older, newer)
	}
	p.pairOrphans(older, newer)
	if linked != nil {
		p.name()
	}
	return p.pairs
}

// bothSides makes something of the old and the new side at once.
func bothSides[T any](what func(side int) T) (older, newer T) {
	var wait parallel.Group
	wait.Go(func() { older = what(0) })
	newer = what(1)
	wait.Wait()
	return older, newer
}

// sorted is the records in the order that pairing by position goes by: that of
// compareRecords, which differs from a manifest's where several have a name.
func sorted(records []checksum.Record) []*checksum.Record {
	list := make([]*checksum.Record, len(records))
	for i, index := range manifest.Order(records) {
		list[i] = &records[index]
	}
	for lo := 0; lo < len(list); {
		hi := lo + 1
		for hi < len(list) && list[hi].Name == list[lo].Name && list[hi].File == list[lo].File {
			hi++
		}
		slices.SortFunc(list[lo:hi], compareRecords)
		lo = hi
	}
	return list
}

// candidates is records that look for their counterparts, in that order.
func candidates(records []checksum.Record) []*candidate {
	list, all := make([]*candidate, len(records)), make([]candidate, len(records))
	for i, r := range sorted(records) {
		all[i] = candidate{Record: r, normal: checksum.Normal(r.Name)}
		list[i] = &all[i]
	}
	return list
}

// compareRecords compares all that a comparison shows or depends on: records
// that are equal here may change places.
func compareRecords(a, b *checksum.Record) int {
	return cmp.Or(
		strings.Compare(a.File, b.File),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Section, b.Section),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Sympos, b.Sympos),
		slices.Compare(a.Digest[:], b.Digest[:]),
		cmp.Compare(a.Disambiguation, b.Disambiguation),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(a.Scope, b.Scope),
		slices.Compare(a.Aliases(), b.Aliases()),
		slices.Compare(a.Cold(), b.Cold()),
	)
}

// appendPair adds a pair of which neither side has another counterpart.
func appendPair(pairs []pair, older, newer *candidate, by Evidence) []pair {
	older.paired, newer.paired = newer, older
	return append(pairs, pair{older: older.Record, newer: newer.Record, by: by})
}

func (p *pairing) add(older, newer *candidate, by Evidence) {
	p.pairs = appendPair(p.pairs, older, newer, by)
}

// group is what may be each other's counterparts, by side.
type group struct{ older, newer []*candidate }

// groupBy groups candidates of two sides by a key; those that have none are left
// out. The groups that have both sides are in the order of their keys.
func groupBy(older, newer []*candidate, key func(*candidate) (string, bool)) []*group {
	byKey := make(map[string]*group)
	for side, list := range [...][]*candidate{older, newer} {
		for _, c := range list {
			k, ok := key(c)
			if !ok {
				continue
			}
			g := byKey[k]
			if g == nil {
				g = &group{}
				byKey[k] = g
			}
			if side == 0 {
				g.older = append(g.older, c)
			} else {
				g.newer = append(g.newer, c)
			}
		}
	}
	keys := make([]string, 0, len(byKey))
	for k, g := range byKey {
		if len(g.older) > 0 && len(g.newer) > 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	groups := make([]*group, len(keys))
	for i, k := range keys {
		groups[i] = byKey[k]
	}
	return groups
}

func normalName(c *candidate) (string, bool) { return c.normal, c.function() }

func stem(c *candidate) (string, bool) { return checksum.Stem(c.normal), c.function() }

// pairNames pairs the functions whose normal name one function has on each
// side, and returns the groups of names that several have.
func (p *pairing) pairNames(older, newer []*candidate) []*group {
	was, is := bothSides(func(side int) map[string]*candidate {
		list := [...][]*candidate{older, newer}[side]
		only := make(map[string]*candidate, len(list)) // nil where several have the name
		for _, c := range list {
			if !c.function() {
				continue
			}
			if _, ok := only[c.normal]; ok {
				only[c.normal] = nil
			} else {
				only[c.normal] = c
			}
		}
		return only
	})
	found := make([]*candidate, len(older))
	parallel.Chunks(runtime.GOMAXPROCS(0), len(older), parallel.Chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if c := older[i]; c.function() && was[c.normal] == c {
				found[i] = is[c.normal]
			}
		}
	})
	for i, other := range found {
		if other != nil {
			p.add(older[i], other, ByName)
		}
	}
	return p.leftovers(older, newer, normalName)
}

// leftovers groups those that have no counterpart yet.
func (p *pairing) leftovers(older, newer []*candidate, key func(*candidate) (string, bool)) []*group {
	all := &group{slices.Clone(older), slices.Clone(newer)}
	all.drop()
	return groupBy(all.older, all.newer, key)
}

// drop removes from a group what has a counterpart by now.
func (g *group) drop() {
	paired := func(c *candidate) bool { return c.paired != nil }
	g.older, g.newer = slices.DeleteFunc(g.older, paired), slices.DeleteFunc(g.newer, paired)
}

// maxRounds bounds how often functions are looked at again because counterparts
// were found of what they refer to, or of what refers to them.
const maxRounds = 8

// pairGroups takes the steps for each group, and after them what neighbours
// tell, until that tells nothing new. No two groups have a candidate in common.
func (p *pairing) pairGroups(groups []*group, steps []step) {
	const atOnce = 16
	for range maxRounds {
		found := make([][]pair, len(groups))
		parallel.Chunks(runtime.GOMAXPROCS(0), len(groups), atOnce, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				for n := range steps {
					found[i] = groups[i].pairStep(&steps[n], found[i])
				}
			}
		})
		p.pairs = append(p.pairs, slices.Concat(found...)...)
		groups = slices.DeleteFunc(slices.Clone(groups), func(g *group) bool { return len(g.older) == 0 || len(g.newer) == 0 })
		if p.linked == nil || len(groups) == 0 || !p.pairNeighbours(groups) {
			break
		}
	}
}

// pairStep pairs those of a group that alone have a trait. It appends them to pairs.
func (g *group) pairStep(s *step, pairs []pair) []pair {
	if len(g.older) == 0 || len(g.newer) == 0 {
		return pairs
	}
	type found struct {
		older, newer *candidate
		many         bool
	}
	traits := map[trait]found{}
	for side, list := range [...][]*candidate{g.older, g.newer} {
		for _, c := range list {
			if t, ok := s.of(c.Record); ok {
				f := traits[t]
				to := [...]**candidate{&f.older, &f.newer}[side]
				f.many = f.many || *to != nil
				*to = c
				traits[t] = f
			}
		}
	}
	before := len(pairs)
	for _, c := range g.newer {
		t, ok := s.of(c.Record)
		if f := traits[t]; ok && f.older != nil && !f.many {
			pairs = appendPair(pairs, f.older, f.newer, s.by)
		}
	}
	if len(pairs) > before {
		g.drop()
	}
	return pairs
}

// pairTwins pairs functions of a group that are the same: which is which
// doesn't matter.
func (p *pairing) pairTwins(g *group) {
	for _, of := range [...]func(*checksum.Record) (trait, bool){both(inFile, sameReferences), sameReferences, sameContent} {
		byTrait := map[trait][]*candidate{}
		for _, c := range g.older {
			if t, ok := of(c.Record); ok {
				byTrait[t] = append(byTrait[t], c)
			}
		}
		for _, c := range g.newer {
			t, ok := of(c.Record)
			if list := byTrait[t]; ok && len(list) > 0 {
				p.add(list[0], c, ByContent)
				byTrait[t] = list[1:]
			}
		}
		g.drop()
	}
}

// pairInOrder pairs as many as there are on both sides, those of one file
// first.
func (p *pairing) pairInOrder(g *group, by Evidence) {
	for _, byFile := range [...]bool{true, false} {
		key := func(c *candidate) (string, bool) {
			if byFile {
				return localFile(c.Record), localFile(c.Record) != ""
			}
			return "", true
		}
		for _, some := range groupBy(g.older, g.newer, key) {
			for i := range min(len(some.older), len(some.newer)) {
				p.add(some.older[i], some.newer[i], by)
			}
		}
		g.drop()
	}
}

// pairRenamed pairs functions of the same content whose names are on one side
// only.
func (p *pairing) pairRenamed(older, newer []*candidate) {
	gone := func(all []*candidate, other int) (list []*candidate) {
		for _, c := range all {
			if c.function() && c.paired == nil && p.names.gone(other, c.normal) {
				list = append(list, c)
			}
		}
		if p.linked != nil && len(list) > 0 { // the other side has a function of that name, elsewhere
			undefined := p.linked.sides[other].Undefined()
			list = slices.DeleteFunc(list, func(c *candidate) bool { return undefined[c.normal] })
		}
		return list
	}
	left := &group{gone(older, 1), gone(newer, 0)}
	for range maxRounds {
		left.drop()
		if len(left.older) == 0 || len(left.newer) == 0 {
			return
		}
		before := len(p.pairs)
		groups := groupBy(left.older, left.newer, p.contents(left))
		p.pairGroups(groups, renameSteps[:])
		for _, g := range groups { // one is as good as another
			g.drop()
			p.pairInOrder(g, ByContent)
		}
		if p.linked == nil || len(p.pairs) == before {
			return
		}
	}
}

// pairOrphans pairs code without a symbol: by content, then in order within
// its section.
func (p *pairing) pairOrphans(older, newer []*candidate) {
	place := func(c *candidate) (string, bool) {
		if c.Kind != checksum.Orphan {
			return "", false
		}
		return checksum.Place(c.Section), true
	}
	for _, g := range groupBy(older, newer, place) {
		p.pairTwins(g)
		p.pairInOrder(g, ByPosition)
	}
	for _, c := range older {
		if c.Kind == checksum.Orphan && c.paired == nil {
			p.pairs = append(p.pairs, pair{older: c.Record})
		}
	}
	for _, c := range newer {
		if c.Kind == checksum.Orphan && c.paired == nil {
			p.pairs = append(p.pairs, pair{newer: c.Record})
		}
	}
}

// SPDX-License-Identifier: MIT

package compare

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
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
	// alias is set where the pair is about one name only: it is an alias on
	// one side at least, and its code was found paired otherwise.
	alias bool
	name  string // the alias
}

// pairing finds the counterparts of one object's functions.
type pairing struct {
	pairedOld, pairedNew map[*checksum.Record]*checksum.Record
	pairs                []pair
	linked               *linked // nil where the objects aren't at hand
	named                int     // how many of the pairs have been given names
	names                *allNames
}

// pairRecords pairs the functions and orphans of two objects, whatever order
// their records are in. Every record of the new side is in exactly one pair
// that is no alias, every one of the old side in one pair at least.
func pairRecords(oldRecords, newRecords []checksum.Record, linked *linked) []pair {
	older, newer := bothSides(func(side int) []*checksum.Record {
		return sorted([...][]checksum.Record{oldRecords, newRecords}[side])
	})
	p := &pairing{
		pairedOld: make(map[*checksum.Record]*checksum.Record, len(older)),
		pairedNew: make(map[*checksum.Record]*checksum.Record, len(newer)),
		linked:    linked,
	}
	p.pairs = make([]pair, 0, max(len(older), len(newer)))
	groups := p.pairNames(older, newer)
	p.pairGroups(groups, nameSteps[:])
	for _, g := range groups {
		p.pairTwins(g)
	}
	if p.names = p.findNames(older, newer); p.names != nil {
		p.pairByAlias(newer)
		p.pairGroups(p.leftovers(older, newer, stem), stemSteps[:])
		p.pairRenamed(older, newer)
		for _, g := range groups {
			p.drop(g)
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

// sorted is the records in the order that pairing by position goes by.
func sorted(records []checksum.Record) []*checksum.Record {
	list := make([]*checksum.Record, len(records))
	for i := range records {
		list[i] = &records[i]
	}
	slices.SortFunc(list, compareRecords)
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

func (p *pairing) add(older, newer *checksum.Record, by Evidence) {
	p.pairedOld[older], p.pairedNew[newer] = newer, older
	p.pairs = append(p.pairs, pair{older: older, newer: newer, by: by})
}

// group is records that may be each other's counterparts, by side.
type group struct{ older, newer []*checksum.Record }

// groupBy groups records of two sides by a key; those that have none are left
// out. The groups that have both sides are in the order of their keys.
func groupBy(older, newer []*checksum.Record, key func(*checksum.Record) (string, bool)) []*group {
	byKey := make(map[string]*group, len(newer))
	for side, records := range [...][]*checksum.Record{older, newer} {
		for _, r := range records {
			k, ok := key(r)
			if !ok {
				continue
			}
			g := byKey[k]
			if g == nil {
				g = &group{}
				byKey[k] = g
			}
			if side == 0 {
				g.older = append(g.older, r)
			} else {
				g.newer = append(g.newer, r)
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

func normalName(r *checksum.Record) (string, bool) {
	if r.Kind != checksum.Function {
		return "", false
	}
	return checksum.Normal(r.Name), true
}

func stem(r *checksum.Record) (string, bool) {
	name, ok := normalName(r)
	return checksum.Stem(name), ok
}

// pairNames pairs the functions whose normal name one function has on each
// side, and returns the groups of names that several have.
func (p *pairing) pairNames(older, newer []*checksum.Record) []*group {
	type slot struct {
		older, newer *checksum.Record
		many         bool
	}
	slots := make([]slot, 0, len(newer))
	byName := make(map[string]int32, len(newer))
	slotOf := func(name string) *slot {
		i, ok := byName[name]
		if !ok {
			i = int32(len(slots))
			byName[name] = i
			slots = append(slots, slot{})
		}
		return &slots[i]
	}
	names := map[*checksum.Record]string{} // of what shares its name
	for side, records := range [...][]*checksum.Record{older, newer} {
		for _, r := range records {
			if name, ok := normalName(r); ok {
				s := slotOf(name)
				to := [...]**checksum.Record{&s.older, &s.newer}[side]
				s.many = s.many || *to != nil
				*to = r
			}
		}
	}
	for i := range slots {
		if s := &slots[i]; !s.many && s.older != nil && s.newer != nil {
			p.add(s.older, s.newer, ByName)
		}
	}
	if len(p.pairs) == len(older) && len(p.pairs) == len(newer) {
		return nil
	}
	for _, records := range [...][]*checksum.Record{older, newer} {
		for _, r := range records {
			if name, ok := normalName(r); ok && slotOf(name).many {
				names[r] = name
			}
		}
	}
	return groupBy(older, newer, func(r *checksum.Record) (string, bool) {
		name, ok := names[r]
		return name, ok
	})
}

// leftovers groups the functions that have no counterpart yet.
func (p *pairing) leftovers(older, newer []*checksum.Record, key func(*checksum.Record) (string, bool)) []*group {
	all := &group{slices.Clone(older), slices.Clone(newer)}
	p.drop(all)
	return groupBy(all.older, all.newer, key)
}

// drop removes from a group what has a counterpart by now.
func (p *pairing) drop(g *group) {
	g.older = slices.DeleteFunc(g.older, func(r *checksum.Record) bool { return p.pairedOld[r] != nil })
	g.newer = slices.DeleteFunc(g.newer, func(r *checksum.Record) bool { return p.pairedNew[r] != nil })
}

// maxRounds bounds how often functions are looked at again because counterparts
// were found of what they refer to, or of what refers to them.
const maxRounds = 8

// pairGroups takes the steps for each group, and after them what neighbours
// tell, until that tells nothing new.
func (p *pairing) pairGroups(groups []*group, steps []step) {
	for range maxRounds {
		for _, g := range groups {
			for i := range steps {
				p.pairStep(g, &steps[i])
			}
		}
		groups = slices.DeleteFunc(slices.Clone(groups), func(g *group) bool { return len(g.older) == 0 || len(g.newer) == 0 })
		if p.linked == nil || len(groups) == 0 || !p.pairNeighbours(groups) {
			break
		}
	}
}

// pairStep pairs those of a group that alone have a trait.
func (p *pairing) pairStep(g *group, s *step) {
	if len(g.older) == 0 || len(g.newer) == 0 {
		return
	}
	type found struct {
		older, newer *checksum.Record
		many         bool
	}
	traits := map[trait]found{}
	for side, records := range [...][]*checksum.Record{g.older, g.newer} {
		for _, r := range records {
			if t, ok := s.of(r); ok {
				f := traits[t]
				to := [...]**checksum.Record{&f.older, &f.newer}[side]
				f.many = f.many || *to != nil
				*to = r
				traits[t] = f
			}
		}
	}
	paired := false
	for _, r := range g.newer {
		t, ok := s.of(r)
		if f := traits[t]; ok && f.older != nil && !f.many {
			p.add(f.older, f.newer, s.by)
			paired = true
		}
	}
	if paired {
		p.drop(g)
	}
}

// pairTwins pairs functions of a group that are the same: which is which
// doesn't matter.
func (p *pairing) pairTwins(g *group) {
	for _, of := range [...]func(*checksum.Record) (trait, bool){both(inFile, sameReferences), sameReferences, sameContent} {
		byTrait := map[trait][]*checksum.Record{}
		for _, r := range g.older {
			if t, ok := of(r); ok {
				byTrait[t] = append(byTrait[t], r)
			}
		}
		for _, r := range g.newer {
			t, ok := of(r)
			if list := byTrait[t]; ok && len(list) > 0 {
				p.add(list[0], r, ByContent)
				byTrait[t] = list[1:]
			}
		}
		p.drop(g)
	}
}

// pairInOrder pairs as many as there are on both sides, those of one file
// first.
func (p *pairing) pairInOrder(g *group, by Evidence) {
	for _, byFile := range [...]bool{true, false} {
		key := func(r *checksum.Record) (string, bool) {
			if byFile {
				return localFile(r), localFile(r) != ""
			}
			return "", true
		}
		for _, some := range groupBy(g.older, g.newer, key) {
			for i := range min(len(some.older), len(some.newer)) {
				p.add(some.older[i], some.newer[i], by)
			}
		}
		p.drop(g)
	}
}

// pairRenamed pairs functions of the same content whose names are on one side
// only.
func (p *pairing) pairRenamed(older, newer []*checksum.Record) {
	gone := func(records []*checksum.Record, other int) (list []*checksum.Record) {
		for _, r := range records {
			if r.Kind == checksum.Function && p.pairedOld[r] == nil && p.pairedNew[r] == nil && p.names.gone(other, checksum.Normal(r.Name)) {
				list = append(list, r)
			}
		}
		if p.linked != nil && len(list) > 0 { // the other side has a function of that name, elsewhere
			undefined := p.linked.sides[other].Undefined()
			list = slices.DeleteFunc(list, func(r *checksum.Record) bool { return undefined[checksum.Normal(r.Name)] })
		}
		return list
	}
	left := &group{gone(older, 1), gone(newer, 0)}
	for range maxRounds {
		p.drop(left)
		if len(left.older) == 0 || len(left.newer) == 0 {
			return
		}
		before := len(p.pairs)
		groups := groupBy(left.older, left.newer, p.contents(left))
		p.pairGroups(groups, renameSteps[:])
		for _, g := range groups { // one is as good as another
			p.drop(g)
			p.pairInOrder(g, ByContent)
		}
		if p.linked == nil || len(p.pairs) == before {
			return
		}
	}
}

// pairOrphans pairs code without a symbol: by content, then in order within
// its section.
func (p *pairing) pairOrphans(older, newer []*checksum.Record) {
	place := func(r *checksum.Record) (string, bool) {
		return checksum.Place(r.Section), r.Kind == checksum.Orphan
	}
	for _, g := range groupBy(older, newer, place) {
		p.pairTwins(g)
		p.pairInOrder(g, ByPosition)
	}
	for _, r := range older {
		if r.Kind == checksum.Orphan && p.pairedOld[r] == nil {
			p.pairs = append(p.pairs, pair{older: r})
		}
	}
	for _, r := range newer {
		if r.Kind == checksum.Orphan && p.pairedNew[r] == nil {
			p.pairs = append(p.pairs, pair{newer: r})
		}
	}
}

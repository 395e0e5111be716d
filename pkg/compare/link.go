// SPDX-License-Identifier: MIT

package compare

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// linked is two objects at hand: they tell what a name doesn't, which function
// or variable a reference means. Symbols that have a counterpart under another
// name, or whose name others share, get one name for both sides, which the
// canonical form then calls them by.
type linked struct {
	sides [2]linkedSide // old, new
	taken map[string]int
}

// linkedSide is one of the two objects.
type linkedSide struct {
	*checksum.Tracer
	names map[uint32]string
	all   map[string]bool // what its data go by; nil until it is asked for
}

func newLinked(older, newer *checksum.Tracer) *linked {
	l := &linked{taken: map[string]int{}}
	for side, tracer := range [...]*checksum.Tracer{older, newer} {
		l.sides[side] = linkedSide{Tracer: tracer, names: map[uint32]string{}}
		tracer.Rename(nil)
	}
	return l
}

// name gives names to what has been paired since it was called last.
func (p *pairing) name() {
	for ; p.named < len(p.pairs); p.named++ {
		// A function of several names, of which each is one of its own now, keeps
		// its own.
		x := &p.pairs[p.named]
		switch {
		case x.older == nil || x.newer == nil || x.split:
		case x.by == ByPosition: // which is no evidence that a reference means the same
			p.linked.nameApart(0, x.older)
			p.linked.nameApart(1, x.newer)
		default:
			p.nameBoth(x.older, x.newer)
		}
	}
	for i := range p.linked.sides {
		p.linked.sides[i].Rename(p.linked.sides[i].names)
	}
}

// nameBoth gives a pair one name, if it has none already that is its own.
func (p *pairing) nameBoth(older, newer *checksum.Record) {
	l := p.linked
	name, renamed := checksum.Normal(older.Name), checksum.Normal(newer.Name)
	if name == renamed && l.sides[0].unshared(older) && l.sides[1].unshared(newer) {
		return
	}
	a, b := l.sides[0].Symbols(older), l.sides[1].Symbols(newer)
	if len(a) == 0 || len(b) == 0 {
		return
	}
	if name != renamed {
		name += " (now " + renamed + ")"
	}
	name = l.unique(name, older)
	// A reference is by the primary name or, if that is global, by the one that it
	// uses: an alias, unless that stands for something else on the other side.
	for side, symbols := range [...][]uint32{a, b} {
		others := map[string]bool{}
		for _, other := range normalNames([...]*checksum.Record{newer, older}[side]) {
			others[other] = true
		}
		for i, symbol := range symbols {
			if own, _ := l.sides[side].Name(symbol); i == 0 || others[own] || p.names.gone(1-side, own) {
				l.sides[side].names[symbol] = name
			}
		}
	}
}

// nameApart gives what stands on one side a name that nothing on the other has.
func (l *linked) nameApart(side int, r *checksum.Record) {
	if symbols := l.sides[side].Symbols(r); len(symbols) > 0 {
		note := [...]string{" (old)", " (new)"}[side]
		l.sides[side].names[symbols[0]] = l.unique(checksum.Normal(r.Name)+note, r)
	}
}

// unique is a name that nothing else has, for a record of that name.
func (l *linked) unique(name string, r *checksum.Record) string {
	if r.File != "" {
		name += " of " + r.File
	}
	l.taken[name]++
	if n := l.taken[name]; n > 1 {
		return fmt.Sprintf("%s\x00, number %d", name, n)
	}
	return name + "\x00"
}

// agree tells whether what can be told of a symbol by digests means the same on both
// sides: a pair of functions whose digests are equal refers to the same things then.
func (l *linked) agree() bool {
	wanted := map[checksum.Identity]bool{} // of which a symbol goes by another name
	unshared := false
	for side := range l.sides {
		for symbol := range l.sides[side].names {
			if id, ok := l.sides[side].Identity(symbol); ok {
				wanted[id] = true
				unshared = unshared || !id.Shared
			}
		}
	}
	older, newer := bothSides(func(side int) map[checksum.Identity][]string {
		s := &l.sides[side]
		found := map[checksum.Identity][]string{} // what they go by, or empty
		s.Identities(unshared, func(symbol uint32, id checksum.Identity) {
			if wanted[id] {
				found[id] = append(found[id], s.names[symbol])
			}
		})
		return found
	})
	for id, names := range older {
		others := newer[id]
		if len(others) > 0 && (len(names) > 1 || len(others) > 1 || names[0] != others[0]) {
			return false
		}
	}
	return true
}

// unshared tells whether no other symbol of the object goes by the name of a
// function or datum; an orphan has none.
func (s *linkedSide) unshared(r *checksum.Record) bool {
	symbol := uint32(r.Body)
	if r.Kind != checksum.Data {
		symbol = s.Primary(r.Body)
	}
	if symbol == 0 {
		return true
	}
	_, unique := s.Name(symbol)
	return unique
}

// neighbours is the names of the functions and variables that a record's
// function refers to, and of the functions that refer to it, as far as a name
// says which they are.
func (s *linkedSide) neighbours(r *checksum.Record) map[string]bool {
	found := map[string]bool{}
	own := s.Symbols(r)
	add := func(direction string, symbol uint32) {
		if symbol == 0 || slices.Contains(own, symbol) {
			return
		}
		if name, unique := s.Name(symbol); unique {
			found[direction+name] = true
		}
	}
	for _, symbol := range s.Uses(r) {
		add("to ", symbol)
	}
	for _, symbol := range own {
		for _, use := range s.Users(symbol) {
			// A function may use several of a name.
			add(fmt.Sprintf("number %d from ", use.Index), s.Primary(use.Body))
		}
	}
	return found
}

// crowd is how many functions a neighbour may have in a group, or a name, before
// it tells nothing about any of them.
const crowd = 64

// pairNeighbours pairs those of a group that have more neighbours in common
// with each other than with any others, and tells whether there were any.
func (p *pairing) pairNeighbours(groups []*group) bool {
	p.name()
	before := len(p.pairs)
	older, newer := bothSides(func(side int) []map[string]bool {
		var found []map[string]bool // of the records of all groups
		for _, g := range groups {
			for _, c := range [...][]*candidate{g.older, g.newer}[side] {
				found = append(found, p.linked.sides[side].neighbours(c.Record))
			}
		}
		return found
	})
	for _, g := range groups {
		matches := match(g, older[:len(g.older)], newer[:len(g.newer)])
		older, newer = older[len(g.older):], newer[len(g.newer):]
		for _, m := range matches {
			p.add(m[0], m[1], ByNeighbours)
		}
		g.drop()
	}
	return len(p.pairs) > before
}

// match finds the records of a group that are each other's best match by their
// neighbours.
func match(g *group, older, newer []map[string]bool) (matches [][2]*candidate) {
	known := map[string][]int{} // by neighbour: indices of g.newer
	for j, names := range newer {
		for name := range names {
			known[name] = append(known[name], j)
		}
	}
	common := make([]map[int]int, len(g.older)) // by index of g.newer: how many neighbours
	for i, names := range older {
		common[i] = map[int]int{}
		for name := range names {
			if list := known[name]; len(list) <= crowd {
				for _, j := range list {
					common[i][j]++
				}
			}
		}
	}
	bestOld := make([]best, len(g.newer)) // of each new one, among the old
	for i := range common {
		for j, n := range common[i] {
			bestOld[j].try(i, n)
		}
	}
	for i := range common {
		var b best
		for j, n := range common[i] {
			b.try(j, n)
		}
		if b.score > 0 && !b.tied && bestOld[b.index].index == i && !bestOld[b.index].tied {
			matches = append(matches, [2]*candidate{g.older[i], g.newer[b.index]})
		}
	}
	return matches
}

// best is the one with the highest score, if no other has the same.
type best struct {
	index, score int
	tied         bool
}

func (b *best) try(index, score int) {
	if score > b.score {
		*b = best{index, score, false}
	} else if score == b.score {
		b.tied = true
	}
}

// contents is the content of functions that have no counterpart yet, as a key:
// where the objects are at hand, with references by pair.
func (p *pairing) contents(g *group) func(*candidate) (string, bool) {
	key := func(digest checksum.Digest, disambiguation uint64, c *candidate) string {
		b := binary.BigEndian.AppendUint64(digest[:], disambiguation)
		return string(append(b, checksum.Place(c.Section)...))
	}
	if p.linked == nil {
		return func(c *candidate) (string, bool) { return key(c.Digest, c.Disambiguation, c), true }
	}
	p.name()
	made := map[*candidate]string{}
	for side, list := range [...][]*candidate{g.older, g.newer} {
		for _, c := range list {
			if again, ok := p.linked.sides[side].Again(c.Record, nil); ok {
				made[c] = key(again.Digest, again.Disambiguation, c)
			}
		}
	}
	return func(c *candidate) (string, bool) {
		content, ok := made[c]
		return content, ok
	}
}

// variableSteps tell variables of one name apart where the places that use them
// don't: by who uses them, which Disambiguation says, and by content.
var variableSteps = [...]step{
	{ByContent, both(inFile, sameReferences)},
	{ByNeighbours, both(inFile, sameUsers)},
	{ByContent, sameReferences},
	{ByNeighbours, sameUsers},
	{ByContent, both(inFile, sameContent)},
	{ByNameAndFile, inFile},
	{ByName, whatever},
}

// sameUsers is the functions that use a variable.
func sameUsers(r *checksum.Record) (trait, bool) {
	return trait{disambiguation: r.Disambiguation}, r.Disambiguation != 0
}

// pairVariables gives names to variables that share theirs with others. Those
// that nothing tells apart keep it, where both sides have the same of them:
// within a function they are numbered in order of their use.
func (l *linked) pairVariables() {
	names := l.sides[0].SharedVariables()
	maps.Copy(names, l.sides[1].SharedVariables())
	older, newer := bothSides(func(side int) []*candidate { return candidates(l.sides[side].Variables(names)) })
	p := &pairing{linked: l}
	groups := groupBy(older, newer, func(c *candidate) (string, bool) { return c.normal, true })
	for range maxRounds {
		if !p.pairNeighbours(groups) {
			break
		}
	}
	p.pairGroups(groups, variableSteps[:])
	for _, g := range groups {
		if slices.EqualFunc(g.older, g.newer, sameVariable) {
			continue
		}
		for side, list := range [...][]*candidate{g.older, g.newer} {
			for _, c := range list {
				l.nameApart(side, c.Record)
			}
		}
	}
	p.name()
}

// sameVariable tells whether nothing but their place tells two variables apart.
func sameVariable(a, b *candidate) bool {
	return a.File == b.File && a.Section == b.Section && a.Size == b.Size && a.Digest == b.Digest && a.Disambiguation == b.Disambiguation
}

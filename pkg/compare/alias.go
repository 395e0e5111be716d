// SPDX-License-Identifier: MIT

package compare

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// allNames is all names of all functions of the two sides, primary names and
// aliases, in normal form.
type allNames struct{ older, newer map[string][]*candidate }

// gone tells whether no function of a side, 0 for the old one, has a name.
func (n *allNames) gone(side int, name string) bool {
	return n != nil && len([...]map[string][]*candidate{n.older, n.newer}[side][name]) == 0
}

// findNames is nil where nobody needs to know: all functions are paired, each
// with all its aliases.
func findNames(older, newer []*candidate) *allNames {
	incomplete := func(c *candidate) bool {
		return c.function() && (c.paired == nil || !slices.Equal(c.Aliases(), c.paired.Aliases()))
	}
	if !slices.ContainsFunc(older, incomplete) && !slices.ContainsFunc(newer, incomplete) {
		return nil
	}
	n := &allNames{}
	n.older, n.newer = bothSides(func(side int) map[string][]*candidate {
		return byAnyName([...][]*candidate{older, newer}[side])
	})
	return n
}

// byAnyName is functions by each of their names.
func byAnyName(list []*candidate) map[string][]*candidate {
	names := make(map[string][]*candidate, len(list))
	for _, c := range list {
		if !c.function() {
			continue
		}
		for _, name := range normalNames(c.Record) {
			names[name] = append(names[name], c)
		}
	}
	return names
}

// pairByAlias pairs functions left over on both sides that share a name.
func (p *pairing) pairByAlias(newer []*candidate) {
	for _, c := range newer {
		if !c.function() || c.paired != nil {
			continue
		}
		for i, name := range normalNames(c.Record) {
			was := only(p.names.older[name], c)
			if was != nil && was.paired == nil {
				p.add(was, c, ByName)
				break
			}
			if was != nil && i == 0 {
				break // it was an alias: what its own name stood for counts
			}
		}
	}
}

// pairMoved deals with the functions left over on either side, and with names
// that stand for other code than before (rule 1.2). A name that joined or left
// a function is no change of code.
func (p *pairing) pairMoved(older, newer []*candidate) {
	moved := map[*candidate]bool{} // a name of it stands for other code now
	for _, c := range newer {
		if !c.function() {
			continue
		}
		if c.paired == nil {
			p.single(c)
		}
		for _, alias := range c.Aliases() {
			was := only(p.names.older[checksum.Normal(alias)], c)
			if was != nil && was.paired != c {
				p.pairs = append(p.pairs, pair{older: was.Record, newer: c.Record, by: ByName, split: true, alias: true, name: alias})
				moved[was] = true
			}
		}
	}
	for _, c := range older {
		if !c.function() || c.paired != nil {
			continue
		}
		// A name that still exists was looked at from the new side, unless
		// there it could have stood for several.
		if !moved[c] || only(p.names.newer[c.normal], c) == nil {
			p.pairs = append(p.pairs, pair{older: c.Record})
		}
	}
}

// single is a function of the new side alone: new, or split off one whose
// alias it was. A second function of a name is new.
func (p *pairing) single(c *candidate) {
	was := only(p.names.older[c.normal], c)
	if was != nil && only(p.names.newer[c.normal], was) == c {
		p.pairs = append(p.pairs, pair{older: was.Record, newer: c.Record, by: ByName, split: true})
		return
	}
	p.pairs = append(p.pairs, pair{newer: c.Record})
}

// only is the function that a name stands for: the only one, or the only one of
// the other's file; nil where there is none or no telling.
func only(list []*candidate, other *candidate) *candidate {
	if len(list) == 1 {
		return list[0]
	}
	if len(list) > crowd {
		return nil
	}
	var found *candidate
	for _, c := range list {
		if file := localFile(c.Record); file != "" && file == localFile(other.Record) {
			if found != nil && found != c {
				return nil
			}
			found = c
		}
	}
	return found
}

// SPDX-License-Identifier: MIT

package compare

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// allNames is all names of all functions of the two sides, primary names and
// aliases, in normal form.
type allNames struct{ older, newer map[string][]*checksum.Record }

// gone tells whether no function of a side, 0 for the old one, has a name.
func (n *allNames) gone(side int, name string) bool {
	return n != nil && len([...]map[string][]*checksum.Record{n.older, n.newer}[side][name]) == 0
}

// findNames is nil where nobody needs to know: all functions are paired, each
// with all its aliases.
func (p *pairing) findNames(older, newer []*checksum.Record) *allNames {
	complete := func(records []*checksum.Record, paired map[*checksum.Record]*checksum.Record) bool {
		return !slices.ContainsFunc(records, func(r *checksum.Record) bool {
			other := paired[r]
			return r.Kind == checksum.Function && (other == nil || !slices.Equal(r.Aliases(), other.Aliases()))
		})
	}
	if complete(older, p.pairedOld) && complete(newer, p.pairedNew) {
		return nil
	}
	n := &allNames{}
	n.older, n.newer = bothSides(func(side int) map[string][]*checksum.Record {
		return byAnyName([...][]*checksum.Record{older, newer}[side])
	})
	return n
}

// byAnyName is functions by each of their names.
func byAnyName(records []*checksum.Record) map[string][]*checksum.Record {
	names := make(map[string][]*checksum.Record, len(records))
	for _, r := range records {
		if r.Kind != checksum.Function {
			continue
		}
		for _, name := range normalNames(r) {
			names[name] = append(names[name], r)
		}
	}
	return names
}

// pairByAlias pairs functions left over on both sides that share a name.
func (p *pairing) pairByAlias(newer []*checksum.Record) {
	for _, r := range newer {
		if r.Kind != checksum.Function || p.pairedNew[r] != nil {
			continue
		}
		for i, name := range append([]string{r.Name}, r.Aliases()...) {
			was := only(p.names.older[checksum.Normal(name)], r)
			if was != nil && p.pairedOld[was] == nil {
				p.add(was, r, ByName)
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
func (p *pairing) pairMoved(older, newer []*checksum.Record) {
	moved := map[*checksum.Record]bool{} // a name of it stands for other code now
	for _, r := range newer {
		if r.Kind != checksum.Function {
			continue
		}
		if p.pairedNew[r] == nil {
			p.single(r)
		}
		for _, alias := range r.Aliases() {
			was := only(p.names.older[checksum.Normal(alias)], r)
			if was != nil && p.pairedOld[was] != r {
				p.pairs = append(p.pairs, pair{older: was, newer: r, by: ByName, alias: true, name: alias})
				moved[was] = true
			}
		}
	}
	for _, r := range older {
		if r.Kind != checksum.Function || p.pairedOld[r] != nil {
			continue
		}
		// A name that still exists was looked at from the new side, unless
		// there it could have stood for several.
		if !moved[r] || only(p.names.newer[checksum.Normal(r.Name)], r) == nil {
			p.pairs = append(p.pairs, pair{older: r})
		}
	}
}

// single is a function of the new side alone: new, or split off one whose
// alias it was. A second function of a name is new.
func (p *pairing) single(r *checksum.Record) {
	name := checksum.Normal(r.Name)
	was := only(p.names.older[name], r)
	if was != nil && only(p.names.newer[name], was) == r {
		p.pairs = append(p.pairs, pair{older: was, newer: r, by: ByName})
		return
	}
	p.pairs = append(p.pairs, pair{newer: r})
}

// only is the record that a name stands for: the only one, or the only one of
// the other's file; nil where there is none or no telling.
func only(list []*checksum.Record, other *checksum.Record) *checksum.Record {
	if len(list) == 1 {
		return list[0]
	}
	if len(list) > crowd {
		return nil
	}
	var found *checksum.Record
	for _, r := range list {
		if file := localFile(r); file != "" && file == localFile(other) {
			if found != nil && found != r {
				return nil
			}
			found = r
		}
	}
	return found
}

// SPDX-License-Identifier: MIT

package compare

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
)

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
}

// pairRecords pairs the functions and orphans of two objects, whatever order
// their records are in. Every record of the new side is in exactly one pair
// that is no alias, every one of the old side in one pair at least.
func pairRecords(oldRecords, newRecords []checksum.Record) []pair {
	older, newer := sorted(oldRecords), sorted(newRecords)
	p := &pairing{
		pairedOld: make(map[*checksum.Record]*checksum.Record, len(older)),
		pairedNew: make(map[*checksum.Record]*checksum.Record, len(newer)),
	}
	p.pairs = make([]pair, 0, max(len(older), len(newer)))
	p.pairFunctions(group(older, checksum.Function), group(newer, checksum.Function))
	p.pairLeftovers(older, newer)
	p.pairOrphans(group(older, checksum.Orphan), group(newer, checksum.Orphan))
	return p.pairs
}

// sorted is the records in the order that pairing by position goes by.
func sorted(records []checksum.Record) []*checksum.Record {
	list := make([]*checksum.Record, len(records))
	for i := range records {
		list[i] = &records[i]
	}
	slices.SortStableFunc(list, compareRecords)
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
		slices.Compare(a.Aliases, b.Aliases),
		slices.Compare(a.Cold, b.Cold),
	)
}

// group is the records of a kind by their normal name; orphans by the place
// they are in.
func group(records []*checksum.Record, kind checksum.Kind) map[string][]*checksum.Record {
	groups := make(map[string][]*checksum.Record, len(records))
	for _, r := range records {
		if r.Kind != kind {
			continue
		}
		key := checksum.Normal(r.Name)
		if kind == checksum.Orphan {
			key = checksum.Place(r.Section)
		}
		groups[key] = append(groups[key], r)
	}
	return groups
}

func (p *pairing) add(older, newer *checksum.Record, by Evidence) {
	p.pairedOld[older], p.pairedNew[newer] = newer, older
	p.pairs = append(p.pairs, pair{older: older, newer: newer, by: by})
}

// pairFunctions pairs by primary name.
func (p *pairing) pairFunctions(older, newer map[string][]*checksum.Record) {
	for name, fresh := range newer {
		old := older[name]
		if len(old) == 1 && len(fresh) == 1 {
			p.add(old[0], fresh[0], ByName)
			continue
		}
		p.pairGroup(old, fresh)
	}
}

// pairGroup pairs functions of one normal name: those of one file first, and
// among these and those left over, equal ones before the rest, which go by
// order.
func (p *pairing) pairGroup(older, newer []*checksum.Record) {
	files := map[string][2][]*checksum.Record{}
	for _, r := range older {
		f := files[localFile(r)]
		f[0] = append(f[0], r)
		files[localFile(r)] = f
	}
	for _, r := range newer {
		f := files[localFile(r)]
		f[1] = append(f[1], r)
		files[localFile(r)] = f
	}
	var leftOld, leftNew []*checksum.Record
	names := make([]string, 0, len(files))
	for file := range files {
		names = append(names, file)
	}
	slices.Sort(names)
	for _, file := range names {
		f := files[file]
		if len(f[0]) == 1 && len(f[1]) == 1 && file != "" {
			p.add(f[0][0], f[1][0], ByNameAndFile)
			continue
		}
		if file != "" {
			f[0], f[1] = p.pairEqual(f[0], f[1])
			if len(f[0]) > 0 && len(f[1]) > 0 {
				f[0], f[1] = p.pairInOrder(f[0], f[1])
			}
		}
		leftOld, leftNew = append(leftOld, f[0]...), append(leftNew, f[1]...)
	}
	leftOld, leftNew = p.pairEqual(leftOld, leftNew)
	if len(leftOld) == 1 && len(leftNew) == 1 {
		p.add(leftOld[0], leftNew[0], ByName)
		return
	}
	p.pairInOrder(leftOld, leftNew)
}

// localFile is the record's file if it is known, not guessed.
func localFile(r *checksum.Record) string {
	if r.Inferred() {
		return ""
	}
	return r.File
}

// pairEqual pairs records of equal content, in order, and returns the rest:
// first those of equal disambiguation too, then those where it doesn't tell.
func (p *pairing) pairEqual(older, newer []*checksum.Record) (restOld, restNew []*checksum.Record) {
	older, newer = p.pairIf(older, newer, func(o, r *checksum.Record) bool {
		return o.Disambiguation == r.Disambiguation
	})
	return p.pairIf(older, newer, func(_, _ *checksum.Record) bool { return true })
}

// pairIf pairs records of equal digest and place that match, in order, and
// returns the rest.
func (p *pairing) pairIf(older, newer []*checksum.Record, match func(o, r *checksum.Record) bool) (restOld, restNew []*checksum.Record) {
	byDigest := map[checksum.Digest][]*checksum.Record{}
	for _, r := range older {
		byDigest[r.Digest] = append(byDigest[r.Digest], r)
	}
	taken := map[*checksum.Record]bool{}
	for _, r := range newer {
		list := byDigest[r.Digest]
		i := slices.IndexFunc(list, func(o *checksum.Record) bool {
			return checksum.Place(o.Section) == checksum.Place(r.Section) && match(o, r)
		})
		if i < 0 {
			restNew = append(restNew, r)
			continue
		}
		p.add(list[i], r, ByContent)
		taken[list[i]] = true
		byDigest[r.Digest] = slices.Delete(list, i, i+1)
	}
	for _, r := range older {
		if !taken[r] {
			restOld = append(restOld, r)
		}
	}
	return restOld, restNew
}

// pairInOrder pairs as many as there are on both sides, and returns the rest.
func (p *pairing) pairInOrder(older, newer []*checksum.Record) (restOld, restNew []*checksum.Record) {
	n := min(len(older), len(newer))
	for i := range n {
		p.add(older[i], newer[i], ByPosition)
	}
	return older[n:], newer[n:]
}

// named is a record by one of its names.
type named struct {
	record *checksum.Record
	name   string
}

// byAnyName is all names of all functions, primary names and aliases, in
// normal form.
func byAnyName(records []*checksum.Record) map[string][]named {
	names := make(map[string][]named, len(records))
	for _, r := range records {
		if r.Kind != checksum.Function {
			continue
		}
		key := checksum.Normal(r.Name)
		names[key] = append(names[key], named{r, r.Name})
		for _, alias := range r.Aliases {
			key := checksum.Normal(alias)
			names[key] = append(names[key], named{r, alias})
		}
	}
	return names
}

// pairLeftovers deals with functions whose primary name has no counterpart,
// and with aliases that moved. A name that joined or left a function is no
// change of code; one that stands for other code than before is (rule 1.2).
func (p *pairing) pairLeftovers(older, newer []*checksum.Record) {
	oldNames, newNames := byAnyName(older), byAnyName(newer)
	p.pairByAlias(newer, oldNames)
	moved := map[*checksum.Record]bool{} // a name of it stands for other code now
	for _, r := range newer {
		if r.Kind != checksum.Function {
			continue
		}
		if p.pairedNew[r] == nil {
			p.single(r, oldNames, newNames)
		}
		for _, alias := range r.Aliases {
			was := only(oldNames[checksum.Normal(alias)], r)
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
		if !moved[r] || only(newNames[checksum.Normal(r.Name)], r) == nil {
			p.pairs = append(p.pairs, pair{older: r})
		}
	}
}

// pairByAlias pairs functions left over on both sides that share a name.
func (p *pairing) pairByAlias(newer []*checksum.Record, oldNames map[string][]named) {
	for _, r := range newer {
		if r.Kind != checksum.Function || p.pairedNew[r] != nil {
			continue
		}
		for i, name := range append([]string{r.Name}, r.Aliases...) {
			was := only(oldNames[checksum.Normal(name)], r)
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

// single is a function of the new side alone: new, or split off one whose
// alias it was. A second function of a name is new.
func (p *pairing) single(r *checksum.Record, oldNames, newNames map[string][]named) {
	name := checksum.Normal(r.Name)
	was := only(oldNames[name], r)
	if was != nil && only(newNames[name], was) == r {
		p.pairs = append(p.pairs, pair{older: was, newer: r, by: ByName})
		return
	}
	p.pairs = append(p.pairs, pair{newer: r})
}

// only is the record that a name stands for: the only one, or the only one of
// the other's file; nil where there is none or no telling.
func only(list []named, other *checksum.Record) *checksum.Record {
	if len(list) == 1 {
		return list[0].record
	}
	var found *checksum.Record
	for _, n := range list {
		if file := localFile(n.record); file != "" && file == localFile(other) {
			if found != nil && found != n.record {
				return nil
			}
			found = n.record
		}
	}
	return found
}

// pairOrphans pairs code without a symbol: by content, then in order within
// its section.
func (p *pairing) pairOrphans(older, newer map[string][]*checksum.Record) {
	places := map[string]bool{}
	for place := range older {
		places[place] = true
	}
	for place := range newer {
		places[place] = true
	}
	for place := range places {
		old, fresh := p.pairEqual(older[place], newer[place])
		old, fresh = p.pairInOrder(old, fresh)
		for _, r := range old {
			p.pairs = append(p.pairs, pair{older: r})
		}
		for _, r := range fresh {
			p.pairs = append(p.pairs, pair{newer: r})
		}
	}
}

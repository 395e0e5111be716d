// SPDX-License-Identifier: MIT

package compare

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

// DataChange is a datum that isn't the same on both sides. It is no change for
// Differs: the functions that depend on the content of nameless data have
// changed themselves.
type DataChange struct {
	Name     string // in new; in old where removed
	File     string
	Object   string
	Status   Status
	Old, New *checksum.Record // nil where added, removed
}

// compareData compares the data of two objects that belong together.
func (c *comparer) compareData(older, newer *manifest.Object) {
	groups := map[string][2][]*checksum.Record{}
	for side, records := range [...][]checksum.Record{older.Records, newer.Records} {
		for _, r := range sorted(records) {
			if r.Kind != checksum.Data {
				continue
			}
			key := checksum.Normal(r.Name)
			group := groups[key]
			group[side] = append(group[side], r)
			groups[key] = group
		}
	}
	for _, group := range groups {
		pairData(group[0], group[1], func(old, fresh *checksum.Record) {
			c.addData(older.Name, newer.Name, old, fresh)
		})
	}
}

func (c *comparer) addData(oldObject, newObject string, old, fresh *checksum.Record) {
	shown, object, status := fresh, newObject, Changed
	switch {
	case old == nil:
		status = Added
	case fresh == nil:
		shown, object, status = old, oldObject, Removed
	case old.Digest == fresh.Digest && checksum.DataPlace(old.Section) == checksum.DataPlace(fresh.Section):
		return
	}
	if c.keep(object, shown.File, shown.Name) {
		c.Data = append(c.Data, DataChange{shown.Name, shown.File, object, status, old, fresh})
	}
}

// dataKey is what two data of one name are paired by.
type dataKey struct {
	file   string
	digest checksum.Digest
	users  uint64
}

// pairData pairs data of one normal name, which are statics of several files where there are
// several, or numbered ones: of a file first, by who uses them, then by content, then in
// order; what is left, likewise. So it doesn't matter whether the object says which file they
// are of, or another name for it.
func pairData(older, newer []*checksum.Record, add func(older, newer *checksum.Record)) {
	for _, key := range [...]func(r *checksum.Record) (dataKey, bool){
		func(r *checksum.Record) (dataKey, bool) { return dataKey{r.File, r.Digest, r.Disambiguation}, true },
		func(r *checksum.Record) (dataKey, bool) {
			return dataKey{file: r.File, users: r.Disambiguation}, r.Disambiguation != 0
		},
		func(r *checksum.Record) (dataKey, bool) { return dataKey{file: r.File, digest: r.Digest}, true },
		func(r *checksum.Record) (dataKey, bool) { return dataKey{file: r.File}, true },
		func(r *checksum.Record) (dataKey, bool) {
			return dataKey{users: r.Disambiguation}, r.Disambiguation != 0
		},
		func(r *checksum.Record) (dataKey, bool) { return dataKey{digest: r.Digest}, true },
		func(*checksum.Record) (dataKey, bool) { return dataKey{}, true },
	} {
		waiting := map[dataKey][]*checksum.Record{}
		for _, old := range older {
			if k, ok := key(old); ok {
				waiting[k] = append(waiting[k], old)
			}
		}
		paired := map[*checksum.Record]bool{}
		newer = slices.DeleteFunc(newer, func(fresh *checksum.Record) bool {
			k, ok := key(fresh)
			if !ok || len(waiting[k]) == 0 {
				return false
			}
			old := waiting[k][0]
			waiting[k], paired[old] = waiting[k][1:], true
			add(old, fresh)
			return true
		})
		older = slices.DeleteFunc(older, func(old *checksum.Record) bool { return paired[old] })
	}
	for _, r := range older {
		add(r, nil)
	}
	for _, r := range newer {
		add(nil, r)
	}
}

func compareDataChanges(a, b DataChange) int {
	return cmp.Or(
		strings.Compare(a.Object, b.Object),
		strings.Compare(a.File, b.File),
		strings.Compare(a.Name, b.Name),
		strings.Compare(string(a.Status), string(b.Status)),
		slices.Compare(digest(a.Old), digest(b.Old)),
		slices.Compare(digest(a.New), digest(b.New)),
	)
}

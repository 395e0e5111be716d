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
	groups := map[[2]string][2][]*checksum.Record{}
	for side, records := range [...][]checksum.Record{older.Records, newer.Records} {
		for _, r := range sorted(records) {
			if r.Kind != checksum.Data {
				continue
			}
			key := [2]string{checksum.Normal(r.Name), r.File}
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
	case old.Digest == fresh.Digest:
		return
	}
	if c.keep(object, shown.File, shown.Name) {
		c.Data = append(c.Data, DataChange{shown.Name, shown.File, object, status, old, fresh})
	}
}

// pairData pairs data of one normal name and file, which are numbered statics
// where there are several: by who uses them, then by content, then in order.
func pairData(older, newer []*checksum.Record, add func(older, newer *checksum.Record)) {
	for _, same := range [...]func(a, b *checksum.Record) bool{
		func(a, b *checksum.Record) bool { return a.Digest == b.Digest && a.Disambiguation == b.Disambiguation },
		func(a, b *checksum.Record) bool {
			return a.Disambiguation == b.Disambiguation && a.Disambiguation != 0
		},
		func(a, b *checksum.Record) bool { return a.Digest == b.Digest },
		func(a, b *checksum.Record) bool { return true },
	} {
		newer = slices.DeleteFunc(newer, func(fresh *checksum.Record) bool {
			i := slices.IndexFunc(older, func(old *checksum.Record) bool { return same(old, fresh) })
			if i < 0 {
				return false
			}
			add(older[i], fresh)
			older = slices.Delete(older, i, i+1)
			return true
		})
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

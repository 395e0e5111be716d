// SPDX-License-Identifier: MIT

// Package compare finds what changed between two manifests.
//
// The steps:
//
//  1. Objects are paired: one against one always, else by name (Manifests).
//  2. The functions of two paired objects are paired: by normal name, then
//     file, then content, then order; names that moved from one function to
//     another are looked at on their own (pair.go).
//  3. Each pair is compared: by digest, and where those differ, class by class,
//     which gives the reasons (judge).
//  4. The changes are sorted and counted (Result).
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

// ErrIncomparable is the error for manifests whose digests say nothing about
// each other.
var ErrIncomparable = errors.New("the two sides can't be compared")

// Status is what happened to a function or object.
type Status string

const (
	Changed Status = "changed"
	Added   Status = "added"
	Removed Status = "removed"
)

// Evidence is how the two sides of a change were found to belong together.
type Evidence string

const (
	ByName        Evidence = "name"
	ByNameAndFile Evidence = "name+file"
	ByContent     Evidence = "content"
	ByPosition    Evidence = "position"
)

// Change is one function that isn't the same on both sides.
type Change struct {
	Name     string // in new; in old where removed
	File     string
	Inferred bool // File is a guess
	Object   string
	Section  string
	Status   Status
	Reasons  []string         // in the order of the classes
	Old, New *checksum.Record // nil where added, removed
	PairedBy Evidence         // empty where added, removed
}

// ObjectChange is an object that stands on one side only.
type ObjectChange struct {
	Name      string
	Status    Status
	Functions int
}

// Summary counts functions, orphans, and aliases that moved to other code.
type Summary struct {
	Changed, Added, Removed, Unchanged int
}

// Differs tells whether there is anything for exit status 1.
func (r *Result) Differs() bool {
	return len(r.Objects) > 0 || r.Summary.Changed+r.Summary.Added+r.Summary.Removed > 0
}

// Result is the comparison of two manifests.
type Result struct {
	Old, New *manifest.Manifest
	Summary  Summary
	Objects  []ObjectChange // by name
	Changes  []Change       // by object, file, name, section, old digest
}

// Manifests compares two manifests. Keep, if not nil, says which functions
// count at all, by object, file and name.
func Manifests(older, newer *manifest.Manifest, keep func(object, file, name string) bool) (*Result, error) {
	switch {
	case older.Arch != newer.Arch:
		return nil, fmt.Errorf("%w: one is %s, the other %s", ErrIncomparable, older.Arch, newer.Arch)
	case older.Form != newer.Form:
		return nil, fmt.Errorf("%w: versions %d and %d of the canonical form", ErrIncomparable, older.Form, newer.Form)
	case older.Hash != newer.Hash:
		return nil, fmt.Errorf("%w: hashes %s and %s", ErrIncomparable, older.Hash, newer.Hash)
	}
	r := &Result{Old: older, New: newer}
	if len(older.Objects) == 1 && len(newer.Objects) == 1 {
		r.compareObjects(&older.Objects[0], &newer.Objects[0], keep)
	} else {
		r.pairObjects(keep)
	}
	slices.SortFunc(r.Objects, func(a, b ObjectChange) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Changes, compareChanges)
	return r, nil
}

func compareChanges(a, b Change) int {
	return cmp.Or(
		strings.Compare(a.Object, b.Object),
		strings.Compare(a.File, b.File),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Section, b.Section),
		slices.Compare(digest(a.Old), digest(b.Old)),
		slices.Compare(digest(a.New), digest(b.New)),
		strings.Compare(string(a.Status), string(b.Status)),
		compareSides(a.Old, b.Old),
		compareSides(a.New, b.New),
	)
}

func digest(r *checksum.Record) []byte {
	if r == nil {
		return nil
	}
	return r.Digest[:]
}

// compareSides puts the same side of two changes of one status in order.
func compareSides(a, b *checksum.Record) int {
	if a == nil || b == nil {
		return 0
	}
	return compareRecords(a, b)
}

// pairObjects pairs the objects of two trees by name.
func (r *Result) pairObjects(keep func(object, file, name string) bool) {
	byName := map[string]*manifest.Object{}
	for i := range r.Old.Objects {
		byName[r.Old.Objects[i].Name] = &r.Old.Objects[i]
	}
	for i := range r.New.Objects {
		o := &r.New.Objects[i]
		if older, ok := byName[o.Name]; ok {
			r.compareObjects(older, o, keep)
			delete(byName, o.Name)
			continue
		}
		r.Summary.Added += r.listObject(o, Added, keep)
	}
	for _, o := range byName {
		r.Summary.Removed += r.listObject(o, Removed, keep)
	}
}

// listObject lists an object without a counterpart, unless keep leaves nothing
// of it, and counts its records.
func (r *Result) listObject(o *manifest.Object, status Status, keep func(object, file, name string) bool) int {
	functions, records := 0, 0
	for i := range o.Records {
		record := &o.Records[i]
		if keep != nil && !keep(o.Name, record.File, record.Name) {
			continue
		}
		records++
		if record.Kind == checksum.Function {
			functions++
		}
	}
	if keep == nil || records > 0 {
		r.Objects = append(r.Objects, ObjectChange{o.Name, status, functions})
	}
	return records
}

// compareObjects compares the functions of two objects that belong together.
func (r *Result) compareObjects(older, newer *manifest.Object, keep func(object, file, name string) bool) {
	for _, p := range pairRecords(older.Records, newer.Records) {
		c := p.judge()
		c.Object = newer.Name
		if c.Status == Removed {
			c.Object = older.Name
		}
		if keep != nil && !keep(c.Object, c.File, c.Name) {
			continue
		}
		switch c.Status {
		case Changed:
			r.Summary.Changed++
		case Added:
			r.Summary.Added++
		case Removed:
			r.Summary.Removed++
		default:
			if !p.alias {
				r.Summary.Unchanged++
			}
			continue
		}
		r.Changes = append(r.Changes, c)
	}
}

// judge compares the two sides of a pair.
func (p *pair) judge() Change {
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
		if c.Reasons = reasons(p.older, p.newer); c.Reasons != nil {
			c.Status = Changed
		}
	}
	return c
}

// reasons names the classes in which two records differ, nil where they are
// the same.
func reasons(a, b *checksum.Record) []string {
	// Only where both sides have something to tell apart does it count: a
	// second symbol of a name may have come or gone elsewhere.
	ambiguous := a.Disambiguation != b.Disambiguation && a.Disambiguation != 0 && b.Disambiguation != 0
	moved := checksum.Place(a.Section) != checksum.Place(b.Section)
	if a.Digest == b.Digest && !ambiguous && !moved {
		return nil
	}
	var differs [checksum.NumClasses]bool
	any := false
	for class := range checksum.Class(checksum.NumClasses) {
		differs[class] = classDigest(a, class) != classDigest(b, class)
		any = any || differs[class]
	}
	if ambiguous || a.Digest != b.Digest && !any {
		differs[checksum.References] = true
	}
	var list []string
	for class, differs := range differs {
		if differs {
			list = append(list, checksum.Class(class).String())
		}
	}
	if moved {
		list = append(list, "section")
	}
	return list
}

func classDigest(r *checksum.Record, class checksum.Class) uint64 {
	for _, c := range r.Classes {
		if c.Class == class {
			return c.Exact
		}
	}
	return 0
}

// SPDX-License-Identifier: MIT

// Package compare finds what changed between two manifests.
//
// The steps:
//
//  1. Objects are paired: one against one, or those of trees by name
//     (Manifests).
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
	"maps"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

// ErrIncomparable is the error for manifests whose digests say nothing about
// each other.
var ErrIncomparable = errors.New("the two sides can't be compared")

// Status is what happened to a function or object.
type Status string

const (
	Changed    Status = "changed"
	Added      Status = "added"
	Removed    Status = "removed"
	Renamed    Status = "renamed"    // the same code under another name
	LineOnly   Status = "line-only"  // line numbers differ, and nothing else
	Unreadable Status = "unreadable" // of an object: it isn't compared
)

// Evidence is how the two sides of a change were found to belong together.
type Evidence string

const (
	ByName        Evidence = "name"
	ByNameAndFile Evidence = "name+file"
	ByContent     Evidence = "content"
	ByNeighbours  Evidence = "neighbours" // what they call and what calls them
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
	// Lines are the line numbers that moved. Checksums don't tell them: they
	// are filled in where the objects are at hand.
	Lines []LineChange
	// Choices say, for both sides, what the references mean that may mean several things.
	Choices [2][]int
}

// Steps is the steps of both sides of a change, as they were compared. The tracers are of
// the objects that they stand in, with the names that Result.Rename gives.
func (c *Change) Steps(older, newer *checksum.Tracer) (a, b []checksum.Traced, err error) {
	if a, err = older.Steps(c.Old, c.Choices[0]); err != nil {
		return nil, nil, err
	}
	b, err = newer.Steps(c.New, c.Choices[1])
	return a, b, err
}

// Differs tells whether the change is one for exit status 1.
func (c *Change) Differs() bool {
	return c.Status == Changed || c.Status == Added || c.Status == Removed
}

// LinesMoved tells whether line numbers differ, perhaps among other things.
func (c *Change) LinesMoved() bool { return slices.Contains(c.Reasons, reasonLines) }

// LineChange is a line number that moved.
type LineChange struct {
	Part     string // the function or its cold part
	Offset   uint64 // from the start of the part, in new
	Old, New uint32
	Evidence string // why it is a line number
}

// ObjectChange is an object that stands on one side only, or that couldn't be
// read.
type ObjectChange struct {
	Name      string
	Status    Status
	Functions int
}

// Summary counts functions, orphans, and aliases that moved to other code.
type Summary struct {
	Changed, Added, Removed, Renamed, LineOnly, Unchanged int
}

func (s *Summary) add(b Summary) {
	s.Changed += b.Changed
	s.Added += b.Added
	s.Removed += b.Removed
	s.Renamed += b.Renamed
	s.LineOnly += b.LineOnly
	s.Unchanged += b.Unchanged
}

// Differs tells whether there is anything for exit status 1.
func (r *Result) Differs() bool {
	for i := range r.Objects {
		if r.Objects[i].Status != Unreadable {
			return true
		}
	}
	return r.Summary.Changed+r.Summary.Added+r.Summary.Removed > 0
}

// Result is the comparison of two manifests.
type Result struct {
	Old, New *manifest.Manifest
	Summary  Summary
	Objects  []ObjectChange // by name
	Changes  []Change       // by object, file, name, section, old digest
	Data     []DataChange   // by object, file, name; only where asked for
	// Ambiguous is how many functions were compared by names that others have,
	// so that only the objects tell for sure.
	Ambiguous int
	names     map[string][2]map[uint32]string // by object: see Rename
}

// Rename makes two objects' functions be traced with the names that they were
// compared by. The object is named as in Change.
func (r *Result) Rename(object string, older, newer *checksum.Tracer) {
	names := r.names[object]
	older.Rename(names[0])
	newer.Rename(names[1])
}

// Options say what of two manifests to compare.
type Options struct {
	// Keep, if not nil, says which functions count at all.
	Keep func(object, file, name string) bool
	// Trees pairs objects by name even where there is but one on each side.
	Trees bool
	// Data compares named data too, where both sides have records of it.
	Data bool
	// Objects, if not nil, gives the objects of which the manifests' objects of
	// these names were made. Manifests calls done when it needs them no more.
	// It may ask for several at once.
	Objects func(older, newer string) (a, b *checksum.Tracer, done func(), err error)
	// Jobs is how many pairs of objects are compared at once, one if 0.
	Jobs int
	// Unreadable names objects that couldn't be read on one side or the other.
	Unreadable []string
}

// Manifests compares two manifests.
func Manifests(older, newer *manifest.Manifest, options Options) (*Result, error) {
	switch {
	case older.Arch != newer.Arch:
		return nil, fmt.Errorf("%w: one is %s, the other %s", ErrIncomparable, older.Arch, newer.Arch)
	case older.Form != newer.Form:
		return nil, fmt.Errorf("%w: versions %d and %d of the canonical form", ErrIncomparable, older.Form, newer.Form)
	case older.Lines != newer.Lines:
		return nil, fmt.Errorf("%w: different tables of line parameters (--line-table)", ErrIncomparable)
	case older.Hash != newer.Hash:
		return nil, fmt.Errorf("%w: hashes %s and %s", ErrIncomparable, older.Hash, newer.Hash)
	}
	r := &Result{Old: older, New: newer, names: map[string][2]map[uint32]string{}}
	c := comparer{r, options}
	var pairs []objectPair
	if len(older.Objects) == 1 && len(newer.Objects) == 1 && !options.Trees {
		pairs = []objectPair{{&older.Objects[0], &newer.Objects[0]}}
	} else {
		pairs = c.pairObjects()
	}
	if err := c.comparePairs(pairs); err != nil {
		return nil, err
	}
	slices.SortFunc(r.Objects, func(a, b ObjectChange) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Changes, compareChanges)
	slices.SortFunc(r.Data, compareDataChanges)
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

// comparer fills a result in.
type comparer struct {
	*Result
	options Options
}

func (c *comparer) keep(object, file, name string) bool {
	return c.options.Keep == nil || c.options.Keep(object, file, name)
}

// objectPair is an object on both sides.
type objectPair struct{ older, newer *manifest.Object }

// pairObjects pairs the objects of two trees by name, and lists those without a
// counterpart.
func (c *comparer) pairObjects() (pairs []objectPair) {
	unreadable := slices.Compact(slices.Sorted(slices.Values(c.options.Unreadable)))
	for _, name := range unreadable {
		c.Objects = append(c.Objects, ObjectChange{Name: name, Status: Unreadable})
	}
	readable := func(o *manifest.Object) bool {
		_, found := slices.BinarySearch(unreadable, o.Name)
		return !found
	}
	byName := map[string]*manifest.Object{}
	for i := range c.Old.Objects {
		if o := &c.Old.Objects[i]; readable(o) {
			byName[o.Name] = o
		}
	}
	for i := range c.New.Objects {
		o := &c.New.Objects[i]
		if !readable(o) {
			continue
		}
		if older, ok := byName[o.Name]; ok {
			pairs = append(pairs, objectPair{older, o})
			delete(byName, o.Name)
			continue
		}
		c.Summary.Added += c.listObject(o, Added)
	}
	for _, o := range byName {
		c.Summary.Removed += c.listObject(o, Removed)
	}
	return pairs
}

// comparePairs compares the functions of paired objects.
func (c *comparer) comparePairs(pairs []objectPair) error {
	results, errs := make([]Result, len(pairs)), make([]error, len(pairs))
	parallel.Chunks(max(c.options.Jobs, 1), len(pairs), 1, func(i, _ int) {
		results[i] = Result{Old: c.Old, New: c.New, names: map[string][2]map[uint32]string{}}
		some := comparer{&results[i], c.options}
		errs[i] = some.compareObjects(pairs[i].older, pairs[i].newer)
	})
	for i := range results {
		if errs[i] != nil {
			return errs[i]
		}
		c.Summary.add(results[i].Summary)
		c.Changes, c.Data = append(c.Changes, results[i].Changes...), append(c.Data, results[i].Data...)
		c.Ambiguous += results[i].Ambiguous
		maps.Copy(c.names, results[i].names)
	}
	return nil
}

// listObject lists an object without a counterpart, unless nothing of it is
// kept, and counts its records.
func (c *comparer) listObject(o *manifest.Object, status Status) int {
	functions, records := 0, 0
	for i := range o.Records {
		record := &o.Records[i]
		if record.Kind == checksum.Data || !c.keep(o.Name, record.File, record.Name) {
			continue
		}
		records++
		if record.Kind == checksum.Function {
			functions++
		}
	}
	if c.options.Keep == nil || records > 0 {
		c.Objects = append(c.Objects, ObjectChange{o.Name, status, functions})
	}
	return records
}

// compareObjects compares the functions of two objects that belong together,
// and their data where that is asked for.
func (c *comparer) compareObjects(older, newer *manifest.Object) error {
	if c.options.Data && c.Old.Data && c.New.Data {
		c.compareData(older, newer)
	}
	judge := judge{dwarf: c.Old.Dwarf && c.New.Dwarf}
	var pairs []pair
	atHand := c.options.Objects != nil
	if c.options.Trees || !atHand { // the objects of trees would have to be opened again
		pairs = pairRecords(older.Records, newer.Records, nil)
		atHand = atHand && slices.ContainsFunc(pairs, judge.doubtful)
	}
	if atHand {
		a, b, done, err := c.options.Objects(older.Name, newer.Name)
		if err != nil {
			return err
		}
		defer done()
		linked := newLinked(a, b)
		pairs = pairRecords(older.Records, newer.Records, linked)
		judge.link(pairs, linked)
		c.names[newer.Name] = [2]map[uint32]string{linked.sides[0].names, linked.sides[1].names}
	}
	renamed := !atHand && slices.ContainsFunc(pairs, pair.otherName)
	for i := range pairs {
		p := &pairs[i]
		change := judge.change(p)
		change.Object = newer.Name
		if change.Status == Removed {
			change.Object = older.Name
		}
		if !c.keep(change.Object, change.File, change.Name) {
			continue
		}
		if !atHand && (p.ambiguous() || change.onlyReferences() && (renamed || p.refersByName()) || renamed && p.otherNameOrNone()) {
			c.Ambiguous++
		}
		switch change.Status {
		case Changed:
			c.Summary.Changed++
		case Added:
			c.Summary.Added++
		case Removed:
			c.Summary.Removed++
		case Renamed:
			c.Summary.Renamed++
		case LineOnly:
			c.Summary.LineOnly++
		default:
			if !p.alias {
				c.Summary.Unchanged++
			}
			continue
		}
		c.Changes = append(c.Changes, change)
	}
	return nil
}

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
	Changed    Status = "changed"
	Added      Status = "added"
	Removed    Status = "removed"
	LineOnly   Status = "line-only"  // line numbers differ, and nothing else
	Unreadable Status = "unreadable" // of an object: it isn't compared
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
	// Lines are the line numbers that moved. Checksums don't tell them: they
	// are filled in where the objects are at hand.
	Lines []LineChange
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
	Changed, Added, Removed, LineOnly, Unchanged int
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
}

// Options say what of two manifests to compare.
type Options struct {
	// Keep, if not nil, says which functions count at all.
	Keep func(object, file, name string) bool
	// Trees pairs objects by name even where there is but one on each side.
	Trees bool
	// Data compares named data too, where both sides have records of it.
	Data bool
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
	r := &Result{Old: older, New: newer}
	c := comparer{r, options}
	if len(older.Objects) == 1 && len(newer.Objects) == 1 && !options.Trees {
		c.compareObjects(&older.Objects[0], &newer.Objects[0])
	} else {
		c.pairObjects()
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

// pairObjects pairs the objects of two trees by name.
func (c *comparer) pairObjects() {
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
			c.compareObjects(older, o)
			delete(byName, o.Name)
			continue
		}
		c.Summary.Added += c.listObject(o, Added)
	}
	for _, o := range byName {
		c.Summary.Removed += c.listObject(o, Removed)
	}
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
func (c *comparer) compareObjects(older, newer *manifest.Object) {
	if c.options.Data && c.Old.Data && c.New.Data {
		c.compareData(older, newer)
	}
	for _, p := range pairRecords(older.Records, newer.Records) {
		change := p.judge(c.Old.Dwarf && c.New.Dwarf)
		change.Object = newer.Name
		if change.Status == Removed {
			change.Object = older.Name
		}
		if !c.keep(change.Object, change.File, change.Name) {
			continue
		}
		switch change.Status {
		case Changed:
			c.Summary.Changed++
		case Added:
			c.Summary.Added++
		case Removed:
			c.Summary.Removed++
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
}

// judge compares the two sides of a pair. Dwarf is set where debug information
// was evidence for line numbers on both sides.
func (p *pair) judge(dwarf bool) Change {
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
		if c.Reasons = reasons(p.older, p.newer, dwarf); c.Reasons != nil {
			c.Status = Changed
			if slices.Equal(c.Reasons, onlyLines) {
				c.Status = LineOnly
			}
		}
	}
	return c
}

// reasonLines is the reason that line numbers moved.
const reasonLines = "lines"

var onlyLines = []string{reasonLines}

// reasons names the classes in which two records differ, nil where they are
// the same.
func reasons(a, b *checksum.Record, dwarf bool) []string {
	// Only where both sides have something to tell apart does it count: a
	// second symbol of a name may have come or gone elsewhere.
	ambiguous := a.Disambiguation != b.Disambiguation && a.Disambiguation != 0 && b.Disambiguation != 0
	moved := checksum.Place(a.Section) != checksum.Place(b.Section)
	if a.Digest == b.Digest && !ambiguous && !moved {
		return nil
	}
	if dwarf && !ambiguous && !moved && unlined(a) == unlined(b) {
		return onlyLines
	}
	list, moreLines := classReasons(a, b)
	references := checksum.References.String()
	if (ambiguous || a.Digest != b.Digest && len(list) == 0 && !moreLines) && !slices.Contains(list, references) {
		at := 0
		if len(list) > 0 && list[0] == checksum.Instructions.String() {
			at = 1
		}
		list = slices.Insert(list, at, references)
	}
	if moved {
		list = append(list, "section")
	}
	if moreLines {
		list = append(list, reasonLines)
	}
	return list
}

// unlined is the digest with the fewest line numbers.
func unlined(r *checksum.Record) checksum.Digest {
	for _, d := range [...]checksum.Digest{r.Dwarf, r.Masked} {
		if d != (checksum.Digest{}) {
			return d
		}
	}
	return r.Digest
}

// classReasons names the classes that differ, by their exact digests and by
// those without line numbers, and tells whether line numbers differ in others.
// The places of tables are a reason only where the instructions are the same,
// but for line numbers: otherwise these may have moved them.
func classReasons(a, b *checksum.Record) (list []string, moreLines bool) {
	same := true // so far, the instructions, which come first
	for i, j := 0, 0; i < len(a.Classes) || j < len(b.Classes); {
		order := 0 // which side has the next class, both if 0
		switch {
		case i == len(a.Classes):
			order = 1
		case j == len(b.Classes):
			order = -1
		default:
			order = a.Classes[i].Order(&b.Classes[j])
		}
		var class *checksum.ClassDigest
		differs := order != 0
		switch {
		case order < 0:
			class, i = &a.Classes[i], i+1
		case order > 0:
			class, j = &b.Classes[j], j+1
		default:
			class = &a.Classes[i]
			other := &b.Classes[j]
			unlined := class.Exact != other.Exact && class.Masked == other.Masked
			moreLines = moreLines || unlined
			differs = class.Exact != other.Exact && !unlined || same && class.Places != other.Places
			i, j = i+1, j+1
		}
		if differs {
			list = append(list, class.Reason())
			same = same && class.Class != checksum.Instructions
		}
	}
	return list, moreLines
}

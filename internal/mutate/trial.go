// SPDX-License-Identifier: MIT

package mutate

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// Trial is an object and its comparison with changed copies.
type Trial struct {
	*Object
	base *manifest.Manifest
	copy []byte // the changed one
	jobs int
	Sums int // how many copies were summed
}

// Verdict is what became of a site.
type Verdict struct {
	Site   *Site
	Missed []string // functions that weren't reported
	Wrong  []string // functions reported for other reasons
	Extra  []string // functions reported though nothing of theirs changed
	Err    error    // the copy couldn't be summed
}

// OK tells whether exactly what must be reported was.
func (v *Verdict) OK() bool {
	return len(v.Missed)+len(v.Wrong)+len(v.Extra) == 0 && v.Err == nil
}

func (v *Verdict) String() string {
	var s strings.Builder
	s.WriteString(v.Site.Class + " at " + v.Site.At)
	for _, x := range [...]struct {
		what string
		list []string
	}{{"missed", v.Missed}, {"wrong reason", v.Wrong}, {"extra", v.Extra}} {
		if len(x.list) > 0 {
			fmt.Fprintf(&s, "; %s: %s", x.what, strings.Join(x.list[:min(len(x.list), 4)], ", "))
			if len(x.list) > 4 {
				fmt.Fprintf(&s, " and %d more", len(x.list)-4)
			}
		}
	}
	if v.Err != nil {
		s.WriteString("; " + v.Err.Error())
	}
	return s.String()
}

// NewTrial sums the object as it is.
func NewTrial(o *Object, jobs int) (*Trial, error) {
	t := &Trial{Object: o, copy: slices.Clone(o.data), jobs: jobs}
	m, err := t.sum(o.data)
	t.base = m
	return t, err
}

func (t *Trial) sum(data []byte) (*manifest.Manifest, error) {
	t.Sums++
	file, err := object.Parse(data)
	if err != nil {
		return nil, err
	}
	sums, err := checksum.Sum(file, checksum.Options{Jobs: t.jobs})
	if err != nil {
		return nil, err
	}
	return manifest.New(sums.Arch, manifest.NewObject(t.Name, file, sums)), nil
}

// changes makes the edits of sites in the copy, and returns what a comparison
// reports: for each function its reasons.
func (t *Trial) changes(sites []*Site) (map[Key]Reasons, error) {
	defer func() {
		for _, s := range sites {
			for _, e := range s.Edits {
				copy(t.copy[e.Offset:], t.data[e.Offset:e.Offset+uint64(len(e.Bytes))])
			}
		}
	}()
	for _, s := range sites {
		for _, e := range s.Edits {
			copy(t.copy[e.Offset:], e.Bytes)
		}
	}
	m, err := t.sum(t.copy)
	if err != nil {
		return nil, err
	}
	result, err := compare.Manifests(t.base, m, compare.Options{})
	if err != nil {
		return nil, err
	}
	reported := map[Key]Reasons{}
	for i := range result.Changes {
		c := &result.Changes[i]
		reasons := Reasons{}
		for _, r := range c.Reasons {
			reasons[r] = true
		}
		if c.Status != compare.Changed {
			reasons[string(c.Status)] = true
		}
		record := c.New
		if record == nil {
			record = c.Old
		}
		reported[Key{record.Name, record.File, record.Section}] = reasons
	}
	return reported, nil
}

// judge compares what was reported with what one site demands. What the others
// demand is no business of its.
func (t *Trial) judge(s *Site, reported map[Key]Reasons, others map[Key]bool) Verdict {
	v := Verdict{Site: s}
	mine := map[Key]bool{}
	for _, fn := range s.Perhaps {
		mine[t.KeyOf(fn)] = true
	}
	for fn, reasons := range s.Want {
		key := t.KeyOf(fn)
		mine[key] = true
		got, ok := reported[key]
		switch {
		case !ok:
			v.Missed = append(v.Missed, fmt.Sprintf("%v (%s)", key, reasons))
		case !s.fits(got, reasons):
			v.Wrong = append(v.Wrong, fmt.Sprintf("%v (%s, not %s)", key, got, reasons))
		}
	}
	for key, reasons := range reported {
		if !mine[key] && !others[key] {
			v.Extra = append(v.Extra, fmt.Sprintf("%v (%s)", key, reasons))
		}
	}
	slices.Sort(v.Missed)
	slices.Sort(v.Wrong)
	slices.Sort(v.Extra)
	return v
}

// fits tells whether reported reasons are those demanded, or ones that may stand
// beside them.
func (s *Site) fits(got, demanded Reasons) bool {
	if s.Line && maps.Equal(got, Reasons{"line-only": true, "lines": true}) {
		return true
	}
	found := s.Any == nil
	for r := range demanded {
		if s.Any == nil && !got[r] {
			return false
		}
	}
	for r := range got {
		found = found || slices.Contains(s.Any, r)
		if !demanded[r] && !slices.Contains(s.May, r) && !slices.Contains(s.Any, r) && !slices.Contains(s.May, "*") {
			return false
		}
	}
	return found
}

// bytes is the bytes of the file that a site writes.
func (s *Site) bytes() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, e := range s.Edits {
			for i := range e.Bytes {
				if !yield(e.Offset + uint64(i)) {
					return
				}
			}
		}
	}
}

// concerned is the functions that may be reported.
func (s *Site) concerned() []int {
	return slices.AppendSeq(slices.Clone(s.Perhaps), maps.Keys(s.Want))
}

func (r Reasons) String() string { return strings.Join(slices.Sorted(maps.Keys(r)), "+") }

// Alone tries each site in a copy of its own.
func (t *Trial) Alone(sites []Site) []Verdict {
	list := make([]Verdict, len(sites))
	for i := range sites {
		list[i] = t.alone(&sites[i])
	}
	return list
}

func (t *Trial) alone(s *Site) Verdict {
	reported, err := t.changes([]*Site{s})
	if err != nil {
		return Verdict{Site: s, Err: err}
	}
	return t.judge(s, reported, nil)
}

// Together tries many sites in few copies: those that concern different
// functions share one. Where more or less is reported than they demand, it
// finds out which of them did that.
func (t *Trial) Together(sites []Site) []Verdict {
	type batch struct {
		sites []*Site
		taken map[int]bool
		bytes map[uint64]bool
	}
	var batches []*batch
	for i := range sites {
		s := &sites[i]
		n := slices.IndexFunc(batches, func(b *batch) bool {
			for _, fn := range s.concerned() {
				if b.taken[fn] {
					return false
				}
			}
			for at := range s.bytes() {
				if b.bytes[at] {
					return false
				}
			}
			return true
		})
		if n < 0 {
			n = len(batches)
			batches = append(batches, &batch{taken: map[int]bool{}, bytes: map[uint64]bool{}})
		}
		b := batches[n]
		b.sites = append(b.sites, s)
		for _, fn := range s.concerned() {
			b.taken[fn] = true
		}
		for at := range s.bytes() {
			b.bytes[at] = true
		}
	}
	var list []Verdict
	for _, b := range batches {
		list = append(list, t.together(b.sites)...)
	}
	return list
}

// together tries sites in one copy, and those that it can't blame in halves.
func (t *Trial) together(sites []*Site) []Verdict {
	if len(sites) == 1 {
		return []Verdict{t.alone(sites[0])}
	}
	halves := func() []Verdict {
		return append(t.together(sites[:len(sites)/2]), t.together(sites[len(sites)/2:])...)
	}
	reported, err := t.changes(sites)
	if err != nil {
		return halves()
	}
	demanded := map[Key]bool{}
	for _, s := range sites {
		for _, fn := range s.concerned() {
			demanded[t.KeyOf(fn)] = true
		}
	}
	for key := range reported {
		if !demanded[key] {
			return halves()
		}
	}
	list := make([]Verdict, len(sites))
	for i, s := range sites {
		list[i] = t.judge(s, reported, demanded)
	}
	return list
}

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
	base     *manifest.Manifest
	withData *manifest.Manifest // with records of data, made when first asked for
	copy     []byte             // the changed one
	jobs     int
	Sums     int // how many copies were summed
}

// report is what a comparison tells.
type report struct {
	functions map[Key]Reasons
	data      []Datum
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
	m, err := t.sum(o.data, false)
	t.base = m
	return t, err
}

func (t *Trial) sum(data []byte, named bool) (*manifest.Manifest, error) {
	t.Sums++
	file, err := object.Parse(data)
	if err != nil {
		return nil, err
	}
	sums, err := checksum.Sum(file, checksum.Options{Jobs: t.jobs, Data: named})
	if err != nil {
		return nil, err
	}
	m := manifest.New(sums.Arch, manifest.NewObject(t.Name, file, sums))
	m.Data = named
	return m, nil
}

// changes makes the edits of sites in the copy, and returns what a comparison
// reports: for each function its reasons, and data if these are looked at.
func (t *Trial) changes(sites []*Site) (*report, error) {
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
	base, named := t.base, sites[0].Data != nil
	if named {
		if t.withData == nil {
			m, err := t.sum(t.data, true)
			if err != nil {
				return nil, err
			}
			t.withData = m
		}
		base = t.withData
	}
	m, err := t.sum(t.copy, named)
	if err != nil {
		return nil, err
	}
	result, err := compare.Manifests(base, m, compare.Options{Data: named})
	if err != nil {
		return nil, err
	}
	reported := &report{functions: map[Key]Reasons{}}
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
		reported.functions[Key{record.Name, record.File, record.Section}] = reasons
	}
	for i := range result.Data {
		d := &result.Data[i]
		record := d.New
		if record == nil {
			record = d.Old
		}
		reported.data = append(reported.data, Datum{record.Section, d.Name})
	}
	return reported, nil
}

// demands is what may be reported of some sites.
type demands struct {
	functions map[Key]bool
	data      []Datum
}

func (t *Trial) demands(sites ...*Site) *demands {
	d := &demands{functions: map[Key]bool{}}
	for _, s := range sites {
		for _, key := range t.concerned(s) {
			d.functions[key] = true
		}
		d.data = append(d.data, s.Data...)
	}
	return d
}

// judge compares what was reported with what one site demands. What it and others may
// be reported for is no business of its.
func (t *Trial) judge(s *Site, reported *report, all *demands) Verdict {
	v := Verdict{Site: s}
	for fn, reasons := range s.Want {
		key := t.KeyOf(fn)
		got, ok := reported.functions[key]
		switch {
		case !ok:
			v.Missed = append(v.Missed, fmt.Sprintf("%v (%s)", key, reasons))
		case !s.fits(got, reasons):
			v.Wrong = append(v.Wrong, fmt.Sprintf("%v (%s, not %s)", key, got, reasons))
		}
	}
	if s.Orphan != "" && !reported.functions[orphan(s.Orphan)][string(compare.Added)] {
		v.Missed = append(v.Missed, fmt.Sprintf("%v in %s (added)", orphan(s.Orphan), s.Orphan))
	}
	for key, reasons := range reported.functions {
		if !all.functions[key] {
			v.Extra = append(v.Extra, fmt.Sprintf("%v (%s)", key, reasons))
		}
	}
	for _, d := range s.Data {
		if !slices.ContainsFunc(reported.data, d.covers) {
			v.Missed = append(v.Missed, fmt.Sprintf("data %s in %s", d.Name, d.Section))
		}
	}
	for _, d := range reported.data {
		if !slices.ContainsFunc(all.data, func(of Datum) bool { return of.covers(d) }) {
			v.Extra = append(v.Extra, fmt.Sprintf("data %s in %s", d.Name, d.Section))
		}
	}
	slices.Sort(v.Missed)
	slices.Sort(v.Wrong)
	slices.Sort(v.Extra)
	return v
}

// orphan is the key of code that nobody owns in a section.
func orphan(section string) Key { return Key{checksum.OrphanName, "", section} }

// covers tells whether a listed datum is the one.
func (d Datum) covers(listed Datum) bool {
	return d.Section == listed.Section && strings.Contains(listed.Name, d.Name)
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

// concerned is what may be reported of a site.
func (t *Trial) concerned(s *Site) []Key {
	var list []Key
	for fn := range s.Want {
		list = append(list, t.KeyOf(fn))
	}
	for _, fn := range s.Perhaps {
		list = append(list, t.KeyOf(fn))
	}
	if s.Orphan != "" {
		list = append(list, orphan(s.Orphan))
	}
	return list
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
	return t.judge(s, reported, t.demands(s))
}

// Together tries many sites in few copies: those that concern different
// functions share one. Where more or less is reported than they demand, it
// finds out which of them did that.
func (t *Trial) Together(sites []Site) []Verdict {
	type batch struct {
		sites []*Site
		taken map[any]bool // keys of functions, data, bytes of the file
	}
	var batches []*batch
	for i := range sites {
		s := &sites[i]
		var mine []any
		for _, key := range t.concerned(s) {
			mine = append(mine, key)
		}
		for _, d := range s.Data {
			mine = append(mine, d)
		}
		for at := range s.bytes() {
			mine = append(mine, at)
		}
		n := slices.IndexFunc(batches, func(b *batch) bool {
			return (b.sites[0].Data == nil) == (s.Data == nil) && !slices.ContainsFunc(mine, func(x any) bool { return b.taken[x] })
		})
		if n < 0 {
			n = len(batches)
			batches = append(batches, &batch{taken: map[any]bool{}})
		}
		b := batches[n]
		b.sites = append(b.sites, s)
		for _, x := range mine {
			b.taken[x] = true
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
	list, all := make([]Verdict, len(sites)), t.demands(sites...)
	for i, s := range sites {
		list[i] = t.judge(s, reported, all)
	}
	if slices.ContainsFunc(list, func(v Verdict) bool { return len(v.Extra) > 0 }) {
		return halves()
	}
	return list
}

// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"slices"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/explain"
)

// objects is the two sides of a comparison with the objects behind them. Of a
// tree's objects, a pair is open at a time.
type objects struct {
	in           *inputs
	older, newer side
}

// side is one of them.
type side struct {
	*source
	name string // of the object that is open
	file *mapped.File
}

func newObjects(in *inputs, older, newer *source) *objects {
	return &objects{in, side{source: older}, side{source: newer}}
}

func (o *objects) close() {
	o.older.close()
	o.newer.close()
}

func (o *objects) trees() bool { return o.older.tree || o.newer.tree }

// atHand tells whether both sides are objects, not manifests.
func (o *objects) atHand() bool { return o.older.paths != nil && o.newer.paths != nil }

func (o *objects) compare(options compare.Options) (*compare.Result, error) {
	options.Trees = o.trees()
	options.Unreadable = slices.Concat(o.older.unreadable, o.newer.unreadable)
	if o.atHand() {
		options.Objects = o.open
	}
	return compare.Manifests(o.older.manifest, o.newer.manifest, options)
}

// open makes a pair of objects the one that is traced.
func (o *objects) open(older, newer string) (a, b *checksum.Tracer, err error) {
	if err := o.older.open(o.in, older); err != nil {
		return nil, nil, err
	}
	if err := o.newer.open(o.in, newer); err != nil {
		return nil, nil, err
	}
	return o.older.tracer, o.newer.tracer, nil
}

// steps is the steps of both sides of a change.
func (o *objects) steps(result *compare.Result, c *compare.Change) (older, newer []checksum.Traced, err error) {
	a, b, err := o.open(c.Object, c.Object)
	if err != nil {
		return nil, nil, err
	}
	result.Rename(c.Object, a, b)
	if older, err = a.Steps(c.Old); err != nil {
		return nil, nil, err
	}
	newer, err = b.Steps(c.New)
	return older, newer, err
}

// findLines notes the line numbers that moved in functions that have the same
// steps otherwise, where both sides are objects.
func (o *objects) findLines(result *compare.Result) error {
	if !o.atHand() {
		return nil
	}
	for i := range result.Changes {
		c := &result.Changes[i]
		if c.Old == nil || c.New == nil || !c.LinesMoved() {
			continue
		}
		older, newer, err := o.steps(result, c)
		if err != nil {
			return err
		}
		c.Lines = explain.Lines(older, newer)
	}
	return nil
}

func (s *side) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// open makes another object of a tree the one that is traced. A side that is no
// tree has but one.
func (s *side) open(in *inputs, name string) error {
	if !s.tree || name == s.name {
		return nil
	}
	s.close()
	s.file, s.tracer, s.name = nil, nil, ""
	file, err := mapped.Open(s.paths[name])
	if err != nil {
		return err
	}
	s.file = file
	if _, s.tracer, err = in.sum(file.Data, s.paths[name], name, in.options, io.Discard); err != nil {
		return err
	}
	s.name = name
	return nil
}

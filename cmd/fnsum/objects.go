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

// objects is the two sides of a comparison with the objects behind them.
type objects struct {
	in           *inputs
	older, newer *source
	// shown is the pair of a tree's objects that was traced last.
	shown struct {
		name  string
		a, b  *checksum.Tracer
		close func()
	}
}

func newObjects(in *inputs, older, newer *source) *objects {
	return &objects{in: in, older: older, newer: newer}
}

func (o *objects) close() {
	if o.shown.close != nil {
		o.shown.close()
	}
}

func (o *objects) trees() bool { return o.older.tree || o.newer.tree }

// atHand tells whether both sides are objects, not manifests.
func (o *objects) atHand() bool { return o.older.paths != nil && o.newer.paths != nil }

func (o *objects) compare(options compare.Options) (*compare.Result, error) {
	options.Trees = o.trees()
	options.Unreadable = slices.Concat(o.older.unreadable, o.newer.unreadable)
	options.Jobs = o.in.jobs()
	if o.atHand() {
		options.Objects = o.open
	}
	return compare.Manifests(o.older.manifest, o.newer.manifest, options)
}

// open makes tracers of a pair of objects.
func (o *objects) open(older, newer string) (a, b *checksum.Tracer, done func(), err error) {
	a, closeOld, err := o.in.tracer(o.older, older)
	if err != nil {
		return nil, nil, nil, err
	}
	b, closeNew, err := o.in.tracer(o.newer, newer)
	if err != nil {
		closeOld()
		return nil, nil, nil, err
	}
	return a, b, func() { closeOld(); closeNew() }, nil
}

// tracer opens an object of a tree again. A side that is no tree has but one,
// which is open.
func (in *inputs) tracer(s *source, name string) (*checksum.Tracer, func(), error) {
	if !s.tree {
		return s.tracer, func() {}, nil
	}
	file, err := mapped.Open(s.paths[name])
	if err != nil {
		return nil, nil, err
	}
	options := in.options
	options.Jobs = 1 // of several trees' objects, each has a core
	var tracer *checksum.Tracer
	err = reading(file, s.paths[name], func() (err error) {
		_, tracer, err = in.sum(file.Data, s.paths[name], name, options, true, io.Discard)
		return err
	})
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return tracer, func() { file.Close() }, nil
}

// steps is the steps of both sides of a change, valid until those of another
// object's are asked for.
func (o *objects) steps(result *compare.Result, c *compare.Change) (older, newer []checksum.Traced, err error) {
	if s := &o.shown; s.a == nil || s.name != c.Object {
		o.close()
		s.a, s.close = nil, nil
		if s.a, s.b, s.close, err = o.open(c.Object, c.Object); err != nil {
			return nil, nil, err
		}
		s.name = c.Object
		result.Rename(c.Object, s.a, s.b)
	}
	return c.Steps(o.shown.a, o.shown.b)
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

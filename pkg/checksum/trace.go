// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/object"
)

// Tracer yields the steps of single functions: those, and no others, that
// their checksums were made of. Its results are views of the object's file.
type Tracer struct {
	s      *summer
	walker *walker
	digest digester
	users  map[uint32][]Use // nil until it is asked for
}

// Traced is a step with what it is about.
type Traced struct {
	Step
	// Symbol is the name of the step's part: the function, a cold part, or the
	// section of code without a symbol.
	Symbol string
	// Code is the instruction that the step belongs to, empty where it
	// belongs to none.
	Code []byte
	// Branch is set where that is a direct branch or call.
	Branch bool
}

// Trace sums an object, as Sum does, and gives a Tracer as well.
func Trace(file *object.File, options Options) (*Sums, *Tracer, error) {
	s, err := newSummer(file, options, true)
	if err != nil {
		return nil, nil, err
	}
	return s.sums(), &Tracer{s: s, walker: newWalker(s.p), digest: digester{hash: s.p.hash}}, nil
}

// Steps is the steps of the function or orphan that the record is of. Choices, if there are
// any, say which of its Readings each reference means. Its error says that there is none.
func (t *Tracer) Steps(r *Record, choices []int) ([]Traced, error) {
	b := t.body(r)
	if b == nil {
		return nil, fmt.Errorf("%s: there is no such function", r.Name)
	}
	t.walker.reading.choices = choices
	defer func() { t.walker.reading.choices = nil }()
	return t.trace(b), nil
}

// has tells whether a record is of one of the object's bodies. A function of
// another object would have another name.
func (t *Tracer) has(r *Record) bool {
	functions := len(t.s.p.code.Funcs)
	switch i := int(r.Body) - 1; {
	case i < 0:
		return false
	case i < functions:
		return r.Kind == Function && t.s.p.code.Name(t.s.p.code.Funcs[i].Primary) == r.Name
	default:
		return r.Kind == Orphan && i < functions+len(t.s.orphans)
	}
}

// body is the body that a record is of, nil if the object has none such.
func (t *Tracer) body(r *Record) *body {
	if !t.has(r) {
		return nil
	}
	b := t.s.body(r.Body-1, nil)
	return &b
}

func (t *Tracer) trace(b *body) []Traced {
	v := tracer{w: t.walker}
	t.walker.walk(b, &v)
	return v.steps
}

// tracer is the visitor that keeps the steps.
type tracer struct {
	w     *walker
	steps []Traced
}

func (v *tracer) step(s *Step) {
	part := &v.w.parts[s.Part]
	traced := Traced{Step: *s, Symbol: v.w.p.file.Sections[part.section].Name()}
	traced.Bytes, traced.Masked, traced.Place = bytes.Clone(s.Bytes), bytes.Clone(s.Masked), bytes.Clone(s.Place)
	traced.Dwarf = bytes.Clone(s.Dwarf)
	traced.Lines = slices.Clone(s.Lines)
	if part.extent >= 0 {
		traced.Symbol = v.w.p.code.Name(v.w.p.entryName(&v.w.p.code.Extents[part.extent]))
	}
	if in := v.w.instAt(s); in != nil && s.Kind != PrefixStep {
		traced.Code = v.w.p.file.Data(part.section)[part.start+s.Offset:][:in.Len]
		traced.Branch = in.Form != 0
	}
	v.steps = append(v.steps, traced)
}

// instAt is the instruction that a step belongs to.
func (w *walker) instAt(s *Step) *inst {
	insts := w.laid[s.Part].insts
	i := sort.Search(len(insts), func(i int) bool { return insts[i].offset >= s.Offset })
	if i == len(insts) || insts[i].offset != s.Offset {
		return nil
	}
	return &insts[i]
}

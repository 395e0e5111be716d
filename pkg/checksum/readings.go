// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"
)

// A place in data whose address is taken, and which the assembler wrote as a section and an
// offset, may mean several things: what begins there, a label there, the end of what is in
// front (rule 3.8h). A function's checksum has the first of them. Two objects at hand tell
// more, as both sides mean the same: Readings gives all, and Again takes the ones that were
// chosen.

// ReadingKind is what a reading takes a place for.
type ReadingKind uint8

const (
	Begins  ReadingKind = iota // what begins there; nameless where it has no name
	AtLabel                    // a label without a size
	AtEnd                      // the end of a datum
)

// Reading is one of the things that a reference may mean.
type Reading struct {
	Kind ReadingKind
	// Name is what it goes by, empty for nameless data.
	Name string
	// Content tells two of one kind and name apart: of nameless data what they hold, without
	// line numbers, of an end the size of the datum.
	Content uint64
	// Used is set, of an end, where the function refers to the datum elsewhere, too.
	Used bool
}

// InDoubt is the Disambiguation of a record that has nothing else to tell apart, and refers
// to a place where a label may be meant or something else. It differs from no other.
const InDoubt = 1

// reading is the state of a walk that concerns such places.
type reading struct {
	ends    []uint32 // data that end where something else is read
	doubt   bool     // a label may be meant
	next    int      // the number of the next reference
	choices []int    // by reference: which reading is taken, if any are to be chosen
	collect *[][]Reading
	symbols [][]uint32 // of what is collected
}

func (r *reading) reset() { r.ends, r.doubt, r.next = r.ends[:0], false, 0 }

// pass counts a reference that isn't to a place in data.
func (r *reading) pass() {
	r.next++
	if r.collect != nil {
		*r.collect, r.symbols = append(*r.collect, nil), append(r.symbols, nil)
	}
}

// placeReading is one reading of a target.
type placeReading struct {
	kind ReadingKind
	target
}

// several tells whether a target has more than one reading.
func (t *target) several() bool { return t.ended != 0 || t.behind || t.labels }

// readings is all that a target may mean, what it is read as first.
func (p *program) readings(t *target) []placeReading {
	list := []placeReading{{Begins, *t}}
	first := &list[0]
	symbols := p.code.SymbolsOf(t.section)
	x := p.symbolsAt(symbols, int64(t.at))
	add := func(kind ReadingKind, symbol uint32) {
		other := target{section: t.section, at: t.at, extent: -1, biased: t.biased}
		if symbol != t.symbol {
			p.readAsSymbol(&other, symbol)
			list = append(list, placeReading{kind, other})
		}
	}
	switch {
	case t.behind:
		first.kind = AtEnd
	case x.starts == 0 && x.label != 0:
		first.kind = AtLabel
	}
	if x.label != 0 {
		p.labelsOfData(symbols, t.at, func(label uint32) { add(AtLabel, label) })
	}
	if x.ended != 0 {
		add(AtEnd, x.ended)
		if x.begins != 0 {
			add(Begins, x.begins)
		}
	}
	return list
}

// labelsOfData visits the labels at a place that references by place may mean.
func (p *program) labelsOfData(symbols []uint32, at uint64, visit func(label uint32)) {
	from, _ := slices.BinarySearchFunc(symbols, at, func(symbol uint32, at uint64) int {
		if p.file.Symbols[symbol].Value < at {
			return -1
		}
		return 1
	})
	for i := from; i < len(symbols) && i < from+nearby && p.file.Symbols[symbols[i]].Value == at; i++ {
		if s := &p.file.Symbols[symbols[i]]; s.Size == 0 && p.byPlace(s) {
			visit(symbols[i])
		}
	}
}

// read notes what a reference of code may mean beside what it is read as, and reads it as
// was chosen.
func (w *walker) read(here place, t *target) {
	r := &w.reading
	switch {
	case t.labels && w.passesKey(here):
		w.p.readAsKey(t)
	case t.several() && t.kind == targetName && w.p.isBook(t.symbol) && w.p.file.Symbols[t.symbol].Size > 0:
		t.ended, t.labels = 0, false // a macro's own: nothing else is meant
	}
	switch {
	case r.collect != nil:
		w.collect(t)
	case r.next < len(r.choices):
		if choice := r.choices[r.next]; choice > 0 && t.several() {
			if list := w.p.readings(t); choice < len(list) {
				*t = list[choice].target
			}
		}
		t.ended, t.labels = 0, false
	}
	r.next++
	if t.ended != 0 {
		r.ends = append(r.ends, t.ended)
	}
	r.doubt = r.doubt || t.labels
}

// collect notes the readings of a target.
func (w *walker) collect(t *target) {
	places := []placeReading{{Begins, *t}}
	if t.several() {
		places = w.p.readings(t)
	}
	var list []Reading
	var symbols []uint32
	for i := range places {
		reading, ok := w.readingOf(&places[i])
		if !ok { // no place in data
			list, symbols = nil, nil
			break
		}
		list, symbols = append(list, reading), append(symbols, places[i].symbol)
	}
	r := &w.reading
	*r.collect, r.symbols = append(*r.collect, list), append(r.symbols, symbols)
}

// readingOf is a reading for those who compare it with others.
func (w *walker) readingOf(x *placeReading) (reading Reading, ok bool) {
	switch x.target.kind {
	case targetName:
		if w.p.inKinds[x.symbol] == sectionCode {
			return reading, false
		}
		s := &w.p.file.Symbols[x.symbol]
		reading.Kind = x.kind
		reading.Name, _ = w.p.name(x.symbol)
		switch {
		case s.Size > 0 && x.offset == int64(s.Size):
			reading.Kind, reading.Content = AtEnd, s.Size
		case x.offset != 0:
			reading.Name += fmt.Sprintf("%+d", x.offset)
		}
		return reading, true
	case targetDatum:
		// As others refer to it, so that what the function referred to before doesn't
		// matter.
		disambig, ambiguous, maskable, numbers := len(w.disambig), w.ambiguous, w.maskable, len(w.numbers)
		w.masking = true
		content := w.appendPlain(nil, &x.target)
		w.masking = false
		w.disambig, w.ambiguous, w.maskable, w.numbers = w.disambig[:disambig], ambiguous, maskable, w.numbers[:numbers]
		return Reading{Kind: x.kind, Content: xxh3.Hash(content)}, true
	}
	return reading, false
}

// Readings is what each reference of a function or orphan to a place in data may mean, in the
// order of its code, what it is read as first; nothing of references to other things. It
// tells whether the object has the body.
func (t *Tracer) Readings(r *Record) ([][]Reading, bool) {
	b := t.body(r)
	if b == nil {
		return nil, false
	}
	var all [][]Reading
	state := &t.walker.reading
	state.collect, state.symbols = &all, nil
	touched := t.uses(b)
	state.collect = nil
	used := make(map[uint32]bool, len(touched))
	for _, symbol := range touched {
		used[symbol] = true
	}
	for i, list := range all {
		for n := range list {
			list[n].Used = list[n].Kind == AtEnd && used[state.symbols[i][n]]
		}
	}
	return all, true
}

// disambiguation is the digest of what tells targets of one name apart, and of what the
// readings leave open: a reference was read as what starts at a place, and the function uses
// the datum that ends there as well (rule 3.8f).
func (w *walker) disambiguation() uint64 {
	for _, symbol := range w.reading.ends {
		if slices.Contains(w.touched, symbol) {
			w.disambig = append(w.disambig, tagSection)
			w.disambig = appendText(w.disambig, w.p.normal(symbol))
			w.disambig = binary.AppendUvarint(w.disambig, w.p.file.Symbols[symbol].Size)
		}
	}
	switch {
	case len(w.disambig) > 0:
		return max(xxh3.Hash(w.disambig), InDoubt+1)
	case w.reading.doubt:
		return InDoubt
	}
	return 0
}

// SPDX-License-Identifier: MIT

// Package explain shows where two builds of a function differ: it aligns the
// steps that their checksums were made of.
//
//  1. Steps become items: an instruction with what it refers to, or a row of
//     data (items).
//  2. Items are aligned by all that doesn't depend on what stands in front of
//     them: a place in the function counts as a place, whichever (align).
//  3. Aligned items differ if the places in them aren't aligned (Function).
//
// It is apart from pkg/compare because that compares checksums, which a
// manifest has too, and this needs the objects.
package explain

import (
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// Op says which side a row is of.
type Op byte

const (
	Same Op = ' '
	Old  Op = '-'
	New  Op = '+'
)

// Row is a line of an explanation.
type Row struct {
	Op     Op
	Symbol string // of the part: the function itself or a cold part
	Offset uint64 // from the start of the symbol, in new where both have it
	Detail bool   // the row goes on with what the one before began
	Line   bool   // there is a line number in it, and it says why
	Text   string
}

// Function aligns the steps of the two sides of a function. Rows that both
// have stand once.
func Function(arch string, older, newer []checksum.Traced) ([]Row, error) {
	a, err := items(arch, older)
	if err != nil {
		return nil, err
	}
	b, err := items(arch, newer)
	if err != nil {
		return nil, err
	}
	pairs := align(a, b)
	to := places{fromOld: map[checksum.Location]span{}}
	to.learn(a, b, pairs)

	var rows []Row
	i, j := 0, 0
	flush := func(toOld, toNew int) {
		for ; i < toOld; i++ {
			rows = append(rows, a[i].row(Old, a))
		}
		for ; j < toNew; j++ {
			rows = append(rows, b[j].row(New, b))
		}
	}
	for _, p := range pairs {
		flush(p.old, p.new)
		if to.equal(&a[p.old], &b[p.new]) {
			rows = append(rows, b[p.new].row(Same, b))
			i, j = i+1, j+1
		}
	}
	flush(len(a), len(b))
	hint(rows, Lines(older, newer))
	return rows, nil
}

// hint says of an instruction whose immediate moved as far as a line number of
// the function did that it looks like one. It may not be one, and nothing but
// this remark depends on it (rule 7.4).
func hint(rows []Row, moved []compare.LineChange) {
	for i := 1; i < len(rows); i++ {
		old, fresh := &rows[i-1], &rows[i]
		if old.Op != Old || fresh.Op != New || fresh.Line {
			continue
		}
		x, before, ok := immediateOf(old.Text)
		y, after, ok2 := immediateOf(fresh.Text)
		if !ok || !ok2 || before != after {
			continue
		}
		for _, l := range moved {
			if y-x == int64(l.New)-int64(l.Old) {
				fresh.Text += "  (looks like a line number)"
				break
			}
		}
	}
}

// immediateOf is the immediate in an instruction's text, and the rest of it.
func immediateOf(text string) (value int64, rest string, ok bool) {
	mark := strings.IndexAny(text, "$#") // as x86 and arm64 write it
	if mark < 0 {
		return 0, "", false
	}
	head, tail := text[:mark+1], text[mark+1:]
	end := strings.IndexAny(tail, ", ")
	if end < 0 {
		end = len(tail)
	}
	value, err := strconv.ParseInt(tail[:end], 0, 64)
	return value, head + tail[end:], err == nil
}

// places says which place of new a place of old became.
type places struct {
	fromOld map[checksum.Location]span
}

// span is from the first to the last place that one of old may have become:
// where something was put in front of an instruction, what jumped to it may
// jump there.
type span struct{ part, first, last int }

func (p *places) learn(a, b []item, pairs []pair) {
	next := map[int]int{} // by part of new: the place behind the last pair
	var waiting []checksum.Location
	settle := func(part, last int) {
		for _, place := range waiting {
			p.fromOld[place] = span{part, next[part], last}
		}
		waiting = waiting[:0]
	}
	n := 0
	for i := range a {
		if !a[i].instruction {
			continue
		}
		if len(waiting) > 0 && waiting[0].Part != a[i].at.Part {
			settle(waiting[0].Part, math.MaxInt)
		}
		waiting = append(waiting, a[i].at)
		for n < len(pairs) && pairs[n].old < i {
			n++
		}
		if n < len(pairs) && pairs[n].old == i {
			to := b[pairs[n].new].at
			settle(to.Part, int(to.Ordinal))
			next[to.Part] = int(to.Ordinal) + 1
		}
	}
	if len(waiting) > 0 {
		settle(waiting[0].Part, math.MaxInt)
	}
}

// equal tells whether the places in two aligned items are the same.
func (p *places) equal(a, b *item) bool {
	for i, from := range a.places {
		to := b.places[i]
		if from.Into != to.Into {
			return false
		}
		from.Into = 0
		s, known := p.fromOld[from]
		if known && (s.part != to.Part || int(to.Ordinal) < s.first || int(to.Ordinal) > s.last) {
			return false
		}
	}
	return true
}

// item is what is aligned: a line of the explanation.
type item struct {
	key         string // equal for items that may be the same
	text        string // a NUL for each place
	places      []checksum.Location
	at          checksum.Location
	instruction bool
	line        bool
	symbol      string
	offset      uint64
}

// items makes items of steps.
func items(arch string, steps []checksum.Traced) ([]item, error) {
	var list []item
	for i := range steps {
		step := steps[i]
		step.Symbol = checksum.Readable(step.Symbol)
		s := &step
		lines, err := s.Describe()
		if err != nil {
			return nil, err
		}
		switch s.Kind {
		case checksum.InstructionStep:
			it := newItem(s, lines[0], true)
			it.key = s.Class.String() + it.text // before the text becomes one for people
			if text, ok := disassemble(arch, s); ok {
				it.text = text + strings.Repeat(" \x00", len(it.places))
			}
			for _, l := range s.Lines {
				it.text, it.line = it.text+"  (a line number, by "+l.Evidence.String()+")", true
			}
			list = append(list, it)
			list = appendRows(list, s, lines[1:])
		case checksum.PrefixStep, checksum.EntryStep, checksum.LabelStep:
			list = appendRows(list, s, lines)
		default:
			n := len(list) - 1
			for n >= 0 && !list[n].instruction {
				n--
			}
			if n >= 0 && list[n].symbol == s.Symbol && list[n].offset == s.Offset {
				list[n].add(&lines[0], s.Branch)
				if s.Name != "" { // for people: it isn't compared
					list[n].text += " (" + checksum.Readable(s.Name) + ")"
				}
				lines = lines[1:]
			}
			list = appendRows(list, s, lines)
		}
	}
	return list, nil
}

func appendRows(list []item, s *checksum.Traced, lines []checksum.Line) []item {
	for i := range lines {
		it := newItem(s, lines[i], false)
		it.key = s.Class.String() + it.text
		list = append(list, it)
	}
	return list
}

func newItem(s *checksum.Traced, line checksum.Line, instruction bool) item {
	return item{
		text: line.Text, places: line.Places, instruction: instruction,
		at:     checksum.Location{Part: s.Part, Ordinal: s.Ordinal},
		symbol: s.Symbol, offset: s.Offset,
	}
}

// add puts what an instruction refers to behind it.
func (it *item) add(line *checksum.Line, branch bool) {
	it.key += "\n" + line.Text
	target, ok := strings.CutPrefix(line.Text, "pc -> ")
	switch {
	case ok && branch:
		it.text += " " + target
	case strings.HasSuffix(it.text, "-> "), strings.HasSuffix(it.text, ", "): // announced by a reference
		it.text += line.Text
	default:
		it.text += "  " + line.Text
	}
	it.places = append(it.places, line.Places...)
}

// row is the item as a row, with offsets for the places in it.
func (it *item) row(op Op, all []item) Row {
	var text strings.Builder
	n := 0
	for _, c := range it.text {
		if c != 0 || n == len(it.places) {
			text.WriteRune(c)
			continue
		}
		text.WriteString(name(it.places[n], all))
		n++
	}
	return Row{Op: op, Symbol: it.symbol, Offset: it.offset, Detail: !it.instruction, Line: it.line, Text: text.String()}
}

// name is a place in the function as an offset.
func name(at checksum.Location, all []item) string {
	i := sort.Search(len(all), func(i int) bool {
		other := all[i].at
		return other.Part > at.Part || other.Part == at.Part && other.Ordinal >= at.Ordinal
	})
	if i == len(all) || all[i].at.Part != at.Part {
		return "the end"
	}
	return all[i].symbol + offset(all[i].offset+uint64(at.Into))
}

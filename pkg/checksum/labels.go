// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"debug/elf"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// Labels are symbols without a size: entry points of assembly routines (rule 2.6), and
// constants of hand-written code (rule 3.7).

// marksRange tells whether a label marks a range, by its name: it belongs to nothing that
// happens to stand there. include/asm-generic/sections.h; HYP_SECTION_SYMBOL_NAME,
// arch/arm64/include/asm/hyp_image.h.
func marksRange(name string) bool {
	return strings.HasSuffix(name, "_start") || strings.HasSuffix(name, "_end") || strings.Contains(name, "__hyp_section_")
}

// isLabel tells whether a symbol is an entry point without a size that others may know of.
func (p *program) isLabel(s *object.Symbol) bool {
	return s.Size == 0 && !s.Local() && s.Defined() && p.kinds[s.Section] == sectionCode &&
		s.Type() != elf.STT_SECTION && s.Name() != "" && !marksRange(s.Name())
}

// findLabels finds the labels in code.
func (p *program) findLabels() {
	var labels []uint32
	for i, kind := range p.inKinds {
		if kind == sectionCode && p.isLabel(&p.file.Symbols[i]) {
			labels = append(labels, uint32(i))
			p.marks[i] |= markLabel
		}
	}
	slices.SortFunc(labels, func(a, b uint32) int {
		x, y := &p.file.Symbols[a], &p.file.Symbols[b]
		return cmp.Or(cmp.Compare(x.Section, y.Section), cmp.Compare(x.Value, y.Value), p.file.CompareNames(a, b))
	})
	p.labels = make([][]uint32, len(p.file.Sections))
	for len(labels) > 0 {
		section := p.file.Symbols[labels[0]].Section
		n := 1
		for n < len(labels) && p.file.Symbols[labels[n]].Section == section {
			n++
		}
		p.labels[section], labels = labels[:n], labels[n:]
	}
}

// labelsIn is the labels in a range of a section of code.
func (p *program) labelsIn(section uint32, start, end uint64) []uint32 {
	labels := p.labels[section]
	if len(labels) == 0 {
		return nil
	}
	lo := sort.Search(len(labels), func(i int) bool { return p.file.Symbols[labels[i]].Value >= start })
	hi := lo
	for hi < len(labels) && p.file.Symbols[labels[hi]].Value < end {
		hi++
	}
	return labels[lo:hi]
}

// labelOffset is where the first of some labels stands, behind everything where there is
// none.
func (p *program) labelOffset(labels []uint32) uint64 {
	if len(labels) == 0 {
		return math.MaxUint64
	}
	return p.file.Symbols[labels[0]].Value
}

// labelAt is the first of some labels that stands at a place; 0 where none does.
func (p *program) labelAt(labels []uint32, at uint64) uint32 {
	i := sort.Search(len(labels), func(i int) bool { return p.file.Symbols[labels[i]].Value >= at })
	if i == len(labels) || p.file.Symbols[labels[i]].Value > at {
		return 0
	}
	return labels[i]
}

// labelIn is the first label that stands at a place of code; 0 where none does.
func (p *program) labelIn(section uint32, at uint64) uint32 {
	return p.labelAt(p.labelsIn(section, at, at+1), at)
}

// label makes the step of a label at the instruction here.
func (w *walker) label(label uint32, here place) {
	w.placed = w.appendPlace(w.placed[:0], here.part, w.p.file.Symbols[label].Value)
	w.emitLabel(label, here)
}

// frontReach is how many bytes in front of a function its padding is looked through for
// labels.
const frontReach = 64

// frontLabels makes the steps of the labels in the padding in front of a function.
func (w *walker) frontLabels(i int) {
	part := &w.parts[i]
	if len(w.p.labels[part.section]) == 0 {
		return
	}
	from := part.prefix - min(part.prefix, frontReach)
	if before := part.extent - 1; before >= 0 && w.p.code.Extents[before].Section == part.section {
		from = max(from, w.p.code.Extents[before].End)
	}
	for _, label := range w.p.labelsIn(part.section, from, max(from, part.start)) {
		at := w.p.file.Symbols[label].Value
		if w.p.code.Innermost(part.section, at) < 0 && w.p.padding(part.section, at, max(part.prefix, at), &w.prefix) {
			w.placed = append(w.placed[:0], tagFront)
			w.emitLabel(label, place{part: i})
		}
	}
}

func (w *walker) emitLabel(label uint32, here place) {
	name, _ := w.p.name(label)
	w.encoded = appendText(append(w.encoded[:0], tagLabel), name)
	w.step.Place = w.placed
	w.emit(Labels, LabelStep, here, false)
	w.step.Place = nil
}

// runOn makes the step of what a part runs on into, whose last instruction lets it (rule
// 2.7).
func (w *walker) runOn(i int) {
	part, l := &w.parts[i], &w.laid[i]
	if w.replacement(i) || l.opaque || l.tail < part.end-part.start || !w.p.endsOpen(part, l) {
		return
	}
	at, ok := w.p.behind(part.section, part.end, &w.prefix)
	if !ok {
		return
	}
	t := w.p.resolvePlace(part.section, int64(at))
	w.reference(place{i, l.count, l.tail}, relocRunsOn, &t)
}

// endsOpen tells whether control may go on behind a part. NOPs, data and barriers at its
// end don't matter.
func (p *program) endsOpen(part *part, l *layout) bool {
	for n := len(l.insts) - 1; n >= 0; n-- {
		in := &l.insts[n]
		switch in.Kind {
		case decode.Nop:
			continue
		case decode.CondJump:
			return true
		case decode.Plain:
			at := part.start + in.offset
			if _, ok := p.code.DataAt(part.section, at); ok {
				continue
			}
			if p.machine.barrier != nil && p.machine.barrier(p.file.Data(part.section)[at:][:in.Len]) {
				continue
			}
			return true
		}
		return false
	}
	return false
}

// behind is the first place from one on where neither NOPs nor data stand between
// instructions; false where it is the section's end, or padding that stops whoever runs
// into it.
func (p *program) behind(section uint32, at uint64, in *decode.Inst) (uint64, bool) {
	code := p.file.Data(section)
	for at < uint64(len(code)) {
		if dataEnd, ok := p.code.DataAt(section, at); ok {
			at = min(dataEnd, uint64(len(code)))
			continue
		}
		if p.machine.fill(code[at:]) > 0 {
			return 0, false
		}
		if !p.decode(code[at:], in) || in.Kind != decode.Nop {
			return at, true
		}
		at += uint64(in.Len)
	}
	return 0, false
}

// isConstants tells whether a symbol is a label of constants of hand-written code, which
// count by name and content (rule 3.7).
func (p *program) isConstants(symbol uint32) bool {
	s := &p.file.Symbols[symbol]
	return p.inKinds[symbol] == sectionReadOnly && s.Size == 0 && s.Type() == elf.STT_NOTYPE &&
		p.marks[symbol]&markAnonymous == 0 && !marksRange(s.Name())
}

// labelConstants makes the step of the constants behind such a label.
func (w *walker) labelConstants(here place, t *target) {
	if !w.p.isConstants(t.symbol) {
		return
	}
	s := &w.p.file.Symbols[t.symbol]
	if s.Value >= uint64(len(w.p.file.Data(s.Section))) {
		return
	}
	key := datumKey{s.Section, s.Value}
	if w.p.bounds == nil {
		w.findings.data = append(w.findings.data, bound{key, w.parts[here.part].section})
		w.unsettled = true
		return
	}
	end := w.withoutZeros(key, w.p.constantsEnd(key, w.parts[here.part].section))
	w.crossed = false
	w.encoded = w.encoded[:0]
	w.encode(func(b []byte) []byte {
		if w.isLarge(s.Section, s.Value, end, maxInFull) {
			return w.appendByDigest(b, 0, key, end)
		}
		return w.appendData(append(b, tagDatum, 0), s.Section, s.Value, end, true)
	})
	w.emit(Constants, ContentStep, here, w.crossed)
}

// constantsEnd is where the constants behind a label end: at the next symbol, or at the
// first place that is referred to, and not by the section of code from is.
func (p *program) constantsEnd(k datumKey, from uint32) uint64 {
	end, at := p.nextSymbol(k), k
	for {
		i := sort.Search(len(p.bounds), func(i int) bool { return at.less(p.bounds[i].datumKey) })
		if i == len(p.bounds) || p.bounds[i].section != k.section || p.bounds[i].start >= end {
			break
		}
		at = p.bounds[i].datumKey
		if _, own := slices.BinarySearchFunc(p.bounds, bound{at, from}, compareBounds); !own {
			end = at.start
			break
		}
	}
	return end
}

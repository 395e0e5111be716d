// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"github.com/fnsum/fnsum/pkg/object"
)

// bounds is the places in read-only sections that references lead to and no
// symbol marks, in order: a nameless datum ends where the next one begins
// (rule 5.1).
type bounds []bound

// bound is such a place, and the section that refers to it; 0 where data do to which others
// refer.
type bound struct {
	datumKey
	from uint32
}

func compareBounds(a, b bound) int {
	return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.start, b.start), cmp.Compare(a.from, b.from))
}

// datumKey is where a datum starts.
type datumKey struct {
	section uint32
	start   uint64
}

func (k datumKey) less(other datumKey) bool {
	return k.section < other.section || k.section == other.section && k.start < other.start
}

// limit is where what stands behind the datum that starts at k begins.
func (p *program) limit(k datumKey) uint64 {
	end := p.nextSymbol(k)
	if i := sort.Search(len(p.bounds), func(i int) bool { return k.less(p.bounds[i].datumKey) }); i < len(p.bounds) && p.bounds[i].section == k.section {
		end = min(end, p.bounds[i].start)
	}
	if p.kinds[k.section] == sectionCode { // a literal pool
		if dataEnd, ok := p.code.DataAt(k.section, k.start); ok {
			end = min(end, dataEnd)
		}
	}
	return end
}

// nextSymbol is where the first symbol behind a place stands, or the section ends.
func (p *program) nextSymbol(k datumKey) uint64 {
	end := p.file.Sections[k.section].Size
	symbols := p.code.SymbolsOf(k.section)
	i := sort.Search(len(symbols), func(i int) bool { return p.file.Symbols[symbols[i]].Value > k.start })
	if i < len(symbols) {
		end = min(end, p.file.Symbols[symbols[i]].Value)
	}
	return end
}

// withoutZeros is where a datum ends that ends at a place, without the zeros at its end.
// They may be there for what stands behind: they are no part of it, as an instruction that
// reads them reads zeros. Many zeros are counted once.
func (w *walker) withoutZeros(k datumKey, end uint64) uint64 {
	data := w.p.file.Data(k.section)
	relocs := w.p.dataRelocs(k.section, k.start, end)
	first := k.start
	if n := relocs.Len(); n > 0 {
		r := relocs.At(n - 1)
		first = min(end, r.Offset+max(1, uint64(w.p.machine.reloc(r.Type).width))) // 0 for a type without a row
	}
	behind := datumKey{k.section, end}
	if known, ok := w.zeros[behind]; ok {
		return max(first, known)
	}
	at := end
	for at > first && data[at-1] == 0 {
		at--
	}
	if end-at > manyZeros {
		for at > 0 && data[at-1] == 0 { // whoever asks next
			at--
		}
		w.zeros[behind] = at
	}
	return max(first, at)
}

// manyZeros is from how many bytes on counting zeros takes long.
const manyZeros = 1 << 10

// refersTo tells whether nameless data that references lead to start in a range of
// a section.
func (b bounds) refersTo(section uint32, start, end uint64) bool {
	i := sort.Search(len(b), func(i int) bool { return !b[i].datumKey.less(datumKey{section, start}) })
	return i < len(b) && b[i].section == section && b[i].start < end
}

// extentOf is the datum's range in its section. It is unsettled, and the
// datum noted, as long as it depends on references not yet seen.
func (w *walker) extentOf(t *target) (start, end uint64, ok bool) {
	if t.end != 0 {
		if t.symbol == 0 { // a section without symbols
			return t.start, w.withoutZeros(datumKey{t.section, t.start}, t.end), true
		}
		return t.start, t.end, true
	}
	key := datumKey{t.section, t.start}
	if w.p.bounds == nil {
		from := w.parts[w.current].section
		if w.depth > 0 { // it depends on no function
			from = 0
		}
		w.findings.data = append(w.findings.data, bound{key, from})
		w.unsettled = true
		return 0, 0, false
	}
	return t.start, w.withoutZeros(key, w.p.limit(key)), true
}

// findBounds adds to the nameless data that code refers to what other data
// refer to, in order and without repetition.
func (p *program) findBounds(found []bound) bounds {
	if len(found) == 0 {
		return bounds{}
	}
	var mutex sync.Mutex
	var kinds [sectionWritable + 1]bool // of sections with such data: variables seldom are
	for i := range found {
		kinds[p.kinds[found[i].section]] = true
	}
	kinds[sectionReadOnly] = true
	_ = p.file.EachRelocs(func(section uint32, relocs object.Relocs) error {
		if list := p.boundsIn(section, relocs, &kinds); len(list) > 0 {
			mutex.Lock()
			defer mutex.Unlock()
			found = append(found, list...)
		}
		return nil
	})
	slices.SortFunc(found, compareBounds)
	return slices.Compact(found)
}

// boundsIn is the nameless data, in sections of some kinds, that relocations of a section
// of data refer to.
func (p *program) boundsIn(section uint32, relocs object.Relocs, kinds *[sectionWritable + 1]bool) (list []bound) {
	if !p.file.Sections[section].Allocated() || p.kinds[section] == sectionCode {
		return nil
	}
	for n := range relocs.Len() {
		if kind := p.inKinds[relocs.Symbol(n)]; kind != sectionReadOnly && kind != sectionWritable || !kinds[kind] {
			continue
		}
		r := relocs.At(n)
		if t := p.resolve(r.Symbol, r.Addend); t.kind == targetDatum && t.end == 0 {
			list = append(list, bound{datumKey{t.section, t.start}, section})
		}
	}
	return list
}

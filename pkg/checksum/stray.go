// SPDX-License-Identifier: MIT

package checksum

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// strays is the code that no symbol covers, cut into pieces (rule 1.7).
type strays struct {
	pieces []piece // by section and start
}

// piece is a stretch of code without a symbol.
type piece struct {
	section    uint32
	start, end uint64
	owner      int // the only function that reaches it, -1 for an orphan
	digest     Digest
}

// part is the piece as a part of a body.
func (x *piece) part() part {
	return part{section: x.section, start: x.start, end: x.end, prefix: x.start, extent: -1}
}

// strayRef is a reference from a function to code without a symbol.
type strayRef struct {
	section uint32
	at      uint64
	fn      int
}

// findings is what a walk learns that others need to know.
type findings struct {
	data   []bound
	copied []copied
	stray  []strayRef
	uses   []use
}

// findStrays looks through the gaps between the extents of all executable
// sections: what isn't padding there is code without a symbol. It is cut
// where a reference leads to, if what stands before doesn't run into it. Data
// that references lead to are no code: a literal pool, which counts with what loads
// from it, and is accounted to the function in front of it (rule 1.5).
func (p *program) findStrays(refs []strayRef) (*strays, Account) {
	slices.SortFunc(refs, func(a, b strayRef) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.at, b.at), cmp.Compare(a.fn, b.fn))
	})
	s, account, in := &strays{}, Account{}, &decode.Inst{}
	replaced := p.replaced
	for i := range p.file.Sections {
		section := uint32(i)
		if !p.file.Sections[i].Executable() {
			continue
		}
		end := uint64(0)
		gap := func(start, behind uint64) { // nothing that has a symbol stands in between
			for len(replaced) > 0 && replaced[0].section == section && replaced[0].start < start {
				r := replaced[0]
				if r.start > end {
					p.cut(s, &account, section, end, r.start, refs, in)
				}
				if from, to := max(r.start, end), min(r.end, start); from < to {
					account.give(inReplacements, p.stretch(section, from, to))
					end = to
				}
				if r.end > behind { // the rest may stand in a later gap
					break
				}
				replaced = replaced[1:]
			}
			if end < start {
				p.cut(s, &account, section, end, start, refs, in)
			}
			end = max(end, behind)
		}
		extents, _ := p.code.ExtentsOf(section)
		for n := range extents {
			e := &extents[n]
			start := e.Start
			if e.Part == 0 {
				start = p.code.Funcs[e.Func].Prefix
			}
			gap(start, e.End)
		}
		gap(p.file.Sections[i].Size, p.file.Sections[i].Size)
	}
	for i := range s.pieces {
		s.pieces[i].owner = onlyOwner(&s.pieces[i], refs)
	}
	return s, account
}

// cut finds the pieces of one gap, and accounts for the padding in it.
func (p *program) cut(s *strays, account *Account, section uint32, start, end uint64, refs []strayRef, in *decode.Inst) {
	code := p.file.Data(section)[:end]
	var open *piece
	first := len(s.pieces)
	ended := true // nothing runs into the next instruction
	var pools stretch
	next, entries := p.tables.In(section, start, end)
	rest := p.stretch(section, start, end) // what is padding, in the end
	var relocs object.Relocs               // in it, of which fill is no padding
	if rest.relocs > 0 {
		relocs = p.file.Relocs(section).Between(start, end).Without(p.machine.isNone)
	}
	for at := start; at < end; {
		for next < entries && (uint64(p.tables.Entries[next].Place) < at || p.tables.Entries[next].Front) {
			next++
		}
		for relocs.Len() > 0 && relocs.Offset(0) < at {
			relocs = relocs.From(1)
		}
		// An entry about padding makes it code, also one about its middle.
		padding := func(n uint64) bool { return next == entries || uint64(p.tables.Entries[next].Place) >= at+n }
		if n := uint64(p.machine.fill(code[at:])); n > 0 && ended && padding(n) && offsetOf(relocs, 0) >= at+n {
			at += n
			continue
		}
		if dataEnd, ok := p.code.DataAt(section, at); ok && p.bounds.refersTo(section, at, at+1) && padding(min(dataEnd, end)-at) {
			pool := p.stretch(section, at, min(dataEnd, end))
			account.give(inFunctions, pool)
			pools.add(pool)
			at, open, ended = min(dataEnd, end), nil, true
			continue
		}
		switch ok := p.read(section, at, end, in); {
		case !ok:
			*in = decode.Inst{Len: 1}
		case in.Kind == decode.Nop && padding(uint64(in.Len)):
			at += uint64(in.Len)
			continue
		}
		if open == nil || ended && referenced(refs, section, at) {
			s.pieces = append(s.pieces, piece{section: section, start: at})
			open = &s.pieces[len(s.pieces)-1]
		}
		at += uint64(in.Len)
		open.end = at
		switch in.Kind {
		case decode.Jump, decode.IndirectJump, decode.Return, decode.Trap:
			ended = true
		default:
			ended = false
		}
	}
	rest.subtract(pools)
	for i := first; i < len(s.pieces); i++ {
		rest.subtract(p.stretch(section, s.pieces[i].start, s.pieces[i].end))
	}
	rest.entries = 0 // those are about the function behind
	account.give(inPadding, rest)
}

// span is a range of a section.
type span struct {
	section    uint32
	start, end uint64
}

// replacements is where in executable sections alternatives have their
// replacement code, in order and without overlaps.
func (p *program) replacements() []span {
	var list []span
	p.tables.Each(alternatives.Alternatives, func(e *alternatives.Entry) {
		if s, start, end, ok := p.tables.Replacement(e); ok && p.file.Sections[s].Executable() {
			list = append(list, span{s, start, end})
		}
	})
	slices.SortFunc(list, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	merged := list[:0]
	for _, r := range list {
		if n := len(merged); n > 0 && r.section == merged[n-1].section && r.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, r.end)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// replaces tells whether a place is in replacement code.
func (p *program) replaces(section uint32, at uint64) bool {
	i := sort.Search(len(p.replaced), func(i int) bool {
		r := &p.replaced[i]
		return r.section > section || r.section == section && r.end > at
	})
	return i < len(p.replaced) && p.replaced[i].section == section && p.replaced[i].start <= at
}

// referenced tells whether a reference leads to the place.
func referenced(refs []strayRef, section uint32, at uint64) bool {
	i := firstRef(refs, section, at)
	return i < len(refs) && refs[i].section == section && refs[i].at == at
}

func firstRef(refs []strayRef, section uint32, at uint64) int {
	return sort.Search(len(refs), func(i int) bool {
		return refs[i].section > section || refs[i].section == section && refs[i].at >= at
	})
}

// onlyOwner is the function that alone refers to the piece, or -1.
func onlyOwner(x *piece, refs []strayRef) int {
	owner := -1
	for i := firstRef(refs, x.section, x.start); i < len(refs) && refs[i].section == x.section && refs[i].at < x.end; i++ {
		if owner >= 0 && refs[i].fn != owner || refs[i].fn < 0 {
			return -1
		}
		owner = refs[i].fn
	}
	return owner
}

// find is the piece at the place, or behind it when the place is in padding.
func (s *strays) find(section uint32, at uint64) *piece {
	i := sort.Search(len(s.pieces), func(i int) bool {
		x := &s.pieces[i]
		return x.section > section || x.section == section && x.end > at
	})
	if i < len(s.pieces) && s.pieces[i].section == section {
		return &s.pieces[i]
	}
	return nil
}

// appendStray encodes a reference to code without a symbol that isn't the
// function's own: by its section and digest, and the place in it.
func (w *walker) appendStray(b []byte, t *target) []byte {
	if w.p.stray == nil {
		w.findings.stray = append(w.findings.stray, strayRef{t.section, t.at, w.body.fn})
		w.unsettled = true
		return b
	}
	b = append(b, tagStray)
	b = appendText(b, Place(w.p.file.Sections[t.section].Name()))
	x := w.p.stray.find(t.section, t.at)
	if x == nil { // behind all code
		return append(b, 0)
	}
	b = append(b, 1)
	ordinal, into := w.elsewhere.ordinal(w.p, x.section, x.start, x.end, max(t.at, x.start))
	b = binary.AppendUvarint(b, uint64(ordinal))
	b = binary.AppendUvarint(b, uint64(into))
	digest := x.digest
	if w.body.fn < 0 { // of two orphans that refer to each other, neither comes first
		digest = Digest{}
	}
	b = append(b, byte(w.p.hash.Size()))
	return append(b, digest[:w.p.hash.Size()]...)
}

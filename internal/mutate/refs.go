// SPDX-License-Identifier: MIT

package mutate

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"

	"github.com/fnsum/fnsum/pkg/decode"
)

// ref is a reference to a place in data: the place, and the relocated field.
type ref struct {
	section, from uint32
	at, field     uint64
}

// paBias is what __pa_symbol() adds (arch/x86/include/asm/page_64_types.h).
const paBias = 0x8000_0000

// findRefs indexes the references to data by the place they lead to.
func (o *Object) findRefs() {
	for _, executable := range [...]bool{false, true} {
		for i := range o.file.Sections {
			s := &o.file.Sections[i]
			if !s.Allocated() || isDerived(s.Name()) || s.Executable() != executable {
				continue
			}
			if executable {
				o.machine.codeRefs(o, uint32(i))
			} else {
				o.dataRefs(uint32(i))
			}
		}
	}
	slices.SortFunc(o.refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from), cmp.Compare(a.field, b.field))
	})
	slices.SortFunc(o.aux, func(a, b auxRef) int { return cmp.Compare(a.at, b.at) })
}

func (o *Object) dataRefs(from uint32) {
	relocs := o.file.Relocs(from)
	t := o.tables[from]
	for i := range relocs.Len() {
		r := relocs.At(i)
		addend := r.Addend
		if t != nil && t.fromStart && o.relative(r.Type) {
			addend -= int64(r.Offset % t.size)
		}
		o.addRef(from, r.Offset, r.Symbol, addend)
	}
}

// codeRefs decodes a section of code, to know where the instruction of each
// relocated field ends: a PC-relative one counts from there.
func (o *Object) codeRefs(from uint32) {
	relocs, next := o.file.Relocs(from), 0
	plain := func(upTo uint64) { // not in an instruction: as if one ended with the field
		for ; next < relocs.Len() && relocs.Offset(next) < upTo; next++ {
			r := relocs.At(next)
			o.addRef(from, r.Offset, r.Symbol, r.Addend+o.end(r, 0, nil))
		}
	}
	stretch := func(start, end uint64) {
		plain(start)
		o.instructions(from, start, end, func(at uint64, in *decode.Inst) bool {
			stop := at + uint64(in.Len)
			for ; next < relocs.Len() && relocs.Offset(next) < stop; next++ {
				r := relocs.At(next)
				o.addRef(from, r.Offset, r.Symbol, r.Addend+o.end(r, at, in))
			}
			return next < relocs.Len()
		})
	}
	switch o.file.Sections[from].Name() {
	case replacementSection:
		for i := range o.replaced {
			if o.replaced[i].section == from {
				stretch(o.replaced[i].start, o.replaced[i].end)
			}
		}
	case auxSection:
		stretch(0, o.file.Sections[from].Size)
	default:
		done := uint64(0)
		extents, _ := o.code.ExtentsOf(from)
		for i := range extents {
			if e := &extents[i]; e.End > done {
				stretch(max(e.Start, done), e.End)
				done = e.End
			}
		}
	}
	plain(o.file.Sections[from].Size)
}

// addRef notes a reference, unless it leads to code or nowhere.
func (o *Object) addRef(from uint32, field uint64, symbol uint32, addend int64) {
	s := &o.file.Symbols[symbol]
	if !s.Defined() {
		return
	}
	section := &o.file.Sections[s.Section]
	at := s.Value + uint64(addend)
	if section.Executable() {
		if kindOf(&o.file.Sections[from]) == readOnlyData && o.tables[from] == nil {
			o.toCode = append(o.toCode, owned{s.Section, at})
		}
		if section.Name() == auxSection {
			o.aux = append(o.aux, auxRef{at, from, field})
		}
		return
	}
	if s.Type() == elf.STT_SECTION {
		if at >= paBias && at-paBias <= section.Size {
			at -= paBias
		}
	} else if s.Size > 0 && (at < s.Value || at >= s.Value+s.Size) || s.Size == 0 && !s.Local() {
		at = s.Value // by name: it is that symbol's, wherever it leads
	}
	if at > section.Size {
		return
	}
	o.refs = append(o.refs, ref{s.Section, from, at, field})
}

// refsIn is the references to places from start up to end.
func (o *Object) refsIn(section uint32, start, end uint64) []ref {
	lo := o.firstRef(section, start)
	hi := lo
	for hi < len(o.refs) && o.refs[hi].section == section && o.refs[hi].at < end {
		hi++
	}
	return o.refs[lo:hi]
}

func (o *Object) firstRef(section uint32, at uint64) int {
	return sort.Search(len(o.refs), func(i int) bool {
		r := &o.refs[i]
		return r.section > section || r.section == section && r.at >= at
	})
}

// lastRef is the last place at or before the offset that a reference leads to.
func (o *Object) lastRef(section uint32, at uint64) (uint64, bool) {
	i := o.firstRef(section, at+1) - 1
	if i < 0 || o.refs[i].section != section {
		return 0, false
	}
	return o.refs[i].at, true
}

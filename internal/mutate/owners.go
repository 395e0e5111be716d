// SPDX-License-Identifier: MIT

package mutate

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

// owner is a function that contains a place, and whether its cold part does.
type owner struct {
	fn   int
	cold bool
}

// Key is what a function goes by in a comparison.
type Key struct{ Name, File, Section string }

func (k Key) String() string {
	if k.File == "" {
		return k.Name
	}
	return k.File + ":" + k.Name
}

// KeyOf is the key of a function.
func (o *Object) KeyOf(fn int) Key {
	f := &o.code.Funcs[fn]
	return Key{o.code.Name(f.Primary), o.code.Name(f.File), o.file.Sections[o.code.Extents[f.Entry].Section].Name()}
}

func (o *Object) findOwners() {
	o.maxEnd = make([]uint64, len(o.code.Extents))
	for i := range o.code.Extents {
		e := &o.code.Extents[i]
		o.maxEnd[i] = e.End
		if i > 0 && o.code.Extents[i-1].Section == e.Section {
			o.maxEnd[i] = max(e.End, o.maxEnd[i-1])
		}
	}
	o.unclear = make([]bool, len(o.code.Funcs))
	first := map[Key]int{}
	for i := range o.code.Funcs {
		if before, ok := first[o.KeyOf(i)]; ok {
			o.unclear[before], o.unclear[i] = true, true
		}
		first[o.KeyOf(i)] = i
	}
}

// owners is the functions that contain a place.
func (o *Object) owners(section uint32, at uint64) []owner {
	extents, first := o.code.ExtentsOf(section)
	var list []owner
	i := sort.Search(len(extents), func(i int) bool { return extents[i].Start > at }) - 1
	for ; i >= 0 && o.maxEnd[int(first)+i] > at; i-- {
		if e := &extents[i]; at < e.End {
			list = append(list, owner{int(e.Func), e.Part > 0})
		}
	}
	return list
}

// ownersOrBehind is the same; of a place in padding, the functions that start
// behind it.
func (o *Object) ownersOrBehind(section uint32, at uint64) []owner {
	if list := o.owners(section, at); len(list) > 0 {
		return list
	}
	extents, _ := o.code.ExtentsOf(section)
	i := sort.Search(len(extents), func(i int) bool { return extents[i].Start > at })
	if i == len(extents) {
		return nil
	}
	end := extents[i].Start
	if prefix := o.code.Funcs[extents[i].Func].Prefix; extents[i].Part == 0 {
		end = min(end, max(prefix, at))
	}
	code, in := o.file.Data(section), decode.Inst{}
	for from := at; from < end; {
		switch {
		case o.decode(code[from:], &in) && in.Kind == decode.Nop:
			from += uint64(in.Len)
		case o.fill(code[from]):
			from++
		default:
			return nil
		}
	}
	var list []owner
	for ; i < len(extents) && extents[i].Start == end || i < len(extents) && len(list) == 0; i++ {
		list = append(list, owner{int(extents[i].Func), extents[i].Part > 0})
	}
	return list
}

// want says that the owners must be reported for a reason.
func want(owners []owner, reason string) map[int]Reasons {
	w := map[int]Reasons{}
	for _, x := range owners {
		add(w, x, reason)
	}
	return w
}

func add(w map[int]Reasons, x owner, reason string) {
	if w[x.fn] == nil {
		w[x.fn] = Reasons{}
	}
	w[x.fn][reason] = true
	if x.cold {
		w[x.fn]["cold"] = true
	}
}

// sameOwners tells whether two places are in the same functions.
func (o *Object) sameOwners(section uint32, a, b uint64) bool {
	x := o.owners(section, a)
	return len(x) > 0 && slices.Equal(x, o.owners(section, b))
}

// instructions visits the instructions of a stretch of code, up to what can't
// be decoded. Data in the code are left out.
func (o *Object) instructions(section uint32, start, end uint64, visit func(at uint64, in *decode.Inst) bool) {
	code, in := o.file.Data(section), decode.Inst{}
	for at := start; at < end; at += uint64(in.Len) {
		if d, ok := o.inlineAt(section, at); ok {
			at = d.end
			if at >= end {
				return
			}
		}
		if !o.decode(code[at:end], &in) || !visit(at, &in) {
			return
		}
	}
}

// inline is a stretch of data in code, between the mapping symbols $d and $x of
// the arm64 ELF ABI.
type inline struct {
	section    uint32
	start, end uint64
}

// isMapping tells whether a symbol only says what follows in its section, data or code; it
// ends nothing.
func isMapping(name string) (data, ok bool) {
	name, _, _ = strings.Cut(name, ".")
	dollar := strings.LastIndexByte(name, '$')
	if dollar < 0 {
		return false, false
	}
	return name[dollar:] == "$d", name[dollar:] == "$d" || name[dollar:] == "$x"
}

func (o *Object) findInline() {
	type mark struct {
		section uint32
		at      uint64
		data    bool
	}
	var marks []mark
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if !s.Local() || !s.Defined() || !o.file.Sections[s.Section].Executable() {
			continue
		}
		if data, ok := isMapping(s.Name()); ok {
			marks = append(marks, mark{s.Section, s.Value, data})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.at, b.at))
	})
	for i, m := range marks {
		if !m.data {
			continue
		}
		d := inline{m.section, m.at, o.file.Sections[m.section].Size}
		if i+1 < len(marks) && marks[i+1].section == m.section {
			d.end = marks[i+1].at
		}
		if d.start < d.end {
			o.inline = append(o.inline, d)
		}
	}
}

// inlineAt is the stretch of data in code that a place is in.
func (o *Object) inlineAt(section uint32, at uint64) (inline, bool) {
	i := sort.Search(len(o.inline), func(i int) bool {
		d := &o.inline[i]
		return d.section > section || d.section == section && d.end > at
	})
	if i == len(o.inline) || o.inline[i].section != section || o.inline[i].start > at {
		return inline{}, false
	}
	return o.inline[i], true
}

// instruction is the instruction at a place in a function, nil where none
// starts there.
func (o *Object) instruction(section uint32, at uint64) *decode.Inst {
	e := o.innermost(section, at)
	if e == nil {
		return nil
	}
	var found *decode.Inst
	o.instructions(section, e.Start, e.End, func(here uint64, in *decode.Inst) bool {
		if here == at {
			copied := *in
			found = &copied
		}
		return here < at
	})
	return found
}

func (o *Object) innermost(section uint32, at uint64) *object.Extent {
	i := o.code.Innermost(section, at)
	if i < 0 {
		return nil
	}
	return &o.code.Extents[i]
}

// otherPlace is a place in the same function that isn't the same in canonical
// form: behind the first instruction at the place or behind it that is no NOP.
func (o *Object) otherPlace(section uint32, at uint64) (uint64, bool) {
	e := o.innermost(section, at)
	if e == nil {
		return 0, false
	}
	other, started := uint64(0), false
	o.instructions(section, e.Start, e.End, func(here uint64, in *decode.Inst) bool {
		started = started || here == at
		if started && in.Kind != decode.Nop {
			other = here + uint64(in.Len)
			return false
		}
		return started || here < at
	})
	return other, other != 0 && other < e.End && o.sameOwners(section, at, other)
}

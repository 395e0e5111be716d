// SPDX-License-Identifier: MIT

package mutate

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"math"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
)

// On arm64 gcc reaches a file's variables by one address and the distance of each
// from there (section anchors). Which datum an instruction refers to then takes
// following the address through the function. Where that loses sight of it, the
// function is noted under the section (Object.lost): it may use any of its data.

// address is one in a section of data, to which an index may have been added.
type address struct {
	section uint32
	at      uint64
}

// possible is the addresses that a register may hold: an index into addresses.sets,
// 0 for none.
type possible int32

// elsewhere is the address that stands for all others where a register may hold one
// of them or else it isn't known what. What is reached then may be no reference: the
// paths that meet there may be of different minds.
var elsewhere = address{section: math.MaxUint32}

// maxPossible bounds how many addresses are followed in one register.
const maxPossible = 4

type registers [32]possible // 31 is SP or zero, and never any

// node is an instruction of a function, or of what replaces some of it.
type node struct {
	section uint32
	at      uint64
	kind    decode.Kind
	target  uint64 // of a direct branch
	word    uint32
	next    []int // beside the instruction behind it
	last    bool  // nothing follows
}

// addresses follows the addresses of one function.
type addresses struct {
	*Object
	fn    int
	nodes []node
	index map[owned]int
	sets  [][]address // each sorted; the first is empty
	state []registers
	seen  []bool
	work  []int
	// made is the addresses that an ADRP and ADD make, and whether others are
	// reached from there: such a one may be left over in a register.
	made map[address]bool
	emit bool // note what is found
}

type owned struct {
	section uint32
	at      uint64
}

// arm64CodeRefs notes the references of a section: those by relocations alone, and
// those of the functions that start in it by an address of a section.
func arm64CodeRefs(o *Object, from uint32) {
	relocs := o.file.Relocs(from)
	for i := range relocs.Len() {
		r := relocs.At(i)
		typ := elf.R_AARCH64(r.Type)
		if typ != elf.R_AARCH64_ADR_PREL_PG_HI21 && typ != elf.R_AARCH64_ADD_ABS_LO12_NC || o.file.Symbols[r.Symbol].Type() != elf.STT_SECTION {
			o.addRef(from, r.Offset, r.Symbol, r.Addend)
		}
	}
	extents, _ := o.code.ExtentsOf(from)
	for i := range extents {
		if e := &extents[i]; e.Part == 0 {
			o.follow(int(e.Func))
		}
	}
}

// follow notes the references of a function by addresses.
func (o *Object) follow(fn int) {
	a := addresses{Object: o, fn: fn, index: map[owned]int{}, sets: [][]address{nil}, made: map[address]bool{}}
	for _, part := range o.code.Funcs[fn].Parts() {
		e := &o.code.Extents[part]
		a.add(e.Section, e.Start, e.End)
	}
	if !a.link() {
		return
	}
	a.state, a.seen = make([]registers, len(a.nodes)), make([]bool, len(a.nodes))
	a.flow(-1, 0, registers{})
	for i := range a.nodes { // what nothing known leads to
		if !a.seen[i] {
			a.flow(-1, i, registers{})
		}
		for len(a.work) > 0 {
			n := a.work[len(a.work)-1]
			a.work = a.work[:len(a.work)-1]
			a.step(n)
		}
	}
	a.emit = true
	for i := range a.nodes {
		a.step(i)
	}
}

func (a *addresses) add(section uint32, start, end uint64) {
	code := a.file.Data(section)
	first := len(a.nodes)
	a.instructions(section, start, end, func(at uint64, in *decode.Inst) bool {
		n := node{section: section, at: at, kind: in.Kind, word: binary.LittleEndian.Uint32(code[at:]), target: at + uint64(in.PCRel)}
		a.index[owned{section, at}] = len(a.nodes)
		a.nodes = append(a.nodes, n)
		return true
	})
	if len(a.nodes) > first {
		a.nodes[len(a.nodes)-1].last = true
	}
}

// link finds where each instruction may lead, false where none makes an address.
func (a *addresses) link() bool {
	any := false
	for i := range a.nodes {
		_, _, ok := a.dataAt(a.nodes[i].section, a.nodes[i].at, elf.R_AARCH64_ADD_ABS_LO12_NC)
		any = any || ok
	}
	entries := a.entriesOf(a.fn)
	for _, x := range entries {
		if x.table.reason == "alternatives" {
			any = a.alternative(x.table, x.entry) || any
		}
	}
	if !any {
		return false
	}
	for _, x := range entries {
		if x.table.reason == "jump-labels" || x.table.reason == "exception-table" {
			a.edge(x.table, x.entry, 4)
		}
	}
	var inside []int
	for _, x := range a.insideOf(a.fn) {
		inside = a.appendNode(inside, x.section, x.at)
	}
	for i := range a.nodes {
		n := &a.nodes[i]
		switch n.kind {
		case decode.IndirectJump:
			n.next = append(n.next, inside...)
		case decode.Jump, decode.CondJump:
			section, to := n.section, n.target
			if r := a.relocAt(n.section, n.at); r >= 0 {
				var ok bool
				if section, to, ok = a.target(a.file.Relocs(n.section).At(r)); !ok {
					continue
				}
			}
			n.next = a.appendNode(n.next, section, to)
		}
	}
	return true
}

// tableEntry is an entry and its table.
type tableEntry struct {
	table *table
	entry *entry
}

// entriesOf is the entries of tables about a function.
func (o *Object) entriesOf(fn int) []tableEntry {
	if o.entriesBy == nil {
		o.entriesBy = map[int][]tableEntry{}
		for i := range o.file.Sections { // in order
			t := o.tables[uint32(i)]
			if t == nil {
				continue
			}
			for n := range t.entries {
				for _, x := range t.entries[n].owners {
					o.entriesBy[x.fn] = append(o.entriesBy[x.fn], tableEntry{t, &t.entries[n]})
				}
			}
		}
	}
	return o.entriesBy[fn]
}

// insideOf is the places in a function that data lead to.
func (o *Object) insideOf(fn int) []owned {
	if o.insideBy == nil {
		o.insideBy = map[int][]owned{}
		for i := range o.jumps {
			t := &o.jumps[i]
			for n := range t.entries {
				o.toCode = append(o.toCode, owned{t.code, t.target(o, n)})
			}
		}
		for _, x := range o.toCode {
			for _, owner := range o.owners(x.section, x.at) {
				o.insideBy[owner.fn] = append(o.insideBy[owner.fn], x)
			}
		}
	}
	return o.insideBy[fn]
}

func (a *addresses) appendNode(list []int, section uint32, at uint64) []int {
	if i, ok := a.index[owned{section, at}]; ok {
		list = append(list, i)
	}
	return list
}

// alternative adds the code that may stand at a place of the function.
func (a *addresses) alternative(t *table, e *entry) bool {
	from, ok := a.index[owned{e.section, e.place}]
	r := a.relocAt(t.section, e.start+4)
	if !ok || r < 0 {
		return false
	}
	lengths := a.file.Data(t.section)[e.start+10:]
	section, at, ok := a.target(a.file.Relocs(t.section).At(r))
	if !ok || lengths[1] == 0 {
		return false
	}
	first := len(a.nodes)
	a.add(section, at, at+uint64(lengths[1]))
	if len(a.nodes) == first {
		return false
	}
	last := &a.nodes[len(a.nodes)-1]
	last.next = a.appendNode(last.next, e.section, e.place+uint64(lengths[0]))
	a.nodes[from].next = append(a.nodes[from].next, first)
	makes := false
	for i := first; i < len(a.nodes); i++ {
		_, _, ok := a.dataAt(section, a.nodes[i].at, elf.R_AARCH64_ADD_ABS_LO12_NC)
		makes = makes || ok
	}
	return makes
}

// edge adds the way from an entry's place to where a field of it leads.
func (a *addresses) edge(t *table, e *entry, field uint64) {
	from, ok := a.index[owned{e.section, e.place}]
	r := a.relocAt(t.section, e.start+field)
	if !ok || r < 0 {
		return
	}
	if section, at, ok := a.target(a.file.Relocs(t.section).At(r)); ok {
		a.nodes[from].next = a.appendNode(a.nodes[from].next, section, at)
	}
}

// flow merges what is known before an instruction with what one before it leaves.
func (a *addresses) flow(from, i int, r registers) {
	if !a.seen[i] {
		a.seen[i], a.state[i] = true, r
		a.work = append(a.work, i)
		return
	}
	changed := false
	for n := range r {
		old := &a.state[i][n]
		both := a.union(*old, r[n])
		if both != *old && *old != 0 && from >= i { // a loop that walks through data
			for _, x := range a.sets[both] {
				a.lose(x.section)
			}
			continue
		}
		changed = changed || both != *old
		*old = both
	}
	if changed {
		a.work = append(a.work, i)
	}
}

// set is the addresses of a list that is sorted here.
func (a *addresses) set(list []address) possible {
	slices.SortFunc(list, func(x, y address) int {
		return cmp.Or(cmp.Compare(x.section, y.section), cmp.Compare(x.at, y.at))
	})
	list = slices.Compact(list)
	if len(list) > maxPossible {
		for _, x := range list {
			a.lose(x.section)
		}
		list = list[:maxPossible]
	}
	i := slices.IndexFunc(a.sets, func(s []address) bool { return slices.Equal(s, list) })
	if i < 0 {
		i = len(a.sets)
		a.sets = append(a.sets, list)
	}
	return possible(i)
}

func (a *addresses) union(x, y possible) possible {
	switch {
	case x == y || len(a.sets[x]) == maxPossible:
		return x
	case x == 0 || y == 0:
		return a.set(append(slices.Clone(a.sets[x|y]), elsewhere))
	}
	return a.set(slices.Concat(a.sets[x], a.sets[y]))
}

// shift is addresses so far behind.
func (a *addresses) shift(x possible, by int64) possible {
	if x == 0 || by == 0 {
		return x
	}
	list := slices.Clone(a.sets[x])
	for i := range list {
		if list[i] != elsewhere {
			list[i].at += uint64(by)
		}
	}
	return a.set(list)
}

// lose notes that addresses in a section are lost from sight.
func (a *addresses) lose(section uint32) {
	if section == elsewhere.section {
		return
	}
	if a.Object.lost[section] == nil {
		a.Object.lost[section] = map[int]bool{}
	}
	a.Object.lost[section][a.fn] = true
}

// escapes notes references to what is handed on.
func (a *addresses) escapes(n *node, list possible) {
	sure := !slices.Contains(a.sets[list], elsewhere)
	for _, x := range a.sets[list] {
		if a.made[x] || !sure {
			a.lose(x.section)
		} else {
			a.uses(n, a.set([]address{x}), 0)
		}
	}
}

// reaches notes that other addresses are reached from these.
func (a *addresses) reaches(list possible) {
	for _, x := range a.sets[list] {
		if _, ok := a.made[x]; ok {
			a.made[x] = true
		}
	}
}

// uses notes references.
func (a *addresses) uses(n *node, list possible, by int64) {
	sure := !slices.Contains(a.sets[list], elsewhere)
	for _, x := range a.sets[list] {
		if !sure {
			a.lose(x.section)
			continue
		}
		if at := x.at + uint64(by); a.emit && at <= a.file.Sections[x.section].Size {
			a.refs = append(a.refs, ref{x.section, n.section, at, n.at})
		}
	}
}

// step is one instruction.
func (a *addresses) step(i int) {
	n, r := &a.nodes[i], a.state[i]
	jumps := a.apply(n, &r)
	r[31] = 0
	if a.emit {
		return
	}
	for _, to := range n.next {
		a.flow(i, to, r)
	}
	if !jumps && !n.last {
		a.flow(i, i+1, r)
	}
}

// apply is what an instruction does to the registers; it tells whether nothing goes
// on behind it.
func (a *addresses) apply(n *node, r *registers) (jumps bool) {
	arguments := func() {
		for x := range 8 {
			a.escapes(n, r[x])
		}
	}
	switch n.kind {
	case decode.Nop:
		return false
	case decode.Trap:
		return false
	case decode.Call, decode.IndirectCall:
		arguments()
		for x := range 19 {
			r[x] = 0
		}
		r[30] = 0
		return false
	case decode.Return:
		a.escapes(n, r[0])
		return true
	case decode.Jump, decode.IndirectJump:
		if len(n.next) == 0 {
			arguments()
		}
		return true
	case decode.CondJump:
		return false
	}
	a.plain(n, r)
	return false
}

func (a *addresses) plain(n *node, r *registers) {
	w := n.word
	rd, rn, rm, ra := w&31, w>>5&31, w>>16&31, w>>10&31
	escape := func(list ...uint32) {
		for _, x := range list {
			a.escapes(n, r[x])
			for _, lost := range a.sets[r[x]] {
				a.lose(lost.section)
			}
		}
		r[rd] = 0
	}
	switch {
	case w&0x1f00_0000 == 0x1000_0000: // ADR, ADRP
		r[rd] = 0
	case w&0x1f80_0000 == 0x1100_0000: // ADD, SUB (immediate)
		if section, at, ok := a.dataAt(n.section, n.at, elf.R_AARCH64_ADD_ABS_LO12_NC); ok {
			r[rd] = a.set([]address{{section, at}})
			if _, ok := a.made[address{section, at}]; !ok {
				a.made[address{section, at}] = false
			}
			return
		}
		by := int64(w >> 10 & 0xfff << (w >> 22 & 1 * 12))
		a.reaches(r[rn])
		switch w >> 29 {
		case 4:
			r[rd] = a.shift(r[rn], by)
		case 6:
			r[rd] = a.shift(r[rn], -by)
		default:
			escape(rn)
		}
	case w&0x1f80_0000 == 0x1280_0000: // MOVN, MOVZ, MOVK
		r[rd] = 0
	case w&0x1f00_0000 == 0x1200_0000, w&0x1f80_0000 == 0x1300_0000: // logical (immediate), bitfield
		escape(rn)
	case w&0xffe0_ffe0 == 0xaa00_03e0: // MOV
		r[rd] = r[rm]
	case w&0xff00_0000 == 0x8b00_0000 && r[rn] != 0 && r[rm] == 0: // ADD of an index
		r[rd] = r[rn]
	case w&0xff20_fc00 == 0x8b00_0000 && r[rm] != 0 && r[rn] == 0:
		r[rd] = r[rm]
	case w&0x0a00_0000 == 0x0800_0000:
		a.memory(n, r)
	case w>>24 == 0xd5: // system
		if w>>21&1 == 1 {
			r[rd] = 0
		}
	default:
		escape(rn, rm, ra)
	}
}

// memory is a load or store.
func (a *addresses) memory(n *node, r *registers) {
	w := n.word
	rt, rn, rm, rt2 := w&31, w>>5&31, w>>16&31, w>>10&31
	base, size := r[rn], w>>30
	a.reaches(base)
	stored := func(x possible) {
		if rn != 31 {
			a.escapes(n, x)
			return
		}
		for _, x := range a.sets[x] { // it may be loaded from there again
			a.lose(x.section)
		}
	}
	vector := w>>26&1 == 1
	load := w>>22&3 != 0
	signed := func(v uint32, bits int) int64 { return int64(int32(v<<(32-bits)) >> (32 - bits)) }
	switch {
	case w&0x3b00_0000 == 0x1800_0000: // literal
		load = true
	case w&0x3a00_0000 == 0x2800_0000: // pair
		load = w>>22&1 == 1
		shift := 2 + w>>31
		if vector {
			shift = 2 + size
		}
		by := signed(w>>15&0x7f, 7) << shift
		mode := w >> 23 & 3
		if mode == 1 {
			a.uses(n, base, 0)
		} else {
			a.uses(n, base, by)
		}
		if mode&1 == 1 {
			r[rn] = a.shift(base, by)
		}
		if !load && !vector {
			stored(r[rt2])
		} else if !vector {
			r[rt2] = 0
		}
	case w&0x3b00_0000 == 0x3900_0000: // unsigned offset
		shift := size
		if vector && w>>23&1 == 1 {
			shift = 4
		}
		if a.relocAt(n.section, n.at) < 0 {
			a.uses(n, base, int64(w>>10&0xfff)<<shift)
		}
	case w&0x3b20_0000 == 0x3800_0000: // unscaled, pre- and post-index
		by := signed(w>>12&0x1ff, 9)
		if w>>10&3 == 1 {
			a.uses(n, base, 0)
		} else {
			a.uses(n, base, by)
		}
		if w>>10&1 == 1 {
			r[rn] = a.shift(base, by)
		}
	case w&0x3b20_0c00 == 0x3820_0800: // register offset
		a.uses(n, base, 0)
		if base == 0 {
			a.uses(n, r[rm], 0)
		}
	default: // exclusive, ordered, atomic
		load = true
		a.uses(n, base, 0)
		for _, x := range [...]uint32{rm, rt, rt2} {
			stored(r[x])
			r[x] = 0
		}
	}
	switch {
	case vector:
	case load:
		r[rt] = 0
	default:
		stored(r[rt])
	}
}

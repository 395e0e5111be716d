// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"github.com/zeebo/xxh3"

	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// appendTarget encodes what a reference points at, for the function being
// walked.
func (w *walker) appendTarget(b []byte, t *target) []byte {
	b = t.appendBias(b)
	switch t.kind {
	case targetName:
		return w.appendNumber(w.appendName(b, t, 0), t.symbol)
	case targetString:
		if !t.indexed && w.isOwnText(t) {
			return append(b, tagOwnName)
		}
	case targetDatum:
		if w.isOwnName(t) {
			return append(b, tagOwnName)
		}
		if table := w.jumpTableAt(t.section, t.at); table != nil {
			return w.appendTable(b, table)
		}
		start, end, ok := w.extentOf(t)
		if !ok {
			return b
		}
		return w.appendDatum(b, t, start, end)
	case targetSpecial:
		return w.appendOwnEntry(b, t)
	}
	return w.appendPlain(b, t)
}

// appendBias encodes that a target's physical address is meant.
func (t *target) appendBias(b []byte) []byte {
	if t.biased {
		return append(b, tagBiased)
	}
	return b
}

// Data of more than alwaysBrief bytes stand for themselves by their digest, as many
// functions may refer to one. Of the others those that take more than neverBrief bytes
// do where they, or others that are equal, are in the function's steps already.
const (
	alwaysBrief = 1 << 14
	neverBrief  = 64
)

// known is a datum that is in the function's steps: its digest, and what encoding it
// found.
type known struct {
	digest   Digest
	maskable bool
}

// appendDatum encodes nameless data that the function refers to.
func (w *walker) appendDatum(b []byte, t *target, start, end uint64) []byte {
	key := nestedKey{datumKey{t.section, start}, end, 0, w.masking}
	k, again := w.known[key]
	if !again && w.isLarge(t.section, start, end, alwaysBrief) && !w.ownTable(t.section, start, end) {
		return w.appendByDigest(b, int64(t.at-start), key.datumKey, end)
	}
	first := len(b)
	if !again {
		b = binary.AppendVarint(append(b, tagDatum), int64(t.at-start))
		content := len(b)
		maskable := w.maskable
		w.maskable = false
		b = w.appendData(b, t.section, start, end, true)
		if k = (known{maskable: w.maskable}); len(b)-content > neverBrief && !w.unsettled {
			k.digest = w.p.hash.sum(b[content:])
			w.known[key] = k
			again = w.contents[k.digest]
			w.contents[k.digest] = true
		}
		w.maskable = maskable || k.maskable
	}
	if !again {
		return b
	}
	w.maskable = w.maskable || k.maskable
	return w.appendBrief(b[:first], int64(t.at-start), k.digest)
}

// isLarge tells whether a datum takes more than so many bytes, each relocation as many
// as it has at least.
func (w *walker) isLarge(section uint32, start, end, most uint64) bool {
	const each = 4
	return end-start+each*uint64(w.p.dataRelocs(section, start, end).Len()) > most
}

// appendBrief encodes a datum that stands in front by its digest.
func (w *walker) appendBrief(b []byte, offset int64, digest Digest) []byte {
	return w.appendDigest(binary.AppendVarint(append(b, tagBrief), offset), digest)
}

// appendByDigest encodes a place in a datum by the digest of that, which is made once.
func (w *walker) appendByDigest(b []byte, offset int64, key datumKey, end uint64) []byte {
	return w.appendNested(binary.AppendVarint(append(b, tagBrief), offset), key, end)
}

func (w *walker) appendDigest(b []byte, digest Digest) []byte {
	b = append(b, tagNested, byte(w.p.hash.Size()))
	return append(b, digest[:w.p.hash.Size()]...)
}

// appendTable encodes a table of jumps, a large one only once.
func (w *walker) appendTable(b []byte, table *jumpTable) []byte {
	key := nestedKey{datumKey{table.section, table.start}, 0, 0, w.masking}
	if k, ok := w.known[key]; ok {
		return w.appendBrief(b, 0, k.digest)
	}
	first := len(b)
	if b = w.appendJumps(b, table); len(b)-first > maxInFull {
		w.known[key] = known{digest: w.p.hash.sum(b[first:])}
	}
	return b
}

// ownTable tells whether a datum is a jump table of the function.
func (w *walker) ownTable(section uint32, start, end uint64) bool {
	relocs := w.p.dataRelocs(section, start, end)
	if relocs.Len() == 0 || !w.p.isJumpTable(section, start, end) {
		return false
	}
	r := relocs.At(0)
	t := w.p.entryTarget(r.Symbol, r.Type, r.Addend, r.Offset-start)
	_, own := w.own(&t)
	return own
}

// appendPlain encodes a target in the way that doesn't depend on which
// function refers to it.
func (w *walker) appendPlain(b []byte, t *target) []byte {
	switch t.kind {
	case targetName:
		return w.appendName(b, t, 0)
	case targetInside:
		e := &w.p.code.Extents[t.extent]
		ordinal, into := w.elsewhere.ordinal(w.p, e.Section, e.Start, e.End, t.at)
		b = append(b, tagInside)
		b = w.appendSymbol(b, w.p.code.Funcs[e.Func].Primary, 0)
		b = binary.AppendUvarint(b, uint64(e.Part))
		b = binary.AppendUvarint(b, uint64(ordinal))
		return binary.AppendUvarint(b, uint64(into))
	case targetString:
		unit, from := w.p.unit(t.section), t.at
		if t.indexed {
			from = t.start
		}
		data := w.p.file.Data(t.section)[from:]
		s := text(data[:min(len(data), maxInFull+unit)], unit)
		if len(s) > maxInFull {
			whole := w.wholeText(t.section, from, uint64(unit))
			return w.appendByDigest(b, int64(t.at-whole.start), datumKey{t.section, whole.start}, whole.end)
		}
		if t.indexed {
			b = binary.AppendVarint(append(b, tagIndexed), int64(t.at-t.start))
		}
		return w.appendString(append(b, tagString, byte(unit)), s)
	case targetMerge:
		b = append(b, tagMerge)
		b = binary.AppendUvarint(b, t.at-t.start)
		if w.inMerge || w.isLarge(t.section, t.start, t.end, maxInFull) { // it may refer to itself, and many to it
			return w.appendNested(b, datumKey{t.section, t.start}, t.end)
		}
		w.inMerge = true
		b = w.appendData(b, t.section, t.start, t.end, false)
		w.inMerge = false
		return b
	case targetDatum:
		start, end, ok := w.extentOf(t)
		if !ok {
			return b
		}
		b = append(b, tagDatum)
		b = binary.AppendVarint(b, int64(t.at-start))
		return w.appendNested(b, datumKey{t.section, start}, end)
	case targetSpecial:
		return w.appendEntryOf(b, t)
	case targetStray:
		return w.appendStray(b, t)
	case targetAbsolute:
		return binary.AppendUvarint(append(b, tagAbsolute), uint64(t.offset))
	}
	b = append(b, tagSection)
	b = appendText(b, Normal(w.p.file.Sections[t.section].Name()))
	return binary.AppendVarint(b, t.offset)
}

// maxInFull is how many bytes of a string, a constant, a static that keeps books or a jump
// table are written down at each reference. What takes more stands for itself by its
// digest, as many may refer to it; a string by that of all of it, and the place in it.
const maxInFull = 1 << 12

// longText is where a string begins and ends that has more than maxInFull bytes.
type longText struct{ start, end uint64 }

// textsKey is the strings of a section that begin at multiples of their unit, and so many
// bytes more.
type textsKey struct {
	section uint32
	more    uint64
}

// wholeText is the string that a place lies in, with what stands in front of that.
func (w *walker) wholeText(section uint32, at, unit uint64) longText {
	key := textsKey{section, at % unit}
	known := w.texts[key]
	i := sort.Search(len(known), func(i int) bool { return known[i].end > at })
	if i < len(known) && known[i].start <= at {
		return known[i]
	}
	data := w.p.file.Data(section)
	x := longText{at, at + uint64(len(text(data[at:], int(unit))))}
	for x.start >= unit && len(text(data[x.start-unit:x.start], int(unit))) > 0 {
		x.start -= unit
	}
	w.texts[key] = slices.Insert(known, i, x)
	return x
}

// index makes a target in the middle of a string the whole string and the place in it: an
// index may be added, of which the least isn't zero (rule 3.4).
func (w *walker) index(t *target) {
	unit := uint64(w.p.unit(t.section))
	if t.indexed || t.at < unit || len(text(w.p.file.Data(t.section)[t.at-unit:t.at], int(unit))) == 0 {
		return
	}
	t.start, t.indexed = w.wholeText(t.section, t.at, unit).start, true
}

// appendString encodes the text of a string, and notes the line numbers in it.
func (w *walker) appendString(b, s []byte) []byte {
	unlined, line, found := lines.AppendText(w.unlined[:0], s, w.p.isSource)
	w.unlined = unlined
	w.maskable = w.maskable || found
	if found && w.masking {
		w.numbers = append(w.numbers, LineNumber{line, lines.Text})
		return append(appendText(b, unlined), tagLine)
	}
	return appendText(b, s)
}

// appendName encodes a symbol's name, and which of that name it is in a datum, and
// the offset from it.
func (w *walker) appendName(b []byte, t *target, number int) []byte {
	b = append(b, tagName)
	b = w.appendSymbol(b, t.symbol, number)
	return binary.AppendVarint(b, t.offset)
}

// appendSymbol encodes what a symbol goes by. Where several symbols of the
// object go by that, it notes for the disambiguation digest where this one
// comes from (rule 3.9), and which it is in a datum.
func (w *walker) appendSymbol(b []byte, symbol uint32, number int) []byte {
	name, unique := w.p.name(symbol)
	if !unique && !w.masking && w.p.marks[symbol]&markBook == 0 {
		if _, seen := w.used[symbol]; !seen || w.depth > 0 {
			w.disambig = appendText(append(w.disambig, tagName), name)
			w.disambig = appendText(w.disambig, w.p.file.FileName(symbol))
			w.disambig = binary.AppendUvarint(w.disambig, w.p.file.Symbols[symbol].Size)
			w.ambiguous = w.ambiguous || w.p.marks[symbol]&markTwin != 0
		}
	}
	if number > 0 { // behind a NUL, which no name has
		name = fmt.Sprintf("%s\x00 (number %d of that name)", name, number+1)
	}
	return appendText(b, name)
}

// appendNumber tells symbols of one normal name apart within a function, by
// the order of their first use (rule 3.9).
func (w *walker) appendNumber(b []byte, symbol uint32) []byte {
	mark := w.p.marks[symbol]
	if mark&markShared == 0 || mark&markBook != 0 && w.p.file.Symbols[symbol].Size == 0 { // many stand at one place
		return b
	}
	name, unique := w.p.name(symbol)
	if unique {
		return b
	}
	number, seen := w.used[symbol]
	if !seen {
		number = w.names[name]
		w.names[name] = number + 1
		w.used[symbol] = number
	}
	if number == 0 {
		return b
	}
	b = append(b, tagNumber)
	return binary.AppendUvarint(b, uint64(number))
}

func appendText[T string | []byte](b []byte, text T) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// text is the string at the start of data, in units of so many bytes, without
// the zero unit that ends it.
func text(data []byte, unit int) []byte {
	if unit == 1 {
		before, _, _ := bytes.Cut(data, []byte{0})
		return before
	}
	for n := 0; n+unit <= len(data); n += unit {
		if bytes.Count(data[n:n+unit], []byte{0}) == unit {
			return data[:n]
		}
	}
	return data
}

// isOwnName tells whether the target is the function's own name, as __func__
// gives it (rule 2.5).
func (w *walker) isOwnName(t *target) bool {
	if w.body.fn < 0 {
		return false
	}
	symbol := t.symbol
	if symbol == 0 {
		symbols := w.p.code.SymbolsOf(t.section)
		if len(symbols) == 0 {
			return false
		}
		x := w.p.symbolsAt(symbols, int64(t.at))
		symbol = cmp.Or(x.starts, x.label, x.contains, x.global)
	}
	if symbol == 0 || !ownName(w.p.file.Symbols[symbol].Name()) {
		return false
	}
	return w.isOwnText(t)
}

// isOwnText tells whether the text at a place is the function's name, which is
// all that is left of clang's __func__.
func (w *walker) isOwnText(t *target) bool {
	data := w.p.file.Data(t.section)
	if w.body.fn < 0 || t.at >= uint64(len(data)) {
		return false
	}
	own := sourceName(w.p.code.Name(w.p.code.Funcs[w.body.fn].Primary))
	rest, found := bytes.CutPrefix(data[t.at:], []byte(own))
	return found && (len(rest) == 0 || rest[0] == 0)
}

// isJumpTable tells whether the datum is a table of places in code: all its
// relocations point into one function, and not only at its entry (rule 5.2).
func (w *walker) isJumpTable(t *target) bool {
	if w.jumpTableAt(t.section, t.at) != nil {
		if w.p.bounds == nil { // others end where it starts
			w.findings.data = append(w.findings.data, bound{datumKey{t.section, t.at}, w.parts[w.current].section})
		}
		return true
	}
	start, end, ok := w.extentOf(t)
	if !ok {
		return false
	}
	return w.p.isJumpTable(t.section, start, end)
}

func (p *program) isJumpTable(section uint32, start, end uint64) bool {
	relocs := p.dataRelocs(section, start, end)
	fn, inside := -1, false
	for i := range relocs.Len() {
		t := p.entryTarget(relocs.At(i).Symbol, relocs.At(i).Type, relocs.At(i).Addend, relocs.At(i).Offset-start)
		if t.kind == targetName && t.extent < 0 && p.kinds[t.section] == sectionCode {
			t.extent = p.code.Innermost(t.section, t.at)
		}
		if t.extent < 0 {
			return false
		}
		owner := int(p.code.Extents[t.extent].Func)
		if fn >= 0 && owner != fn {
			return false
		}
		fn, inside = owner, inside || t.kind == targetInside
	}
	return inside
}

// entryTarget is what a relocation in data points at. A field that is
// relative to its own place may hold, in a jump table, the distance from the
// table's start: then the addend has grown by the field's offset in it.
func (p *program) entryTarget(symbol, typ uint32, addend int64, offset uint64) target {
	if s := &p.file.Symbols[symbol]; s.Defined() && p.kinds[s.Section] == sectionCode && p.machine.reloc(typ).pc {
		addend -= int64(offset)
	}
	return p.resolve(symbol, addend)
}

// maxDepth bounds how deep nameless data may refer to nameless data. What lies
// deeper, as on a cycle all does, is left out.
const maxDepth = 16

// maxUses is how many symbols a datum or function may refer to by data of which it
// is known that it uses them.
const maxUses = 64

// nestedKey is a datum as others refer to it: at this depth, or 0 when all
// that it refers to in turn is within maxDepth.
type nestedKey struct {
	datumKey
	end    uint64 // of the datum; that of a label's constants depends on who refers to it
	depth  int
	masked bool // without line numbers
}

// nested is a datum's digest, so that each is encoded once for a depth,
// however many paths lead to it.
type nested struct {
	digest Digest
	// open is the number of the walk for which it was made while something in it was
	// unsettled, forAll where another came to it since; 0 where nothing is.
	open int
	// height is how deep data nest that it refers to.
	height int
	// maskable is set where there is a line number in it.
	maskable bool
	// disambig is the digest of what tells the symbols of one name apart that
	// it refers to, 0 where there is nothing to tell; ambiguous is set where
	// that doesn't tell all of them.
	disambig  uint64
	ambiguous bool
	uses      []uint32 // as useByData takes them, the first maxUses
}

// appendNested encodes the digest of a datum that a datum refers to.
func (w *walker) appendNested(b []byte, key datumKey, end uint64) []byte {
	if w.depth == maxDepth {
		w.truncated = true
		return append(b, tagCycle)
	}
	w.depth++
	n, ok := w.recall(nestedKey{key, end, 0, w.masking})
	if ok = ok && w.depth+n.height <= maxDepth; !ok {
		n, ok = w.recall(nestedKey{key, end, w.depth, w.masking})
		w.truncated = w.truncated || ok
	}
	if !ok {
		n = w.nest(key, end)
	}
	w.depth--
	w.height = max(w.height, n.height+1)
	w.unsettled = w.unsettled || n.open != 0
	for _, symbol := range n.uses {
		w.useByData(symbol)
	}
	w.maskable = w.maskable || n.maskable
	if n.disambig != 0 && !w.masking {
		w.disambig = binary.LittleEndian.AppendUint64(append(w.disambig, tagNested), n.disambig)
		w.ambiguous = w.ambiguous || n.ambiguous
	}
	return w.appendDigest(b, n.digest)
}

func (w *walker) recall(key nestedKey) (nested, bool) {
	n, ok := w.memo[key]
	return n, ok && (n.open == 0 || n.open == forAll || n.open == w.walks)
}

// forAll stands for the number of a walk where something unsettled is in a datum to which
// several bodies refer. It is encoded for the first and the second of them, each of which
// notes what it waits for; as code that two reach is nobody's, no other needs to.
const forAll = -1

// nest makes a datum's digest at the present depth.
func (w *walker) nest(key datumKey, end uint64) nested {
	truncated, unsettled, maskable, ambiguous, inMerge, height := w.truncated, w.unsettled, w.maskable, w.ambiguous, w.inMerge, w.height
	w.truncated, w.unsettled, w.maskable, w.ambiguous, w.inMerge, w.height = false, false, false, false, false, 0
	k := nestedKey{key, end, 0, w.masking}
	deep := k
	deep.depth = w.depth
	_, known := w.memo[k]
	_, knownHere := w.memo[deep]
	first, firstUse := len(w.disambig), len(w.uses)
	buf := w.appendData(w.nested[w.depth][:0], key.section, key.start, end, false)
	w.nested[w.depth] = buf
	n := nested{digest: w.p.hash.sum(buf), maskable: w.maskable, height: w.height}
	if len(w.disambig) > first {
		n.disambig, n.ambiguous = xxh3.Hash(w.disambig[first:]), w.ambiguous
		w.disambig = w.disambig[:first]
	}
	w.ambiguous = ambiguous
	if used := w.uses[firstUse:]; len(used) > 0 {
		n.uses = slices.Clone(used[:min(len(used), maxUses)])
		w.uses = w.uses[:firstUse]
	}
	switch {
	case !w.unsettled:
	case known || knownHere: // by another walk
		n.open = forAll
	default:
		n.open = w.walks
	}
	if w.truncated {
		k = deep
	}
	w.memo[k] = n
	w.truncated = w.truncated || truncated
	w.maskable = w.maskable || maskable
	w.unsettled, w.inMerge, w.height = unsettled, inMerge, height
	return n
}

// dataRelocs is the relocations of data, which may stand in code.
func (p *program) dataRelocs(section uint32, start, end uint64) object.Relocs {
	relocs := p.file.Relocs(section).Between(start, end)
	if p.kinds[section] == sectionCode {
		return relocs.Without(p.machine.isNone)
	}
	return relocs
}

// appendData encodes a datum: its bytes with relocated fields blanked, and
// each relocation's offset, kind and target. With own set, places in the function
// being walked are its own.
func (w *walker) appendData(b []byte, section uint32, start, end uint64, own bool) []byte {
	data := w.p.file.Data(section)
	if start > end || end > uint64(len(data)) {
		start, end = 0, 0
	}
	relocs := w.p.dataRelocs(section, start, end)
	b = binary.AppendUvarint(b, end-start)
	b = binary.AppendUvarint(b, uint64(relocs.Len()))
	first := len(b)
	b = append(b, data[start:end]...)
	w.maskFields(section, start, b[first:])
	for i := range relocs.Len() {
		r := relocs.At(i)
		form := w.p.machine.reloc(r.Type)
		form.blank(b[first+int(r.Offset-start) : first+int(end-start)])
	}
	table := relocs.Len() > 0 && w.p.isJumpTable(section, start, end)
	base, relative := w.p.relativeTable(relocs, start)
	var numbers numbers
	for i := range relocs.Len() {
		r := relocs.At(i)
		b = binary.AppendUvarint(b, r.Offset-start)
		var t target
		switch {
		case table:
			t = w.p.entryTarget(r.Symbol, r.Type, r.Addend, r.Offset-start)
		case relative:
			t = w.p.resolve(r.Symbol, r.Addend-int64(r.Offset-base))
		default:
			t = w.p.resolve(r.Symbol, r.Addend)
		}
		b = t.appendBias(w.p.machine.reloc(r.Type).kind.appendTo(b))
		if own {
			if to, ok := w.own(&t); ok {
				b = w.appendPlace(b, to, t.at)
				continue
			}
		}
		if t.kind == targetName {
			w.useByData(t.symbol)
			b = w.appendName(b, &t, numbers.of(w.p, t.symbol))
			continue
		}
		b = w.appendPlain(b, &t)
	}
	return b
}

// relativeTable tells whether the fields of data hold distances from the start of a table,
// as in clang's lookup tables, not from their own places (rule 3.4): then their addends have
// grown by their offsets in it. So it is where that leads to the start of something from
// each, and what is written doesn't. The table starts where the first that refers to a name
// says, or where the datum does.
func (p *program) relativeTable(relocs object.Relocs, start uint64) (base uint64, ok bool) {
	if relocs.Len() < 2 {
		return 0, false
	}
	base = start
	for i := range relocs.Len() {
		if r := relocs.At(i); !p.machine.reloc(r.Type).pc {
			return 0, false
		} else if p.file.Symbols[r.Symbol].Type() != elf.STT_SECTION {
			base = r.Offset - uint64(r.Addend)
			break
		}
	}
	plain := true
	for i := range relocs.Len() {
		r := relocs.At(i)
		if !p.machine.reloc(r.Type).pc || r.Offset < base || !p.begins(r.Symbol, r.Addend-int64(r.Offset-base)) {
			return 0, false
		}
		plain = plain && p.begins(r.Symbol, r.Addend)
	}
	return base, !plain
}

// begins tells whether something begins where a reference leads: a string, a constant,
// what a symbol names.
func (p *program) begins(symbol uint32, addend int64) bool {
	switch t := p.resolve(symbol, addend); t.kind {
	case targetName:
		return t.offset == 0
	case targetMerge, targetDatum:
		return t.at == t.start
	case targetString:
		unit := uint64(p.unit(t.section))
		return !t.indexed && (t.at < unit || len(text(p.file.Data(t.section)[t.at-unit:t.at], int(unit))) == 0)
	}
	return false
}

// numbers tells the symbols of one name apart that a datum refers to, by the order
// in which it does.
type numbers struct {
	used  map[uint32]int
	count map[string]int
}

func (n *numbers) of(p *program, symbol uint32) int {
	name, unique := p.name(symbol)
	if unique {
		return 0
	}
	if n.used == nil {
		n.used, n.count = map[uint32]int{}, map[string]int{}
	}
	number, seen := n.used[symbol]
	if !seen {
		number = n.count[name]
		n.count[name], n.used[symbol] = number+1, number
	}
	return number
}

// elsewhere finds ordinals in code other than what is being walked. It keeps the last
// stretch, as references into the middle of a function are few, and those into one stand
// together; and all that take long.
type elsewhere struct {
	stretchKey // of what is laid out
	laid       layout
	insts      []inst
	spare      []uint32
	large      map[stretchKey]layout
}

// stretchKey is a stretch of code.
type stretchKey struct {
	section    uint32
	start, end uint64
}

// largeCode is from how many bytes on laying out code takes long.
const largeCode = 1 << 12

func (e *elsewhere) ordinal(p *program, section uint32, start, end, at uint64) (ordinal, into uint32) {
	key := stretchKey{section, start, end}
	if e.stretchKey != key {
		part := part{section: section, start: start, end: end, extent: -1}
		if end-start < largeCode {
			p.look(&part)
			e.laid, e.insts, e.spare = p.layOut(&part, e.insts[:0], e.spare[:0])
		} else {
			laid, ok := e.large[key]
			if !ok {
				p.look(&part)
				laid, _, _ = p.layOut(&part, nil, nil)
				if e.large == nil {
					e.large = map[stretchKey]layout{}
				}
				e.large[key] = laid
			}
			e.laid = laid
		}
		e.stretchKey = key
	}
	return e.laid.ordinal(at - start)
}

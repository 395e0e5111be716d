// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"slices"
	"strings"
)

// ClassDigest is the digest of one class of a function's steps. Of most there is
// nothing to tell but that.
type ClassDigest struct {
	Class Class
	Exact uint64
	more  *classMore
}

// classMore is what few classes have.
type classMore struct {
	section        string
	masked, places uint64
}

// NewClassDigest is a class's digest with what its methods tell.
func NewClassDigest(class Class, section string, exact, masked, places uint64) ClassDigest {
	d := ClassDigest{Class: class, Exact: exact}
	if section != "" || masked != exact || places != 0 {
		d.more = &classMore{section, masked, places}
	}
	return d
}

// Section is the table's name where the class is Special, of which there is one for
// each name.
func (d *ClassDigest) Section() string {
	if d.more == nil {
		return ""
	}
	return d.more.section
}

// Masked is the digest without line numbers, equal to Exact where there are none.
func (d *ClassDigest) Masked() uint64 {
	if d.more == nil {
		return d.Exact
	}
	return d.more.masked
}

// Places is, of a class of tables, the digest of the places that the entries are about,
// which Exact leaves out: one instruction more moves the places of all tables. 0 for
// other classes, and where all places are the usual ones.
func (d *ClassDigest) Places() uint64 {
	if d.more == nil {
		return 0
	}
	return d.more.places
}

// Reason is what the class is called in a comparison.
func (d *ClassDigest) Reason() string {
	if d.Class == Special {
		return "special:" + d.Section()
	}
	return d.Class.String()
}

// Equal tells whether two digests are the same.
func (d ClassDigest) Equal(other ClassDigest) bool {
	return d.Order(&other) == 0 && d.Exact == other.Exact && d.Masked() == other.Masked() && d.Places() == other.Places()
}

// Order compares two digests by their class.
func (d *ClassDigest) Order(other *ClassDigest) int {
	if d.Class != other.Class {
		return int(d.Class) - int(other.Class)
	}
	return strings.Compare(d.Section(), other.Section())
}

// digester is the visitor that makes the digests. It collects a function's
// steps by class; the reference and branch marks in the classes determine how
// they interleave, so that the digests of the classes make the total.
type digester struct {
	hash    Hash
	classes [NumClasses][]byte
	places  [NumClasses][]byte // of the classes of tables
	entries [NumClasses]int
	special []specialBytes // by name
	unlined [forms]unlined
	total   []byte
}

// The forms in which a step with line numbers is without them.
const (
	maskedForm = iota
	dwarfForm  // with debug information as evidence as well
	forms
)

// unlined is the steps without line numbers, in one form.
type unlined struct {
	classes [NumClasses][]byte
	lined   [NumClasses]bool // which of them have line numbers; others aren't kept
	any     bool
	total   []byte
}

// specialBytes is the steps of one table of the class Special.
type specialBytes struct {
	section       string
	bytes, places []byte
}

func (d *digester) reset() {
	for c := range d.classes {
		d.classes[c], d.places[c], d.entries[c] = d.classes[c][:0], d.places[c][:0], 0
		for f := range d.unlined {
			d.unlined[f].lined[c] = false
		}
	}
	for f := range d.unlined {
		d.unlined[f].any = false
	}
	if len(d.special) > maxSpecial {
		d.special = nil
	}
	for i := range d.special {
		x := &d.special[i]
		x.bytes, x.places = x.bytes[:0], x.places[:0]
	}
}

// maxSpecial is how many tables of the class Special a digester remembers
// from one function to the next: kernels have a dozen.
const maxSpecial = 64

func (d *digester) step(s *Step) {
	if s.Class == Special {
		x := d.specialOf(s.Section)
		x.bytes, x.places = append(x.bytes, s.Bytes...), append(x.places, s.Place...)
	} else {
		d.add(s.Class, s)
		if s.Kind >= EntryStep {
			d.entries[s.Class]++
			if s.Place != nil {
				d.places[s.Class] = binary.AppendUvarint(d.places[s.Class], uint64(d.entries[s.Class]))
				d.places[s.Class] = append(d.places[s.Class], s.Place...)
			}
		}
	}
	if !s.Cold {
		return
	}
	// The cold part alone: without what depends on the other parts' length.
	d.add(Cold, &Step{Bytes: []byte{byte(s.Class)}})
	if !s.Across {
		d.add(Cold, s)
		d.add(Cold, &Step{Bytes: s.Place})
	}
}

// plain adds the steps of instructions that refer to nothing, as most do, without
// making a Step of each. It ends in front of one that does, or that reaches beyond an
// offset in the code, and returns how many it took: none where the steps would be more
// than their bytes.
func (d *digester) plain(insts []inst, code []byte, stop uint64) (taken int) {
	if d.lined(Instructions) {
		return 0
	}
	b := d.classes[Instructions]
	for taken < len(insts) {
		in := &insts[taken]
		end := in.offset + uint64(in.Len)
		if !in.plain || end > stop {
			break
		}
		b = appendShort(append(b, in.Len), code[in.offset:end])
		taken++
	}
	d.classes[Instructions] = b
	return taken
}

// quick adds a step that is no more than its bytes, and has no place, without a
// Step. It leaves it alone, and says so, where that isn't so.
func (d *digester) quick(c Class, bytes []byte) bool {
	if d.lined(c) {
		return false
	}
	d.classes[c] = appendShort(d.classes[c], bytes)
	return true
}

// lined tells whether a class has line numbers, so that its steps are kept in other
// forms as well.
func (d *digester) lined(c Class) bool {
	return d.unlined[maskedForm].lined[c] || d.unlined[dwarfForm].lined[c]
}

// add adds a step to a class.
func (d *digester) add(c Class, s *Step) {
	if s.Masked == nil && s.Dwarf == nil && d.quick(c, s.Bytes) {
		return
	}
	before, bytes := d.classes[c], s.Bytes
	for f, without := range [forms][]byte{maskedForm: s.Masked, dwarfForm: s.Dwarf} {
		u := &d.unlined[f]
		if without != nil && !u.lined[c] {
			u.lined[c], u.any, u.classes[c] = true, true, append(u.classes[c][:0], before...)
		}
		if without != nil {
			bytes = without
		}
		if !u.lined[c] {
			continue
		}
		before = u.classes[c]
		u.classes[c] = append(u.classes[c], bytes...)
	}
	d.classes[c] = append(d.classes[c], s.Bytes...)
}

// appendShort is append for slices that are nearly always short: up to 16 bytes
// are copied at once, with what may stand behind them in both slices.
func appendShort(dst, src []byte) []byte {
	n := len(dst)
	if len(src) <= 16 && cap(src) >= 16 && cap(dst)-n >= 16 {
		*(*[16]byte)(dst[n : n+16]) = [16]byte(src[:16])
		return dst[:n+len(src)]
	}
	return append(dst, src...)
}

// specialOf is where the steps of a table of that name go.
func (d *digester) specialOf(section string) *specialBytes {
	i, ok := slices.BinarySearchFunc(d.special, section, func(x specialBytes, name string) int {
		return strings.Compare(x.section, name)
	})
	if !ok {
		d.special = slices.Insert(d.special, i, specialBytes{section: section})
	}
	return &d.special[i]
}

// sum appends the digests of the classes that have steps, and makes the total
// of them.
func (d *digester) sum(list []ClassDigest) (total Digest, classes []ClassDigest) {
	d.total = d.total[:0]
	for f := range d.unlined {
		d.unlined[f].total = d.unlined[f].total[:0]
	}
	for c := range Class(NumClasses) {
		if len(d.classes[c]) > 0 {
			list = append(list, d.class(c, "", d.classes[c], d.places[c]))
		}
		if c != Special {
			continue
		}
		for i := range d.special {
			if x := &d.special[i]; len(x.bytes) > 0 {
				list = append(list, d.class(Special, x.section, x.bytes, x.places))
			}
		}
	}
	return d.hash.sum(d.total), list
}

// without are the totals without line numbers, after sum: each the zero Digest
// where it is the same as the one before.
func (d *digester) without() (masked, dwarf Digest) {
	if u := &d.unlined[maskedForm]; u.any {
		masked = d.hash.sum(u.total)
	}
	if u := &d.unlined[dwarfForm]; u.any {
		dwarf = d.hash.sum(u.total)
	}
	return masked, dwarf
}

// class makes a class's digest, and adds it to the totals.
func (d *digester) class(c Class, section string, bytes, places []byte) ClassDigest {
	hash := d.hash.sum(bytes)
	exact := hash.short()
	masked := exact
	var at Digest // of the places
	if c.Table() && len(places) > 0 {
		at = d.hash.sum(places)
	}
	if c != Cold { // all of that is in the other classes
		d.total = d.appendClass(d.total, c, section, &hash, &at)
	}
	for f := range d.unlined {
		u := &d.unlined[f]
		if !u.any { // as of most functions
			continue
		}
		if c != Special && u.lined[c] {
			hash = d.hash.sum(u.classes[c])
		}
		if f == maskedForm {
			masked = hash.short()
		}
		if c != Cold {
			u.total = d.appendClass(u.total, c, section, &hash, &at)
		}
	}
	return NewClassDigest(c, section, exact, masked, at.short())
}

func (d *digester) appendClass(b []byte, c Class, section string, hash, places *Digest) []byte {
	b = append(b, byte(c))
	b = appendText(b, section)
	b = append(b, hash[:d.hash.Size()]...)
	if c.Table() {
		b = append(b, places[:d.hash.Size()]...)
	}
	return b
}

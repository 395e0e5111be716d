// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
)

// Digest is a 128-bit XXH3, in its canonical (big-endian) byte order.
type Digest [16]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ClassDigest is the digest of one class of a function's steps.
type ClassDigest struct {
	Class Class
	// Section is the table's name where the class is Special, of which there
	// is one for each name.
	Section string
	Exact   uint64
	// Places is, of a class of tables, the digest of the places that the
	// entries are about, which Exact leaves out: one instruction more moves
	// the places of all tables. 0 for other classes.
	Places uint64
}

// Reason is what the class is called in a comparison.
func (d *ClassDigest) Reason() string {
	if d.Class == Special {
		return "special:" + d.Section
	}
	return d.Class.String()
}

// Order compares two digests by their class.
func (d *ClassDigest) Order(other *ClassDigest) int {
	if d.Class != other.Class {
		return int(d.Class) - int(other.Class)
	}
	return strings.Compare(d.Section, other.Section)
}

// digester is the visitor that makes the digests. It collects a function's
// steps by class; the reference and branch marks in the classes determine how
// they interleave, so that the digests of the classes make the total.
type digester struct {
	classes [NumClasses][]byte
	places  [NumClasses][]byte // of the classes of tables
	special []specialBytes     // by name
	total   []byte
}

// specialBytes is the steps of one table of the class Special.
type specialBytes struct {
	section       string
	bytes, places []byte
}

func (d *digester) reset() {
	for c := range d.classes {
		d.classes[c], d.places[c] = d.classes[c][:0], d.places[c][:0]
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
		d.classes[s.Class] = append(d.classes[s.Class], s.Bytes...)
		d.places[s.Class] = append(d.places[s.Class], s.Place...)
	}
	if !s.Cold {
		return
	}
	// The cold part alone: without what depends on the other parts' length.
	cold := append(d.classes[Cold], byte(s.Class))
	if !s.Across {
		cold = append(cold, s.Bytes...)
	}
	d.classes[Cold] = cold
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
func (d *digester) sum(list []ClassDigest) (Digest, []ClassDigest) {
	d.total = d.total[:0]
	for c := range Class(NumClasses) {
		if len(d.classes[c]) > 0 {
			list = append(list, d.class(c, "", d.classes[c], d.places[c]))
		}
	}
	for i := range d.special {
		if x := &d.special[i]; len(x.bytes) > 0 {
			list = append(list, d.class(Special, x.section, x.bytes, x.places))
		}
	}
	return xxh3.Hash128(d.total).Bytes(), list
}

// class makes a class's digest, and adds it to the total.
func (d *digester) class(c Class, section string, bytes, places []byte) ClassDigest {
	hash := xxh3.Hash128(bytes)
	digest := ClassDigest{Class: c, Section: section, Exact: hash.Lo}
	if c == Cold { // all of it is in the other classes
		return digest
	}
	d.total = append(d.total, byte(c))
	d.total = appendText(d.total, section)
	d.total = binary.LittleEndian.AppendUint64(d.total, hash.Hi)
	d.total = binary.LittleEndian.AppendUint64(d.total, hash.Lo)
	if c.Table() {
		hash = xxh3.Hash128(places)
		digest.Places = hash.Lo
		d.total = binary.LittleEndian.AppendUint64(d.total, hash.Hi)
		d.total = binary.LittleEndian.AppendUint64(d.total, hash.Lo)
	}
	return digest
}

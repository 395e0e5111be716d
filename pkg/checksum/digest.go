// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/zeebo/xxh3"
)

// Digest is a 128-bit XXH3, in its canonical (big-endian) byte order.
type Digest [16]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ClassDigest is the digest of one class of a function's steps.
type ClassDigest struct {
	Class Class
	Exact uint64
}

// digester is the visitor that makes the digests. It collects a function's
// steps by class; the reference and branch marks in the classes determine how
// they interleave, so that the digests of the classes make the total.
type digester struct {
	classes [NumClasses][]byte
	total   []byte
}

func (d *digester) reset() {
	for c := range d.classes {
		d.classes[c] = d.classes[c][:0]
	}
}

func (d *digester) step(s *Step) {
	d.classes[s.Class] = append(d.classes[s.Class], s.Bytes...)
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

// sum appends the digests of the classes that have steps, and makes the total
// of them.
func (d *digester) sum(list []ClassDigest) (Digest, []ClassDigest) {
	d.total = d.total[:0]
	for c := range Class(NumClasses) {
		if len(d.classes[c]) == 0 {
			continue
		}
		hash := xxh3.Hash128(d.classes[c])
		list = append(list, ClassDigest{c, hash.Lo})
		if c == Cold {
			continue
		}
		d.total = append(d.total, byte(c))
		d.total = binary.LittleEndian.AppendUint64(d.total, hash.Hi)
		d.total = binary.LittleEndian.AppendUint64(d.total, hash.Lo)
	}
	return xxh3.Hash128(d.total).Bytes(), list
}

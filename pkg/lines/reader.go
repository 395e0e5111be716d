// SPDX-License-Identifier: MIT

package lines

import (
	"cmp"
	"encoding/binary"
	"errors"
)

var errEnd = errors.New("something ends early")

// reader reads what debug information is made of. Behind an error there is nothing left,
// and it reads zeros.
type reader struct {
	rest  []byte // what has not been read
	order binary.ByteOrder
	err   error // the first
}

func (r *reader) fail(err error) { r.rest, r.err = nil, cmp.Or(r.err, err) }

// take reads so many bytes; none where there are fewer.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail(errEnd)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// part is a reader of so many bytes, which has this one's error.
func (r *reader) part(n uint64) reader {
	b := r.take(n)
	return reader{b, r.order, r.err}
}

func (r *reader) byte() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// word reads a number of 2, 4 or 8 bytes.
func (r *reader) word(size uint8) uint64 {
	switch b := r.take(uint64(size)); len(b) {
	case 2:
		return uint64(r.order.Uint16(b))
	case 4:
		return uint64(r.order.Uint32(b))
	case 8:
		return r.order.Uint64(b)
	}
	return 0
}

// offset reads a length or offset of the 32-bit or the 64-bit format.
func (r *reader) offset(wide bool) uint64 {
	if wide {
		return r.word(8)
	}
	return r.word(4)
}

// unit is what begins with its length, as units and line number programs do, and whether it
// is of the 64-bit format (DWARF 5, 7.4, "32-Bit and 64-Bit DWARF Formats").
func (r *reader) unit() (unit reader, wide bool) {
	size := r.offset(false)
	if wide = size == 0xffff_ffff; wide {
		size = r.offset(true)
	}
	return r.part(size), wide
}

// number reads an unsigned LEB128 number (DWARF 5, 7.6, "Variable Length Data").
func (r *reader) number() uint64 {
	n, _ := r.leb128()
	return n
}

// signed reads a signed one.
func (r *reader) signed() int64 {
	n, bits := r.leb128()
	unused := 64 - min(bits, 64)
	return int64(n<<unused) >> unused
}

// leb128 reads a LEB128 number, of which bits beyond 64 are lost, and tells how many bits
// it was written in.
func (r *reader) leb128() (n uint64, bits int) {
	for i, b := range r.rest {
		if bits < 64 {
			n |= uint64(b&0x7f) << bits
		}
		bits += 7
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return n, bits
		}
	}
	r.fail(errEnd)
	return 0, 0
}

// SPDX-License-Identifier: MIT

package xz

// A probability is that of a 0, in units of 1/2048, and learns by 1/32 of the
// distance with every bit.
const (
	probabilityBits = 11
	probabilityHalf = 1 << (probabilityBits - 1)
	learnBits       = 5
	rangeTop        = 1 << 24 // below it, the range takes in another byte
)

// rangeDecoder takes bits from the bytes of a chunk. Behind its last byte it
// goes on with zeros, and pos passes the end: checked once, by finished, that
// costs less than a check at each byte.
type rangeDecoder struct {
	in   []byte
	pos  int
	rng  uint32
	code uint32
}

// newRangeDecoder needs five bytes, the first of which is always 0.
func newRangeDecoder(in []byte) (rangeDecoder, bool) {
	if len(in) < smallestLZMAChunk || in[0] != 0 {
		return rangeDecoder{}, false
	}
	code := uint32(in[1])<<24 | uint32(in[2])<<16 | uint32(in[3])<<8 | uint32(in[4])
	return rangeDecoder{in: in, pos: 5, rng: 1<<32 - 1, code: code}, true
}

// finished tells whether the chunk ended where its bytes end.
func (rc *rangeDecoder) finished() bool {
	if rc.rng < rangeTop {
		rc.rng, rc.code, rc.pos = shift(rc.in, rc.rng, rc.code, rc.pos)
	}
	return rc.pos == len(rc.in) && rc.code == 0
}

// shift takes in a byte.
func shift(in []byte, rng, code uint32, pos int) (uint32, uint32, int) {
	code <<= 8
	if uint(pos) < uint(len(in)) {
		code |= uint32(in[pos])
	}
	return rng << 8, code, pos + 1
}

// bit decodes a bit with its probability.
func (rc *rangeDecoder) bit(p *uint16) bool {
	rng, code := rc.rng, rc.code
	if rng < rangeTop {
		rng, code, rc.pos = shift(rc.in, rng, code, rc.pos)
	}
	v := *p
	bound := rng >> probabilityBits * uint32(v)
	if code < bound {
		*p = v + (1<<probabilityBits-v)>>learnBits
		rc.rng, rc.code = bound, code
		return false
	}
	*p = v - v>>learnBits
	rc.rng, rc.code = rng-bound, code-bound
	return true
}

// tree decodes a number below len(probs), a power of two, highest bit first.
func (rc *rangeDecoder) tree(probs []uint16) uint32 {
	in, rng, code, pos := rc.in, rc.rng, rc.code, rc.pos
	m := 1
	for uint(m) < uint(len(probs)) {
		if rng < rangeTop {
			rng, code, pos = shift(in, rng, code, pos)
		}
		v := probs[m]
		bound := rng >> probabilityBits * uint32(v)
		if code < bound {
			probs[m] = v + (1<<probabilityBits-v)>>learnBits
			rng = bound
			m = m << 1
		} else {
			probs[m] = v - v>>learnBits
			rng, code = rng-bound, code-bound
			m = m<<1 | 1
		}
	}
	rc.rng, rc.code, rc.pos = rng, code, pos
	return uint32(m - len(probs))
}

// matched decodes the literal behind a match: the byte that would have
// continued the match chooses among the probabilities, until they differ.
func (rc *rangeDecoder) matched(probs *[literalSize]uint16, match byte) byte {
	in, rng, code, pos := rc.in, rc.rng, rc.code, rc.pos
	offset, follow := uint32(0x100), uint32(match)
	m := uint32(1)
	for m < 0x100 {
		if rng < rangeTop {
			rng, code, pos = shift(in, rng, code, pos)
		}
		follow <<= 1
		matchBit := follow & offset
		p := &probs[offset+matchBit+m]
		v := *p
		bound := rng >> probabilityBits * uint32(v)
		if code < bound {
			*p = v + (1<<probabilityBits-v)>>learnBits
			rng = bound
			m = m << 1
			offset &^= matchBit
		} else {
			*p = v - v>>learnBits
			rng, code = rng-bound, code-bound
			m = m<<1 | 1
			offset &= matchBit
		}
	}
	rc.rng, rc.code, rc.pos = rng, code, pos
	return byte(m)
}

// reverse decodes a number of n bits, lowest bit first.
func (rc *rangeDecoder) reverse(probs []uint16, n uint32) (v uint32) {
	m := 1
	for i := range n {
		if rc.bit(&probs[m]) {
			v |= 1 << i
			m = m<<1 | 1
		} else {
			m = m << 1
		}
	}
	return v
}

// direct decodes a number of n bits whose values are equally likely.
func (rc *rangeDecoder) direct(n uint32) (v uint32) {
	in, rng, code, pos := rc.in, rc.rng, rc.code, rc.pos
	for range n {
		if rng < rangeTop {
			rng, code, pos = shift(in, rng, code, pos)
		}
		rng >>= 1
		below := uint32(int32(code-rng) >> 31) // all ones for a 0
		code -= rng &^ below
		v = v<<1 + 1 + below
	}
	rc.rng, rc.code, rc.pos = rng, code, pos
	return v
}

// SPDX-License-Identifier: MIT

package xz

const (
	states        = 12
	literalStates = 7 // states below had a literal last
	positions     = 16
	literalSize   = 0x300 // probabilities of a literal coder
	matchMin      = 2     // bytes
)

// lzma is what an LZMA decoder remembers from chunk to chunk. The names are
// those of the kernel's lib/xz/xz_lzma2.h, where each is described.
type lzma struct {
	start      int // where in the output the dictionary begins
	dictionary int // its size in bytes, the limit of distances

	state                  uint32
	rep0, rep1, rep2, rep3 uint32 // the last distances, less 1

	lc                        uint32
	literalMask, positionMask uint32

	probabilities
}

type probabilities struct {
	isMatch    [states][positions]uint16
	isRep      [states]uint16
	isRep0     [states]uint16
	isRep1     [states]uint16
	isRep2     [states]uint16
	isRep0Long [states][positions]uint16

	distSlot    [4][64]uint16
	distSpecial [115]uint16
	distAlign   [16]uint16

	matchLen, repLen lengths
	literal          [1 << largestLiteralBits][literalSize]uint16
}

// lengths are the probabilities of a match's length.
type lengths struct {
	choice, choice2 uint16
	low, mid        [positions][8]uint16
	high            [256]uint16
}

// properties takes the byte that packs lc, lp and pb, and resets the decoder.
func (l *lzma) properties(b byte) bool {
	if b > largestProperties {
		return false
	}
	lc, lp, pb := uint32(b)%9, uint32(b)/9%5, uint32(b)/45
	if lc+lp > largestLiteralBits {
		return false
	}
	l.lc, l.literalMask, l.positionMask = lc, 1<<lp-1, 1<<pb-1
	l.reset()
	return true
}

func (l *lzma) reset() {
	l.state, l.rep0, l.rep1, l.rep2, l.rep3 = 0, 0, 0, 0, 0
	p := &l.probabilities
	for i := range states {
		fill(p.isMatch[i][:])
		fill(p.isRep0Long[i][:])
	}
	fill(p.isRep[:])
	fill(p.isRep0[:])
	fill(p.isRep1[:])
	fill(p.isRep2[:])
	for i := range p.distSlot {
		fill(p.distSlot[i][:])
	}
	fill(p.distSpecial[:])
	fill(p.distAlign[:])
	p.matchLen.reset()
	p.repLen.reset()
	for i := range p.literal {
		fill(p.literal[i][:])
	}
}

func (l *lengths) reset() {
	l.choice, l.choice2 = probabilityHalf, probabilityHalf
	for i := range positions {
		fill(l.low[i][:])
		fill(l.mid[i][:])
	}
	fill(l.high[:])
}

func fill(p []uint16) {
	for i := range p {
		p[i] = probabilityHalf
	}
}

// decode decodes a chunk's bytes to out[pos:]; what is before it is the
// dictionary. It tells whether the chunk is sound.
func (l *lzma) decode(in, out []byte, pos int) bool {
	rc, ok := newRangeDecoder(in)
	if !ok {
		return false
	}
	for pos < len(out) {
		at := uint32(pos - l.start)
		position := at & l.positionMask % positions
		if !rc.bit(&l.isMatch[l.state][position]) {
			out[pos] = l.literalAt(&rc, out, pos)
			pos++
			continue
		}
		n := 1
		switch {
		case !rc.bit(&l.isRep[l.state]):
			n = l.match(&rc, position)
		case l.repeat(&rc, position):
			n = rc.length(&l.repLen, position)
			l.state = next(l.state, 8, 11)
		default: // a repeated match of one byte
			l.state = next(l.state, 9, 11)
		}
		distance := int(l.rep0) + 1
		if distance > min(pos-l.start, l.dictionary) || n > len(out)-pos {
			return false
		}
		// A match may reach into itself: what is copied doubles what can be.
		for from := pos - distance; n > 0; {
			copied := copy(out[pos:pos+n], out[from:pos])
			pos += copied
			n -= copied
		}
	}
	return rc.finished()
}

// next is the state after a match, which depends on whether a literal was
// before it.
func next(state, afterLiteral, afterMatch uint32) uint32 {
	if state < literalStates {
		return afterLiteral
	}
	return afterMatch
}

// literalAt decodes the literal at pos.
func (l *lzma) literalAt(rc *rangeDecoder, out []byte, pos int) byte {
	at := uint32(pos - l.start)
	coder := at & l.literalMask << l.lc
	if at > 0 {
		coder |= uint32(out[pos-1]) >> (8 - l.lc)
	}
	probs := &l.literal[coder%uint32(len(l.literal))]
	state := l.state
	switch {
	case state < 4:
		l.state = 0
	case state < 10:
		l.state = state - 3
	default:
		l.state = state - 6
	}
	if state < literalStates {
		return byte(rc.tree(probs[:0x100]))
	}
	return rc.matched(probs, out[pos-int(l.rep0)-1]) // rep0 was checked with the match
}

// repeat takes one of the last distances for rep0, and tells whether a length
// follows.
func (l *lzma) repeat(rc *rangeDecoder, position uint32) bool {
	if !rc.bit(&l.isRep0[l.state]) {
		return rc.bit(&l.isRep0Long[l.state][position])
	}
	switch {
	case !rc.bit(&l.isRep1[l.state]):
		l.rep0, l.rep1 = l.rep1, l.rep0
	case !rc.bit(&l.isRep2[l.state]):
		l.rep0, l.rep1, l.rep2 = l.rep2, l.rep0, l.rep1
	default:
		l.rep0, l.rep1, l.rep2, l.rep3 = l.rep3, l.rep0, l.rep1, l.rep2
	}
	return true
}

// match decodes a match's length in bytes, and its distance to rep0.
func (l *lzma) match(rc *rangeDecoder, position uint32) int {
	l.state = next(l.state, 7, 10)
	l.rep1, l.rep2, l.rep3 = l.rep0, l.rep1, l.rep2
	n := rc.length(&l.matchLen, position)
	slot := rc.tree(l.distSlot[min(n-matchMin, 3)][:])
	if slot < 4 {
		l.rep0 = slot
		return n
	}
	bits := slot>>1 - 1
	distance := (2 | slot&1) << bits
	if slot < 14 {
		distance += rc.reverse(l.distSpecial[distance-slot:], bits)
	} else {
		distance += rc.direct(bits-4) << 4
		distance += rc.reverse(l.distAlign[:], 4)
	}
	l.rep0 = distance
	return n
}

// length decodes a match's length in bytes.
func (rc *rangeDecoder) length(l *lengths, position uint32) int {
	switch {
	case !rc.bit(&l.choice):
		return matchMin + int(rc.tree(l.low[position][:]))
	case !rc.bit(&l.choice2):
		return matchMin + 8 + int(rc.tree(l.mid[position][:]))
	default:
		return matchMin + 16 + int(rc.tree(l.high[:]))
	}
}

// SPDX-License-Identifier: MIT

package xz

import (
	"errors"
	"slices"
)

// Control bytes of LZMA2 chunks. A byte from controlLZMA on is an LZMA chunk,
// of which it gives bits 16-20 of the content's size; the thresholds say what
// is reset before, each including those below it.
const (
	controlEnd         = 0x00
	controlCopyReset   = 0x01 // an uncompressed chunk, after a reset of the dictionary
	controlCopy        = 0x02
	controlLZMA        = 0x80
	controlResetState  = 0xa0
	controlResetProps  = 0xc0
	controlResetAll    = 0xe0 // the dictionary too
	smallestLZMAChunk  = 5    // the range coder's first bytes
	largestProperties  = (4*5+4)*9 + 8
	largestLiteralBits = 4
)

// lzma2 decodes the chunks of a block, to its end marker. The rules for what
// must be reset when are those of xz_dec_lzma2_run in the kernel's
// lib/xz/xz_dec_lzma2.c.
func (d *decoder) lzma2(dictionary uint32) error {
	d.lzma.dictionary = int(dictionary)
	needDictionary, needProperties := true, true
	for {
		b, err := d.take(1)
		if err != nil {
			return err
		}
		control := b[0]
		switch {
		case control == controlEnd:
			return nil
		case control == controlCopyReset, control >= controlResetAll:
			needDictionary, needProperties = false, true
			d.lzma.start = len(d.out)
		case needDictionary:
			return errors.New("no dictionary reset at the beginning")
		case control > controlCopy && control < controlLZMA:
			return errors.New("an unknown kind of chunk")
		}
		b, err = d.take(2)
		if err != nil {
			return err
		}
		size := int(b[0])<<8 + int(b[1]) + 1
		if control < controlLZMA {
			content, err := d.take(size)
			if err != nil {
				return err
			}
			if err := d.room(size); err != nil {
				return err
			}
			d.out = append(d.out, content...)
			continue
		}
		size += int(control&0x1f) << 16
		b, err = d.take(2)
		if err != nil {
			return err
		}
		compressed := int(b[0])<<8 + int(b[1]) + 1
		switch {
		case control >= controlResetProps:
			b, err := d.take(1)
			if err != nil {
				return err
			}
			if !d.lzma.properties(b[0]) {
				return errors.New("bad LZMA properties")
			}
			needProperties = false
		case needProperties:
			return errors.New("an LZMA chunk without properties")
		case control >= controlResetState:
			d.lzma.reset()
		}
		in, err := d.take(compressed)
		if err != nil {
			return err
		}
		if err := d.room(size); err != nil {
			return err
		}
		end := len(d.out) + size
		if !d.lzma.decode(in, d.out[:end], len(d.out)) {
			return errors.New("bad LZMA data")
		}
		d.out = d.out[:end]
	}
}

// room makes room for n more bytes of content.
func (d *decoder) room(n int) error {
	if n > d.limit-len(d.out) {
		return ErrTooLarge
	}
	d.out = slices.Grow(d.out, n)
	return nil
}

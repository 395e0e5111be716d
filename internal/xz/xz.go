// SPDX-License-Identifier: MIT

// Package xz decompresses .xz files that are held in memory.
//
// It is our own because of what a decoder does with the dictionary. A block's
// header names its size, up to 4 GiB, and a decoder that streams must allocate
// it before the first byte: github.com/ulikunitz/xz does so without a bound,
// github.com/xi2/xz refuses sizes above one, though "xz -9" writes 64 MiB for
// a file of any size, and a kernel's build 128 MiB. Whoever wants the whole
// content in memory needs no dictionary: the content is the dictionary, as in
// the single-call mode of the kernel's own xz_dec (lib/xz/xz_dec_lzma2.c). So
// the header's number bounds distances here, and nothing is allocated for it.
// Without the second copy of each byte it is also faster than both.
//
//  1. Decode reads streams and their padding (xz.go), after "The .xz File
//     Format", version 1.2.1; section numbers in comments are that document's.
//  2. A block is LZMA2 chunks (lzma2.go). Filters before LZMA2 (BCJ, delta) are
//     not supported: they make relocatable objects larger, and nobody uses them
//     for such.
//  3. A chunk is LZMA symbols (lzma.go) behind a range coder (rangecoder.go).
package xz

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math"
)

// Magic is what a stream begins with.
const Magic = "\xfd7zXZ\x00"

// What Decode says, for errors.Is. Truncated data gives io.ErrUnexpectedEOF,
// everything else is corruption.
var (
	ErrTooLarge    = errors.New("the content is larger than the limit")
	ErrUnsupported = errors.New("unsupported")
)

// Sizes in bytes (2.1.1, 2.1.2).
const (
	headerSize = 12
	footerSize = 12
)

// Check IDs (2.1.1.2) that xz writes.
const (
	checkNone   = 0x00
	checkCRC32  = 0x01
	checkCRC64  = 0x04
	checkSHA256 = 0x0a
)

// ratio is about the largest that LZMA reaches, with zeros. It keeps an index of
// a few bytes from asking for much memory.
const ratio = 8192

const filterLZMA2 = 0x21 // 5.3.1

var crc64Table = crc64.MakeTable(crc64.ECMA)

// Decode decompresses all streams of a file, and verifies every checksum and
// index in it. It gives no more than limit bytes, and allocates no more than a
// small multiple of what it gives, or of the data.
func Decode(data []byte, limit int) ([]byte, error) {
	d := &decoder{data: data, limit: limit}
	d.out = make([]byte, 0, min(contentSize(data), uint64(len(data))*ratio, uint64(limit)))
	for {
		if err := d.stream(); err != nil {
			return nil, err
		}
		// Stream padding (2.2) is zeros, a multiple of four of them.
		padding := d.pos
		for d.pos < len(data) && data[d.pos] == 0 {
			d.pos++
		}
		if (d.pos-padding)%4 != 0 {
			return nil, errors.New("stream padding is no multiple of four bytes")
		}
		if d.pos == len(data) {
			return d.out, nil
		}
	}
}

// decoder is where Decode stands.
type decoder struct {
	data  []byte
	pos   int // in data
	out   []byte
	limit int // of out
	lzma  lzma
}

// record is a block's in the index (4.3), in bytes.
type record struct{ unpadded, uncompressed uint64 }

// take is the next n bytes.
func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.data)-d.pos {
		return nil, io.ErrUnexpectedEOF
	}
	d.pos += n
	return d.data[d.pos-n : d.pos], nil
}

// number is a variable-length integer (1.2).
func (d *decoder) number() (uint64, error) {
	v, n, err := number(d.data[d.pos:])
	d.pos += n
	return v, err
}

func number(data []byte) (v uint64, n int, err error) {
	for shift := 0; shift < 63; shift += 7 {
		if n == len(data) {
			return 0, n, io.ErrUnexpectedEOF
		}
		b := data[n]
		n++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b == 0 && shift > 0 {
				break
			}
			return v, n, nil
		}
	}
	return 0, n, errors.New("an integer is not well encoded")
}

// stream decodes one stream (2.1).
func (d *decoder) stream() error {
	if rest := d.data[d.pos:]; !bytes.HasPrefix(rest, []byte(Magic)) {
		if bytes.HasPrefix([]byte(Magic), rest) {
			return io.ErrUnexpectedEOF
		}
		return fmt.Errorf("offset %d is no beginning of a stream", d.pos)
	}
	header, err := d.take(headerSize)
	if err != nil {
		return err
	}
	flags := header[6:8]
	if crc32.ChecksumIEEE(flags) != binary.LittleEndian.Uint32(header[8:]) {
		return errors.New("checksum of the stream header")
	}
	if flags[0] != 0 {
		return fmt.Errorf("%w stream flags %#x", ErrUnsupported, flags[0])
	}
	switch flags[1] {
	case checkNone, checkCRC32, checkCRC64, checkSHA256:
	default:
		return fmt.Errorf("%w check %#x", ErrUnsupported, flags[1])
	}
	var records []record
	for {
		if d.pos == len(d.data) {
			return io.ErrUnexpectedEOF
		}
		if d.data[d.pos] == 0 { // the index indicator (4.1)
			return d.index(records, flags)
		}
		r, err := d.block(flags[1])
		if err != nil {
			return fmt.Errorf("block %d: %w", len(records)+1, err)
		}
		records = append(records, r)
	}
}

// block decodes one block (3).
func (d *decoder) block(check byte) (r record, err error) {
	start := d.pos
	size := (int(d.data[d.pos]) + 1) * 4
	header, err := d.take(size)
	if err != nil {
		return r, err
	}
	h, err := parseBlockHeader(header)
	if err != nil {
		return r, err
	}
	compressed, uncompressed := d.pos, len(d.out)
	if err := d.lzma2(h.dictionary); err != nil {
		return r, err
	}
	content := d.out[uncompressed:]
	if h.compressed != unknown && h.compressed != uint64(d.pos-compressed) ||
		h.uncompressed != unknown && h.uncompressed != uint64(len(content)) {
		return r, errors.New("its size is not what its header says")
	}
	r = record{uint64(d.pos - start), uint64(len(content))}
	padding, err := d.take(-(d.pos - start) & 3)
	if err != nil {
		return r, err
	}
	if !zeros(padding) {
		return r, errors.New("padding is not zero")
	}
	var sum []byte
	switch check {
	case checkCRC32:
		sum = binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(content))
	case checkCRC64:
		sum = binary.LittleEndian.AppendUint64(nil, crc64.Checksum(content, crc64Table))
	case checkSHA256:
		s := sha256.Sum256(content)
		sum = s[:]
	}
	stored, err := d.take(len(sum))
	if err != nil {
		return r, err
	}
	if !bytes.Equal(sum, stored) {
		return r, errors.New("checksum of the content")
	}
	r.unpadded += uint64(len(sum))
	return r, nil
}

// unknown stands for a size that a block header does not give.
const unknown = math.MaxUint64

// blockHeader is what a block header says (3.1); sizes in bytes.
type blockHeader struct {
	compressed, uncompressed uint64
	dictionary               uint32
}

func parseBlockHeader(data []byte) (h blockHeader, err error) {
	end := len(data) - 4
	if crc32.ChecksumIEEE(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return h, errors.New("checksum of the header")
	}
	flags := data[1]
	if flags&0x3c != 0 {
		return h, fmt.Errorf("%w block flags %#x", ErrUnsupported, flags)
	}
	fields := decoder{data: data[:end], pos: 2}
	next := func(present bool) uint64 {
		if !present || err != nil {
			return unknown
		}
		var v uint64
		v, err = fields.number()
		return v
	}
	h.compressed, h.uncompressed = next(flags&0x40 != 0), next(flags&0x80 != 0)
	filter, size := next(true), next(true)
	switch {
	case err != nil:
	case filter != filterLZMA2:
		return h, fmt.Errorf("%w filter %#x: only LZMA2 is read", ErrUnsupported, filter)
	case flags&3 != 0 || size != 1:
		return h, errors.New("the filters are not well formed")
	}
	properties, short := fields.take(1)
	if err != nil || short != nil {
		return h, errors.New("the header is too short for its fields")
	}
	bits := properties[0]
	switch {
	case bits > 40:
		return h, fmt.Errorf("%w dictionary size %#x", ErrUnsupported, bits)
	case bits == 40:
		h.dictionary = math.MaxUint32
	default:
		h.dictionary = (2 | uint32(bits&1)) << (bits/2 + 11)
	}
	if !zeros(fields.data[fields.pos:]) {
		return h, fmt.Errorf("%w fields in the header", ErrUnsupported)
	}
	return h, nil
}

// index verifies the index (4) and the footer (2.1.2) behind the blocks.
func (d *decoder) index(records []record, flags []byte) error {
	start := d.pos
	d.pos++
	count, err := d.number()
	if err != nil {
		return err
	}
	if count != uint64(len(records)) {
		return fmt.Errorf("%d blocks, %d in the index", len(records), count)
	}
	for _, want := range records {
		var r record
		if r.unpadded, err = d.number(); err != nil {
			return err
		}
		if r.uncompressed, err = d.number(); err != nil {
			return err
		}
		if r != want {
			return errors.New("the index doesn't match the blocks")
		}
	}
	padding, err := d.take(-(d.pos - start) & 3)
	if err != nil {
		return err
	}
	if !zeros(padding) {
		return errors.New("padding of the index is not zero")
	}
	sum := crc32.ChecksumIEEE(d.data[start:d.pos])
	stored, err := d.take(4)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(stored) != sum {
		return errors.New("checksum of the index")
	}
	size := d.pos - start
	footer, err := d.take(footerSize)
	if err != nil {
		return err
	}
	switch {
	case string(footer[10:]) != "YZ":
		return errors.New("no stream footer behind the index")
	case crc32.ChecksumIEEE(footer[4:10]) != binary.LittleEndian.Uint32(footer):
		return errors.New("checksum of the stream footer")
	case backwardSize(footer) != uint64(size), !bytes.Equal(footer[8:10], flags):
		return errors.New("the stream footer doesn't match the stream")
	}
	return nil
}

// backwardSize is the size in bytes of the index before a footer.
func backwardSize(footer []byte) uint64 {
	return (uint64(binary.LittleEndian.Uint32(footer[4:])) + 1) * 4
}

// contentSize is the size in bytes of the last stream's content as its index
// says, 0 where that can't be read. It is a hint that nobody has verified: with
// it, the content of nearly every file is allocated once.
func contentSize(data []byte) (sum uint64) {
	if len(data) < headerSize+footerSize || len(data)%4 != 0 {
		return 0
	}
	body, footer := data[:len(data)-footerSize], data[len(data)-footerSize:]
	size := backwardSize(footer)
	if string(footer[10:]) != "YZ" || size > uint64(len(body)) {
		return 0
	}
	d := decoder{data: body, pos: len(body) - int(size) + 1}
	count, err := d.number()
	for i := uint64(0); i < count && err == nil; i++ {
		if _, err = d.number(); err == nil {
			var n uint64
			n, err = d.number()
			sum = min(sum+n, math.MaxInt64) // n is below 1<<63: no overflow
		}
	}
	if err != nil {
		return 0
	}
	return sum
}

func zeros(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}

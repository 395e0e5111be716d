// SPDX-License-Identifier: MIT

package mapped

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

	"github.com/ulikunitz/xz/lzma"
)

const xzMagic = "\xfd7zXZ\x00"

func isXZ(data []byte) bool { return bytes.HasPrefix(data, []byte(xzMagic)) }

// Sizes in bytes.
const (
	xzHeaderSize = 12             // of a stream's header (2.1.1)
	xzUnknown    = math.MaxUint64 // what a block's header doesn't say
)

var crc64Table = crc64.MakeTable(crc64.ECMA)

// xzChecks are the checks (2.1.1.2) that xz writes.
var xzChecks = map[byte]func(content []byte) []byte{
	0x00: func([]byte) []byte { return nil },
	0x01: func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) },
	0x04: func(b []byte) []byte { return binary.LittleEndian.AppendUint64(nil, crc64.Checksum(b, crc64Table)) },
	0x0a: func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
}

// unxz decodes xz streams after "The .xz File Format", version 1.2.1; section
// numbers in comments are that document's.
//
// The container is read here, and only LZMA2 by the library: the library's own
// reader of xz allocates whatever dictionary a block's header asks for, up to
// 4 GiB, without a bound, and github.com/xi2/xz refuses headers above one,
// though "xz -9" writes 64 MiB for a file of any size. Here the headers of a
// block's chunks are scanned first (lzma2.go). They tell how long the content
// is, and no dictionary is larger than that.
//
// Filters before LZMA2 (BCJ, delta) are not supported: they make relocatable
// objects larger, and nobody uses them for such.
func unxz(data []byte, limit int) ([]byte, error) {
	d := xzDecoder{data: data, limit: limit}
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

// xzDecoder is where unxz stands.
type xzDecoder struct {
	data  []byte
	pos   int // in data
	out   []byte
	limit int // of out
}

// take is the next n bytes.
func (d *xzDecoder) take(n int) ([]byte, error) {
	if n > len(d.data)-d.pos {
		return nil, io.ErrUnexpectedEOF
	}
	d.pos += n
	return d.data[d.pos-n : d.pos], nil
}

// expect takes bytes that can only be these.
func (d *xzDecoder) expect(want []byte, otherwise string) error {
	rest := d.data[d.pos:]
	switch {
	case bytes.HasPrefix(rest, want):
		d.pos += len(want)
		return nil
	case bytes.HasPrefix(want, rest):
		return io.ErrUnexpectedEOF
	default:
		return errors.New(otherwise)
	}
}

// stream decodes one stream (2.1).
func (d *xzDecoder) stream() error {
	start := d.pos
	if err := d.expect([]byte(xzMagic), fmt.Sprintf("offset %d is no beginning of a stream", start)); err != nil {
		return err
	}
	header, err := d.take(xzHeaderSize - len(xzMagic))
	if err != nil {
		return err
	}
	flags := header[:2]
	check := xzChecks[flags[1]]
	switch {
	case crc32.ChecksumIEEE(flags) != binary.LittleEndian.Uint32(header[2:]):
		return errors.New("checksum of the stream header")
	case flags[0] != 0:
		return fmt.Errorf("%w stream flags %#x", errUnsupported, flags[0])
	case check == nil:
		return fmt.Errorf("%w check %#x", errUnsupported, flags[1])
	}
	var blocks uint64
	var records []byte // of the blocks in the index (4.3)
	for {
		if d.pos == len(d.data) {
			return io.ErrUnexpectedEOF
		}
		if d.data[d.pos] == 0 { // the index indicator (4.1)
			return d.expect(xzIndex(blocks, records, flags), "the index or the stream footer doesn't match the blocks")
		}
		blocks++
		unpadded, size, err := d.block(check)
		if err != nil {
			return fmt.Errorf("block %d: %w", blocks, err)
		}
		records = binary.AppendUvarint(binary.AppendUvarint(records, unpadded), size)
	}
}

// xzIndex is the index (4) and the footer (2.1.2) of a stream. There is but one
// way to write them.
func xzIndex(blocks uint64, records, flags []byte) []byte {
	index := append(binary.AppendUvarint([]byte{0}, blocks), records...)
	index = append(index, make([]byte, -len(index)&3)...)
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(index))
	footer := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(footer))
	return append(append(index, footer...), "YZ"...)
}

// block decodes one block (3). It gives what the index says of it: its size
// without padding, and its content's.
func (d *xzDecoder) block(check func([]byte) []byte) (unpadded, size uint64, err error) {
	start := d.pos
	header, err := d.take((int(d.data[d.pos]) + 1) * 4)
	if err != nil {
		return 0, 0, err
	}
	h, err := parseXZBlock(header)
	if err != nil {
		return 0, 0, err
	}
	compressed, size, err := scanLZMA2(d.data[d.pos:])
	switch {
	case err != nil:
		return 0, 0, err
	case h.compressed != xzUnknown && h.compressed != uint64(compressed), h.size != xzUnknown && h.size != size:
		return 0, 0, errors.New("its size is not what its header says")
	case size > uint64(d.limit-len(d.out)):
		return 0, 0, errTooLarge
	}
	chunks, _ := d.take(compressed) // they are there: they were scanned
	content := len(d.out)
	if d.out, err = unLZMA2(chunks, d.out, int(size), h.dictionary); err != nil {
		return 0, 0, err
	}
	unpadded = uint64(d.pos - start)
	if err := d.expect(make([]byte, -(d.pos-start)&3), "padding is not zero"); err != nil {
		return 0, 0, err
	}
	sum := check(d.out[content:])
	return unpadded + uint64(len(sum)), size, d.expect(sum, "checksum of the content")
}

// xzBlock is what a block header says (3.1); sizes in bytes.
type xzBlock struct {
	compressed, size uint64
	dictionary       int64
}

func parseXZBlock(header []byte) (b xzBlock, err error) {
	end := len(header) - 4
	if crc32.ChecksumIEEE(header[:end]) != binary.LittleEndian.Uint32(header[end:]) {
		return b, errors.New("checksum of the header")
	}
	flags, fields := header[1], header[2:end]
	if flags&0x3c != 0 {
		return b, fmt.Errorf("%w block flags %#x", errUnsupported, flags)
	}
	number := func(present byte) uint64 {
		if present == 0 {
			return xzUnknown
		}
		v, n := binary.Uvarint(fields)
		if n <= 0 {
			err = errors.New("the header's fields are not well formed")
			return 0
		}
		fields = fields[n:]
		return v
	}
	b.compressed, b.size = number(flags&0x40), number(flags&0x80)
	const lzma2 = 0x21 // 5.3.1
	filter, size := number(1), number(1)
	switch {
	case err != nil:
		return b, err
	case filter != lzma2:
		return b, fmt.Errorf("%w filter %#x: only LZMA2 is read", errUnsupported, filter)
	case flags&3 != 0 || size != 1 || len(fields) == 0:
		return b, errors.New("the filters are not well formed")
	case len(bytes.Trim(fields[1:], "\x00")) > 0:
		return b, fmt.Errorf("%w fields in the header", errUnsupported)
	}
	if b.dictionary, err = lzma.DecodeDictCap(fields[0]); err != nil {
		return b, fmt.Errorf("%w dictionary size %#x", errUnsupported, fields[0])
	}
	return b, nil
}

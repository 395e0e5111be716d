// SPDX-License-Identifier: MIT

package mapped

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// lzmaMax is above the largest ratio that LZMA can reach: 273 bytes for 14 bits
// that take a 45th of a bit each.
const lzmaMax = 8192

// scanLZMA2 scans the headers of the chunks that data begins with, to the end
// marker. It gives the size in bytes of all that, and of the content. It
// refuses properties that LZMA2 doesn't have: the decoder takes them, and
// megabytes for a chunk of some bytes.
func scanLZMA2(data []byte) (size int, content uint64, err error) {
	for {
		rest := data[size:]
		if len(rest) == 0 {
			return 0, 0, io.ErrUnexpectedEOF
		}
		control := rest[0]
		header := 3
		switch {
		case control == 0:
			return size + 1, content, nil
		case control >= 0xc0:
			header = 6 // with properties
		case control >= 0x80:
			header = 5
		case control > 2:
			return 0, 0, errors.New("an unknown kind of chunk")
		}
		if len(rest) < header {
			return 0, 0, io.ErrUnexpectedEOF
		}
		uncompressed := int(binary.BigEndian.Uint16(rest[1:])) + 1
		compressed := uncompressed
		if header > 3 {
			uncompressed += int(control&0x1f) << 16
			compressed = int(binary.BigEndian.Uint16(rest[3:])) + 1
		}
		switch {
		case header == 6 && (rest[5] >= 9*5*5 || rest[5]%9+rest[5]/9%5 > 4):
			return 0, 0, errors.New("bad LZMA properties")
		case uncompressed > compressed*lzmaMax:
			return 0, 0, errors.New("a chunk promises more than it can hold")
		case len(rest) < header+compressed:
			return 0, 0, io.ErrUnexpectedEOF
		}
		size += header + compressed
		content += uint64(uncompressed)
	}
}

// unLZMA2 decodes the chunks of a block, whose content has this size, behind
// what is in out.
func unLZMA2(chunks, out []byte, size int, dictionary int64) ([]byte, error) {
	in := bytes.NewReader(chunks)
	config := lzma.Reader2Config{DictCap: int(max(lzma.MinDictCap, min(dictionary, int64(size))))}
	r, err := config.NewReader2(in)
	if err != nil {
		return nil, err
	}
	out = slices.Grow(out, size+1) // one byte more shows the end
	n, err := io.ReadFull(r, out[len(out):len(out)+size+1])
	if n != size || !r.EOS() || in.Len() != 0 {
		// The chunks are complete: an end inside is corruption.
		return nil, fmt.Errorf("bad LZMA2 data: %v", err)
	}
	return out[:len(out)+size], nil
}

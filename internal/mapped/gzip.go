// SPDX-License-Identifier: MIT

package mapped

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
)

func isGzip(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1f\x8b")) }

// deflateMax is the largest ratio that deflate can reach: 258 bytes for 2 bits.
const deflateMax = 258 * 8 / 2

// gzipLeast is by how many bytes room for content of an unknown size grows at least.
const gzipLeast = 64 << 10

// gunzip decodes gzip members. The decoder's window is 32 KiB in any case.
func gunzip(data []byte, limit int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, endInside(err)
	}
	// A file ends with the size of its last member's content, modulo 2^32: a
	// hint, with which nearly every content is allocated once. One byte more
	// shows the end, or that there is too much.
	hint := uint64(binary.LittleEndian.Uint32(data[len(data)-4:]))
	hint = min(hint, uint64(len(data))*deflateMax, uint64(limit))
	out := make([]byte, 0, hint+1)
	for {
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return nil, errTooLarge
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		case len(out) == cap(out): // never past the limit
			grown := make([]byte, len(out), min(2*len(out)+gzipLeast, limit+1))
			copy(grown, out)
			out = grown
		}
	}
}

// endInside is for an end where there must not be one.
func endInside(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

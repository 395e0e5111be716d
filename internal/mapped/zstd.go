// SPDX-License-Identifier: MIT

package mapped

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// isZstd accepts a skippable frame in front too (RFC 8878, 3.1.2), which
// pzstd writes.
func isZstd(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")) ||
		len(data) >= 4 && data[0]&0xf0 == 0x50 && string(data[1:4]) == "\x2a\x4d\x18"
}

// Sizes in bytes.
const (
	zstdBlockMax  = 128 << 10 // of a block's content
	zstdWindowMax = 2 << 30   // what the zstd tool accepts at most
	zstdSlack     = 16        // the decoder is fastest with so much room behind the content
)

// unzstd decodes zstd frames, one by one: the decoder's own DecodeAll would
// allocate what a frame's header promises, and copy all content before a frame
// once more. Here a frame gets the room that its blocks can fill. The window
// costs nothing, as the content is the window.
func unzstd(data []byte, limit int) ([]byte, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindowMax), zstd.WithDecoderMaxMemory(1<<62), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	var out []byte
	for len(data) > 0 {
		frame, err := scanZstd(data)
		if err != nil {
			return nil, err
		}
		room, left := frame.room, uint64(limit-len(out))
		if room > left && frame.exact {
			return nil, errTooLarge
		}
		room = min(room, left)
		if !frame.skip {
			out = slices.Grow(out, int(room)+zstdSlack)
			content, err := decoder.DecodeAll(data[:frame.size], out[len(out):len(out):len(out)+int(room)+zstdSlack])
			switch {
			case room < frame.room && len(content)+zstdBlockMax > int(room) && (err != nil || len(content) > int(room)):
				return nil, errTooLarge // the next block had no room; the decoder has several errors for that
			case err != nil:
				// The frame is complete: an end inside is corruption.
				return nil, errors.New(err.Error())
			}
			out = append(out, content...) // which is there already, mostly
		}
		data = data[frame.size:]
	}
	return out, nil
}

// zstdFrame is what can be said of a frame without decoding it; sizes in bytes.
type zstdFrame struct {
	size  int    // of the frame
	room  uint64 // what its content needs at most
	exact bool   // and what it needs at least
	skip  bool   // it has none
}

// scanZstd scans the headers of the frame that data begins with, and of its
// blocks (RFC 8878, 3.1.1).
func scanZstd(data []byte) (f zstdFrame, err error) {
	var h zstd.Header
	switch err := h.Decode(data); {
	case errors.Is(err, zstd.ErrMagicMismatch):
		return f, errors.New("something else behind the last frame")
	case err != nil:
		return f, err
	case h.Skippable:
		if uint64(h.SkippableSize) > uint64(len(data)-h.HeaderSize) {
			return f, io.ErrUnexpectedEOF
		}
		return zstdFrame{size: h.HeaderSize + int(h.SkippableSize), skip: true}, nil
	case h.DictionaryID != 0:
		return f, fmt.Errorf("%w dictionary %d", errUnsupported, h.DictionaryID)
	case h.WindowSize > zstdWindowMax:
		return f, fmt.Errorf("%w window of %d bytes", errUnsupported, h.WindowSize)
	}
	pos := h.HeaderSize
	for last := false; !last; {
		if len(data)-pos < 3 {
			return f, io.ErrUnexpectedEOF
		}
		header := int(data[pos]) | int(data[pos+1])<<8 | int(data[pos+2])<<16
		pos += 3
		last = header&1 != 0
		size := header >> 3
		switch header >> 1 & 3 {
		case 0: // raw
			f.room += uint64(size)
		case 1: // one byte, repeated
			f.room += uint64(size)
			size = 1
		case 2: // compressed
			f.room += zstdBlockMax
		default:
			return f, errors.New("a reserved type of block")
		}
		if size > len(data)-pos {
			return f, io.ErrUnexpectedEOF
		}
		pos += size
	}
	if h.HasCheckSum {
		if len(data)-pos < 4 {
			return f, io.ErrUnexpectedEOF
		}
		pos += 4
	}
	f.size = pos
	if h.HasFCS {
		if h.FrameContentSize > f.room {
			return f, errors.New("a frame promises more than its blocks can hold")
		}
		f.room, f.exact = h.FrameContentSize, true
	}
	return f, nil
}

// SPDX-License-Identifier: MIT

package mapped

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// xzLimit has room for all that the files in testdata hold, but for a bomb.
const xzLimit = 1 << 20

// testdata/make.sh made the files with xz.
func TestXZ(t *testing.T) {
	sample := read(t, testdata+"sample")
	for _, name := range []string{"kernel", "plain", "best", "fast", "none", "sha256", "lp", "pb", "blocks", "dict4k"} {
		t.Run(name, func(t *testing.T) { wantXZ(t, read(t, testdata+name+".xz"), sample) })
	}
	wantXZ(t, read(t, testdata+"empty.xz"), nil)
	wantXZ(t, read(t, testdata+"small.xz"), sample[:600])
	wantXZ(t, read(t, testdata+"streams.xz"), append(sample[:len(sample):len(sample)], sample...))
	// The limit is exact.
	data := read(t, testdata+"blocks.xz")
	if out, err := unxz(data, len(sample)); err != nil || len(out) != len(sample) {
		t.Errorf("%d bytes with just enough room: %v", len(out), err)
	}
	if _, err := unxz(data, len(sample)-1); !errors.Is(err, errTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
}

func wantXZ(t *testing.T, data, want []byte) {
	t.Helper()
	if got, err := unxz(data, xzLimit); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, error %v; want %d bytes", len(got), err, len(want))
	}
}

// xzWorthwhile chooses the offsets where the container is, and some of the LZMA
// data, which is all alike.
func xzWorthwhile(i, size int) bool {
	step := 13
	if testing.Short() {
		step = 211
	}
	return i < 100 || i > size-200 || i%step == 0
}

func TestXZTruncated(t *testing.T) {
	for _, name := range []string{"kernel.xz", "blocks.xz", "empty.xz"} {
		data := read(t, testdata+name)
		for n := range data {
			if !xzWorthwhile(n, len(data)) {
				continue
			}
			if out, err := unxz(data[:n], xzLimit); !errors.Is(err, io.ErrUnexpectedEOF) || out != nil {
				t.Fatalf("%s, %d of %d bytes: %d bytes, error %v", name, n, len(data), len(out), err)
			}
		}
	}
}

func TestXZFlipped(t *testing.T) {
	for _, name := range []string{"kernel.xz", "plain.xz", "sha256.xz", "blocks.xz", "empty.xz"} {
		data := read(t, testdata+name)
		for i := range data {
			if !xzWorthwhile(i, len(data)) {
				continue
			}
			bit := byte(1) << (i % 8)
			data[i] ^= bit
			if out, err := unxz(data, xzLimit); err == nil || out != nil {
				t.Fatalf("%s, byte %d: %d bytes, error %v", name, i, len(out), err)
			}
			data[i] ^= bit
		}
	}
}

func TestXZBehind(t *testing.T) {
	data := read(t, testdata+"kernel.xz")
	for behind, text := range map[string]string{
		"\x00":                             "stream padding",
		"\x00\x00\x00\x00\x00":             "stream padding",
		"garbage":                          "no beginning of a stream",
		"\x00\x00\x00\x00x":                "no beginning of a stream",
		"~Module signature appended~\n":    "no beginning of a stream",
		"\x00\x00\x00\x00\xfd7zXZ":         "unexpected EOF",
		"\xfd7zXZ\x00\x00\x04bad!":         "stream header",
		"\xfd7zXZ\x00\x01\x00\xf7\x3e\xff": "unexpected EOF",
	} {
		if _, err := unxz(append(data[:len(data):len(data)], behind...), xzLimit); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("behind it %q: %v, want %q", behind, err, text)
		}
	}
}

// xzStream is a stream of one block with these filter flags and LZMA2 data, and
// without a check.
func xzStream(filters []byte, lzma2 string, uncompressed int) []byte {
	header := append([]byte{0, byte(len(filters)/3 - 1)}, filters...)
	header = pad(header)
	header[0] = byte(len(header) / 4)
	header = sum(header)
	block := append(header, lzma2...)
	unpadded := len(block)
	block = pad(block)
	index := append([]byte{0, 1}, vli(unpadded)...)
	index = sum(pad(append(index, vli(uncompressed)...)))
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer = append(footer, 0, 0)
	out := append([]byte(xzMagic), sum([]byte{0, 0})...)
	out = append(append(out, block...), index...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(footer))
	return append(append(out, footer...), "YZ"...)
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
func sum(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
func vli(n int) []byte    { return binary.AppendUvarint(nil, uint64(n)) }

const storedChunk = "\x01\x00\x04hello\x00" // an uncompressed chunk

func TestXZBlockHeader(t *testing.T) {
	lzma2 := func(bits byte) []byte { return []byte{0x21, 1, bits} }
	wantXZ(t, xzStream(lzma2(0), storedChunk, 5), []byte("hello"))
	for _, test := range []struct {
		what        string
		data        []byte
		text        string
		unsupported bool
	}{
		{"x86", read(t, testdata+"x86.xz"), "filter 0x4", true},
		{"large dictionary", xzStream(lzma2(41), storedChunk, 5), "dictionary size 0x29", true},
		{"two filters", xzStream([]byte{0x21, 1, 0, 0x21, 1, 0}, storedChunk, 5), "not well formed", false},
		{"properties of two bytes", xzStream([]byte{0x21, 2, 0}, storedChunk, 5), "not well formed", false},
		{"wrong index", xzStream(lzma2(0), storedChunk, 6), "index", false},
		{"no dictionary reset", xzStream(lzma2(0), "\x02\x00\x04hello\x00", 5), "bad LZMA2", false},
		{"no properties", xzStream(lzma2(0), "\x01\x00\x00h\x80\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00", 2), "bad LZMA2", false},
		{"unknown chunk", xzStream(lzma2(0), "\x01\x00\x00h\x03\x00\x00\x00", 1), "kind of chunk", false},
		{"bad properties", xzStream(lzma2(0), "\xe0\x00\x00\x00\x04\xff\x00\x00\x00\x00\x00\x00", 1), "properties", false},
		{"lc + lp > 4", xzStream(lzma2(0), "\xe0\x00\x00\x00\x04\x0d\x00\x00\x00\x00\x00\x00", 1), "properties", false},
		{"bad range coder", xzStream(lzma2(0), "\xe0\x00\x00\x00\x04\x5d\x01\x00\x00\x00\x00\x00", 1), "bad LZMA2", false},
		{"bytes left in a chunk", xzStream(lzma2(0), "\xe0\x00\x00\x00\x06\x5d\x00\x00\x00\x00\x00\x00\x00\x00", 1), "bad LZMA2", false},
		{"2 MiB of 6 bytes", xzStream(lzma2(0), "\xff\xff\xff\x00\x05\x5d\x00\x00\x00\x00\x00\x00\x00", 2<<20), "promises more", false},
		// A match at the very beginning.
		{"bad distance", xzStream(lzma2(0), "\xe0\x00\x00\x00\x04\x5d\x00\xff\xff\xff\xff\x00", 1), "bad LZMA2", false},
	} {
		_, err := unxz(test.data, xzLimit)
		if err == nil || !strings.Contains(err.Error(), test.text) || errors.Is(err, errUnsupported) != test.unsupported {
			t.Errorf("%s: %v, want %q", test.what, err, test.text)
		}
	}
}

// A zero literal: the smallest sound chunk.
func TestXZSmallestChunk(t *testing.T) {
	wantXZ(t, xzStream([]byte{0x21, 1, 0}, "\xe0\x00\x00\x00\x05\x5d\x00\x00\x00\x00\x00\x00\x00", 1), []byte{0})
}

// Some of the seeds have no check, so that the codec meets damage too.
func FuzzXZ(f *testing.F) {
	f.Add(read(f, testdata+"small.xz"))
	f.Add(read(f, testdata+"empty.xz"))
	f.Add(xzStream([]byte{0x21, 1, 40}, storedChunk, 5))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := unxz(data, xzLimit); len(out) > xzLimit || err != nil && out != nil {
			t.Errorf("%d bytes, error %v", len(out), err)
		}
	})
}

func BenchmarkXZ(b *testing.B) {
	data := read(b, testdata+"kernel.xz")
	b.SetBytes(int64(len(read(b, testdata+"sample"))))
	for b.Loop() {
		if _, err := unxz(data, xzLimit); err != nil {
			b.Fatal(err)
		}
	}
}

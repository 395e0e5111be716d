// SPDX-License-Identifier: MIT

package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
)

const testLimit = 1 << 20

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// testdata/make.sh made the files with xz.
func TestDecode(t *testing.T) {
	sample := read(t, "sample")
	for _, name := range []string{"kernel", "plain", "best", "fast", "none", "sha256", "lp", "pb", "blocks", "dict4k"} {
		t.Run(name, func(t *testing.T) { wantContent(t, read(t, name+".xz"), sample) })
	}
	wantContent(t, read(t, "empty.xz"), nil)
	wantContent(t, read(t, "small.xz"), sample[:600])
	wantContent(t, read(t, "streams.xz"), append(sample[:len(sample):len(sample)], sample...))
	// The limit is exact.
	data := read(t, "blocks.xz")
	if out, err := Decode(data, len(sample)); err != nil || len(out) != len(sample) {
		t.Errorf("%d bytes with just enough room: %v", len(out), err)
	}
	if _, err := Decode(data, len(sample)-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
}

func wantContent(t *testing.T, data, want []byte) {
	t.Helper()
	if got, err := Decode(data, testLimit); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, error %v; want %d bytes", len(got), err, len(want))
	}
}

// worthwhile chooses the offsets where the container is, and some of the LZMA
// data, which is all alike.
func worthwhile(i, size int) bool {
	step := 13
	if testing.Short() {
		step = 211
	}
	return i < 100 || i > size-200 || i%step == 0
}

func TestTruncated(t *testing.T) {
	for _, name := range []string{"kernel.xz", "blocks.xz", "empty.xz"} {
		data := read(t, name)
		for n := range data {
			if !worthwhile(n, len(data)) {
				continue
			}
			if out, err := Decode(data[:n], testLimit); !errors.Is(err, io.ErrUnexpectedEOF) || out != nil {
				t.Fatalf("%s, %d of %d bytes: %d bytes, error %v", name, n, len(data), len(out), err)
			}
		}
	}
}

func TestFlipped(t *testing.T) {
	for _, name := range []string{"kernel.xz", "plain.xz", "sha256.xz", "blocks.xz", "empty.xz"} {
		data := read(t, name)
		for i := range data {
			if !worthwhile(i, len(data)) {
				continue
			}
			bit := byte(1) << (i % 8)
			data[i] ^= bit
			if out, err := Decode(data, testLimit); err == nil || out != nil {
				t.Fatalf("%s, byte %d: %d bytes, error %v", name, i, len(out), err)
			}
			data[i] ^= bit
		}
	}
}

func TestBehind(t *testing.T) {
	data := read(t, "kernel.xz")
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
		if _, err := Decode(append(data[:len(data):len(data)], behind...), testLimit); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("behind it %q: %v, want %q", behind, err, text)
		}
	}
}

// built is a stream of one block with these filter flags and LZMA2 data, and
// without a check.
func built(filters []byte, lzma2 string, uncompressed int) []byte {
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
	out := append([]byte(Magic), sum([]byte{0, 0})...)
	out = append(append(out, block...), index...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(footer))
	return append(append(out, footer...), "YZ"...)
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
func sum(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
func vli(n int) []byte    { return binary.AppendUvarint(nil, uint64(n)) }

const stored = "\x01\x00\x04hello\x00" // an uncompressed chunk

func TestBlockHeader(t *testing.T) {
	lzma2 := func(bits byte) []byte { return []byte{0x21, 1, bits} }
	wantContent(t, built(lzma2(0), stored, 5), []byte("hello"))
	for _, test := range []struct {
		what        string
		data        []byte
		text        string
		unsupported bool
	}{
		{"x86", read(t, "x86.xz"), "filter 0x4", true},
		{"large dictionary", built(lzma2(41), stored, 5), "dictionary size 0x29", true},
		{"two filters", built([]byte{0x21, 1, 0, 0x21, 1, 0}, stored, 5), "not well formed", false},
		{"properties of two bytes", built([]byte{0x21, 2, 0}, stored, 5), "not well formed", false},
		{"wrong index", built(lzma2(0), stored, 6), "index", false},
		{"no dictionary reset", built(lzma2(0), "\x02\x00\x04hello\x00", 5), "dictionary reset", false},
		{"no properties", built(lzma2(0), "\x01\x00\x00h\x80\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00", 2), "without properties", false},
		{"unknown chunk", built(lzma2(0), "\x01\x00\x00h\x03\x00\x00\x00", 1), "kind of chunk", false},
		{"bad properties", built(lzma2(0), "\xe0\x00\x00\x00\x04\xff\x00\x00\x00\x00\x00\x00", 1), "properties", false},
		{"lc + lp > 4", built(lzma2(0), "\xe0\x00\x00\x00\x04\x0d\x00\x00\x00\x00\x00\x00", 1), "properties", false},
		{"bad range coder", built(lzma2(0), "\xe0\x00\x00\x00\x04\x5d\x01\x00\x00\x00\x00\x00", 1), "bad LZMA", false},
		// A match at the very beginning.
		{"bad distance", built(lzma2(0), "\xe0\x00\x00\x00\x04\x5d\x00\xff\xff\xff\xff\x00", 1), "bad LZMA", false},
	} {
		_, err := Decode(test.data, testLimit)
		if err == nil || !strings.Contains(err.Error(), test.text) || errors.Is(err, ErrUnsupported) != test.unsupported {
			t.Errorf("%s: %v, want %q", test.what, err, test.text)
		}
	}
}

// A zero literal: the smallest sound chunk.
func TestSmallestChunk(t *testing.T) {
	wantContent(t, built([]byte{0x21, 1, 0}, "\xe0\x00\x00\x00\x05\x5d\x00\x00\x00\x00\x00\x00\x00", 1), []byte{0})
}

// What a header says allocates nothing.
func TestMemory(t *testing.T) {
	hugeDictionary := built([]byte{0x21, 1, 40}, stored, 5)
	hugeIndex := built([]byte{0x21, 1, 40}, stored, math.MaxInt64)
	for _, test := range []struct {
		what string
		data []byte
		ok   bool
		max  uint64
	}{
		{"dictionary of 4 GiB", hugeDictionary, true, 128 << 10},
		{"index of 8 EiB", hugeIndex, false, 128<<10 + uint64(len(hugeIndex))*ratio},
		{"bomb", bytes.Repeat(read(t, "zeros64M.xz"), 16), false, 4 * testLimit},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(test.data, testLimit)
		runtime.ReadMemStats(&after)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.what, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > test.max {
			t.Errorf("%s: %d bytes allocated", test.what, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(read(f, "small.xz"))
	f.Add(read(f, "empty.xz"))
	f.Add(built([]byte{0x21, 1, 40}, stored, 5))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := Decode(data, testLimit); len(out) > testLimit || err != nil && out != nil {
			t.Errorf("%d bytes, error %v", len(out), err)
		}
	})
}

// FuzzLZMA2 gets behind the checksums of the container.
func FuzzLZMA2(f *testing.F) {
	f.Add(read(f, "small.xz")[24:], uint32(1<<20)) // behind the stream's header and the block's
	f.Add([]byte(stored), uint32(4096))
	f.Fuzz(func(t *testing.T, data []byte, dictionary uint32) {
		d := &decoder{data: data, limit: testLimit}
		d.lzma2(dictionary)
		if len(d.out) > testLimit {
			t.Errorf("%d bytes", len(d.out))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := read(b, "kernel.xz")
	b.SetBytes(int64(len(read(b, "sample"))))
	for b.Loop() {
		if _, err := Decode(data, testLimit); err != nil {
			b.Fatal(err)
		}
	}
}

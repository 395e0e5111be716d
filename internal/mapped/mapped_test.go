// SPDX-License-Identifier: MIT

package mapped

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/klauspost/compress/zstd"
)

// testdata has files that the xz tool made of sample.
const testdata = "testdata/"

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compressed is the sample in each format, by the format's name.
func compressed(t testing.TB) (sample []byte, files map[string][]byte) {
	sample = read(t, testdata+"sample")
	return sample, map[string][]byte{
		"xz":   read(t, testdata+"kernel.xz"),
		"zstd": zstandard(t, bytes.NewReader(sample), int64(len(sample))),
		"gzip": gzipped(t, bytes.NewReader(sample)),
	}
}

func gzipped(t testing.TB, content io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	return copied(t, &b, w, content)
}

// zstandard makes a frame, whose header says the size if that is not negative.
func zstandard(t testing.TB, content io.Reader, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w.ResetContentSize(&b, size)
	return copied(t, &b, w, content)
}

func copied(t testing.TB, b *bytes.Buffer, w io.WriteCloser, content io.Reader) []byte {
	t.Helper()
	if _, err := io.Copy(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros reads as n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// skippable is a skippable frame of zstd.
func skippable(content string) []byte {
	frame := binary.LittleEndian.AppendUint32([]byte("\x5a\x2a\x4d\x18"), uint32(len(content)))
	return append(frame, content...)
}

// frame is a zstd frame of raw blocks with this descriptor and these fields
// behind it.
func frame(descriptor byte, fields string, blocks ...string) []byte {
	f := append([]byte("\x28\xb5\x2f\xfd"), descriptor)
	f = append(f, fields...)
	for i, b := range blocks {
		header := len(b) << 3
		if i == len(blocks)-1 {
			header |= 1
		}
		f = append(f, byte(header), byte(header>>8), byte(header>>16))
		f = append(f, b...)
	}
	return f
}

func TestOpen(t *testing.T) {
	sample, files := compressed(t)
	twice := slices.Concat(sample, sample)
	unsized := zstandard(t, bytes.NewReader(sample), -1)
	for _, test := range []struct {
		name       string
		data, want []byte
	}{
		{"plain", sample, sample},
		{"a byte", []byte{0x1f}, []byte{0x1f}},
		{"xz", files["xz"], sample},
		{"zstd", files["zstd"], sample},
		{"gzip", files["gzip"], sample},
		{"xz streams", read(t, testdata+"streams.xz"), twice},
		{"gzip members", slices.Concat(files["gzip"], files["gzip"]), twice},
		{"zstd frames", slices.Concat(files["zstd"], unsized), twice},
		{"zstd skippable", slices.Concat(skippable("x"), unsized, skippable(""), files["zstd"], skippable("abc")), twice},
		{"zstd raw", slices.Concat(frame(0x00, "\x00", "a", "", "bc"), frame(0x20, "\x02", "de")), []byte("abcde")},
		{"zstd window of 2 GiB", frame(0x00, "\xa8", "hello"), []byte("hello")},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := Open(write(t, "f", test.data))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.Data, test.want) {
				t.Errorf("%d bytes, want %d", len(f.Data), len(test.want))
			}
			for range 2 {
				if err := f.Close(); err != nil || f.Data != nil {
					t.Errorf("close: %v", err)
				}
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	_, files := compressed(t)
	for _, test := range []struct {
		path, text string
		is         error
	}{
		{filepath.Join(dir, "none"), "no such file", os.ErrNotExist},
		{dir, "is a directory", nil},
		{fifo, "is not a regular file", nil},
		{write(t, "empty", nil), "the file is empty", ErrEmpty},
		{testdata + "empty.xz", "the file is empty", ErrEmpty},
		{write(t, "empty.gz", gzipped(t, zeros(0))), "the file is empty", ErrEmpty},
		{write(t, "empty.zst", frame(0x20, "\x00", "")), "the file is empty", ErrEmpty},
		{write(t, "empty.zst", skippable("nothing")), "the file is empty", ErrEmpty},
		{write(t, "short.xz", files["xz"][:100]), "truncated xz data", ErrCompressed},
		{write(t, "short.zst", files["zstd"][:100]), "truncated zstd data", ErrCompressed},
		{write(t, "short.gz", files["gzip"][:100]), "truncated gzip data", ErrCompressed},
		{write(t, "behind.xz", append(files["xz"], "garbage garbage"...)), "corrupt xz data: offset 6104 is no beginning of a stream", ErrCompressed},
		{write(t, "behind.zst", append(files["zstd"], "garbage garbage"...)), "corrupt zstd data: something else behind the last frame", ErrCompressed},
		{write(t, "behind.gz", append(files["gzip"], "garbage garbage"...)), "corrupt gzip data: gzip: invalid header", ErrCompressed},
		{testdata + "x86.xz", "xz data that can't be read: block 1: unsupported filter 0x4: only LZMA2 is read", ErrCompressed},
		{write(t, "f", frame(0x00, "\xa9", "hello")), "zstd data that can't be read: unsupported window of 2415919104 bytes", ErrCompressed},
		{write(t, "f", frame(0x01, "\x00\x07", "hello")), "zstd data that can't be read: unsupported dictionary 7", ErrCompressed},
		{write(t, "f", frame(0x20, "\x06", "hello")), "corrupt zstd data: a frame promises more than its blocks can hold", ErrCompressed},
		{write(t, "f", frame(0x20, "\x04", "hello")), "corrupt zstd data: ", ErrCompressed},
	} {
		f, err := Open(test.path)
		if err == nil {
			f.Close()
			t.Errorf("%s was opened, want %q", test.path, test.text)
			continue
		}
		if !strings.Contains(err.Error(), test.path) || !strings.Contains(err.Error(), test.text) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%v, want %q", err, test.text)
		}
	}
}

// What is cut or changed is never taken as whole.
func TestDamage(t *testing.T) {
	sample, files := compressed(t)
	step := 17
	if testing.Short() {
		step = 211
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format := formatOf(data)
			for i := range data {
				if i > 100 && i < len(data)-100 && i%step != 0 {
					continue // it is all alike
				}
				content, err := format.decompress(data[:i], limit(i))
				if i >= 2 && (content != nil || err == nil || !errors.Is(err, ErrCompressed) || err.Error() != "truncated "+name+" data") {
					t.Fatalf("%d of %d bytes: %d bytes, error %v", i, len(data), len(content), err)
				}
				for _, bits := range []byte{1 << (i % 8), 0xff} {
					data[i] ^= bits
					content, err := format.decompress(data, limit(len(data)))
					data[i] ^= bits
					switch {
					case err != nil && content == nil && errors.Is(err, ErrCompressed):
					case err == nil && name != "xz" && bytes.Equal(content, sample): // a time or the like
					default:
						t.Fatalf("byte %d: %d bytes, error %v", i, len(content), err)
					}
				}
			}
		})
	}
}

// 1 GiB of zeros in each format. What is allocated is in proportion to the
// limit.
func TestBomb(t *testing.T) {
	const part, parts = 64 << 20, 16
	block := "\x00\x00\x10" + "\x00" // 128 KiB of one byte repeated
	block = string([]byte{2 | 128<<10<<3&0xff, 128 << 10 << 3 >> 8 & 0xff, 128 << 10 << 3 >> 16 & 0xff, 0})
	last := string([]byte{block[0] | 1}) + block[1:]
	for name, data := range map[string][]byte{
		"xz":           bytes.Repeat(read(t, testdata+"zeros64M.xz"), parts),
		"gzip":         bytes.Repeat(gzipped(t, zeros(part)), parts),
		"zstd":         bytes.Repeat(zstandard(t, zeros(part), part), parts),
		"zstd unsized": zstandard(t, zeros(part*parts), -1),
		"zstd blocks":  []byte("\x28\xb5\x2f\xfd\x00\x88" + strings.Repeat(block, 8191) + last),
	} {
		most := limit(len(data))
		var content []byte
		var err error
		if allocated := allocates(func() { content, err = formatOf(data).decompress(data, most) }); allocated > 4*uint64(most) {
			t.Errorf("%s: %d bytes allocated for a limit of %d", name, allocated, most)
		}
		if content != nil || err == nil || !errors.Is(err, ErrCompressed) || !strings.HasPrefix(err.Error(), "decompresses to more than ") {
			t.Errorf("%s: %d bytes, error %v", name, len(content), err)
		}
		small := data[:len(data)/parts]
		allocated := allocates(func() { formatOf(small).decompress(small, 1<<20) })
		if allocated > 4<<20 {
			t.Errorf("%s: %d bytes allocated for a limit of 1 MiB", name, allocated)
		}
	}
}

// As much as the limit is read, and no byte more, in each format.
func TestLimit(t *testing.T) {
	sample, files := compressed(t)
	for name, data := range files {
		content, err := formatOf(data).decompress(data, len(sample))
		if err != nil || !bytes.Equal(content, sample) {
			t.Errorf("%s: %d bytes of %d, error %v", name, len(content), len(sample), err)
		}
		if content, err = formatOf(data).decompress(data, len(sample)-1); !errors.Is(err, errTooLarge) {
			t.Errorf("%s: a byte too much: %d bytes, error %v", name, len(content), err)
		}
	}
	// The largest that a file of this size may hold.
	const size = 6 << 20
	if most := limit(size); most > 256<<20 {
		t.Errorf("%d bytes may come out of %d", most, size)
	}
}

// Promises in headers allocate nothing.
func TestMemory(t *testing.T) {
	gz := gzipped(t, strings.NewReader("hello"))
	binary.LittleEndian.PutUint32(gz[len(gz)-4:], 1<<32-1)
	for name, data := range map[string][]byte{
		"xz dictionary": xzStream([]byte{0x21, 1, 40}, storedChunk, 5), // of 4 GiB
		"xz index":      xzStream([]byte{0x21, 1, 40}, storedChunk, math.MaxInt64),
		"zstd window":   frame(0x00, "\xa8", "hello"),
		"zstd size":     frame(0xe0, "\x00\x00\x00\x01\x00\x00\x00\x00", "hello"),
		"zstd no size":  frame(0x00, "\x00", strings.Split(strings.Repeat("hello", 1000), "l")...),
		"gzip size":     gz,
	} {
		if n := allocates(func() { formatOf(data).decompress(data, limit(len(data))) }); n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func allocates(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Many small streams are one content in linear time.
func TestManyStreams(t *testing.T) {
	const parts = 20_000
	for name, data := range map[string][]byte{
		"xz":           bytes.Repeat(xzStream([]byte{0x21, 1, 40}, storedChunk, 5), parts),
		"gzip":         bytes.Repeat(gzipped(t, strings.NewReader("hello")), parts),
		"zstd":         bytes.Repeat(frame(0x20, "\x05", "hello"), parts),
		"zstd no size": bytes.Repeat(frame(0x00, "\x00", "hello"), parts),
	} {
		content, err := formatOf(data).decompress(data, limit(len(data)))
		if err != nil || string(content) != strings.Repeat("hello", parts) {
			t.Errorf("%s: %d bytes, error %v", name, len(content), err)
		}
	}
}

func TestTrimSuffix(t *testing.T) {
	for name, want := range map[string]string{
		"foo.ko":       "foo.ko",
		"foo.ko.xz":    "foo.ko",
		"a/foo.ko.zst": "a/foo.ko",
		"foo.ko.gz":    "foo.ko",
		"foo.gz.xz":    "foo.gz",
		"a/.xz":        "a/.xz",
		".gz":          ".gz",
		"xz":           "xz",
		"":             "",
	} {
		if got := TrimSuffix(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	sample, files := compressed(f)
	for _, data := range files {
		f.Add(data)
	}
	f.Add(sample[:100])
	f.Add(frame(0x00, "\xa8", "hello"))
	f.Add(frame(0x20, "\x05", "hello"))
	f.Add(slices.Concat(skippable("x"), frame(0x04, "\x00", "a", "b")))
	f.Add(gzipped(f, zeros(1<<20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		format := formatOf(data)
		if format == nil {
			return
		}
		limit := 1<<16 + 10*len(data)
		content, err := format.decompress(data, limit)
		if len(content) > limit || err != nil && (content != nil || !errors.Is(err, ErrCompressed)) {
			t.Errorf("%d bytes, error %v", len(content), err)
		}
	})
}

// A file that is written to while it is read is an error, whatever came of that; one
// that another took the place of is what it was.
func TestRead(t *testing.T) {
	write := func(path string, content byte) {
		t.Helper()
		if err := os.WriteFile(path, bytes.Repeat([]byte{content}, 1<<13), 0o666); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Duration(content) * time.Second) // clocks are coarse
		if err := os.Chtimes(path, later, later); err != nil {
			t.Fatal(err)
		}
	}
	bad := errors.New("bad")
	for name, test := range map[string]struct {
		read func(path string) error
		want error
	}{
		"nothing happens": {func(string) error { return nil }, nil},
		"an error":        {func(string) error { return bad }, bad},
		"written to":      {func(path string) error { write(path, 2); return nil }, ErrChanged},
		"an error of it":  {func(path string) error { write(path, 2); return bad }, ErrChanged},
		"a panic of it":   {func(path string) error { write(path, 2); panic("index out of range") }, ErrChanged},
		"gone":            {os.Remove, nil},
		"replaced": {func(path string) error {
			write(path+".new", 3)
			return os.Rename(path+".new", path)
		}, nil},
	} {
		path := filepath.Join(t.TempDir(), "file")
		write(path, 1)
		file, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Read(func() error { return test.read(path) }); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
		file.Close()
	}
	path := filepath.Join(t.TempDir(), "file")
	write(path, 1)
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	defer func() {
		if recover() == nil {
			t.Error("a bug is taken for a file that changed")
		}
	}()
	_ = file.Read(func() error { panic("bug") })
}

// A file that shrinks while it is mapped is an error where it is read, and
// another panic is none of ours.
func TestCatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shrinks")
	if err := os.WriteFile(path, bytes.Repeat([]byte{1}, 1<<16), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sum := 0
	add := func() error {
		for _, b := range file.Data {
			sum += int(b)
		}
		return nil
	}
	if err := Catch(add); err != nil || sum != 1<<16 {
		t.Errorf("%d, %v", sum, err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := Catch(add); !errors.Is(err, ErrChanged) {
		t.Errorf("error %v", err)
	}
	if err := Catch(func() error {
		parallel.Chunks(2, 4, 1, func(int, int) { _ = add() })
		return nil
	}); !errors.Is(err, ErrChanged) {
		t.Errorf("in a goroutine: error %v", err)
	}
	for _, bug := range []func(){
		func() { panic("bug") },
		func() { _ = *(*int)(nil) },
		func() { parallel.Chunks(1, 1, 1, func(int, int) { panic("bug") }) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a bug is taken for a file that shrank")
				}
			}()
			_ = Catch(func() error { bug(); return nil })
		}()
	}
}

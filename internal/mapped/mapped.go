// SPDX-License-Identifier: MIT

// Package mapped gives a file's bytes: mapped, or decompressed where the file
// is compressed, as distributions' modules are. Objects and manifests are both
// read through it, so that what is compressed, and how much of it is too much,
// is decided in one place.
//
//  1. Open maps the file.
//  2. Its first bytes choose a format (decompress.go); a file of none is handed
//     out as it is mapped.
//  3. The format's decoder (gzip.go, zstd.go, xz.go) decompresses all of it into
//     memory, and the mapping is released.
//
// All input is untrusted. The content of a compressed file is bounded by the
// file's size, and the memory of a decoder by the content. For the sake of that,
// the container of xz is read here: the reader of github.com/ulikunitz/xz
// allocates up to 4 GiB for whoever asks (see unxz).
package mapped

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fnsum/fnsum/internal/parallel"
)

// ErrEmpty is the error for a file, or the content of a compressed one, of no
// bytes.
var ErrEmpty = errors.New("the file is empty")

// File is a file's content.
type File struct {
	// Data is the content. It is read-only, and must not be touched after
	// Close.
	Data []byte

	unmap func() error // nil where Data is in our own memory
	path  string
	info  os.FileInfo // when it was mapped
}

// Open opens the regular file at path. Its errors name the path; they wrap
// ErrEmpty, ErrCompressed or the system's error. The caller closes the File.
//
// What happens to a file while it is mapped happens to Data: Read notices.
func Open(path string) (*File, error) {
	data, info, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	format := formatOf(data)
	if format == nil {
		return &File{Data: data, unmap: func() error { return release(data) }, path: path, info: info}, nil
	}
	content, err := format.decompress(data, limit(len(data)))
	unmapError := unix.Munmap(data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case unmapError != nil:
		return nil, fmt.Errorf("%s: unmap: %w", path, unmapError)
	case len(content) == 0:
		return nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	kept, unmap := keep(content)
	return &File{Data: kept, unmap: unmap}, nil
}

// Close releases the content. Only the first call does something.
func (f *File) Close() error {
	unmap := f.unmap
	f.Data, f.unmap = nil, nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// mapFile maps a file that is not empty.
func mapFile(path string) ([]byte, os.FileInfo, error) {
	// Without O_NONBLOCK, opening a FIFO would wait for somebody to write.
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case info.IsDir():
		return nil, nil, fmt.Errorf("%s: is a directory", path)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: is not a regular file", path)
	case info.Size() == 0:
		return nil, nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	case info.Size() > math.MaxInt:
		return nil, nil, fmt.Errorf("%s: too large to map", path)
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: map: %w", path, err)
	}
	return data, info, nil
}

// TrimSuffix is a file's name without the suffix of the formats that Open
// decompresses: .xz, .zst or .gz. It is for names only; Open looks at the
// content.
func TrimSuffix(name string) string {
	for i := range formats {
		trimmed, found := strings.CutSuffix(name, formats[i].suffix)
		if found && trimmed != "" && !strings.HasSuffix(trimmed, "/") {
			return trimmed
		}
	}
	return name
}

// ErrChanged is the error for a file that shrank or was written to while it was read.
var ErrChanged = errors.New("the file changed while it was read")

// Read does what reads a file. That the file was changed meanwhile is an error: what was
// checked of it may not hold any longer.
func (f *File) Read(read func() error) (err error) {
	defer func() {
		p := recover()
		switch {
		case f.changed():
			err = ErrChanged
		case p != nil:
			panic(p)
		}
	}()
	return Catch(read)
}

// changed tells whether the file is still there, and isn't what was mapped any longer.
func (f *File) changed() bool {
	if f.info == nil {
		return false
	}
	now, err := os.Stat(f.path)
	return err == nil && os.SameFile(f.info, now) && (now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime()))
}

// Catch does what reads mapped files. The memory behind the end of a file that
// shrank is gone: reading it is an error.
func Catch(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover(); {
		case p == nil:
		case parallel.Fault(p):
			err = ErrChanged
		default:
			panic(p)
		}
	}()
	return read()
}

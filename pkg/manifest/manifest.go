// SPDX-License-Identifier: MIT

// Package manifest keeps checksums in a file: line-oriented text, one function
// a line, sorted, so that grep, sort, join, diff and git work on it.
//
//   - Manifest is what such a file says, whether it was read from one or made
//     from objects in memory: the rest of fnsum sees no difference.
//   - Write (write.go) and Read (read.go) are each other's inverse; the format
//     is described in docs/manifest.md.
package manifest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/object"
)

// Version is the version of the file format.
const Version = 1

// Manifest is the checksums of one object or of several of one build.
type Manifest struct {
	Form int           // version of the canonical form, checksum.FormVersion
	Hash checksum.Hash // of the digests
	// Lines is the digest of the user's table of line parameters, or empty.
	Lines   string
	Arch    string
	Data    bool     // named data have records too
	Dwarf   bool     // debug information was evidence, too
	Objects []Object // by name
}

// Object is one object's part of a manifest.
type Object struct {
	Name    string // the path inside the tree, or the file's base name
	Size    int64  // of the file in bytes
	BuildID string // GNU build id in hexadecimal, or empty
	Account checksum.Account
	Records []checksum.Record // sorted by file, name, section, kind, digest
}

// New is the manifest of summed objects, which must be of one machine.
func New(arch string, objects ...Object) *Manifest {
	m := &Manifest{Form: checksum.FormVersion, Arch: arch, Objects: objects}
	slices.SortFunc(m.Objects, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// NewObject is an object's part of a manifest. It takes over the records. The
// strings in it are views of the file, as those of sums are.
func NewObject(name string, file *object.File, sums *checksum.Sums) Object {
	sortRecords(sums.Records)
	return Object{
		Name:    name,
		Size:    file.Size(),
		BuildID: file.BuildID(),
		Account: sums.Account,
		Records: sums.Records,
	}
}

// Detach copies what is a view of the object's file, which may then be closed.
func (o *Object) Detach() {
	n := 0
	o.eachString(func(s *string) { n += len(*s) })
	var all strings.Builder // one allocation instead of one for each
	all.Grow(n)
	o.eachString(func(s *string) {
		start := all.Len()
		all.WriteString(*s)
		*s = all.String()[start:]
	})
}

// eachString visits the strings that are views of the object's file.
func (o *Object) eachString(visit func(*string)) {
	for i := range o.Records {
		o.Records[i].EachString(visit)
	}
}

// sortRecords brings records into the manifest's order, equal ones in the order
// they have. Records are large: it sorts their keys and moves each once.
func sortRecords(records []checksum.Record) {
	keys := make([]sortKey, len(records))
	for i := range keys {
		r := &records[i]
		keys[i] = sortKey{beginning(r.File), beginning(r.Name), int32(i)}
	}
	order := sortHalves(keys, func(a, b sortKey) int {
		x, y := &records[a.index], &records[b.index]
		if a.file != b.file {
			return cmp.Compare(a.file, b.file)
		}
		if a.name != b.name && x.File == y.File {
			return cmp.Compare(a.name, b.name)
		}
		return cmp.Or(compareRecords(x, y), cmp.Compare(a.index, b.index))
	})
	for first := range order {
		displaced, i := records[first], int32(first)
		for from := order[i].index; int(from) != first; from = order[i].index {
			records[i], order[i].index = records[from], i
			i = from
		}
		records[i], order[i].index = displaced, i
	}
}

// sortKey decides most comparisons of two records without looking at these.
type sortKey struct {
	file, name uint64 // how they begin
	index      int32
}

// beginning is the first bytes of a text, as a number in the same order.
func beginning(text string) uint64 {
	var b [8]byte
	copy(b[:], text)
	return binary.BigEndian.Uint64(b[:])
}

// sortHalves sorts the two halves of a list at once, and merges them.
func sortHalves[T any](list []T, compare func(a, b T) int) []T {
	a, b := list[:len(list)/2], list[len(list)/2:]
	var wait parallel.Group
	wait.Go(func() { slices.SortFunc(a, compare) })
	slices.SortFunc(b, compare)
	wait.Wait()
	merged := make([]T, 0, len(list))
	for len(a) > 0 && len(b) > 0 {
		if compare(a[0], b[0]) <= 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

func compareRecords(a, b *checksum.Record) int {
	if c := strings.Compare(a.File, b.File); c != 0 {
		return c
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Section, b.Section),
		cmp.Compare(a.Kind, b.Kind),
		bytes.Compare(a.Digest[:], b.Digest[:]),
	)
}

// Count is the number of records of a kind, in all objects.
func (m *Manifest) Count(kind checksum.Kind) int {
	return m.count(func(r *checksum.Record) bool { return r.Kind == kind })
}

// Opaque is the number of functions that couldn't be decoded.
func (m *Manifest) Opaque() int {
	return m.count(func(r *checksum.Record) bool { return r.Opaque })
}

func (m *Manifest) count(is func(*checksum.Record) bool) int {
	n := 0
	for i := range m.Objects {
		records := m.Objects[i].Records
		for j := range records {
			if is(&records[j]) {
				n++
			}
		}
	}
	return n
}

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
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/huge"
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
	Records []checksum.Record // in any order
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

// Order is the order of a manifest's records, by file, name, section, kind and digest, as
// indices of these; equal ones stay in the order that they have. Those of a file are sorted
// apart, on all cores, by keys: records are large, and stay where they are.
func Order(records []checksum.Record) []int32 {
	keys, first := keysByFile(records)
	order := make([]int32, len(records))
	parallel.Chunks(runtime.GOMAXPROCS(0), len(first)-1, filesAtOnce, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sortKeys(keys[first[i]:first[i+1]], records, func(a, b sortKey) int {
				if a.name != b.name {
					return cmp.Compare(a.name, b.name)
				}
				return cmp.Or(compareOfFile(&records[a.index], &records[b.index]), cmp.Compare(a.index, b.index))
			})
			for j := first[i]; j < first[i+1]; j++ {
				order[j] = keys[j].index
			}
		}
	})
	return order
}

// filesAtOnce is the records of how many files a worker sorts at once.
const filesAtOnce = 16

// sortKeys sorts keys, of a file with very many - or those of no file - on all cores.
func sortKeys(keys []sortKey, records []checksum.Record, compare func(a, b sortKey) int) {
	const atOnce = 1 << 13
	if len(keys) <= atOnce {
		for i := range keys {
			keys[i].name = beginning(records[keys[i].index].Name)
		}
		slices.SortFunc(keys, compare)
		return
	}
	half := len(keys) / 2
	var wait parallel.Group
	wait.Go(func() { sortKeys(keys[:half], records, compare) })
	sortKeys(keys[half:], records, compare)
	wait.Wait()
	a, b := slices.Clone(keys[:half]), keys[half:]
	for len(a) > 0 && len(b) > 0 {
		if compare(a[0], b[0]) <= 0 {
			keys[0], a = a[0], a[1:]
		} else {
			keys[0], b = b[0], b[1:]
		}
		keys = keys[1:]
	}
	copy(keys, a)
}

// sortKey decides most comparisons of two records of a file without looking at these.
type sortKey struct {
	name  uint64 // how it begins
	index int32
}

// run is records one after the other, of one file.
type run struct{ lo, hi int32 }

// keysByFile makes the keys of records, without their names, those of a file one after the
// other, in the order of the files' names; and where those of each file begin, and all end.
func keysByFile(records []checksum.Record) (keys []sortKey, first []int32) {
	runs := findRuns(records)
	next := map[string]int32{} // first how many a file has, then where its next one goes
	for _, r := range runs {
		next[records[r.lo].File] += r.hi - r.lo
	}
	first = make([]int32, 1, len(next)+1)
	for _, file := range slices.Sorted(maps.Keys(next)) {
		end := first[len(first)-1]
		first = append(first, end+next[file])
		next[file] = end
	}
	keys = huge.Make[sortKey](len(records), len(records))
	for _, r := range runs {
		file := records[r.lo].File
		to := keys[next[file]:]
		for i := range r.hi - r.lo {
			to[i].index = r.lo + i
		}
		next[file] += r.hi - r.lo
	}
	return keys, first
}

// findRuns divides records into those of one file, which stand together in the order of the
// code.
func findRuns(records []checksum.Record) []run {
	const atOnce = 1 << 12
	pieces := make([][]run, (len(records)+atOnce-1)/atOnce)
	parallel.Chunks(runtime.GOMAXPROCS(0), len(records), atOnce, func(lo, end int) {
		var runs []run
		for lo < end {
			hi := lo + 1
			for hi < end && records[hi].File == records[lo].File {
				hi++
			}
			runs = append(runs, run{int32(lo), int32(hi)})
			lo = hi
		}
		pieces[(end-1)/atOnce] = runs
	})
	return slices.Concat(pieces...)
}

// beginning is the first bytes of a text, as a number in the same order.
func beginning(text string) uint64 {
	var b [8]byte
	copy(b[:], text)
	return binary.BigEndian.Uint64(b[:])
}

// compareOfFile compares two records of one file.
func compareOfFile(a, b *checksum.Record) int {
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

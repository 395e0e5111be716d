// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// entry is an object in a tree, and in time what became of it.
type entry struct {
	path string
	name string // the path in the tree, without a suffix for compression
	size int64

	summed
	notes bytes.Buffer
	err   error
}

// tree sums the objects in a directory, several at a time. What can't be read
// is said and left out.
func (in *inputs) tree(dir string) (*source, error) {
	debug.SetGCPercent(treeGrowth)
	entries, kernel, err := findObjects(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: there is no object in it: neither vmlinux.o nor *.ko nor *.o", dir)
	}
	for i, e := range entries[1:] {
		if other := &entries[i]; other.name == e.name {
			return nil, sameName(e.path, other.path, e.name)
		}
	}
	in.sumAll(entries)
	arch := mostCommon(entries)
	s := &source{tree: true, paths: map[string]string{}}
	var objects []manifest.Object
	skipped := 0
	for i := range entries {
		e := &entries[i]
		if e.err == nil && e.arch != arch {
			e.err = fmt.Errorf("%s: %w: it is for %s, the others are for %s", e.path, checksum.ErrMachine, e.arch, arch)
		}
		switch {
		case e.err == nil:
			in.stderr.Write(e.notes.Bytes())
			s.paths[e.name] = e.path
			objects = append(objects, e.object)
		case !kernel && foreign(e.err):
			skipped++
			if in.verbose {
				fmt.Fprintf(in.stderr, "fnsum: skipped: %s\n", message(e.err))
			}
		default:
			fmt.Fprintf(in.stderr, "fnsum: %s\n", message(e.err))
			s.unreadable = append(s.unreadable, e.name)
		}
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("%s: none of its %d objects could be summed", dir, len(entries))
	}
	if skipped > 0 {
		fmt.Fprintf(in.stderr, "fnsum: %s: skipped %d of %d objects: no machine code of the kernel (-v says which)\n", dir, skipped, len(entries))
	}
	s.manifest = in.newManifest(arch, objects...)
	return s, nil
}

// foreign tells whether an object that was refused is sound and simply not
// the kernel's own machine code. Among a build's .o files there are such: IR,
// the 16- and 32-bit code of the boot loader and the vDSO, the host's tools.
func foreign(err error) bool {
	for _, refusal := range [...]error{object.ErrLinked, object.ErrIR, object.ErrArchive, object.ErrClass, checksum.ErrMachine} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func sameName(path, other, name string) error {
	return fmt.Errorf("%s: would get the same object name as %s: %s", path, other, name)
}

// findObjects is the objects in a directory, by name: vmlinux.o and the
// modules of a kernel or, where there are none, every .o. Links aren't
// followed. An entry that can't be looked at has an error.
func findObjects(dir string) (entries []entry, kernel bool, err error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, false, err
	}
	var others []entry
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, path)
		if relErr != nil {
			return relErr
		}
		e := entry{path: filepath.Join(dir, rel), name: filepath.ToSlash(mapped.TrimSuffix(rel)), err: err}
		base := filepath.Base(e.name)
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			entries, others = append(entries, e), append(others, e)
		case !d.Type().IsRegular():
		case base == "vmlinux.o", strings.HasSuffix(base, ".ko"):
			kernel = true
			entries = append(entries, e)
		case strings.HasSuffix(base, ".o"):
			others = append(others, e)
		}
		return nil
	})
	if !kernel {
		entries = others
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.path, b.path))
	})
	for i := range entries {
		if info, err := os.Lstat(entries[i].path); err == nil {
			entries[i].size = info.Size()
		}
	}
	return entries, kernel, err
}

// sumAll sums objects, each on one core, the largest first: one that is begun
// last keeps the other cores waiting.
func (in *inputs) sumAll(entries []entry) {
	order := make([]*entry, len(entries))
	for i := range order {
		order[i] = &entries[i]
	}
	slices.SortStableFunc(order, func(a, b *entry) int { return cmp.Compare(b.size, a.size) })
	jobs := in.jobs()
	options := in.options
	options.Jobs = max(1, jobs/len(order))
	parallel.Chunks(jobs, len(order), 1, func(i, _ int) {
		if e := order[i]; e.err == nil {
			in.sumEntry(e, options)
		}
	})
}

// jobs is how many cores to use.
func (in *inputs) jobs() int {
	if in.options.Jobs > 0 {
		return in.options.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// sumEntry sums one object of many: it keeps nothing of the file.
func (in *inputs) sumEntry(e *entry, options checksum.Options) {
	file, err := mapped.Open(e.path)
	if err != nil {
		e.err = err
		return
	}
	defer file.Close()
	e.err = reading(file, e.path, func() (err error) {
		e.summed, _, err = in.sum(file.Data, e.path, e.name, options, false, &e.notes)
		e.object.Detach()
		return err
	})
}

// mostCommon is the architecture of most objects.
func mostCommon(entries []entry) string {
	count, most := map[string]int{}, ""
	for i := range entries {
		if arch := entries[i].arch; entries[i].err == nil {
			count[arch]++
			if count[arch] > count[most] || count[arch] == count[most] && arch < most {
				most = arch
			}
		}
	}
	return most
}

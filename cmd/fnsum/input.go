// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// errUnreadable ends a command that did what it could and left something out,
// which it has said.
var errUnreadable = errors.New("not everything could be read")

// inputs reads what a command line names. What it gives is valid until close.
type inputs struct {
	options checksum.Options
	verbose bool
	// lineTable is a user's file of functions that take a line number.
	lineTable string
	trace     bool // keep what tracing a single object needs
	stderr    io.Writer
	files     []*mapped.File
}

// flags adds the flags of every command that sums.
func (in *inputs) flags(cmd *cobra.Command) {
	cmd.Flags().IntVarP(&in.options.Jobs, "jobs", "j", 0, "use `N` cores, 0 for all")
	cmd.Flags().BoolVarP(&in.verbose, "verbose", "v", false, "say on stderr where each byte of code went, and what was skipped")
	cmd.Flags().BoolVar(&in.options.Data, "data", false, "named data as well: variables, exports, init calls")
	cmd.Flags().BoolVar(&in.options.Dwarf, "dwarf", false, "take debug information as evidence for line numbers, too")
	cmd.Flags().StringVar(&in.lineTable, "line-table", "", "more functions with a parameter that is a line: NAME and its number, a line each, in `FILE`")
	cmd.Flags().BoolVar(&in.options.Opaque, "opaque", false, "accept unknown machines: hash raw bytes and relocations")
}

func (in *inputs) close() {
	for _, f := range in.files {
		f.Close()
	}
}

// source is what one argument of a command line gave.
type source struct {
	manifest *manifest.Manifest
	// tree is set for a directory; unreadable names what in it had to be left
	// out, and was said to be on stderr.
	tree       bool
	unreadable []string
	// paths is where the objects are, by name. A manifest read from a file
	// has none.
	paths map[string]string
	// tracer is that of a single object, where one is wanted.
	tracer *checksum.Tracer
}

// readLineTable reads the file of --line-table.
func (in *inputs) readLineTable() error {
	in.options.Lines = lines.Builtin() // once, for all objects
	if in.lineTable == "" {
		return nil
	}
	f, err := os.Open(in.lineTable)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := in.options.Lines.Add(f); err != nil {
		return fmt.Errorf("%s: %w", in.lineTable, err)
	}
	return nil
}

// input is what stands at a path: a directory, an object or a manifest.
type input struct {
	path     string
	file     *mapped.File       // of an object
	manifest *manifest.Manifest // nil where it is none
}

// load looks what stands at a path, and reads it if it is a manifest.
func (in *inputs) load(path string) (*input, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		return &input{path: path}, nil
	}
	file, err := mapped.Open(path)
	if err != nil {
		return nil, err
	}
	if manifest.Is(file.Data) {
		defer file.Close()
		m, err := manifest.Read(file.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &input{path: path, manifest: m}, nil
	}
	in.files = append(in.files, file)
	return &input{path: path, file: file}, nil
}

// source sums the object or the tree, if it is no manifest.
func (in *inputs) source(x *input) (*source, error) {
	switch {
	case x.manifest != nil:
		return &source{manifest: x.manifest}, nil
	case x.file == nil:
		return in.tree(x.path)
	}
	size := 0
	for _, file := range in.files {
		size += len(file.Data)
	}
	collectLate(size)
	var notes bytes.Buffer
	var summed summed
	var tracer *checksum.Tracer
	err := reading(x.file, x.path, func() (err error) {
		summed, tracer, err = in.sum(x.file.Data, x.path, mapped.TrimSuffix(filepath.Base(x.path)), in.options, in.trace, &notes)
		return err
	})
	if err != nil {
		return nil, err
	}
	in.stderr.Write(notes.Bytes())
	manifest := in.newManifest(summed.arch, summed.object)
	return &source{manifest: manifest, paths: map[string]string{summed.object.Name: x.path}, tracer: tracer}, nil
}

// reading does what reads a file, and says which one if that changed.
func reading(file *mapped.File, path string, read func() error) error {
	err := file.Read(read)
	if errors.Is(err, mapped.ErrChanged) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// newManifest is the manifest of objects that were summed.
func (in *inputs) newManifest(arch string, objects ...manifest.Object) *manifest.Manifest {
	m := manifest.New(arch, objects...)
	m.Data, m.Dwarf, m.Hash = in.options.Data, in.options.Dwarf, in.options.Hash
	if in.options.Lines != nil {
		m.Lines = in.options.Lines.Digest()
	}
	return m
}

// summed is a summed object.
type summed struct {
	arch   string
	object manifest.Object
}

// sum sums an object, and gives a tracer of it if one is wanted. What a user should
// know of it goes to notes.
func (in *inputs) sum(data []byte, path, name string, options checksum.Options, trace bool, notes io.Writer) (s summed, tracer *checksum.Tracer, err error) {
	file, err := object.Parse(data)
	if err != nil {
		return s, nil, fmt.Errorf("%s: %w", path, err)
	}
	var sums *checksum.Sums
	if trace {
		sums, tracer, err = checksum.Trace(file, options)
	} else {
		sums, err = checksum.Sum(file, options)
	}
	if err != nil {
		return s, nil, fmt.Errorf("%s: %w", path, err)
	}
	if n := sums.Opaque; n > 0 {
		fmt.Fprintf(notes, "fnsum: %s: %d functions can't be decoded, and are hashed as raw bytes\n", path, n)
	}
	if len(sums.Whole) > 0 {
		fmt.Fprintf(notes, "fnsum: %s: %d tables of unknown layout are hashed whole with each function they refer to: %s\n",
			path, len(sums.Whole), strings.Join(sums.Whole, ", "))
	}
	if in.verbose {
		printAccount(notes, path, sums)
	}
	return summed{sums.Arch, manifest.NewObject(name, file, sums)}, tracer, nil
}

// printAccount says where the code of an object went.
func printAccount(w io.Writer, path string, sums *checksum.Sums) {
	a := &sums.Account
	fmt.Fprintf(w, "%s: %d functions, %d orphans\n", path, sums.Count(checksum.Function), sums.Count(checksum.Orphan))
	fmt.Fprintf(w, "  %-18s %10s %10s %12s %10s %10s %10s\n", "", "functions", "orphans", "replacements", "padding", "derived", "all")
	for _, row := range [...]struct {
		what   string
		shares *checksum.Shares
	}{
		{"bytes of code", &a.Bytes},
		{"relocations in it", &a.Relocs},
		{"entries of tables", &a.Entries},
	} {
		s := row.shares
		fmt.Fprintf(w, "  %-18s %10d %10d %12d %10d %10d %10d\n", row.what, s.Functions, s.Orphans, s.Replacements, s.Padding, s.Derived, s.Sum())
	}
}

// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// inputs are the files of a command line. What they give is valid until close.
type inputs struct {
	options checksum.Options
	verbose bool
	files   []*object.File
}

// flags adds the flags of every command that sums.
func (in *inputs) flags(cmd *cobra.Command) {
	cmd.Flags().IntVarP(&in.options.Jobs, "jobs", "j", 0, "use `N` cores, 0 for all")
	cmd.Flags().BoolVarP(&in.verbose, "verbose", "v", false, "say on stderr where each byte of code went")
	cmd.Flags().BoolVar(&in.options.Opaque, "opaque", false, "accept unknown machines: hash raw bytes and relocations")
}

func (in *inputs) close() {
	for _, f := range in.files {
		f.Close()
	}
}

// manifest is a path's manifest: read, or made of the object there.
func (in *inputs) manifest(path string, stderr io.Writer) (*manifest.Manifest, error) {
	is, err := isManifest(path)
	if err != nil {
		return nil, err
	}
	if is {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, err := manifest.Read(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return m, nil
	}
	arch, o, err := in.sum(path, stderr)
	if err != nil {
		return nil, err
	}
	return manifest.New(arch, o), nil
}

// sum sums the object at the path. What a user should know of it goes to
// stderr.
func (in *inputs) sum(path string, stderr io.Writer) (arch string, o manifest.Object, err error) {
	file, err := object.Open(path)
	if err != nil {
		return "", o, err
	}
	in.files = append(in.files, file)
	sums, err := checksum.Sum(file, in.options)
	if err != nil {
		return "", o, fmt.Errorf("%s: %w", path, err)
	}
	if n := sums.Opaque(); n > 0 {
		fmt.Fprintf(stderr, "fnsum: %s: %d functions can't be decoded, and are hashed as raw bytes\n", path, n)
	}
	if in.verbose {
		printAccount(stderr, path, sums)
	}
	return sums.Arch, manifest.NewObject(filepath.Base(path), file, sums), nil
}

// printAccount says where the code of an object went.
func printAccount(w io.Writer, path string, sums *checksum.Sums) {
	a := &sums.Account
	fmt.Fprintf(w, "%s: %d functions, %d orphans\n", path, sums.Count(checksum.Function), sums.Count(checksum.Orphan))
	for _, row := range [...]struct {
		what                                 string
		functions, orphans, padding, special uint64
		sum                                  uint64
	}{
		{"bytes of code:", a.Functions, a.Orphans, a.Padding, a.Special, a.Bytes()},
		{"relocations:", a.FunctionRelocs, a.OrphanRelocs, a.PaddingRelocs, a.SpecialRelocs, a.Relocs()},
	} {
		fmt.Fprintf(w, "  %-15s %9d functions %7d orphans %7d padding %7d special = %d\n",
			row.what, row.functions, row.orphans, row.padding, row.special, row.sum)
	}
}

// isManifest looks at the first bytes of a file.
func isManifest(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return manifest.Is(head[:n]), nil
}

// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// inputs are the files of a command line. What they give is valid until close.
type inputs struct {
	options checksum.Options
	files   []*object.File
}

func (in *inputs) close() {
	for _, f := range in.files {
		f.Close()
	}
}

// manifest is a path's manifest: read, or made of the object there.
func (in *inputs) manifest(path string) (*manifest.Manifest, error) {
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
	arch, o, err := in.sum(path)
	if err != nil {
		return nil, err
	}
	return manifest.New(arch, o), nil
}

// sum sums the object at the path.
func (in *inputs) sum(path string) (arch string, o manifest.Object, err error) {
	file, err := object.Open(path)
	if err != nil {
		return "", o, err
	}
	in.files = append(in.files, file)
	sums, err := checksum.Sum(file, in.options)
	if err != nil {
		return "", o, fmt.Errorf("%s: %w", path, err)
	}
	return sums.Arch, manifest.NewObject(filepath.Base(path), file, sums), nil
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

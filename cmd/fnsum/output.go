// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/fnsum/fnsum/internal/mapped"
)

// writeOutput writes to a file, whole or not at all, or for - to stdout.
func writeOutput(path string, stdout io.Writer, write func(io.Writer) error) (err error) {
	if path == "-" {
		b := bufio.NewWriterSize(stdout, 1<<16)
		if err := mapped.Catch(func() error { return write(b) }); err != nil {
			return err
		}
		return b.Flush()
	}
	// A device or pipe can't be replaced, nor needs to be.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return writeOutput("-", f, write)
	}
	t, err := createTemporary(path)
	if err != nil {
		return named(path, err)
	}
	defer func() {
		t.done()
		if err != nil {
			err = named(path, err)
		}
	}()
	if err := writeOutput("-", t, write); err != nil {
		return err
	}
	if err := t.Chmod(newFileMode()); err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return t.keep(path)
}

// named is an error about a temporary file, as one about the file that it was
// to become.
func named(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A write that fails half way leaves what was there, and nothing else.
func TestWriteOutputFails(t *testing.T) {
	broken := errors.New("broken")
	for _, before := range []string{"", "what was there\n"} {
		path := filepath.Join(t.TempDir(), "out")
		if before != "" {
			if err := os.WriteFile(path, []byte(before), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		err := writeOutput(path, io.Discard, func(w io.Writer) error {
			// More than any buffer holds: it reaches the file.
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v instead of %v", err, broken)
		}
		after, err := os.ReadFile(path)
		if before == "" && !errors.Is(err, os.ErrNotExist) || string(after) != before {
			t.Errorf("%q became %q, %v", before, after, err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "out" {
				t.Errorf("%s is left over", e.Name())
			}
		}
	}
}

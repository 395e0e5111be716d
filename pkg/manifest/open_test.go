// SPDX-License-Identifier: MIT

package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func TestOpen(t *testing.T) {
	const plain = "testdata/sample.fnsum"
	data, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	compressed := encoder.EncodeAll(data, nil)
	for _, path := range []string{plain, write("sample.fnsum.zst", compressed)} {
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(expected, m); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	for _, test := range []struct {
		path string
		is   error
	}{
		{filepath.Join(dir, "none"), os.ErrNotExist},
		{write("empty", nil), ErrManifest},
		{write("short.zst", compressed[:len(compressed)-1]), mapped.ErrCompressed},
		{write("text", []byte("text\n")), ErrManifest},
	} {
		if _, err := Open(test.path); !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.path+": ") {
			t.Errorf("%s: error %v, want %v", test.path, err, test.is)
		}
	}
}

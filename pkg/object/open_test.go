// SPDX-License-Identifier: MIT

package object

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/mapped"
)

func writeGzip(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.ko.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenCompressed(t *testing.T) {
	data := append(small().Bytes(), signatureMagic...)
	f, err := Open(writeGzip(t, data))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "size", f.Size(), int64(len(data)))
	want(t, "build id", f.BuildID(), "deadbeef")
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	path := writeGzip(t, nil)
	if _, err := Open(path); !errors.Is(err, ErrFormat) || err.Error() != path+": not a usable ELF object: the file is empty" {
		t.Errorf("empty content: %v", err)
	}
	if err := os.Truncate(path, 15); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, mapped.ErrCompressed) {
		t.Errorf("truncated: %v", err)
	}
}

func TestSignatureAlone(t *testing.T) {
	for _, data := range []string{signatureMagic, "PKCS#7" + signatureMagic} {
		if _, err := Parse([]byte(data)); !errors.Is(err, ErrFormat) || !strings.HasSuffix(err.Error(), "a module signature without a module") {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// SPDX-License-Identifier: MIT

package manifest

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/object"
)

// BenchmarkWrite is what a manifest takes behind the checksums: sorting and text.
func BenchmarkWrite(b *testing.B) {
	dir := os.Getenv("FNSUM_KERNELS")
	if dir == "" {
		b.Skip("FNSUM_KERNELS names no folder: NOT tried on real kernels")
	}
	f, err := object.Open(filepath.Join(dir, "x86_64-gcc/base.o"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	sums, err := checksum.Sum(f, checksum.Options{})
	if err != nil {
		b.Fatal(err)
	}
	records := slices.Clone(sums.Records)
	for b.Loop() {
		copy(sums.Records, records)
		if err := New(sums.Arch, NewObject("base.o", f, sums)).Write(io.Discard); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
	}
}

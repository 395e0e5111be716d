// SPDX-License-Identifier: MIT

package checksum

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fnsum/fnsum/pkg/object"
)

// kernel is the path of a file in the set of real kernel objects, which
// FNSUM_KERNELS names.
func kernel(tb testing.TB, name string) string {
	dir := os.Getenv("FNSUM_KERNELS")
	if dir == "" {
		tb.Skip("FNSUM_KERNELS is not set: NOT tried on real kernel objects")
	}
	return filepath.Join(dir, name)
}

func BenchmarkSum(b *testing.B) {
	path := kernel(b, "x86_64-gcc/base.o")
	for b.Loop() {
		f, err := object.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Sum(f, Options{}); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
		f.Close()
	}
}

func BenchmarkOpen(b *testing.B) {
	path := kernel(b, "x86_64-gcc/base.o")
	for b.Loop() {
		f, err := object.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
		f.Close()
	}
}

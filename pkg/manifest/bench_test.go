// SPDX-License-Identifier: MIT

package manifest

import (
	"io"
	"testing"

	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/object"
)

// BenchmarkWrite is what a manifest takes behind the checksums: sorting and text.
func BenchmarkWrite(b *testing.B) {
	f, err := object.Open(kernels.Path(b, "x86_64-gcc", "base.o"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	sums, err := checksum.Sum(f, checksum.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := New(sums.Arch, NewObject("base.o", f, sums)).Write(io.Discard); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
	}
}

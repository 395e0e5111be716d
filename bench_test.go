// SPDX-License-Identifier: MIT

package fnsum_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// BenchmarkObjects sums the objects that FNSUM_OBJECTS names, and says how long a MB of
// their code takes (scripts/bench-linear.sh).
func BenchmarkObjects(b *testing.B) {
	paths := strings.Fields(os.Getenv("FNSUM_OBJECTS"))
	if len(paths) == 0 {
		b.Skip("FNSUM_OBJECTS names no objects")
	}
	for _, path := range paths {
		b.Run(filepath.Base(path), func(b *testing.B) {
			code := uint64(0)
			for b.Loop() {
				f, err := object.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				sums, err := checksum.Sum(f, checksum.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := manifest.New(sums.Arch, manifest.NewObject(path, f, sums)).Write(io.Discard); err != nil {
					b.Fatal(err)
				}
				code = 0
				for i := range f.Sections {
					if f.Sections[i].Executable() {
						code += f.Sections[i].Size
					}
				}
				f.Close()
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(code), "ms/MB")
		})
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/pkg/object"
)

func BenchmarkSum(b *testing.B) {
	path := kernels.Path(b, "x86_64-gcc", "base.o")
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
	path := kernels.Path(b, "x86_64-gcc", "base.o")
	for b.Loop() {
		f, err := object.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
		f.Close()
	}
}

// BenchmarkPrepare is functions, tables and names, and BenchmarkWalk the first walk of all
// functions.
func BenchmarkPrepare(b *testing.B) {
	f := opened(b)
	for b.Loop() {
		if _, err := newProgram(f, &x86, builtin, runtime.GOMAXPROCS(0)); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(f.Size())
	}
}

func BenchmarkWalk(b *testing.B) {
	f := opened(b)
	p, err := newProgram(f, &x86, builtin, runtime.GOMAXPROCS(0))
	if err != nil {
		b.Fatal(err)
	}
	functions := make([]int32, len(p.code.Funcs))
	for i := range functions {
		functions[i] = int32(i)
	}
	records := make([]Record, len(functions))
	for b.Loop() {
		s := &summer{p: p, jobs: runtime.GOMAXPROCS(0)}
		s.walk(functions, records)
		b.SetBytes(f.Size())
	}
}

// opened is a kernel, closed when the benchmark ends.
func opened(b *testing.B) *object.File {
	f, err := object.Open(kernels.Path(b, "x86_64-gcc", "base.o"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

// TestAnchoredImmediates moves each immediate of a real kernel that is taken for a part
// of a reference by one unit: the function must be another, unless what is there
// instead is a namesake of the same file and size, or equal data.
func TestAnchoredImmediates(t *testing.T) {
	data, err := os.ReadFile(kernels.Path(t, "arm64", "base.o"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := object.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSummer(file, Options{Lines: builtin}, false)
	if err != nil {
		t.Fatal(err)
	}
	w, d, b := newWalker(s.p), &digester{hash: s.p.hash}, body{}
	walk := func() Digest {
		d.reset()
		w.walk(&b, d)
		digest, _ := d.sum(nil)
		return digest
	}
	tried, lost := 0, 0
	for i := range s.p.code.Funcs {
		b = s.body(int32(i), nil)
		before := walk()
		if w.hasAnchors() && w.anchors.lost {
			lost++
		}
		for _, x := range slices.Clone(w.based) {
			if x.field == 0 {
				continue
			}
			part := 0
			for part+1 < len(w.laid) && w.laid[part+1].first <= x.inst {
				part++
			}
			at := w.parts[part].start + w.laid[part].insts[x.inst-w.laid[part].first].offset
			code := file.Data(w.parts[part].section)[at:]
			old := a64(code)
			binary.LittleEndian.PutUint32(code, old&^x.field|(old+1<<bits.TrailingZeros32(x.field))&x.field)
			target := s.p.resolvePlace(x.section, x.at)
			if tried++; walk() == before && !w.ambiguous && target.kind != targetDatum {
				t.Errorf("%s: %08x at %s+%#x refers to %s+%#x, or not", s.p.code.Name(s.p.code.Funcs[i].Primary),
					old, file.Sections[w.parts[part].section].Name(), at, file.Sections[x.section].Name(), x.at)
			}
			binary.LittleEndian.PutUint32(code, old)
			walk()
		}
	}
	if tried < 19_000 || lost > 0 {
		t.Errorf("%d immediates tried; nothing is proved of %d functions", tried, lost)
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"path/filepath"
	"testing"

	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/pkg/object"
)

// checkTrace traces every so many-th function of an object: the steps are what
// the checksum was made of, and each can be described to its last byte.
func checkTrace(t *testing.T, f *object.File, every int) {
	t.Helper()
	sums, tracer, err := Trace(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(sums.Records) == 0 {
		t.Fatal("there is no function to trace")
	}
	for i := 0; i < len(sums.Records); i += every {
		r := &sums.Records[i]
		steps, err := tracer.Steps(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		var d digester
		for n := range steps {
			d.step(&steps[n].Step)
			if _, err := steps[n].Describe(); err != nil {
				t.Errorf("%s+%#x: %v", r.Name, steps[n].Offset, err)
			}
		}
		if got, _ := d.sum(nil); got != r.Digest {
			t.Errorf("%s: the steps' digest is %v, the checksum %v", r.Name, got, r.Digest)
		}
	}
}

func TestTrace(t *testing.T) {
	for name, o := range golden() {
		t.Run(name, func(t *testing.T) {
			f, err := object.Parse(o.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			checkTrace(t, f, 1)
		})
	}
	paths, err := filepath.Glob("../../testdata/demo/*/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) { traceFile(t, path, 1) })
	}
}

func TestTraceKernel(t *testing.T) {
	for _, set := range []string{"x86_64-gcc", "x86_64-plain"} {
		t.Run(set, func(t *testing.T) { traceFile(t, kernels.Path(t, set, "base.o"), 40) })
	}
}

func traceFile(t *testing.T, path string, every int) {
	f, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkTrace(t, f, every)
}

// What isn't there has no steps.
func TestTraceNothing(t *testing.T) {
	f, err := object.Parse(obj(code(fun("f", "c3"))).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, tracer, err := Trace(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if steps, err := tracer.Steps(&Record{Name: "g"}, nil); err == nil {
		t.Errorf("%d steps", len(steps))
	}
}

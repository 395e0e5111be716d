// SPDX-License-Identifier: MIT

package fnsum_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// kernelChanges is what one source edit changed in real kernels (Linux 7.3):
// FNSUM_KERNELS names a folder with a base.o and the edited builds of each.
var kernelChanges = []struct {
	set, variant string
	changed      []string
	lineOnly     int
}{
	{"x86_64-gcc", "base", nil, 0},
	{"x86_64-gcc", "leaf-fix", []string{"cmdline_proc_show", "tcp_ack_update_rtt", "tcp_rcv_established"}, 0},
	{"x86_64-gcc", "header-inline", []string{"cubictcp_acked", "cubictcp_cong_avoid", "tcp_reno_cong_avoid", "tcp_update_metrics", "tcp_write_xmit"}, 0},
	{"x86_64-gcc", "special-only", []string{"__d_instantiate", "dev_queue_xmit_nit"}, 0},
	{"x86_64-gcc", "line-shift", nil, 165},
	{"x86_64-plain", "base", nil, 0},
	{"x86_64-plain", "leaf-fix", []string{"cmdline_proc_show", "tcp_ack_update_rtt", "tcp_rcv_established"}, 0},
	{"x86_64-plain", "line-shift", nil, 165},
	{"x86_64-lto", "base", nil, 0},
	{"x86_64-lto", "leaf-fix", []string{"cmdline_proc_show", "tcp_ack_update_rtt", "tcp_rcv_established", "tcp_rcv_rtt_measure_ts"}, 0},
	{"x86_64-lto", "line-shift", nil, 178},
	{"arm64", "base", nil, 0},
	{"arm64", "leaf-fix", []string{"cmdline_proc_show", "tcp_ack_update_rtt", "tcp_rcv_established"}, 0},
	{"arm64", "line-shift", nil, 166},
}

// sumKernel sums a kernel object into a manifest, as the text of its file.
func sumKernel(t *testing.T, path string, jobs int) []byte {
	t.Helper()
	file, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sums, err := checksum.Sum(file, checksum.Options{Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.New(sums.Arch, manifest.NewObject(filepath.Base(path), file, sums))
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestKernels(t *testing.T) {
	bases := map[string][]byte{}
	for _, k := range kernelChanges {
		t.Run(k.set+"/"+k.variant, func(t *testing.T) {
			base, path := kernels.Path(t, k.set, "base.o"), kernels.Path(t, k.set, k.variant+".o")
			if bases[k.set] == nil {
				bases[k.set] = sumKernel(t, base, 1)
			}
			text := sumKernel(t, path, 2)
			if k.variant == "base" && !bytes.Equal(text, bases[k.set]) {
				t.Error("one worker and two give different manifests")
			}
			if len(text) > 16<<20 {
				t.Errorf("the manifest has %d bytes, more than 16 MiB", len(text))
			}
			older, err := manifest.Read(bases[k.set])
			if err != nil {
				t.Fatal(err)
			}
			newer, err := manifest.Read(text)
			if err != nil {
				t.Fatal(err)
			}
			result, err := compare.Manifests(older, newer, compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			check(t, "manifests", result, k.changed, k.lineOnly)
			oldSide, newSide := traceKernel(t, base), traceKernel(t, path)
			result, err = compare.Manifests(oldSide.manifest, newSide.manifest, compare.Options{
				Objects: func(string, string) (a, b *checksum.Tracer, done func(), err error) {
					return oldSide.tracer, newSide.tracer, func() {}, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			check(t, "objects", result, k.changed, k.lineOnly)
			if n := newer.Opaque(); n != 0 {
				t.Errorf("%d functions can't be decoded", n)
			}
		})
	}
}

// check compares a comparison with what it should have found.
func check(t *testing.T, sides string, result *compare.Result, changed []string, lineOnly int) {
	t.Helper()
	var names []string
	for _, c := range result.Changes {
		if c.Status != compare.LineOnly {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	if d := cmp.Diff(changed, names); d != "" {
		t.Errorf("%s: changed functions (- want, + got):\n%s", sides, d)
	}
	if result.Summary.LineOnly != lineOnly {
		t.Errorf("%s: %d functions differ in line numbers only, want %d", sides, result.Summary.LineOnly, lineOnly)
	}
}

// traced is a kernel object at hand.
type traced struct {
	manifest *manifest.Manifest
	tracer   *checksum.Tracer
}

func traceKernel(t *testing.T, path string) traced {
	t.Helper()
	file, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	sums, tracer, err := checksum.Trace(file, checksum.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return traced{manifest.New(sums.Arch, manifest.NewObject(filepath.Base(path), file, sums)), tracer}
}

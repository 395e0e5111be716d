// SPDX-License-Identifier: MIT

package fnsum_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/internal/mutate"
)

// The mutation test changes one thing in a copy of an object, and demands that
// exactly the functions are reported that own or use it, each for the right
// reason. What to expect is worked out apart from the code that is tested
// (internal/mutate).
//
//	go test -run Mutations .          all sites of the fixtures, and with
//	                                  FNSUM_KERNELS a sample of real kernels
//
// By hand, up to 200 sites of each class in objects of your own, with a table of
// what came of it:
//
//	FNSUM_MUTATIONS=200 FNSUM_OBJECTS="vmlinux.o kvm.ko" go test -v -run Mutations/objects .

// absent says why no fixture of a machine, a compiler or both has sites of a class.
var absent = map[string]string{
	"gcc kCFI hash":                "gcc 12 has no kCFI",
	"x86_64 register of reference": "a field that a relocation writes has bytes of its own",
	"x86_64 anchored immediate":    "there are no section anchors",
	"x86_64 literal pool byte":     "there are no literal pools",
	"x86_64 alternative callback":  "only arm64 has callbacks",
	"arm64 gcc cold operand":       "gcc splits functions there by a profile alone",
	"arm64 aux byte":               "only x86-64 has .altinstr_aux",
	"arm64 WARN format":            "the format is no part of the entries",
	"arm64 static-call key":        "no static call is patched in place",
	"arm64 static-call flags":      "no static call is patched in place",

	"clang local label moved":                "its assembler writes it as a place of the section",
	"arm64 NONE in .static_call_sites":       "no static call is patched in place",
	"arm64 other kind in .static_call_sites": "no static call is patched in place",
	"arm64 NONE in .parainstructions":        "only x86 patches calls of a hypervisor",
	"arm64 other kind in .parainstructions":  "only x86 patches calls of a hypervisor",
	"arm64 NONE in .smp_locks":               "only x86 has lock prefixes",
	"arm64 other kind in .smp_locks":         "only x86 has lock prefixes",
	"arm64 pointer to no replacement":        "it always leads to code",
}

func TestMutations(t *testing.T) {
	t.Run("fixtures", func(t *testing.T) {
		for machine, pattern := range map[string]string{"x86_64": "testdata/tables/*.o", "arm64": "testdata/tables/arm64/*.o"} {
			t.Run(machine, func(t *testing.T) { fixtures(t, machine, pattern) })
		}
	})
	t.Run("kernels", func(t *testing.T) {
		for _, set := range []string{"x86_64-gcc", "x86_64-plain", "arm64"} {
			t.Run(set, func(t *testing.T) { sample(t, kernels.Path(t, set, "base.o"), 12) })
		}
	})
	t.Run("objects", func(t *testing.T) {
		limit, err := strconv.Atoi(os.Getenv("FNSUM_MUTATIONS"))
		if err != nil {
			t.Skip("FNSUM_MUTATIONS is not set")
		}
		for path := range strings.FieldsSeq(os.Getenv("FNSUM_OBJECTS")) {
			t.Run(path, func(t *testing.T) { sample(t, path, limit) })
		}
	})
}

// fixtures tries all sites of a machine's fixtures, each alone but in a short test.
func fixtures(t *testing.T, machine, pattern string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var lock sync.Mutex
	tried := map[string]int{}
	t.Run("all", func(t *testing.T) {
		for _, path := range paths {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".o"), func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				trial := newTrial(t, filepath.Base(path), data, 1)
				compiler, _, _ := strings.Cut(filepath.Base(path), "-")
				for _, class := range mutate.Classes() {
					sites := trial.Sites(class, 0)
					lock.Lock()
					tried[compiler+" "+class] += len(sites)
					lock.Unlock()
					if testing.Short() {
						report(t, class, trial.Together(sites))
					} else {
						report(t, class, trial.Alone(sites))
					}
				}
			})
		}
	})
	for _, compiler := range []string{"gcc", "clang"} {
		for _, class := range mutate.Classes() {
			reason := cmp.Or(absent[compiler+" "+class], absent[machine+" "+class], absent[machine+" "+compiler+" "+class])
			if tried[compiler+" "+class] == 0 && reason == "" {
				t.Errorf("no fixture of %s has a site of the class %q", compiler, class)
			}
		}
	}
}

func newTrial(t *testing.T, name string, data []byte, jobs int) *mutate.Trial {
	t.Helper()
	o, err := mutate.Open(name, data)
	if err != nil {
		t.Fatal(err)
	}
	trial, err := mutate.NewTrial(o, jobs)
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

// sample tries so many sites of each class of an object, together.
func sample(t *testing.T, path string, limit int) {
	started := time.Now()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	trial := newTrial(t, filepath.Base(path), data, runtime.GOMAXPROCS(0))
	var sites []mutate.Site
	for _, class := range mutate.Classes() {
		sites = append(sites, trial.Sites(class, limit)...)
	}
	verdicts := map[string][]mutate.Verdict{}
	for _, v := range trial.Together(sites) {
		verdicts[v.Site.Class] = append(verdicts[v.Site.Class], v)
	}
	for _, class := range mutate.Classes() {
		report(t, class, verdicts[class])
	}
	t.Logf("%d sites, %d sums, %v", len(sites), trial.Sums, time.Since(started).Round(time.Second))
}

// report fails for each site that wasn't reported exactly, and logs the count.
func report(t *testing.T, class string, verdicts []mutate.Verdict) {
	t.Helper()
	var missed, wrong, extra, failed int
	for i := range verdicts {
		v := &verdicts[i]
		if v.OK() {
			continue
		}
		failed++
		missed += min(len(v.Missed), 1)
		wrong += min(len(v.Wrong), 1)
		extra += len(v.Extra)
		if failed <= 5 {
			t.Error(v)
		}
	}
	line := fmt.Sprintf("%-22s %5d sites, %5d exactly", class, len(verdicts), len(verdicts)-failed)
	if failed > 0 {
		line += fmt.Sprintf("; %d missed, %d for a wrong reason, %d extra functions", missed, wrong, extra)
	}
	t.Log(line)
}

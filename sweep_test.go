// SPDX-License-Identifier: MIT

package fnsum_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fnsum/fnsum/internal/mutate"
)

// The sweep changes bits and addends wherever they stand in what a kernel loads of an
// object: "fnsum diff --data" must tell of each, save for the exceptions
// (internal/mutate/exceptions.go).
//
//	go test -run Sweep .              a sample of the fixtures
//
// By hand, so many bits and addends of objects of your own, with a table of what came of
// it by section:
//
//	FNSUM_SWEEP=1000 FNSUM_OBJECTS="vmlinux.o kvm.ko" go test -v -run Sweep/objects .
func TestSweep(t *testing.T) {
	t.Run("fixtures", func(t *testing.T) {
		for _, pattern := range []string{"testdata/tables/*.o", "testdata/tables/arm64/*.o"} {
			paths, err := filepath.Glob(pattern)
			if err != nil || len(paths) == 0 {
				t.Fatalf("no fixtures: %v", err)
			}
			for _, path := range paths {
				t.Run(path, func(t *testing.T) { sweep(t, []string{path}, 100) })
			}
		}
	})
	t.Run("objects", func(t *testing.T) {
		limit, err := strconv.Atoi(os.Getenv("FNSUM_SWEEP"))
		if err != nil {
			t.Skip("FNSUM_SWEEP is not set")
		}
		sweep(t, strings.Fields(os.Getenv("FNSUM_OBJECTS")), limit)
	})
}

// swept is what came of the changes in sections of a name.
type swept struct {
	tried, told, failed, untold int
	excepted                    map[string]int
}

// sweep changes so many bits and addends of each object, and fails for those that nobody is
// told of.
func sweep(t *testing.T, paths []string, limit int) {
	t.Helper()
	sections := map[string]*swept{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o, err := mutate.Open(filepath.Base(path), data)
		if err != nil {
			t.Fatal(err)
		}
		spots := o.Spots(limit)
		for i, told := range tell(o, spots) {
			s := &spots[i]
			name := cmp.Or(map[bool]string{true: s.Section + " (addends)"}[strings.HasSuffix(s.At, "addend")], s.Section)
			if sections[name] == nil {
				sections[name] = &swept{excepted: map[string]int{}}
			}
			count := sections[name]
			count.tried++
			switch exception := o.Exception(s); {
			case told.err != nil:
				count.failed++
			case told.told:
				count.told++
			case exception != "":
				count.excepted[exception]++
			default:
				count.untold++
				t.Errorf("%s: %s: nobody is told", path, s.At)
			}
		}
	}
	all := 0
	for _, s := range sections {
		all += s.told
	}
	if all == 0 {
		t.Error("nobody is told of anything")
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		s := sections[name]
		var line strings.Builder
		line.WriteString(fmt.Sprintf("%-40s %5d tried, %5d told", name, s.tried, s.told))
		for _, x := range slices.Sorted(maps.Keys(s.excepted)) {
			line.WriteString(fmt.Sprintf(", %d %s", s.excepted[x], x))
		}
		if s.failed > 0 {
			line.WriteString(fmt.Sprintf(", %d refused", s.failed))
		}
		if s.untold > 0 {
			line.WriteString(fmt.Sprintf(", %d UNTOLD", s.untold))
		}
		t.Log(line.String())
	}
}

type told struct {
	told bool
	err  error
}

// tell tries each change, several at once.
func tell(o *mutate.Object, spots []mutate.Spot) []told {
	list := make([]told, len(spots))
	var work sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		work.Go(func() {
			sweeper, err := mutate.NewSweeper(o)
			for i := w; i < len(spots); i += workers {
				if list[i].err = err; err == nil {
					list[i].told, list[i].err = sweeper.Told(&spots[i])
				}
			}
		})
	}
	work.Wait()
	return list
}

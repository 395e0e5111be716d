// SPDX-License-Identifier: MIT

package explain

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/object"
)

func list(keys string) []item {
	var l []item
	for _, key := range keys {
		l = append(l, item{key: string(key)})
	}
	return l
}

// Pairs are in order on both sides and of equal keys, and what an insertion
// leaves alone is paired.
func TestAlign(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var a, b strings.Builder
		for range random.IntN(60) {
			a.WriteByte("abcdefghij"[random.IntN(10)])
		}
		inserted := 0
		for _, key := range a.String() {
			if random.IntN(8) == 0 {
				b.WriteByte("XYZ"[random.IntN(3)])
				inserted++
			}
			b.WriteRune(key)
		}
		pairs := align(list(a.String()), list(b.String()))
		if len(pairs) != a.Len() {
			t.Errorf("%s and %s: %d pairs of %d", a.String(), b.String(), len(pairs), a.Len())
		}
		last := pair{-1, -1}
		for _, p := range pairs {
			if p.old <= last.old || p.new <= last.new || a.String()[p.old] != b.String()[p.new] {
				t.Fatalf("%s and %s: %v behind %v", a.String(), b.String(), p, last)
			}
			last = p
		}
	}
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "a", 0}, {"abc", "xyz", 0}, {"abcabba", "cbabac", 4}, {"axbxc", "ayxbc", 4}} {
		if got := len(align(list(test.a), list(test.b))); got != test.want {
			t.Errorf("%q and %q: %d pairs, not %d", test.a, test.b, got, test.want)
		}
	}
}

// Two lists without an anchor, too large for a table, are left unpaired.
func TestAlignLarge(t *testing.T) {
	a, b := list(strings.Repeat("ab", 5000)), list("x"+strings.Repeat("ba", 5000)+"y")
	if pairs := align(a, b); len(pairs) > len(a) {
		t.Errorf("%d pairs of %d", len(pairs), len(a))
	}
}

// steps sums an object and gives the steps of one of its functions.
func steps(t *testing.T, path, name string) []checksum.Traced {
	t.Helper()
	f, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	sums, tracer, err := checksum.Trace(f, checksum.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sums.Records {
		if sums.Records[i].Name == name {
			steps, err := tracer.Steps(&sums.Records[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			return steps
		}
	}
	t.Fatalf("%s: no function %s", path, name)
	return nil
}

func show(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%c%#x %s\n", r.Op, r.Offset, r.Text)
	}
	return b.String()
}

// A function explained against itself has no difference.
func TestSame(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/demo/*/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	for _, path := range paths {
		s := steps(t, path, "demo_parse")
		rows, err := Function("x86_64", s, s)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) < 10 {
			t.Errorf("%s: %d rows", path, len(rows))
		}
		for _, r := range rows {
			if r.Op != Same {
				t.Errorf("%s: %c %#x %s", path, r.Op, r.Offset, r.Text)
			}
		}
	}
}

// An immediate that moved as far as a line number looks like one; one that is
// known to be one, or moved otherwise, isn't remarked upon.
func TestHint(t *testing.T) {
	rows := []Row{
		{Op: Old, Text: "mov $0x10,%edi"},
		{Op: New, Text: "mov $0x15,%edi"},
		{Op: Old, Text: "mov $0x10,%edi"},
		{Op: New, Text: "mov $0x16,%edi"},
		{Op: Old, Text: "mov $0x10,%edi", Line: true},
		{Op: New, Text: "mov $0x15,%edi", Line: true},
		{Op: Old, Text: "mov $0x10,%esi"},
		{Op: New, Text: "mov $0x15,%edi"},
		{Op: Same, Text: "mov $0x15,%edi"},
	}
	hint(rows, []compare.LineChange{{Old: 100, New: 105}})
	for i, r := range rows {
		if got := strings.Contains(r.Text, "looks like"); got != (i == 1) {
			t.Errorf("row %d: %s", i, r.Text)
		}
	}
}

// What the demo's edits did to its functions.
func TestDemo(t *testing.T) {
	for _, compiler := range []string{"gcc", "clang"} {
		for _, function := range []string{"demo_alloc", "demo_errno", "demo_hello", "demo_open", "demo_parse"} {
			t.Run(compiler+"/"+function, func(t *testing.T) {
				dir := "../../testdata/demo/" + compiler + "-x86_64/"
				rows, err := Function("x86_64", steps(t, dir+"old.o", function), steps(t, dir+"new.o", function))
				if err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", compiler+"-"+function+".txt")
				got := show(rows)
				if os.Getenv("FNSUM_UPDATE") != "" {
					os.MkdirAll("testdata", 0o777)
					if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
			})
		}
	}
}

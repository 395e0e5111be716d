// SPDX-License-Identifier: MIT

package compare_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

const pairingDir = "../../testdata/pairing"

// pairingTable reads a table of testdata/pairing: words by case.
func pairingTable(t *testing.T, name string) (cases []string, words map[string][]string) {
	t.Helper()
	file, err := os.Open(filepath.Join(pairingDir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	words = map[string][]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(line); len(fields) > 0 {
			cases = append(cases, fields[0])
			words[fields[0]] = fields[1:]
		}
	}
	return cases, words
}

// statuses is a comparison in the words of cases.txt, and those of sympos.txt.
func statuses(r *compare.Result) (words, positions []string) {
	words = []string{}
	for _, c := range r.Changes {
		position := c.Old
		if position == nil {
			position = c.New
		}
		word := fmt.Sprintf("%s:%s", c.Status, c.Name)
		words, positions = append(words, word), append(positions, fmt.Sprintf("%s,%d", word, position.Sympos))
	}
	slices.Sort(words)
	return words, positions
}

// Every case of testdata/pairing: two builds of sources that differ in one way,
// by the compilers and linkers that kernels are built with. Objects give what
// cases.txt says; where manifests give something else, they say that there is
// something that they can't tell.
func TestPairing(t *testing.T) {
	cases, want := pairingTable(t, "cases.txt")
	_, positions := pairingTable(t, "sympos.txt")
	if dirs, err := filepath.Glob(pairingDir + "/*/*/new.o"); err != nil || len(dirs) != len(cases) {
		t.Fatalf("%d cases of %d builds: %v", len(cases), len(dirs), err)
	}
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			sides := [2]summed{}
			for i, side := range []string{"old.o", "new.o"} {
				sides[i] = sumFile(t, filepath.Join(pairingDir, name, side), checksum.Options{})
			}
			older, newer := sides[0], sides[1]
			result := compareObjects(t, older, newer)
			got, at := statuses(result)
			slices.Sort(want[name])
			if d := cmp.Diff(want[name], got); d != "" {
				t.Errorf("objects (-want +got):\n%s", d)
			}
			for _, word := range positions[name] {
				if !slices.Contains(at, word) {
					t.Errorf("%s is missing: %v", word, at)
				}
			}
			if result.Ambiguous > 0 {
				t.Error("objects leave something open")
			}

			plain := compareManifests(t, older, newer)
			if words, _ := statuses(plain); !slices.Equal(words, got) && plain.Ambiguous == 0 {
				t.Errorf("manifests say something else, and nothing is ambiguous (-objects +manifests):\n%s", cmp.Diff(got, words))
			}

			back := compareObjects(t, newer, older).Summary
			back.Added, back.Removed = back.Removed, back.Added
			back.Unchanged = result.Summary.Unchanged // aliases that moved aside
			if back != result.Summary {
				t.Errorf("forth %+v, back %+v", result.Summary, back)
			}
			for i, side := range sides {
				again := sumFile(t, filepath.Join(pairingDir, name, []string{"old.o", "new.o"}[i]), checksum.Options{})
				if same := compareObjects(t, side, again); len(same.Changes) > 0 {
					t.Errorf("side %d against itself: %v", i, same.Changes)
				}
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package compare_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// What line numbers did to the functions of testdata/src/lines.c, by their
// names: line_* differ in nothing else, changed_* do, and of dwarf_* nothing but
// debug information says so.
func TestLines(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/lines/*")
	if err != nil || len(dirs) != 10 {
		t.Fatalf("%d builds: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			dwarf := strings.HasSuffix(dir, "dwarf")
			options := checksum.Options{Dwarf: dwarf}
			older, newer := sumFile(t, dir+"/old.o", options), sumFile(t, dir+"/new.o", options)
			result, err := compare.Manifests(older.manifest, newer.manifest, compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]compare.Status{}
			for _, c := range result.Changes {
				got[c.Name] = c.Status
			}
			want := map[string]compare.Status{}
			for i := range newer.manifest.Objects[0].Records {
				name := newer.manifest.Objects[0].Records[i].Name
				switch kind, _, _ := strings.Cut(name, "_"); kind {
				case "line":
					want[name] = compare.LineOnly
				case "changed":
					want[name] = compare.Changed
				case "dwarf":
					want[name] = compare.Changed
					if dwarf {
						want[name] = compare.LineOnly
					}
				}
			}
			if len(want) < 16 {
				t.Fatalf("only %d functions say what is expected of them", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, c := range result.Changes {
				if c.Name == "changed_warn_format" && strings.Join(c.Reasons, " ") != "strings lines" {
					t.Errorf("%s: reasons %v", c.Name, c.Reasons)
				}
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package compare_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

func sumWith(t *testing.T, path string, options checksum.Options) (*manifest.Manifest, *object.File) {
	t.Helper()
	file, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := checksum.Sum(file, options)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.New(sums.Arch, manifest.NewObject(filepath.Base(path), file, sums))
	m.Dwarf = options.Dwarf
	return m, file
}

// What line numbers did to the functions of testdata/src/lines.c, by their
// names: line_* differ in nothing else, changed_* do, and of dwarf_* nothing but
// debug information says so.
func TestLines(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/lines/*")
	if err != nil || len(dirs) != 6 {
		t.Fatalf("%d builds: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			dwarf := strings.HasSuffix(dir, "dwarf")
			options := checksum.Options{Dwarf: dwarf}
			older, oldFile := sumWith(t, dir+"/old.o", options)
			defer oldFile.Close()
			newer, newFile := sumWith(t, dir+"/new.o", options)
			defer newFile.Close()
			result, err := compare.Manifests(older, newer, compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]compare.Status{}
			for _, c := range result.Changes {
				got[c.Name] = c.Status
			}
			want := map[string]compare.Status{}
			for i := range newer.Objects[0].Records {
				name := newer.Objects[0].Records[i].Name
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

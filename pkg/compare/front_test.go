// SPDX-License-Identifier: MIT

package compare_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// Code, data, strings and statics in front of a file move and renumber all
// that is behind them, with and without function sections: nothing changes but
// that they are there (testdata/src/front.h).
//
// For arm64 gcc reaches variables by their distance from an address. Where that is 0 it
// takes other instructions; and what stands in a register for arguments when a function
// is called may be one. Where a second digest had a fact in it (rule 3.8f) and gets
// another, as a name has a namesake now (3.9), manifests can't tell what of it is new.
func TestFront(t *testing.T) {
	fronts, err := filepath.Glob("../../testdata/front/*.o")
	arm64, _ := filepath.Glob("../../testdata/front/arm64/*.o")
	if fronts = append(fronts, arm64...); err != nil || len(fronts) != 8 {
		t.Fatalf("%d objects: %v", len(fronts), err)
	}
	differ := map[string]string{"demo_named": "distance", "demo_nameless": "distance", "demo_limited": "argument", "demo_anchor_escapes": "disambiguation"}
	for _, path := range fronts {
		t.Run(strings.TrimPrefix(path, "../../testdata/front/"), func(t *testing.T) {
			older := sumFile(t, strings.Replace(path, "/front/", "/tables/", 1), checksum.Options{})
			newer := sumFile(t, path, checksum.Options{})
			result, err := compare.Manifests(older.manifest, newer.manifest, compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range result.Changes {
				if strings.HasSuffix(path, "/arm64/gcc-O2.o") && differ[c.Name] != "" {
					continue
				}
				if c.Status != compare.Added || !strings.HasPrefix(c.Name, "front_") {
					t.Errorf("%s %s: %v", c.Status, c.Name, c.Reasons)
				}
			}
			if result.Summary.Added != 16 || result.Summary.Unchanged < 30 {
				t.Errorf("%+v", result.Summary)
			}
		})
	}
}

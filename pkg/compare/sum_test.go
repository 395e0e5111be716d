// SPDX-License-Identifier: MIT

package compare_test

import (
	"path/filepath"
	"testing"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// summed is an object, summed and at hand until the end of the test.
type summed struct {
	manifest *manifest.Manifest
	tracer   *checksum.Tracer
}

func sumFile(t *testing.T, path string, options checksum.Options) summed {
	t.Helper()
	file, err := object.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	sums, tracer, err := checksum.Trace(file, options)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.New(sums.Arch, manifest.NewObject(filepath.Base(path), file, sums))
	m.Dwarf = options.Dwarf
	return summed{m, tracer}
}

// compareManifests compares two objects by their checksums.
func compareManifests(t *testing.T, older, newer summed) *compare.Result {
	t.Helper()
	result, err := compare.Manifests(older.manifest, newer.manifest, compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// compareObjects compares two objects at hand.
func compareObjects(t *testing.T, older, newer summed) *compare.Result {
	t.Helper()
	result, err := compare.Manifests(older.manifest, newer.manifest, compare.Options{
		Objects: func(string, string) (a, b *checksum.Tracer, done func(), err error) {
			return older.tracer, newer.tracer, func() {}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// SPDX-License-Identifier: MIT

package compare_test

import (
	"fmt"
	"log"
	"path/filepath"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// sum is the manifest of one object, as "fnsum sum" writes it. The manifest
// is a view of the file, which stays open.
func sum(path string) (*manifest.Manifest, *object.File) {
	file, err := object.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	sums, err := checksum.Sum(file, checksum.Options{})
	if err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	return manifest.New(sums.Arch, manifest.NewObject(filepath.Base(path), file, sums)), file
}

// Which functions changed between two builds of an object, and why.
func Example() {
	older, oldFile := sum("../../testdata/demo/gcc-x86_64/old.o")
	defer oldFile.Close()
	newer, newFile := sum("../../testdata/demo/gcc-x86_64/new.o")
	defer newFile.Close()

	result, err := compare.Manifests(older, newer, compare.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range result.Changes {
		fmt.Println(c.Status, c.Name, c.Reasons)
	}
	// Output:
	// changed demo_alloc [instructions]
	// changed demo_errno [constants]
	// changed demo_hello [strings]
	// changed demo_open [instructions]
	// added demo_reset []
	// changed demo_parse [instructions references]
	// removed demo_flush []
}

// SPDX-License-Identifier: MIT

package manifest

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/object"
)

// A detached object says the same, and has no string that is a view of the
// file: that may be gone.
func TestDetach(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/tables/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := func(data []byte) Object {
			file, err := object.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			sums, err := checksum.Sum(file, checksum.Options{Data: true})
			if err != nil {
				t.Fatal(err)
			}
			return NewObject("a.o", file, sums)
		}
		o := sum(data)
		if views(reflect.ValueOf(o), data) == 0 {
			t.Fatalf("%s: there is nothing to detach", path)
		}
		o.Detach()
		if n := views(reflect.ValueOf(o), data); n > 0 {
			t.Errorf("%s: %d strings are views of the file", path, n)
		}
		if diff := cmp.Diff(sum(data), o); diff != "" {
			t.Errorf("%s (-attached +detached):\n%s", path, diff)
		}
	}
}

// views counts the strings in a value that lie in data.
func views(v reflect.Value, data []byte) int {
	n := 0
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); s != "" {
			at, start := uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(unsafe.Pointer(&data[0]))
			if at >= start && at < start+uintptr(len(data)) {
				n++
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			n += views(v.Index(i), data)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			n += views(field, data)
		}
	}
	return n
}

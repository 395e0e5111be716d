// SPDX-License-Identifier: MIT

package lines

import (
	"os"
	"testing"

	"github.com/fnsum/fnsum/pkg/object"
)

// What debug information says of a fixture, held against its source: the
// third function from the top calls on lines that are known.
func TestReadDebug(t *testing.T) {
	for _, compiler := range []string{"gcc", "clang"} {
		f, err := object.Open("../../testdata/lines/" + compiler + "-dwarf/new.o")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		d, err := ReadDebug(f)
		if err != nil || d == nil {
			t.Fatalf("%s: %v", compiler, err)
		}
		// dwarf_inlined passes its line on; the callee's body is inlined.
		for i := range f.Symbols {
			s := &f.Symbols[i]
			if s.Name() != "dwarf_inlined" {
				continue
			}
			found := false
			code := f.Data(s.Section)[s.Value : s.Value+s.Size]
			for at := range code {
				if at+4 <= len(code) {
					line := uint32(code[at]) | uint32(code[at+1])<<8 | uint32(code[at+2])<<16 | uint32(code[at+3])<<24
					found = found || line > 1000 && line < 2000 && d.Has(s.Section, s.Value+uint64(at)-1, line)
				}
			}
			if !found {
				t.Errorf("%s: the line of the inlined call isn't found", compiler)
			}
			if d.Has(s.Section, s.Value, 1) || d.Has(s.Section, s.Value+s.Size+1000, 1001) {
				t.Errorf("%s: a line that isn't there", compiler)
			}
		}
	}
}

// An object without debug information has no evidence, and none is asked for.
func TestNoDebug(t *testing.T) {
	f, err := object.Open("../../testdata/lines/gcc-O2/new.o")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadDebug(f)
	if err != nil || d != nil {
		t.Errorf("%v, %v", d, err)
	}
	if d.Has(1, 0, 1) {
		t.Error("evidence from nothing")
	}
}

func FuzzReadDebug(f *testing.F) {
	for _, compiler := range []string{"gcc", "clang"} {
		data, err := os.ReadFile("../../testdata/lines/" + compiler + "-dwarf/new.o")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := object.Parse(data)
		if err != nil {
			return
		}
		if d, err := ReadDebug(o); err == nil {
			for i := range o.Sections {
				d.Has(uint32(i), 0, 1)
			}
		}
	})
}

// SPDX-License-Identifier: MIT

package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

func datum(name string, code byte, users uint64) record {
	r := fn(name, code)
	r.Kind, r.Section, r.Disambiguation = checksum.Data, ".data", users
	return r
}

// ofFile is a datum of a file, inSection is one of a section.
func ofFile(name string, code byte, file string) record {
	r := datum(name, code, 0)
	r.File = file
	return r
}

func inSection(name, section string) record {
	r := datum(name, 1, 0)
	r.Section = section
	return r
}

func TestData(t *testing.T) {
	with := func(records ...record) *manifest.Manifest {
		m := of("a.o", records...)
		m.Data = true
		return m
	}
	for _, test := range []struct {
		name       string
		older, new *manifest.Manifest
		want       []string
	}{
		{"same", with(datum("x", 1, 0)), with(datum("x", 1, 0)), nil},
		{"content", with(datum("x", 1, 0)), with(datum("x", 2, 0)), []string{"changed x>x"}},
		{"added, removed", with(datum("x", 1, 0)), with(datum("y", 1, 0)), []string{"removed x>", "added >y"}},
		{"a number", with(datum("x.1", 1, 7)), with(datum("x.2", 1, 7)), nil},
		{"swapped numbers, by use", with(datum("x.1", 1, 7), datum("x.2", 2, 8)), with(datum("x.1", 2, 8), datum("x.2", 1, 7)), nil},
		{"by use, not by content", with(datum("x.1", 1, 7), datum("x.2", 2, 8)), with(datum("x.3", 2, 7), datum("x.4", 1, 8)), []string{"changed x.1>x.3", "changed x.2>x.4"}},
		{"by content where the use changed", with(datum("x.1", 1, 7), datum("x.2", 2, 8)), with(datum("x.1", 2, 9), datum("x.2", 1, 10)), nil},
		{"one more", with(datum("x.1", 1, 7)), with(datum("x.1", 3, 8), datum("x.2", 1, 7)), []string{"added >x.1"}},
		{"another file's name", with(ofFile("x", 1, "a.c")), with(ofFile("x", 1, "b.c")), nil},
		{"files that aren't known", with(ofFile("x", 1, "a.c"), ofFile("x", 2, "b.c")), with(ofFile("x", 2, ""), ofFile("x", 1, "")), nil},
		{"of the same file first", with(ofFile("x", 1, "a.c"), ofFile("x", 2, "b.c")), with(ofFile("x", 2, "a.c"), ofFile("x", 1, "b.c")), []string{"changed x>x", "changed x>x"}},
		{"another place", with(inSection("x", ".data..percpu")), with(inSection("x", ".data")), []string{"changed x>x"}},
		{"a section of its own", with(inSection("x", ".data.x")), with(inSection("x", ".data")), nil},
		{"old without data", of("a.o"), with(datum("x", 1, 0)), nil},
		{"functions are no data", with(fn("f", 1)), with(fn("f", 1), fn("g", 1)), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Manifests(test.older, test.new, Options{Data: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range r.Data {
				line := string(c.Status) + " "
				if c.Old != nil {
					line += c.Old.Name
				}
				line += ">"
				if c.New != nil {
					line += c.New.Name
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if test.name != "functions are no data" && r.Differs() {
				t.Error("data made it a difference")
			}
			if r.Summary != (Summary{}) && test.name != "functions are no data" {
				t.Errorf("data are counted as functions: %+v", r.Summary)
			}
			if none, err := Manifests(test.older, test.new, Options{}); err != nil || len(none.Data) > 0 {
				t.Errorf("data that nobody asked for: %v, %v", none.Data, err)
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package compare_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// Whatever two objects are, their manifests can be read, and they compare, with both at hand
// and by their manifests: all functions are counted, an object is the same as itself, and
// where manifests give less than the objects they say that something is open.
func FuzzDiff(f *testing.F) {
	var pairs [][2][]byte
	for _, name := range []string{"switched-caller/gcc", "renamed-static/clang", "locals-switched/gcc", "rust-edited/rust-v0", "cold-in-front/gcc-lto"} {
		var sides [2][]byte
		for i, side := range []string{"old.o", "new.o"} {
			data, err := os.ReadFile(filepath.Join(pairingDir, name, side))
			if err != nil {
				f.Fatal(err)
			}
			sides[i] = data
		}
		f.Add(uint8(len(pairs)), []byte{}, []byte{})
		f.Add(uint8(len(pairs)), []byte{0, 64, 1, 1, 64, 0x90}, []byte{0, 64, 1})
		pairs = append(pairs, sides)
	}
	f.Fuzz(func(t *testing.T, which uint8, oldEdits, newEdits []byte) {
		pair := pairs[int(which)%len(pairs)]
		a := edited(pair[0], oldEdits)
		older, ok := fuzzed(a)
		newer, ok2 := fuzzed(edited(pair[1], newEdits))
		if !ok || !ok2 {
			return
		}
		checkReadsBack(t, newer.manifest)
		linked, plain := compareObjects(t, older, newer), compareManifests(t, older, newer)
		for _, r := range []*compare.Result{linked, plain} {
			aliases := 0
			for i := range r.Changes {
				if c := &r.Changes[i]; c.New != nil && c.Name != c.New.Name {
					aliases++
				}
			}
			s, all := r.Summary, len(newer.manifest.Objects[0].Records)
			if s.Changed+s.Added+s.Renamed+s.LineOnly+s.Unchanged != all+aliases {
				t.Errorf("%+v of %d records and %d aliases", s, all, aliases)
			}
		}
		if linked.Differs() && !plain.Differs() && plain.Ambiguous == 0 {
			t.Errorf("objects %+v, manifests %+v", linked.Summary, plain.Summary)
		}
		again, _ := fuzzed(a)
		if same := compareObjects(t, older, again); len(same.Changes) > 0 {
			t.Errorf("an object differs from itself: %+v", same.Summary)
		}
	})
}

func checkReadsBack(t *testing.T, m *manifest.Manifest) {
	t.Helper()
	var text, again bytes.Buffer
	if err := m.Write(&text); err != nil {
		t.Fatal(err)
	}
	back, err := manifest.Read(text.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	if err := back.Write(&again); err != nil {
		t.Fatal(err)
	}
	if text.String() != again.String() {
		t.Errorf("read back:\n%s\ninstead of\n%s", &again, &text)
	}
}

// edited is the data with other bytes at some places: two bytes say where, one
// what.
func edited(data, edits []byte) []byte {
	data = slices.Clone(data)
	for ; len(edits) >= 3; edits = edits[3:] {
		data[(int(edits[0])<<8|int(edits[1]))%len(data)] = edits[2]
	}
	return data
}

func fuzzed(data []byte) (summed, bool) {
	file, err := object.Parse(data)
	if err != nil {
		return summed{}, false
	}
	sums, tracer, err := checksum.Trace(file, checksum.Options{Jobs: 1})
	if err != nil {
		return summed{}, false
	}
	return summed{manifest.New(sums.Arch, manifest.NewObject("x.o", file, sums)), tracer}, true
}

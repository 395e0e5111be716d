// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
	"github.com/google/go-cmp/cmp"
)

func obj(sections ...elfbuild.Section) elfbuild.Object { return elfbuild.Object{Sections: sections} }

func code(pieces ...elfbuild.Piece) elfbuild.Section { return elfbuild.Text(".text", pieces...) }

// symbol is one more symbol for a piece.
func symbol(name string, bind elf.SymBind, typ elf.SymType, value, size uint64) elfbuild.Symbol {
	return elfbuild.Symbol{Name: name, Bind: bind, Type: typ, Value: value, Size: size}
}

func parse(t testing.TB, o elfbuild.Object) *object.File {
	t.Helper()
	f, err := object.Parse(o.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sum makes the checksums of an object, and checks what holds for all: the
// account adds up to the code that the test wrote, and the number of workers
// doesn't show.
func sum(t *testing.T, o elfbuild.Object) *Sums {
	t.Helper()
	f := parse(t, o)
	sums, err := Sum(f, Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Sum(f, Options{Jobs: 8})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sums, again); diff != "" {
		t.Errorf("1 and 8 workers (-1 +8):\n%s", diff)
	}
	var bytes, relocs uint64
	for _, s := range o.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 {
			bytes += uint64(len(s.Data))
			relocs += uint64(len(s.Relocs))
		}
	}
	if sums.Account.Bytes.Sum() != bytes || sums.Account.Relocs.Sum() != relocs {
		t.Errorf("account %+v: %d bytes and %d relocations, want %d and %d",
			sums.Account, sums.Account.Bytes.Sum(), sums.Account.Relocs.Sum(), bytes, relocs)
	}
	return sums
}

// record is the record of a name, the primary one or another.
func record(t *testing.T, sums *Sums, name string) *Record {
	t.Helper()
	var found *Record
	for i := range sums.Records {
		r := &sums.Records[i]
		for _, n := range append([]string{r.Name}, r.Aliases()...) {
			if n != name {
				continue
			}
			if found != nil {
				t.Fatalf("two records are called %s", name)
			}
			found = r
		}
	}
	if found == nil {
		t.Fatalf("no record is called %s: %+v", name, sums.Records)
	}
	return found
}

// differences is the classes in which two records differ. It checks that the
// total digest says the same.
func differences(t *testing.T, a, b *Record) []Class {
	t.Helper()
	digests := func(r *Record) (d [NumClasses][2]uint64) {
		for i, c := range r.Classes {
			if i > 0 && r.Classes[i-1].Order(&c) >= 0 {
				t.Errorf("%s: classes out of order: %v", r.Name, r.Classes)
			}
			d[c.Class] = [2]uint64{d[c.Class][0] + c.Exact, d[c.Class][1] + c.Places()}
		}
		return d
	}
	x, y := digests(a), digests(b)
	var list []Class
	total := false
	for c := range Class(NumClasses) {
		if x[c] != y[c] {
			list = append(list, c)
			total = total || c != Cold
		}
	}
	if total != (a.Digest != b.Digest) {
		t.Errorf("%s: classes %v differ, and the digests are %v and %v", a.Name, list, a.Digest, b.Digest)
	}
	return list
}

// pair is two builds of a function, and the classes in which they differ:
// none where they are the same.
type pair struct {
	name     string
	old, new elfbuild.Object
	want     []Class
	// f is the function's name, "f" if empty; renamed what it is called in
	// the new build, if not the same.
	f, renamed string
	// disambiguation says that the second digest differs.
	disambiguation bool
}

func (p *pair) run(t *testing.T) {
	t.Run(p.name, func(t *testing.T) {
		if p.f == "" {
			p.f = "f"
		}
		if p.renamed == "" {
			p.renamed = p.f
		}
		a, b := record(t, sum(t, p.old), p.f), record(t, sum(t, p.new), p.renamed)
		if a.Opaque || b.Opaque {
			t.Errorf("it can't be decoded (old %v, new %v)", a.Opaque, b.Opaque)
		}
		wrong := cmp.Diff(p.want, differences(t, a, b))
		if differ := a.Disambiguation != b.Disambiguation; differ != p.disambiguation {
			wrong += fmt.Sprintf("the disambiguation digest differs: %v, want %v", differ, p.disambiguation)
		}
		if wrong != "" {
			t.Errorf("classes that differ (-want +got):\n%s", wrong)
		}
	})
}

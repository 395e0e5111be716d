// SPDX-License-Identifier: MIT

package compare

import (
	"debug/elf"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

type record = checksum.Record

// fn is a global function of .text; equal code is the same code.
func fn(name string, code byte, options ...func(*record)) record {
	r := record{
		Name: name, Section: ".text", Scope: elf.STB_GLOBAL, Size: 16, Digest: checksum.Digest{code},
		Classes: []checksum.ClassDigest{
			{Class: checksum.Instructions, Exact: uint64(code)},
			{Class: checksum.References, Exact: 1},
		},
	}
	for _, option := range options {
		option(&r)
	}
	return r
}

func orphan(section string, code byte) record {
	return fn(checksum.OrphanName, code, in(section), func(r *record) { r.Kind, r.Scope = checksum.Orphan, elf.STB_LOCAL })
}

func local(file string) func(*record) {
	return func(r *record) { r.Scope, r.File = elf.STB_LOCAL, file }
}

// guessed is a file that is inferred: the function stays global.
func guessed(file string) func(*record) {
	return func(r *record) { r.File = file }
}

func in(section string) func(*record) {
	return func(r *record) { r.Section = section }
}

func alias(names ...string) func(*record) {
	return func(r *record) { r.NeedRare().Aliases = names }
}

func disambiguation(d uint64) func(*record) {
	return func(r *record) { r.Disambiguation = d }
}

func sympos(n int) func(*record) {
	return func(r *record) { r.Sympos = int32(n) }
}

// class sets the digest of one class; 0 takes it away.
// places is a table whose entries are always the same, and where they are.
func places(c checksum.Class, at uint64) func(*record) {
	return func(r *record) {
		class(c, 5)(r)
		for i := range r.Classes {
			if r.Classes[i].Class == c {
				r.Classes[i] = checksum.NewClassDigest(c, r.Classes[i].Section(), r.Classes[i].Exact, r.Classes[i].Masked(), at)
			}
		}
	}
}

func class(c checksum.Class, exact uint64) func(*record) {
	return func(r *record) {
		r.Classes = slices.DeleteFunc(r.Classes, func(d checksum.ClassDigest) bool { return d.Class == c })
		if exact != 0 {
			section := ""
			if c == checksum.Special {
				section = ".smp_locks"
			}
			r.Classes = append(r.Classes, checksum.NewClassDigest(c, section, exact, exact, 0))
		}
		slices.SortFunc(r.Classes, func(a, b checksum.ClassDigest) int { return a.Order(&b) })
	}
}

func of(name string, records ...record) *manifest.Manifest {
	return manifest.New("x86_64", manifest.Object{Name: name, Records: records})
}

// show is a result in lines: a line a change, and the summary.
func show(r *Result) []string {
	var lines []string
	for _, o := range r.Objects {
		lines = append(lines, fmt.Sprintf("object %s %s %d", o.Name, o.Status, o.Functions))
	}
	side := func(r *record) string {
		if r == nil {
			return "-"
		}
		return fmt.Sprintf("%s:%s:%d", r.File, r.Name, r.Digest[0])
	}
	for _, c := range r.Changes {
		line := fmt.Sprintf("%s %s %s > %s", c.Name, c.Status, side(c.Old), side(c.New))
		if c.PairedBy != "" {
			line += " by " + string(c.PairedBy)
		}
		if len(c.Reasons) > 0 {
			line += ": " + strings.Join(c.Reasons, " ")
		}
		lines = append(lines, line)
	}
	s := r.Summary
	renamed := ""
	if s.Renamed > 0 {
		renamed = fmt.Sprintf("%d renamed ", s.Renamed)
	}
	return append(lines, fmt.Sprintf("%d changed %d added %d removed %s%d unchanged", s.Changed, s.Added, s.Removed, renamed, s.Unchanged))
}

// compared compares, and checks what holds for every comparison.
func compared(t *testing.T, older, newer *manifest.Manifest) *Result {
	t.Helper()
	r, err := Manifests(older, newer, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkCounts(t, r)
	checkSound(t, r)

	// Records in any order give the same.
	random := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		again, err := Manifests(shuffled(older, random), shuffled(newer, random), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r.Changes, again.Changes); d != "" {
			t.Fatalf("other records first (-sorted +shuffled):\n%s", d)
		}
		if r.Summary != again.Summary {
			t.Fatalf("other records first: %+v instead of %+v", again.Summary, r.Summary)
		}
	}
	// Nothing differs from itself.
	for _, m := range []*manifest.Manifest{older, newer} {
		if same, err := Manifests(m, shuffled(m, random), Options{}); err != nil || same.Differs() || len(same.Changes) > 0 {
			t.Fatalf("compared with itself: %v, %v", show(same), err)
		}
	}
	return r
}

func shuffled(m *manifest.Manifest, random *rand.Rand) *manifest.Manifest {
	c := *m
	c.Objects = slices.Clone(m.Objects)
	for i := range c.Objects {
		records := slices.Clone(c.Objects[i].Records)
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		c.Objects[i].Records = records
	}
	return &c
}

// checkCounts is the invariant that every function of the new side is counted
// exactly once, besides aliases that are listed on their own.
func checkCounts(t *testing.T, r *Result) {
	t.Helper()
	total, aliases, listed := 0, 0, Summary{}
	for _, o := range r.New.Objects {
		total += len(o.Records)
	}
	for _, c := range r.Changes {
		switch c.Status {
		case Changed:
			listed.Changed++
		case Added:
			listed.Added++
		case Removed:
			listed.Removed++
		case Renamed:
			listed.Renamed++
		}
		if c.New != nil && c.Name != c.New.Name {
			aliases++
		}
		if (c.Old == nil) != (c.Status == Added) || (c.New == nil) != (c.Status == Removed) {
			t.Errorf("%s is %s with old %v and new %v", c.Name, c.Status, c.Old != nil, c.New != nil)
		}
		if (c.Status == Changed) != (len(c.Reasons) > 0) || (c.Old != nil && c.New != nil) != (c.PairedBy != "") {
			t.Errorf("%s is %s for %v, paired by %q", c.Name, c.Status, c.Reasons, c.PairedBy)
		}
	}
	s := r.Summary
	if s.Changed+s.Added+s.Renamed+s.Unchanged != total+aliases {
		t.Errorf("%+v don't add up to %d functions + %d aliases", s, total, aliases)
	}
	if len(r.Objects) == 0 && (s.Changed != listed.Changed || s.Added != listed.Added || s.Removed != listed.Removed || s.Renamed != listed.Renamed) {
		t.Errorf("listed %+v, counted %+v", listed, s)
	}
	if r.Differs() != (s.Changed+s.Added+s.Removed > 0 || len(r.Objects) > 0) {
		t.Errorf("Differs is %v for %+v", r.Differs(), s)
	}
}

// checkSound looks for misses: code of one side alone that no change tells of.
func checkSound(t *testing.T, r *Result) {
	t.Helper()
	told := map[[2]checksum.Digest]bool{}
	old, fresh := map[checksum.Digest]bool{}, map[checksum.Digest]bool{}
	for _, c := range r.Changes {
		var sides [2]checksum.Digest
		if c.Old != nil {
			sides[0] = c.Old.Digest
			old[c.Old.Digest] = true
		}
		if c.New != nil {
			sides[1] = c.New.Digest
			fresh[c.New.Digest] = true
		}
		told[sides] = true
	}
	if len(r.Old.Objects) != 1 || len(r.New.Objects) != 1 {
		return
	}
	a, b := namesOf(&r.Old.Objects[0]), namesOf(&r.New.Objects[0])
	for name, before := range a {
		after := b[name]
		if len(before) == 1 && len(after) == 1 && before[0].Digest != after[0].Digest && !told[[2]checksum.Digest{before[0].Digest, after[0].Digest}] {
			t.Errorf("missed: %s was %d and is %d", name, before[0].Digest[0], after[0].Digest[0])
		}
	}
	has := func(records []record, d checksum.Digest) bool {
		return slices.ContainsFunc(records, func(r record) bool { return r.Digest == d })
	}
	for _, o := range r.Old.Objects[0].Records {
		if !old[o.Digest] && !has(r.New.Objects[0].Records, o.Digest) {
			t.Errorf("missed: %s of code %d is gone", o.Name, o.Digest[0])
		}
	}
	for _, n := range r.New.Objects[0].Records {
		if !fresh[n.Digest] && !has(r.Old.Objects[0].Records, n.Digest) {
			t.Errorf("missed: %s of code %d is new", n.Name, n.Digest[0])
		}
	}
}

func namesOf(o *manifest.Object) map[string][]record {
	names := map[string][]record{}
	for _, r := range o.Records {
		if r.Kind != checksum.Function {
			continue
		}
		for _, name := range append([]string{r.Name}, r.Aliases()...) {
			names[checksum.Normal(name)] = append(names[checksum.Normal(name)], r)
		}
	}
	return names
}

func TestPairs(t *testing.T) {
	type records = []record
	for _, test := range []struct {
		name         string
		older, newer records
		want         []string
	}{
		{"nothing", nil, nil, []string{"0 changed 0 added 0 removed 0 unchanged"}},
		{
			"by name",
			records{fn("a", 1), fn("b", 2), fn("c", 3)},
			records{fn("a", 1), fn("b", 4), fn("d", 5)},
			[]string{
				"b changed :b:2 > :b:4 by name: instructions",
				"c removed :c:3 > -",
				"d added - > :d:5",
				"1 changed 1 added 1 removed 1 unchanged",
			},
		},
		{
			"counters in names are nothing, what they count is something",
			records{fn("f.isra.0", 1), fn("__UNIQUE_ID_x12", 4)},
			records{fn("f.isra.7", 1), fn("__UNIQUE_ID_x34", 5)},
			[]string{
				"__UNIQUE_ID_x34 changed :__UNIQUE_ID_x12:4 > :__UNIQUE_ID_x34:5 by name: instructions",
				"1 changed 0 added 0 removed 1 unchanged",
			},
		},
		{
			"a clone's suffix came, went and became another",
			records{fn("f", 1), fn("g.part.0", 2), fn("h.isra.0", 3), fn("k.part.0.isra.1", 4), fn("m", 5), fn("m.part.0", 6)},
			records{fn("f.isra.0", 11), fn("g", 12), fn("h.constprop.0", 3), fn("k.isra.0", 14), fn("m", 6)},
			[]string{
				"f.isra.0 changed :f:1 > :f.isra.0:11 by name: instructions",
				"g changed :g.part.0:2 > :g:12 by name: instructions",
				"h.constprop.0 renamed :h.isra.0:3 > :h.constprop.0:3 by content",
				"k.isra.0 changed :k.part.0.isra.1:4 > :k.isra.0:14 by name: instructions",
				"m changed :m:5 > :m:6 by name: instructions",
				"m.part.0 removed :m.part.0:6 > -",
				"4 changed 0 added 1 removed 1 renamed 0 unchanged",
			},
		},
		{
			"renamed: the same code, in the same file rather than another",
			records{fn("a", 1, local("a.c")), fn("b", 1, local("b.c")), fn("c", 2, local("c.c")), fn("d", 3, in(".init.text")), fn("e", 4, disambiguation(11))},
			records{fn("x", 1, local("b.c")), fn("y", 1, local("a.c")), fn("z", 2, local("d.c")), fn("w", 3), fn("v", 4, disambiguation(12))},
			[]string{
				"x renamed b.c:b:1 > b.c:x:1 by content",
				"y renamed a.c:a:1 > a.c:y:1 by content",
				"z renamed c.c:c:2 > d.c:z:2 by content",
				"w added - > :w:3",
				"d removed :d:3 > -",
				"v added - > :v:4",
				"e removed :e:4 > -",
				"0 changed 2 added 2 removed 3 renamed 0 unchanged",
			},
		},
		{
			"renamed: one too many",
			records{fn("a", 1)},
			records{fn("x", 1), fn("y", 1)},
			[]string{"x renamed :a:1 > :x:1 by content", "y added - > :y:1", "0 changed 1 added 0 removed 1 renamed 0 unchanged"},
		},
		{
			"a name that stays isn't renamed, whatever code moved",
			records{fn("a", 1), fn("b", 2)},
			records{fn("b", 1), fn("c", 2)},
			[]string{"b changed :b:2 > :b:1 by name: instructions", "a removed :a:1 > -", "c added - > :c:2", "1 changed 1 added 1 removed 0 unchanged"},
		},
		{
			"promoted: by the hash of the module",
			records{fn("init.llvm.11", 1), fn("init.llvm.22", 2)},
			records{fn("init.llvm.22", 3), fn("init.llvm.11", 4)},
			[]string{
				"init.llvm.11 changed :init.llvm.11:1 > :init.llvm.11:4 by name: instructions",
				"init.llvm.22 changed :init.llvm.22:2 > :init.llvm.22:3 by name: instructions",
				"2 changed 0 added 0 removed 0 unchanged",
			},
		},
		{
			"promoted: another hash, by content, and what is left",
			records{fn("init.llvm.11", 1), fn("init.llvm.22", 2)},
			records{fn("init.llvm.33", 3), fn("init.llvm.44", 2)},
			[]string{"init.llvm.33 changed :init.llvm.11:1 > :init.llvm.33:3 by name: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"two globals of a name, by the files they seem to be of",
			records{fn("init.llvm.11", 1, guessed("a.c")), fn("init.llvm.22", 2, guessed("b.c"))},
			records{fn("init.llvm.33", 3, guessed("b.c")), fn("init.llvm.44", 4, guessed("a.c"))},
			[]string{
				"init.llvm.33 changed b.c:init.llvm.22:2 > b.c:init.llvm.33:3 by name+file: instructions",
				"init.llvm.44 changed a.c:init.llvm.11:1 > a.c:init.llvm.44:4 by name+file: instructions",
				"2 changed 0 added 0 removed 0 unchanged",
			},
		},
		{
			"one static and one global, which lost their file",
			records{fn("init", 1, local("a.c")), fn("init", 2)},
			records{fn("init", 3, local("")), fn("init", 4)},
			[]string{
				"init changed a.c:init:1 > :init:3 by name: instructions",
				"init changed :init:2 > :init:4 by name: instructions",
				"2 changed 0 added 0 removed 0 unchanged",
			},
		},
		{
			"a function that became static, or global, or moved to another file",
			records{fn("f", 1), fn("g", 2, local("a.c")), fn("h", 3, local("a.c"))},
			records{fn("f", 1, local("a.c")), fn("g", 4), fn("h", 3, local("b.c"))},
			[]string{
				"g changed a.c:g:2 > :g:4 by name: instructions",
				"1 changed 0 added 0 removed 2 unchanged",
			},
		},
		{
			"by name and file",
			records{fn("init", 1, local("a.c")), fn("init", 2, local("b.c")), fn("init", 3, local("c.c"))},
			records{fn("init", 2, local("a.c")), fn("init", 1, local("b.c")), fn("init", 3, local("c.c"))},
			[]string{
				"init changed a.c:init:1 > a.c:init:2 by name+file: instructions",
				"init changed b.c:init:2 > b.c:init:1 by name+file: instructions",
				"2 changed 0 added 0 removed 1 unchanged",
			},
		},
		{
			"one of two files lost its function",
			records{fn("init", 1, local("a.c")), fn("init", 2, local("b.c"))},
			records{fn("init", 2, local("b.c"))},
			[]string{"init removed a.c:init:1 > -", "0 changed 0 added 1 removed 1 unchanged"},
		},
		{
			"a second file got one",
			records{fn("init", 1, local("a.c"))},
			records{fn("init", 1, local("a.c")), fn("init", 1, local("b.c"))},
			[]string{"init added - > b.c:init:1", "0 changed 1 added 0 removed 1 unchanged"},
		},
		{
			"a file was renamed",
			records{fn("init", 1, local("a.c")), fn("init", 2, local("b.c"))},
			records{fn("init", 1, local("a.c")), fn("init", 3, local("z.c"))},
			[]string{"init changed b.c:init:2 > z.c:init:3 by name: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"a guessed file tells nothing",
			records{fn("init", 1, guessed("a.c")), fn("init", 2, local("b.c"))},
			records{fn("init", 1, guessed("b.c")), fn("init", 3, local("b.c"))},
			[]string{"init changed b.c:init:2 > b.c:init:3 by name+file: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"by content: clones of one file",
			records{fn("f.constprop.0", 1, local("a.c")), fn("f.constprop.1", 2, local("a.c"))},
			records{fn("f.constprop.0", 2, local("a.c")), fn("f.constprop.1", 1, local("a.c"))},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"by content: no files at all, as in a stripped module",
			records{fn("init", 1, local(""), sympos(1)), fn("init", 2, local(""), sympos(2)), fn("init", 3, local(""), sympos(3))},
			records{fn("init", 3, local(""), sympos(1)), fn("init", 4, local(""), sympos(2)), fn("init", 1, local(""), sympos(3))},
			[]string{"init changed :init:2 > :init:4 by name: instructions", "1 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"by position: what is left of one name and file",
			records{fn("init", 1, local("a.c"), sympos(1)), fn("init", 2, local("a.c"), sympos(2)), fn("init", 9, local("a.c"), sympos(3))},
			records{fn("init", 9, local("a.c"), sympos(1)), fn("init", 4, local("a.c"), sympos(2)), fn("init", 3, local("a.c"), sympos(3))},
			[]string{
				"init changed a.c:init:1 > a.c:init:4 by position: instructions",
				"init changed a.c:init:2 > a.c:init:3 by position: instructions",
				"2 changed 0 added 0 removed 1 unchanged",
			},
		},
		{
			"by position, and one too many",
			records{fn("init", 1, local(""), sympos(1)), fn("init", 2, local(""), sympos(2))},
			records{fn("init", 3, local(""), sympos(1)), fn("init", 4, local(""), sympos(2)), fn("init", 5, local(""), sympos(3))},
			[]string{
				"init added - > :init:5",
				"init changed :init:1 > :init:3 by position: instructions",
				"init changed :init:2 > :init:4 by position: instructions",
				"2 changed 1 added 0 removed 0 unchanged",
			},
		},
		{
			"equal code in another place isn't equal content",
			records{fn("f.constprop.0", 1, local("a.c"), in(".init.text")), fn("f.constprop.1", 1, local("a.c"))},
			records{fn("f.constprop.0", 1, local("a.c")), fn("f.constprop.1", 1, local("a.c"), in(".init.text"))},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"what code of one name refers to pairs it first",
			records{fn("init", 1, local(""), disambiguation(5)), fn("init", 1, local(""), disambiguation(6))},
			records{fn("init", 1, local(""), disambiguation(6)), fn("init", 1, local(""), disambiguation(5))},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"the same, numbered the other way around",
			records{fn("init", 1, local(""), disambiguation(5), sympos(1)), fn("init", 1, local(""), disambiguation(6), sympos(2))},
			records{fn("init", 1, local(""), disambiguation(6), sympos(1)), fn("init", 1, local(""), disambiguation(5), sympos(2))},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},

		{
			"an alias that comes or goes is no change",
			records{fn("f", 1), fn("g", 2, alias("h"))},
			records{fn("f", 1, alias("e")), fn("g", 2)},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"two functions became one",
			records{fn("a", 1), fn("b", 1)},
			records{fn("a", 1, alias("b"))},
			[]string{"0 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"one function became two",
			records{fn("a", 1, alias("b"))},
			records{fn("a", 1), fn("b", 1)},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"two functions became one, of other code for the second",
			records{fn("a", 1), fn("b", 2)},
			records{fn("a", 1, alias("b"))},
			[]string{"b changed :b:2 > :a:1 by name: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"two functions became one, of other code for both",
			records{fn("a", 1), fn("b", 2)},
			records{fn("a", 3, alias("b"))},
			[]string{
				"a changed :a:1 > :a:3 by name: instructions",
				"b changed :b:2 > :a:3 by name: instructions",
				"2 changed 0 added 0 removed 0 unchanged",
			},
		},
		{
			"one function became two, and the second is new code",
			records{fn("a", 1, alias("b"))},
			records{fn("a", 1), fn("b", 2)},
			[]string{"b changed :a:1 > :b:2 by name: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"an alias moved to a function of other code",
			records{fn("a", 1, alias("x")), fn("b", 2)},
			records{fn("a", 1), fn("b", 2, alias("x"))},
			[]string{"x changed :a:1 > :b:2 by name: instructions", "1 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"an alias moved to a function of the same code",
			records{fn("a", 1, alias("x")), fn("b", 1)},
			records{fn("a", 1), fn("b", 1, alias("x"))},
			[]string{"0 changed 0 added 0 removed 2 unchanged"},
		},
		{
			"an alias stays with its function, which changed",
			records{fn("a", 1, alias("x", "y"))},
			records{fn("a", 2, alias("x", "y"))},
			[]string{"a changed :a:1 > :a:2 by name: instructions", "1 changed 0 added 0 removed 0 unchanged"},
		},
		{
			"another name became the primary one",
			records{fn("a", 1, alias("b")), fn("c", 2, alias("d"))},
			records{fn("b", 1), fn("d", 3, alias("e"))},
			[]string{"d changed :c:2 > :d:3 by name: instructions", "1 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"functions of which only an alias is left",
			records{fn("a", 1, alias("x"))},
			records{fn("b", 1, alias("x"))},
			[]string{"0 changed 0 added 0 removed 1 unchanged"},
		},
		{
			"a function went, and its alias moved",
			records{fn("a", 1), fn("b", 2, alias("x"))},
			records{fn("a", 1, alias("x"))},
			[]string{
				"x changed :b:2 > :a:1 by name: instructions",
				"b removed :b:2 > -",
				"1 changed 0 added 1 removed 1 unchanged",
			},
		},
		{
			"two functions of a name went, which is an alias now",
			records{fn("f", 1, local("a.c")), fn("f", 2, local("b.c")), fn("main", 3)},
			records{fn("main", 3, alias("f"))},
			[]string{
				"f removed a.c:f:1 > -",
				"f removed b.c:f:2 > -",
				"0 changed 0 added 2 removed 1 unchanged",
			},
		},

		{
			"orphans, by content",
			records{orphan(".text", 1), orphan(".text", 2), orphan(".init.text", 3)},
			records{orphan(".text", 2), orphan(".text", 1), orphan(".init.text", 3)},
			[]string{"0 changed 0 added 0 removed 3 unchanged"},
		},
		{
			"orphans, in order within their place",
			records{orphan(".text", 1), orphan(".text.hot", 2), orphan(".init.text", 3), orphan(".exit.text", 4)},
			records{orphan(".text.f", 1), orphan(".text", 5), orphan(".init.text", 6), orphan(".init.text", 7)},
			[]string{
				"(orphan) removed :(orphan):4 > -",
				"(orphan) added - > :(orphan):7",
				"(orphan) changed :(orphan):3 > :(orphan):6 by position: instructions",
				"(orphan) changed :(orphan):2 > :(orphan):5 by position: instructions",
				"2 changed 1 added 1 removed 1 unchanged",
			},
		},
		{
			"an orphan is no function of that name",
			records{orphan(".text", 1)},
			records{fn(checksum.OrphanName, 1)},
			[]string{
				"(orphan) removed :(orphan):1 > -",
				"(orphan) added - > :(orphan):1",
				"0 changed 1 added 1 removed 0 unchanged",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := show(compared(t, of("old.o", test.older...), of("new.o", test.newer...)))
			// The order of changes has a test of its own.
			last := len(got) - 1
			slices.Sort(got[:last])
			slices.Sort(test.want[:len(test.want)-1])
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("result (-want +got):\n%s", d)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	base := func(options ...func(*record)) record { return fn("f", 1, options...) }
	other := func(r *record) { r.Digest[1]++ }
	all := func(base uint64) func(*record) {
		return func(r *record) {
			for c := range checksum.Class(checksum.NumClasses) {
				class(c, base+uint64(c))(r)
			}
		}
	}
	for _, test := range []struct {
		name string
		a, b record
		want string
	}{
		{"same", base(), base(), ""},
		{"scope, size, file, names, marks", base(), base(local("x.c"), alias("g"), sympos(3), func(r *record) { r.Size++; r.NeedRare().Cold = []string{"f.cold"}; r.Opaque = true }), ""},
		{"instructions", base(), base(other, class(checksum.Instructions, 9)), "instructions"},
		{"references", base(), base(other, class(checksum.References, 9)), "references"},
		{"strings", base(), base(other, class(checksum.Strings, 9)), "strings"},
		{"constants", base(class(checksum.Constants, 8)), base(other), "constants"},
		{"jump tables", base(class(checksum.JumpTables, 8)), base(other, class(checksum.JumpTables, 9)), "jump-tables"},
		{"cfi", base(class(checksum.CFI, 8)), base(other), "cfi"},
		{"cold beside its reason", base(class(checksum.Cold, 8)), base(other, class(checksum.Instructions, 9), class(checksum.Cold, 9)), "instructions cold"},
		{"all, in order, the section last", base(all(100)), base(other, all(200), in(".init.text")), "instructions references strings constants jump-tables alternatives exception-table bug-table jump-labels static-calls tracing cfi cold special:.smp_locks labels section"},
		{"places of a table", base(places(checksum.BugTable, 1)), base(other, places(checksum.BugTable, 2)), "bug-table"},
		{"places of two tables", base(places(checksum.BugTable, 1), places(checksum.Special, 1)), base(other, places(checksum.BugTable, 2), places(checksum.Special, 2)), "bug-table special:.smp_locks"},
		{"places that an instruction moved", base(places(checksum.BugTable, 1)), base(other, class(checksum.Instructions, 9), places(checksum.BugTable, 2)), "instructions"},
		{"a table that came", base(), base(other, places(checksum.Special, 1)), "special:.smp_locks"},
		{"none of the classes", base(), base(other), "references"},

		{"section", base(), base(in(".init.text")), "section"},
		{"out of a section", base(in(".noinstr.text")), base(), "section"},
		{"between two", base(in(".init.text")), base(in(".exit.text")), "section"},
		{"code and section", base(), base(other, class(checksum.Instructions, 9), in(".init.text")), "instructions section"},
		{"within ordinary text", base(in(".text.f")), base(in(".text.unlikely")), ""},
		{"startup, hot, ref", base(in(".text.hot.f")), base(in(".ref.text")), ""},
		{"a text section of its own", base(), base(in(".text..relocate_kernel")), "section"},

		{"disambiguation", base(disambiguation(11)), base(disambiguation(12)), "references"},
		{"same disambiguation", base(disambiguation(11)), base(disambiguation(11)), ""},
		{"disambiguation of new alone", base(), base(disambiguation(12)), ""},
		{"disambiguation of old alone", base(disambiguation(11)), base(), ""},
		{"disambiguation in doubt", base(disambiguation(checksum.InDoubt)), base(disambiguation(12)), ""},
		{"disambiguation and code", base(disambiguation(11)), base(other, disambiguation(12), class(checksum.Strings, 9)), "references strings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, pair := range [][2]record{{test.a, test.b}, {test.b, test.a}} {
				r := compared(t, of("old.o", pair[0]), of("new.o", pair[1]))
				got := ""
				if len(r.Changes) > 0 {
					got = strings.Join(r.Changes[0].Reasons, " ")
				}
				if got != test.want {
					t.Errorf("reasons %q, want %q", got, test.want)
				}
			}
		})
	}
}

// Changes are sorted by object, file, name, section and old digest, and what
// is equal in all these is in one order too.
func TestOrder(t *testing.T) {
	var older []record
	for _, file := range []string{"b.c", "a.c"} {
		for _, name := range []string{"g", "f"} {
			for _, section := range []string{".text", ".init.text"} {
				for code := byte(9); code > 6; code-- {
					for n := range 3 {
						older = append(older, fn(name, code, local(file), in(section), sympos(3-n)))
					}
				}
			}
		}
	}
	r := compared(t, of("o.o", older...), of("o.o"))
	if len(r.Changes) != len(older) {
		t.Fatalf("%d changes instead of %d", len(r.Changes), len(older))
	}
	var keys []string
	for _, c := range r.Changes {
		keys = append(keys, fmt.Sprint(c.File, " ", c.Name, " ", c.Section, " ", c.Old.Digest[0], " ", c.Old.Sympos))
	}
	if !slices.IsSorted(keys) {
		t.Errorf("not sorted:\n%s", strings.Join(keys, "\n"))
	}

	a, b := fn("f", 1), fn("f", 2)
	two := manifest.New("x86_64", manifest.Object{Name: "y.o", Records: []record{a}}, manifest.Object{Name: "x.o", Records: []record{a}})
	too := manifest.New("x86_64", manifest.Object{Name: "y.o", Records: []record{b}}, manifest.Object{Name: "x.o", Records: []record{b}})
	r = compared(t, two, too)
	if len(r.Changes) != 2 || r.Changes[0].Object != "x.o" || r.Changes[1].Object != "y.o" {
		t.Errorf("objects out of order: %v", show(r))
	}
}

// One object against one is a pair whatever their names; a change is of the
// new object, a removal of the old one.
func TestObjectOfChange(t *testing.T) {
	r := compared(t, of("old.o", fn("a", 1), fn("b", 1)), of("new.o", fn("a", 2), fn("c", 3)))
	want := map[string]string{"a": "new.o", "b": "old.o", "c": "new.o"}
	for _, c := range r.Changes {
		if c.Object != want[c.Name] {
			t.Errorf("%s is of %s instead of %s", c.Name, c.Object, want[c.Name])
		}
	}
}

func TestObjects(t *testing.T) {
	object := func(name string, records ...record) manifest.Object {
		return manifest.Object{Name: name, Records: records}
	}
	older := manifest.New("x86_64",
		object("a.o", fn("f", 1), fn("g", 2)), object("gone.o", fn("f", 1), orphan(".text", 1)), object("void.o"))
	newer := manifest.New("x86_64",
		object("a.o", fn("f", 1), fn("g", 3)), object("fresh.o", fn("h", 1), fn("i", 2), orphan(".text", 1)))
	want := []string{
		"object fresh.o added 2",
		"object gone.o removed 1",
		"object void.o removed 0",
		"g changed :g:2 > :g:3 by name: instructions",
		"1 changed 3 added 2 removed 1 unchanged",
	}
	if d := cmp.Diff(want, show(compared(t, older, newer))); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}

	// An object without a function counts as well.
	r := compared(t, manifest.New("x86_64"), of("void.o"))
	if !r.Differs() {
		t.Error("an object came, and nothing differs")
	}
	if r := compared(t, manifest.New("x86_64"), manifest.New("x86_64")); r.Differs() {
		t.Error("no objects differ")
	}
}

// What couldn't be read on one side says nothing about the other side's.
func TestUnreadable(t *testing.T) {
	object := func(name string, records ...record) manifest.Object {
		return manifest.Object{Name: name, Records: records}
	}
	older := manifest.New("x86_64", object("a.o", fn("f", 1)), object("bad.o", fn("g", 1)))
	newer := manifest.New("x86_64", object("a.o", fn("f", 1)), object("worse.o", fn("h", 1)))
	r, err := Manifests(older, newer, Options{Unreadable: []string{"worse.o", "bad.o", "worst.o", "bad.o"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"object bad.o unreadable 0", "object worse.o unreadable 0", "object worst.o unreadable 0",
		"0 changed 0 added 0 removed 1 unchanged",
	}
	if d := cmp.Diff(want, show(r)); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	if r.Differs() {
		t.Error("an unreadable object is no difference")
	}
}

// Trees pair by name, even where each has one object.
func TestTrees(t *testing.T) {
	older, newer := of("a.o", fn("f", 1)), of("b.o", fn("f", 1))
	for _, test := range []struct {
		trees bool
		want  []string
	}{
		{false, []string{"0 changed 0 added 0 removed 1 unchanged"}},
		{true, []string{"object a.o removed 1", "object b.o added 1", "0 changed 1 added 1 removed 0 unchanged"}},
	} {
		r, err := Manifests(older, newer, Options{Trees: test.trees})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(test.want, show(r)); d != "" {
			t.Errorf("trees %v (-want +got):\n%s", test.trees, d)
		}
	}
}

func TestKeep(t *testing.T) {
	older := manifest.New("x86_64",
		manifest.Object{Name: "a.o", Records: []record{fn("f", 1, local("a.c")), fn("g", 1), fn("h", 1)}},
		manifest.Object{Name: "gone.o", Records: []record{fn("f", 1), fn("k", 2)}},
		manifest.Object{Name: "void.o"},
	)
	newer := manifest.New("x86_64",
		manifest.Object{Name: "a.o", Records: []record{fn("f", 2, local("a.c")), fn("g", 1), fn("i", 1, alias("h"))}},
	)
	for _, test := range []struct {
		keep string
		want []string
	}{
		{"a.o:a.c:f", []string{"f changed a.c:f:1 > a.c:f:2 by name: instructions", "1 changed 0 added 0 removed 0 unchanged"}},
		{"a.o::g", []string{"0 changed 0 added 0 removed 1 unchanged"}},
		{"a.o::h", []string{"0 changed 0 added 0 removed 0 unchanged"}},
		{"gone.o::k", []string{"object gone.o removed 1", "0 changed 0 added 1 removed 0 unchanged"}},
		{"nosuch", []string{"0 changed 0 added 0 removed 0 unchanged"}},
	} {
		r, err := Manifests(older, newer, Options{Keep: func(object, file, name string) bool {
			return object+":"+file+":"+name == test.keep
		}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(test.want, show(r)); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.keep, d)
		}
		if want := len(test.want) > 1; r.Differs() != want {
			t.Errorf("%s: Differs is %v", test.keep, r.Differs())
		}
	}
}

func TestIncomparable(t *testing.T) {
	for name, change := range map[string]func(*manifest.Manifest){
		"arm64":     func(m *manifest.Manifest) { m.Arch = "arm64" },
		"canonical": func(m *manifest.Manifest) { m.Form++ },
		"sha256":    func(m *manifest.Manifest) { m.Hash = checksum.SHA256 },
	} {
		a, b := of("f.o", fn("f", 1)), of("f.o", fn("f", 1))
		change(b)
		for _, sides := range [][2]*manifest.Manifest{{a, b}, {b, a}} {
			_, err := Manifests(sides[0], sides[1], Options{})
			if !errors.Is(err, ErrIncomparable) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error %v", name, err)
			}
		}
	}
}

func TestInferred(t *testing.T) {
	r := compared(t,
		of("o.o", fn("f", 1, guessed("a.c")), fn("g", 1, local("a.c")), fn("h", 1)),
		of("o.o", fn("f", 2, guessed("a.c")), fn("g", 2, local("a.c")), fn("h", 2)))
	for _, c := range r.Changes {
		if want := c.Name == "f"; c.Inferred != want {
			t.Errorf("%s: inferred is %v", c.Name, c.Inferred)
		}
	}
}

// Whatever the records, all are counted, nothing is missed, and their order is
// nothing.
func TestRandom(t *testing.T) {
	runs := 1500
	if testing.Short() {
		runs = 300
	}
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 5))
		side := func() *manifest.Manifest {
			var records []record
			for range random.IntN(7) {
				r := fn(string(rune('a'+random.IntN(4))), byte(random.IntN(4)), sympos(random.IntN(3)))
				switch random.IntN(4) {
				case 0:
					local([]string{"", "a.c", "b.c"}[random.IntN(3)])(&r)
				case 1:
					guessed("a.c")(&r)
				case 2:
					r = orphan(".text", byte(random.IntN(4)))
				}
				if r.Kind == checksum.Function {
					for _, name := range []string{"a", "b", "c", "d", "x", "y"} {
						if name != r.Name && random.IntN(6) == 0 {
							rare := r.NeedRare()
							rare.Aliases = append(rare.Aliases, name)
						}
					}
				}
				disambiguation(uint64(random.IntN(3)))(&r)
				records = append(records, r)
			}
			return of("o.o", records...)
		}
		older, newer := side(), side()
		compared(t, older, newer)
		if t.Failed() {
			var lines []string
			for i, m := range []*manifest.Manifest{older, newer} {
				for _, r := range m.Objects[0].Records {
					lines = append(lines, fmt.Sprintf("%s %v %s %d %v dis %d sympos %d %v", []string{"old", "new"}[i], r.Scope, r.Name, r.Digest[0], r.Aliases(), r.Disambiguation, r.Sympos, r.File))
				}
			}
			t.Fatalf("seed %d:\n%s", seed, strings.Join(lines, "\n"))
		}
	}
}

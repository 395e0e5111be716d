// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/google/go-cmp/cmp"
)

// What a record says besides its digests.
func TestRecord(t *testing.T) {
	at := func(name string, bind elf.SymBind, section string, value, size uint64) elfbuild.Symbol {
		return elfbuild.Symbol{Name: name, Bind: bind, Type: elf.STT_FUNC, Section: section, Value: value, Size: size}
	}
	sums := sum(t, elfbuild.Object{
		Symbols: []elfbuild.Symbol{
			elfbuild.File("a.c"), at("init", elf.STB_LOCAL, ".text", 0, 4), at("z", elf.STB_LOCAL, ".text", 4, 4), at("a.cold", elf.STB_LOCAL, ".text.unlikely", 0, 4),
			elfbuild.File("b.c"), at("init", elf.STB_LOCAL, ".init.text", 0, 4),
			at("a", elf.STB_WEAK, ".text", 4, 4), at("y", elf.STB_WEAK, ".text", 4, 4), at("g", elf.STB_GLOBAL, ".text", 8, 4),
		},
		Sections: []elfbuild.Section{
			code(raw("31c0 90c3 31c0 90c3 31c0 90c3")), elfbuild.Text(".init.text", raw("31c0 90c3")), elfbuild.Text(".text.unlikely", raw("31c0 90c3")),
		},
	})
	type row struct {
		name    string
		aliases []string
		file    string
		section string
		scope   elf.SymBind
		size    uint64
		cold    []string
		sympos  int
	}
	var got []row
	for i := range sums.Records {
		r := &sums.Records[i]
		got = append(got, row{r.Name, r.Aliases(), r.File, r.Section, r.Scope, r.Size, r.Cold(), int(r.Sympos)})
	}
	want := []row{
		{"init", nil, "a.c", ".text", elf.STB_LOCAL, 4, nil, 1},
		{"a", []string{"y", "z"}, "", ".text", elf.STB_WEAK, 8, []string{"a.cold"}, 0},
		{"g", nil, "", ".text", elf.STB_GLOBAL, 4, nil, 0},
		{"init", nil, "b.c", ".init.text", elf.STB_LOCAL, 4, nil, 2},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if sums.Arch != "x86_64" || sums.Count(Function) != 4 || sums.Count(Orphan) != 0 || sums.Opaque != 0 {
		t.Errorf("%+v", sums)
	}
}

// many is an object with enough functions for all workers, of all the kinds
// that are settled only when each was seen: nameless data, stubs, orphans,
// cold parts, functions that call each other.
func many(n int) elfbuild.Object {
	random := rand.New(rand.NewPCG(1, 2))
	var hot, cold, data, stubs []elfbuild.Piece
	for i := range n {
		name := fmt.Sprintf("f%d", i)
		other := func() string { return fmt.Sprintf("f%d", random.IntN(n)) }
		// call other; lea datum(%rip), %rax; jmp stub; je cold; ret
		hot = append(hot, fun(name, "e8 00000000 488d05 00000000 e9 00000000 0f84 00000000 c3",
			plt32(1, other(), -4), pc32(8, ".rodata", int64(8*random.IntN(n))-4),
			plt32(13, ".fixup", int64(16*random.IntN(n))-4), plt32(19, name+".cold", -4)))
		cold = append(cold, fun(name+".cold", "b8 00000000 e9 00000000", abs32s(1, ".rodata.str1.1", int64(random.IntN(16))), plt32(6, name, 10)).Local())
		data = append(data, raw("0000000000000000", abs64(0, ".rodata", int64(8*random.IntN(n)))))
		stubs = append(stubs, raw("e8 00000000 31c0 c3 cccc cccc cccc cccc", plt32(1, other(), -4)))
	}
	return obj(code(hot...), elfbuild.Text(".text.unlikely", cold...), rodata(".rodata", append(data, elfbuild.Var("end", make([]byte, 8)))...),
		elfbuild.Text(".fixup", stubs...), elfbuild.Strings(".rodata.str1.1", 1, literal("some sixteen by."), literal("")))
}

// The number of workers doesn't show, nor which of them was first.
func TestJobs(t *testing.T) {
	f := parse(t, many(1500))
	first, err := Sum(f, Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	if first.Count(Function) != 1500 || first.Count(Orphan) == 0 || first.Opaque != 0 {
		t.Errorf("%d functions, %d orphans, %d opaque", first.Count(Function), first.Count(Orphan), first.Opaque)
	}
	for _, jobs := range []int{2, 3, 8, 8, 8, 100, 0} {
		again, err := Sum(f, Options{Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("%d workers (-1 +%d):\n%s", jobs, jobs, diff)
		}
	}
}

// golden is two objects with something of everything.
func golden() map[string]elfbuild.Object {
	return map[string]elfbuild.Object{
		"many":  many(5),
		"arm64": goldenARM64(),
		"all": obj(
			code(
				fun("__cfi_f", "90 b812345678").Local(),
				// endbr64; call g; lea text(%rip), %rdi; jmp *table(,%rax,8);
				// je f.cold; mov constant(%rip), %rax; ret; pause; ret
				fun("f", "f30f1efa e8 00000000 488d3d 00000000 ff24c5 00000000 0f84 00000000 488b05 00000000 c3 f390 c3",
					plt32(5, "g", -4), pc32(12, ".rodata.str1.1", -2), abs32s(19, ".rodata", 8), plt32(25, "f.cold", -4), pc32(32, ".rodata.cst8", 4)),
				fun("g", "48c705 00000000 00000000 c3", pc32(3, "flag.1", -8), abs32s(7, "flag.2", 0)).Local().Alias("h"),
				raw("cc 31c0 c3"),
				fun("bad", "06 c3"),
			),
			elfbuild.Text(".text.unlikely", fun("f.cold", "0f0b e9 00000000", plt32(3, ".text", 30)).Local()),
			rodata(".rodata", elfbuild.Var("y", make([]byte, 4)), raw("00000000 0000000000000000 0000000000000000", abs64(4, ".text", 40), abs64(12, ".text", 42))),
			elfbuild.Strings(".rodata.str1.1", 1, literal("a"), literal("text")),
			elfbuild.Merge(".rodata.cst8", 8, raw("0102030405060708 1112131415161718")),
			elfbuild.Data(".data", elfbuild.Var("flag.1", make([]byte, 8)).Local(), elfbuild.Var("flag.2", make([]byte, 8)).Local()),
		),
	}
}

// TestGolden pins digests, so that a change of the canonical form can't go
// unseen. FNSUM_UPDATE=1 writes them anew.
func TestGolden(t *testing.T) {
	for name, o := range golden() {
		var b strings.Builder
		fmt.Fprintf(&b, "form %d\n", FormVersion)
		sums := sum(t, o)
		for i := range sums.Records {
			r := &sums.Records[i]
			fmt.Fprintf(&b, "%s %s %016x", r.Name, XXH3.Hex(&r.Digest), r.Disambiguation)
			for _, c := range r.Classes {
				fmt.Fprintf(&b, " %s:%016x", c.Class.Short(), c.Exact)
			}
			b.WriteByte('\n')
		}
		path := filepath.Join("testdata", "golden", name+".txt")
		if os.Getenv("FNSUM_UPDATE") != "" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s: the canonical form has changed: manifests made before no longer compare with ones made now.\n"+
				"If that is meant, raise FormVersion and run this test with FNSUM_UPDATE=1.\n(-want +got):\n%s", name, diff)
		}
	}
}

// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/internal/kernels"
	"github.com/fnsum/fnsum/pkg/object"
)

// checkForgets walks every so many-th function of an object behind all others, in both
// orders: it must find what a walker finds that walked nothing else.
func checkForgets(t *testing.T, f *object.File, every int) {
	t.Helper()
	s, err := newSummer(f, Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	found := func(w *walker, fn int) string {
		w.findings = findings{}
		v, b := &tracer{w: w}, s.body(int32(fn), nil)
		w.walk(&b, v)
		return fmt.Sprintf("%+v %x %v %v", v.steps, w.disambig, w.ambiguous, w.findings)
	}
	w := newWalker(s.p)
	order := make([]int, 0, len(s.p.code.Funcs)/every+1)
	for fn := 0; fn < len(s.p.code.Funcs); fn += every {
		order = append(order, fn)
	}
	for range 2 {
		for _, fn := range order {
			if got, want := found(w, fn), found(newWalker(s.p), fn); got != want {
				t.Errorf("%s behind others:\n%s\nalone:\n%s", s.p.code.Name(s.p.code.Funcs[fn].Primary), got, want)
			}
		}
		slices.Reverse(order)
	}
}

// What a walker keeps of a reference is the same for all functions.
func TestFrequent(t *testing.T) {
	const call, load = "e8 00000000", "488b05 00000000"
	long := strings.Repeat("long", 20)
	var pieces []elfbuild.Piece
	add := func(name, code string, relocs ...elfbuild.Reloc) {
		pieces = append(pieces, fun(name, code+"c3", relocs...))
	}
	for _, target := range []string{"undefined", long, "own", "init", "init#2", "hidden.llvm.42", "inside", "__key.7", "around.__already_done", "around.table", "x", "static"} {
		add("loads_behind_"+target, load, pc32(3, target, 4))
		add("moves_"+target, "48c7c0 00000000", abs32s(3, target, 0))
		add("holds_"+target, "48b8 0000000000000000", abs64(2, target, 0))
		add("odd_"+target, "48b8 0000000000000000", elfbuild.Rel(2, unnamed+elf.R_X86_64(relocAbs64), target, 0)) // as a byte its kind is that of abs64
		for n := range 2 {                                                                                        // so that the second may take what the first left
			name := fmt.Sprintf("%s.%d", strings.ReplaceAll(target, "#", "_"), n)
			add("calls_"+name, call, plt32(1, target, -4))
			add("loads_"+name, load, pc32(3, target, -4))
		}
	}
	f := parse(t, elfbuild.Object{
		Sections: []elfbuild.Section{
			code(append(pieces,
				fun("own", call+load+"c3", plt32(1, "own", -4), pc32(8, "own", -4)),
				fun("init", "c3").Local(),
				fun("init", "31c0c3").Local(),
				fun("hidden.llvm.42", "c3"),
				fun("around", "31c031c0c3").With(symbol("inside", elf.STB_LOCAL, elf.STT_NOTYPE, 2, 0)),
			)...),
			rodata(".rodata", elfbuild.Var("around.table", make([]byte, 8), abs64(0, "around", 2)).Local()),
			elfbuild.Data(".data", elfbuild.Var("__key.7", []byte{1, 2, 3, 4}).Local(), elfbuild.Var("around.__already_done", []byte{1, 2, 3, 4}).Local(), elfbuild.Var("x", make([]byte, 16)), elfbuild.Var("static", make([]byte, 16)).Local()),
		},
	})
	checkForgets(t, f, 1)
	for name, o := range golden() {
		t.Run(name, func(t *testing.T) { checkForgets(t, parse(t, o), 1) })
	}
	t.Run("renamed", func(t *testing.T) {
		sums, tracer, err := Trace(f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		steps := func() string {
			list, err := tracer.Steps(record(t, sums, "calls_undefined.0"), nil)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(list)
		}
		before := steps()
		called := slices.IndexFunc(f.Symbols, func(s object.Symbol) bool { return s.Name() == "undefined" })
		tracer.Rename(map[uint32]string{uint32(called): "another"})
		if steps() == before {
			t.Error("a name is kept")
		}
		tracer.Rename(nil)
		if steps() != before {
			t.Error("another name is kept")
		}
	})
}

func TestFrequentKernel(t *testing.T) {
	for _, arch := range []string{"x86_64-gcc", "x86_64-plain", "x86_64-lto", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			f, err := object.Open(kernels.Path(t, arch, "base.o"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			checkForgets(t, f, 60)
		})
	}
}

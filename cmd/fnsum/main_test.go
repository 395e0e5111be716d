// SPDX-License-Identifier: MIT

package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts in testdata/script get into them")

// fixtures are the committed files that each script finds in its working
// directory, by their name there.
var fixtures = map[string]string{
	"gcc/old.o":   "demo/gcc-x86_64/old.o",
	"gcc/new.o":   "demo/gcc-x86_64/new.o",
	"clang/old.o": "demo/clang-x86_64/old.o",
	"clang/new.o": "demo/clang-x86_64/new.o",
	"lines/old.o": "lines/gcc-O2/old.o",
	"lines/new.o": "lines/gcc-O2/new.o",
	"dwarf/old.o": "lines/gcc-dwarf/old.o",
	"dwarf/new.o": "lines/gcc-dwarf/new.o",
	"lto.o":       "refuse/gcc-lto-slim.o",

	"arm64/old.o": "pairing/anchors-in-front/gcc-arm64/old.o",
	"arm64/new.o": "pairing/anchors-in-front/gcc-arm64/new.o",

	"switched/old.o": "pairing/switched-caller/gcc/old.o",
	"switched/new.o": "pairing/switched-caller/gcc/new.o",
	"renamed/old.o":  "pairing/renamed-static/gcc/old.o",
	"renamed/new.o":  "pairing/renamed-static/gcc/new.o",
	"rust/old.o":     "pairing/rust-edited/rust-v0/old.o",
	"rust/new.o":     "pairing/rust-edited/rust-v0/new.o",

	"fnsum-manifest.sh": "../contrib/kbuild/fnsum-manifest.sh",
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fnsum": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the scripts, which specify the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               copyFixtures,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"bytes":  writeBytes,
			"patch":  patch,
			"cut":    cut,
		},
	})
}

func copyFixtures(env *testscript.Env) error {
	for name, source := range fixtures {
		data, err := os.ReadFile(filepath.Join("../../testdata", source))
		if err != nil {
			return err
		}
		to := filepath.Join(env.WorkDir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// status N COMMAND... runs the command, whose exit status must be N: exec
// alone can't tell 1 from 2. What it wrote is there for stdout, stderr, cmp.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d instead of %d", got, want)
	}
}

// bytes FILE HEX writes a file of these bytes.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE HEX")
	}
	data, err := hex.DecodeString(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// patch FILE OFFSET HEX TO copies a file with other bytes at an offset.
func patch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: patch FILE OFFSET HEX TO")
	}
	data := []byte(ts.ReadFile(args[0]))
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	with, err := hex.DecodeString(args[2])
	ts.Check(err)
	if offset < 0 || offset > len(data)-len(with) {
		ts.Fatalf("offset %d is outside the file's %d bytes", offset, len(data))
	}
	copy(data[offset:], with)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), data, 0o666))
}

// cut FILE N TO copies the first N bytes of a file.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cut FILE N TO")
	}
	data := ts.ReadFile(args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 0 || n > len(data) {
		ts.Fatalf("the file has only %d bytes", len(data))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(data[:n]), 0o666))
}

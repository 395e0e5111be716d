// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A write that fails half way leaves what was there, and nothing else.
func TestWriteOutputFails(t *testing.T) {
	broken := errors.New("broken")
	for _, before := range []string{"", "what was there\n"} {
		path := filepath.Join(t.TempDir(), "out")
		if before != "" {
			if err := os.WriteFile(path, []byte(before), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		err := writeOutput(path, io.Discard, func(w io.Writer) error {
			// More than any buffer holds: it reaches the file.
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v instead of %v", err, broken)
		}
		after, err := os.ReadFile(path)
		if before == "" && !errors.Is(err, os.ErrNotExist) || string(after) != before {
			t.Errorf("%q became %q, %v", before, after, err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "out" {
				t.Errorf("%s is left over", e.Name())
			}
		}
	}
}

// writeForever makes the test binary write to a file, say so, and never end; ignoreHangup
// makes it ignore that signal.
const (
	writeForever = "FNSUM_TEST_WRITE_FOREVER"
	ignoreHangup = "FNSUM_TEST_IGNORE_HANGUP"
)

// A signal in the middle of a write leaves what was there, and nothing else, and ends
// the process as it always does.
func TestWriteOutputInterrupted(t *testing.T) {
	if path := os.Getenv(writeForever); path != "" {
		if os.Getenv(ignoreHangup) != "" {
			signal.Ignore(syscall.SIGHUP)
		}
		writeOutput(path, io.Discard, func(w io.Writer) error {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
			os.Stdout.WriteString("written\n")
			select {}
		})
		return
	}
	for _, test := range []struct {
		signals []syscall.Signal // the last one ends it
		ignore  string
	}{
		{[]syscall.Signal{syscall.SIGINT}, ""},
		{[]syscall.Signal{syscall.SIGTERM}, ""},
		{[]syscall.Signal{syscall.SIGHUP}, ""},
		{[]syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, "yes"},
	} {
		s := test.signals[len(test.signals)-1]
		if signal.Ignored(s) {
			t.Logf("%v is ignored here, and by what is started", s)
			continue
		}
		path := filepath.Join(t.TempDir(), "out")
		cmd := exec.Command(os.Args[0], "-test.run=^TestWriteOutputInterrupted$")
		cmd.Env = append(os.Environ(), writeForever+"="+path, ignoreHangup+"="+test.ignore)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "written\n" {
			t.Fatalf("%q, %v", line, err)
		}
		for _, s := range test.signals {
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != s {
			t.Errorf("%v: %v", s, cmd.ProcessState)
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) > 0 {
			t.Errorf("%v leaves %v, %v", s, entries, err)
		}
	}
}

// runArguments makes the test binary run fnsum with these arguments.
const runArguments = "FNSUM_TEST_RUN"

// A pipe that nobody reads any more ends the process as it ends any.
func TestClosedPipe(t *testing.T) {
	if args := os.Getenv(runArguments); args != "" {
		os.Exit(run(strings.Fields(args), os.Stdout, os.Stderr))
	}
	reader, closed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer closed.Close()
	for _, args := range []string{"sum ../../testdata/tables/gcc-O2.o", "diff ../../testdata/tables/gcc-O2.o ../../testdata/tables/gcc-Os.o", "help"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestClosedPipe$")
		cmd.Env = append(os.Environ(), runArguments+"="+args)
		cmd.Stdout = closed
		cmd.Run()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGPIPE {
			t.Errorf("%s: %v", args, cmd.ProcessState)
		}
	}
}

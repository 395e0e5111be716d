// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// example is a command of the README and the output that it shows.
type example struct {
	line    int // in README.md
	command string
	output  string
}

// examples are the commands of the fenced blocks that begin with "$ fnsum ".
// A block may hold several, each with its output behind it.
func examples(markdown string) []example {
	var list []example
	var inside, shown bool // of a fenced block, and of one to run
	for i, line := range strings.Split(markdown, "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence:
			inside, shown = !inside, false
		case inside && strings.HasPrefix(line, "$ fnsum "):
			shown = true
			list = append(list, example{line: i + 1, command: strings.TrimPrefix(line, "$ ")})
		case inside && shown && strings.HasPrefix(line, "$ "):
			list = append(list, example{line: i + 1, command: strings.TrimPrefix(line, "$ ")})
		case inside && shown:
			list[len(list)-1].output += line + "\n"
		}
	}
	return list
}

// TestREADME runs the README's examples in a shell: what they show is what
// they print. They find testdata as from the root of the repository, and may
// leave files behind.
func TestREADME(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh: the README's examples were NOT run")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	list := examples(string(text))
	if len(list) == 0 {
		t.Fatal("README.md has no block that begins with \"$ fnsum \"")
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "testdata"), filepath.Join(dir, "testdata")); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		cmd := exec.Command("sh", "-c", e.command)
		cmd.Dir = dir
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		// The exit status is not shown: 1 is what a difference gives.
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != statusDiffers {
			t.Errorf("README.md:%d: %s: %v\n%s", e.line, e.command, err, &output)
			continue
		}
		if got := output.String(); got != e.output {
			t.Errorf("README.md:%d: %s prints\n%s\ninstead of\n%s", e.line, e.command, got, e.output)
		}
	}
}

func TestExamples(t *testing.T) {
	text := "# T\n\n    $ fnsum indented\n\n```console\n$ fnsum diff a b\nchanged  f\n\n1 changed\n$ echo $?\n1\n```\n" +
		"```sh\nmake\n$ fnsum later\n```\n$ fnsum outside\n```\n$ make\nfnsum\n```\n"
	want := []example{
		{6, "fnsum diff a b", "changed  f\n\n1 changed\n"},
		{10, "echo $?", "1\n"},
		{15, "fnsum later", ""},
	}
	got := examples(text)
	if len(got) != len(want) {
		t.Fatalf("%d examples: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("example %+v, want %+v", got[i], want[i])
		}
	}
}

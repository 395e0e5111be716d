// SPDX-License-Identifier: MIT

package lines

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltin(t *testing.T) {
	entries, err := parse(strings.NewReader(signatures))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(entries); i++ {
		if entries[i-1].compare(entries[i]) >= 0 {
			t.Errorf("%v doesn't come after %v", entries[i], entries[i-1])
		}
	}
	for line := range strings.Lines(signatures) {
		text, comment, _ := strings.Cut(line, "#")
		if strings.TrimSpace(text) != "" && !(strings.HasPrefix(comment, " 7.3 ") && strings.Contains(comment, ", 6.12 ") && strings.Contains(comment, "; via ")) {
			t.Errorf("no source: %s", line)
		}
	}
	if digest := Builtin().Digest(); digest != "" {
		t.Errorf("digest %q of nothing added", digest)
	}
}

func TestParameters(t *testing.T) {
	tests := []struct {
		name string
		want []int
	}{
		{"__might_sleep", []int{2}},
		{"___might_sleep", []int{2}}, // before 5.17
		{"warn_slowpath_fmt", []int{2}},
		{"__ext4_error_inode", []int{3}},
		{"xfs_corruption_error", []int{7}},
		{"_printk", nil},
		{"f2fs_fault_report", nil}, // its fourth is a line only for one of its reasons
	}
	table := Builtin()
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, table.Parameters(tt.name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestParametersAreACopy(t *testing.T) {
	table := Builtin()
	table.Parameters("__might_sleep")[0] = 9
	if got := table.Parameters("__might_sleep"); !slices.Equal(got, []int{2}) {
		t.Errorf("got %v", got)
	}
}

func TestAdd(t *testing.T) {
	table := Builtin()
	const file = "# ours\r\n\r\n  my_assert\t3 # file, function, line\r\nmy_assert 03\r\nmy_range 7\r\nmy_range 2#from\r\n__might_sleep 1"
	if err := table.Add(strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]int{"my_assert": {3}, "my_range": {2, 7}, "__might_sleep": {1, 2}} {
		if diff := cmp.Diff(want, table.Parameters(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := Builtin().Parameters("my_assert"); got != nil {
		t.Errorf("another table has it too: %v", got)
	}
}

func TestAddErrors(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"no number", "a 1\n\nb\n", "line 3: want a function's name and a parameter's number"},
		{"more", "a 1 2\n", "line 1: want a function's name and a parameter's number"},
		{"comma", "a 1,2\n", `line 1: "1,2" is not a parameter's number, 1 to 127`},
		{"zero", "# a\r\na 0\r\n", `line 2: "0" is not a parameter's number, 1 to 127`},
		{"negative", "a -1", `line 1: "-1" is not a parameter's number, 1 to 127`},
		{"sign", "a +1", `line 1: "+1" is not a parameter's number, 1 to 127`},
		{"large", "a 128", `line 1: "128" is not a parameter's number, 1 to 127`},
		{"huge", "a 99999999999999999999", `line 1: "99999999999999999999" is not a parameter's number, 1 to 127`},
		{"turned", "1 a", `line 1: "a" is not a parameter's number, 1 to 127`},
		{"too long", "a 1\n#" + strings.Repeat("x", 1<<17), "line 2: too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := Builtin()
			err := table.Add(strings.NewReader("first 1 # kept only if all are\n" + tt.file))
			if err == nil {
				t.Fatal("no error")
			}
			if got := Builtin().Add(strings.NewReader(tt.file)).Error(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if table.Parameters("first") != nil || table.Digest() != "" {
				t.Error("the table changed")
			}
		})
	}
	broken := errors.New("broken")
	if err := Builtin().Add(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestDigest(t *testing.T) {
	digest := func(files ...string) string {
		t.Helper()
		table := Builtin()
		for _, file := range files {
			if err := table.Add(strings.NewReader(file)); err != nil {
				t.Fatal(err)
			}
		}
		return table.Digest()
	}
	want := digest("a 1\nb 2\nb 11\n")
	if len(want) != 16 {
		t.Errorf("digest %q", want)
	}
	for _, files := range [][]string{
		{"b 11\nb 2\na 1\n"},
		{"# c 3\r\n\ta  01\r\nb 2 # two\r\nb 11"},
		{"b 2\nb 11", "a 1\na 1"},
		{"a 1\nb 2\nb 11\n__might_sleep 2\n"}, // was there
	} {
		if got := digest(files...); got != want {
			t.Errorf("%q: %s, want %s", files, got, want)
		}
	}
	for _, files := range [][]string{nil, {""}, {"a 1"}, {"a 1\nb 2\nb 1"}, {"a 1\nb 2\nb 11\n__might_sleep 1"}} {
		if got := digest(files...); got == want {
			t.Errorf("%q: %s too", files, got)
		}
	}
	for _, files := range [][]string{nil, {"# none\n"}, {"__might_sleep 2"}} {
		if got := digest(files...); got != "" {
			t.Errorf("%q: %s, want nothing", files, got)
		}
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte(signatures[:min(len(signatures), 4096)]))
	f.Add([]byte("a 1\r\nb 2 # two\r\n\r\n"))
	f.Add([]byte("a 1\nb\n"))
	f.Add([]byte("a 0\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		table := Builtin()
		if err := table.Add(bytes.NewReader(file)); err != nil {
			if table.Digest() != "" {
				t.Errorf("added to in spite of %v", err)
			}
			return
		}
		// What was added, written out, is the same table again.
		var again bytes.Buffer
		for e := range table.added {
			if !slices.Contains(table.Parameters(e.name), e.parameter) {
				t.Errorf("%v isn't there", e)
			}
			again.WriteString(e.String() + "\n")
		}
		other := Builtin()
		if err := other.Add(&again); err != nil {
			t.Fatal(err)
		}
		if table.Digest() != other.Digest() {
			t.Errorf("%s, again %s", table.Digest(), other.Digest())
		}
	})
}

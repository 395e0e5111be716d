// SPDX-License-Identifier: MIT

package report

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var sides = Sides{Old: "old tree/<vmlinux.o>", New: "new.fnsum"}

func fn(name string, code byte, options ...func(*checksum.Record)) checksum.Record {
	r := checksum.Record{
		Name: name, Section: ".text", Scope: elf.STB_GLOBAL, Size: 16, Digest: checksum.Digest{code, 0xab},
		Classes: []checksum.ClassDigest{{Class: checksum.Instructions, Exact: uint64(code)}},
	}
	for _, option := range options {
		option(&r)
	}
	return r
}

// compared compares manifests of one object each.
func compared(t *testing.T, older, newer []checksum.Record) *compare.Result {
	t.Helper()
	r, err := compare.Manifests(
		manifest.New("x86_64", manifest.Object{Name: "old.o", Records: older}),
		manifest.New("x86_64", manifest.Object{Name: "new.o", Records: newer}), compare.Options{},
	)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// results are comparisons with everything that a report can show.
func results(t *testing.T) map[string]*compare.Result {
	t.Helper()
	local := func(file string) func(*checksum.Record) {
		return func(r *checksum.Record) { r.Scope, r.File = elf.STB_LOCAL, file }
	}
	older := []checksum.Record{
		fn("same", 1),
		fn("grown", 1, local("a.c"), func(r *checksum.Record) { r.Sympos = 2 }),
		fn("gone", 1, func(r *checksum.Record) { r.Sympos = 4 }),
		fn("guessed", 1, func(r *checksum.Record) { r.File = "b.c" }),
		fn("merged", 1), fn("moved", 1), fn("old_name", 5),
		fn("<T as Trait>::f&", 1),
		{Kind: checksum.Orphan, Name: checksum.OrphanName, Section: ".init.text", Scope: elf.STB_LOCAL, Size: 3, Digest: checksum.Digest{7}},
	}
	newer := []checksum.Record{
		fn("same", 1, func(r *checksum.Record) { r.NeedRare().Aliases = []string{"merged"}; r.Digest[0] = 2 }),
		fn("grown", 2, local("a.c"), func(r *checksum.Record) {
			r.Size, r.Sympos, r.Section = 4711, 3, ".init.text"
			r.Rare = &checksum.Rare{Cold: []string{"grown.cold"}, Aliases: []string{"grown_too", "grown_as_well"}}
		}),
		fn("new_name", 5),
		fn("fresh", 9, local("c.c"), func(r *checksum.Record) { r.Sympos, r.Opaque = 5, true }),
		fn("guessed", 2, func(r *checksum.Record) { r.File = "b.c" }),
		fn("moved", 1),
		fn("<T as Trait>::f&", 3),
		{Kind: checksum.Orphan, Name: checksum.OrphanName, Section: ".init.text", Scope: elf.STB_LOCAL, Size: 3, Digest: checksum.Digest{8}},
	}
	object := func(name string, records ...checksum.Record) manifest.Object {
		return manifest.Object{Name: name, Records: records}
	}
	trees, err := compare.Manifests(
		manifest.New("arm64", object("a/same.ko", fn("f", 1)), object("b.ko", fn("f", 1), fn("g", 1)), object("gone.ko", fn("f", 1))),
		manifest.New("arm64", object("a/same.ko", fn("f", 1)), object("b.ko", fn("f", 2), fn("g", 2)), object("fresh.ko", fn("f", 1), fn("h", 1))),
		compare.Options{Unreadable: []string{"corrupt.ko"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*compare.Result{
		"changes": compared(t, older, newer),
		"same":    compared(t, older, older),
		"empty":   compared(t, nil, nil),
		"trees":   trees,
	}
}

func render(t *testing.T, name string, r *compare.Result) []byte {
	t.Helper()
	format, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := format(&b, r, sides); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, r := range results(t) {
		for _, format := range FormatNames {
			path := filepath.Join("testdata", name+"."+format)
			got := render(t, format, r)
			if *update {
				if err := os.WriteFile(path, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
		}
	}
}

// The fields of the JSON format: scripts depend on each name, and on there
// being no others' absence to check for.
var (
	diffFields     = []string{"schema", "old", "new", "summary", "objects", "functions"}
	sideFields     = []string{"path", "arch", "functions", "orphans", "opaque"}
	summaryFields  = []string{"changed", "added", "removed", "renamed", "line_only", "unchanged"}
	objectFields   = []string{"name", "status", "functions"}
	functionFields = []string{
		"name", "file", "file_inferred", "object", "section", "status", "reasons", "old", "new",
		"paired_by", "sympos", "opaque", "cold", "aliases", "lines",
	}
	stateFields = []string{"name", "size", "digest"}
)

type object = map[string]any

// fields checks that a JSON object has these fields and no others.
func fields(t *testing.T, what string, value any, want []string) object {
	t.Helper()
	o, ok := value.(object)
	if !ok {
		t.Fatalf("%s is no object: %v", what, value)
	}
	var got []string
	for name := range o {
		got = append(got, name)
	}
	slices.Sort(got)
	if d := cmp.Diff(slices.Sorted(slices.Values(want)), got); d != "" {
		t.Errorf("fields of %s (-want +got):\n%s", what, d)
	}
	return o
}

// array checks that a field is an array, an empty one not null.
func array(t *testing.T, o object, name string) []any {
	t.Helper()
	list, ok := o[name].([]any)
	if !ok {
		t.Errorf("%s is no array: %v", name, o[name])
	}
	return list
}

func TestJSON(t *testing.T) {
	for name, r := range results(t) {
		t.Run(name, func(t *testing.T) {
			text := render(t, "json", r)
			var value any
			if err := json.Unmarshal(text, &value); err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if !bytes.HasSuffix(text, []byte("}\n")) {
				t.Error("the last line has no end")
			}
			diff := fields(t, "the document", value, diffFields)
			if diff["schema"] != "fnsum.diff/1" {
				t.Errorf("schema %v", diff["schema"])
			}
			older, newer := fields(t, "old", diff["old"], sideFields), fields(t, "new", diff["new"], sideFields)
			if older["path"] != sides.Old || newer["path"] != sides.New {
				t.Errorf("paths %v, %v", older["path"], newer["path"])
			}
			if older["arch"] != r.Old.Arch || newer["arch"] != r.New.Arch {
				t.Errorf("architectures %v, %v", older["arch"], newer["arch"])
			}
			summary := fields(t, "summary", diff["summary"], summaryFields)
			number := func(o object, name string) float64 {
				n, ok := o[name].(float64)
				if !ok {
					t.Errorf("%s is no number: %v", name, o[name])
				}
				return n
			}
			for _, o := range array(t, diff, "objects") {
				o := fields(t, "an object", o, objectFields)
				if o["status"] != "added" && o["status"] != "removed" && o["status"] != "unreadable" {
					t.Errorf("status %v of object %v", o["status"], o["name"])
				}
				number(o, "functions")
			}
			aliases := 0.0
			for _, f := range array(t, diff, "functions") {
				f := fields(t, "a function", f, functionFields)
				checkFunction(t, f)
				if after, ok := f["new"].(object); ok && after["name"] != f["name"] {
					aliases++
				}
				number(f, "sympos")
			}
			sum := 0.0
			for _, name := range []string{"changed", "added", "renamed", "line_only", "unchanged"} {
				sum += number(summary, name)
			}
			if want := number(newer, "functions") + number(newer, "orphans") + aliases; sum != want {
				t.Errorf("the summary adds up to %v instead of %v", sum, want)
			}
		})
	}
}

// checkFunction checks one of the listed functions.
func checkFunction(t *testing.T, f object) {
	t.Helper()
	for _, name := range []string{"cold", "aliases", "lines"} {
		array(t, f, name)
	}
	reasons := array(t, f, "reasons")
	present := map[string]bool{}
	for _, side := range []string{"old", "new"} {
		if f[side] == nil {
			continue
		}
		present[side] = true
		state := fields(t, side, f[side], stateFields)
		if digest, ok := state["digest"].(string); !ok || len(digest) != 32 || strings.Trim(digest, "0123456789abcdef") != "" {
			t.Errorf("digest %v", state["digest"])
		}
		if _, ok := state["size"].(float64); !ok {
			t.Errorf("size %v", state["size"])
		}
	}
	status := f["status"]
	if present["old"] != (status != "added") || present["new"] != (status != "removed") {
		t.Errorf("%v is %v, with old %v and new %v", f["name"], status, f["old"], f["new"])
	}
	if changed := status == "changed"; changed != (len(reasons) > 0) || (present["old"] && present["new"]) != (f["paired_by"] != "") {
		t.Errorf("%v is %v for %v, paired by %v", f["name"], status, reasons, f["paired_by"])
	}
	for _, name := range []string{"file_inferred", "opaque"} {
		if _, ok := f[name].(bool); !ok {
			t.Errorf("%s is no boolean: %v", name, f[name])
		}
	}
}

// What each field says, where the two sides differ in it.
func TestJSONFields(t *testing.T) {
	var diff struct {
		Old, New  struct{ Functions, Orphans, Opaque int }
		Functions []struct {
			Name, File, Object, Section, Status string
			FileInferred                        bool `json:"file_inferred"`
			Sympos                              int
			Opaque                              bool
			Cold, Aliases                       []string
			Old, New                            *struct{ Name string }
		}
	}
	if err := json.Unmarshal(render(t, "json", results(t)["changes"]), &diff); err != nil {
		t.Fatal(err)
	}
	if diff.Old.Functions != 8 || diff.Old.Orphans != 1 || diff.New.Functions != 7 || diff.New.Opaque != 1 {
		t.Errorf("counts of the sides: %+v, %+v", diff.Old, diff.New)
	}
	seen := map[string]bool{}
	for _, f := range diff.Functions {
		seen[f.Name] = true
		switch f.Name {
		case "grown": // as in new, with the old symbol's position
			if f.Section != ".init.text" || f.Object != "new.o" || f.Sympos != 2 || f.FileInferred || f.File != "a.c" {
				t.Errorf("%+v", f)
			}
			if d := cmp.Diff([][]string{{"grown.cold"}, {"grown_too", "grown_as_well"}}, [][]string{f.Cold, f.Aliases}); d != "" {
				t.Errorf("cold and aliases (-want +got):\n%s", d)
			}
		case "fresh":
			if f.Status != "added" || f.Sympos != 5 || !f.Opaque || f.Old != nil {
				t.Errorf("%+v", f)
			}
		case "gone":
			if f.Status != "removed" || f.Object != "old.o" || f.Sympos != 4 || f.New != nil {
				t.Errorf("%+v", f)
			}
		case "new_name":
			if f.Status != "renamed" || f.Old.Name != "old_name" || f.New.Name != "new_name" {
				t.Errorf("%+v", f)
			}
		case "guessed":
			if !f.FileInferred || f.File != "b.c" {
				t.Errorf("%+v", f)
			}
		case "merged": // an alias that moved to different code
			if f.Old.Name != "merged" || f.New.Name != "same" {
				t.Errorf("%+v", f)
			}
		}
	}
	for _, name := range []string{"grown", "fresh", "gone", "guessed", "merged", "new_name", "(orphan)"} {
		if !seen[name] {
			t.Errorf("%s isn't listed", name)
		}
	}
}

// Names are one a line, sorted in byte order, without repetition.
func TestNames(t *testing.T) {
	for name, r := range results(t) {
		text := string(render(t, "names", r))
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if text == "" {
			lines = nil
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: the last line has no end", name)
		}
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
			t.Errorf("%s: not sorted, or with repetitions: %q", name, lines)
		}
		for _, c := range r.Changes {
			if slices.Contains(lines, c.Name) != c.Differs() {
				t.Errorf("%s: %s, %s, is there: %v", name, c.Name, c.Status, !c.Differs())
			}
		}
	}
}

// No line of the text for people ends in blanks.
func TestTextBlanks(t *testing.T) {
	for name, r := range results(t) {
		for line := range strings.Lines(string(render(t, "text", r))) {
			if body := strings.TrimSuffix(line, "\n"); strings.TrimRight(body, " \t") != body {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
}

func TestByName(t *testing.T) {
	for _, name := range FormatNames {
		if _, err := ByName(name); err != nil {
			t.Error(err)
		}
	}
	if len(formats) != len(FormatNames) {
		t.Errorf("%d formats, %d names", len(formats), len(FormatNames))
	}
	if FormatNames[0] != "text" {
		t.Errorf("the default is %s", FormatNames[0])
	}
	for _, name := range []string{"", "JSON", "xml"} {
		if _, err := ByName(name); err == nil || !strings.Contains(err.Error(), "text") {
			t.Errorf("format %q: error %v", name, err)
		}
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// A writer's error comes back, from every format.
func TestWriteErrors(t *testing.T) {
	r := results(t)["changes"]
	for name, format := range formats {
		if err := format(broken{}, r, sides); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

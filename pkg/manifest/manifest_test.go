// SPDX-License-Identifier: MIT

package manifest

import (
	"bytes"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/checksum"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// digest is a made-up digest of 128 bits that begins with the byte.
func digest(first byte) checksum.Digest {
	d := checksum.Digest{first}
	for i := range d[1:checksum.XXH3.Size()] {
		d[i+1] = byte(i*17) ^ first
	}
	return d
}

// sample has a record for each thing that a record can say, in order.
func sample() *Manifest {
	return New("x86_64",
		Object{
			Name: "drivers/net/tricky\t%.ko", Size: math.MaxInt64, BuildID: "00ff",
			Account: checksum.Account{
				Bytes:   checksum.Shares{Functions: 1, Orphans: 2, Padding: 3, Replacements: 4},
				Relocs:  checksum.Shares{Functions: 5, Orphans: 6, Padding: 7, Replacements: math.MaxUint64},
				Entries: checksum.Shares{Functions: 8, Derived: 9},
			},
			Records: []checksum.Record{
				{
					Kind: checksum.Orphan, Name: checksum.OrphanName, Section: ".text", Scope: elf.STB_LOCAL,
					Size: 12, Digest: digest(4),
				},
				{Name: "plain", Section: ".text", Scope: elf.STB_GLOBAL, Digest: digest(1)},
				{
					Name: "odd\tname\n%41\r\x00\x7f", File: "-", Section: "\xff\xfeé", Scope: elf.STB_WEAK,
					Rare:   &checksum.Rare{Aliases: []string{"-", "a,b", "c=d", "%2C", "tab\t", "é\xc3", "with space"}, Cold: []string{"x=y,z"}},
					Digest: digest(3),
				},
				{
					Name: "full", File: "a.c", Section: ".init.text", Scope: elf.STB_LOCAL, Size: math.MaxUint64,
					Rare:   &checksum.Rare{Aliases: []string{"alias_a", "alias_b"}, Cold: []string{"full.cold", "full.cold.2"}, Masked: digest(6)},
					Digest: digest(2), Disambiguation: 0xfedc, Opaque: true, Sympos: 7,
					Classes: []checksum.ClassDigest{
						checksum.NewClassDigest(checksum.Instructions, "", 1, 9, 0),
						checksum.NewClassDigest(checksum.JumpTables, "", math.MaxUint64, math.MaxUint64, 0),
						checksum.NewClassDigest(checksum.BugTable, "", 2, 0, 3),
						checksum.NewClassDigest(checksum.Tracing, "", 4, 4, 0),
						checksum.NewClassDigest(checksum.Cold, "", 0, 0, 0),
						checksum.NewClassDigest(checksum.Special, "", 5, 5, 6),
						checksum.NewClassDigest(checksum.Special, ".smp_locks", 5, 5, 6),
						checksum.NewClassDigest(checksum.Special, "a,b=c@:d", 7, 7, 8),
					},
				},
			},
		},
		Object{Name: "empty.o"},
		Object{Name: "-", Records: []checksum.Record{{Name: "-", Digest: digest(5), Sympos: math.MaxInt32, Section: "-", Scope: elf.STB_WEAK}}},
	)
}

func write(t testing.TB, m *Manifest) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	longer := sample()
	longer.Hash = checksum.SHA256
	longer.Objects[0].Records[0].Digest[31] = 1
	for _, m := range []*Manifest{sample(), longer} {
		t.Run(m.Hash.String(), func(t *testing.T) { roundTrip(t, m) })
	}
}

func roundTrip(t *testing.T, m *Manifest) {
	data := write(t, m)
	if !Is(data) {
		t.Error("Is doesn't know what Write wrote")
	}
	back, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, back); d != "" {
		t.Errorf("read back (-written +read):\n%s", d)
	}
	if again := write(t, back); !bytes.Equal(again, data) {
		t.Errorf("written again:\n%s\ninstead of\n%s", again, data)
	}
}

// A manifest larger than Write's buffer, and a writer that fails.
func TestWriteLarge(t *testing.T) {
	o := Object{Name: "large.o"}
	for i := range 5000 {
		o.Records = append(o.Records, checksum.Record{Name: fmt.Sprintf("function_%05d", i), Section: ".text", Scope: elf.STB_LOCAL, Digest: digest(byte(i))})
	}
	m := New("x86_64", o)
	data := write(t, m)
	back, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, back); d != "" {
		t.Errorf("read back (-written +read):\n%s", d)
	}
	all := &limited{left: len(data)}
	if err := m.Write(all); err != nil || all.most > 1<<17 {
		t.Errorf("%d bytes at once, error %v", all.most, err)
	}
	for _, limit := range []int{0, 1 << 16, len(data) - 1} {
		if err := m.Write(&limited{left: limit}); !errors.Is(err, errFull) {
			t.Errorf("a writer that takes %d bytes: error %v", limit, err)
		}
	}
}

var errFull = errors.New("full")

// limited is a writer that takes so many bytes.
type limited struct{ left, most int }

func (l *limited) Write(b []byte) (int, error) {
	l.most = max(l.most, len(b))
	if l.left -= len(b); l.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// The file is text, a line a record, fourteen columns, whatever is in it.
func TestText(t *testing.T) {
	for line := range strings.Lines(string(write(t, sample()))) {
		body, ended := strings.CutSuffix(line, "\n")
		if !ended || strings.ToValidUTF8(body, "") != body || strings.ContainsFunc(body, func(r rune) bool { return r != '\t' && (r < ' ' || r == 0x7f) }) {
			t.Errorf("not a line of text: %q", line)
		}
		if n := strings.Count(body, "\t") + 1; !strings.HasPrefix(body, "# ") && n != 14 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestEscapes(t *testing.T) {
	for _, test := range []struct{ name, field, item string }{
		{"", "-", "-"},
		{"-", "%2D", "%2D"},
		{"--", "--", "--"},
		{"tcp_ack", "tcp_ack", "tcp_ack"},
		{"a b", "a b", "a b"},
		{"a\tb\nc", "a%09b%0Ac", "a%09b%0Ac"},
		{"\x00\x1f\x7f", "%00%1F%7F", "%00%1F%7F"},
		{"100%", "100%25", "100%25"},
		{"a,b=c", "a,b=c", "a%2Cb%3Dc"},
		{"é…", "é…", "é…"},
		{"a\xffb\xc3", "a%FFb%C3", "a%FFb%C3"},
		{"\xed\xa0\x80", "%ED%A0%80", "%ED%A0%80"}, // half of a surrogate pair
		{"\ufffd", "\ufffd", "\ufffd"},             // itself, not an error
		{"#", "#", "#"},                            // no header in this column
		{"<lambda>::f$x@@V1", "<lambda>::f$x@@V1", "<lambda>::f$x%40%40V1"},
	} {
		for _, list := range []bool{false, true} {
			want := test.field
			if list {
				want = test.item
			}
			got := string(appendEscaped(nil, test.name, list))
			if got != want {
				t.Errorf("appendEscaped(%q, list %v) = %q, want %q", test.name, list, got, want)
			}
			if back, ok := unescape(got); !ok || back != test.name {
				t.Errorf("unescape(%q) = %q, %v, want %q", got, back, ok, test.name)
			}
		}
	}
	for _, field := range []string{"", "%", "a%", "a%2", "%G0", "%0G", "%2d", "%%41"} {
		if name, ok := unescape(field); ok {
			t.Errorf("unescape(%q) = %q, want an error", field, name)
		}
	}
}

func inOrder(records []checksum.Record) []checksum.Record {
	var ordered []checksum.Record
	for _, i := range Order(records) {
		ordered = append(ordered, records[i])
	}
	return ordered
}

// Enough records of one file that its are sorted in pieces; equal ones stay in order.
func TestOrderOfMany(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	records := make([]checksum.Record, 60_000)
	for i := range records {
		records[i] = checksum.Record{Name: fmt.Sprintf("function_%d", random.IntN(30_000)), Section: ".text", Body: int32(i)}
		if random.IntN(8) == 0 {
			records[i].File = "a.c"
		}
	}
	want := slices.Clone(records)
	slices.SortStableFunc(want, func(a, b checksum.Record) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return strings.Compare(a.Name, b.Name)
	})
	if !slices.EqualFunc(want, inOrder(records), func(a, b checksum.Record) bool { return a.Body == b.Body }) {
		t.Error("out of order")
	}
}

// Objects by name, records by file, name, section, kind and digest, all in
// byte order.
func TestOrder(t *testing.T) {
	sorted := []checksum.Record{
		{File: "", Name: "z", Section: ".text"},
		{File: "B.c", Name: "a", Section: ".text"},
		{File: "a.c", Name: "A", Section: ".text"},
		{File: "a.c", Name: "a", Section: ".init.text", Digest: digest(255)},
		{File: "a.c", Name: "a", Section: ".text", Digest: digest(1)},
		{File: "a.c", Name: "a", Section: ".text", Digest: digest(200)},
		{File: "a.c", Name: "a", Section: ".text", Kind: checksum.Orphan, Digest: digest(0)},
		{File: "a.c", Name: "a.10", Section: ".text"},
		{File: "a.c", Name: "a.2", Section: ".text"},
		{File: "é.c", Name: "a", Section: ".text"},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		records := slices.Clone(sorted)
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if d := cmp.Diff(sorted, inOrder(records)); d != "" {
			t.Fatalf("order (-want +got):\n%s", d)
		}
	}
	m := New("x86_64", Object{Name: "b"}, Object{Name: "a/b"}, Object{Name: "B"}, Object{Name: "a"})
	var names []string
	for _, o := range m.Objects {
		names = append(names, o.Name)
	}
	if d := cmp.Diff([]string{"B", "a", "a/b", "b"}, names); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}
}

func TestCount(t *testing.T) {
	m := sample()
	if f, o, opaque := m.Count(checksum.Function), m.Count(checksum.Orphan), m.Opaque(); f != 4 || o != 1 || opaque != 1 {
		t.Errorf("%d functions, %d orphans, %d opaque; want 4, 1, 1", f, o, opaque)
	}
}

// The format is read by others' scripts: this file pins it.
func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "sample.fnsum")
	got := write(t, sample())
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
	back, err := Read(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample(), back); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
}

// good is a small manifest by its lines.
func good() []string {
	return []string{
		"# fnsum manifest 1",
		fmt.Sprintf("# form %d", checksum.FormVersion),
		"# lines -",
		"# hash xxh3",
		"# arch x86_64",
		"# options -",
		"# classes i=instructions",
		"# object\ta.o\tsize=1\tbuildid=-\tfunction-bytes=1\tpadding-bytes=2",
		strings.Join([]string{
			0: "f", 1: "00112233445566778899aabbccddeeff", 2: "-", 3: "-", 4: "0123456789abcdef",
			5: "i=0123456789abcdef,r=0123456789abcdef", 6: "16", 7: "global", 8: "cold,sympos=2", 9: "a.o",
			10: ".text", 11: "a.c", 12: "f", 13: "g,h",
		}, "\t"),
	}
}

const (
	headerLine = 6 // that of classes; indices into good
	objectLine = 7
	recordLine = 8
)

// malformed is a change of good that Read must refuse.
type malformed struct {
	name   string
	change func([]string)
	line   int // from 0
	want   string
}

func malformedManifests(tb testing.TB) []malformed {
	column := func(n int, value string) func([]string) {
		return func(lines []string) {
			fields := strings.Split(lines[recordLine], "\t")
			fields[n] = value
			lines[recordLine] = strings.Join(fields, "\t")
		}
	}
	line := func(n int, value string) func([]string) {
		return func(lines []string) { lines[n] = value }
	}
	replace := func(n int, old, with string) func([]string) {
		return func(lines []string) {
			if !strings.Contains(lines[n], old) {
				tb.Fatalf("line %d has no %q", n, old)
			}
			lines[n] = strings.Replace(lines[n], old, with, 1)
		}
	}
	return []malformed{
		{"no magic", line(0, "# fnsum"), 0, "begin with"},
		{"future version", line(0, "# fnsum manifest 2"), 0, `version "2"`},
		{"no version", line(0, "# fnsum manifest "), 0, `version ""`},
		{"version with more", line(0, "# fnsum manifest 1 "), 0, `version "1 "`},
		{"other form", line(1, "# form 0"), 1, `"0" of the canonical form`},
		{"no form", line(1, "# form"), 1, "canonical form"},
		{"line table", line(2, "# lines 0123"), 2, `"0123"`},
		{"other hash", line(3, "# hash md5"), 3, `"md5"`},
		{"no machine", line(4, "# arch -"), 4, "architecture"},
		{"bad machine", line(4, "# arch %"), 4, "architecture"},
		{"options", line(5, "# options date"), 5, `"date"`},
		{"unknown header", line(headerLine, "# colour red"), headerLine, `"colour"`},
		{"header twice", line(headerLine, "# hash xxh3"), headerLine, `second "hash"`},
		{"carriage return", line(3, "# hash xxh3\r"), 3, "hash"},
		{"empty line", line(headerLine, ""), headerLine, "1 columns"},
		{"comment", line(headerLine, "#nothing"), headerLine, "1 columns"},

		{"no object name", replace(objectLine, "a.o", "-"), objectLine, "object name"},
		{"bad object name", replace(objectLine, "a.o", "%zz"), objectLine, "object name"},
		{"object size", replace(objectLine, "size=1", "size=x"), objectLine, "size"},
		{"negative object size", replace(objectLine, "size=1", "size=-1"), objectLine, "size"},
		{"huge object size", replace(objectLine, "size=1", "size=9223372036854775808"), objectLine, "size"},
		{"no object size", replace(objectLine, "size=1", "length=1"), objectLine, "size"},
		{"build id", replace(objectLine, "buildid=-", "buildid="), objectLine, "build id"},
		{"no build id", replace(objectLine, "buildid=-", "id=-"), objectLine, "build id"},
		{"account", replace(objectLine, "padding-bytes=2", "padding-bytes=-1"), objectLine, "padding-bytes"},
		{"account order", replace(objectLine, "function-bytes=1\tpadding-bytes=2", "padding-bytes=2\tfunction-bytes=1"), objectLine, "function-bytes"},
		{"account of nothing", replace(objectLine, "padding-bytes=2", "padding-bytes=0"), objectLine, "padding-bytes"},
		{"account of what", replace(objectLine, "padding-bytes=2", "padding-bytes=2\tmore=1"), objectLine, "more=1"},
		{"only a name", line(objectLine, "# object\ta.o"), objectLine, "1 fields"},
		{"object twice", func(lines []string) { lines[recordLine] = lines[objectLine] }, recordLine, "second time"},

		{"columns missing", replace(recordLine, "\tg,h", ""), recordLine, "13 columns"},
		{"columns too many", replace(recordLine, "\tg,h", "\tg,h\t-"), recordLine, "15 columns"},
		{"kind", column(0, "x"), recordLine, `kind "x"`},
		{"no kind", column(0, ""), recordLine, `kind ""`},
		{"digest short", column(1, "00112233445566778899aabbccddee"), recordLine, "digest"},
		{"digest long", column(1, "00112233445566778899aabbccddeeff00"), recordLine, "digest"},
		{"digest no hex", column(1, "0x112233445566778899aabbccddeeff"), recordLine, "digest"},
		{"no digest", column(1, "-"), recordLine, "digest"},
		{"masked", column(2, "00112233445566778899aabbccddeeff"), recordLine, "masked"},
		{"long masked", column(2, strings.Repeat("0", 64)), recordLine, "masked"},
		{"odd masked", column(2, strings.Repeat("0", 31)), recordLine, "masked"},
		{"dwarf", column(3, "00112233445566778899aabbccddeeff"), recordLine, "masked"},
		{"no masked", column(2, ""), recordLine, "masked"},
		{"disambiguation", column(4, "0123"), recordLine, "disambiguation"},
		{"disambiguation no hex", column(4, "0123456789abcdeg"), recordLine, "disambiguation"},
		{"disambiguation signed", column(4, "+123456789abcdef"), recordLine, "disambiguation"},
		{"class", column(5, "q=0123456789abcdef"), recordLine, `"q=0123456789abcdef"`},
		{"class without a digest", column(5, "i"), recordLine, `"i"`},
		{"class digest", column(5, "i=0123456789abcde"), recordLine, `"i=0123456789abcde"`},
		{"class order", column(5, "r=0123456789abcdef,i=0123456789abcdef"), recordLine, "order"},
		{"class twice", column(5, "i=0123456789abcdef,i=0123456789abcdef"), recordLine, "order"},
		{"class missing", column(5, "i=0123456789abcdef,"), recordLine, `""`},
		{"no classes", column(5, ""), recordLine, "class"},
		{"size", column(6, "0x10"), recordLine, `size "0x10"`},
		{"negative size", column(6, "-1"), recordLine, `size "-1"`},
		{"huge size", column(6, "18446744073709551616"), recordLine, "size"},
		{"scope", column(7, "static"), recordLine, `scope "static"`},
		{"mark", column(8, "warm"), recordLine, `mark "warm"`},
		{"no mark", column(8, ""), recordLine, "mark"},
		{"mark missing", column(8, "cold,"), recordLine, "mark"},
		{"opaque with a value", column(8, "opaque=1"), recordLine, `mark "opaque=1"`},
		{"cold without a name", column(8, "cold="), recordLine, `mark "cold="`},
		{"bad cold name", column(8, "cold=%"), recordLine, `mark "cold=%"`},
		{"no sympos", column(8, "sympos"), recordLine, `mark "sympos"`},
		{"sympos 0", column(8, "sympos=0"), recordLine, `mark "sympos=0"`},
		{"negative sympos", column(8, "sympos=-1"), recordLine, `mark "sympos=-1"`},
		{"huge sympos", column(8, "sympos=2147483648"), recordLine, "mark"},
		{"object unknown", column(9, "b.o"), recordLine, `"b.o"`},
		{"no object", column(9, "-"), recordLine, "object"},
		{"bad object", column(9, "%"), recordLine, "object"},
		{"bad section", column(10, "%4"), recordLine, "section"},
		{"section missing", column(10, ""), recordLine, "section"},
		{"bad file", column(11, "%4x"), recordLine, "file"},
		{"bad name", column(12, "f%"), recordLine, "name"},
		{"name missing", column(12, ""), recordLine, "name"},
		{"no name", column(12, "-"), recordLine, "name"},
		{"bad alias", column(13, "g,%"), recordLine, "alias"},
		{"alias missing", column(13, "g,,h"), recordLine, "alias"},
		{"alias without a name", column(13, "g,-"), recordLine, "alias"},
		{"no aliases", column(13, ""), recordLine, "alias"},
	}
}

func TestReadErrors(t *testing.T) {
	if _, err := Read([]byte(strings.Join(good(), "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	for _, test := range malformedManifests(t) {
		t.Run(test.name, func(t *testing.T) {
			lines := good()
			test.change(lines)
			m, err := Read([]byte(strings.Join(lines, "\n") + "\n"))
			if err == nil {
				t.Fatalf("read: %+v", m)
			}
			if !errors.Is(err, ErrManifest) {
				t.Errorf("%v isn't ErrManifest", err)
			}
			where := fmt.Sprintf("line %d: ", test.line+1)
			if text := err.Error(); !strings.Contains(text, where) || !strings.Contains(text, test.want) {
				t.Errorf("error %q lacks %q or %q", text, where, test.want)
			}
		})
	}
}

func TestReadTruncated(t *testing.T) {
	data := write(t, sample())
	header := bytes.Index(data, []byte("# classes"))
	for n := range data {
		_, err := Read(data[:n])
		whole := n > 0 && data[n-1] == '\n' // may be a smaller manifest
		if err == nil && !(whole && n > header) {
			t.Errorf("the first %d bytes were read", n)
		}
		if err != nil && !errors.Is(err, ErrManifest) {
			t.Errorf("%d bytes: %v isn't ErrManifest", n, err)
		}
	}
	for _, key := range headerKeys {
		lines := slices.DeleteFunc(good(), func(line string) bool { return strings.HasPrefix(line, "# "+key) })
		if _, err := Read([]byte(strings.Join(lines, "\n") + "\n")); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %q: %v", key, err)
		}
	}
}

func TestIs(t *testing.T) {
	for head, want := range map[string]bool{
		"# fnsum manifest 1\n": true, "# fnsum manifest 99": true, "# fnsum manifest": false,
		"": false, "\x7fELF": false, "# fnsum diff": false,
	} {
		if Is([]byte(head)) != want {
			t.Errorf("Is(%q) = %v", head, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, sample()))
	f.Add([]byte(strings.Join(good(), "\n") + "\n"))
	f.Add([]byte(strings.Join(good()[:recordLine], "\n") + "\n"))
	f.Add([]byte("# fnsum manifest 1\n"))
	f.Add([]byte(""))
	for _, test := range malformedManifests(f) {
		lines := good()
		test.change(lines)
		f.Add([]byte(strings.Join(lines, "\n") + "\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(data)
		if err != nil {
			if !errors.Is(err, ErrManifest) {
				t.Fatalf("%v isn't ErrManifest", err)
			}
			return
		}
		text := write(t, m)
		back, err := Read(text)
		if err != nil {
			t.Fatalf("written, but not read back: %v\n%s", err, text)
		}
		for i := range m.Objects {
			m.Objects[i].Records = inOrder(m.Objects[i].Records)
		}
		// Not cmp: it chooses its ways at random, which blinds the fuzzer.
		if !reflect.DeepEqual(m, back) {
			t.Fatalf("read back (-written +read):\n%s", cmp.Diff(m, back))
		}
		if again := write(t, back); !bytes.Equal(again, text) {
			t.Fatalf("written again:\n%s\ninstead of\n%s", again, text)
		}
	})
}

// Reading takes memory in proportion to the input, whatever is in it.
func TestReadMemory(t *testing.T) {
	head := strings.Join(good()[:recordLine], "\n") + "\n"
	record := good()[recordLine]
	const n = 1 << 17
	for name, text := range map[string]string{
		"tabs":     head + strings.Repeat("\t", n) + "\n",
		"lines":    head + strings.Repeat("\n", n),
		"commas":   head + strings.Replace(record, "i=0123456789abcdef", strings.Repeat(",", n), 1) + "\n",
		"marks":    head + strings.Replace(record, "cold", strings.Repeat("cold,", n/4)+"cold", 1) + "\n",
		"aliases":  head + strings.Replace(record, "g,h", strings.Repeat("g,", n/2)+"h", 1) + "\n",
		"fields":   strings.Replace(head, "\tsize=1", strings.Repeat("\tsize=1", n/8), 1),
		"escapes":  head + strings.Replace(record, "\ta.c", "\t"+strings.Repeat("%00", n/3), 1) + "\n",
		"records":  head + strings.Repeat(record+"\n", n/len(record)),
		"headers":  head + strings.Repeat("# hash xxh3\n", n/12),
		"newlines": strings.Repeat("\n", n),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = Read([]byte(text))
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		if limit := uint64(30 * len(text)); used > limit {
			t.Errorf("%s: %d bytes for an input of %d", name, used, len(text))
		}
	}
}

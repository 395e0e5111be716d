// SPDX-License-Identifier: MIT

package decode

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// example is a line of testdata/x86.txt.
type example struct {
	line     int
	code     []byte // the instruction
	trailing []byte
	ok       bool
	want     Inst // without Form and Opcode
	text     string
}

func readExamples(t testing.TB) (list []example) {
	readTable(t, "testdata/x86.txt", func(n int, line string) error {
		e, err := parseExample(line)
		e.line = n
		list = append(list, e)
		return err
	})
	return list
}

// readTable reads the lines of a file but for comments.
func readTable(t testing.TB, path string, add func(n int, line string) error) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if err := add(n, line); err != nil {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
	}
}

func parseExample(line string) (e example, err error) {
	columns := strings.Split(line, "\t")
	if len(columns) != 3 {
		return e, fmt.Errorf("%d columns", len(columns))
	}
	e.text = strings.TrimPrefix(columns[2], "# ")
	own, trailing, _ := strings.Cut(columns[0], "|")
	if e.code, err = hex.DecodeString(strings.ReplaceAll(own, " ", "")); err != nil {
		return e, err
	}
	if e.trailing, err = hex.DecodeString(strings.ReplaceAll(trailing, " ", "")); err != nil {
		return e, err
	}
	words := strings.Fields(columns[1])
	if words[0] == "invalid" {
		return e, nil
	}
	e.ok = true
	e.want.Len = uint8(len(e.code))
	kind := slices.Index(kindNames[:], words[0])
	if kind < 0 {
		return e, fmt.Errorf("kind %q", words[0])
	}
	e.want.Kind = Kind(kind)
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		field := map[string]*Span{"pc": &e.want.PC, "disp": &e.want.Disp, "imm": &e.want.Imm, "imm2": &e.want.Imm2}[name]
		if field == nil {
			return e, fmt.Errorf("field %q", name)
		}
		if name == "pc" {
			_, err = fmt.Sscanf(value, "%d+%d:%d", &field.Off, &field.Len, &e.want.PCRel)
		} else {
			_, err = fmt.Sscanf(value, "%d+%d", &field.Off, &field.Len)
		}
		if err != nil {
			return e, fmt.Errorf("%q: %w", word, err)
		}
	}
	return e, nil
}

func TestX86(t *testing.T) {
	for _, e := range readExamples(t) {
		got, ok := decodeX86(slices.Concat(e.code, e.trailing))
		got.Form, got.Opcode = 0, 0 // TestX86Forms
		if ok != e.ok {
			t.Errorf("x86.txt:%d: % x (%s): ok is %v", e.line, e.code, e.text, ok)
		} else if diff := cmp.Diff(e.want, got); diff != "" {
			t.Errorf("x86.txt:%d: % x (%s): -want +got:\n%s", e.line, e.code, e.text, diff)
		}
	}
}

// Each instruction is complete with its own bytes and not with one less.
func TestX86Truncated(t *testing.T) {
	for _, e := range readExamples(t) {
		if !e.ok {
			continue
		}
		if _, ok := decodeX86(e.code); !ok {
			t.Errorf("x86.txt:%d: % x (%s): refused without bytes behind it", e.line, e.code, e.text)
		}
		for n := range e.code {
			if in, ok := decodeX86(e.code[:n]); ok {
				t.Errorf("x86.txt:%d: % x (%s): length %d of %d bytes", e.line, e.code, e.text, in.Len, n)
			}
		}
	}
}

func TestX86Forms(t *testing.T) {
	for _, test := range []struct {
		code         string
		form, opcode uint8
	}{
		{"74 00", 0x74, 0},
		{"0f 84 00 00 00 00", 0x74, 0},
		{"2e 74 00", 0x74, 1},
		{"66 0f 84 00 00 00 00", 0x74, 1},
		{"70 00", 0x70, 0},
		{"0f 8f 00 00 00 00", 0x7F, 0},
		{"eb 00", 0xEB, 0},
		{"e9 00 00 00 00", 0xEB, 0},
		{"f2 e9 00 00 00 00", 0xEB, 1},
		{"e8 00 00 00 00", 0xE8, 0},
		{"66 48 e8 00 00 00 00", 0xE8, 2},
		{"e0 00", 0xE0, 0},
		{"e1 00", 0xE1, 0},
		{"e2 00", 0xE2, 0},
		{"67 e3 00", 0xE3, 1},
		{"c7 f8 00 00 00 00", 0xF8, 0},
		{"66 c7 f8 00 00", 0xF8, 1},
		{"c7 c0 00 00 00 00", 0, 0},
		{"48 8b 05 00 00 00 00", 0, 1},
		{"ff 25 00 00 00 00", 0, 0},
		{"3e ff e0", 0, 1},
		{"d5 00 a1 00 00 00 00 00 00 00 00", 0, 0},
		{"c5 f8 28 c1", 0, 0},
		{"67 62 f1 7c 48 28 00", 0, 1},
	} {
		code := unhex(t, test.code)
		in, ok := decodeX86(code)
		if !ok || in.Form != test.form || in.Opcode != test.opcode || int(in.Len) != len(code) {
			t.Errorf("%s: form %#x, opcode at %d, length %d, %v", test.code, in.Form, in.Opcode, in.Len, ok)
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	code, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// No processor takes more than 15 bytes for an instruction.
func TestX86Limit(t *testing.T) {
	for n := range 20 {
		code := append(bytes.Repeat([]byte{0x66}, n), 0x90)
		if in, ok := decodeX86(code); ok != (n < 15) || ok && (int(in.Len) != n+1 || in.Kind != Nop) {
			t.Errorf("%d prefixes: %+v, %v", n, in, ok)
		}
	}
	long := unhex(t, "66 66 66 66 2e 48 c7 05 00 00 00 00 00 00 00 00")
	if _, ok := decodeX86(long); ok {
		t.Error("16 bytes accepted")
	}
	if _, ok := decodeX86(long[1:]); !ok {
		t.Error("15 bytes refused")
	}
}

// A row that is too short or has an unknown letter would be a mistake that
// looks like an invalid opcode.
func TestX86MapsWellFormed(t *testing.T) {
	for table, rows := range x86Maps {
		last := byte(0)
		for _, row := range rows {
			if len(row) != 18 || row[1] != ' ' || row[0] <= last {
				t.Errorf("map %d: row %q", table, row)
			}
			last = row[0]
			for _, letter := range []byte(row[2:]) {
				if letter != '.' && letters[letter] == invalid {
					t.Errorf("map %d: row %q: letter %c", table, row, letter)
				}
			}
		}
	}
}

func TestX86DoesNotAllocate(t *testing.T) {
	examples := readExamples(t)
	var in Inst
	if n := testing.AllocsPerRun(10, func() {
		for _, e := range examples {
			X86(e.code, &in)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// checkInst checks what is true of every instruction.
func checkInst(t *testing.T, code []byte, in Inst) {
	t.Helper()
	if in.Len < 1 || in.Len > maxX86 || int(in.Len) > len(code) || in.Opcode >= in.Len || in.Kind > Trap {
		t.Fatalf("% x: %+v", code, in)
	}
	var used [maxX86]bool
	for _, field := range []Span{in.PC, in.Disp, in.Imm, in.Imm2} {
		if field.Len == 0 && field.Off != 0 || field.Len > 8 {
			t.Fatalf("% x: field %+v of %+v", code, field, in)
		}
		for i := range field.Len {
			at := field.Off + i
			if at <= in.Opcode || at >= in.Len || used[at] {
				t.Fatalf("% x: field %+v of %+v", code, field, in)
			}
			used[at] = true
		}
	}
	want := int64(0)
	if in.PC.Len != 0 {
		for i, b := range in.PC.Of(code) {
			want |= int64(b) << (8 * i)
		}
		shift := 64 - 8*in.PC.Len
		want = want<<shift>>shift + int64(in.Len)
	}
	if in.PCRel != want {
		t.Fatalf("% x: PCRel is %d, not %d", code, in.PCRel, want)
	}
	direct := in.Kind == Jump || in.Kind == CondJump || in.Kind == Call
	if (in.Form != 0) != direct || direct && in.PC.Len == 0 {
		t.Fatalf("% x: a %v with form %#x and field %+v", code, in.Kind, in.Form, in.PC)
	}
}

func FuzzX86(f *testing.F) {
	for _, e := range readExamples(f) {
		f.Add(slices.Concat(e.code, e.trailing))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		in, ok := decodeX86(code)
		if !ok {
			if in != (Inst{}) {
				t.Fatalf("% x: %+v without an instruction", code, in)
			}
			return
		}
		checkInst(t, code, in)
		own := code[:in.Len:in.Len]
		if got, ok := decodeX86(own); !ok || got != in {
			t.Fatalf("% x: %+v, but by itself %+v, %v", code, in, got, ok)
		}
		if got, ok := decodeX86(append(own, 0xFF, 0x05, 0xE8, 0x00)); !ok || got != in {
			t.Fatalf("% x: %+v, but with others behind it %+v, %v", code, in, got, ok)
		}
		if _, ok := decodeX86(own[:in.Len-1]); ok {
			t.Fatalf("% x: an instruction without its last byte", code)
		}
	})
}

// decodeX86 is X86 with its result as a value, for tests.
func decodeX86(code []byte) (in Inst, ok bool) {
	ok = X86(code, &in)
	if !ok {
		in = Inst{}
	}
	return in, ok
}

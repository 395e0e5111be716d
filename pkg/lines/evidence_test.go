// SPDX-License-Identifier: MIT

package lines

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/decode"
)

// fake is x86-64 code with the targets of its calls given by name: "line2" is
// a function whose second parameter is a line, "line9" one on the stack,
// "clone4" a clone of one with the fourth, "print" one that prints.
type fake struct {
	code    []byte
	insts   []decode.Inst
	offsets []int
	calls   map[int]string // by instruction
	more    map[int][]int
	joins   []int
	texts   map[int]string // by instruction
}

// assemble decodes lines of hexadecimal code; behind a call or a jump that
// leaves stands "> name", behind a static branch "~ N", the instruction that it
// may go to, and behind one that has a text's address, "= text".
func assemble(t *testing.T, text string) *fake {
	t.Helper()
	f := &fake{calls: map[int]string{}, more: map[int][]int{}, texts: map[int]string{}}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		digits, text, literal := strings.Cut(strings.TrimSpace(line), "= ")
		digits, name, named := strings.Cut(digits, ">")
		digits, more, branches := strings.Cut(digits, "~")
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		var in decode.Inst
		if err != nil || !decode.X86(b, &in) || int(in.Len) != len(b) {
			t.Fatalf("%s: %v", line, err)
		}
		if named {
			f.calls[len(f.insts)] = strings.TrimSpace(name)
		}
		if literal {
			f.texts[len(f.insts)] = text
		}
		if branches {
			f.more[len(f.insts)] = []int{int(strings.TrimSpace(more)[0] - '0')}
		}
		f.offsets = append(f.offsets, len(f.code))
		f.insts = append(f.insts, in)
		f.code = append(f.code, b...)
	}
	return f
}

func (f *fake) Len() int { return len(f.insts) }

func (f *fake) Joins(i int) bool { return slices.Contains(f.joins, i) }

func (f *fake) Literal(i int) []byte {
	if text, ok := f.texts[i]; ok {
		return []byte(text)
	}
	return nil
}

func (f *fake) Inst(i int) ([]byte, *decode.Inst) {
	return f.code[f.offsets[i]:][:f.insts[i].Len], &f.insts[i]
}

func (f *fake) Target(i int) int {
	for n, offset := range f.offsets {
		if f.calls[i] == "" && offset == f.offsets[i]+int(f.insts[i].PCRel) {
			return n
		}
	}
	return -1
}

func (f *fake) More(i int) []int { return f.more[i] }

func (f *fake) Callee(i int) Callee {
	name := f.calls[i]
	if n, ok := strings.CutPrefix(name, "line"); ok {
		return Callee{Lines: []int{int(n[0] - '0')}}
	}
	if n, ok := strings.CutPrefix(name, "clone"); ok {
		return Callee{Lines: []int{int(n[0] - '0')}, Clone: true}
	}
	return Callee{}
}

func (f *fake) Prints(i int) bool { return f.calls[i] == "print" }

// checkMarked checks which instructions are marked, and by which evidence.
func checkMarked(t *testing.T, name string, f *fake, evidence Evidence, want []int, find func(mark func(int, Evidence))) {
	t.Helper()
	marks := make([]bool, f.Len())
	find(func(i int, e Evidence) {
		if marks[i] = true; e != evidence {
			t.Errorf("%s: instruction %d by %v, want %v", name, i, e, evidence)
		}
	})
	var got []int
	for i, marked := range marks {
		if marked {
			got = append(got, i)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestSignatures(t *testing.T) {
	const (
		esi  = "be 10000000\n"     // mov $0x10,%esi
		edx  = "ba 20000000\n"     // mov $0x20,%edx
		edi  = "bf 30000000\n"     // mov $0x30,%edi
		ecx  = "b9 40000000\n"     // mov $0x40,%ecx
		push = "68 50000000\n"     // push $0x50
		nop  = "90\n"              //
		call = "e8 00000000 > "    // call
		ret  = "c3\n"              //
		jz   = "74 05\n"           // je over five bytes
		use  = "89 f0\n"           // mov %esi,%eax
		zero = "31 f6\n"           // xor %esi,%esi
		edi0 = "31 ff\n"           // xor %edi,%edi
		rep  = "f3 48 ab\n"        // rep stos
		ecx0 = "b9 08000000\n"     // mov $8,%ecx
		tail = "e9 00000000 > "    // jmp
		cond = "0f84 00000000 > "  // je
		jump = "ff e0\n"           // jmp *%rax
		slot = "c70424 60000000\n" // movl $0x60,(%rsp)
	)
	for _, test := range []struct {
		name, code string
		want       []int
	}{
		{"a line", esi + call + "line2", []int{0}},
		{"another function", esi + call + "f", nil},
		{"another parameter", edi + esi + call + "line2", []int{1}},
		{"over others", esi + edi + nop + call + "line2", []int{0}},
		{"set again", esi + esi + call + "line2", []int{1}},
		{"cleared", esi + zero + call + "line2", nil},
		{"another call in between", esi + call + "f\n" + call + "line2", nil},
		{"read in between", esi + use + call + "line2", nil},
		{"read on another path", esi + "74 06\n" + call + "line2\n" + ret + use, nil},
		{"both ways", esi + "74 06\n" + call + "line2\n" + ret + call + "line2\n", []int{0}},
		{"one way only", esi + "74 06\n" + call + "line2\n" + ret + ret, []int{0}},
		{"two that join", esi + "eb 05\n" + "be 11000000\n" + call + "line2", []int{0, 2}},
		{"a tail call", esi + tail + "line2", []int{0}},
		{"a conditional tail call", esi + cond + "line2\n" + ret, []int{0}},
		{"a loop", esi + "eb fe\n", nil},
		{"a jump to nobody knows where", esi + jump + call + "line2", nil},
		{"a static branch to where it is read", esi + "0f1f440000 ~ 4\n" + call + "line2\n" + ret + use, nil},
		{"a static branch", esi + "0f1f440000 ~ 4\n" + call + "line2\n" + ret + ret, []int{0}},
		{"implicitly set again", ecx + rep + call + "line4", nil},
		{"implicitly read", edi + rep + call + "line1", nil},
		{"its address is called", "48 c7 c6 10000000\n" + "ff d6\n" + call + "line2", nil},
		{"on the stack", push + call + "line7", []int{0}},
		{"on the stack, above", push + "6a 01\n" + call + "line8", []int{0}},
		{"on the stack, not there", push + "6a 01\n" + call + "line7", []int{1}},
		{"stored on the stack", slot + call + "line7", []int{0}},
		{"stored, and overwritten", slot + slot + call + "line7", []int{1}},
		{"stored, and read", slot + "8b 04 24\n" + call + "line7", nil},
		{"stored, the stack moved", slot + "48 83 ec 08\n" + call + "line7", nil},
		{"stored, the stack moved by nobody knows", slot + "48 29 c4\n" + call + "line7", nil},
		{"a clone", esi + call + "clone4", []int{0}},
		{"a clone, two immediates", edi + esi + call + "clone4", nil},
		{"a clone, one of them cleared", edi0 + esi + call + "clone4", nil},
		{"a clone, a later immediate", edx + ecx + call + "clone3", []int{0}},
		{"a clone, one immediate from two places", esi + "eb 05\n" + "be 11000000\n" + call + "clone4", []int{0, 2}},
		{"nothing behind", esi, nil},
		{"a longer immediate register", "48 c7 c6 10000000\n" + call + "line2", []int{0}},
		{"a register in part", "66 be 1000\n" + call + "line2", nil},
		{"the count of a memset", ecx0 + rep + ret, nil},
	} {
		f := assemble(t, test.code)
		checkMarked(t, test.name, f, Signature, test.want, func(mark func(int, Evidence)) { NewFinder(&X86).Signatures(f, mark) })
	}
}

func TestBug(t *testing.T) {
	const (
		line = "be 05020000\n" // mov $517,%esi
		same = "b8 05020000\n" // mov $517,%eax
		cmp4 = "3d 05020000\n" // cmp $517,%eax
		ud2  = "0f0b\n"
		call = "e8 00000000 > "
		nop  = "90\n"
	)
	for _, test := range []struct {
		name, code string
		at         int
		joins      []int
		want       []int
	}{
		{"in front of the trap", line + ud2 + same, 1, nil, []int{0}},
		{"with printing", line + call + "print\n" + ud2, 2, nil, []int{0}},
		{"with another call", line + call + "f\n" + ud2, 2, nil, nil},
		{"behind the place, up to the call", nop + line + call + "trap\n" + same, 0, nil, []int{1}},
		{"in front of a join", line + nop + ud2, 2, []int{1}, nil},
		{"at a join", line + nop + ud2, 2, []int{0}, []int{0}},
		{"in front of a branch", line + "74 00\n" + ud2, 2, nil, nil},
		{"another line", "be 06020000\n" + ud2, 1, nil, nil},
		{"no move", cmp4 + ud2, 1, nil, nil},
		{"in front of a static branch", line + "0f1f440000 ~ 2\n" + ud2, 2, nil, nil},
		{"as far as it may be in front", line + line + strings.Repeat(nop, Reach-1) + ud2, Reach + 1, nil, []int{1}},
		{"as far as it may be behind", strings.Repeat(nop, Reach-1) + line + line, 0, nil, []int{Reach - 1}},
	} {
		f := assemble(t, test.code)
		f.joins = test.joins
		checkMarked(t, test.name, f, BugTable, test.want, func(mark func(int, Evidence)) { NewFinder(&X86).Bug(f, test.at, 517, mark) })
	}
}

// A line is what a format has behind the path of a source.
func TestFormats(t *testing.T) {
	const (
		format = "bf 00000000 = at %s (%d)\n" // mov $0, %edi
		path   = "be 00000000 = fs/a.c\n"     // mov $0, %esi
		line   = "ba 05020000\n"              // mov $517, %edx
		call   = "e8 00000000 > print\n"
		six    = "bf 00000000 = %d %d %d %d %s:%d\n"
	)
	for _, test := range []struct {
		name, code string
		joins      []int
		want       []int
	}{
		{"in registers", line + path + format + call, nil, []int{0}},
		{"in another order", format + line + path + call, nil, []int{1}},
		{"any function", line + path + format + "e8 00000000 > f\n", nil, []int{0}},
		{"behind a parameter", "be 00000000 = at %s (%d)\nba 00000000 = fs/a.c\nb9 05020000\n" + call, nil, []int{2}},
		{"another file's path", line + "be 00000000 = fs/b.c\n" + format + call, nil, nil},
		{"a path that was loaded", line + path + "488b33\n" + format + call, nil, nil}, // mov (%rbx), %rsi
		{"a format that was loaded", line + path + format + "488b3b\n" + call, nil, nil},
		{"another format", line + path + "bf 00000000 = at %s, %d\n" + call, nil, nil},
		{"set in front of a branch", line + path + "74 00\n" + format + call, nil, nil},
		{"set in front of a join", line + path + format + call, []int{2}, nil},
		{"the line alone in front of a join", line + path + format + call, []int{1}, []int{0}},
		{"set in front of a call", line + path + format + "e8 00000000 > f\n" + call, nil, []int{0}}, // of f, that is
		{"the line is read, too", line + "89d0\n" + path + format + call, nil, nil},                  // mov %edx, %eax
		{"no immediate", "89c2\n" + path + format + call, nil, nil},
		{"on the stack", "68 05020000\n41b9 00000000 = fs/a.c\n" + six + call, nil, []int{0}},
		{"both on the stack", "68 05020000\n68 00000000 = fs/a.c\nbf 00000000 = %d %d %d %d %d %s:%d\n" + call, nil, []int{0}},
		{"another slot", "68 05020000\n6a 00\n41b9 00000000 = fs/a.c\n" + six + call, nil, []int{1}},
	} {
		f := assemble(t, test.code)
		f.joins = test.joins
		checkMarked(t, test.name, f, Format, test.want, func(mark func(int, Evidence)) {
			NewFinder(&X86).Formats(f, func(path []byte) bool { return string(path) == "fs/a.c" }, mark)
		})
	}
}

func TestAppendText(t *testing.T) {
	for _, test := range []struct {
		text, want string
		found      bool
	}{
		{"", "", false},
		{"see Documentation/driver.h:12", "see Documentation/driver.h:12", false},
		{"volumes.c:99999999999", "volumes.c:99999999999", false},
		{"hello 12", "hello 12", false},
		{"field at fs/btrfs/volumes.c:5074", "field at fs/btrfs/volumes.c:", true},
		{"include/a.h:1", "include/a.h:", true},
		{"arch/entry_64.S:77", "arch/entry_64.S:", true},
		{"a.c:5 and more", "a.c:5 and more", false},
		{"a.c:", "a.c:", false},
		{".c:5", ".c:5", false},
		{"a.cc:5", "a.cc:5", false},
		{"a.rs:5", "a.rs:5", false},
		{"x __compiletime_assert_12() y __compiletime_assert_345", "x __compiletime_assert_() y __compiletime_assert_", true},
		{"__compiletime_assert_", "__compiletime_assert_", false},
	} {
		got, _, found := AppendText([]byte("<"), []byte(test.text), func(name []byte) bool { return string(name) != "driver.h" })
		if string(got) != "<"+test.want || found != test.found {
			t.Errorf("%q: %q, %v", test.text, got, found)
		}
	}
}

// SPDX-License-Identifier: MIT

package decode

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// x86asm (v0.32.0) is a second judge of lengths on what it knows. What it
// doesn't know it may still "decode", as a prefix of length 1 with Op 0 and
// without an error, and these it decodes wrongly:
//
//   - vzeroupper and vzeroall: reads a ModRM byte
//   - mov to and from control and debug registers: takes mod below 3 for a
//     memory operand
//   - mov to and from test registers, movhps and movlps stores to a register:
//     not instructions in 64-bit mode, or at all
//   - map numbers above 3 in EVEX: masks them off, or reads other maps
//
// The lists below say which examples of testdata/x86.txt x86asm takes for one
// byte, or fails on, although they are instructions. VEX and EVEX it knows by
// now, short of AMX, APX, FMA4 and newer extensions; XOP it doesn't.

// misread has mnemonics of which x86asm returns length 1 without an error.
var misread = []string{
	"aadd", "adcx", "aesencwide128kl", "clui", "encodekey128", "encodekey256",
	"endbr64", "enqcmd", "enqcmds", "erets", "eretu", "extrq", "hreset", "incsspd",
	"incsspq", "insertq", "invept", "lkgs", "loadiwkey", "montmul", "movdir64b",
	"rdmsrlist", "rdsspd", "rdsspq", "rstorssp", "saveprevssp", "seamcall",
	"seamret", "setssbsy", "tdcall", "uiret", "urdmsr", "uwrmsr", "vmgexit",
	"wrmsrlist", "wrussd", "wrussq",
}

// failed has mnemonics of which x86asm returns an error.
var failed = []string{
	"clac", "cldemote", "clzero", "femms", "getsec", "invlpgb", "movdiri", "movrs",
	"pbndkb", "pconfig", "pfadd", "pfmul", "rdpkru", "serialize", "stac", "udb",
	"vmcall", "vmmcall", "vmread", "vmrun", "vmwrite", "wrmsrns", "wrssq", "xstore-rng",
	"test", // F7 /1
	"rex",  // in front of another prefix
}

func TestX86asmOnExamples(t *testing.T) {
	for _, e := range readExamples(t) {
		if !e.ok || e.code[0] == 0x67 || slices.ContainsFunc(e.code[:min(2, len(e.code))], isVectorEscape) {
			continue
		}
		words := strings.Fields(e.text)
		words = slices.DeleteFunc(words, func(w string) bool { return w == "repz" || w == "lock" })
		in, err := x86asm.Decode(slices.Concat(e.code, e.trailing), 64)
		switch {
		case err != nil:
			if !slices.Contains(failed, words[0]) && !strings.HasPrefix(words[0], "nop") {
				t.Errorf("x86.txt:%d: % x (%s): x86asm: %v", e.line, e.code, e.text, err)
			}
		case in.Op == 0:
			if in.Len != 1 || !slices.Contains(misread, words[0]) && words[0] != "mov" {
				t.Errorf("x86.txt:%d: % x (%s): x86asm: prefix of %d", e.line, e.code, e.text, in.Len)
			}
		case in.Len != len(e.code):
			t.Errorf("x86.txt:%d: % x (%s): x86asm: %v, %d bytes", e.line, e.code, e.text, in, in.Len)
		}
	}
}

// isVectorEscape reports the escapes of which x86asm knows a part only.
func isVectorEscape(b byte) bool {
	return b == 0x62 || b == 0x8F || b == 0xC4 || b == 0xC5 || b == 0xD5
}

// Random bytes: where x86asm finds an instruction, so do we, of that length.
func TestX86asmOnRandomBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	agreed := 0
	for range 300_000 {
		var code [20]byte
		for i := range code {
			code[i] = byte(random.Uint32())
		}
		switch random.IntN(6) {
		case 0:
			code[0] = 0x0F
		case 1:
			code[1] = 0x0F
		case 2:
			code[0] = 0xC5
		case 3:
			code[0], code[1] = 0xC4, code[1]&0xE0|byte(1+random.IntN(3))
		case 4:
			code[0], code[1], code[2] = 0x62, code[1]&0xF0|byte(1+random.IntN(3)), code[2]|4
		}
		want, err := x86asm.Decode(code[:], 64)
		if err != nil || want.Op == 0 || x86asmErrs(code[:], want.Op) {
			continue
		}
		got, ok := decodeX86(code[:])
		if !ok || int(got.Len) != want.Len {
			t.Errorf("% x: length %d, %v; x86asm: %v, %d", code, got.Len, ok, want, want.Len)
		}
		agreed++
	}
	t.Logf("%d instructions", agreed)
}

// x86asmErrs reports what is listed at the top of this file.
func x86asmErrs(code []byte, op x86asm.Op) bool {
	if op == x86asm.VZEROUPPER || op == x86asm.VZEROALL {
		return true
	}
	at := 0
	for oneByte[code[at]]&isPrefix != 0 {
		at++
	}
	next := code[at+1]
	switch code[at] {
	case 0x62:
		return next&0x0C != 0
	case 0x0F:
		return next&0xF8 == 0x20 || next == 0x13 || next == 0x17
	}
	return false
}

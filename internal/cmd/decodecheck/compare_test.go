// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"
)

// Each line claims something of its bytes, right or wrong; what decodecheck
// finds must say which. Otherwise "no differences" would mean nothing.
func TestCompare(t *testing.T) {
	for _, test := range []struct{ listed, want string }{
		{"10:\t48 8b 1d 01 00 00 00 \tmov    0x1(%rip),%rbx        # 18 <f+0x18>", ""},
		{"10:\t48 8b 1d 01 00 00 00 \tmov    0x1(%rip),%rbx        # 19 <f+0x19>", "relative target"},
		{"10:\t48 8b 1d 01 00 00 00 \tmov    (%rbx),%rbx", "relative"},
		{"10:\t48 8b 1d 01 00 00    \tmov    0x1(%rip),%rbx        # 18 <f+0x18>", "refused"},
		{"10:\t48 8b 5b 08          \tmov    0x8(%rbx),%rbx", ""},
		{"10:\t48 8b 5b 08          \tmov    0x9(%rbx),%rbx", "displacement value"},
		{"10:\t48 8b 5b 08          \tmov    (%rbx),%rbx", "displacement"},
		{"10:\t48 8b 5b f8 90       \tmov    -0x8(%rbx),%rbx", "length"},
		{"10:\t62 f1 7c 48 28 40 12 \tvmovaps 0x480(%rax),%zmm0", ""},
		{"10:\t62 f1 7c 48 28 40 12 \tvmovaps 0x481(%rax),%zmm0", "displacement value"},
		{"10:\t48 83 c3 18          \tadd    $0x18,%rbx", ""},
		{"10:\t48 83 c3 18          \tadd    $0x19,%rbx", "immediate"},
		{"10:\t48 83 c3 18          \tadd    %rcx,%rbx", "immediate"},
		{"10:\t48 01 c3             \tadd    $0x1,%rbx", "immediate"},
		{"10:\td1 e0                \tshl    $1,%eax", ""},
		{"10:\tc8 10 00 02          \tenter  $0x10,$0x2", ""},
		{"10:\tc8 10 00 02          \tenter  $0x10", "immediate"},
		{"10:\te8 00 00 00 00       \tcall   15 <f+0x15>", ""},
		{"10:\te8 00 00 00 00       \tcall   16 <f+0x16>", "target"},
		{"10:\te8 00 00 00 00       \tjmp    15 <f+0x15>", "kind"},
		{"10:\tff e0                \tjmp    *%rax", ""},
		{"10:\tff d0                \tjmp    *%rax", "kind"},
		{"10:\tc3                   \tret", ""},
		{"10:\t90                   \tnop", ""},
		{"10:\tf3 90                \tnop", "kind"},
		{"10:\t66 2e 0f 1f 84 00 00 00 00 00 \tcs nopw 0x0(%rax,%rax,1)", ""},
		{"10:\t0f 1c c0             \tnop    %eax", nopReserved},
		{"10:\t0f 04                \tclts", "refused"},
		{"10:\t0f 04                \t(bad)", badRefused},
		{"10:\t9b d9 3c 24          \tfstcw  (%rsp)", fwait},
		{"10:\t9b 9b db c3          \tfcmovnb %st(3),%st", fwait},
		{"10:\td5 00 9b             \t{rex2} (bad)", fwait},
		{"10:\td5 10 90             \t{rex2 0x10} nop", nopRex2},
		{"10:\t66 d5 00 48          \t{rex2} dec %ax", rex2Reserved},
		{"10:\tc4 e7 60 fd d1       \ttdpbf8ps %tmm3,%tmm1,%tmm2", vexMap},
		{"10:\tc5 f8 6c c1          \t(bad)", badAccepted},
		{"10:\t48                   \trex.W", prefixRefused},
	} {
		var l listing
		if !l.parse([]byte("      " + test.listed)) {
			t.Errorf("%s: not parsed", test.listed)
			continue
		}
		at := &l.lines[0]
		at.code = l.code
		var got strings.Builder
		for _, d := range compare(at, l.code) {
			got.WriteString(d.class)
		}
		if got.String() != test.want {
			t.Errorf("%s: %q, not %q", test.listed, got.String(), test.want)
		}
	}
}

func TestCompareARM64(t *testing.T) {
	for _, test := range []struct{ listed, want string }{
		{"10:\t14000004 \tb\t20 <f+0x20>", ""},
		{"10:\t14000004 \tb\t24 <f+0x24>", "target"},
		{"10:\t14000000 \tb\t24 <f+0x24>", relocated},
		{"10:\t14000004 \tbl\t20 <f+0x20>", "kindregisters"},
		{"10:\t94000004 \tbl\t20 <f+0x20>", ""},
		{"10:\t54000083 \tb.cc\t20 <f+0x20>  // b.lo, b.ul, b.last", ""},
		{"10:\tb4000080 \tcbz\tx0, 20 <f+0x20>", ""},
		{"10:\tb4000081 \tcbz\tx0, 20 <f+0x20>", "registers"},
		{"10:\t37fffffe \ttbnz\tw30, #31, c <f+0xc>", ""},
		{"0:\t37fffffe \ttbnz\tw30, #31, fffffffffffffffc <f+0xfffffffffffffffc>", ""},
		{"10:\t10000080 \tadr\tx0, 20 <f+0x20>", ""},
		{"10:\t10000080 \tadr\tx0, 21 <f+0x21>", "target"},
		{"10:\t90000080 \tadrp\tx0, 10000 <f+0x10000>", ""},
		{"10:\t58000080 \tldr\tx0, 20 <f+0x20>", ""},
		{"10:\t58000080 \tldr\tx0, [x1]", "relativeregisters"},
		{"10:\tf9400020 \tldr\tx0, [x1]", ""},
		{"10:\tf9400020 \tldr\tx0, 20 <f+0x20>", "relative" + moreARM64},
		{"10:\td65f03c0 \tret", ""},
		{"10:\td65f03c0 \tbr\tx30", "kind"},
		{"10:\td63f0100 \tblr\tx8", ""},
		{"10:\td4210000 \tbrk\t#0x800", ""},
		{"10:\td503201f \tnop", ""},
		{"10:\td503203f \tnop", "kind"},
		{"10:\td503233f \tpaciasp", ""},
		{"10:\td503233f \thint\t#0x19", ""},
		{"10:\t12800bc0 \tmov\tw0, #0xffffffa1            \t// #-95", ""},
		{"10:\t12800bc0 \tmov\tw0, #-95", ""},
		{"10:\t12800bc0 \tmov\tw0, #0xffffffa2", "immediate"},
		{"10:\td2a24680 \tmov\tx0, #0x12340000", ""},
		{"10:\td2a24680 \tmov\tx0, #0x1234", "immediate"},
		{"10:\tf2a24680 \tmovk\tx0, #0x1234, lsl #16", ""},
		{"10:\tf2a24680 \tmovk\tx0, #0x1234", "immediate"},
		{"10:\tf9400020 \tmovk\tx0, #0x1234", "immediate" + moreARM64},
		{"10:\td4000001 \tsvc\t#0x0", effectsARM64},
		{"10:\td5087307 \ttlbi\tvmalle1", moreARM64},
		{"10:\t60000000 \t.inst\t0x60000000 ; undefined", ""},
		{"10:\td65f03c0 \t.inst\t0xd65f03c0 ; undefined", "kind"},
		{"10:\t14000004 \t.inst\t0x14000004 ; undefined", "kindrelative"},
		{"10:\t74020041 \t.inst\t0x74020041 ; undefined", newerARM64},
		{"10:\t74800041 \t.inst\t0x74800041 ; undefined", ""},
		{"10:\td65f0be3 \t.inst\t0xd65f0be3 ; undefined", newerARM64},
		{"10:\t12c00000 \t.inst\t0x12c00000 ; undefined", ""},
		{"10: 00         \t<unknown>", dataARM64},
		{"10:\t14000004 \t.word\t0x14000004", dataARM64},
		{"10:\t0000     \t.short\t0x0000", dataARM64},
		{"10: d503233f     \tpaciasp", ""},
		{"10: 14000004     \tb\t0x20 <f+0x20>", ""},
		{"10: 60000000     \t<unknown>", ""},
		{"10:\td503     \tnop", "length"},
	} {
		var l listing
		if !l.parse([]byte("      " + test.listed)) {
			t.Errorf("%s: not parsed", test.listed)
			continue
		}
		at := &l.lines[0]
		at.code = l.code
		var got strings.Builder
		for _, d := range compareARM64(at, l.code) {
			got.WriteString(d.class)
		}
		if got.String() != test.want {
			t.Errorf("%s: %q, not %q", test.listed, got.String(), test.want)
		}
	}
}

// An opcode that objdump calls bad wherever it stands is one too many in our
// maps; one that it knows with other operands is not.
func TestSettle(t *testing.T) {
	var l listing
	for _, s := range []string{
		"10:\tc5 f9 6c c1          \tvpunpcklqdq %xmm1,%xmm0,%xmm0",
		"14:\tc5 f8 6c c1          \t(bad)",
		"18:\tc5 f8 6d c1          \t(bad)",
	} {
		if !l.parse([]byte(s)) {
			t.Fatalf("%s: not parsed", s)
		}
	}
	found := newTally(1)
	for i := range l.lines {
		at := &l.lines[i]
		code := l.code[at.start:]
		at.code = code[:at.len]
		found.recordOpcode("a.o", at, code, compare(at, code))
	}
	found.settle()
	if c := found.class(badOpcode); c.count != 1 || found.unexplained() != 1 {
		t.Errorf("%d opcodes: %v", c.count, c.samples)
	}
}

func TestParseRefusesOtherLines(t *testing.T) {
	for _, s := range []string{
		"", "Disassembly of section .text:", "0000000000000010 <f>:", "a.o:     file format elf64-x86-64",
		"   0:\tAddress 0x0 is out of bounds.", "cafe:     file format elf64-littleaarch64",
	} {
		var l listing
		if l.parse([]byte(s)) {
			t.Errorf("%q parsed as %+v", s, l.lines)
		}
	}
}

// SPDX-License-Identifier: MIT

package decode

import (
	"encoding/hex"
	"strings"
	"testing"
)

// decoded is one instruction.
func decoded(t *testing.T, text string) ([]byte, *Inst) {
	t.Helper()
	code, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	var in Inst
	if err != nil || !X86(code, &in) || int(in.Len) != len(code) {
		t.Fatalf("%s: not one instruction: %v", text, err)
	}
	return code, &in
}

func TestX86Copy(t *testing.T) {
	for text, want := range map[string]Copy{
		"a4":     {Size: 1},                 // movsb
		"66a5":   {Size: 2},                 // movsw
		"a5":     {Size: 4},                 // movsl
		"48a5":   {Size: 8},                 // movsq
		"f3a4":   {Size: 1, Repeated: true}, // rep movsb
		"f348a5": {Size: 8, Repeated: true}, // rep movsq
		"f2a4":   {},                        // repnz movsb
		"f3aa":   {},                        // rep stosb
		"90":     {},
	} {
		code, in := decoded(t, text)
		want.Source, want.Counter = rsi, rcx
		if got, ok := X86Copy(code, in); ok != (want.Size > 0) || ok && got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, ok, want)
		}
	}
}

func TestX86Index(t *testing.T) {
	for text, want := range map[string]Index{
		"488b04fd 00000000":        {rdi, 8, 8}, // mov x(,%rdi,8), %rax
		"8b04bd 00000000":          {rdi, 4, 4}, // mov x(,%rdi,4), %eax
		"668b047d 00000000":        {rdi, 2, 2}, // mov x(,%rdi,2), %ax
		"8a87 00000000":            {rdi, 1, 1}, // mov x(%rdi), %al
		"418b80 00000000":          {8, 1, 4},   // mov x(%r8), %eax
		"4a8b04cd 00000000":        {9, 8, 8},   // mov x(,%r9,8), %rax
		"486304bd 00000000":        {rdi, 4, 4}, // movslq x(,%rdi,4), %rax
		"0fb687 00000000":          {rdi, 1, 1}, // movzbl x(%rdi), %eax
		"0fbf047d 00000000":        {rdi, 2, 2}, // movswl x(,%rdi,2), %eax
		"8b0425 00000000":          {},          // mov x, %eax
		"8b05 00000000":            {},          // mov x(%rip), %eax
		"8b84b8 00000000":          {},          // mov x(%rax,%rdi,4), %eax: a base, too
		"8b4708":                   {},          // mov 8(%rdi), %eax
		"8904bd 00000000":          {},          // mov %eax, x(,%rdi,4)
		"8d04bd 00000000":          {},          // lea x(,%rdi,4), %eax
		"f30f1004bd 00000000":      {},          // movss x(,%rdi,4), %xmm0
		"0fafc7":                   {},          // imul %edi, %eax
		"c5fa1004bd 00000000":      {},          // vmovss x(,%rdi,4), %xmm0
		"89c7":                     {},
		"c704bd 00000000 01000000": {},
	} {
		code, in := decoded(t, text)
		if got, ok := X86Index(code, in); ok != (want.Scale > 0) || ok && got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, ok, want)
		}
	}
}

func TestX86Most(t *testing.T) {
	for text, want := range map[string]struct {
		register uint8
		most     uint64
	}{
		"83e707":       {rdi, 7},    // and $7, %edi
		"4883e707":     {rdi, 7},    // and $7, %rdi
		"4183e107":     {9, 7},      // and $7, %r9d
		"81e7ff030000": {rdi, 1023}, // and $1023, %edi
		"25 ff000000":  {rax, 255},  // and $255, %eax
		"400fb6ff":     {rdi, 255},  // movzbl %dil, %edi
		"440fb6c7":     {8, 255},    // movzbl (bh), %r8d
		"0fb7ff":       {rdi, 65535},
		"83e7f8":       {}, // and $-8, %edi
		"6683e707":     {}, // and $7, %di
		"66400fb6ff":   {}, // movzbw %dil, %di
		"83c707":       {}, // add $7, %edi
		"832707":       {}, // andl $7, (%rdi)
		"240f":         {}, // and $15, %al
		"0fb63f":       {}, // movzbl (%rdi), %edi
		"0fbeff":       {}, // movsbl %bh, %edi
		"25 000000ff":  {}, // and $-16777216, %eax
		"90":           {},
	} {
		code, in := decoded(t, text)
		if register, most, ok := X86Most(code, in); ok != (want.most > 0) || ok && (register != want.register || most != want.most) {
			t.Errorf("%s: %d in %d, %v, want %+v", text, most, register, ok, want)
		}
	}
}

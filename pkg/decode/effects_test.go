// SPDX-License-Identifier: MIT

package decode

import (
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/arch/x86/x86asm"
)

func regs(list ...uint8) (set uint32) {
	for _, r := range list {
		set |= 1 << r
	}
	return set
}

func TestX86Effects(t *testing.T) {
	unknown := Effects{Reads: allRegisters, Writes: allRegisters, Frame: true, HasSlotRead: true}
	for _, test := range []struct {
		code, text string
		want       Effects
	}{
		{"89 f8", "mov %edi,%eax", Effects{Reads: regs(rdi), Writes: regs(rax)}},
		{"44 89 c0", "mov %r8d,%eax", Effects{Reads: regs(8), Writes: regs(rax)}},
		{"8b 47 08", "mov 8(%rdi),%eax", Effects{Reads: regs(rdi), Writes: regs(rax)}},
		{"66 8b 47 08", "mov 8(%rdi),%ax", Effects{Reads: regs(rdi, rax), Writes: regs(rax)}},
		{"8b 04 b7", "mov (%rdi,%rsi,4),%eax", Effects{Reads: regs(rdi, rsi), Writes: regs(rax)}},
		{"8b 05 00000000", "mov x(%rip),%eax", Effects{Writes: regs(rax)}},
		{"8b 04 25 00000000", "mov x,%eax", Effects{Writes: regs(rax)}},
		{"8b 04 85 00000000", "mov x(,%rax,4),%eax", Effects{Reads: regs(rax), Writes: regs(rax)}},
		{"8b 44 24 10", "mov 0x10(%rsp),%eax", Effects{Writes: regs(rax), SlotRead: 16, HasSlotRead: true}},
		{"89 44 24 f8", "mov %eax,-8(%rsp)", Effects{Reads: regs(rax), SlotWrite: -8, HasSlotWrite: true}},
		{"48 8d 7c 24 08", "lea 8(%rsp),%rdi", Effects{Writes: regs(rdi), SlotRead: 8, HasSlotRead: true}},
		{"be 10000000", "mov $0x10,%esi", Effects{Writes: regs(rsi), Immediate: SetRegister, Register: rsi}},
		{"41 b8 10000000", "mov $0x10,%r8d", Effects{Writes: regs(8), Immediate: SetRegister, Register: 8}},
		{"48 c7 c1 10000000", "mov $0x10,%rcx", Effects{Writes: regs(rcx), Immediate: SetRegister, Register: rcx}},
		{"c7 44 24 08 10000000", "movl $0x10,8(%rsp)", Effects{SlotWrite: 8, Immediate: SetSlot, Slot: 8}},
		{"c7 47 08 10000000", "movl $0x10,8(%rdi)", Effects{Reads: regs(rdi)}},
		{"68 10000000", "push $0x10", Effects{Stack: -8, Immediate: SetSlot}},
		{"6a 10", "push $0x10", Effects{Stack: -8, Immediate: SetSlot}},
		{"41 50", "push %r8", Effects{Reads: regs(8), Stack: -8}},
		{"5f", "pop %rdi", Effects{Writes: regs(rdi), Stack: 8, HasSlotRead: true}},
		{"31 ff", "xor %edi,%edi", Effects{Writes: regs(rdi), Immediate: ClearRegister, Register: rdi}},
		{"31 f7", "xor %esi,%edi", Effects{Reads: regs(rdi, rsi), Writes: regs(rdi)}},
		{"39 f7", "cmp %esi,%edi", Effects{Reads: regs(rdi, rsi)}},
		{"3d 10000000", "cmp $0x10,%eax", Effects{Reads: regs(rax)}},
		{"48 83 ec 18", "sub $0x18,%rsp", Effects{Stack: -24}},
		{"48 83 c4 18", "add $0x18,%rsp", Effects{Stack: 24}},
		{"48 83 e4 f0", "and $-16,%rsp", Effects{Reads: regs(rsp), Frame: true}},
		{"48 89 e5", "mov %rsp,%rbp", Effects{Reads: regs(rsp), Writes: regs(rbp)}},
		{"c9", "leave", Effects{Writes: regs(rbp), Frame: true}},
		{"f7 e6", "mul %esi", Effects{Reads: regs(rsi, rax), Writes: regs(rax, rdx)}},
		{"f7 f6", "div %esi", Effects{Reads: regs(rsi, rax, rdx), Writes: regs(rax, rdx)}},
		{"d3 e6", "shl %cl,%esi", Effects{Reads: regs(rsi, rcx), Writes: regs(rsi)}},
		{"0f 44 f7", "cmove %edi,%esi", Effects{Reads: regs(rsi, rdi), Writes: regs(rsi)}},
		{"0f b6 f2", "movzbl %dl,%esi", Effects{Reads: regs(rdx), Writes: regs(rsi)}},
		{"f3 48 ab", "rep stos", Effects{Reads: regs(rax, rcx, rdi), Writes: regs(rcx, rdi)}},
		{"f3 48 a5", "rep movs", Effects{Reads: regs(rcx, rdi, rsi), Writes: regs(rcx, rdi, rsi)}},
		{"90", "nop", Effects{}},
		{"0f 1f 44 00 00", "nop", Effects{}},
		{"0f 0b", "ud2", Effects{}},
		{"0f a2", "cpuid", unknown},
		{"f0 48 0f c7 0f", "cmpxchg16b", unknown},
		{"c5 f8 77", "vzeroupper", unknown},
	} {
		code, err := hex.DecodeString(strings.ReplaceAll(test.code, " ", ""))
		in, ok := decodeX86(code)
		if err != nil || !ok || int(in.Len) != len(code) {
			t.Fatalf("%s: %v", test.code, err)
		}
		got := X86Effects(code, &in)
		if test.want.Immediate == SetSlot {
			got.SlotWrite, test.want.SlotWrite = 0, 0
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", test.code, test.text, diff)
		}
	}
}

// An independent disassembler names the operands: a register among them is
// read or written, or nobody may follow a value over the instruction.
func TestX86EffectsJudged(t *testing.T) {
	codes := [][]byte{}
	for _, e := range readExamples(t) {
		if e.ok {
			codes = append(codes, e.code)
		}
	}
	for _, compiler := range []string{"gcc", "clang"} {
		data, err := os.ReadFile("../../testdata/demo/" + compiler + "-x86_64/new.o")
		if err != nil {
			t.Fatal(err)
		}
		for at := range data { // from every byte: most are some instruction
			if in, ok := decodeX86(data[at:]); ok {
				codes = append(codes, data[at:at+int(in.Len)])
			}
		}
	}
	judged := 0
	for _, code := range codes {
		in, _ := decodeX86(code)
		other, err := x86asm.Decode(code, 64)
		if err != nil || other.Len != len(code) || other.Op == x86asm.NOP {
			continue
		}
		judged++
		e := X86Effects(code, &in)
		for _, r := range mentioned(&other) {
			if r != rsp && (e.Reads|e.Writes)&(1<<r) == 0 {
				t.Errorf("% x (%s): register %d is neither read nor written: %+v", code, x86asm.GNUSyntax(other, 0, nil), r, e)
			}
		}
	}
	if judged < 1000 {
		t.Errorf("only %d instructions were judged", judged)
	}
}

// mentioned are the general registers among an instruction's operands.
func mentioned(in *x86asm.Inst) []uint8 {
	var list []uint8
	add := func(r x86asm.Reg) {
		switch {
		case r >= x86asm.AL && r <= x86asm.R15B:
			n := uint8(r - x86asm.AL)
			if r >= x86asm.AH && r <= x86asm.BH {
				n = uint8(r - x86asm.AH)
			} else if r >= x86asm.SPB {
				n = uint8(r-x86asm.SPB) + 4
			}
			list = append(list, n)
		case r >= x86asm.AX && r <= x86asm.R15W:
			list = append(list, uint8(r-x86asm.AX))
		case r >= x86asm.EAX && r <= x86asm.R15L:
			list = append(list, uint8(r-x86asm.EAX))
		case r >= x86asm.RAX && r <= x86asm.R15:
			list = append(list, uint8(r-x86asm.RAX))
		}
	}
	for _, arg := range in.Args {
		switch arg := arg.(type) {
		case x86asm.Reg:
			add(arg)
		case x86asm.Mem:
			add(arg.Base)
			add(arg.Index)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

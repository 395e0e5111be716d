// SPDX-License-Identifier: MIT

package decode

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARM64Effects(t *testing.T) {
	unknown := Effects{Reads: allARM64, Writes: allARM64, Frame: true, HasSlotRead: true}
	for _, test := range []struct {
		word uint32
		text string
		want Effects
	}{
		{0x2a1f_03e0, "mov w0, wzr", Effects{Writes: regs(0), Immediate: ClearRegister}},
		{0xaa1f_03e1, "mov x1, xzr", Effects{Writes: regs(1), Immediate: ClearRegister, Register: 1}},
		{0xaa1f_03ff, "mov xzr, xzr", Effects{}},
		{0xaa03_03e2, "mov x2, x3", Effects{Reads: regs(3), Writes: regs(2)}},
		{0xaa3f_03e0, "orn x0, xzr, xzr", Effects{Writes: regs(0)}},
		{0x5280_0000, "mov w0, #0", Effects{Writes: regs(0), Immediate: SetRegister}},
		{0xd282_469e, "mov x30, #0x1234", Effects{Writes: regs(30), Immediate: SetRegister, Register: 30}},
		{0xd2a0_0020, "movz x0, #1, lsl #16", Effects{Writes: regs(0)}},
		{0xd280_003f, "movz xzr, #1", Effects{}},
		{0x1280_0001, "movn w1, #0", Effects{Writes: regs(1)}},
		{0x7295_79a2, "movk w2, #0xabcd", Effects{Reads: regs(2), Writes: regs(2), Immediate: ExtendRegister, Register: 2}},
		{0xf2f5_79a2, "movk x2, #0xabcd, lsl #48", Effects{Reads: regs(2), Writes: regs(2), Immediate: ExtendRegister, Register: 2}},
		{0xf280_003f, "movk xzr, #1", Effects{}},
		{0xd100_83ff, "sub sp, sp, #0x20", Effects{Stack: -32}},
		{0x9100_83ff, "add sp, sp, #0x20", Effects{Stack: 32}},
		{0xd140_13ff, "sub sp, sp, #4, lsl #12", Effects{Stack: -16384}},
		{0x1100_43ff, "add wsp, wsp, #16", Effects{Frame: true}},
		{0x9100_03bf, "mov sp, x29", Effects{Reads: regs(29), Frame: true}},
		{0x9100_43bf, "add sp, x29, #16", Effects{Reads: regs(29), Frame: true}},
		{0x8b22_63ff, "add sp, sp, x2", Effects{Reads: regs(2), Frame: true}},
		{0x927c_ec5f, "and sp, x2, #-16", Effects{Reads: regs(2), Frame: true}},
		{0xd500_41bf, "msr spsel, #1", Effects{Frame: true}},
		{0x9100_03fd, "mov x29, sp", Effects{Writes: regs(29)}},
		{0x9100_43fd, "add x29, sp, #16", Effects{Writes: regs(29), SlotRead: 16, HasSlotRead: true}},
		{0x9100_03e0, "mov x0, sp", Effects{Writes: regs(0), HasSlotRead: true}},
		{0x9100_63e0, "add x0, sp, #24", Effects{Writes: regs(0), SlotRead: 24, HasSlotRead: true}},
		{0xd100_63e0, "sub x0, sp, #24", Effects{Writes: regs(0), SlotRead: -24, HasSlotRead: true}},
		{0x8b21_63e0, "add x0, sp, x1", Effects{Reads: regs(1), Writes: regs(0), Frame: true}},
		{0xf100_0fff, "cmp sp, #3", Effects{}},
		{0xeb26_63ff, "cmp sp, x6", Effects{Reads: regs(6)}},
		{0xb100_13e2, "adds x2, sp, #4", Effects{Writes: regs(2), SlotRead: 4, HasSlotRead: true}},
		{0xa9be_7bfd, "stp x29, x30, [sp, #-32]!", Effects{Reads: regs(29, 30), Stack: -32, SlotWrite: -32, HasSlotWrite: true, SlotLen: 16}},
		{0xa8c2_7bfd, "ldp x29, x30, [sp], #32", Effects{Writes: regs(29, 30), Stack: 32, HasSlotRead: true, SlotLen: 16}},
		{0xa901_53f3, "stp x19, x20, [sp, #16]", Effects{Reads: regs(19, 20), SlotWrite: 16, HasSlotWrite: true, SlotLen: 16}},
		{0x2942_53f3, "ldp w19, w20, [sp, #16]", Effects{Writes: regs(19, 20), SlotRead: 16, HasSlotRead: true}},
		{0xf81f_0ffe, "str x30, [sp, #-16]!", Effects{Reads: regs(30), Stack: -16, SlotWrite: -16, HasSlotWrite: true}},
		{0xf841_07fe, "ldr x30, [sp], #16", Effects{Writes: regs(30), Stack: 16, HasSlotRead: true}},
		{0xf900_07e0, "str x0, [sp, #8]", Effects{Reads: regs(0), SlotWrite: 8, HasSlotWrite: true}},
		{0xb900_07ff, "str wzr, [sp, #4]", Effects{SlotWrite: 4, HasSlotWrite: true, SlotLen: 4}},
		{0x3940_07e0, "ldrb w0, [sp, #1]", Effects{Writes: regs(0), SlotRead: 1, HasSlotRead: true, SlotLen: 1}},
		{0xf85f_83e0, "ldur x0, [sp, #-8]", Effects{Writes: regs(0), SlotRead: -8, HasSlotRead: true}},
		{0x3d80_07e0, "str q0, [sp, #16]", Effects{SlotWrite: 16, HasSlotWrite: true, SlotLen: 16}},
		{0xad41_07e0, "ldp q0, q1, [sp, #32]", Effects{SlotRead: 32, HasSlotRead: true, SlotLen: 32}},
		{0xf821_6be0, "str x0, [sp, x1]", Effects{Reads: regs(0, 1), Frame: true}},
		{0xf862_6820, "ldr x0, [x1, x2]", Effects{Reads: regs(1, 2), Writes: regs(0)}},
		{0xb840_4c41, "ldr w1, [x2, #4]!", Effects{Reads: regs(2), Writes: regs(1, 2)}},
		{0xf800_8441, "str x1, [x2], #8", Effects{Reads: regs(1, 2), Writes: regs(2)}},
		{0xf940_0021, "ldr x1, [x1]", Effects{Reads: regs(1), Writes: regs(1)}},
		{0xf820_03e1, "ldadd x0, x1, [sp]", Effects{Reads: regs(0), Writes: regs(1), HasSlotRead: true, HasSlotWrite: true}},
		{0xc8a0_7fe1, "cas x0, x1, [sp]", Effects{Reads: regs(0, 1), Writes: regs(0), HasSlotRead: true, HasSlotWrite: true}},
		{0xc800_ffe1, "stlxr w0, x1, [sp]", Effects{Reads: regs(1), Writes: regs(0), HasSlotWrite: true}},
		{0xf980_07e0, "prfm pldl1keep, [sp, #8]", Effects{}},
		{0x4cdf_a3e0, "ld1 {v0.16b, v1.16b}, [sp], #32", Effects{Stack: 32, HasSlotRead: true, SlotLen: 32}},
		{0x4c81_7000, "st1 {v0.16b}, [x0], x1", Effects{Reads: regs(0, 1), Writes: regs(0)}},
		{0x4cc1_73e0, "ld1 {v0.16b}, [sp], x1", Effects{Reads: regs(1), HasSlotRead: true, SlotLen: 16, Frame: true}},
		{0x8580_43e0, "ldr z0, [sp]", Effects{Frame: true}},
		{0xd920_1fff, "stg sp, [sp, #16]!", Effects{Stack: 16, Frame: true}},
		{0xd920_17e0, "stg x0, [sp], #16", Effects{Reads: regs(0), Stack: 16, Frame: true}},
		{0xf83f_93e0, "st64b x0, [sp]", Effects{Reads: regs(0, 1, 2, 3, 4, 5, 6, 7), HasSlotWrite: true, SlotLen: 64}},
		{0x9400_0002, "bl .+8", Effects{Writes: regs(30)}},
		{0xd63f_0100, "blr x8", Effects{Reads: regs(8), Writes: regs(30)}},
		{0xd65f_03c0, "ret", Effects{Reads: regs(30)}},
		{0xb400_0040, "cbz x0, .+8", Effects{Reads: regs(0)}},
		{0x3600_0041, "tbz w1, #0, .+8", Effects{Reads: regs(1)}},
		{0x5400_0040, "b.eq .+8", Effects{}},
		{0xb378_3ca4, "bfi x4, x5, #8, #16", Effects{Reads: regs(4, 5), Writes: regs(4)}},
		{0x9a82_0020, "csel x0, x1, x2, eq", Effects{Reads: regs(1, 2), Writes: regs(0)}},
		{0xd503_233f, "paciasp", Effects{Reads: regs(30), Writes: regs(30)}},
		{0xd503_201f, "nop", Effects{}},
		{0xd538_4100, "mrs x0, sp_el0", Effects{Writes: regs(0)}},
		{0xd518_4100, "msr sp_el0, x0", Effects{Reads: regs(0)}},
		{0xd50b_7e21, "dc civac, x1", Effects{Reads: regs(1)}},
		{0xd421_0000, "brk #0x800", Effects{}},
		{0xd400_0001, "svc #0", unknown},
		{0xd400_0002, "hvc #0", unknown},
		{0xd503_213f, "hint #9", unknown},
		{0x6000_0000, ".inst 0x60000000", unknown},
	} {
		in := decodeARM64(t, test.word)
		got := ARM64Effects(wordARM64(test.word), &in)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%08x, %s (-want +got):\n%s", test.word, test.text, diff)
		}
		checkEffectsARM64(t, test.word, in, got)
	}
}

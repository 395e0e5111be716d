/* SPDX-License-Identifier: MIT */

/* The absolute symbols of assembly.S, which are numbers to it. */

	.globl asm_size
asm_size = 0x1230
	.weak __kcfi_typeid_asm_typed
__kcfi_typeid_asm_typed = 0x5a4b3c2d

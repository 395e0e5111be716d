/* SPDX-License-Identifier: MIT */

/* A function of hand-written code, as the kernel's SYM_FUNC_START and _END make one. */

	.macro ENTRY name
	.globl \name
	.type \name, STT_FUNC
	.balign 16
\name:
	.endm

	.macro END name
	.size \name, . - \name
	.endm

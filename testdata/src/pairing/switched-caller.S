// SPDX-License-Identifier: MIT
//
// What switched-caller.c says, for a build without a link-time optimizer: the two
// functions are called probe by objcopy, afterwards.

#ifdef NEW
#define USED probe_two
#else
#define USED probe_one
#endif

#ifdef SAME_SIZE
#define SECOND 0x2222
#else
#define SECOND 0x22
#endif

.macro function name
	.p2align 4, 0x90
	.type \name, @function
\name:
.endm

.macro endfunction name
	.size \name, . - \name
.endm

	.text
	.file "one.c"
function probe_one
	mov $0x1111, %eax
	xor %edi, %eax
#ifndef SAME_SIZE
	add %eax, %eax
#endif
	ret
endfunction probe_one

	.globl one_twice
function one_twice
	call probe_one
	add $1, %eax
	ret
endfunction one_twice

	.file "two.c"
function probe_two
	mov $SECOND, %eax
	xor %edi, %eax
	ret
endfunction probe_two

	.globl two_twice
function two_twice
	call probe_two
	add $2, %eax
	ret
endfunction two_twice

	.file "user.c"
	.globl user_open
function user_open
	push %rbx
	call USED
	pop %rbx
	ret
endfunction user_open

	.section .note.GNU-stack, "", @progbits

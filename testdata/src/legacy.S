/* SPDX-License-Identifier: MIT */

/*
 * Tables about code as older kernels laid them out, for the mutation test:
 * built once with -DLINUX=419 and once with -DLINUX=515.
 *
 *   struct alt_instr          13 bytes to 5.12 (with padlen), 12 to 6.2
 *   struct bug_entry          x86: 12 bytes with file and line, 8 without
 *                             (CONFIG_DEBUG_BUGVERBOSE=n); the file's distance is
 *                             from the entry's start before 5.18 (__BUG_REL,
 *                             arch/x86/include/asm/bug.h)
 *   exception_table_entry     a handler's distance to 5.15, arch/x86/include/asm/extable.h
 *   struct jump_entry         three pointers to 4.20, include/linux/jump_label.h
 *   paravirt_patch_site       16 bytes, to 6.7, arch/x86/include/asm/paravirt_types.h
 */

#include "function.h"

	.macro ALT old, end, new, newend, feature
	.pushsection .altinstructions, "a"
	.long \old - ., \new - .
	.word \feature
	.byte \end - \old, \newend - \new
#if LINUX < 513
	.byte 0
#endif
	.popsection
	.endm

	.macro BUG place, flags, file
	.pushsection __bug_table, "aw"
1:	.long \place - 1b
#ifdef VERBOSE
	.long \file - 1b
	.word 123, \flags
	.org 1b + 12
#else
	.word \flags
	.org 1b + 8
#endif
	.popsection
	.endm

	.macro EXTABLE place, fixup, handler
	.pushsection __ex_table, "a"
	.balign 4
	.long \place - ., \fixup - ., \handler - .
	.popsection
	.endm

	.macro BRANCH place, target, key
	.pushsection __jump_table, "aw"
	.balign 8
#if LINUX < 420
	.quad \place, \target, \key
#else
	.long \place - ., \target - .
	.quad \key - .
#endif
	.popsection
	.endm

	.macro PARAVIRT type, place, end
	.pushsection .parainstructions, "a"
	.balign 8
	.quad \place
	.byte \type, \end - \place
	.word 1
	.balign 8
	.popsection
	.endm

	.section .rodata.str1.1, "aMS", @progbits, 1
.Lfile:	.asciz "arch/demo/legacy.S"
.Lother: .asciz "arch/demo/other.S"

	.text
ENTRY legacy_patched
	movl $3, %eax
10:	nop
	nop
	nop
11:	addl $5, %eax
12:	.byte 0x0f, 0x1f, 0x40, 0x00
13:	ret
END legacy_patched
	ALT 10b, 11b, 20f, 21f, 0x6b
	ALT 12b, 13b, 22f, 23f, 0x21
	.pushsection .altinstr_replacement, "ax"
20:	addl $9, %eax
21:
22:	cmpl $4, %edx
23:
	.popsection

ENTRY legacy_bugs
	testl %edi, %edi
	jns 31f
30:	ud2
	BUG 30b, 0x0301, .Lfile
31:	cmpl $50, %edi
	jle 33f
32:	ud2
	BUG 32b, 0x0902, .Lother
33:	ret
END legacy_bugs

ENTRY legacy_bugs_too
	testl %esi, %esi
	jns 35f
34:	ud2
	BUG 34b, 0x0305, .Lfile
35:	movl $71, %eax
	ret
END legacy_bugs_too

ENTRY legacy_faults
40:	movl (%rdi), %eax
41:	movl %eax, (%rsi)
	xorl %eax, %eax
	ret
42:	movl $-14, %eax
	ret
43:	movl $-15, %eax
	ret
END legacy_faults
	EXTABLE 40b, 42b, handler_plain
	EXTABLE 41b, 43b, handler_clear

	.local handler_plain
	.type handler_plain, @function
handler_plain:
	movl $1, %eax
	ret
	.size handler_plain, . - handler_plain
ENTRY handler_clear
	movl $2, %eax
	ret
END handler_clear

ENTRY legacy_branches
50:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	movl $6, %eax
51:	.byte 0xe9
	.long 53f - 52f
52:	addl $7, %eax
53:	ret
54:	movl $8, %eax
	ret
END legacy_branches
	BRANCH 50b, 54b, legacy_key
	BRANCH 51b, 53b, legacy_key_on + 1

ENTRY legacy_paravirt
	pushq %rax
60:	call *legacy_ops + 16
61:	popq %rax
62:	call *legacy_ops + 24
63:	addl $2, %eax
	ret
END legacy_paravirt
	PARAVIRT 44, 60b, 61b
	PARAVIRT 45, 62b, 63b

	.data
	.globl legacy_key, legacy_key_on, legacy_ops
	.type legacy_key, @object
	.balign 16
legacy_key: .quad 0, 0
	.size legacy_key, 16
	.type legacy_key_on, @object
legacy_key_on: .quad 1, 0
	.size legacy_key_on, 16
	.type legacy_ops, @object
legacy_ops: .quad 1, 2, 3, 4
	.size legacy_ops, 32

/* SPDX-License-Identifier: MIT */

/*
 * What hand-written code has beside its instructions, for the mutation test: labels in
 * functions, constants behind labels, absolute symbols (whose values stand in
 * absolute.S), strings behind other constants, and the tables that tables.c lacks.
 */

#ifdef __aarch64__
#define NUMBER(value) movz x0, #:abs_g0:value
#define ADDRESS(to) adrp x0, to; add x0, x0, :lo12:to; str x0, [x1], #8
#define PLUS(n) add x0, x0, n
#define BRANCH(to) b to
#define IF(to) cbz x1, to
#define LOAD ldr x2, [x1]
#else
#define NUMBER(value) movl $value, %eax
#define ADDRESS(to) leaq to(%rip), %rax; movq %rax, (%rdi)
#define PLUS(n) addq $n, %rax
#define BRANCH(to) jmp to
#define IF(to) testq %rdi, %rdi; jz to
#define LOAD movq (%rdi), %rdx
#endif

#include "function.h"

	.macro LABEL name
	.globl \name
\name:
	.endm

	.text

/* Entry points inside a function, at its start, weak ones, and one that isn't one. */
ENTRY asm_entries
LABEL asm_enter_first
	PLUS(1)
LABEL asm_enter_second
	PLUS(2)
	nop
	.weak asm_enter_weak
asm_enter_weak:
	PLUS(3)
LABEL asm_entries_end
	PLUS(4)
	ret
END asm_entries

ENTRY asm_entries_too
	PLUS(5)
LABEL asm_enter_third
	PLUS(6)
	ret
END asm_entries_too

/* Who goes to them, by their names. */
ENTRY asm_jumps
	IF(asm_enter_second)
	PLUS(7)
	BRANCH(asm_enter_weak)
END asm_jumps

ENTRY asm_jumps_too
	PLUS(8)
	BRANCH(asm_enter_third)
END asm_jumps_too

/* The same label of two functions: a local one, which the assembler would write as a
 * place. */
ENTRY asm_local
	PLUS(9)
asm_inside:
	PLUS(10)
	ret
END asm_local

ENTRY asm_goes_local
	PLUS(11)
#ifdef __aarch64__
	.reloc ., R_AARCH64_JUMP26, asm_inside
	.word 0x14000000
#else
	.reloc . + 1, R_X86_64_PLT32, asm_inside - 4
	.byte 0xe9
	.long 0
#endif
END asm_goes_local

/* Numbers that another file defines: in code, in a prefix, in constants. */
ENTRY asm_number
	NUMBER(asm_size)
	ret
END asm_number

ENTRY asm_number_too
	NUMBER(asm_size + 16)
	ret
END asm_number_too

ENTRY asm_number_of_data
	ADDRESS(.Lnumbers)
	ret
END asm_number_of_data

	.balign 16
#ifdef __aarch64__
	.word __kcfi_typeid_asm_typed
	nop
	nop
#else
	.type __cfi_asm_typed, STT_FUNC
__cfi_asm_typed:
	nop
	movl $__kcfi_typeid_asm_typed, %eax
	.size __cfi_asm_typed, . - __cfi_asm_typed
#endif
	.globl asm_typed
	.type asm_typed, STT_FUNC
asm_typed:
	PLUS(12)
	ret
END asm_typed

/* An indirect call that kCFI checks. */
ENTRY asm_checked
#ifdef __aarch64__
	ldur w16, [x1, #-4]
	movk w17, #0x1234
	cmp w16, w17
	b.eq 1f
2:	brk #0x8220
1:	blr x1
#else
	movl $-0x1234, %r10d
	addl -4(%r11), %r10d
	je 1f
2:	ud2
1:	call *%r11
#endif
	PLUS(13)
	ret
END asm_checked
	.pushsection .kcfi_traps, "a"
	.balign 4
	.long 2b - .
	.popsection

/* Constants of its own, those of another function, and the middle of some. */
ENTRY asm_constants
	ADDRESS(asm_mask)
	ADDRESS(asm_rounds)
	ADDRESS(asm_rounds + 8)
	ret
END asm_constants

ENTRY asm_constants_too
	ADDRESS(asm_mask)
	ADDRESS(asm_shared)
	ret
END asm_constants_too

	.section .text.other, "ax"
ENTRY asm_other_constants
	ADDRESS(asm_shared)
	ADDRESS(asm_shared + 8)
	ret
END asm_other_constants

	.section .rodata, "a"
	.balign 16
	.globl asm_mask
asm_mask:
	.quad 0x0706050403020100, 0x0f0e0d0c0b0a0908
	.globl asm_rounds
asm_rounds:
	.quad 0x428a2f9871374491, 0xb5c0fbcfe9b5dba5, 0x3956c25b59f111f1
	.quad 0, 0
	.globl asm_shared
asm_shared:
	.quad 0x1122334455667788, 0x99aabbccddeeff00
	.type asm_table, STT_OBJECT
asm_table:
	.quad asm_typed, 5
	.size asm_table, . - asm_table
.Lformat:
	.asciz "asm: %d of %s"
.Lname:	.asciz "north by northwest"
.Lother:
	.asciz "south"
	.balign 8
.Lnumbers:
	.quad asm_size, 3

	.data
	.balign 8
	.globl asm_names
	.type asm_names, STT_OBJECT
asm_names:
	.quad .Lname, .Lother, .Lmerged
	.size asm_names, . - asm_names

	.section .rodata.str1.1, "aMS", %progbits, 1
.Lmerged:
	.asciz "a string of both"

	.text
ENTRY asm_formats
	ADDRESS(asm_table)
	ADDRESS(.Lformat)
	ADDRESS(.Lname)
	ret
END asm_formats

ENTRY asm_formats_too
	ADDRESS(.Lmerged)
	ret
END asm_formats_too

/* Tables: __mcount_loc and __patchable_function_entries, include/linux/ftrace.h; struct
 * kvm_exception_table_entry, arch/arm64/include/asm/kvm_asm.h. */
	.macro LISTED table, place
	.pushsection \table, "aw"
	.balign 8
	.quad \place
	.popsection
	.endm

1:	nop
	nop
ENTRY asm_traced
2:	nop
	PLUS(14)
	ret
END asm_traced
	LISTED __patchable_function_entries, 1b
	LISTED __mcount_loc, 2b

1:	nop
	nop
ENTRY asm_traced_too
2:	nop
	PLUS(15)
	ret
END asm_traced_too
	LISTED __patchable_function_entries, 1b
	LISTED __mcount_loc, 2b

ENTRY asm_faults
1:	LOAD
	PLUS(16)
2:	LOAD
	PLUS(17)
3:	PLUS(18)
	ret
END asm_faults
	.pushsection __kvm_ex_table, "a"
	.balign 4
	.long 1b - ., 3b - .
	.long 2b - ., 3b - .
	.popsection

/* Init calls, include/linux/init.h; exports, include/linux/export.h, and what modpost
 * makes of them, include/linux/export-internal.h. */
	.macro INITCALL level, fn
	.pushsection .initcall\level\().init, "a"
	.balign 4
__initcall__kmod_asm__1_2_\fn\level:
	.long \fn - .
	.popsection
	.endm

	.macro EXPORT name, license
	.pushsection .export_symbol, "a"
__export_symbol_\name:
	.asciz "\license"
	.ascii "\0"
	.balign 8
	.quad \name
	.popsection
	.pushsection __ksymtab_strings, "aMS", %progbits, 1
__kstrtab_\name:
	.asciz "\name"
	.popsection
	.pushsection __ksymtab, "a"
	.balign 4
__ksymtab_\name:
	.long \name - ., __kstrtab_\name - .
	.popsection
	.endm

	INITCALL 4, asm_entries
	INITCALL 6, asm_typed
	EXPORT asm_typed, "GPL"
	EXPORT asm_names, ""

#ifdef __x86_64__
/* Alternatives without replacement code, whose pointer leads nowhere. */
ENTRY asm_patched
1:	PLUS(19)
2:	PLUS(20)
3:	ret
END asm_patched
	.pushsection .altinstructions, "a"
	.long 1b - ., 4f - ., 0x10037
	.byte 2b - 1b, 0
	.long 2b - ., 4f - ., 0x38
	.byte 3b - 2b, 5f - 4f
	.popsection
	.pushsection .altinstr_replacement, "ax"
4:	movl $21, %eax
5:
	.popsection
#endif

/* SPDX-License-Identifier: MIT */

/*
 * Constants that arm64's assembler puts behind the code which loads them: as its
 * .ltorg comes, behind the function or inside of it.
 */

#include "function.h"

	.text
ENTRY literal_one
	ldr x0, =0x1122334455667788
	ldr w1, =0x99aabbcc
	add x0, x0, x1
	ret
END literal_one

/* It shares one of them. */
ENTRY literal_two
	ldr x2, =0x1122334455667788
	ldr x3, =literal_data + 8
	ldr x4, [x3, #8]
	eor x0, x2, x4
	ret
END literal_two
	.ltorg

ENTRY literal_inside
	ldr x0, =0x0f1e2d3c4b5a6978
	cbz x1, 1f
	ret
	.ltorg
1:	add x0, x0, #3
	ret
END literal_inside

ENTRY literal_numbers
	adr x1, .Lnumbers
	ldr w0, [x1, w0, uxtw #2]
	ret
END literal_numbers
.Lnumbers:
	.word 31, 41, 59, 26

	.data
	.balign 8
	.globl literal_data
	.type literal_data, %object
literal_data:
	.quad 2, 7, 1, 8
	.size literal_data, 32

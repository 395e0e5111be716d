// SPDX-License-Identifier: MIT

// Relocations of every shape: their records are to be the same whether they are written
// as SHT_RELA or as SHT_CREL.

#ifdef __x86_64__
# define CALL call
#else
# define CALL bl
#endif

	.text
	.globl f
f:	CALL	g
	ret
	.reloc	f, BFD_RELOC_NONE, h	// at the place of another
	.space	200			// a difference of two bytes
	CALL	g
	.space	5000			// and of three
	CALL	g
	.reloc	f, BFD_RELOC_NONE, g	// back to the start

	.section .data.mixed, "aw"	// any of symbol, type and addend is as it was
	.reloc	., BFD_RELOC_NONE, a
	.reloc	.+1, BFD_RELOC_NONE, b-1
	.reloc	.+2, BFD_RELOC_NONE, c-1
	.reloc	.+4, BFD_RELOC_32, d+0x4000
	.reloc	.+5, BFD_RELOC_64, d-0x8000000000000000
	.reloc	.+5, BFD_RELOC_64, b+0x7fffffffffffffff
	.reloc	.+5, BFD_RELOC_32, b-1
	.reloc	.+5, BFD_RELOC_64, c-1
	.reloc	.+5, BFD_RELOC_64, c-1
	.reloc	.+3, BFD_RELOC_64, a+63
	.reloc	.+2, BFD_RELOC_64, a-1
	.reloc	.+1, BFD_RELOC_64, a+63
	.reloc	.+1, BFD_RELOC_64, a-2
	.space	16

	.section .data.backwards, "aw"	// in units of 8
	.reloc	.+56, BFD_RELOC_64, a
	.reloc	.+8, BFD_RELOC_64, b
	.reloc	.+48, BFD_RELOC_64, c
	.reloc	., BFD_RELOC_64, d
	.space	64

	.section .data.one, "aw"	// in units of 8, with no other record
	.quad	0
	.quad	a

	.section .rodata.units2, "a"
	.space	2
	.long	a
	.long	a
	.long	b + 1

	.section .rodata.units4, "a"
	.space	4
	.quad	a
	.long	b
	.space	64			// a difference of two bytes
	.quad	c

	.section .rodata.many, "a"	// symbols beyond the first 64
	.irp	x, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
	.irp	y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
	.quad	many\x\()_\y + 100 * \x - 7 * \y
	.endr
	.endr
	.quad	a
	.quad	many9_9
	.quad	many0_1

	.section .orc_unwind_ip, "a"	// nobody reads these
	.long	f
	.long	f + 4
	.long	f + 8

	.section .discard.annotate_data, ""
	.quad	.rodata.many
	.quad	.rodata.many + 8

	.section .debug_crel, ""
	.long	.debug_crel + 12
	.quad	f
	.reloc	., BFD_RELOC_NONE, a
	.quad	f + 1

/* SPDX-License-Identifier: MIT */

/* The tables of x86-64, for tables.h. */

/* struct alt_instr, arch/x86/include/asm/alternative.h: place, replacement,
 * feature and flags (32 bits), length of the original, of the replacement. */
#define ALT_ENTRY(feature, n)							\
	SECTION(".altinstructions", "a")					\
	".long 700b - ., 71" #n "f - .\n\t"					\
	".long " #feature "\n\t"						\
	".byte 701b - 700b, 72" #n "f - 71" #n "f\n\t" BACK

#define ALT_CODE(n, code)							\
	SECTION(".altinstr_replacement", "ax")					\
	"71" #n ": " code "\n72" #n ":\n\t" BACK

#define ALTERNATIVE(old, feature, new)						\
	"700: " old "\n701:\n\t" ALT_ENTRY(feature, 0) ALT_CODE(0, new)

/* Two entries for one place: the order of the table counts. */
#define ALTERNATIVE_2(old, feature, new, feature2, new2)			\
	"700: " old "\n701:\n\t" ALT_ENTRY(feature, 0) ALT_ENTRY(feature2, 1)	\
	ALT_CODE(0, new) ALT_CODE(1, new2)

/* _static_cpu_has(), arch/x86/include/asm/cpufeature.h: until alternatives are
 * applied the jump leads to a test in a section of its own. */
#define CPU_HAS(feature, bit) ({						\
	__label__ yes, no;							\
	int has = 0;								\
	asm goto("700: jmp 702f\n701:\n\t"					\
		ALT_ENTRY(feature, 0) ALT_CODE(0, "jmp %l[no]")			\
		SECTION(".altinstr_aux", "ax")					\
		"702: testb $" #bit ", demo_settings+9(%%rip)\n\t"		\
		"jnz %l[yes]\n\tjmp %l[no]\n\t" BACK				\
		: : : "cc" : yes, no);						\
yes:	has = 1;								\
no:	has;									\
})

/* A NOP that alternatives may make an addition. */
#define ALT_ADD(feature, number, to)						\
	asm volatile(ALTERNATIVE("nop; nop; nop", feature, "addl $" #number ", %0") : "+r" (to) : : "cc")

/* struct bug_entry, include/asm-generic/bug.h, with HAVE_ARCH_BUG_FORMAT and
 * DEBUG_BUGVERBOSE: place, format, file, line and flags. The line is a fixed
 * one: what stands above must not show. */
#define WARN(format, flags) do {						\
	asm volatile("730: ud2\n\t"						\
		SECTION("__bug_table", "aw")					\
		".long 730b - ., %c0 - ., %c1 - .\n\t"				\
		".word %c2, %c3\n\t" BACK					\
		: : "i" (format), "i" (FILE), "i" (77), "i" (flags));		\
} while (0)

/* The same, where the code hands the entry on: __WARN_printf() of 7.3 does so with
 * its format (arch/x86/include/asm/bug.h). */
#define WARN_ENTRY(format, flags) ({						\
	const void *at;								\
	asm volatile("730: ud2\n\t"						\
		SECTION("__bug_table", "aw")					\
		"731: .long 730b - ., %c1 - ., %c2 - .\n\t"			\
		".word %c3, %c4\n\t" BACK					\
		"leaq 731b(%%rip), %0"						\
		: "=r" (at) : "i" (format), "i" (FILE), "i" (78), "i" (flags));	\
	at;									\
})

/* The two instructions that a static branch may be. */
#define SITE_NOP ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"
#define SITE_JUMP ".byte 0xe9; .long %l[yes] - (. + 4)"

/* What begins a comment, and the address of a label. */
#define COMMENT "#"
#define ADDRESS(label, to) "leaq " label "(%%rip), " to

/* struct static_call_site, include/linux/static_call_types.h: place, key; the
 * low bits of the key's address are flags. */
#define STATIC_CALL(tramp, key, flags)						\
	asm volatile("750: call " #tramp "\n\t"					\
		SECTION(".static_call_sites", "aw")				\
		".balign 4\n\t.long 750b - ., " #key " + " #flags " - .\n\t" BACK \
		: : : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory")

/* The table of ftrace: kernel/trace/ftrace.c, __start_mcount_loc. */
#define TRACED									\
	asm volatile("760: call __fentry__\n\t"					\
		SECTION("__mcount_loc", "a") ".quad 760b\n\t" BACK)

/* runtime_const_ptr(), arch/x86/include/asm/runtime-const.h: the table has the
 * place of the immediate. */
#define RUNTIME_PTR(sym) ({							\
	void *value;								\
	asm("movabs %1, %0\n770:\n\t"						\
	    SECTION("runtime_ptr_" #sym, "a") ".long 770b - 8 - .\n\t" BACK	\
	    : "=r" (value) : "i" (0x0123456789abcdefL));			\
	value;									\
})
#define RUNTIME_SHIFT(value, sym)						\
	asm("shrl %1, %0\n780:\n\t"						\
	    SECTION("runtime_shift_" #sym, "a") ".long 780b - 1 - .\n\t" BACK	\
	    : "+r" (value) : "K" (12))

/* LOCK_PREFIX, arch/x86/include/asm/alternative.h. */
#define LOCKED(insn)								\
	SECTION(".smp_locks", "a") ".balign 4\n\t.long 790f - .\n\t" BACK	\
	"790: lock " insn

/* SPDX-License-Identifier: MIT */

/* The tables of arm64, for tables.h. */

/* struct alt_instr, arch/arm64/include/asm/alternative-macros.h: place, replacement,
 * feature (16 bits), length of the original, of the replacement. The replacement
 * stands in the section of the original, behind all of its functions. */
#define ALT_ENTRY(feature, to, length)						\
	SECTION(".altinstructions", "a")					\
	".long 700b - ., " to " - .\n\t"					\
	".hword " #feature "\n\t"						\
	".byte 701b - 700b, " length "\n\t" BACK

#define ALT_CODE(n, code)							\
	".subsection 1\n71" #n ": " code "\n72" #n ":\n\t.previous\n\t"

#define ALTERNATIVE(old, feature, new)						\
	"700: " old "\n701:\n\t" ALT_ENTRY(feature, "710f", "720f - 710f") ALT_CODE(0, new)

/* Two entries for one place: the order of the table counts. */
#define ALTERNATIVE_2(old, feature, new, feature2, new2)			\
	"700: " old "\n701:\n\t"						\
	ALT_ENTRY(feature, "710f", "720f - 710f") ALT_ENTRY(feature2, "711f", "721f - 711f") \
	ALT_CODE(0, new) ALT_CODE(1, new2)

/* Code that a function of the kernel writes: ARM64_CB_BIT is set in the feature. */
#define ALTERNATIVE_CB(old, feature, callback)					\
	"700: " old "\n701:\n\t" ALT_ENTRY(0x8000 | feature, #callback, "0")

/* A NOP that alternatives may make an addition. */
#define ALT_ADD(feature, number, to)						\
	asm volatile(ALTERNATIVE("nop", feature, "add %w0, %w0, #" #number) : "+r" (to))

/* struct bug_entry, include/asm-generic/bug.h, with DEBUG_BUGVERBOSE: place, file,
 * line and flags; the format goes to a function (include/asm-generic/bug.h,
 * __WARN_printf). The line is a fixed one: what stands above must not show. */
#define BUG_TABLE(label, file, line, flags)					\
	"730: brk #0x800\n\t"							\
	SECTION("__bug_table", "aw")						\
	label ".balign 4\n\t.long 730b - ., " file " - .\n\t"			\
	".hword " line ", " flags "\n\t" BACK

void __warn_printk(const char *format);

#define WARN(format, flags) do {						\
	__warn_printk(format);							\
	asm volatile(BUG_TABLE("", "%c0", "%c1", "%c2")				\
		: : "i" (FILE), "i" (77), "i" (flags));				\
} while (0)

/* The same, where the code hands the entry on. */
#define WARN_ENTRY(format, flags) ({						\
	const void *at;								\
	__warn_printk(format);							\
	asm volatile(BUG_TABLE("731: ", "%c1", "%c2", "%c3")			\
		ADDRESS("731b", "%0")						\
		: "=r" (at) : "i" (FILE), "i" (78), "i" (flags));		\
	at;									\
})

/* The two instructions that a static branch may be. */
#define SITE_NOP "nop"
#define SITE_JUMP "b %l[yes]"

/* What begins a comment, and the address of a label. */
#define COMMENT "//"
#define ADDRESS(label, to) "adrp " to ", " label "\n\tadd " to ", " to ", :lo12:" label "\n\t"

/* runtime_const_ptr(), arch/arm64/include/asm/runtime-const.h: the table has the
 * place of the first of four instructions. */
#define RUNTIME_PTR(sym) ({							\
	void *value;								\
	asm("770: movz %0, #0xcdef\n\tmovk %0, #0x89ab, lsl #16\n\t"		\
	    "movk %0, #0x4567, lsl #32\n\tmovk %0, #0x0123, lsl #48\n\t"	\
	    SECTION("runtime_ptr_" #sym, "a") ".long 770b - .\n\t" BACK		\
	    : "=r" (value));							\
	value;									\
})
#define RUNTIME_SHIFT(value, sym)						\
	asm("780: lsr %w0, %w0, #12\n\t"					\
	    SECTION("runtime_shift_" #sym, "a") ".long 780b - .\n\t" BACK	\
	    : "+r" (value))

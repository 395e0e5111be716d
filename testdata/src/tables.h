/* SPDX-License-Identifier: MIT */

/*
 * The shapes of the tables that a kernel keeps about its code, one macro each,
 * for tables.c. The layouts are those of Linux 7.3; each macro names the struct
 * that it lays out, and the file which declares that. Those of one machine alone
 * are in a file named after it.
 */

#ifndef TABLES_H
#define TABLES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define noinline __attribute__((__noinline__))
#define coldfn __attribute__((__cold__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define SECTION(name, flags) ".pushsection " name ",\"" flags "\",@progbits\n\t"
#define BACK ".popsection\n\t"

#ifdef __aarch64__
#include "tables-arm64.h"
#else
#include "tables-x86.h"
#endif

/* struct exception_table_entry, arch/x86/include/asm/extable.h; on arm64 the last
 * word is the type and, above it, data. */
#define EXTABLE(place, fixup, type)						\
	SECTION("__ex_table", "a")						\
	".balign 4\n\t.long " place " - ., " fixup " - .\n\t"			\
	".long " #type "\n\t" BACK

/* struct jump_entry, include/linux/jump_label.h: place, target, key; bit 0 of
 * the key's address is the default. */
#define static_branch(key, def, site) ({					\
	__label__ yes, out;							\
	int taken = 0;								\
	asm goto("740: " site "\n\t"						\
		SECTION("__jump_table", "aw")					\
		".balign 8\n\t.long 740b - ., %l[yes] - .\n\t"			\
		".quad %c0 + %c1 - .\n\t" BACK					\
		: : "i" (key), "i" (def) : : yes);				\
	goto out;								\
yes:	taken = 1;								\
out:	taken;									\
})

/* A table that no list of tables has: place, a number, a name. */
#define PROBE(number, name)							\
	asm volatile("795:\n\t"							\
		SECTION("demo_probes", "a")					\
		".balign 8\n\t.long 795b - ., %c0\n\t.quad %c1\n\t" BACK	\
		: : "i" (number), "i" (name))

/* NOKPROBE_SYMBOL(), include/asm-generic/kprobes.h. */
#define NOKPROBE(fn)								\
	static u64 __attribute__((__used__, __section__("_kprobe_blacklist")))	\
		blacklisted_##fn = (u64)fn

/* struct error_injection_entry, include/asm-generic/error-injection.h. */
struct injection { u64 addr; int etype; };
#define ALLOW_ERRORS(fn, type)							\
	static struct injection __attribute__((__used__, __section__("_error_injection_whitelist"))) \
		injection_##fn = { (u64)fn, type }

/* struct _ddebug, include/linux/dynamic_debug.h, without the key. */
struct debug_site { const char *module, *function, *file, *format; u32 line : 18, class : 6, flags : 8; };
#define DEBUG_SITE static struct debug_site __attribute__((__section__("__dyndbg"), __aligned__(8)))

/* struct ratelimit_state, include/linux/ratelimit_types.h. */
struct limit { int interval, burst; void *who; };

#endif

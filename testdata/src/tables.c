// SPDX-License-Identifier: MIT

/*
 * Functions with every kind of thing that a checksum covers beside their code,
 * for the mutation test (mutation_test.go): it changes each, one at a time, and
 * says which of these functions must be reported.
 */

#include "tables.h"

#ifndef FILE
#define FILE "drivers/demo/tables.c"
#endif

extern int printk(const char *fmt, ...);
extern void notify(const u16 *wide);
extern void consume(const void *data, u64 size);
extern coldfn void report_failure(const char *what, int n);
extern void first_tramp(void), second_tramp(void);
extern int first_key, second_key, outside;
extern int event_open(int), event_close(int), event_read(int), event_write(int), event_poll(int);

int demo_settings[4] = { 1, 2, 3, 4 };
static int state[8];
static int key_off[4] = { 1 }, key_on[4] = { 2 };
char demo_buffer[64];

/* Two strings that share a tail, where the linker merges them; two functions
 * with the same string. */
noinline int demo_says(int n)
{
	return printk("demo: opened the device %d\n", n) + 3;
}

noinline int demo_says_too(int n)
{
	return printk("device %d\n", n) + printk("demo: opened the device %d\n", n);
}

noinline void demo_wide(void)
{
	notify(u"demo: wide");
	notify(u"wide");
}

/* Named data, here and elsewhere. */
noinline int demo_named(int i)
{
	state[i & 3] = demo_settings[2] + outside;
	demo_buffer[i & 31] = 1;
	return state[5] + state[1];
}

/* A constant in a section of such. */
noinline u64 demo_merged(void)
{
	const u64 *p;

	asm(SECTION(".rodata.cst16", "aM\",@progbits,16 " COMMENT)
	    "800: .quad 0x1122334455667788, 0x99aabbccddeeff00\n\t" BACK
	    ADDRESS("800b", "%0") : "=r" (p));
	return p[0] ^ p[1];
}

/* Nameless data: what the compiler copies a local array from. */
noinline void demo_nameless(void)
{
	u32 list[19] = { 3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79, 50, 28, 84 };

	asm volatile("" : "+m" (list));
	consume(list, sizeof(list));
}

/* Nameless data with pointers to strings. */
noinline void demo_nameless_strings(void)
{
	const char *names[11] = { "north", "east", "south", "west", "up", "down", "in", "out", "left", "right", "on" };

	asm volatile("" : "+m" (names));
	consume(names, sizeof(names));
}

/* A switch that becomes a table of code, and one that becomes one of values. */
noinline int demo_jumps(int event, int n)
{
	switch (event) {
	case 0: return event_open(n + 3);
	case 1: return event_close(n - 4);
	case 2: return event_read(n * 5);
	case 3: return event_write(n ^ 6);
	case 4: return event_poll(n | 7);
	case 5: return event_open(n & 8);
	case 6: return event_read(-n);
	}
	return -1;
}

/* Places as addresses. */
noinline int demo_goto(const u8 *program, int n)
{
	static const void *const next[] = { &&stop, &&more, &&twice, &&less };

	goto *next[*program & 3];
more:
	n += 7;
	goto *next[*++program & 3];
twice:
	n *= 2;
	goto *next[*++program & 3];
less:
	n -= 5;
	goto *next[*++program & 3];
stop:
	return n;
}

noinline int demo_values(u32 status)
{
	switch (status) {
	case 0: return 10;
	case 1: return -5;
	case 2: return -12;
	case 3: return -22;
	case 4: return 711;
	case 5: return -28;
	case 6: return 1;
	}
	return -71;
}

/* Statics that nothing writes. The compiler numbers them, clang the second of a
 * name in one function. */
noinline int demo_numbered(u32 i, int which)
{
	if (which) {
		static const int table[] = { 7, 1, 8, 2, 8, 1 };
		return table[i % 6];
	} else {
		static const int table[] = { 2, 7, 1, 8, 2, 8, 1 };
		return table[i % 7];
	}
}

noinline const char *demo_numbered_strings(u32 i, int which)
{
	if (which) {
		static const char *const names[] = { "idle", "busy", "gone" };
		return names[i % 3];
	} else {
		static const char *const names[] = { "red", "green", "blue", "busy" };
		return names[i & 3];
	}
}

/* Statics that keep books for one place. */
noinline void demo_debug(int n)
{
	if (n) {
		DEBUG_SITE descriptor = { "demo", "demo_debug", FILE, "debug: %d\n", 91, 63, 5 };
		consume(&descriptor, n);
	} else {
		DEBUG_SITE descriptor = { "demo", "demo_debug", FILE, "debug: none\n", 94, 63, 6 };
		consume(&descriptor, n);
	}
}

/* Their names as dynamic debug makes them, __UNIQUE_ID(ddebug). */
noinline void demo_debug_unique(int n)
{
	DEBUG_SITE __UNIQUE_ID_ddebug_881 = { "demo", "demo_debug_unique", FILE, "unique: %d\n", 97, 63, 5 };

	consume(&__UNIQUE_ID_ddebug_881, n);
}

/* Only the key of a static branch is used, as print_hex_dump_debug() does. */
noinline int demo_debug_key(int n)
{
	DEBUG_SITE __UNIQUE_ID_ddebug_883 = { "demo", "demo_debug_key", FILE, "key only\n", 99, 63, 5 };

	if (static_branch(&__UNIQUE_ID_ddebug_883, 2, SITE_NOP))
		n += event_open(17);
	return n;
}

noinline void demo_limited(int n)
{
	if (n) {
		static struct limit _rs = { 5000, 10, 0 };
		consume(&_rs, n);
	} else {
		static struct limit _rs = { 100, 3, 0 };
		consume(&_rs, n);
	}
}

noinline int demo_once(int n)
{
	if (n) {
		static int __attribute__((__section__(".data.once"))) __already_done = 3;
		if (!__already_done)
			return 17;
		__already_done = 0;
	} else {
		static int __attribute__((__section__(".data.once"))) __already_done = 5;
		if (!__already_done)
			return 18;
		__already_done = 1;
	}
	return n;
}

#ifdef __x86_64__
/* The tables; those of arm64 in tables-arm64.c. */
noinline int demo_patched(int n)
{
	asm volatile(ALTERNATIVE("movl $1, %0; nop; nop; nop", 0x2013b, "addl $5, %0; cmpl $7, %0") : "+r" (n) : : "cc");
	asm volatile(ALTERNATIVE_2("nop; nop; nop; nop; nop", 0x71, "call event_alt", 0x92, "movl $9, %%edx; xorl %%ecx, %%ecx")
		     : : : "rax", "rcx", "rdx", "memory");
	asm volatile(ALTERNATIVE("jmp 7f", 0x55, "jmp 8f") "\n7: incl %0\n8:" : "+r" (n));
	return n;
}

noinline int demo_features(int n)
{
	if (CPU_HAS(0x0093, 4))
		n += event_open(14);
	if (CPU_HAS(0x0094, 8))
		n += event_close(15);
	return n;
}

noinline int demo_faults(const int *p, int *to)
{
	int value = 0, err = 0;

	asm volatile("810: movl (%2), %0\n"
		     "811: movl %0, (%3)\n"
		     "	jmp 813f\n"
		     "812: movl $-14, %1\n"
		     "	xorl %0, %0\n"
		     "813:\n\t"
		     EXTABLE("810b", "812b", 3) EXTABLE("811b", "813b", 0x1007)
		     : "+r" (value), "+r" (err) : "r" (p), "r" (to) : "memory");
	return value + err;
}

#endif

noinline int demo_warns(int n)
{
	if (unlikely(n > 100))
		WARN("demo: too many", 0x901);
	if (unlikely(n < -100))
		WARN("demo: too few", 0x907);
	return n * 3;
}

noinline int demo_warns_too(int n)
{
	if (unlikely(n == 41))
		WARN("demo: too many", 0x903);
	return n + 40;
}

noinline void demo_warns_by_entry(int n)
{
	if (unlikely(n == 42))
		consume(WARN_ENTRY("demo: %d is n", 0x911), n);
	if (unlikely(n == 43))
		consume(WARN_ENTRY("demo: n is %d", 0x911), n);
}

noinline int demo_branches(int n)
{
	if (static_branch(key_off, 0, SITE_NOP))
		n += event_open(11);
	if (static_branch(key_on, 1, SITE_JUMP))
		n += event_close(12);
	return n;
}

#ifdef __x86_64__
noinline int demo_calls(int n)
{
	STATIC_CALL(first_tramp, first_key, 0);
	STATIC_CALL(second_tramp, second_key, 1);
	return event_poll(n) + 5;
}

noinline int demo_traced(int n)
{
	TRACED;
	return event_read(n) + 6;
}

noinline int demo_traced_too(int n)
{
	TRACED;
	return event_write(n) + 7;
}

noinline void *demo_runtime(u32 *n)
{
	RUNTIME_SHIFT(*n, demo_shift);
	return RUNTIME_PTR(demo_table);
}

noinline void demo_locked(int *p)
{
	asm volatile(LOCKED("incl %0") : "+m" (*p));
	asm volatile(LOCKED("addl $6, %0") : "+m" (*p));
}

#endif

noinline int demo_probed(int n)
{
	n += event_open(n);
	PROBE(21, "demo:open");
	n += event_close(n);
	PROBE(22, "demo:close");
	return n;
}

noinline int demo_hidden(int n) { return n * 11 + 2; }
NOKPROBE(demo_hidden);
noinline int demo_hidden_too(int n) { return n * 13 + 3; }
NOKPROBE(demo_hidden_too);
noinline int demo_injected(int n) { return n * 17 + 4; }
ALLOW_ERRORS(demo_injected, 2);

#ifdef __x86_64__
/* A part that is expected never to run, with tables of its own. */
noinline int demo_fails(int n, int *p)
{
	if (unlikely(n < 0)) {
		report_failure("demo: negative", n);
		WARN("demo: very cold", 0x905);
		asm volatile(ALTERNATIVE("nop; nop; nop", 0x31, "addl $3, %0") : "+r" (n) : : "cc");
		asm volatile("820: movl $4, (%0)\n821:\n\t" EXTABLE("820b", "821b", 1) : : "r" (p) : "memory");
		if (static_branch(key_off, 0, SITE_NOP))
			report_failure("demo: colder", 8);
		event_close(41);
		asm volatile(LOCKED("incl %0") : "+m" (*p));
		*p = 1234;
		return n - 70;
	}
	return event_open(n) + 9;
}

#endif

/* The same without tables. */
noinline int demo_fails_plainly(int n)
{
	if (unlikely(n < 0)) {
		report_failure("demo: plainly negative", n + 4321);
		report_failure("demo: no more", n - 4322);
		event_close(n + 43);
		return n - 700;
	}
	return event_open(n) + 10;
}

/* Such a part by its name, for clang, which splits only what a profile says; gcc
 * would split this one too, into a part of that very name. */
#ifdef __clang__
static noinline coldfn int parted(int n) __asm__("demo_parted.cold");
static noinline coldfn int __attribute__((__used__, __section__(".text.unlikely"))) parted(int n)
{
	static struct limit _rs = { 77, 8, 0 };

	WARN("demo: cold by name", 0x909);
	ALT_ADD(0x33, 7, n);
	report_failure("demo: parted", n + 4321);
	consume(&_rs, 1);
	return n - 700;
}

noinline int demo_parted(int n)
{
	if (unlikely(n < 0))
		return parted(n);
	return event_open(n) + 10;
}
#endif

/* An indirect call, which kCFI checks. */
noinline int demo_indirect(int (*fn)(int), int n)
{
	return fn(n) + 1;
}

int demo_all(int n)
{
	return demo_indirect(demo_patched, n) + demo_indirect(demo_warns, n) + demo_says(n);
}

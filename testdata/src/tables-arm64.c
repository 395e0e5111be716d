// SPDX-License-Identifier: MIT

/*
 * tables.c for arm64, and the functions that stand here for those with x86-64's
 * instructions, or that only this machine needs.
 */

int demo_patched(int n);

#include "tables.c"

extern void patch_nops(void), patch_mask(void);

noinline int demo_patched(int n)
{
	asm volatile(ALTERNATIVE("mov %w0, #1\n\tnop", 0x3b, "add %w0, %w0, #5\n\teor %w0, %w0, #7") : "+r" (n));
	asm volatile(ALTERNATIVE_2("nop\n\tnop", 0x17, "mov x9, x30\n\tbl event_alt", 0x22, "movz x1, #9\n\tmov x2, xzr")
		     : : : "x1", "x2", "x9", "x30", "memory");
	asm volatile(ALTERNATIVE("b 7f", 0x55, "b 8f") "\n7: add %w0, %w0, #1\n8:" : "+r" (n));
	asm volatile(ALTERNATIVE("ldr %w0, [%1]", 0x56, "ldar %w0, [%1]") : "=r" (n) : "r" (demo_settings + 1));
	return n;
}

/* Replacement code that refers to data. */
noinline u64 demo_patched_data(void)
{
	u64 n;

	asm volatile(ALTERNATIVE("mov %0, xzr\n\tnop", 0x19, ADDRESS("demo_settings + 8", "%0")) : "=r" (n));
	return n;
}

noinline u64 demo_callbacks(u64 n)
{
	asm volatile(ALTERNATIVE_CB("nop\n\tnop", 0x11, patch_nops));
	asm volatile(ALTERNATIVE_CB("and %0, %0, #1\n\tror %0, %0, #1", 0x12, patch_mask) : "+r" (n));
	return n;
}

noinline int demo_faults(const int *p, int *to)
{
	int value = 0, err = 0;

	asm volatile("810: ldr %w0, [%2]\n"
		     "811: str %w0, [%3]\n"
		     "	b 813f\n"
		     "812: mov %w1, #-14\n"
		     "	mov %w0, wzr\n"
		     "813:\n\t"
		     EXTABLE("810b", "812b", 0x200003) EXTABLE("811b", "813b", 0x3e10004)
		     : "+r" (value), "+r" (err) : "r" (p), "r" (to) : "memory");
	return value + err;
}

noinline void *demo_runtime(u32 *n)
{
	RUNTIME_SHIFT(*n, demo_shift);
	return RUNTIME_PTR(demo_table);
}

/* As in tables.c. */
noinline int demo_fails(int n, int *p)
{
	if (unlikely(n < 0)) {
		report_failure("demo: negative", n);
		WARN("demo: very cold", 0x905);
		ALT_ADD(0x31, 3, n);
		asm volatile("820: str wzr, [%0]\n821:\n\t" EXTABLE("820b", "821b", 1) : : "r" (p) : "memory");
		if (static_branch(key_off, 0, SITE_NOP))
			report_failure("demo: colder", 8);
		event_close(41);
		*p = 1234;
		return n - 70;
	}
	return event_open(n) + 9;
}

/* A switch with enough cases for a table of offsets, and one with so much code that
 * an offset needs two bytes. */
#define CASE(n) case n: return event_open(x * (n + 3)) + n;
#define CASES(n) CASE(n) CASE(n + 1) CASE(n + 2) CASE(n + 3) CASE(n + 4) CASE(n + 5)
noinline int demo_offsets(int event, int x)
{
	switch (event) {
	CASES(0) CASES(6) CASES(12)
	}
	return -2;
}

#define CALL(n) x = event_close(x) - n;
#define CALLS(n) CALL(n) CALL(n + 1) CALL(n + 2) CALL(n + 3) CALL(n + 4)
#define FAR(n) case n: CALLS(n) CALLS(n + 5) CALLS(n + 10) return x;
noinline int demo_far_offsets(int event, int x)
{
	switch (event) {
	FAR(1) FAR(2) FAR(3) FAR(4) FAR(6) FAR(7) FAR(8) FAR(12) FAR(14) FAR(15) FAR(16)
	}
	return -3;
}

/* Variables side by side, which gcc reaches from one address. */
static int level = 3, soft = 17, hard = 29;
static u64 total, count;
static u8 weights[4] = { 1, 2, 3, 4 };
int demo_mode = 5, demo_depth = 6;

noinline int demo_anchor(int n)
{
	level += n;
	total += level;
	demo_mode = soft - n;
	return hard + demo_depth;
}

noinline int demo_anchor_branch(int n)
{
	if (n > 3) {
		level = 1;
		n = event_open(soft) + demo_mode;
	} else {
		total++;
		count = n;
	}
	hard = event_close(n);
	return soft += 2;
}

noinline u64 demo_anchor_loop(int n)
{
	for (int i = 0; i < n; i++) {
		total += weights[i & 3];
		event_read(demo_depth);
		count--;
	}
	return total;
}

noinline int *demo_anchor_escapes(int n)
{
	consume(&hard, sizeof(hard));
	demo_mode = n;
	count++;
	weights[3] = n;
	return n ? &level : &soft;
}

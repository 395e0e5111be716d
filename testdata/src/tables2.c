// SPDX-License-Identifier: MIT

/*
 * A second file, linked with tables.c by ld -r: it has a static of a name that
 * stands there too, strings that merge with those, and tables to append to.
 */

#define FILE "drivers/demo/tables2.c"
#include "tables.h"

extern int printk(const char *fmt, ...);
extern int event_open(int);

static int state[4];
static int key_off[4] = { 1 };

noinline int pair_named(int i)
{
	state[i & 1] = i;
	return state[3];
}

noinline int pair_says(int n)
{
	return printk("opened the device %d\n", n) + printk("pair: %d\n", n);
}

noinline int pair_warns(int n)
{
	if (unlikely(n == 51))
		WARN("demo: too many", 0x903);
	if (static_branch(key_off, 0, SITE_NOP))
		n += event_open(31);
	ALT_ADD(0x39, 8, n);
	return n + 50;
}

static noinline int demo_local(u32 i)
{
	static const short table[] = { 31, 41, 59, 26 };

	return table[i & 3];
}

int pair_all(u32 i)
{
	return demo_local(i) + pair_says(2) + pair_named(1);
}

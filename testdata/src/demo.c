// SPDX-License-Identifier: MIT

/*
 * A few functions in the kernel's manner, built twice: as it is ("old") and
 * with -DNEW ("new"). Each says what the new build does to it.
 */

#ifdef NEW
#define OVER(n, max) ((n) >= (max))
#else
#define OVER(n, max) ((n) > (max))
#endif

#define noinline __attribute__((__noinline__))

extern int printk(const char *fmt, ...);
extern void *kmalloc(unsigned long size);
extern int demo_limit;

const char demo_version[] = "1.0";

/* Its comparison changes, and with it every function that it is inlined into. */
static inline int demo_full(int used)
{
	return OVER(used, demo_limit);
}

/* Changed: by demo_full. */
noinline int demo_open(int used)
{
	return demo_full(used) ? -28 : 0;
}

/* Changed: by demo_full. */
void *demo_alloc(int used, unsigned long size)
{
	return demo_full(used) ? (void *)0 : kmalloc(size);
}

/* Changed: it says something else. */
noinline void demo_hello(void)
{
#ifdef NEW
	printk("demo: ready, limit %d\n", demo_limit);
#else
	printk("demo: loaded, limit %d\n", demo_limit);
#endif
}

/* Unchanged: counts in a static of its own, which the compiler numbers. */
static noinline int demo_count(void)
{
	static int count;

	return ++count;
}

/* Changed: it grows, and moves all that stand behind it. */
static noinline int demo_parse(const char *s)
{
	int n = 0;

#ifdef NEW
	static int calls;

	if (++calls > 100)
		return -16;
	while (*s == ' ' || *s == '\t')
		s++;
#endif
	while (*s >= '0' && *s <= '9')
		n = n * 10 + (*s++ - '0');
	return n;
}

/* Unchanged: moves; its static gets another number. */
noinline int demo_next(void)
{
	static int count = 7;

	return count += 2;
}

/* Unchanged: it prints its own name, which is a numbered static too. */
noinline void demo_trace(int event)
{
	printk("%s: event %d\n", __func__, event);
}

/* Changed: one value of the table that the switch becomes. */
noinline int demo_errno(unsigned int status)
{
	switch (status) {
	case 0: return 0;
	case 1: return -5;
	case 2: return -12;
	case 3: return -22;
#ifdef NEW
	case 4: return -110;
#else
	case 4: return -11;
#endif
	case 5: return -28;
	}
	return -71;
}

/* Unchanged: a switch that becomes a jump table. */
int demo_event(int event, const char *s)
{
	switch (event) {
	case 0: return demo_open(1);
	case 1: return demo_count();
	case 2: return demo_parse(s);
	case 3: return demo_next();
	case 4: demo_trace(event); return 0;
	case 5: demo_hello(); return 1;
	case 6: return demo_errno(3);
	}
	return -1;
}

#ifdef NEW
/* Added. */
int demo_reset(int limit)
{
	int was = demo_limit;

	demo_limit = limit;
	return was;
}
#else
/* Removed. */
int demo_flush(int used)
{
	return printk("demo: flush %d\n", used);
}
#endif

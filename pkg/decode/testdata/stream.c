// SPDX-License-Identifier: MIT
//
// Ordinary C, compiled the way kernels are, for the byte streams of
// BenchmarkX86 and BenchmarkARM64:
//
//	gcc -O2 -fno-pic -mcmodel=kernel -mno-red-zone -mno-sse -fcf-protection=branch -fno-asynchronous-unwind-tables -ffreestanding -c -o stream.o stream.c
//	objcopy -O binary -j .text stream.o stream.bin
//
//	aarch64-linux-gnu-gcc -O2 -fno-pic -mgeneral-regs-only -mbranch-protection=pac-ret -fno-asynchronous-unwind-tables -ffreestanding -c -o stream.o stream.c
//	aarch64-linux-gnu-objcopy -O binary -j .text stream.o stream-arm64.bin

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

struct node {
	struct node *next, *previous;
	u64 key;
	u32 flags, references;
	char name[32];
	int (*visit)(struct node *, void *);
};

struct table {
	struct node *buckets[64];
	u64 count, hits, misses;
	u32 seed;
};

extern struct table *current_table;
extern int report(const char *format, ...);
extern void *allocate(u64 size, u32 flags);
extern void release(void *);
u64 statistics[8];
static int level = 3;

static u32 hash(const char *s, u32 seed)
{
	u32 h = seed ^ 0x811c9dc5;
	while (*s)
		h = (h ^ (u8)*s++) * 16777619;
	return h ^ h >> 15;
}

static int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

struct node *find(struct table *t, const char *name)
{
	for (struct node *n = t->buckets[hash(name, t->seed) % 64]; n; n = n->next)
		if (equal(n->name, name)) {
			t->hits++;
			__atomic_fetch_add(&n->references, 1, __ATOMIC_SEQ_CST);
			return n;
		}
	t->misses++;
	return 0;
}

int insert(struct table *t, const char *name, u64 key, u32 flags)
{
	struct node *n, **bucket;

	if (!name || !*name)
		return -22;
	if (t->count > 4096) {
		report("%s: table is full: %lu entries\n", name, t->count);
		return -28;
	}
	n = allocate(sizeof(*n), 0xcc0);
	if (!n)
		return -12;
	bucket = &t->buckets[hash(name, t->seed) % 64];
	for (int i = 0; i < 31 && name[i]; i++)
		n->name[i] = name[i];
	n->key = key;
	n->flags = flags | (key > 0xffffffff ? 0x80000000 : 0);
	n->references = 1;
	n->next = *bucket;
	if (*bucket)
		(*bucket)->previous = n;
	*bucket = n;
	t->count++;
	statistics[flags & 7]++;
	return 0;
}

int visit_all(struct table *t, void *argument)
{
	int total = 0;
	for (int i = 0; i < 64; i++)
		for (struct node *n = t->buckets[i]; n; n = n->next) {
			int r = n->visit ? n->visit(n, argument) : -1;
			if (r < 0) {
				if (level > 2)
					report("visit of %s: %d\n", n->name, r);
				return r;
			}
			total += r;
		}
	return total;
}

int command(int code, u64 a, u64 b, u8 *out)
{
	switch (code) {
	case 0: return find(current_table, (const char *)a) != 0;
	case 1: return insert(current_table, (const char *)a, b, 1);
	case 2: return insert(current_table, (const char *)a, b, 2 | (b & 0x40 ? 0x100 : 0));
	case 3: return visit_all(current_table, (void *)a);
	case 4: *(u64 *)out = a * b; return 8;
	case 5: *(u64 *)out = b ? a / b : ~0ul; return 8;
	case 6: *(u32 *)out = __builtin_popcountl(a) + __builtin_ctzl(b | 1); return 4;
	case 7: *(u64 *)out = __builtin_bswap64(a) ^ (b << 13 | b >> 51); return 8;
	case 8: level = a & 7; return 0;
	case 9: __atomic_exchange_n((u64 *)out, a, __ATOMIC_SEQ_CST); return 8;
	}
	report("unknown command %d (%#lx, %#lx)\n", code, a, b);
	return -25;
}

u64 checksum(const u8 *p, u64 n)
{
	u64 a = 1, b = 0;
	while (n >= 16) {
		for (int i = 0; i < 16; i++) {
			a += p[i];
			b += a;
		}
		a %= 65521, b %= 65521;
		p += 16, n -= 16;
	}
	while (n--) {
		a += *p++;
		b += a;
	}
	return (b % 65521) << 16 | a % 65521;
}

long parse(const char *s, const char **end)
{
	long v = 0;
	int negative = 0, base = 10;
	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	if (*s == '-')
		negative = 1, s++;
	if (s[0] == '0' && (s[1] | 0x20) == 'x')
		base = 16, s += 2;
	for (;; s++) {
		int d;
		if (*s >= '0' && *s <= '9')
			d = *s - '0';
		else if (base == 16 && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			d = (*s | 0x20) - 'a' + 10;
		else
			break;
		if (v > (0x7fffffffffffffff - d) / base)
			return -34;
		v = v * base + d;
	}
	if (end)
		*end = s;
	return negative ? -v : v;
}

void remove_all(struct table *t, u32 mask)
{
	for (int i = 0; i < 64; i++) {
		struct node *n = t->buckets[i], *next;
		for (; n; n = next) {
			next = n->next;
			if (!(n->flags & mask) || --n->references)
				continue;
			if (n->previous)
				n->previous->next = next;
			else
				t->buckets[i] = next;
			if (next)
				next->previous = n->previous;
			t->count--;
			release(n);
		}
	}
}

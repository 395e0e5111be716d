// SPDX-License-Identifier: MIT
//
// A function that becomes a clone, because of how it is called or used.
//
//   CONSTPROP  all callers pass the same constant now
//   UNUSED     its address isn't taken any more, so a parameter that it doesn't use
//              can go: the code that remains is the same
//   ISRA       likewise, and its callers pass a value instead of a pointer to it
//   BOTH       one caller passes a constant: a clone beside the function

#include "pairing.h"

#if defined CONSTPROP

static noinline int work(int key, int mode)
{
	return get(key) * mode + get(key + mode);
}

int first(int key)
{
	return work(key, 7) + 1;
}

int second(int key, int mode)
{
	return work(key, EITHER(mode, 7)) + 2;
}

#elif defined ISRA

struct pair {
	int key, value;
};

static noinline int work(const struct pair *pair)
{
	int value = pair->value;

	return get(value) + get(value + 1);
}

int first(const struct pair *pair)
{
	return work(pair) + 1;
}

int second(const struct pair *pair)
{
	return work(pair + 1) + 2;
}

void *pointer(void)
{
	return EITHER((void *)work, get);
}

#elif defined UNUSED

static noinline int work(int key, int unused)
{
	(void)unused;
	return get(key) * 3 + get(key + 1);
}

int first(int key)
{
	return work(key, 7) + 1;
}

int second(int key, int mode)
{
	return work(key, mode) + 2;
}

void *pointer(void)
{
	return EITHER(work, get);
}

#else

static noinline int work(int key, int mode)
{
	int sum = 0;

	for (int i = 0; i < key; i++) {
		switch (mode) {
		case 1: sum += get(i) * 3; break;
		case 2: put(i, sum); break;
		case 3: sum ^= get(i + 1) << 2; break;
		default: sum -= get(i); put(i, mode); break;
		}
	}
	return sum;
}

int first(int key, int mode)
{
	return work(key, EITHER(mode, 2)) + 1;
}

int second(int key, int mode)
{
	return work(key, mode) + 2;
}

#endif

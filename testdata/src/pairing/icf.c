// SPDX-License-Identifier: MIT
//
// Functions with the same code, which the compiler or the source make one.
//
//   GLOBAL   two global functions: gcc makes the second a jump to the first, as long
//            as they are the same
//   STATIC   two static ones: gcc makes the second a name of the first, and has the
//            callers of both call the first
//   ALIAS    one is an alias of the other by an attribute, and then has code of its own
//   COPY     one is an alias of the other, and then has the same code on its own
//
// DIFFERENT is the build in which they are two.

#include "pairing.h"

#if defined DIFFERENT && !defined COPY
#define FACTOR 9
#else
#define FACTOR 7
#endif

#if defined GLOBAL

// Too long to be inlined.
#define BODY(factor)                                                                \
	int sum = 0;                                                                \
                                                                                    \
	for (int i = 0; i < key; i++) {                                             \
		sum += get(i) * factor;                                             \
		put(i, sum);                                                        \
		if (get(sum) > 3)                                                   \
			say("%d", get(key) + get(i + 5));                           \
	}                                                                           \
	put(key, sum);                                                              \
	return sum

int alpha(int key)
{
	BODY(7);
}

int beta(int key)
{
	BODY(FACTOR);
}

#elif defined STATIC

static noinline int alpha(int key)
{
	return get(key) * 7 + get(key + 1);
}

static noinline int beta(int key)
{
	return get(key) * FACTOR + get(key + 1);
}

#else

noipa int alpha(int key)
{
	return get(key) * 7 + get(key + 1);
}

#ifdef DIFFERENT
noipa int beta(int key)
{
	return get(key) * FACTOR + get(key + 1);
}
#else
int beta(int key) __attribute__((alias("alpha")));
#endif

#endif

int left(int key)
{
	return alpha(key) + 1;
}

int right(int key)
{
	return beta(key) + 2;
}

// SPDX-License-Identifier: MIT
//
// Statics that compilers number.
//
//   INSERTED  one more function with a static of the same name. gcc counts from the
//             end of the file: its number is 0, and the others' move up
//   SWITCHED  a function uses the other of two statics that were inlined into it
//   FIELDS    clang makes variables of a static struct's fields, pair.0 and pair.1;
//             two functions swap which field they use
//   FIELD_IN_FRONT
//             one more field in front: what was pair.0 is pair.1

#include "pairing.h"

#if defined INSERTED

int upwards(void)
{
	static int count;

	return get(count++);
}

int downwards(void)
{
	static int count;

	return get(--count) + 1;
}

#ifdef NEW
int inserted(int key)
{
	static int count;

	count += key;
	return get(count);
}
#endif

#elif defined SWITCHED

static inline __attribute__((always_inline)) int *here(void)
{
	static int count;

	return &count;
}

static inline __attribute__((always_inline)) int *there(void)
{
	static int count;

	return &count;
}

void reset(int key)
{
	*here() = key;
	*there() = key * 3;
}

int first(void)
{
	return get(*EITHER(here, there)());
}

int second(void)
{
	return get(*here() + 2);
}

int third(void)
{
	return get(*there() + 3);
}

#else

static struct {
#if defined FIELD_IN_FRONT && defined NEW
	int before;
#endif
	int low, high;
} pair;

#ifdef FIELDS
#define LEFT EITHER(low, high)
#define RIGHT EITHER(high, low)
#else
#define LEFT low
#define RIGHT high
#endif

void reset(int key)
{
	pair.low = key;
	pair.high = key * 3;
}

// Three functions say which field is which; two can't outvote them.
int both(void)
{
	return get(pair.low) * 3 + pair.high;
}

void forward(void)
{
	pair.high -= get(pair.low);
}

int left(void)
{
	return get(pair.LEFT) + 1;
}

int right(void)
{
	return get(pair.RIGHT) + 2;
}

#if defined FIELD_IN_FRONT && defined NEW
int inserted(int key)
{
	pair.before += key;
	return pair.before;
}
#endif

#endif

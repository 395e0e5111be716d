// SPDX-License-Identifier: MIT
//
// Clones that gcc makes of one function for the constants it is called with. The
// last caller's clone gets number 0.
//
//   INSERTED  one more caller, with a constant of its own: its clone takes number 0,
//             and the others move up
//   SWAPPED   the callers come in another order, and so do the numbers
//   EDITED    and the function itself is edited, in what both clones have
//   CROSSED   each caller calls the other's clone: the callers changed, and only they

#include "pairing.h"

#if defined EDITED && defined NEW
#define FACTOR 5
#else
#define FACTOR 3
#endif

static noinline int work(int key, int mode)
{
	int sum = 0;

	for (int i = 0; i < key; i++) {
		switch (mode) {
		case 1: sum += get(i) * FACTOR; break;
		case 2: put(i, FACTOR); break;
		case 3: sum ^= get(i + 1) << 2; break;
		default: sum -= get(i); put(i, mode); break;
		}
	}
	return sum;
}

// A clone of another kind: of what is passed by reference, only the value is used.
struct pair {
	int key, value;
};

static noinline int weigh(const struct pair *pair)
{
	int value = pair->value;

	return get(value) + get(value + 1);
}

#if defined SWAPPED && defined NEW
int second(int key)
{
	return work(key, 2) + 2;
}
#endif

int first(int key)
{
#if defined CROSSED && defined NEW
	return work(key, 2) + 1;
#else
	return work(key, 1) + 1;
#endif
}

#if !(defined SWAPPED && defined NEW)
int second(int key)
{
#if defined CROSSED && defined NEW
	return work(key, 1) + 2;
#else
	return work(key, 2) + 2;
#endif
}
#endif

int weighed(const struct pair *pair)
{
	return weigh(pair) + 1;
}

#if defined INSERTED && defined NEW
int third(int key)
{
	return work(key, 3) + 3;
}
#endif

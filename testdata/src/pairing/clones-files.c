// SPDX-License-Identifier: MIT
//
// Statics of one name in two files, of each of which the compiler makes a clone.
// Linked with LTO in another order, the clones swap their numbers; without, only
// the file tells them apart.

#include "pairing.h"

#ifdef ONE

static noinline int work(int key, int mode)
{
	int sum = mode;

	for (int i = 0; i < key; i++)
		sum += get(i) * mode;
	return sum;
}

int one_first(int key)
{
	return work(key, 7) + 1;
}

int one_second(int key)
{
	return work(key + 1, 7) + 2;
}

#endif
#ifdef TWO

static noinline int work(int key, int mode)
{
	int sum = mode;

	for (int i = 0; i < key; i++)
		sum -= get(i) & mode;
	return sum;
}

int two_first(int key)
{
	return work(key, 12) + 3;
}

int two_second(int key)
{
	return work(key + 1, 12) + 4;
}

#endif

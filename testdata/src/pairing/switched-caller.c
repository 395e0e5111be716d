// SPDX-License-Identifier: MIT
//
// Two files with a static function of one name. A link-time optimizer inlines their
// global functions into a caller in a third, which so calls a static of another file:
// in the old build that of the first file, in the new one that of the second. No
// instruction changes, and neither does the name but for a number or a hash.
//
//   SAME_SIZE  the two functions differ in a constant only
//   TWINS      they don't differ at all
//   MOVED      something is added to the first file, so that its hash changes, too

#include "pairing.h"

int one_probe(int key);
int two_probe(int key);

#ifdef ONE

static noipa int probe(int key)
{
	int sum = 0;

	for (int i = 0; i < key; i++)
		sum += get(i) * 3;
	put(key, sum);
	return sum ^ key;
}

int one_probe(int key)
{
	return probe(key + 1);
}

int one_twice(int key)
{
	return probe(key) + probe(key - 1);
}

#if defined MOVED && defined NEW
int one_more(int key)
{
	return probe(key * 2) + 8;
}
#endif

#endif
#ifdef TWO

static noipa int probe(int key)
{
#if defined TWINS
	int sum = 0;

	for (int i = 0; i < key; i++)
		sum += get(i) * 3;
	put(key, sum);
	return sum ^ key;
#elif defined SAME_SIZE
	int sum = 0;

	for (int i = 0; i < key; i++)
		sum += get(i) * 5;
	put(key, sum);
	return sum ^ key;
#else
	int some = get(key) & 7;

	put(key, some);
	return key - some;
#endif
}

int two_probe(int key)
{
	return probe(key + 1);
}

int two_twice(int key)
{
	return probe(key) - probe(key - 1);
}

#endif
#ifdef USER

int user_open(int key)
{
	return EITHER(one_probe, two_probe)(key) + 2;
}

int user_close(int key)
{
	return one_probe(key) - 5;
}

int user_poll(int key)
{
	return two_probe(key) - 6;
}

#endif

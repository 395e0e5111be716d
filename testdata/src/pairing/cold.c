// SPDX-License-Identifier: MIT
//
// Functions of which gcc puts the unlikely part elsewhere, as NAME.cold.
//
//   GAINED   one gains such a part, because what it calls is cold now
//   FRONT    a file in front has one of the same name, with its cold part
//   EDITED   two files have one of the same name; only in the second's cold part a
//            constant changes
//   INSERTED another function with a cold part is inserted in front

#include "pairing.h"

#define cold __attribute__((cold))
#define unlikely(x) __builtin_expect(!!(x), 0)

int fail(int key, int why) cold;
int complain(int key, int why)
#if defined GAINED && defined NEW
cold
#endif
;

#if defined FIRST || (defined ONE && defined INSERTED && defined NEW)

#ifdef FIRST
static noipa int handle(int key)
#else
int inserted(int key)
#endif
{
	int value = get(key);

	if (unlikely(value < 0)) {
		value = fail(key, 11);
		say("front: %d", value);
		return value;
	}
	put(key, value + 4);
	return value;
}

#ifdef FIRST
int front(int key)
{
	return handle(key + 2) + 2;
}
#endif

#endif
#if defined ONE

static noipa int handle(int key)
{
	int value = get(key);

	if (unlikely(value < 0)) {
		value = fail(key, 22);
		say("one: %d", value);
		return value;
	}
	put(key, value * 3);
	return value + 1;
}

int one(int key)
{
	return handle(key + 1) + 1;
}

int plain(int key)
{
	int value = get(key);

	if (value < 0) {
		value = complain(key, 33);
		say("plain: %d", value);
		return value;
	}
	put(key, value * 5);
	return value + 2;
}

#endif
#if defined TWO

static noipa int handle(int key)
{
	int value = get(key);

	if (unlikely(value < 0)) {
#ifdef EDITED
		value = fail(key, EITHER(22, 44));
#else
		value = fail(key, 22);
#endif
		say("one: %d", value);
		return value;
	}
	put(key, value * 3);
	return value + 1;
}

int two(int key)
{
	return handle(key + 2) + 2;
}

#endif

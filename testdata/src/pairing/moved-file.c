// SPDX-License-Identifier: MIT
//
// A static function with its caller, and a global one, move from one file to another.
// A third file has a static of the same name, and stays.

#include "pairing.h"

int travel(int key);
int three_open(int key);

#if (defined ONE && !defined NEW) || (defined TWO && defined NEW)

static int state;

static noipa int helper(int key)
{
	state += get(key) * 3;
	return state;
}

int travel(int key)
{
	return helper(key) + helper(key + 1);
}

noipa int alone(int key)
{
	say("alone %d", key);
	return get(key) - 1;
}

#endif
#ifdef ONE

int one_open(int key)
{
	return get(key) * 17;
}

#endif
#ifdef TWO

static noipa int init_once(int key)
{
	return get(key) ^ 19;
}

int two_open(int key)
{
	return init_once(key) * 23;
}

#endif
#ifdef THREE

static int state;

static noipa int helper(int key)
{
	state += get(key) * 5;
	return state;
}

int three_open(int key)
{
	return helper(key) + helper(key + 2);
}

#endif
#ifdef USER

int user_open(int key)
{
	return travel(key) - three_open(key);
}

#endif

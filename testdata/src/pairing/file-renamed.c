// SPDX-License-Identifier: MIT
//
// Two files with statics of the same names. In the new build the first has another
// name, and in one variant it comes second as well.

#include "pairing.h"

int one_open(int key);

#ifdef ONE

static int state;

static noipa int helper(int key)
{
	state = get(key) * 3;
	return state;
}

static noipa int init_once(int key)
{
	put(key, 1);
	return helper(key);
}

int one_open(int key)
{
	return init_once(key);
}

int one_close(int key)
{
	return helper(key) + init_once(0);
}

#endif
#ifdef TWO

static int state;

static noipa int helper(int key)
{
	state = get(key) * 5;
	return state;
}

static noipa int init_once(int key)
{
	put(key, 2);
	return helper(key);
}

int two_open(int key)
{
	return init_once(key) - one_open(key);
}

int two_close(int key)
{
	return helper(key) - init_once(0);
}

#endif

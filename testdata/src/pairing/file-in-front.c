// SPDX-License-Identifier: MIT
//
// A file that is linked in front of the others, with statics of their names.

#include "pairing.h"

int core_open(int key);

#ifdef FRONT

static int pending;

static noipa int helper(int key)
{
	return get(key) * 11 + pending;
}

static noipa int init_once(int key)
{
	pending = get(key + 100);
	return pending;
}

int front_open(int key)
{
	return helper(key) - init_once(key);
}

#endif
#ifdef CORE

static int pending;

static noipa int helper(int key)
{
	return get(key) * 3 + pending;
}

static noipa int init_once(int key)
{
	pending = get(key + 1);
	return 0;
}

int core_open(int key)
{
	return helper(key + 1);
}

int core_init(int key)
{
	return init_once(key) + helper(0);
}

#endif
#ifdef USER

static noipa int helper(int key)
{
	put(key, get(key) & 15);
	return key;
}

int user_open(int key)
{
	return core_open(key) + helper(key);
}

#endif

// SPDX-License-Identifier: MIT
//
// Functions with another name, and code that is the same: their callers did nothing.
//
//   STATIC   two static ones, of which one calls itself and uses its name
//   GLOBAL   a global one
//   TWINS    two static ones with the same code: only their callers say which
//            became which. They come in the other order.
//   EDITED   it was edited as well: that is a function less and one more
//   CHAIN    both a function and what it calls

#include "pairing.h"

#ifdef STATIC

static noipa int EITHER(helper, assist)(int key)
{
	return get(key) * 7 + get(key + 1);
}

static noipa int EITHER(walk, climb)(int key)
{
	if (key <= 0)
		return 0;
	say(__func__, key);
	return EITHER(walk, climb)(key - 1) + EITHER(walk, climb)(key - 2) * 3;
}

int caller(int key)
{
	return EITHER(helper, assist)(key) + 1;
}

int walker(int key)
{
	return EITHER(walk, climb)(key + 4) + EITHER(helper, assist)(9);
}

// A pointer to it, in data and in code.
int (*const table[])(int) = { EITHER(helper, assist), EITHER(walk, climb) };

void *pointer(void)
{
	return EITHER(walk, climb);
}

#elif defined GLOBAL

noipa int EITHER(old_service, new_service)(int key)
{
	return get(key) * 7 + get(key + 1);
}

int caller(int key)
{
	return EITHER(old_service, new_service)(key) + 1;
}

#elif defined TWINS

#ifndef NEW
static noipa int a_before(int key)
{
	return get(key) * 7 + get(key + 1);
}
#endif

static noipa int EITHER(b_before, b_after)(int key)
{
	return get(key) * 7 + get(key + 1);
}

#ifdef NEW
static noipa int a_after(int key)
{
	return get(key) * 7 + get(key + 1);
}
#endif

int left(int key)
{
	return EITHER(a_before, a_after)(key) + 1;
}

int right(int key)
{
	return EITHER(b_before, b_after)(key) + 2;
}

#elif defined EDITED

static noipa int EITHER(helper, assist)(int key)
{
	return get(key) * EITHER(7, 9) + get(key + 1);
}

int caller(int key)
{
	return EITHER(helper, assist)(key) + 1;
}

#elif defined CHAIN

static noipa int EITHER(inner_before, inner_after)(int key)
{
	return get(key) * 7 + get(key + 1);
}

static noipa int EITHER(outer_before, outer_after)(int key)
{
	return EITHER(inner_before, inner_after)(key) - get(key + 2);
}

int caller(int key)
{
	return EITHER(outer_before, outer_after)(key) + 1;
}

#endif

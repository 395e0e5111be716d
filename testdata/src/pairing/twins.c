// SPDX-License-Identifier: MIT
//
// Two functions with the same code.
//
//   STATIC   they are static
//   SWITCHED their callers swap which they call
//   NAMES    they differ, and swap names: each name stands for what the other did

#include "pairing.h"

#ifdef STATIC
#define scope static
#else
#define scope
#endif

#if defined NAMES && defined NEW
#define NAME_A twin_b
#define NAME_B twin_a
#else
#define NAME_A twin_a
#define NAME_B twin_b
#endif

#ifdef SWITCHED
#define CALL_A EITHER(twin_a, twin_b)
#define CALL_B EITHER(twin_b, twin_a)
#else
#define CALL_A twin_a
#define CALL_B twin_b
#endif

scope noipa int NAME_A(int key)
{
	return get(key) * 7 + get(key + 1);
}

scope noipa int NAME_B(int key)
{
#ifdef NAMES
	return get(key) * 9 - get(key - 1);
#else
	return get(key) * 7 + get(key + 1);
#endif
}

int left(int key)
{
	return CALL_A(key) + 1;
}

int right(int key)
{
	return CALL_B(key) + 2;
}

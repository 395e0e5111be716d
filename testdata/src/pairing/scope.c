// SPDX-License-Identifier: MIT
//
// Static, global and weak: how far a name is seen is no part of the code.

#include "pairing.h"

#define weak __attribute__((weak))

EITHER(static, ) noipa int published(int key)
{
	return get(key) + 1;
}

EITHER(, static) noipa int hidden(int key)
{
	return get(key) + 2;
}

EITHER(, weak) noipa int weakened(int key)
{
	return get(key) + 3;
}

EITHER(weak, ) noipa int strengthened(int key)
{
	return get(key) + 4;
}

int caller(int key)
{
	return published(key) + hidden(key) * 3 + weakened(key) * 5 + strengthened(key) * 7;
}

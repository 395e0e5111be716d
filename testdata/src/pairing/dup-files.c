// SPDX-License-Identifier: MIT
//
// Two files that are both called inode.c, in two directories, each with its own
// init_once. LARGE is that of the second file, which changes in one variant; in the
// other the files swap places.

#include "pairing.h"

int one_mount(int key);
int two_mount(int key);

#ifdef ONE

static noipa int init_once(int key)
{
	put(key, 1);
	return get(key);
}

int one_mount(int key)
{
	return init_once(key) + 1;
}

#endif
#ifdef TWO

static noipa int init_once(int key)
{
	put(key, 2);
	say("two: %d", key);
#ifdef EDITED
	return get(key) + EITHER(100, 101);
#else
	return get(key) + 100;
#endif
}

int two_mount(int key)
{
	return init_once(key) + 2;
}

#endif
#ifdef USER

int user_mount(int key)
{
	return one_mount(key) * two_mount(key + 1);
}

#endif

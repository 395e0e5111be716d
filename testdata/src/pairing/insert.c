// SPDX-License-Identifier: MIT
//
// A function, with a static, a string and a table of its own, in front of the
// others of its file. Everything behind it moves.

#include "pairing.h"

int core_open(int key);
int core_close(int key);

#ifdef CORE

static int pending;

#ifdef NEW
int core_reset(int key)
{
	static int calls;

	say("reset %d", ++calls);
	switch (key) {
	case 0: return get(17);
	case 1: return get(4) + 1;
	case 2: put(3, 9); return 5;
	case 3: return get(8) - 2;
	case 4: put(1, 1); return 7;
	case 5: return get(6) * 3;
	}
	return pending;
}
#endif

static noipa int core_find(int key)
{
	int sum = 0;

	for (int i = 0; i < key; i++)
		sum += get(i) * 3;
	return sum ^ pending;
}

int core_open(int key)
{
	static int calls;

	return core_find(key + ++calls);
}

int core_close(int key)
{
	static int calls;

	if (--calls < 0)
		say("closed %d times too often", -calls);
	pending = core_find(key) + core_find(key - 1);
	return 0;
}

int core_ioctl(int key)
{
	switch (key) {
	case 0: return get(1);
	case 1: return get(2) + 4;
	case 2: put(5, 5); return 1;
	case 3: return get(7) - 1;
	case 4: put(2, 6); return 9;
	case 5: return get(3) * 5;
	}
	return -1;
}

#endif
#ifdef USER

int user_read(int key)
{
	return core_open(key) + 2;
}

int user_write(int key)
{
	say("write %d", key);
	return core_open(key) - core_close(key);
}

#endif

// SPDX-License-Identifier: MIT
//
// The functions of a file the other way round, and with them their statics, strings
// and jump tables. The file includes itself, once for each place.

#ifndef PLACE

#include "pairing.h"

static int first_step(int key);
static int last_step(int key);
static int state;

#define PLACE EITHER(1, 6)
#include __FILE__
#undef PLACE
#define PLACE EITHER(2, 5)
#include __FILE__
#undef PLACE
#define PLACE EITHER(3, 4)
#include __FILE__
#undef PLACE
#define PLACE EITHER(4, 3)
#include __FILE__
#undef PLACE
#define PLACE EITHER(5, 2)
#include __FILE__
#undef PLACE
#define PLACE EITHER(6, 1)
#include __FILE__

#elif PLACE == 1

static noipa int first_step(int key)
{
	static int calls;

	return get(++calls) + key;
}

#elif PLACE == 2

static noipa int last_step(int key)
{
	static int calls;

	return get(calls--) - key;
}

#elif PLACE == 3

int begin(int key)
{
	say("begin %d", key);
	state = first_step(key);
	return state;
}

#elif PLACE == 4

int end(int key)
{
	say("end %d", key);
	state = last_step(key);
	return -state;
}

#elif PLACE == 5

int even(int key)
{
	switch (key) {
	case 0: return get(1);
	case 2: return get(2) + 4;
	case 4: put(5, 5); return 1;
	case 6: return get(7) - 1;
	case 8: put(2, 6); return 9;
	case 10: return last_step(3);
	}
	return -1;
}

#elif PLACE == 6

int odd(int key)
{
	switch (key) {
	case 1: return get(11);
	case 3: return get(12) + 4;
	case 5: put(15, 5); return 11;
	case 7: return get(17) - 1;
	case 9: put(12, 6); return 19;
	case 11: return first_step(13);
	}
	return state;
}

#endif

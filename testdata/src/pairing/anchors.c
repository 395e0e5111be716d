// SPDX-License-Identifier: MIT
//
// Statics and globals side by side, which gcc for arm64 reaches from one address
// (section anchors). One more stands in front of most of them, and one grows: their
// distances change, and what the functions do does not. The address itself is that of
// what is used first, with IN_FRONT one that is new; to reach that one takes other
// instructions. Only reset uses what is new, and only fill knows how large the other is.

#include "pairing.h"

static int at_data[8] = { 1 }, at_bss[8];
static int first = 3;
#ifdef NEW
static int added[3] = { 4, 5, 6 };
#endif
int mode = 5;
static int table[EITHER(4, 9)] = { 7, 8, 9, 10 };
static int last = 11;
static unsigned long total, count;
#ifdef NEW
static int pending[5];
#endif
static int state[3];
int depth;

#if defined(NEW) && defined(IN_FRONT)
int reset(int key)
{
	pending[key & 3] = added[key & 1]++;
	return pending[2];
}
#endif

int touch(int key)
{
	at_bss[key & 7] += key;
	return at_data[key & 7]++;
}

#if defined(NEW) && !defined(IN_FRONT)
int reset(int key)
{
	pending[key & 3] = added[key & 1]++;
	return pending[2];
}
#endif

int fill(int key)
{
	for (int i = 0; i < (int)(sizeof(table) / sizeof(table[0])); i++)
		table[i] += get(key + i);
	return table[2];
}

int peek(int key)
{
	return table[1] * key;
}

int step(int key)
{
	first += key;
	total += first;
	depth = last - key;
	return mode + (int)count;
}

int choose(int key)
{
	if (key > 3) {
		first = 1;
		key = get(last) + mode;
	} else {
		total++;
		state[key & 1] = depth;
	}
	last = get(key);
	return mode += 2;
}

unsigned long loop(int key)
{
	for (int i = 0; i < key; i++) {
		total += state[i & 1];
		put(depth, i);
		count--;
	}
	return total;
}

int *escape(int key)
{
	say("escape %d", key);
	depth = key;
	count++;
	state[2] = first;
	return key ? &mode : &last;
}

const int *inside(int key)
{
	return &state[key & 1] + (first == 2);
}

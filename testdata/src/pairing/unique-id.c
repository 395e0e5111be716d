// SPDX-License-Identifier: MIT
//
// Names with a number that a macro pasted in: in the new build they begin with a
// higher one, so that a name is another function's than before.

#include "pairing.h"

#define PASTE(prefix, name, number) prefix##name##number
#define EXPAND(prefix, name, number) PASTE(prefix, name, number)
#define UNIQUE(name) EXPAND(__UNIQUE_ID_, name, __COUNTER__)

#ifdef NEW
static const int skipped[] = { __COUNTER__ };
#define FIRST __UNIQUE_ID_setup1
#define SECOND __UNIQUE_ID_setup2
#define KEY __UNIQUE_ID_key3
#define INITCALL __initstub__kmod_unique__101_8_unique_init6
#else
#define FIRST __UNIQUE_ID_setup0
#define SECOND __UNIQUE_ID_setup1
#define KEY __UNIQUE_ID_key2
#define INITCALL __initstub__kmod_unique__100_7_unique_init6
#endif

static noipa int UNIQUE(setup)(int key)
{
	return get(key) * 3;
}

static noipa int UNIQUE(setup)(int key)
{
	return get(key) * 5;
}

static int UNIQUE(key);

int caller(int key)
{
#ifdef NEW
	(void)skipped;
#endif
	KEY = FIRST(key) + SECOND(key + 1);
	return SECOND(0);
}

int INITCALL(void)
{
	return FIRST(KEY);
}

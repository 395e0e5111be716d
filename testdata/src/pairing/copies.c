// SPDX-License-Identifier: MIT
//
// A function of a header that isn't inlined: each file that includes it has a copy.
//
//   INSERTED  a file in between includes it, too
//   EDITED    the function changes, and so do all copies, but not their callers
//   REMOVED   the file in between is gone

#include "pairing.h"

static noipa int from_header(int key)
{
#ifdef EDITED
	return get(key) * EITHER(3, 5) + get(key + 1);
#else
	return get(key) * 3 + get(key + 1);
#endif
}

#ifdef ONE
int one(int key)
{
	return from_header(key) + 1;
}
#endif

#ifdef BETWEEN
int between(int key)
{
	return from_header(key) * 4;
}
#endif

#ifdef TWO
int two(int key)
{
	return from_header(key) + 2;
}
#endif

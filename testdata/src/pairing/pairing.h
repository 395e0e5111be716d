// SPDX-License-Identifier: MIT
//
// What the cases of pairing share. A case is one source: a macro for each of its
// files chooses what is in it, NEW the build. Nothing of this is ever run.

// With REVERSED the builds swap roles.
#ifdef REVERSED
#define EITHER(old, new) EITHER_FORWARD(new, old)
#else
#define EITHER EITHER_FORWARD
#endif

#ifdef NEW
#define EITHER_FORWARD(old, new) new
#else
#define EITHER_FORWARD(old, new) old
#endif

#define noinline __attribute__((noinline))

// A function that stays as it is written: no clones, no merging, no registers
// agreed on with its callers. clang has no such attribute, and does less.
#ifdef __clang__
#define noipa noinline
#else
#define noipa __attribute__((noipa))
#endif

int get(int key);
void put(int key, int value);
void say(const char *format, int value);

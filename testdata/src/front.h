// SPDX-License-Identifier: MIT
//
// Put in front of another source (-include), this changes none of its functions:
// code, data, strings, constants and numbered statics that move and renumber
// everything behind them.

#ifndef FRONT_H
#define FRONT_H

int front_sink;
extern void front_print(const char *format, ...);

#define FRONT(n)                                                                    \
	int front_##n(int x)                                                        \
	{                                                                           \
		static int state, count = n;                                        \
		static const short numbers[] = { n, n + 1, n + 2, n + 3 };          \
		switch (x) {                                                        \
		case 0: front_print("front " #n "\n"); break;                       \
		case 1: state += numbers[count & 3]; break;                         \
		case 2: front_sink = state; break;                                  \
		case 3: count++; break;                                             \
		case 4: front_print("more of " #n "\n"); break;                     \
		case 5: return count * n;                                           \
		}                                                                   \
		return state;                                                       \
	}

FRONT(101) FRONT(102) FRONT(103) FRONT(104) FRONT(105) FRONT(106) FRONT(107) FRONT(108)
FRONT(201) FRONT(202) FRONT(203) FRONT(204) FRONT(205) FRONT(206) FRONT(207) FRONT(208)

#endif

// SPDX-License-Identifier: MIT
//
// Functions with line numbers in them, in two builds: -DNEW adds five lines on
// top, and really changes what the names of some functions say. The shapes are
// those that the kernel's macros have; nothing of this is ever run. A machine has its trap,
// and the register of the second parameter.

#ifdef __aarch64__
#define TRAP "brk #0x800"
#define SECOND(name) register int name __asm__("w1")
#define IN_SECOND "+r"
#else
#define TRAP "ud2"
#define SECOND(name) int name
#define IN_SECOND "+S"
#endif

#ifdef NEW
#define EITHER(old, new) new
#line 1005
#else
#define EITHER(old, new) old
#line 1000
#endif

#define noinline __attribute__((noinline))

void __might_sleep(const char *file, int line);
void warn_slowpath_fmt(const char *file, int line, unsigned taint, const char *fmt, ...);
void __warn_printk(const char *fmt, ...);
int _printk(const char *fmt, ...);
void __ext4_error_inode(void *inode, const char *function, unsigned int line, unsigned long block,
			int error, const char *fmt, ...);
void consume(int value);
extern int sink;

// might_sleep(): include/linux/kernel.h.
#define might_sleep() __might_sleep(__FILE__, __LINE__)

// struct bug_entry of Linux 6.1: arch/x86/include/asm/bug.h, _BUG_FLAGS.
#define BUG_FLAGS(flags)                                                            \
	asm volatile("1: " TRAP "\n"                                                \
		     ".pushsection __bug_table,\"aw\"\n"                            \
		     "2: .long 1b - .\n"                                            \
		     ".long %c0 - .\n"                                              \
		     ".short %c1\n"                                                 \
		     ".short %c2\n"                                                 \
		     ".org 2b + 12\n"                                               \
		     ".popsection"                                                  \
		     : : "i"(__FILE__), "i"(__LINE__), "i"(flags))

// WARN(): include/asm-generic/bug.h.
#define WARN(condition, ...)                                                        \
	do {                                                                        \
		if (__builtin_expect(condition, 0)) {                               \
			__warn_printk(__VA_ARGS__);                                 \
			BUG_FLAGS(1 << 0 | 1 << 3);                                 \
		}                                                                   \
	} while (0)

// Only lines move: two calls that take one, on one path and on two.
void line_signature(int x)
{
	might_sleep();
	if (x)
		might_sleep();
	consume(x);
}

// As ASSERT_RTNL() is: the line is printed, too.
void line_warn(int x)
{
	WARN(x == 3, "RTNL: assertion failed at %s (%d)\n", __FILE__, __LINE__);
	consume(x);
}

// Only in the table.
void line_table(int x)
{
	WARN(x == 3, "nothing\n");
	consume(x);
}

// A line between other parameters, in the third register.
void line_ext4(void *inode, unsigned long block)
{
	__ext4_error_inode(inode, __func__, __LINE__, block, 5, "bad block");
}

// FORTIFY's "... at FILE:LINE".
#define TEXT1(line) #line
#define TEXT(line) TEXT1(line)
void line_text(int x)
{
	if (x > 7)
		_printk("field-spanning write at fs/lines.c:" TEXT(__LINE__));
}

// Nothing at all moves.
void same(int x)
{
	consume(x + 1);
}

// A constant that is printed, beside a line.
void changed_printk(int x)
{
	might_sleep();
	_printk("v %d\n", EITHER(5, 6));
	consume(x);
}

// The argument of a WARN's text, which no line is.
void changed_warn_argument(int x)
{
	WARN(x == 3, "value %d\n", EITHER(500, 501));
	consume(x);
}

void changed_warn_format(int x)
{
	WARN(x == 3, EITHER("one\n", "two\n"));
	consume(x);
}

void changed_warn_flags(int x)
{
	if (x == 3)
		BUG_FLAGS(EITHER(1, 3));
	consume(x);
}

// The taint beside the line.
void changed_taint(int x)
{
	if (x)
		warn_slowpath_fmt(__FILE__, __LINE__, EITHER(9, 10), "tainted\n");
}

// The register holds what is a line to the callee, but is read before.
void changed_read(int x)
{
	SECOND(line) = EITHER(77, 78);

	asm volatile("" : IN_SECOND(line));
	sink = line;
	__might_sleep(__FILE__, line);
	consume(x);
}

// A constant that is stored is no line, whatever is passed on.
void changed_store(int x)
{
	sink = EITHER(1119, 1124);
	might_sleep();
	consume(x);
}

// A number that goes from the WARN's old line to its new one, and is none:
// it stands on another path.
#define ITS_LINE EITHER(1130, 1135)
void changed_coincidence(int x)
{
	if (x == 3) {
#line ITS_LINE
		WARN(x == 3, "here\n");
	} else {
		consume(ITS_LINE);
	}
}

// Lines move, and a call is another.
void changed_call(int x)
{
	might_sleep();
	EITHER(line_text, same)(x);
}

// Lines that nothing but debug information tells: nobody knows the callee. The
// second is passed on by a function that is inlined.
void dwarf_callee(int x)
{
	consume(__LINE__);
	consume(x);
}

static inline __attribute__((always_inline)) void pass(int line)
{
	consume(line);
}

void dwarf_inlined(int x)
{
	pass(__LINE__);
	consume(x);
}

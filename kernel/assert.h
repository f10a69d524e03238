/* SPDX-License-Identifier: MIT */
/* assert: a broken contract inside this kernel (debug builds). panic: a broken machine or configuration (always). */
#ifndef KERNEL_ASSERT_H
#define KERNEL_ASSERT_H

#ifndef DEBUG
#define DEBUG 0
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Any context. Stops every CPU, prints, and ends the machine as a failure. Never returns. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void assert_failed(const char *expr, const char *file, int line);

#define assert(expr)                                                                               \
	do {                                                                                       \
		if (DEBUG && unlikely(!(expr)))                                                    \
			assert_failed(#expr, __FILE__, __LINE__);                                  \
	} while (0)

#endif

/* SPDX-License-Identifier: MIT */
/* Test Anything Protocol: one line a check, the plan at the end. */
#ifndef TESTS_HOST_TAP_H
#define TESTS_HOST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) int tap_count, tap_failed; /* one pair, however many files include this */

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failed += !good;
	return good;
}

/* For loops: says nothing while all is well; the first failure of a place is a failed test. */
#define check(good)                                                                                \
	do {                                                                                       \
		if (!(good)) {                                                                     \
			ok(false, "%s:%d: %s", __FILE__, __LINE__, #good);                         \
			tap_end();                                                                 \
		}                                                                                  \
	} while (0)

_Noreturn __attribute__((unused)) static void tap_end(void)
{
	printf("1..%d\n", tap_count);
	fflush(stdout);
	exit(tap_failed ? 1 : 0);
}

/* The first argument of the program, or what is given: tests that use random numbers repeat with it. */
__attribute__((unused)) static unsigned long long tap_seed(int argc, char **argv, unsigned long long otherwise)
{
	unsigned long long seed = argc > 1 ? strtoull(argv[1], NULL, 0) : otherwise;

	printf("# seed %llu\n", seed);
	return seed;
}

#endif

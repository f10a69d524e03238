/* SPDX-License-Identifier: MIT */
/* Invariants at rest: see check.c. */
#ifndef MM_CHECK_H
#define MM_CHECK_H

#include <stddef.h>

/* Looks at every page. How many break a rule, and keep breaking it; of the first of them `why` says which. Thread context, sleeps. */
unsigned mm_check(char *why, size_t size);

#endif

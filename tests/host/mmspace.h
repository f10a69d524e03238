/* SPDX-License-Identifier: MIT */
/* What tests of address spaces need of them. */
#ifndef TESTS_HOST_MMSPACE_H
#define TESTS_HOST_MMSPACE_H

#include "mm/mm.h"

/* This thread's user memory is that of `to`, or nobody's. */
void enter(struct mm *to);

/* At this place; VMA_MAYWRITE too. */
long map_at(uintptr_t at, unsigned pages, unsigned flags, struct mapping *m, pgoff_t pgoff);

uint32_t user_load(uintptr_t at); /* which must be there */

/* Entries of the range that are not empty. */
unsigned entries_present(struct mm *mm, uintptr_t at, unsigned pages);

#endif

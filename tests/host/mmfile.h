/* SPDX-License-Identifier: MIT */
/* A file without a file system: what each page holds is computed, and a read ends some time later, in a timer interrupt. */
#ifndef TESTS_HOST_MMFILE_H
#define TESTS_HOST_MMFILE_H

#include "lib/prng.h"
#include "mm/pagecache.h"

struct test_file {
	struct mapping mapping;
	_Atomic unsigned refs;
	unsigned number;
	pgoff_t pages;
	bool *bad;	      /* reading this page always fails */
	uint64_t (*now)[3];   /* what the page holds at the offsets that the test looks at; kept by the test */
	struct prng delays;
	struct spinlock lock;
	_Atomic bool gone;
};

struct test_file *test_file_new(unsigned number, pgoff_t pages, const uint64_t *seed);
void test_file_put(struct test_file *f);

#endif

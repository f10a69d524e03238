/* SPDX-License-Identifier: MIT */
/* How much to read when a page is missing. */
#ifndef MM_READAHEAD_H
#define MM_READAHEAD_H

#include "mm/backing.h"

#define READAHEAD_MAX 64 /* pages in one window; bound of policy readahead_pages */
#define READAHEAD_START 4

/* An answer: the asker's own. */
struct readahead {
	pgoff_t start;
	unsigned pages; /* from start on; >= 1, within the file */
};

/* The window for a miss at index, which it begins with. Remembers it. Any context. */
struct readahead readahead_plan(struct mapping *m, pgoff_t index);

#endif

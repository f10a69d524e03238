/* SPDX-License-Identifier: MIT */
/*
 * Read-ahead: a miss just where the last window ended doubles the window, up to the policy's bound; any other miss
 * starts small again. Two readers of one file may mix their hints: that costs a smaller window, nothing else.
 */
#include "mm/readahead.h"

#include "mm/policy.h"

static uint32_t next_size(struct mapping *m, pgoff_t index, uint32_t most)
{
	uint32_t size = READAHEAD_START;

	if (index && index == atomic_load_explicit(&m->ra_next, memory_order_relaxed))
		size = 2 * atomic_load_explicit(&m->ra_size, memory_order_relaxed);
	return size < most ? size : most;
}

struct readahead readahead_plan(struct mapping *m, pgoff_t index)
{
	uint32_t most = policy_get(&policy.readahead_pages);
	struct readahead ra = { .start = index, .pages = 1 };
	pgoff_t end = mapping_end(m);

	if (most > READAHEAD_MAX)
		most = READAHEAD_MAX;
	if (most && !m->ops->volatile_pages) /* there is nothing to read ahead, and the pages would stay */
		ra.pages = next_size(m, index, most);
	if (index + ra.pages > end)
		ra.pages = index < end ? (unsigned)(end - index) : 1;
	atomic_store_explicit(&m->ra_next, index + ra.pages, memory_order_relaxed);
	atomic_store_explicit(&m->ra_size, ra.pages, memory_order_relaxed);
	return ra;
}

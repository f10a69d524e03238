/* SPDX-License-Identifier: MIT */
/* Taking pages away from a file that others use. */
#include "mm/truncate.h"

int mapping_truncate(struct mapping *m, uint64_t size)
{
	atomic_store_explicit(&m->size, size, memory_order_release);
	return 0;
}

int mapping_punch_begin(struct mapping *m, uint64_t start, uint64_t end)
{
	return 0;
}

void mapping_punch_end(struct mapping *m)
{
}

uint64_t mapping_invalidate(struct mapping *m, pgoff_t start, pgoff_t end)
{
	return 0;
}

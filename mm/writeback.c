/* SPDX-License-Identifier: MIT */
/* Dirty pages, and how they reach the device. */
#include "mm/writeback.h"

void page_mark_dirty(struct page *page)
{
	page_flag_set(page, PG_DIRTY);
}

void page_write_done(struct page *page, int error)
{
	page_flag_clear(page, PG_WRITEBACK);
}

int mapping_sync(struct mapping *m, uint64_t start, uint64_t end)
{
	return 0;
}

void mapping_flush(struct mapping *m)
{
}

void writeback_all(void)
{
}

uint32_t mapping_error_sample(struct mapping *m)
{
	return 0;
}

int mapping_error_since(struct mapping *m, _Atomic uint32_t *seen)
{
	return 0;
}

void mapping_unlinked(struct mapping *m)
{
}

void writeback_start(void)
{
}

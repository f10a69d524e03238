/* SPDX-License-Identifier: MIT */
/*
 * Taking pages away from a file that others use: truncate, holes, invalidation, the end of a file.
 *
 * The caller holds write_lock: nobody else changes size or blocks, or writes by write(2). Faults, reads, write-back and reclaim go on.
 *
 * 1. Truncate lowers the size, then takes mapping->lock once. Whoever adds a page looks at the size under that lock (mm/pagecache.c, 4), so from
 *    then on no page behind the end is added; those there are, or are being read, are found by the walk.
 * 2. Each page is locked, which waits for its reading, and write-back is waited for without the lock; both pin nothing. Then it is FROZEN: who
 *    maps it without a lock either counted before, and the reverse map's walk waits for his entry, or fails (mm/page.c). The walk
 *    is repeated until no count is left, since one that backs out leaves his for a moment. Then the slot becomes empty.
 * 3. Private copies (truncate only). A fault checks, under the page-table lock, that its source is in its slot and not FROZEN before it installs a
 *    copy (mm/fault.c). The walk that takes copies away comes after the slots are empty and takes each table's lock: what was installed before,
 *    it finds; what comes later fails. A table hooked in after the walk looked was hooked in after pt_barrier, by whoever sees the empty slot.
 * 4. A fault that has read the old size finds no page, or a FROZEN one: it looks again, reads the new size, and ends in SIGBUS. 5 in mm/around.c
 *    is the same for map-around.
 * 5. A hole does not change the size, so that pages in it may be added again at once, from blocks that are still there. Whoever adds pages in
 *    order to read them holds m->invalidate shared while he looks up the blocks; the hole holds it exclusively until its blocks are freed.
 *    Stores that ask for blocks, and write(2), need write_lock.
 * 6. When truncate or punch_begin return no page wholly in the range is being read or written, and none is on its way.
 * 7. The pages at the edges stay, and may have blocks inside the range where blocks are smaller than pages. They are not read after that: truncate
 *    reads them before the size is lower, and a later read looks up none behind it; a hole keeps them referenced from when they are zero until it
 *    holds m->invalidate. But they are dirty, and may be under write-back, begun before or since, to the blocks they have. So the file system first
 *    takes the blocks from the file, then calls mapping_settle, then gives them to others. Write-back begins under the page lock, before the blocks
 *    are looked up, and settle takes that lock: what began before, it finds and waits for; what begins later finds a hole.
 *
 * Before all that the whole range is unmapped at one go, one flush a table: cheap, and not relied upon.
 */
#include "mm/truncate.h"

#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pagecache.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/write.h"
#include "mm/writeback.h"

static const struct trace_point trace_truncate = { "truncate", " mapping=%x size=%u" };
static const struct trace_point trace_punch = { "punch", " mapping=%x start=%u end=%u" };

/* Every counter of 2 backs out or has its entry taken away. */
static void unmap_frozen(struct mapping *m, struct page *page)
{
	while (page_maps(page)) {
		rmap_unmap(m, page);
		if (page_maps(page))
			thread_yield();
	}
}

/* The page at index, of which the caller gives up his reference: out of the cache. false: under write-back, look again. */
static bool remove_page(struct mapping *m, struct page *page, pgoff_t index)
{
	bool writing;

	if (page_lock_unpinned(page, m, index, WAIT_FOREVER))
		return true; /* it is not there any more */
	writing = page_flag(page, PG_WRITEBACK);
	if (!writing) {
		page_freeze(page);
		unmap_frozen(m, page);
		cache_remove(m, page);
		page_put(page); /* the cache's */
		stat_inc(STAT_truncated);
	}
	page_unlock(page);
	page_put(page);
	return !writing;
}

/* The first page in [*index, last], referenced; or NULL: there is none, or *busy: it is FROZEN. */
static struct page *next_page(struct mapping *m, pgoff_t *index, pgoff_t last, bool *busy)
{
	struct page *page = NULL;

	*busy = false;
	rcu_read_lock();
	while (!*busy && (page = radix_next(&m->pages, index, last))) {
		*busy = !page_tryget(page);
		if (*busy)
			continue;
		if (radix_load(&m->pages, *index) == page)
			break;
		page_put(page); /* its frame is another's page by now, perhaps one that its maker is about to lock */
	}
	rcu_read_unlock();
	return *busy ? NULL : page;
}

/* Reclaim has the page FROZEN: until it does not. */
static void wait_settled(struct mapping *m, pgoff_t index)
{
	struct page_waiter w;
	struct page *page;
	bool queued;

	rcu_read_lock();
	page = radix_load(&m->pages, index);
	queued = page && page_wait_begin(&w, page, m, index);
	rcu_read_unlock();
	if (queued)
		page_wait_end(&w, WAIT_FOREVER);
}

static void remove_pages(struct mapping *m, pgoff_t index, pgoff_t last)
{
	struct page *page;
	bool busy;

	might_sleep();
	while ((page = next_page(m, &index, last, &busy)) || busy) {
		if (busy) {
			wait_settled(m, index);
			continue;
		}
		if (!remove_page(m, page, index))
			mapping_wait_written(m, index, WAIT_FOREVER);
	}
}

void mapping_drop_behind(struct mapping *m)
{
	remove_pages(m, mapping_end(m), UINT64_MAX);
}

/* ---- the end of a file moves ---- */

/* Zeroes from offset to `end` in the page at index, which is READY and referenced, if any. */
static int zero_part(struct page *page, unsigned offset, unsigned end, enum wait_mode mode)
{
	int err = page_lock_to_change(page, mode);

	if (err)
		return err;
	page_forget_blocks(page); /* first: stores from now on wait until we are done */
	memset((char *)page_address(page) + offset, 0, end - offset);
	page_mark_dirty(page);
	page_unlock(page);
	return 0;
}

/* The page at index, part of which is to become zero: referenced, or NULL: it is a hole of a file that lives in memory. */
static int edge_page(struct mapping *m, pgoff_t index, struct page **page)
{
	int got;

	*page = NULL;
	if (!m->ops->volatile_pages)
		return cache_read(m, index, WAIT_KILLABLE, page);
	got = cache_read_present(m, index, page);
	return got < 0 ? got : 0;
}

static void lower_size(struct mapping *m, uint64_t size)
{
	irqflags_t flags;

	atomic_store_explicit(&m->size, size, memory_order_release);
	flags = spin_lock_irq(&m->lock); /* 1 above */
	spin_unlock_irq(&m->lock, flags);
}

static int shrink(struct mapping *m, uint64_t size)
{
	pgoff_t first = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct page *page = NULL;
	int err = size % PAGE_SIZE ? edge_page(m, size >> PAGE_SHIFT, &page) : 0;

	if (err)
		return err;
	lower_size(m, size);
	rmap_zap(m, first, UINT64_MAX, true);
	remove_pages(m, first, UINT64_MAX);
	rmap_zap(m, first, UINT64_MAX, true);
	if (page) {
		zero_part(page, size % PAGE_SIZE, PAGE_SIZE, WAIT_FOREVER);
		page_put(page);
	}
	return 0;
}

int mapping_truncate(struct mapping *m, uint64_t size)
{
	int err;

	assert(!m->write_lock || mutex_held(m->write_lock));
	trace(&trace_truncate, m, size, 0);
	if (size < mapping_size(m))
		return shrink(m, size);
	err = size > mapping_size(m) ? mapping_prepare_extend(m) : 0;
	if (!err)
		atomic_store_explicit(&m->size, size, memory_order_release);
	return err;
}

/* ---- holes ---- */

/* Zeroes [start, end), which lies in one page: that is referenced then, if there is any. */
static int zero_edge(struct mapping *m, uint64_t start, uint64_t end, struct page **page)
{
	int err;

	if (start >= end || start >= mapping_size(m))
		return 0;
	err = edge_page(m, start >> PAGE_SHIFT, page);
	if (err || !*page)
		return err;
	return zero_part(*page, start % PAGE_SIZE, (unsigned)(end - start) + start % PAGE_SIZE, WAIT_KILLABLE);
}

int mapping_punch_begin(struct mapping *m, uint64_t start, uint64_t end)
{
	pgoff_t first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, after = end >> PAGE_SHIFT;
	struct page *edges[2] = { NULL, NULL };
	int err;

	assert(!m->write_lock || mutex_held(m->write_lock));
	trace(&trace_punch, m, start, end);
	if (first > after) { /* inside one page */
		err = zero_edge(m, start, end, &edges[0]);
	} else {
		err = zero_edge(m, start, first << PAGE_SHIFT, &edges[0]);
		if (!err)
			err = zero_edge(m, after << PAGE_SHIFT, end, &edges[1]);
	}
	if (!err)
		rwsem_write_lock(&m->invalidate);
	for (unsigned i = 0; i < 2; i++)
		if (edges[i])
			page_put(edges[i]);
	if (!err && first < after) {
		rmap_zap(m, first, after - 1, false);
		remove_pages(m, first, after - 1);
	}
	return err;
}

void mapping_punch_end(struct mapping *m)
{
	rwsem_write_unlock(&m->invalidate);
}

/* ---- before blocks go to others ---- */

static void settle_page(struct mapping *m, pgoff_t index)
{
	pgoff_t at = index;
	struct page *page;
	bool busy, writing;

	do {
		while (!(page = next_page(m, &at, index, &busy)) && busy)
			wait_settled(m, index);
		if (!page)
			return;
	} while (page_lock_unpinned(page, m, index, WAIT_FOREVER));
	writing = page_flag(page, PG_WRITEBACK);
	page_unlock(page);
	page_put(page);
	if (writing)
		mapping_wait_written(m, index, WAIT_FOREVER);
}

void mapping_settle(struct mapping *m, uint64_t start, uint64_t end)
{
	pgoff_t first = start >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT;

	settle_page(m, first);
	if (last != first)
		settle_page(m, last);
}

/* ---- other ways to go ---- */

uint64_t mapping_invalidate(struct mapping *m, pgoff_t start, pgoff_t end)
{
	uint64_t taken = 0;
	struct page *page;
	bool busy;

	for (pgoff_t index = start; index < end; index++) {
		page = next_page(m, &index, end - 1, &busy);
		if (!page && !busy)
			break;
		if (!page)
			continue;
		taken += page_take_clean(page);
		page_put(page);
	}
	return taken;
}

/* Somebody reading a page, or a read that is under way, is over soon. */
#define REPLACE_TRIES 4

static bool is_empty(struct mapping *m, pgoff_t first, pgoff_t last)
{
	bool empty;

	rcu_read_lock();
	empty = !radix_next(&m->pages, &first, last);
	rcu_read_unlock();
	return empty;
}

bool mapping_replace_begin(struct mapping *m, uint64_t start, uint64_t end)
{
	pgoff_t first = start >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT;

	assert(!m->write_lock || mutex_held(m->write_lock));
	for (unsigned i = 0; i < REPLACE_TRIES && !mapping_sync(m, start, end); i++) {
		rwsem_write_lock(&m->invalidate);
		mapping_invalidate(m, first, last + 1);
		if (is_empty(m, first, last))
			return true;
		rwsem_write_unlock(&m->invalidate);
		thread_yield();
	}
	return false;
}

void mapping_replace_end(struct mapping *m)
{
	rwsem_write_unlock(&m->invalidate);
}

void mapping_evict(struct mapping *m)
{
	irqflags_t flags;

	assert(list_empty(&m->mappers));
	remove_pages(m, 0, UINT64_MAX);
	writeback_forget(m);
	flags = spin_lock_irq(&m->lock); /* reclaim, which needs no reference, may just have emptied the last slot under it: it is done with m then */
	spin_unlock_irq(&m->lock, flags);
	assert(!atomic_load_explicit(&m->nr_pages, memory_order_relaxed));
}

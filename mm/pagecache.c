/* SPDX-License-Identifier: MIT */
/*
 * The page cache.
 *
 * 1. A slot goes from empty to a page in cache_add only, and back in cache_remove only; both hold mapping->lock. Readers load slots
 *    under RCU: radix nodes are freed after a grace period, and struct page never goes away.
 * 2. Whoever finds a page takes a reference by page_tryget and loads the slot again (mm/page.c, rule 4).
 * 3. A page enters READING and locked, its lock given to the I/O. page_read_done ends that: READY, or out of the cache. A
 *    page whose read failed is never READY, and the next one who asks makes a new page and asks the device again.
 * 4. The one who starts a read queues for its end before the I/O can end it, so it learns of an error even if the device
 *    was quicker. Others who wait learn it too; those who come later ask again.
 */
#include "mm/pagecache.h"

#include "kernel/slab.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "mm/lru.h"
#include "mm/readahead.h"

static const struct trace_point trace_read_done = { "cache.read-done", " mapping=%x index=%u error=%d" };
static const struct trace_point trace_fill = { "cache.fill", " mapping=%x index=%u pages=%u" };

static void *node_alloc(size_t size)
{
	return kzalloc(size);
}

static void node_free_now(struct rcu_head *head)
{
	kfree(head);
}

static void node_free(void *node)
{
	_Static_assert(offsetof(struct radix_node, reclaim) == 0, "kfree needs the node's own address");
	rcu_call(node, node_free_now);
}

static const struct radix_mem radix_mem = { node_alloc, node_free };

void mapping_init(struct mapping *m, const struct backing_ops *ops, uint64_t size)
{
	*m = (struct mapping){ .ops = ops, .size = size };
	spin_init(&m->lock, LOCK_CACHE);
	radix_init(&m->pages, &radix_mem);
	mutex_init(&m->mappers_lock, LOCK_RMAP_FILE);
	rwsem_init(&m->invalidate, LOCK_INVALIDATE);
	list_init(&m->mappers);
	list_init(&m->dirty);
}

struct page *cache_lookup(struct mapping *m, pgoff_t index, bool *referenced)
{
	struct page *page;

	*referenced = false;
	rcu_read_lock();
	while ((page = cache_peek(m, index))) {
		if (page_tryget(page)) {
			*referenced = cache_peek(m, index) == page;
			if (*referenced)
				break;
			page_put(page);
		} else if (cache_peek(m, index) == page) {
			break; /* FROZEN: its owner may be asleep, so do not spin */
		}
	}
	rcu_read_unlock();
	return page;
}

/* Puts a fresh page into an empty slot: READING, locked for the I/O. The slot's reference is the page's first. */
static int cache_add(struct mapping *m, pgoff_t index, struct page *page)
{
	irqflags_t flags;
	int err = -EEXIST;

	page_flag_set(page, PG_LOCKED);
	atomic_store_explicit(&page->mapping, m, memory_order_relaxed);
	atomic_store_explicit(&page->index, index, memory_order_relaxed);
	page_set_state(page, PAGE_READING);
	flags = spin_lock_irq(&m->lock);
	if (!radix_load(&m->pages, index))
		err = radix_store(&m->pages, index, page);
	spin_unlock_irq(&m->lock, flags);
	if (err) {
		page_set_state(page, PAGE_DYING);
		page_flag_clear(page, PG_LOCKED);
		return err;
	}
	atomic_fetch_add_explicit(&m->nr_pages, 1, memory_order_relaxed);
	stat_inc(STAT_cache_pages);
	lru_add(page);
	return 0;
}

void cache_remove(struct mapping *m, struct page *page)
{
	irqflags_t flags;

	assert(page_locked(page) && atomic_load_explicit(&page->mapping, memory_order_relaxed) == m);
	flags = spin_lock_irq(&m->lock);
	radix_store(&m->pages, atomic_load_explicit(&page->index, memory_order_relaxed), NULL);
	spin_unlock_irq(&m->lock, flags);
	page_set_state(page, PAGE_DYING);
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
	atomic_fetch_sub_explicit(&m->nr_pages, 1, memory_order_relaxed);
	stat_add(STAT_cache_pages, -1);
	lru_remove(page);
}

void page_read_done(struct page *page, int error)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	trace(&trace_read_done, m, page->index, error);
	if (!error) {
		page_set_state(page, PAGE_READY);
		page_unlock_io(page, 0);
		return;
	}
	cache_remove(m, page);
	page_unlock_io(page, error);
	page_put(page);
}

/* A new page in the cache at index, READING, or NULL: there is one already, or no memory (*err). */
static struct page *cache_new(struct mapping *m, pgoff_t index, bool reclaim, int *err)
{
	struct page *page;

	rcu_read_lock();
	page = cache_peek(m, index);
	rcu_read_unlock();
	*err = -EEXIST;
	if (page)
		return NULL;
	page = reclaim ? page_alloc_reclaim() : page_alloc(FRAME_NORMAL);
	*err = page ? cache_add(m, index, page) : -ENOMEM;
	if (*err && page) {
		page_put(page);
		page = NULL;
	}
	return page;
}

int cache_fill(struct mapping *m, pgoff_t index, enum wait_mode mode)
{
	struct page *pages[READAHEAD_MAX];
	struct page_waiter w;
	struct readahead ra = readahead_plan(m, index);
	unsigned n;
	int err;

	might_sleep();
	do { /* the slot may want memory of its own */
		pages[0] = cache_new(m, index, true, &err);
	} while (!pages[0] && err == -ENOMEM && page_make_room());
	if (!pages[0])
		return err == -EEXIST ? 0 : err;
	/* The I/O has not begun, so the page is READING and cannot refuse us. */
	if (!page_wait_begin(&w, pages[0], m, index))
		panic("a page being filled is not READING");
	stat_inc(STAT_cache_misses);
	for (n = 1; n < ra.pages; n++) {
		pages[n] = cache_new(m, ra.start + n, false, &err);
		if (!pages[n])
			break;
	}
	stat_add(STAT_readahead_pages, n - 1);
	trace(&trace_fill, m, index, n);
	m->ops->read_pages(m, pages, n);
	return page_wait_end(&w, mode);
}

void cache_prefetch(struct mapping *m, pgoff_t index, uint64_t n)
{
	struct page *pages[READAHEAD_MAX];
	pgoff_t end = mapping_end(m);
	unsigned found = 0;
	int err = 0;

	might_sleep();
	if (index < end && n > end - index)
		n = end - index;
	for (uint64_t i = 0; index < end && i < n && err != -ENOMEM; i++) {
		pages[found] = cache_new(m, index + i, false, &err);
		found += pages[found] != NULL;
		if (found == READAHEAD_MAX || (found && (i + 1 == n || err == -ENOMEM))) {
			stat_add(STAT_readahead_pages, found);
			m->ops->read_pages(m, pages, found);
			found = 0;
		}
	}
}

/* One look at the slot: 1 and a referenced READY page, 0 to look again, or an error. */
static int cache_read_once(struct mapping *m, pgoff_t index, enum wait_mode mode, struct page **out)
{
	struct page_waiter w;
	bool referenced, queued;
	struct page *page = cache_lookup(m, index, &referenced);

	if (!page)
		return cache_fill(m, index, mode);
	if (referenced && page_state(page) == PAGE_READY) {
		stat_inc(STAT_cache_hits);
		page_flag_set(page, PG_REFERENCED);
		*out = page;
		return 1;
	}
	queued = page_wait_begin(&w, page, m, index);
	if (referenced)
		page_put(page); /* law 5: asleep, we pin nothing */
	return queued ? page_wait_end(&w, mode) : 0;
}

int cache_read(struct mapping *m, pgoff_t index, enum wait_mode mode, struct page **out)
{
	int got = 0;

	while (!got) {
		if (index >= mapping_end(m))
			return -ENXIO;
		got = cache_read_once(m, index, mode, out);
	}
	return got < 0 ? got : 0;
}

/* Some page at or after *index, with a reference, or NULL. Eviction only: nobody freezes pages of this mapping but reclaim. */
static struct page *cache_next(struct mapping *m, uint64_t *index)
{
	struct page *page;

	rcu_read_lock();
	page = radix_next(&m->pages, index, UINT64_MAX);
	if (page && !page_tryget(page))
		page = NULL;
	rcu_read_unlock();
	return page;
}

static void cache_evict_page(struct mapping *m, struct page *page)
{
	page_lock(page);
	if (atomic_load_explicit(&page->mapping, memory_order_relaxed) == m) {
		page_freeze(page);
		cache_remove(m, page);
		page_flag_clear(page, PG_DIRTY); /* nobody will ever ask for it again */
		page_unlock(page);
		page_put(page);
	} else {
		page_unlock(page);
	}
	page_put(page);
}

void mapping_evict(struct mapping *m)
{
	assert(list_empty(&m->mappers));
	while (atomic_load_explicit(&m->nr_pages, memory_order_relaxed)) {
		uint64_t index = 0;
		struct page *page = cache_next(m, &index);

		if (page)
			cache_evict_page(m, page);
		else
			thread_yield(); /* reclaim holds it FROZEN: it is about to be gone */
	}
}

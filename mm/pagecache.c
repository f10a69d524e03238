/* SPDX-License-Identifier: MIT */
/*
 * The page cache.
 *
 * 1. A slot goes from empty to a page in cache_add only, and back in cache_remove only; both hold mapping->lock. Readers load slots
 *    under RCU: radix nodes are freed after a grace period, and struct page never goes away.
 * 2. Whoever finds a page takes a reference by page_tryget and loads the slot again (mm/page.c, rule 4).
 * 3. A page enters READING and locked, its lock given to the I/O. page_read_done ends that: READY, or out of the cache. A
 *    page whose read failed is never READY, and the next one who asks makes a new page and asks the device again.
 * 4. A page is added to be read only if its index is inside the file, which is looked at under mapping->lock; whoever makes the file shorter
 *    lowers the size, and takes that lock once before looking for pages. So a page is seen by that look, or is not added. Pages behind
 *    the end are added by mm/write.c, which excludes whoever changes the size.
 * 5. PG_DIRTY and the slot's dirty tag are one: both change under mapping->lock, and go when the page leaves the cache.
 * 6. The one who starts a read queues for its end before the I/O can end it, so it learns of an error even if the device
 *    was quicker. Others who wait learn it too; those who come later ask again.
 */
#include "mm/pagecache.h"

#include "kernel/slab.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "mm/lru.h"
#include "mm/page_owner.h"
#include "mm/reclaim.h"
#include "mm/writeback.h"

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

static inline struct page *lookup(struct mapping *m, pgoff_t index, bool *referenced)
{
	_Atomic(void *) *slot;
	struct page *page;

	*referenced = false;
	rcu_read_lock();
	slot = radix_slot(&m->pages, index);
	while ((page = radix_slot_load(slot))) {
		if (page_tryget(page)) {
			*referenced = radix_slot_load(slot) == page;
			if (*referenced)
				break;
			page_put(page);
		} else if (radix_slot_load(slot) == page) {
			break; /* FROZEN: its owner may be asleep, so do not spin */
		}
	}
	rcu_read_unlock();
	return page;
}

struct page *cache_lookup(struct mapping *m, pgoff_t index, bool *referenced)
{
	return lookup(m, index, referenced);
}

/* Puts a page into an empty slot. mapping->lock held. */
static int slot_fill(struct mapping *m, pgoff_t index, struct page *page, bool beyond)
{
	if (radix_load(&m->pages, index))
		return -EEXIST;
	if (!beyond && index >= mapping_end(m))
		return -ENXIO;
	return radix_store(&m->pages, index, page);
}

/* Puts a fresh page into an empty slot, behind the end of the file too if `beyond`: READING, locked for the I/O. The slot's reference is the
 * page's first. */
static int cache_add(struct mapping *m, pgoff_t index, struct page *page, bool beyond)
{
	irqflags_t flags;
	int err;

	page_flag_set(page, PG_LOCKED);
	page_note_born_for_io(page);
	atomic_store_explicit(&page->mapping, m, memory_order_relaxed);
	atomic_store_explicit(&page->index, index, memory_order_relaxed);
	page_set_state(page, PAGE_READING);
	flags = spin_lock_irq(&m->lock);
	err = slot_fill(m, index, page, beyond);
	spin_unlock_irq(&m->lock, flags);
	if (err) {
		page_set_state(page, PAGE_DYING);
		atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed); /* it may outlive the file */
		page_unlock_io(page, 0); /* a look-up from before may know this frame at this very index */
		return err;
	}
	atomic_fetch_add_explicit(&m->nr_pages, 1, memory_order_relaxed);
	stat_inc(STAT_cache_pages);
	if (!m->ops->volatile_pages)
		lru_add(page);
	return 0;
}

/* mapping->lock held; after it the mapping may be gone (mapping_evict). */
static void slot_empty(struct mapping *m, struct page *page)
{
	radix_store(&m->pages, atomic_load_explicit(&page->index, memory_order_relaxed), NULL);
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
	atomic_fetch_sub_explicit(&m->nr_pages, 1, memory_order_relaxed);
}

/* The slot is empty: the rest of leaving the cache. */
static void slot_emptied(struct page *page)
{
	page_set_state(page, PAGE_DYING);
	stat_add(STAT_cache_pages, -1);
	lru_remove(page);
}

void cache_remove(struct mapping *m, struct page *page)
{
	irqflags_t flags;

	assert(page_locked(page) && atomic_load_explicit(&page->mapping, memory_order_relaxed) == m);
	assert(!page_flag(page, PG_WRITEBACK));
	flags = spin_lock_irq(&m->lock);
	writeback_forget_page(page);
	slot_empty(m, page);
	spin_unlock_irq(&m->lock, flags);
	slot_emptied(page);
}

bool cache_remove_clean(struct mapping *m, struct page *page)
{
	irqflags_t flags;
	bool clean;

	assert(page_locked(page) && page_frozen(page));
	flags = spin_lock_irq(&m->lock);
	clean = !page_flag(page, PG_DIRTY | PG_WRITEBACK);
	if (clean)
		slot_empty(m, page);
	spin_unlock_irq(&m->lock, flags);
	if (clean)
		slot_emptied(page);
	return clean;
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

enum new_page { NEW_AHEAD = 0, NEW_RECLAIM = 1, NEW_BEYOND = 2 };

/* A new page in the cache at index, READING, or NULL: there is one already, it would lie behind the end, or no memory (*err). */
static struct page *cache_new(struct mapping *m, pgoff_t index, unsigned how, int *err)
{
	struct page *page;

	rcu_read_lock();
	page = cache_peek(m, index);
	rcu_read_unlock();
	*err = -EEXIST;
	if (page)
		return NULL;
	page = how & NEW_RECLAIM ? page_alloc_reclaim() : page_alloc(FRAME_NORMAL);
	*err = page ? cache_add(m, index, page, how & NEW_BEYOND) : -ENOMEM;
	if (*err && page) {
		page_put(page);
		page = NULL;
	}
	return page;
}

/* The same, making room for page and slot. */
static struct page *cache_new_sure(struct mapping *m, pgoff_t index, unsigned how, int *err)
{
	struct page *page;

	do { /* the slot may want memory of its own */
		page = cache_new(m, index, how | NEW_RECLAIM, err);
	} while (!page && *err == -ENOMEM && page_make_room());
	return page;
}

struct page *cache_create(struct mapping *m, pgoff_t index, int *err)
{
	assert(!m->write_lock || mutex_held(m->write_lock));
	return cache_new_sure(m, index, NEW_BEYOND, err);
}

/* Adds what is missing of the window but for `own`, which is there: the new pages and `own`, in order. */
static unsigned add_window(struct mapping *m, const struct ra_window *w, struct page *own, pgoff_t index, struct page **pages)
{
	unsigned n = 0;
	int err = 0;

	for (pgoff_t i = w->start; i < w->start + w->pages; i++) {
		struct page *page = own;

		if (!own || i != index) {
			if (err == -ENOMEM)
				continue; /* `own` may be yet to come */
			page = cache_new(m, i, NEW_AHEAD, &err);
		}
		if (!page)
			continue;
		if (i == w->start + w->mark)
			page_flag_set(page, PG_AHEAD);
		pages[n++] = page;
	}
	return n;
}

/* Adds the page at index, and the rest of the window, and starts reading them. The caller waits for it by *waiter. */
static int fill_start(struct mapping *m, pgoff_t index, const struct ra_window *w, struct page_waiter *waiter)
{
	struct page *pages[READAHEAD_MAX], *own;
	unsigned n;
	int err;

	assert(w->pages <= READAHEAD_MAX && index - w->start < w->pages);
	own = cache_new_sure(m, index, 0, &err);
	if (!own)
		return err;
	/* The I/O has not begun, so the page is READING and cannot refuse us. */
	if (!page_wait_begin(waiter, own, m, index))
		panic("a page being filled is not READING");
	stat_inc(STAT_cache_misses);
	n = add_window(m, w, own, index, pages);
	stat_add(STAT_readahead_pages, n - 1);
	trace(&trace_fill, m, index, n);
	m->ops->read_pages(m, pages, n);
	return 0;
}

/* Blocks stay what they are while they are looked up: see mapping_punch_begin. Who has no write_lock takes no blocks away. */
static void blocks_stay(struct mapping *m)
{
	if (m->write_lock)
		rwsem_read_lock(&m->invalidate);
}

static void blocks_may_go(struct mapping *m)
{
	if (m->write_lock)
		rwsem_read_unlock(&m->invalidate);
}

int cache_fill(struct mapping *m, pgoff_t index, const struct ra_window *w, enum wait_mode mode)
{
	struct page_waiter waiter;
	int err;

	might_sleep();
	blocks_stay(m);
	err = fill_start(m, index, w, &waiter);
	blocks_may_go(m);
	if (err)
		return err == -EEXIST ? 0 : err;
	return page_wait_end(&waiter, mode);
}

void cache_begin(struct mapping *m, const struct ra_window *w)
{
	struct page *pages[READAHEAD_MAX];
	unsigned n;

	might_sleep();
	blocks_stay(m);
	n = add_window(m, w, NULL, 0, pages);
	if (n)
		m->ops->read_pages(m, pages, n);
	blocks_may_go(m);
	stat_add(STAT_readahead_pages, n);
}

void cache_prefetch(struct mapping *m, pgoff_t index, uint64_t n)
{
	pgoff_t end = mapping_end(m);
	struct ra_window w = { .start = index };

	might_sleep();
	if (m->ops->volatile_pages)
		return; /* there is nothing to read */
	if (index < end && n < end - index)
		end = index + n;
	for (; w.start < end && frame_free_now() > frame_reserve(); w.start += w.pages) {
		w.pages = w.mark = end - w.start < READAHEAD_MAX ? (unsigned)(end - w.start) : READAHEAD_MAX;
		cache_begin(m, &w);
	}
}

bool page_take_mark(struct page *page)
{
	/* relaxed: it says nothing about the page */
	return page_flag(page, PG_AHEAD) && atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_AHEAD, memory_order_relaxed) & PG_AHEAD;
}

/* A page found at index is not READY, or not referenced: waits until it is not what it was, pinning nothing. 0 to look again, or an error. */
static int wait_found(struct page *page, bool referenced, struct mapping *m, pgoff_t index, enum wait_mode mode)
{
	struct page_waiter w;
	bool queued = page_wait_begin(&w, page, m, index);

	if (referenced)
		page_put(page); /* law 5: asleep, we pin nothing */
	return queued ? page_wait_end(&w, mode) : 0;
}

/* The next window begins: by who has met the marked page at index, and pins nothing meanwhile. */
static void begin_next(const struct cache_reader *r, pgoff_t index)
{
	struct ra_ask a = { .index = index, .want = r->end - index, .mode = readahead_mode(r->ra) };
	struct ra_window w = readahead_marked(r->ra, r->m, &a);

	if (w.pages)
		cache_begin(r->m, &w);
}

/* A page found at index is not plain: 0 to look again, or an error. */
static int settle_found(const struct cache_reader *r, struct page *page, bool referenced, pgoff_t index)
{
	bool marked;

	if (!referenced || page_state(page) != PAGE_READY)
		return wait_found(page, referenced, r->m, index, r->mode);
	marked = page_take_mark(page);
	page_put(page);
	if (marked)
		begin_next(r, index);
	return 0;
}

static inline int use_found(struct readahead *ra, struct page *page, pgoff_t index)
{
	stat_inc(STAT_cache_hits);
	if (readahead_used(ra, index))
		page_note_use(page);
	return 1;
}

/* A page found at index: 1 if it is READY, referenced; 0 to look again, or an error. */
static inline int take_found(const struct cache_reader *r, struct page *page, bool referenced, pgoff_t index)
{
	if (unlikely(!referenced || !page_plain(page)))
		return settle_found(r, page, referenced, index);
	return use_found(r->ra, page, index);
}

static int fill_missing(const struct cache_reader *r, pgoff_t index)
{
	struct ra_ask a = { .index = index, .want = r->end - index, .mode = readahead_mode(r->ra) };
	struct ra_window w = readahead_miss(r->ra, r->m, &a);

	return cache_fill(r->m, index, &w, r->mode);
}

/* One look at the slot: 1 and a referenced READY page, 0 to look again, or an error. */
static int cache_read_once(const struct cache_reader *r, pgoff_t index, struct page **out)
{
	bool referenced;

	*out = lookup(r->m, index, &referenced);
	return *out ? take_found(r, *out, referenced, index) : fill_missing(r, index);
}

int cache_read_next(const struct cache_reader *r, pgoff_t index, struct page **out)
{
	int got = 0;

	while (!got) {
		if (index >= mapping_end(r->m))
			return -ENXIO;
		got = cache_read_once(r, index, out);
	}
	return got < 0 ? got : 0;
}

int cache_read(struct mapping *m, pgoff_t index, enum wait_mode mode, struct page **out)
{
	const struct cache_reader r = { .m = m, .ra = &m->ra, .end = index + 1, .mode = mode };

	return cache_read_next(&r, index, out);
}

/* A mark stays where it is, for one who reads: write(2) comes here with a transaction handle, and to begin a window takes m->invalidate first. */
int cache_read_present(struct mapping *m, pgoff_t index, struct page **out)
{
	bool referenced;
	int got = 0;

	while (!got && (*out = lookup(m, index, &referenced))) {
		if (likely(referenced && page_state(*out) == PAGE_READY))
			got = use_found(&m->ra, *out, index);
		else
			got = wait_found(*out, referenced, m, index, WAIT_KILLABLE);
	}
	return got;
}

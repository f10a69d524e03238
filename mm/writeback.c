/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages, and how they reach the device.
 *
 * A page becomes dirty by a store through a shared mapping, by write(2), or by a file system that changes its own data. PG_DIRTY and the dirty
 * tag of its slot change together, under mapping->lock.
 *
 * 1. An entry of a shared mapping is writable only if its page is dirty (or has no device behind it). A fault sets PG_DIRTY, or finds it set,
 *    under the page-table lock under which it then stores the writable entry.
 * 2. Cleaning a page: with the page lock, PG_WRITEBACK is set and PG_DIRTY cleared in one step; the page lock is let go. Then every entry of the
 *    pages gathered is write-protected, taking each page-table lock, and the TLB flushed. Then the I/O reads them.
 *    A fault that saw PG_DIRTY before it was cleared holds the page-table lock until its entry is there, so our walk finds the entry. One
 *    that comes later finds PG_DIRTY clear and sets it again, after which the page will be written once more. So no store is lost: one
 *    that the I/O may have missed was made through an entry stored later than the walk, and left the page dirty.
 * 3. Stable pages: a fault that finds PG_WRITEBACK, and write(2), which looks under the page lock, wait until it is clear. Entries from before are
 *    write-protected before the I/O begins. So the page does not change while the device reads it.
 * 4. PG_WRITEBACK counts one reference and keeps the page in the cache: whoever takes it out looks under the page lock, under which alone it
 *    is set, and waits. So when truncate returns no write to its blocks is on the way.
 * 5. A mapping with dirty pages is on one list, and (unless it has lost its last name) has a reference on its file for that.
 * 6. A failed write-back leaves the page clean, marked PG_ERROR; the error is told once to each open file of that time (mm/writeback.h).
 *
 * Several page locks are never held at a time: a page gathered is kept by PG_WRITEBACK, not by its lock. Memory is promised to nobody by
 * this thread's waiting: whoever needs memory waits for it for bounded times only, whatever they hold (mm/reclaim.c).
 */
#include "mm/writeback.h"

#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/dirty.h"
#include "mm/pagecache.h"
#include "mm/rmap.h"

static const struct trace_point trace_write = { "writeback.write", " mapping=%x index=%u pages=%u" };
static const struct trace_point trace_done = { "writeback.done", " mapping=%x index=%u error=%d" };

/* ---- waiting for a page ---- */

int mapping_wait_written(struct mapping *m, pgoff_t index, enum wait_mode mode)
{
	struct page_waiter w;
	struct page *page;
	bool queued;

	rcu_read_lock();
	page = cache_peek(m, index);
	queued = page && page_wait_begin_written(&w, page, m, index);
	rcu_read_unlock();
	if (!queued)
		return 0;
	stat_inc(STAT_write_waits);
	return page_wait_end(&w, mode);
}

int page_lock_to_change_slow(struct page *page, enum wait_mode mode)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	pgoff_t index = atomic_load_explicit(&page->index, memory_order_relaxed);
	int err = page_lock_mode(page, mode);

	while (!err && page_stable(page)) {
		page_unlock(page);
		err = mapping_wait_written(m, index, mode);
		if (!err)
			err = page_lock_mode(page, mode);
	}
	/* acquire: the I/O is done with it; pairs with page_end_write */
	atomic_thread_fence(memory_order_acquire);
	return err;
}

/* ---- one sweep over a mapping ---- */

/* The sweeping thread's own. */
struct sweep {
	struct mapping *m;
	pgoff_t index, last; /* where to look next */
	bool wait;	     /* for locked pages, and those that are being written already */
	enum wait_mode mode;
	unsigned n;	     /* gathered: PG_WRITEBACK is set, and nobody else ends it */
	struct page *pages[WRITE_PAGES_MAX];
};

/* What lies behind the end of the file reaches the disk as zeroes. Write-protected: no store comes after; locked: write(2) may move the end. */
static void zero_tail(struct mapping *m, struct page *page)
{
	uint64_t size;

	if (atomic_load_explicit(&page->index, memory_order_relaxed) < mapping_size(m) >> PAGE_SHIFT)
		return;
	page_lock(page);
	size = mapping_size(m);
	if (atomic_load_explicit(&page->index, memory_order_relaxed) == size >> PAGE_SHIFT)
		memset((char *)page_address(page) + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
	page_unlock(page);
}

static void sweep_submit(struct sweep *s)
{
	unsigned n = s->n;

	s->n = 0;
	if (!n)
		return;
	trace(&trace_write, s->m, s->pages[0]->index, n);
	rmap_protect_pages(s->m, s->pages, n);
	zero_tail(s->m, s->pages[n - 1]);
	s->m->ops->write_pages(s->m, s->pages, n);
}

/* The next dirty page, referenced, or NULL. A FROZEN one comes without a reference: *referenced is false. */
static struct page *sweep_find(struct sweep *s, bool *referenced)
{
	irqflags_t flags = spin_lock_irq(&s->m->lock);
	struct page *page = radix_next_tagged(&s->m->pages, &s->index, s->last, RADIX_DIRTY);

	*referenced = page && page_tryget(page);
	spin_unlock_irq(&s->m->lock, flags);
	return page;
}

/* A locked, dirty page, not under write-back, becomes one to be written. */
static void begin_write(struct mapping *m, pgoff_t index, struct page *page)
{
	irqflags_t flags;

	page_get(page);
	flags = spin_lock_irq(&m->lock);
	/* acq_rel: 2 above. Both bits in one step, so that nobody sees the page neither dirty nor on its way */
	atomic_fetch_xor_explicit(&page->flags, PG_DIRTY | PG_WRITEBACK, memory_order_acq_rel);
	radix_tag_clear(&m->pages, index, RADIX_DIRTY);
	radix_tag_set(&m->pages, index, RADIX_WRITEBACK);
	spin_unlock_irq(&m->lock, flags);
}

/* Page locked: takes it if it is to be written. false: it is under write-back already, and dirty again. */
static bool sweep_take(struct sweep *s, struct page *page)
{
	pgoff_t index = s->index;

	if (atomic_load_explicit(&page->mapping, memory_order_relaxed) != s->m || !page_flag(page, PG_DIRTY))
		return true;
	if (page_flag(page, PG_WRITEBACK))
		return false;
	if (index >= mapping_end(s->m))
		return true; /* somebody is taking it away */
	begin_write(s->m, index, page);
	s->pages[s->n++] = page;
	return true;
}

/* Locks the page, perhaps; what has been gathered is not kept waiting. */
static bool sweep_lock(struct sweep *s, struct page *page)
{
	if (page_trylock(page))
		return true;
	if (!s->wait)
		return false;
	sweep_submit(s);
	page_lock(page);
	return true;
}

/* The page at s->index, found dirty. 0, or -EINTR. */
static int sweep_page(struct sweep *s, struct page *page)
{
	bool taken = false, locked = sweep_lock(s, page);

	if (locked) {
		taken = sweep_take(s, page);
		page_unlock(page);
	}
	page_put(page);
	if (taken || !s->wait) {
		s->index++;
		return 0;
	}
	sweep_submit(s);
	return mapping_wait_written(s->m, s->index, s->mode);
}

/* FROZEN: reclaim has it, and will leave it since it is dirty; or it is going for good. 0, or -EINTR. */
static int sweep_frozen(struct sweep *s, struct page *page)
{
	struct page_waiter w;
	int err = 0;

	sweep_submit(s);
	if (!s->wait)
		s->index++;
	else if (page_wait_begin(&w, page, s->m, s->index))
		err = page_wait_end(&w, s->mode);
	return err == -EINTR ? err : 0;
}

/* Starts writing the dirty pages from s->index to s->last, in order. 0, or -EINTR. */
static int sweep(struct sweep *s)
{
	bool referenced;
	struct page *page;
	int err = 0;

	while (!err && s->index <= s->last && (page = sweep_find(s, &referenced))) {
		err = referenced ? sweep_page(s, page) : sweep_frozen(s, page);
		if (s->n == WRITE_PAGES_MAX)
			sweep_submit(s);
	}
	sweep_submit(s);
	return err;
}

/* ---- the end of a write ---- */

static void note_error(struct mapping *m, int error);

void page_write_done(struct page *page, int error)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	pgoff_t index = atomic_load_explicit(&page->index, memory_order_relaxed);
	irqflags_t flags;

	trace(&trace_done, m, index, error);
	stat_inc(error ? STAT_write_errors : STAT_written);
	if (error)
		note_error(m, error);
	if (error || page_flag(page, PG_ERROR))
		(error ? page_flag_set : page_flag_clear)(page, PG_ERROR);
	/* The tag first: who finds it, under the lock, can wait for the bit. The mapping may be gone once the bit is clear. */
	flags = spin_lock_irq(&m->lock);
	radix_tag_clear(&m->pages, index, RADIX_WRITEBACK);
	spin_unlock_irq(&m->lock, flags);
	if (unlikely(policy_get(&policy.waitbug) == WAITBUG_LOST_WAKEUP))
		page_flag_clear(page, PG_WRITEBACK); /* and who waits for that is not told */
	else
		page_end_write(page);
	page_put(page);
	dirty_written();
}

/* Waits for every page of [first, last] that is being written now. 0, or -EINTR. */
static int wait_range(struct mapping *m, pgoff_t first, pgoff_t last, enum wait_mode mode)
{
	struct page_waiter w;
	irqflags_t flags;
	struct page *page;
	int err = 0;

	for (pgoff_t index = first; !err && index <= last; index++) {
		bool queued;

		flags = spin_lock_irq(&m->lock);
		page = radix_next_tagged(&m->pages, &index, last, RADIX_WRITEBACK);
		queued = page && page_wait_begin_written(&w, page, m, index);
		spin_unlock_irq(&m->lock, flags);
		if (!page)
			break;
		if (queued)
			err = page_wait_end(&w, mode);
	}
	return err == -EINTR ? err : 0;
}

int mapping_sync_mode(struct mapping *m, uint64_t start, uint64_t end, enum wait_mode mode)
{
	pgoff_t first = start >> PAGE_SHIFT, last = end ? (end - 1) >> PAGE_SHIFT : 0;
	struct sweep s = { .m = m, .index = first, .last = last, .wait = true, .mode = mode };
	int err;

	if (start >= end || !m->ops->write_pages)
		return 0;
	might_sleep();
	err = sweep(&s);
	if (!err)
		err = wait_range(m, first, last, mode);
	dirty_list_leave(m);
	return err;
}

int mapping_sync(struct mapping *m, uint64_t start, uint64_t end)
{
	return mapping_sync_mode(m, start, end, WAIT_KILLABLE);
}

void mapping_flush_range(struct mapping *m, pgoff_t first, pgoff_t last)
{
	struct sweep s = { .m = m, .index = first, .last = last };

	if (m->ops->write_pages)
		sweep(&s);
}

void mapping_flush(struct mapping *m)
{
	mapping_flush_range(m, 0, UINT64_MAX);
}

/* ---- errors: the number of a mapping ---- */

#define ERROR_CODE 0xfffu /* low bits: the last errno */
#define ERROR_SEEN 0x1000u /* somebody has been told of this number */
#define ERROR_NEXT 0x2000u /* the rest counts */

static void note_error(struct mapping *m, int error)
{
	uint32_t old = atomic_load_explicit(&m->error_seq, memory_order_relaxed), new;

	do {
		new = (old & ~(ERROR_CODE | ERROR_SEEN)) | (uint32_t)-error;
		if (old & ERROR_SEEN)
			new += ERROR_NEXT;
	} while (!atomic_compare_exchange_weak_explicit(&m->error_seq, &old, new, memory_order_relaxed, memory_order_relaxed));
}

uint32_t mapping_error_sample(struct mapping *m)
{
	uint32_t now = atomic_load_explicit(&m->error_seq, memory_order_relaxed);

	return now & ERROR_SEEN ? now : 0; /* nobody has been told: the new one shall be */
}

int mapping_error_since(struct mapping *m, _Atomic uint32_t *seen)
{
	uint32_t now = atomic_load_explicit(&m->error_seq, memory_order_relaxed);

	if (now == atomic_load_explicit(seen, memory_order_relaxed))
		return 0;
	/* Failing, this finds a newer error, which is told then: and marked too, or the next one would not look different to us. */
	while (!(now & ERROR_SEEN))
		if (atomic_compare_exchange_weak_explicit(&m->error_seq, &now, now | ERROR_SEEN, memory_order_relaxed, memory_order_relaxed))
			now |= ERROR_SEEN;
	if (atomic_exchange_explicit(seen, now, memory_order_relaxed) == now)
		return 0; /* another thread with the same file was told */
	return -(int)(now & ERROR_CODE);
}

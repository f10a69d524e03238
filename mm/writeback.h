/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages, and how they reach the device. The statement is in mm/writeback.c.
 *
 * Errors, as Linux counts them: a mapping has a number that changes with each failed write-back. An open file remembers the number it has
 * seen, so each hears of an error once, and one that nobody has heard of yet is told to those who open the file later.
 */
#ifndef MM_WRITEBACK_H
#define MM_WRITEBACK_H

#include "mm/backing.h"
#include "mm/page_lock.h"
#include "mm/policy.h"

/*
 * The page's contents are newer than the device's. For file systems and their metadata: the caller has the page referenced, and keeps it in the
 * cache (write_lock, or it is the device's own mapping). Any context that may take spinlocks. true: it was clean.
 */
bool page_mark_dirty_clean(struct page *page); /* what is seldom needed */

static inline bool page_mark_dirty(struct page *page)
{
	/* acquire: whoever set it did so under mapping->lock, which a sweep takes: it will find the tag */
	return !(atomic_load_explicit(&page->flags, memory_order_acquire) & PG_DIRTY) && page_mark_dirty_clean(page);
}

/*
 * For a store through a shared mapping, under the page-table lock that guards the entry: `page`, which m has at index, is dirty from now on, and
 * the entry may be writable. false: it cannot be: it has left the cache, it needs blocks, or is under write-back and has to stay as it is.
 */
bool page_dirty_by_store(struct mapping *m, pgoff_t index, struct page *page);

/* Under the same lock: may an entry for the page be writable without anybody's being told? Then it is dirty, and stays so until our entry has been
 * found and write-protected. */
static inline bool page_store_ready(const struct mapping *m, const struct page *page)
{
	uint32_t want = PG_DIRTY | (m->ops->reserve ? PG_BACKED : 0);
	/* acquire: what was done before the page was made ready; pairs with the read-modify-writes of those bits */
	uint32_t flags = atomic_load_explicit(&page->flags, memory_order_acquire);

	return m->ops->volatile_pages || (flags & (want | PG_WRITEBACK)) == want;
}

/* Do stores to this page have to ask the file system for blocks first? */
static inline bool page_wants_blocks(const struct mapping *m, const struct page *page)
{
	return m->ops->reserve && !page_flag(page, PG_BACKED);
}

/* Must its contents stay as they are for now? */
static inline bool page_stable(const struct page *page)
{
	return page_flag(page, PG_WRITEBACK) && policy_get(&policy.stable) == STABLE_WAIT;
}

/* Waits, pinning nothing, until what is at index is not under write-back any more: 0, or -EINTR (killed). */
int mapping_wait_written(struct mapping *m, pgoff_t index, enum wait_mode mode);

int page_lock_to_change_slow(struct page *page, enum wait_mode mode);

/* Locks the page, which the caller has referenced and keeps in the cache, when its contents may be changed. 0, or -EINTR by mode. */
static inline int page_lock_to_change(struct page *page, enum wait_mode mode)
{
	if (unlikely(!page_trylock(page)))
		return page_lock_to_change_slow(page, mode);
	if (likely(!page_flag(page, PG_WRITEBACK))) {
		/* acquire: the I/O is done with it; pairs with page_end_write */
		atomic_thread_fence(memory_order_acquire);
		return 0;
	}
	page_unlock(page);
	return page_lock_to_change_slow(page, mode);
}

/* For write_pages: the page has been written, or not. Any context. */
void page_write_done(struct page *page, int error);

/*
 * Writes the dirty pages of [start, end) bytes and waits until each page there, under write-back before or by this, is done. Sleeps; killable:
 * -EINTR. 0 otherwise: errors are heard from mapping_error_since. locks: those that write_pages does not take.
 */
int mapping_sync(struct mapping *m, uint64_t start, uint64_t end);
int mapping_sync_mode(struct mapping *m, uint64_t start, uint64_t end, enum wait_mode mode);

/* Starts writing what is dirty, of the pages from first to last; waits for nothing but memory and page locks. */
void mapping_flush(struct mapping *m);
void mapping_flush_range(struct mapping *m, pgoff_t first, pgoff_t last);

/* Every page that is dirty or on its way to its device when this begins, has been written when it returns. Sleeps; a fatal signal does not end
 * it. No lock held. */
void writeback_all(void);

/*
 * Those who make pages dirty wait, while more than a share of the memory that could be (free, or file pages: policy dirty_percent) is; above
 * another share (dirty_background_percent) the thread that writes is woken.
 *
 * throttle: waits. No lock held, so that nobody else waits for the device because of it. 0, or -EINTR (killed).
 * A thread looks only when it has made DIRTIED_MANY pages dirty since the last time:
 * crowded: any context; shall it let go of its locks and settle?
 * settle: throttle, if it is time to look.
 */
#define DIRTIED_MANY 16

int writeback_throttle(void);
bool writeback_look(void);

static inline bool writeback_crowded(void)
{
	return unlikely(current->dirtied >= DIRTIED_MANY) && writeback_look();
}

static inline int writeback_settle(void)
{
	return unlikely(current->dirtied >= DIRTIED_MANY) ? writeback_throttle() : 0;
}

/* No memory: waits a moment for some page to be written, if any is dirty. false: no use in waiting. */
bool writeback_wait_progress(void);

uint64_t writeback_dirty_pages(void); /* dirty or being written, for people */

/* The page leaves the cache: mapping->lock held. */
void writeback_forget_page(struct page *page);

/* The mapping ends; nobody has a reference on it. */
void writeback_forget(struct mapping *m);

/* To be kept by an open file from its opening on. */
uint32_t mapping_error_sample(struct mapping *m);

/* -EIO, -ENOSPC: write-back failed since *seen, which is moved on; 0: no news. */
int mapping_error_since(struct mapping *m, _Atomic uint32_t *seen);

/* The file has lost its last name: dirty pages do not keep it any more, and are thrown away with it. */
void mapping_unlinked(struct mapping *m);

/* It has one again: they do. The caller holds a reference. */
void mapping_linked(struct mapping *m);

/*
 * A device's: the mappings with pages for it, and the thread that writes what has been dirty for a while, or too much. One device that is slow, or
 * stuck, keeps no other from being written to. (C) constant, (A) atomic, (D) the lock of all lists of dirty mappings
 */
struct flusher {
	struct list link;		 /* every flusher		(C) */
	const char *name;		 /* of the device		(C) */
	struct list mappings;		 /* that have dirty pages, those that have had for longest first	(D) */
	_Atomic(struct thread *) thread; /* NULL: nobody has started it	(A) */
	_Atomic bool kicked;		 /* it shall look now		(A) */
};

/* Boot time. Start: once, when threads may be created. */
void flusher_init(struct flusher *f, const char *name);
void flusher_start(struct flusher *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The page cache: struct page by (mapping, index). Look-ups are lock-free under RCU and take no reference by themselves.
 */
#ifndef MM_PAGECACHE_H
#define MM_PAGECACHE_H

#include "mm/backing.h"
#include "mm/page_lock.h"

/* RCU read section. The page in the slot, whatever its state, or NULL; no reference. */
static inline struct page *cache_peek(struct mapping *m, pgoff_t index)
{
	return radix_load(&m->pages, index);
}

/* Any context. The page in the slot or NULL; *referenced: with a reference; else it is FROZEN, and may only be waited for. */
struct page *cache_lookup(struct mapping *m, pgoff_t index, bool *referenced);

/*
 * The page at index, READY, with a reference; reads it (and reads ahead) if it must. Sleeps. mode: WAIT_FOREVER inside read_pages, where
 * others wait for what we do; else WAIT_KILLABLE.
 * 0, -EIO, -ENOMEM, -EINTR (killed), -ENXIO (index is beyond the end of the file).
 */
int cache_read(struct mapping *m, pgoff_t index, enum wait_mode mode, struct page **out);

/* Several pages are going to be read, in order. The reader's own. */
struct cache_reader {
	struct mapping *m;
	struct readahead *ra;
	pgoff_t end; /* index behind the last that is wanted */
	enum wait_mode mode;
};
int cache_read_next(const struct cache_reader *r, pgoff_t index, struct page **out); /* as cache_read */

/*
 * Nothing was found at index: reads it, and the rest of the window around it, and waits for it, pinning nothing. Sleeps;
 * the mapping is referenced by the caller. 0: look again; -EIO: this very read failed; -ENOMEM; -EINTR: killed, by mode.
 */
int cache_fill(struct mapping *m, pgoff_t index, const struct ra_window *w, enum wait_mode mode);

/* Begins to read what is missing of the window, as long as memory is there for the asking. Sleeps, but for no page; the mapping is referenced by
 * the caller. */
void cache_begin(struct mapping *m, const struct ra_window *w);

/* A page that is used now is marked by read-ahead: the mark goes. false: it was not, or somebody else was first. */
bool page_take_mark(struct page *page);

/* Begins to read those of the n pages from index on that are not in the cache, as long as memory is there for the asking. Sleeps, but for
 * no page; the mapping is referenced by the caller. */
void cache_prefetch(struct mapping *m, pgoff_t index, uint64_t n);

/* The reading is over: READY, or removed from the cache with the error (-EIO, -ENOMEM) told to whoever waits. Any context. Unlocks
 * the page. */
void page_read_done(struct page *page, int error);

/* Bytes [pos, pos+n) of the file, within its size, to kernel memory or user memory. Bytes copied, or -errno if none. Sleep. */
long mapping_read_kernel(struct mapping *m, uint64_t pos, void *buf, size_t n);
long mapping_read_user(struct mapping *m, struct readahead *ra, uint64_t pos, uintptr_t buf, size_t n);

/* The page at index, referenced, if there is one: waits until it is READY. 1, 0: none, or an error as of cache_read. Behind the end too. Sleeps. */
int cache_read_present(struct mapping *m, pgoff_t index, struct page **out);

/* A new page at index, anywhere, READING: the caller fills it in and unlocks it as the I/O does. write_lock held. NULL: -EEXIST, -ENOMEM. Sleeps. */
struct page *cache_create(struct mapping *m, pgoff_t index, int *err);

/* Takes the page out of the cache for good, dirty or not: locked, FROZEN or never READY, not under write-back, mapped nowhere; the cache's
 * reference goes to the caller. */
void cache_remove(struct mapping *m, struct page *page);

/* The same for a FROZEN page, unless it is dirty or under write-back: false, and nothing has changed. */
bool cache_remove_clean(struct mapping *m, struct page *page);

#endif

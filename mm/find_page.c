/* SPDX-License-Identifier: MIT */
/*
 * The step that finds the page a fault is about: the one its entry maps already, the cached one, or none (anonymous memory not touched
 * yet). The page comes with a reference, in fault.at.source.
 */
#include "kernel/log.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/pagecache.h"
#include "mm/policy.h"
#include "mm/pt.h"
#include "mm/shmem.h"
#include "mm/vma.h"

/*
 * A present entry that does not allow the access. Its page is referenced without the page-table lock: if the entry still names the
 * page after we took the reference, then the entry's own reference was there all the time, and ours is on the same page.
 */
static enum verdict find_mapped(struct fault *f)
{
	struct page *page = pte_page(f->at.old);

	if (!page)
		return NEXT; /* the zero page */
	if (!page_tryget(page)) {
		if (!f->at.vma->mapping)
			return fault_release(f, RETRY);
		return fault_wait_page(f, page, fault_index(f));
	}
	f->at.source = page;
	if (arch_pte_read(f->at.slot).v != f->at.old.v)
		return fault_release(f, RETRY);
	return NEXT;
}

/* ---- reading ---- */

/* Read section: what the open file that was mapped remembers of reads. */
static struct readahead *readahead_of(const struct vma *vma)
{
	return vma->via && vma->mapping->ops->via_readahead ? vma->mapping->ops->via_readahead(vma->via) : &vma->mapping->ra;
}

static struct ra_ask ask_for(const struct fault *f, const struct readahead *ra)
{
	pgoff_t index = fault_index(f);
	struct ra_ask a = { .index = index, .want = READAHEAD_AROUND - index % READAHEAD_AROUND, .fault = true,
			    .mode = readahead_mode(ra) };

	if (f->at.vma->flags & VMA_RANDOM)
		a.mode = READAHEAD_RANDOM;
	else if (f->at.vma->flags & VMA_SEQUENTIAL)
		a.mode = READAHEAD_SEQUENTIAL;
	if (a.mode == READAHEAD_RANDOM)
		a.want = 1;
	return a;
}

/* The page is not in the cache: reads it, holding no more than the file. */
static enum verdict read_missing(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	struct readahead *ra = readahead_of(f->at.vma);
	struct ra_ask a = ask_for(f, ra);
	struct ra_window w = readahead_miss(ra, m, &a);
	bool alive = m->ops->get(m);
	int err;

	fault_release(f, RETRY);
	if (!alive)
		return RETRY; /* so the VMA is DEAD as well */
	f->waited = true;
	stat_inc(STAT_retry_read);
	err = cache_fill(m, a.index, &w, WAIT_KILLABLE);
	m->ops->put(m);
	return fault_read_verdict(err);
}

/* Policy faultlock=on, much as Linux does: the fault owns the page it found until it has mapped it. If somebody else does, it waits until it owns
 * the page, referenced all the while, only to give it back and look again; then it goes on without, or with locks handed over in order no
 * fault would ever end. */
static enum verdict lock_found(struct fault *f)
{
	struct page *page = f->at.source;
	int err;

	if (page_trylock(page)) {
		f->at.locked = page;
		return NEXT;
	}
	page_get(page);
	fault_release(f, RETRY);
	stat_inc(STAT_retry_lock);
	err = page_lock_mode(page, WAIT_KILLABLE);
	if (!err)
		page_unlock(page);
	page_put(page);
	f->owned = true;
	return fault_read_verdict(err);
}

/* The page is there, and its mark was ours to take: begins the next window. */
static enum verdict begin_next(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	struct readahead *ra = readahead_of(f->at.vma);
	struct ra_ask a = ask_for(f, ra);
	struct ra_window w = readahead_marked(ra, m, &a);
	bool alive = m->ops->get(m);

	fault_release(f, RETRY);
	if (!alive)
		return RETRY;
	stat_inc(STAT_retry_ahead);
	if (w.pages)
		cache_begin(m, &w);
	m->ops->put(m);
	return RETRY;
}

static enum verdict find_cached(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	pgoff_t index = fault_index(f);
	struct page *page;

	if (index >= mapping_end(m))
		return fault_release(f, BUS);
	page = cache_peek(m, index);
	if (!page)
		return read_missing(f);
	if (page_state(page) != PAGE_READY || !page_tryget(page))
		return fault_wait_page(f, page, index);
	f->at.source = page;
	/* It may be the same frame and the same slot, and yet another reading: 4 in mm/around.c. */
	if (cache_peek(m, index) != page || page_state(page) != PAGE_READY)
		return fault_release(f, RETRY);
	if (unlikely(page_take_mark(page)))
		return begin_next(f);
	stat_inc(STAT_cache_hits);
	return policy_get(&policy.faultlock) == FAULTLOCK_ON && !f->owned ? lock_found(f) : NEXT;
}

enum verdict fault_find_page(struct fault *f)
{
	if (arch_pte_present(f->at.old))
		return find_mapped(f);
	return f->at.vma->mapping ? find_cached(f) : NEXT;
}

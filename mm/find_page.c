/* SPDX-License-Identifier: MIT */
/*
 * The step that finds the page a fault is about: the one its entry maps already, the cached one, or none (anonymous memory not touched
 * yet). The page comes with a reference, in fault.at.source.
 */
#include "kernel/log.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/pagecache.h"
#include "mm/pt.h"
#include "mm/shmem.h"

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

/* The page is not in the cache: reads it, holding no more than the file. */
static enum verdict read_missing(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	pgoff_t index = fault_index(f);
	bool alive = m->ops->get(m);
	int err;

	fault_release(f, RETRY);
	if (!alive)
		return RETRY; /* so the VMA is DEAD as well */
	f->waited = true;
	stat_inc(STAT_retry_read);
	err = cache_fill(m, index, WAIT_KILLABLE);
	m->ops->put(m);
	return fault_read_verdict(err);
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
	stat_inc(STAT_cache_hits);
	return NEXT;
}

enum verdict fault_find_page(struct fault *f)
{
	if (arch_pte_present(f->at.old))
		return find_mapped(f);
	return f->at.vma->mapping ? find_cached(f) : NEXT;
}

/* SPDX-License-Identifier: MIT */
/*
 * The step that decides what the entry shall show, and makes it:
 *
 *	entry		access	VMA		shows
 *	none, anonymous	read	any		the zero page
 *	none, anonymous	write	any		a fresh zeroed page
 *	none, file	read	any		the cached page, read-only
 *	any, file	write	shared		the cached page, writable, dirty from now on; before that, holding nothing and again from
 *						scratch: its write-back ends, less is dirty, its blocks are reserved
 *	none, file	write	private		a copy
 *	zero page	write	private		a fresh zeroed page
 *	anonymous page	write	private		itself, if this entry is all there is; else a copy
 *	file page	write	private		a copy
 *
 * Anonymous memory that is shared (MAP_SHARED without a file) is a file of mm/shmem.c.
 */
#include "kernel/log.h"
#include "mm/fault.h"
#include "mm/pt.h"
#include "mm/vma.h"
#include "mm/write.h"
#include "mm/writeback.h"

/*
 * A store through a present entry. DONE: it was the sole entry of an anonymous page, and is writable now. NEXT: a copy is needed. RETRY: something
 * has changed.
 *
 * The page that is copied stays as it is until the copy is installed, by us or by nobody: our reference was there when we saw, under the lock, the
 * entry read-only, so whoever looks later does not find it sole. Without that another thread could make the entry writable and store, and a fork
 * write-protect it again, and we would install a copy without that store over an entry that looks as it did.
 */
static enum verdict reuse(struct fault *f)
{
	struct spinlock *lock = pt_lock_of(f->at.slot);
	struct page *page = pte_page(f->at.old);
	enum verdict v = RETRY;

	if (!page || !page_flag(page, PG_ANON))
		return NEXT;
	spin_lock(lock);
	if (arch_pte_read(f->at.slot).v == f->at.old.v && vma_state(f->at.vma) == VMA_LIVE)
		v = page_sole_entry(page) ? DONE : NEXT;
	if (v == DONE)
		arch_pte_replace(f->at.slot, arch_pte_make(page_to_pfn(page), pt_prot(f->at.vma, true)));
	spin_unlock(lock);
	if (v == DONE)
		arch_tlb_flush_local(&f->mm->arch, f->address);
	return v;
}

/* A fresh anonymous page: a copy of source, or zeroes. */
static enum verdict make_copy(struct fault *f)
{
	struct page *copy = page_alloc(FRAME_NORMAL);

	if (unlikely(!copy))
		return fault_wait_memory(f);
	if (f->at.source)
		arch_page_copy(page_address(copy), page_address(f->at.source));
	else
		arch_page_zero(page_address(copy));
	page_flag_set(copy, PG_ANON);
	page_set_state(copy, PAGE_READY);
	if (f->at.vma->flags & VMA_EXEC)
		page_sync_icache(copy);
	f->at.copy = copy;
	f->at.made = f->at.source ? STAT_fault_cow : STAT_fault_anon;
	return NEXT;
}

/* The page found is shown as it is. */
static enum verdict show_source(struct fault *f)
{
	if (f->at.vma->flags & VMA_EXEC)
		page_sync_icache(f->at.source);
	return NEXT;
}

/* The page has no blocks for all of its bytes: asks for them. What has been done is in the page (PG_BACKED), where the retry finds it. */
static enum verdict ask_for_blocks(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	pgoff_t index = fault_index(f);
	bool alive = m->ops->get(m);
	int err;

	fault_release(f, RETRY);
	stat_inc(STAT_retry_write);
	if (!alive)
		return RETRY;
	err = mapping_reserve_page(m, index);
	m->ops->put(m);
	return fault_read_verdict(err);
}

static enum verdict wait_for_less_dirty(struct fault *f)
{
	fault_release(f, RETRY);
	stat_inc(STAT_retry_write);
	return fault_read_verdict(writeback_throttle());
}

/* A store to the file itself. */
static enum verdict prepare_store(struct fault *f)
{
	struct mapping *m = f->at.vma->mapping;
	struct page *page = f->at.source;

	if (!page_store_ready(m, page)) {
		if (page_stable(page))
			return fault_wait_written(f);
		if (!page_flag(page, PG_DIRTY) && writeback_crowded())
			return wait_for_less_dirty(f);
		if (page_wants_blocks(m, page))
			return ask_for_blocks(f);
	}
	f->at.made = arch_pte_present(f->at.old) ? STAT_fault_mkwrite : STAT_fault_file;
	return show_source(f);
}

enum verdict fault_prepare(struct fault *f)
{
	bool shared = f->at.vma->flags & VMA_SHARED;

	if (!fault_is_write(f) && !f->at.source) {
		f->at.made = STAT_fault_zero;
		return NEXT;
	}
	if (!fault_is_write(f)) {
		f->at.made = STAT_fault_file;
		return show_source(f);
	}
	if (shared)
		return prepare_store(f);
	if (arch_pte_present(f->at.old)) {
		enum verdict v = reuse(f);

		if (v == DONE)
			stat_inc(STAT_fault_reuse);
		if (v != NEXT)
			return fault_release(f, v);
	}
	return make_copy(f);
}

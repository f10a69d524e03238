/* SPDX-License-Identifier: MIT */
/*
 * struct page: allocation, the one word, and the state diagram of mm/page.h.
 *
 * The one word
 *
 * 1. References, maps and FROZEN share one 64-bit word, so every read-modify-write of it falls into one total order, on any machine.
 * 2. Each page-table entry counts one reference and one map, added together before the entry is stored, under the page-table lock.
 * 3. Who wants a page for itself (truncate, reclaim, migration) holds the page lock, sets FROZEN by a read-modify-write, reads the
 *    counts from its result, and then walks the reverse map, taking each page-table lock.
 * 4. Who finds a page in a cache slot adds to the word only if it has a reference left and is not FROZEN, and loads the slot again
 *    afterwards: the frame may have been freed and be somebody else's page by now, on which we then hold a count for a moment.
 *
 * So for a mapper and a freezer: whoever's read-modify-write comes first is seen by the other's. Mapper first: the freezer
 * reads the count, and its walk, which takes the page-table lock the mapper holds, finds the entry. Freezer first: the mapper fails.
 * No pair of fences is needed that x86 would hide and arm64 would not.
 *
 * Not promised: that a count read as N means N lasting holders. A mapper that backs out leaves one for a moment, so the freezer
 * compares, unfreezes and tries again; it never asserts.
 *
 * A frame that is no struct page's page (page table, slab, stack) has word == 0: rule 4 keeps every late look-up away from it.
 */
#include "mm/page.h"

#include "kernel/log.h"
#include "kernel/stats.h"
#include "lib/string.h"
#include "mm/lru.h"
#include "mm/page_lock.h"
#include "mm/page_owner.h"

struct page *page_map;
pfn_t page_map_first;

void page_init(void *table)
{
	page_map = table;
	page_map_first = frame_first();
	page_owners = (struct page_owner *)(page_map + (frame_end() - frame_first()));
}

struct page *page_alloc(unsigned frame_flags)
{
	pfn_t pfn = frame_alloc(0, frame_flags);
	struct page *page;

	if (pfn == NO_FRAME)
		return NULL;
	page = pfn_to_page(pfn);
	assert((atomic_load_explicit(&page->word, memory_order_relaxed) & ~PAGE_FROZEN) == 0);
	atomic_store_explicit(&page->flags, PAGE_EMPTY, memory_order_relaxed);
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
	page->waiters = NULL;
	/* release: a late page_tryget that succeeds on the fresh page sees it initialised */
	atomic_store_explicit(&page->word, PAGE_REF, memory_order_release);
	return page;
}

static void page_free(struct page *page)
{
	assert(!page_maps(page) && !page_locked(page) && !page->waiters);
	assert(!page_flag(page, PG_DIRTY | PG_WRITEBACK));
	if (page_flag(page, PG_LRU))
		lru_remove(page);
	frame_free(page_to_pfn(page), 0);
}

static void page_drop(struct page *page, uint64_t what)
{
	/* release: our use of the page is over before anybody reuses it; pairs with the fence below, in whoever drops the last */
	uint64_t old = atomic_fetch_sub_explicit(&page->word, what, memory_order_release);

	assert(old & PAGE_REF_MASK);
	assert(what < PAGE_MAP || (old & ~PAGE_FROZEN) >= what);
	if ((old & PAGE_REF_MASK) == 1) {
		atomic_thread_fence(memory_order_acquire);
		page_free(page);
	}
}

void page_put(struct page *page)
{
	page_drop(page, PAGE_REF);
}

void page_unmap(struct page *page)
{
	page_drop(page, PAGE_REF + PAGE_MAP);
}

static bool page_add_unless_frozen(struct page *page, uint64_t what)
{
	uint64_t old = atomic_load_explicit(&page->word, memory_order_relaxed);

	do {
		if (!(old & PAGE_REF_MASK) || (old & PAGE_FROZEN))
			return false;
		/* acquire: the caller's second load of the slot comes after; and on a fresh page pairs with page_alloc */
	} while (!atomic_compare_exchange_weak_explicit(&page->word, &old, old + what, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

bool page_tryget(struct page *page)
{
	return page_add_unless_frozen(page, PAGE_REF);
}

bool page_trymap(struct page *page)
{
	return page_add_unless_frozen(page, PAGE_REF + PAGE_MAP);
}

bool page_map_held(struct page *page)
{
	uint64_t old = atomic_load_explicit(&page->word, memory_order_relaxed);

	assert(old & PAGE_REF_MASK);
	do {
		if (old & PAGE_FROZEN)
			return false;
		/* relaxed: our reference ordered everything already, and the counts share the word with FROZEN (rule 3) */
	} while (!atomic_compare_exchange_weak_explicit(&page->word, &old, old + PAGE_MAP, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void page_map_again(struct page *page)
{
	uint64_t old = atomic_fetch_add_explicit(&page->word, PAGE_REF + PAGE_MAP, memory_order_relaxed);

	assert(!(old & PAGE_FROZEN) && (old & ~PAGE_FROZEN) >= PAGE_REF + PAGE_MAP);
	(void)old;
}

uint64_t page_freeze(struct page *page)
{
	assert(page_locked(page));
	/* acq_rel: rule 3; what mappers did before their counts is seen, and our walk stays behind */
	return atomic_fetch_or_explicit(&page->word, PAGE_FROZEN, memory_order_acq_rel) | PAGE_FROZEN;
}

void page_unfreeze(struct page *page)
{
	/* release: whoever maps it again sees what we did meanwhile; pairs with page_add_unless_frozen */
	atomic_fetch_and_explicit(&page->word, ~PAGE_FROZEN, memory_order_release);
}

static const bool transition_allowed[4][4] = {
	[PAGE_EMPTY] = { [PAGE_READING] = true, [PAGE_READY] = true },
	[PAGE_READING] = { [PAGE_READY] = true, [PAGE_DYING] = true },
	[PAGE_READY] = { [PAGE_DYING] = true },
};

void page_set_state(struct page *page, enum page_state to)
{
	uint32_t from = atomic_load_explicit(&page->flags, memory_order_relaxed) & PG_STATE;

	assert(transition_allowed[from][to]);
	assert(from == PAGE_EMPTY || page_locked(page));
	/* release: contents before READY, mapping and index before READING; pairs with page_state and page_wait_begin */
	atomic_fetch_xor_explicit(&page->flags, from ^ to, memory_order_release);
}

void page_check(const struct page *page)
{
	uint32_t flags = atomic_load_explicit(&page->flags, memory_order_relaxed);
	enum page_state state = (enum page_state)(flags & PG_STATE);

	assert(page_refs(page) >= page_maps(page));
	assert(state != PAGE_READING || (flags & PG_LOCKED));
	assert(state == PAGE_READY || state == PAGE_DYING || !page_maps(page));
	assert(!(flags & PG_DIRTY) || state == PAGE_READY);
	(void)state;
}

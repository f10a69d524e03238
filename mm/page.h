/* SPDX-License-Identifier: MIT */
/*
 * struct page: what the kernel knows about one frame that holds user or file data.
 *
 * Life of a file page (page_set_state is the only writer; page_check asserts the facts):
 *
 *	EMPTY --cache_add--> READING --page_read_done(0)--> READY --cache_remove--> DYING --last put--> (free)
 *	                        \----page_read_done(-EIO)--------------------------/
 *
 *	EMPTY	fresh from the allocator, nobody else knows it
 *	READING	in the cache, locked, the lock given to the I/O; contents undefined; never mapped
 *	READY	contents valid; may be mapped, read, written. Anonymous pages are born READY
 *	DYING	not in any cache any more, never will be; whoever still holds a reference may read it, and lets go
 *
 * Field letters: (A) atomic, (P) page lock, (M) mapping->lock, (Q) page queue lock, (L) LRU lock, (T) the
 * page-table lock itself; two letters: either to read, both to write.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "kernel/assert.h"
#include "kernel/frame.h"
#include "kernel/rcu.h"
#include "kernel/spinlock.h"
#include "lib/list.h"

typedef uint64_t pgoff_t; /* an index in pages */

enum page_state { PAGE_EMPTY, PAGE_READING, PAGE_READY, PAGE_DYING };

enum page_flags {
	PG_STATE = 3,		/* two bits: enum page_state */
	PG_LOCKED = 1 << 2,
	PG_WAITERS = 1 << 3,	/* page->waiters may be non-empty: the unlocker must look */
	PG_DIRTY = 1 << 4,	/* holds what the device does not; changes under mapping->lock, with the slot's tag */
	PG_WRITEBACK = 1 << 5,	/* being written; stays in the cache until that ends */
	PG_ERROR = 1 << 6,	/* the last write-back failed */
	PG_BACKED = 1 << 7,	/* every byte of it that is inside the file has its block: a store needs to ask nobody. Set with write_lock held; or
				 * by the file system that reads it, if every byte of the page has, since the file may become longer meanwhile */
	PG_ANON = 1 << 8,
	PG_TABLE = 1 << 9,	/* a page table: `ptl` is valid */
	PG_LRU = 1 << 10,	/* on a list of mm/lru.c, where the next three are explained */
	PG_REFERENCED = 1 << 11,/* used since reclaim last looked */
	PG_ICACHE = 1 << 12,	/* instruction fetch has been made to see the contents */
	PG_WORKING = 1 << 13,	/* used again */
	PG_AHEAD = 1 << 15,	/* whoever uses it first clears this and begins the next read-ahead: mm/readahead.c */
	PG_ACTIVE = 1 << 14,	/* that list is the active one; changes under the LRU lock */
	PG_BLOCKS = 0xf << 24,	/* a device's page: one bit a block that holds changed metadata (fs/ext2_meta.c) */
};

/*
 * The one word: references (low 31 bits), maps (next 31), FROZEN (top). Every page-table entry that maps the page counts one
 * reference and one map, taken together; the page cache counts one reference. See the statement in mm/page.c.
 */
#define PAGE_REF 1ull
#define PAGE_MAP (1ull << 31)
#define PAGE_REF_MASK (PAGE_MAP - 1)
#define PAGE_FROZEN (1ull << 63)

struct mapping;
struct page_waiter;

struct page {
	_Atomic uint64_t word;		/* references, maps, FROZEN	(A)	*/
	_Atomic uint32_t flags;		/* enum page_flags		(A)	*/
	_Atomic(struct mapping *) mapping; /* its file; NULL if none	(P,M)	*/
	_Atomic pgoff_t index;		/* where in the file		(P,M)	*/
	struct page_waiter *waiters;	/* oldest first			(Q)	*/
	union {
		struct list lru;	/* by age			(L)	*/
		struct {
			struct spinlock ptl;	/* PG_TABLE		(T)	*/
			struct rcu_head rcu;	/* unhooked table	(T)	*/
		};
	};
};

_Static_assert(sizeof(struct page) <= 64, "struct page must stay within a cache line");

extern struct page *page_map; /* page_map[pfn - page_map_first]; entries of holes are never used */
extern pfn_t page_map_first;

/* table: zeroed, frame_init's, PAGE_RECORD bytes a frame (mm/page_owner.h). */
void page_init(void *table);

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return &page_map[pfn - page_map_first];
}

static inline pfn_t page_to_pfn(const struct page *page)
{
	return (pfn_t)(page - page_map) + page_map_first;
}

static inline void *page_address(const struct page *page)
{
	return pfn_to_virt(page_to_pfn(page));
}

static inline struct page *virt_to_page(const void *v)
{
	return pfn_to_page(virt_to_phys(v) >> PAGE_SHIFT);
}

/* ---- allocation and references; none of these sleeps ---- */

/* A page, state EMPTY, one reference, contents unspecified. NULL: no memory (the caller may page_reclaim and try again). */
struct page *page_alloc(unsigned frame_flags);

static inline unsigned page_refs(const struct page *page)
{
	return (unsigned)(atomic_load_explicit(&page->word, memory_order_relaxed) & PAGE_REF_MASK);
}

static inline unsigned page_maps(const struct page *page)
{
	return (unsigned)(atomic_load_explicit(&page->word, memory_order_relaxed) >> 31 & PAGE_REF_MASK);
}

/* The caller already holds a reference. */
static inline void page_get(struct page *page)
{
	uint64_t old = atomic_fetch_add_explicit(&page->word, PAGE_REF, memory_order_relaxed);

	assert(old & PAGE_REF_MASK);
	(void)old;
}

/* RCU read section, page found in a cache slot: a reference, unless it has none left or is FROZEN. The caller loads the slot
 * again afterwards, and puts the page if it changed. */
bool page_tryget(struct page *page);

void page_put(struct page *page); /* any context; frees with the last one */

/* One reference and one map together; the same conditions as page_tryget. Page-table lock held. */
bool page_trymap(struct page *page);

/* The caller holds a reference, which becomes the entry's: adds the map only, unless FROZEN. Page-table lock held. */
bool page_map_held(struct page *page);

/* A second entry for a page of which the caller sees one, present, under that entry's page-table lock. Anonymous pages only: nobody
 * freezes them. */
void page_map_again(struct page *page);

/* The entry is gone and no TLB holds it: drops reference and map. Any context. */
void page_unmap(struct page *page);

/* Forbids new references and maps from the cache. Page locked. Returns the word after. */
uint64_t page_freeze(struct page *page);
void page_unfreeze(struct page *page);

static inline bool page_frozen(const struct page *page)
{
	return atomic_load_explicit(&page->word, memory_order_relaxed) & PAGE_FROZEN;
}

/* Is the one entry that the caller sees, under its page-table lock, all there is besides the caller's own reference? */
static inline bool page_sole_entry(const struct page *page)
{
	/* acquire: the others' use of it is over; pairs with page_drop */
	return atomic_load_explicit(&page->word, memory_order_acquire) == 2 * PAGE_REF + PAGE_MAP;
}

/* ---- state ---- */

static inline enum page_state page_state(const struct page *page)
{
	/* acquire: READY is seen together with the contents; pairs with page_set_state */
	return (enum page_state)(atomic_load_explicit(&page->flags, memory_order_acquire) & PG_STATE);
}

/* READY, and not marked by read-ahead: nothing is to be done but to use it. */
static inline bool page_plain(const struct page *page)
{
	/* acquire: as page_state */
	return (atomic_load_explicit(&page->flags, memory_order_acquire) & (PG_STATE | PG_AHEAD)) == PAGE_READY;
}

static inline bool page_flag(const struct page *page, uint32_t flag)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed) & flag;
}

/* The one owner of transitions; asserts that this one exists. Page locked (or EMPTY and private). Wakes nobody. */
void page_set_state(struct page *page, enum page_state to);

static inline void page_flag_set(struct page *page, uint32_t flag)
{
	atomic_fetch_or_explicit(&page->flags, flag, memory_order_relaxed);
}

static inline void page_flag_clear(struct page *page, uint32_t flag)
{
	atomic_fetch_and_explicit(&page->flags, ~flag, memory_order_relaxed);
}

/* The contents are about to become executable: instruction fetch shall see them. */
static inline void page_sync_icache(struct page *page)
{
	if (!page_flag(page, PG_ICACHE)) {
		arch_icache_sync(page_address(page), PAGE_SIZE);
		page_flag_set(page, PG_ICACHE);
	}
}

/* Debug: asserts everything the state diagram says about this page. */
void page_check(const struct page *page);

#endif

/* SPDX-License-Identifier: MIT */
/* Between the files that change address spaces. All with mm->lock held for writing. */
#ifndef MM_MAP_H
#define MM_MAP_H

#include "mm/mm.h"

#define MAP_FLOOR 0x10000ul /* Linux's vm.mmap_min_addr: a null pointer with an offset stays a fault */

static inline uintptr_t map_round_up(uintptr_t n)
{
	return (n + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
}

/* RLIMIT_DATA counts it. */
static inline bool map_is_data(unsigned flags)
{
	return (flags & (VMA_WRITE | VMA_SHARED | VMA_GROWSDOWN)) == VMA_WRITE;
}

/* It is promised memory: whoever writes to all of it needs that many pages. */
static inline bool map_is_promise(unsigned flags)
{
	return (flags & (VMA_WRITE | VMA_SHARED | VMA_NORESERVE)) == VMA_WRITE;
}

/* Page aligned, not empty, below USER_TOP. */
static inline bool map_range_ok(uintptr_t addr, size_t len)
{
	return !(addr % PAGE_SIZE) && len && len <= USER_TOP && addr <= USER_TOP - map_round_up(len);
}

/* May the address space grow by so many pages of this kind? 0, -EAGAIN: too many locked, or -ENOMEM: a limit, or more than this machine could
 * ever keep. */
int map_may_grow(struct mm *mm, unsigned flags, uint64_t pages);
bool map_within_limits(const struct mm *mm, unsigned flags, uint64_t pages); /* the limits alone */
bool map_may_promise(uint64_t pages);					     /* the machine alone */
bool map_may_lock(struct mm *mm, uint64_t pages);			     /* so many more */
uint64_t map_locked_pages(struct mm *mm, uintptr_t start, uintptr_t end);

bool map_range_free(struct mm *mm, uintptr_t start, uintptr_t end);

/* The hint if that place is free, else the highest that is: its address, or -ENOMEM. */
long map_choose_place(struct mm *mm, uintptr_t hint, size_t len);

int map_unmap_locked(struct mm *mm, uintptr_t start, uintptr_t end);

/* Frees the page tables around a range where nothing is mapped any more. */
void map_free_tables(struct mm *mm, uintptr_t start, uintptr_t end);

struct vma;

/* like's range, of its kind, takes the place of whatever is there; joined with what is alike. 0 or -ENOMEM. most: VMAs afterwards. */
int map_insert_locked(struct mm *mm, const struct vma *like, unsigned most);

#endif

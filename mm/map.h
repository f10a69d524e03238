/* SPDX-License-Identifier: MIT */
/* Between the files that change address spaces. All with mm->lock held for writing. */
#ifndef MM_MAP_H
#define MM_MAP_H

#include "mm/mm.h"

static inline uintptr_t map_round_up(uintptr_t n)
{
	return (n + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
}

int map_unmap_locked(struct mm *mm, uintptr_t start, uintptr_t end);

/* Anonymous memory at r->addr, which must be free; joined to the VMA that ends there if that is of the same kind. */
int map_extend_locked(struct mm *mm, const struct map_request *r);

#endif

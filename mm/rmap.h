/* SPDX-License-Identifier: MIT */
/* From pages to the entries that map them. The pages of one call are of one mapping, at most RMAP_BATCH, in any order; bit i is pages[i]. */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/backing.h"

#define RMAP_BATCH 64

/*
 * Reclaim: takes away the entries of FROZEN, locked pages, except those used since reclaim last looked, whose accessed bits are clear now. Only tries
 * mapping->mappers_lock. Returns the pages of which an entry may be left.
 */
uint64_t rmap_try_unmap(struct mapping *m, struct page **pages, unsigned n);

/* Takes away every entry of a FROZEN, locked page. Sleeps. */
void rmap_unmap(struct mapping *m, struct page *page);

/* Write-protects every shared entry of pages that stay in the cache meanwhile. Sleeps. */
void rmap_protect_pages(struct mapping *m, struct page **pages, unsigned n);

/*
 * Takes away what the VMAs of this file show of indices [first, last]: the file's pages and, with `copies`, private copies too. What faults install
 * meanwhile may be left: the caller argues about that. Sleeps.
 */
void rmap_zap(struct mapping *m, pgoff_t first, pgoff_t last, bool copies);

#endif

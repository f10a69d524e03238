/* SPDX-License-Identifier: MIT */
/* From pages to the entries that map them. The pages of one call are of one mapping, at most RMAP_BATCH, in any order; bit i is pages[i]. */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/backing.h"

#define RMAP_BATCH 64

/*
 * Reclaim: entries used since the last look are old from now on, and are noted as uses (mm/lru.h); in locked memory all are used. Return the pages
 * that have such entries. unmap: the others, of FROZEN, locked pages, are taken away. age: they stay; the pages are locked. Wait for
 * mapping->mappers_lock, whose holders want neither memory nor pages.
 */
uint64_t rmap_unmap_unused(struct mapping *m, struct page **pages, unsigned n);
uint64_t rmap_age(struct mapping *m, struct page **pages, unsigned n);

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

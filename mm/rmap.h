/* SPDX-License-Identifier: MIT */
/* From a page to the entries that map it. */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/page.h"

/*
 * Takes away every entry of a FROZEN, locked file page. Only tries mapping->mappers_lock. false: some entry may be left, because the lock
 * was not to be had or a page was used since we last looked (its accessed bits are clear now).
 */
bool rmap_unmap_file(struct page *page);

#endif

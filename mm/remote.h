/* SPDX-License-Identifier: MIT */
/* Memory of an address space that need not be the caller's own: for /proc and debuggers. */
#ifndef MM_REMOTE_H
#define MM_REMOTE_H

#include "mm/mm.h"

/* Copies [addr, addr + n) to kernel memory, faulting pages in as a read would. How many bytes, from the first on, could be had. Sleeps. */
size_t mm_read_remote(struct mm *mm, uintptr_t addr, void *buf, size_t n);

/* The other way, as a store there would. */
size_t mm_write_remote(struct mm *mm, uintptr_t addr, const void *buf, size_t n);

#endif

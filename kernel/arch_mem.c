/* SPDX-License-Identifier: MIT */
/* Memory for the arch floor: aligned to 64 bytes, which kmalloc promises only for whole pages. Smaller blocks are taken larger,
 * and remember in the word before them what kmalloc gave. */
#include "arch/upcall.h"
#include "kernel/slab.h"
#include "lib/bits.h"

#define ALIGN 64u

void *arch_mem_alloc(size_t n)
{
	uintptr_t given, at;

	if (n >= PAGE_SIZE)
		return kzalloc(n);
	given = (uintptr_t)kzalloc(n + ALIGN);
	if (!given)
		return NULL;
	at = align_down(given + ALIGN, ALIGN); /* at least 16 bytes on, since kmalloc aligns to 16 */
	((uintptr_t *)at)[-1] = given;
	return (void *)at;
}

void arch_mem_free(void *p, size_t n)
{
	if (p && n < PAGE_SIZE)
		p = (void *)((uintptr_t *)p)[-1];
	kfree(p);
}

/* SPDX-License-Identifier: MIT */
#include "cpu.h"
#include <string.h>

void arch_page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

void arch_page_zero(void *to)
{
	memset(to, 0, PAGE_SIZE);
}

void arch_icache_sync(void *kernel_va, size_t n)
{
	(void)kernel_va;
	(void)n;
}

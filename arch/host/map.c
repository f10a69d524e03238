/* SPDX-License-Identifier: MIT */
/* The kernel half: what boot.c maps, and pages for kernel stacks. Their frames are taken but not used: nobody reaches a stack through the
 * direct map, and private memory lets a test fork. */
#include "cpu.h"
#include "lib/errno.h"
#include <sys/mman.h>

int arch_kernel_map(uintptr_t va, pfn_t pfn, unsigned prot)
{
	void *at = mmap((void *)va, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)pfn;
	(void)prot;
	return at == (void *)va ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: MIT */
/* The kernel half of every address space, and memory before there is an allocator. */
#ifndef ARCH_X86_64_MAP_H
#define ARCH_X86_64_MAP_H

#include "arch/arch.h"

extern uint64_t kernel_root[PTES_PER_TABLE]; /* the kernel's own top table; user half empty */

static inline void *direct(phys_t p)
{
	return (void *)(DIRECT_MAP + p);
}

/* Physical address of something in the image. */
static inline phys_t image_phys(const void *p)
{
	return (uintptr_t)p - KERNEL_OFFSET;
}

/* Builds kernel_root from boot_info's RAM and loads it. */
void kmap_init(void);

/* Maps one page with these entry bits in `root`. Boot only. */
void kmap_page(uint64_t *root, uintptr_t va, phys_t pa, uint64_t bits);

/* Device registers, uncached, for good. Boot only. */
volatile void *kmap_device(phys_t pa, size_t n);

/* Firmware tables wherever they lie, readable in the direct map. Boot only. NULL: not believable. */
const void *kmap_firmware(uint64_t pa, size_t n);

bool kmap_present(uintptr_t va); /* is this kernel address mapped? */

/* A zeroed page of RAM nobody else uses, reported as reserved. Boot only. */
phys_t boot_page(void);

#endif

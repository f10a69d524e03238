/* SPDX-License-Identifier: MIT */
/* The kernel half of every address space, and memory before there is an allocator. */
#ifndef ARCH_ARM64_MAP_H
#define ARCH_ARM64_MAP_H

#include "arch/arch.h"

extern uint64_t kernel_root[PTES_PER_TABLE]; /* TTBR1's top table */
extern uint64_t empty_root[PTES_PER_TABLE];  /* TTBR0's where there is no address space */
extern uint64_t image_offset;		     /* of the image: physical minus virtual */

static inline void *direct(phys_t p)
{
	return (void *)(DIRECT_MAP + p);
}

/* Physical address of something in the image. */
static inline phys_t image_phys(const void *p)
{
	return (uintptr_t)p + image_offset;
}

/* Builds kernel_root from boot_info's RAM and loads it; user half empty. */
void kmap_init(void);

/* This CPU no longer uses the first tables' identity map. */
void identity_leave(void);

/* As kmap_device, before kmap_init and good until then: a console for what goes wrong that early. NULL: none. */
volatile uint8_t *kmap_device_early(phys_t pa);

/* Device registers, for good. Boot only. */
volatile uint8_t *kmap_device(phys_t pa, size_t n);

bool kmap_present(uintptr_t va); /* is this kernel address mapped? */

#endif

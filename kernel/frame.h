/* SPDX-License-Identifier: MIT */
/*
 * Physical frames: a buddy allocator under one lock, a small cache of single frames for each CPU over it.
 *
 * Free blocks are linked through their own first bytes; one byte a frame says whether it heads a free block or an allocated
 * one, and of which order. What a frame is used for is its owner's business (mm/page.h).
 */
#ifndef KERNEL_FRAME_H
#define KERNEL_FRAME_H

#include "arch/arch.h"

struct thread;

#define FRAME_MAX_ORDER 10 /* 4 MiB */
#define NO_FRAME ((pfn_t)0) /* frame 0 is never handed out */

enum frame_flags {
	FRAME_NORMAL = 0,
	FRAME_RESERVE = 1, /* may dip into the last frames: the kernel's own, which cannot be taken back; user and file pages can */
};

static inline void *phys_to_virt(phys_t p)
{
	return (void *)(uintptr_t)(DIRECT_MAP + p);
}

static inline phys_t virt_to_phys(const void *v)
{
	return (phys_t)((uintptr_t)v - DIRECT_MAP);
}

static inline void *pfn_to_virt(pfn_t pfn)
{
	return phys_to_virt(pfn << PAGE_SHIFT);
}

/*
 * Takes RAM minus reserved minus `disks`, at most `limit` bytes. Called once. Returns a zeroed table for the floor above, with
 * bytes_per_frame bytes for each frame from frame_first() on. Panics, saying how much there is and how much is needed, when that is too
 * little to run.
 */
void *frame_init(const struct boot_info *info, const struct phys_range *disks, unsigned nr_disks, uint64_t limit,
		 size_t bytes_per_frame);

/* 1 << order frames, contiguous, aligned, contents unspecified. Any context but NMI; never sleeps. NO_FRAME: none left. */
pfn_t frame_alloc(unsigned order, unsigned flags);
void frame_free(pfn_t pfn, unsigned order);
unsigned frame_order(pfn_t pfn); /* of an allocated block, by its first frame */

/* t is woken, once, when fewer than a low mark are free: until frame_low_seen has said so. */
void frame_tell_low(struct thread *t);
bool frame_low_seen(void);
uint64_t frame_high(void);    /* so many should be free then */
uint64_t frame_reserve(void); /* the last so many are for FRAME_RESERVE */
uint64_t frame_free_now(void); /* without what CPUs keep for themselves: a word that is read */

uint64_t frame_total(void);	/* managed */
uint64_t frame_available(void); /* free now, CPU caches included */
pfn_t frame_first(void);	/* lowest managed frame */
pfn_t frame_end(void);		/* highest + 1; there may be holes between */
bool frame_managed(pfn_t pfn);	/* ours to allocate (not a hole, disk, firmware) */

#endif

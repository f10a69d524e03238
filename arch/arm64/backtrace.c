/* SPDX-License-Identifier: MIT */
/* Frames are linked by x29 (AAPCS64, 6.4.6): *fp is the caller's fp, the word above it the return address. */
#include "cpu.h"
#include "map.h"

static bool frame_ok(uintptr_t fp)
{
	return fp >= DIRECT_MAP && fp % 16 == 0 && kmap_present(fp) && kmap_present(fp + 8);
}

unsigned arch_backtrace(uintptr_t fp, uintptr_t *pcs, unsigned max)
{
	unsigned n = 0;

	while (n < max && frame_ok(fp)) {
		const uintptr_t *frame = (const uintptr_t *)fp;

		if (frame[1] < DIRECT_MAP)
			break;
		pcs[n++] = frame[1];
		if (frame[0] <= fp || frame[0] - fp > KSTACK_SIZE)
			break;
		fp = frame[0];
	}
	return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: KSTACK_SIZE bytes each, mapped between KSTACK_BASE and KSTACK_END with an unmapped page below every one, so
 * that an overflow faults at once. A stack once mapped stays mapped; freed ones wait for the next thread.
 */
#ifndef KERNEL_KSTACK_H
#define KERNEL_KSTACK_H

#include "arch/arch.h"

/* The lowest byte of a stack, contents unspecified. NULL: no memory. Any context; never sleeps. */
void *kstack_alloc(void);

/* Nobody runs on it any more. Any context. */
void kstack_free(void *stack);

#endif

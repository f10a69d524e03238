/* SPDX-License-Identifier: MIT */
#include "kernel/kstack.h"
#include "kernel/assert.h"
#include "kernel/frame.h"
#include "kernel/spinlock.h"
#include "lib/bits.h"

/* The lower half of a slot is the guard, so bit KSTACK_SIZE of a good stack pointer is set: arch/arm64/trap.S tests it. */
#define SLOT_SIZE (2 * KSTACK_SIZE)

static struct spinlock kstack_lock = SPINLOCK_INIT(LOCK_SLAB);
static void **kstack_spare;				/* linked through their lowest word	(kstack_lock) */
static uintptr_t kstack_next = KSTACK_BASE + KSTACK_SIZE; /* the page to map next			(kstack_lock) */

static bool map_page(uintptr_t at)
{
	pfn_t pfn = frame_alloc(0, FRAME_RESERVE);

	if (pfn == NO_FRAME)
		return false;
	if (!arch_kernel_map(at, pfn, PTE_READ | PTE_WRITE))
		return true;
	frame_free(pfn, 0);
	return false;
}

/* The next slot. What was mapped before memory ended is not lost: the next call goes on from there. */
static void *map_stack(void)
{
	uintptr_t base = kstack_next - (kstack_next - KSTACK_BASE) % SLOT_SIZE + KSTACK_SIZE;

	if (base + KSTACK_SIZE > KSTACK_END)
		return NULL;
	for (; kstack_next < base + KSTACK_SIZE; kstack_next += PAGE_SIZE)
		if (!map_page(kstack_next))
			return NULL;
	kstack_next += KSTACK_SIZE;
	return (void *)base;
}

void *kstack_alloc(void)
{
	irqflags_t irq = spin_lock_irq(&kstack_lock);
	void *stack = kstack_spare;

	if (stack)
		kstack_spare = *kstack_spare;
	else
		stack = map_stack();
	spin_unlock_irq(&kstack_lock, irq);
	return stack;
}

void kstack_free(void *stack)
{
	irqflags_t irq = spin_lock_irq(&kstack_lock);

	assert(((uintptr_t)stack - KSTACK_BASE) % SLOT_SIZE == KSTACK_SIZE);
	*(void **)stack = kstack_spare;
	kstack_spare = stack;
	spin_unlock_irq(&kstack_lock, irq);
}

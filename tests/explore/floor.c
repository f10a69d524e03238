/* SPDX-License-Identifier: MIT */
/* What the code under test calls and no test is about: it does nothing, or the least. */
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/thread.h"
#include "mm/lru.h"
#include "tests/explore/engine.h"

struct stat_cpu stat_cpus[MAX_CPUS];

void lock_check_want(enum lock_class class, const void *what)
{
	(void)class, (void)what;
}

void lock_check_acquire(enum lock_class class, const void *what, bool trylock)
{
	(void)class, (void)what, (void)trylock;
}

void lock_check_release(enum lock_class class, const void *what)
{
	(void)class, (void)what;
}

void lock_check_may_sleep(void)
{
}

void preempt_enable_slow(void)
{
}

bool host_irq_set(bool on)
{
	(void)on;
	return true;
}

bool host_irq_get(void)
{
	return true;
}

void lru_remove(struct page *page)
{
	(void)page;
}

pfn_t frame_first(void)
{
	return 0;
}

pfn_t frame_alloc(unsigned order, unsigned flags)
{
	(void)order, (void)flags;
	return NO_FRAME;
}

void frame_free(pfn_t pfn, unsigned order)
{
	(void)pfn, (void)order;
}

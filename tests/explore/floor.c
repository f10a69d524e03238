/* SPDX-License-Identifier: MIT */
/* What the code under test calls and no test is about: it does nothing, or the least. */
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/thread.h"
#include "mm/lru.h"
#include "mm/page_owner.h"
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

struct page_owner *page_owners;

void page_owner_took(struct page *page)
{
	(void)page;
}

void page_owner_gave_to_io(struct page *page)
{
	(void)page;
}

void page_owner_let_go(struct page *page)
{
	(void)page;
}

enum wait_on page_wait_on_lock(const void *page)
{
	(void)page;
	return WAIT_ON_UNKNOWN;
}

enum wait_on page_wait_on_state(const void *page)
{
	(void)page;
	return WAIT_ON_UNKNOWN;
}

enum wait_on page_wait_on_write(const void *page)
{
	(void)page;
	return WAIT_ON_UNKNOWN;
}

uint32_t page_takes(const void *page)
{
	(void)page;
	return 0;
}

bool page_io_site(const void *page, struct site *site)
{
	(void)page, (void)site;
	return false;
}

void page_describe(const void *page, char *buf, size_t size)
{
	(void)page, (void)buf, (void)size;
}

/* Whoever looks again in a loop does so by an atomic load, which is a point. */
void host_relax(void)
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

pfn_t frame_end(void)
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
	(void)order;
	explore_freed(pfn);
}

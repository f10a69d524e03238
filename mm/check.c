/* SPDX-License-Identifier: MIT */
/*
 * Invariants at rest, of every page that somebody has a reference to:
 *
 *	waited for		=> PG_WAITERS, or the unlocker would not look
 *	locked			=> somebody is known to have it, or the I/O (debug builds)
 *	mapped			=> up to date, and if it is a file's, in that file
 *	a file's, not DYING	=> in that file's slot
 *	dirty			=> in a file, from where it finds its way to the disk
 *	references		>= maps, and one for the slot
 *
 * Between two steps of somebody who runs each of them may be broken for a moment. So a page that breaks one is looked at again TRIES times, a while
 * apart, and counts if it breaks the same one each time. No lock is taken: words are read one by one, and only a broken rule that stays is believed.
 */
#include "mm/check.h"

#include "kernel/time.h"
#include "lib/format.h"
#include "mm/page_owner.h"
#include "mm/pagecache.h"

#define TRIES 4
#define PAUSE_NS (2 * NSEC_PER_MSEC)

static bool is_file_page(const struct page *page)
{
	return atomic_load_explicit(&page->mapping, memory_order_relaxed) && !page_flag(page, PG_ANON);
}

/* Mappings are freed by RCU. */
static bool in_its_file(const struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	return m && cache_peek(m, atomic_load_explicit(&page->index, memory_order_relaxed)) == page;
}

static bool has_owner(const struct page *page)
{
	return !DEBUG || page_owner_of(page)->tid || page_owner_of(page)->io;
}

/* RCU read section. Which rule it breaks; NULL: none. */
static const char *broken_rule(const struct page *page)
{
	enum page_state state = page_state(page);
	bool cached;

	if (!page_refs(page) || page_flag(page, PG_TABLE))
		return NULL; /* and `mapping` means nothing */
	cached = is_file_page(page) && in_its_file(page);
	if (page->waiters && !page_flag(page, PG_WAITERS))
		return "somebody waits for it, and WAITERS is clear";
	if (page_locked(page) && !has_owner(page))
		return "it is locked by nobody";
	if (page_maps(page) && state != PAGE_READY)
		return "it is mapped, and not up to date";
	if (is_file_page(page) && !cached && (page_maps(page) || state == PAGE_READY || state == PAGE_READING))
		return "it is a file's, and not in it";
	if (page_flag(page, PG_DIRTY) && !cached)
		return "it is dirty, and has no way to the disk";
	return page_refs(page) < page_maps(page) + cached ? "it has fewer references than uses" : NULL;
}

static const char *look(const struct page *page)
{
	const char *rule;

	rcu_read_lock();
	rule = broken_rule(page);
	rcu_read_unlock();
	return rule;
}

static const char *look_again(const struct page *page, const char *rule)
{
	for (unsigned i = 0; i < TRIES && rule; i++) {
		thread_sleep_until(clock_ns() + PAUSE_NS, WAIT_FOREVER);
		if (look(page) != rule)
			rule = NULL;
	}
	return rule;
}

unsigned mm_check(char *why, size_t size)
{
	unsigned broken = 0;

	why[0] = '\0';
	for (pfn_t pfn = frame_first(); pfn < frame_end(); pfn++) {
		const struct page *page = pfn_to_page(pfn);
		const char *rule = look(page);

		if (likely(!rule) || !look_again(page, rule))
			continue;
		if (!broken++) {
			int n = snprintf(why, size, "page %p, word %lx: %s; ", page, (unsigned long)atomic_load(&page->word), rule);

			rcu_read_lock();
			page_describe(page, why + n, size - (size_t)n);
			rcu_read_unlock();
		}
	}
	return broken;
}

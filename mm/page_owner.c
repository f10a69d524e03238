/* SPDX-License-Identifier: MIT */
#include "mm/page_owner.h"

#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/backing.h"

struct page_owner *page_owners;

void page_owner_took(struct page *page)
{
	struct page_owner *o = page_owner_of(page);
	const struct site *site = lock_held_site(page);

	if (site)
		o->site = *site;
	o->tid = current->tid;
	o->io = false;
	atomic_fetch_add_explicit(&o->takes, 1, memory_order_relaxed);
}

void page_owner_gave_to_io(struct page *page)
{
	struct page_owner *o = page_owner_of(page);

	site_note(&o->site, arch_fp());
	o->tid = current->tid;
	o->io = true;
}

void page_owner_let_go(struct page *page)
{
	struct page_owner *o = page_owner_of(page);

	o->tid = 0;
	o->io = false;
}

/* ---- what a waiter says ---- */

static uint32_t flags_of(const struct page *page)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed);
}

static bool is_reading(uint32_t flags)
{
	return (flags & PG_STATE) == PAGE_READING;
}

enum wait_on page_wait_on_lock(const void *object)
{
	uint32_t flags = flags_of(object);

	if (!(flags & PG_LOCKED))
		return WAIT_ON_NOBODY;
	return is_reading(flags) ? WAIT_ON_DEVICE : WAIT_ON_THREAD;
}

enum wait_on page_wait_on_state(const void *object)
{
	const struct page *page = object;
	uint32_t flags = flags_of(page);

	if (!(flags & PG_LOCKED) || (!is_reading(flags) && !page_frozen(page)))
		return WAIT_ON_NOBODY;
	return is_reading(flags) ? WAIT_ON_DEVICE : WAIT_ON_THREAD;
}

enum wait_on page_wait_on_write(const void *object)
{
	return flags_of(object) & PG_WRITEBACK ? WAIT_ON_DEVICE : WAIT_ON_NOBODY;
}

uint32_t page_takes(const void *page)
{
	return DEBUG ? atomic_load_explicit(&page_owner_of(page)->takes, memory_order_relaxed) : 0;
}

bool page_io_site(const void *page, struct site *site)
{
	if (!DEBUG || !page_owner_of(page)->io)
		return false;
	*site = page_owner_of(page)->site;
	return true;
}

static const struct bit {
	uint32_t flag;
	const char *name;
} bits[] = {
	{ PG_LOCKED, "LOCKED" }, { PG_WAITERS, "WAITERS" }, { PG_DIRTY, "DIRTY" }, { PG_WRITEBACK, "WRITEBACK" }, { PG_ERROR, "ERROR" },
	{ PG_ANON, "ANON" },
};

static void bits_write(const struct page *page, char *buf, size_t size)
{
	uint32_t flags = flags_of(page);

	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		if (!(flags & bits[i].flag))
			continue;
		strlcat(buf, buf[0] ? "," : "", size);
		strlcat(buf, bits[i].name, size);
	}
	if (page_frozen(page))
		strlcat(buf, buf[0] ? ",FROZEN" : "FROZEN", size);
}

/* A mapping is freed by RCU, so the one that the page shows is still there, whether or not the page is still its. */
static void file_write(const struct page *page, char *buf, size_t size)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	if (m)
		m->ops->name(m, buf, size);
}

void page_describe(const void *object, char *buf, size_t size)
{
	static const char *const states[] = { "EMPTY", "READING", "READY", "DYING" };
	const struct page *page = object;
	char names[64] = "", file[48] = "";

	bits_write(page, names, sizeof(names));
	file_write(page, file, sizeof(file));
	snprintf(buf, size, "bits=%s state=%s file=\"%s\" index=%lu", names, states[flags_of(page) & PG_STATE], file,
		 (unsigned long)atomic_load_explicit(&page->index, memory_order_relaxed));
	if (DEBUG && page_owner_of(page)->io)
		strlcat(buf, " owner=io", size);
}

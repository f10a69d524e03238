/* SPDX-License-Identifier: MIT */
/* How pages become dirty, and the lists of the mappings that have such pages, one a device. 1, 5 of the statement in mm/writeback.c. */
#include "mm/dirty.h"

#include "kernel/stats.h"
#include "kernel/time.h"
#include "mm/pagecache.h"
#include "mm/writeback.h"

static struct spinlock list_lock = SPINLOCK_INIT(LOCK_DIRTY_LIST); /* interrupts off: taken under mapping->lock */
struct list flushers = LIST_INIT(flushers);
static _Atomic int64_t nr_unwritten; /* pages that are dirty or under write-back; those that are both count twice */

/* ---- becoming dirty ---- */

/* mapping->lock held. */
static void list_add(struct mapping *m)
{
	struct flusher *f = m->flusher;
	bool first;

	assert(f);
	m->listed = true;
	m->keeps_file = !m->unlinked && m->ops->get(m);
	spin_lock(&list_lock);
	first = list_empty(&f->mappings);
	list_append(&f->mappings, &m->dirty);
	spin_unlock(&list_lock);
	if (first)
		flusher_notice(f);
}

/* mapping->lock held, page in its slot. */
static void set_dirty(struct mapping *m, pgoff_t index, struct page *page)
{
	if (page_flag(page, PG_DIRTY))
		return;
	/* acq_rel: 2 above, as seen from a fault */
	atomic_fetch_or_explicit(&page->flags, PG_DIRTY, memory_order_acq_rel);
	stat_inc(STAT_dirtied);
	if (!m->ops->write_pages)
		return;
	radix_tag_set(&m->pages, index, RADIX_DIRTY);
	atomic_fetch_add_explicit(&nr_unwritten, 1, memory_order_relaxed);
	current->dirtied++;
	if (!m->listed)
		list_add(m);
}

bool page_mark_dirty_clean(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	irqflags_t flags;

	if (m->ops->volatile_pages)
		return false;
	flags = spin_lock_irq(&m->lock);
	assert(atomic_load_explicit(&page->mapping, memory_order_relaxed) == m);
	set_dirty(m, atomic_load_explicit(&page->index, memory_order_relaxed), page);
	spin_unlock_irq(&m->lock, flags);
	return true;
}

/* Once a tick: the line is shared by all who store. */
static void note_store(struct mapping *m)
{
	uint64_t now = clock_wall_coarse_ns();

	if (now != atomic_load_explicit(&m->fault_time, memory_order_relaxed))
		atomic_store_explicit(&m->fault_time, now, memory_order_relaxed);
}

bool page_dirty_by_store(struct mapping *m, pgoff_t index, struct page *page)
{
	irqflags_t flags;
	bool may;

	if (page_store_ready(m, page)) {
		note_store(m);
		return true;
	}
	flags = spin_lock_irq(&m->lock);
	may = radix_load(&m->pages, index) == page && !page_wants_blocks(m, page) && !page_stable(page);
	if (may)
		set_dirty(m, index, page);
	spin_unlock_irq(&m->lock, flags);
	if (may)
		note_store(m);
	return may;
}

void writeback_forget_page(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	if (!page_flag(page, PG_DIRTY))
		return;
	page_flag_clear(page, PG_DIRTY);
	if (m->ops->write_pages)
		atomic_fetch_sub_explicit(&nr_unwritten, 1, memory_order_relaxed);
}

/* ---- the lists ---- */

void flusher_init(struct flusher *f, const char *name)
{
	*f = (struct flusher){ .name = name };
	list_init(&f->mappings);
	list_append(&flushers, &f->link);
}

/* true: its reference on the file is the caller's now. */
static bool list_drop(struct mapping *m, bool always)
{
	irqflags_t flags = spin_lock_irq(&m->lock);
	/* what is being written keeps it there: whoever syncs waits for that too */
	bool busy = radix_tagged(&m->pages, RADIX_DIRTY) || radix_tagged(&m->pages, RADIX_WRITEBACK);
	bool drop = m->listed && (always || !busy), kept = false;

	if (drop) {
		spin_lock(&list_lock);
		list_remove(&m->dirty);
		spin_unlock(&list_lock);
		kept = m->keeps_file;
		m->listed = m->keeps_file = false;
	}
	spin_unlock_irq(&m->lock, flags);
	return kept;
}

void dirty_list_leave(struct mapping *m)
{
	if (list_drop(m, false))
		m->ops->put(m);
}

void writeback_forget(struct mapping *m)
{
	bool kept = list_drop(m, true);

	assert(!kept);
	(void)kept;
}

void mapping_unlinked(struct mapping *m)
{
	irqflags_t flags = spin_lock_irq(&m->lock);
	bool kept = m->keeps_file;

	m->unlinked = true;
	m->keeps_file = false;
	spin_unlock_irq(&m->lock, flags);
	if (kept)
		m->ops->put(m);
}

void mapping_linked(struct mapping *m)
{
	irqflags_t flags = spin_lock_irq(&m->lock);

	m->unlinked = false;
	if (m->listed && !m->keeps_file)
		m->keeps_file = m->ops->get(m);
	spin_unlock_irq(&m->lock, flags);
}

struct mapping *dirty_list_next(struct flusher *f)
{
	struct mapping *m, *found = NULL;
	irqflags_t flags;

	rcu_read_lock();
	flags = spin_lock_irq(&list_lock);
	list_for_each(m, &f->mappings, dirty) {
		if (!m->ops->get(m))
			continue;
		found = m;
		list_remove(&m->dirty);
		list_append(&f->mappings, &m->dirty);
		break;
	}
	spin_unlock_irq(&list_lock, flags);
	rcu_read_unlock();
	return found;
}

void dirty_list_mark(void)
{
	irqflags_t flags = spin_lock_irq(&list_lock);
	struct flusher *f;
	struct mapping *m;

	list_for_each(f, &flushers, link)
		list_for_each(m, &f->mappings, dirty)
			m->visit = true;
	spin_unlock_irq(&list_lock, flags);
}

/* list_lock held. */
static struct mapping *take_marked(struct flusher *f)
{
	struct mapping *m;

	list_for_each(m, &f->mappings, dirty) {
		bool visit = m->visit;

		m->visit = false;
		if (visit && m->ops->get(m))
			return m;
	}
	return NULL;
}

struct mapping *dirty_list_marked(void)
{
	struct mapping *found = NULL;
	struct flusher *f;
	irqflags_t flags;

	rcu_read_lock();
	flags = spin_lock_irq(&list_lock);
	list_for_each(f, &flushers, link) {
		found = take_marked(f);
		if (found)
			break;
	}
	spin_unlock_irq(&list_lock, flags);
	rcu_read_unlock();
	return found;
}

unsigned dirty_list_length(struct flusher *f)
{
	struct mapping *m;
	unsigned n = 0;
	irqflags_t flags = spin_lock_irq(&list_lock);

	list_for_each(m, &f->mappings, dirty)
		n++;
	spin_unlock_irq(&list_lock, flags);
	return n;
}

/* ---- how much there is ---- */

int64_t dirty_pages(void)
{
	return atomic_load_explicit(&nr_unwritten, memory_order_relaxed);
}

uint64_t writeback_dirty_pages(void)
{
	int64_t n = dirty_pages();

	return n > 0 ? (uint64_t)n : 0;
}

void dirty_written(void)
{
	atomic_fetch_sub_explicit(&nr_unwritten, 1, memory_order_relaxed);
	flusher_progress();
}

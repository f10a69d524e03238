/* SPDX-License-Identifier: MIT */
/*
 * Read-ahead. A window is what one miss reads, or what is begun ahead of a miss. One page of it is marked (PG_AHEAD). Who reads or faults on that
 * page clears the mark and begins the next window, without waiting for it: so while reads are in order only the first one waits.
 *
 *	the miss at `index`				window, from index on
 *	at the end of the last window			twice the last one
 *	behind the page last used, or at 0		twice what is wanted
 *	inside the last window: its pages went before	half of it
 *	they were used, so memory is too short for it
 *	behind n cached pages				2n: the file is read in order here too, by somebody
 *	none of these, read(2)				what is wanted
 *	none of these, fault				a block around it of 16 pages; half as many after each such miss with nothing cached
 *							beside it, so that faults at random soon read single pages
 *
 * The mark is behind what is wanted, or in the middle if that is all; in a window that was begun by a mark it is the first page. That one is as large
 * as what is ahead of the reader, doubled. Nothing is larger than policy readahead_pages, twice that when SEQUENTIAL is advised; RANDOM
 * reads what is wanted.
 *
 * The state is the open file's, but most of it is in the cache itself: two readers of one file in two places are told apart by what is cached before
 * each. Map-around leaves marked pages out (mm/around.c), so that faults meet them.
 */
#include "mm/readahead.h"

#include "mm/pagecache.h"
#include "mm/policy.h"

static uint64_t load(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static uint32_t load32(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static unsigned at_most(uint64_t n, unsigned most)
{
	return n < most ? (unsigned)n : most;
}

/* The largest window. 0: nothing is to be read that nobody asked for. */
static unsigned bound(const struct mapping *m, enum readahead_mode mode)
{
	unsigned most = policy_get(&policy.readahead_pages);

	if (mode == READAHEAD_RANDOM || m->ops->volatile_pages)
		return 0;
	return at_most(mode == READAHEAD_SEQUENTIAL ? 2 * most : most, READAHEAD_MAX);
}

static bool is_cached(struct mapping *m, pgoff_t index)
{
	struct page *page;

	rcu_read_lock();
	page = cache_peek(m, index);
	rcu_read_unlock();
	return page;
}

/* So many pages before index, `most` at most, are cached. */
static unsigned cached_before(struct mapping *m, pgoff_t index, unsigned most)
{
	unsigned n = 0;

	while (n < most && n < index && is_cached(m, index - n - 1))
		n++;
	return n;
}

/* From index on. */
static unsigned cached_from(struct mapping *m, pgoff_t index, unsigned most)
{
	unsigned n = 0;

	while (n < most && is_cached(m, index + n))
		n++;
	return n;
}

static struct ra_window clip(const struct mapping *m, struct ra_window w, pgoff_t needed)
{
	pgoff_t end = mapping_end(m);

	if (w.start + w.pages > end)
		w.pages = w.start < end ? (unsigned)(end - w.start) : 0;
	if (w.start + w.pages <= needed) /* the file has become shorter: whoever adds the page will find out */
		w = (struct ra_window){ .start = needed, .pages = 1, .mark = 1 };
	return w;
}

static void remember(struct readahead *ra, const struct ra_window *w)
{
	atomic_store_explicit(&ra->next, w->start + w->pages, memory_order_relaxed);
	atomic_store_explicit(&ra->size, w->pages, memory_order_relaxed);
}

/* How large, if this miss is part of a sequence. 0: it is not. */
static unsigned sequence_size(const struct readahead *ra, struct mapping *m, const struct ra_ask *a, unsigned most)
{
	uint64_t next = load(&ra->next), after = load(&ra->after), want = a->want < most ? a->want : most;
	uint32_t size = load32(&ra->size), before;

	if (size && a->index == next)
		return at_most(2 * size > want ? 2 * size : want, most);
	if (size && a->index < next && a->index + size > next)
		return at_most(size / 2 > want ? size / 2 : want, most);
	if (!a->index || a->index == after || a->index + 1 == after)
		return at_most(2 * want > READAHEAD_START ? 2 * want : READAHEAD_START, most);
	before = cached_before(m, a->index, most);
	return before ? at_most(2 * before > want ? 2 * before : want, most) : 0;
}

/* A fault that is not in order. */
static struct ra_window window_around(struct readahead *ra, struct mapping *m, pgoff_t index, unsigned most)
{
	uint32_t misses = load32(&ra->misses);
	unsigned size = READAHEAD_AROUND;

	if (is_cached(m, index + 1))
		misses = 0; /* what was read around the last one has been of use */
	while (size > 1 && (size > most || READAHEAD_AROUND >> misses < size))
		size /= 2;
	if (READAHEAD_AROUND >> misses)
		misses++;
	atomic_store_explicit(&ra->misses, misses, memory_order_relaxed);
	return (struct ra_window){ .start = index & ~(pgoff_t)(size - 1), .pages = size, .mark = size };
}

struct ra_window readahead_miss(struct readahead *ra, struct mapping *m, const struct ra_ask *a)
{
	unsigned most = bound(m, a->mode), want = at_most(a->want, m->ops->volatile_pages ? 1 : READAHEAD_MAX);
	unsigned size = most ? sequence_size(ra, m, a, most) : 0;
	struct ra_window w = { .start = a->index, .pages = want, .mark = want };

	if (size) {
		w.pages = size;
		w.mark = want < size ? want : size / 2;
		if (!w.mark)
			w.mark = size;
		atomic_store_explicit(&ra->misses, 0, memory_order_relaxed);
	} else if (most && a->fault) {
		w = window_around(ra, m, a->index, most);
	}
	w = clip(m, w, a->index);
	remember(ra, &w);
	return w;
}

struct ra_window readahead_marked(struct readahead *ra, struct mapping *m, const struct ra_ask *a)
{
	unsigned most = bound(m, a->mode), ahead = cached_from(m, a->index, most + 1);
	struct ra_window w = { .start = a->index + ahead };

	if (!most || ahead > most || w.start >= mapping_end(m))
		return w;
	w.pages = at_most(2 * ahead > READAHEAD_START ? 2 * ahead : READAHEAD_START, most);
	w = clip(m, w, w.start);
	remember(ra, &w);
	return w;
}

void readahead_set_mode(struct readahead *ra, enum readahead_mode mode)
{
	atomic_store_explicit(&ra->mode, mode, memory_order_relaxed);
}

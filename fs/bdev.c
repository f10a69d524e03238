/* SPDX-License-Identifier: MIT */
/*
 * Pages read from a block device, and written to it.
 *
 * A struct page_io counts the pieces of one page that are under way, plus one for whoever is still adding pieces. Whoever brings the count
 * to zero says that the page is done: the device's interrupt, or page_io_end. An error of any piece is the page's.
 *
 * A request's `private` says for each segment which page_io it is a piece of.
 */
#include "fs/bdev.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"
#include "mm/writeback.h"

/* (C) constant, (A) atomic */
struct page_io {
	struct page *page;	 /*						(C) */
	bool write;		 /*						(C) */
	unsigned end;		 /* zeroed from here on when all pieces are there	(C) */
	_Atomic unsigned pieces; /* under way, and 1 while pieces may still be added	(A) */
	_Atomic int error;	 /* of some piece				(A) */
};

struct carried {
	struct page_io *io[REQUEST_SEGMENTS]; /* by segment; the request's owner	(C) */
};

static struct slab_cache io_cache = SLAB_CACHE("page-io", struct page_io);
static struct slab_cache carried_cache = SLAB_CACHE("carried", struct carried);

/*
 * Others wait for these pages, and it would be a pity to give them an error. A write gets none, for what it writes has no other copy: it waits
 * for memory, with what it has gathered on its way, so that somebody's end brings some back. Each cache keeps a slab once it has had one.
 */
static void *alloc_or_wait(struct io_batch *b, struct slab_cache *cache)
{
	void *p;

	while (!(p = slab_alloc(cache))) {
		io_batch_submit(b);
		if (!page_make_room() && !b->write)
			return NULL;
	}
	return p;
}

static void page_done(struct page *page, bool write, int error)
{
	if (write)
		page_write_done(page, error);
	else
		page_read_done(page, error);
}

struct page_io *page_io_begin(struct io_batch *b, struct page *page, unsigned end)
{
	struct page_io *p = alloc_or_wait(b, &io_cache);

	if (!p) {
		page_done(page, b->write, -ENOMEM);
		return NULL;
	}
	*p = (struct page_io){ .page = page, .write = b->write, .pieces = 1, .end = end };
	return p;
}

static void piece_done(struct page_io *p, int error)
{
	if (error)
		atomic_store_explicit(&p->error, error, memory_order_relaxed);
	/* acq_rel: the last one sees every piece's data and error */
	if (atomic_fetch_sub_explicit(&p->pieces, 1, memory_order_acq_rel) > 1)
		return;
	if (!p->write)
		memset((char *)page_address(p->page) + p->end, 0, PAGE_SIZE - p->end);
	page_done(p->page, p->write, atomic_load_explicit(&p->error, memory_order_relaxed));
	slab_free(&io_cache, p);
}

void page_io_end(struct page_io *p, int error)
{
	piece_done(p, error);
}

void page_io_hole(struct page_io *p, unsigned offset, unsigned len)
{
	if (!p->write)
		memset((char *)page_address(p->page) + offset, 0, len);
}

static void request_io_done(struct request *r, int error)
{
	struct carried *c = r->private;

	for (unsigned i = 0; i < r->nr_segments; i++)
		piece_done(c->io[i], request_segment_error(r, i, error));
	slab_free(&carried_cache, c);
	request_free(r);
}

void io_batch_submit(struct io_batch *b)
{
	struct request *r = b->request;

	b->request = NULL;
	if (r)
		block_submit(r);
}

/* A request that takes a piece at this sector. false: no memory. */
static bool request_for(struct io_batch *b, uint64_t sector)
{
	struct carried *c;

	if (b->request && (b->next_sector != sector || b->request->nr_segments == REQUEST_SEGMENTS))
		io_batch_submit(b);
	if (b->request)
		return true;
	c = alloc_or_wait(b, &carried_cache);
	if (!c)
		return false;
	do {
		b->request = request_new(b->dev, sector, b->write);
	} while (!b->request && (page_make_room() || b->write));
	if (!b->request) {
		slab_free(&carried_cache, c);
		return false;
	}
	b->request->done = request_io_done;
	b->request->private = c;
	return true;
}

void page_io_piece(struct io_batch *b, struct page_io *p, unsigned offset, unsigned len, uint64_t sector)
{
	struct carried *c;

	atomic_fetch_add_explicit(&p->pieces, 1, memory_order_relaxed);
	if (!request_for(b, sector)) {
		piece_done(p, -ENOMEM);
		return;
	}
	c = b->request->private;
	c->io[b->request->nr_segments] = p;
	request_add(b->request, (char *)page_address(p->page) + offset, len); /* request_for made room */
	b->next_sector = sector + (len >> SECTOR_SHIFT);
}

/* ---- the device as a file ---- */

struct bdev {
	struct mapping mapping;
	struct blkdev *dev; /* (C) */
};

static void bdev_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct blkdev *dev = container_of(m, struct bdev, mapping)->dev;
	struct io_batch b = { .dev = dev };

	for (unsigned i = 0; i < n; i++) {
		uint64_t pos = atomic_load_explicit(&pages[i]->index, memory_order_relaxed) << PAGE_SHIFT;
		uint64_t left = (dev->sectors << SECTOR_SHIFT) - pos;
		unsigned len = left < PAGE_SIZE ? (unsigned)left : PAGE_SIZE;
		struct page_io *p = page_io_begin(&b, pages[i], len);

		if (!p)
			continue;
		page_io_piece(&b, p, 0, len, pos >> SECTOR_SHIFT);
		page_io_end(p, 0);
	}
	io_batch_submit(&b);
}

static bool bdev_get(struct mapping *m)
{
	(void)m;
	return true;
}

static void bdev_put(struct mapping *m)
{
	(void)m;
}

static void bdev_name(struct mapping *m, char *buf, size_t size)
{
	strlcpy(buf, container_of(m, struct bdev, mapping)->dev->name, size);
}

static const struct backing_ops bdev_ops = {
	.read_pages = bdev_read_pages,
	.get = bdev_get,
	.put = bdev_put,
	.name = bdev_name,
};

struct mapping *bdev_mapping(struct blkdev *dev)
{
	struct bdev *b = kzalloc(sizeof(*b));

	if (!b)
		return NULL;
	b->dev = dev;
	mapping_init(&b->mapping, &bdev_ops, dev->sectors << SECTOR_SHIFT);
	return &b->mapping;
}

/* SPDX-License-Identifier: MIT */
/*
 * Metadata: super block, descriptors, bitmaps, inodes, indirect blocks, directories, long links. All of it lives in the device's own pages
 * of the page cache, and is changed there under the locks of ext2.h.
 *
 * 1. Dirty is known for each block, not for each page: a page may hold, beside a block of metadata, blocks of a file whose data reach the
 *    disk by another way. META_BITS of page->flags are one bit a block of the page.
 * 2. A page with such a bit is on fs->dirty, by a reference of its own, so reclaim leaves it alone. It is put there by whoever sets the
 *    first bit. One that is there without a bit (forget), or twice, costs the flush nothing but a look.
 * 3. The change comes first, then the bit. The flush clears the bits before it looks at the contents. So a change is either in what is
 *    written, or sets the bit again. A block that is changed while it is on its way may be torn; but then it goes once more.
 * 4. A flush waits for every request it has started before the next one begins. So after a flush, all that was changed before it is on the
 *    disk, and no older write of a block that was forgotten before it is still under way.
 * 5. If a request fails, all that the flush took is dirty again, and the one that flushed is told. So a flush that ends well has written what
 *    earlier ones could not: whoever is told 0 needs no history of errors. A block that was forgotten meanwhile may be written once more, but
 *    that is over before it can be anything else (ext2_freed.c, 3).
 *
 * Not by mm's write-back: a flush takes no page lock, so it can be had with a page of a file locked, where allocation finds the disk full
 * of blocks that are only waiting for it (ext2_freed.c).
 */
#include "fs/ext2.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"

#define META_SHIFT 24
#define META_BITS ((uint32_t)PG_BLOCKS)
#define DIRTY_MANY 512 /* pages */

/* (D) dirty_lock */
struct dirty_page {
	struct list link;  /* (D); or a flush's own */
	struct page *page; /* referenced */
	uint32_t bits;	   /* META_BITS that the flush has taken */
};

static struct slab_cache dirty_cache = SLAB_CACHE("ext2-dirty", struct dirty_page);

int ext2_meta_get(struct ext2 *fs, uint32_t block, struct ext2_meta *m)
{
	uint64_t pos = (uint64_t)block << fs->block_shift;
	int err = cache_read(fs->meta, pos >> PAGE_SHIFT, WAIT_FOREVER, &m->page);

	if (err) {
		m->page = NULL;
		return err == -ENXIO ? -EIO : err;
	}
	m->data = (char *)page_address(m->page) + pos % PAGE_SIZE;
	m->block = block;
	return 0;
}

int ext2_meta_get_new(struct ext2 *fs, uint32_t block, struct ext2_meta *m)
{
	int err = ext2_meta_get(fs, block, m);

	if (err)
		return err;
	memset(m->data, 0, ext2_block_size(fs));
	ext2_meta_dirty(fs, m);
	return 0;
}

void ext2_meta_put(struct ext2_meta *m)
{
	if (m->page)
		page_put(m->page);
	m->page = NULL;
}

static uint32_t bit_of(const struct ext2 *fs, uint32_t block)
{
	return 1u << (META_SHIFT + (block & ((1u << (PAGE_SHIFT - fs->block_shift)) - 1)));
}

/* Nothing that was changed may be dropped, so this ends only with memory. */
static struct dirty_page *new_dirty(void)
{
	struct dirty_page *d;

	while (!(d = slab_alloc(&dirty_cache)))
		if (!page_make_room())
			thread_yield();
	return d;
}

static void list_dirty(struct ext2 *fs, struct dirty_page *d)
{
	atomic_fetch_add_explicit(&fs->nr_dirty, 1, memory_order_relaxed);
	spin_lock(&fs->dirty_lock);
	list_append(&fs->dirty, &d->link);
	spin_unlock(&fs->dirty_lock);
}

void ext2_meta_dirty(struct ext2 *fs, const struct ext2_meta *m)
{
	/* release: what was changed is seen by whoever clears the bit; pairs with take_bits */
	uint32_t old = atomic_fetch_or_explicit(&m->page->flags, bit_of(fs, m->block), memory_order_release);
	struct dirty_page *d;

	if (!(old & bit_of(fs, m->block)))
		ext2_handle_used(fs);
	if (old & META_BITS)
		return;
	d = new_dirty();
	page_get(m->page);
	d->page = m->page;
	list_dirty(fs, d);
}

/* If the page is not in the cache, there is nothing to forget: a dirty one stays. */
void ext2_meta_forget(struct ext2 *fs, uint32_t block)
{
	bool referenced;
	struct page *page = cache_lookup(fs->meta, (uint64_t)block << fs->block_shift >> PAGE_SHIFT, &referenced);

	if (!page || !referenced)
		return;
	page_flag_clear(page, bit_of(fs, block));
	page_put(page);
}

/* ---- the flush ---- */

/* A request being filled. */
struct flush {
	struct ext2 *fs;
	struct request *request;
	uint64_t next; /* sector behind its last piece */
};

static void flush_done(struct request *r, int error)
{
	struct ext2 *fs = r->private;

	if (error)
		atomic_store_explicit(&fs->write_error, error, memory_order_relaxed);
	for (unsigned i = 0; i < r->nr_segments; i++)
		page_put(virt_to_page(r->segments[i].data));
	request_free(r);
	/* release: pairs with the wait in ext2_meta_flush */
	if (atomic_fetch_sub_explicit(&fs->in_flight, 1, memory_order_release) == 1)
		waitq_wake_all(&fs->flushed);
}

static void submit(struct flush *f)
{
	struct request *r = f->request;

	f->request = NULL;
	if (!r)
		return;
	atomic_fetch_add_explicit(&f->fs->in_flight, 1, memory_order_relaxed);
	block_submit(r);
}

static void add_piece(struct flush *f, struct page *page, unsigned offset, unsigned len)
{
	uint64_t pos = (atomic_load_explicit(&page->index, memory_order_relaxed) << PAGE_SHIFT) + offset;

	if (f->request && (f->next != pos >> SECTOR_SHIFT || f->request->nr_segments == REQUEST_SEGMENTS))
		submit(f);
	while (!f->request) {
		f->request = request_new(f->fs->dev, pos >> SECTOR_SHIFT, true);
		if (f->request) {
			f->request->done = flush_done;
			f->request->private = f->fs;
		} else if (!page_make_room()) {
			thread_yield();
		}
	}
	page_get(page);
	request_add(f->request, (char *)page_address(page) + offset, len);
	f->next = (pos + len) >> SECTOR_SHIFT;
}

/* Its dirty blocks, which are dirty no more, are d->bits. */
static void flush_page(struct flush *f, struct dirty_page *d)
{
	unsigned block = ext2_block_size(f->fs);

	/* acquire: pairs with ext2_meta_dirty */
	d->bits = atomic_fetch_and_explicit(&d->page->flags, ~META_BITS, memory_order_acquire) & META_BITS;
	for (unsigned i = 0; i << f->fs->block_shift < PAGE_SIZE; i++)
		if (d->bits >> (META_SHIFT + i) & 1)
			add_piece(f, d->page, i * block, block);
}

static struct dirty_page *next_dirty(struct list *from)
{
	struct dirty_page *d = list_empty(from) ? NULL : list_first(from, struct dirty_page, link);

	if (d)
		list_remove(&d->link);
	return d;
}

/* Starts writing what is dirty; that is on `taken`. */
static void flush_all(struct ext2 *fs, struct list *taken)
{
	struct flush f = { .fs = fs };
	struct dirty_page *d;

	spin_lock(&fs->dirty_lock);
	list_splice(taken, &fs->dirty);
	spin_unlock(&fs->dirty_lock);
	list_for_each(d, taken, link) {
		atomic_fetch_sub_explicit(&fs->nr_dirty, 1, memory_order_relaxed);
		flush_page(&f, d);
	}
	submit(&f);
}

/* The flush is over. If it has failed, what it took is as dirty as before. */
static void flush_end(struct ext2 *fs, struct list *taken, int err)
{
	struct dirty_page *d;

	while ((d = next_dirty(taken))) {
		/* nobody looks at the contents by these bits but the next flush, which is ordered by flush_lock */
		if (err && d->bits && !(atomic_fetch_or_explicit(&d->page->flags, d->bits, memory_order_relaxed) & META_BITS)) {
			list_dirty(fs, d);
			continue;
		}
		page_put(d->page);
		slab_free(&dirty_cache, d);
	}
}

int ext2_meta_flush(struct ext2 *fs)
{
	static const struct wait_why why = { .what = "metadata being written", .on = wait_on_device };
	struct list taken = LIST_INIT(taken);
	uint64_t number;
	int err;

	mutex_lock(&fs->flush_lock);
	number = atomic_fetch_add_explicit(&fs->flush_begun, 1, memory_order_relaxed) + 1;
	flush_all(fs, &taken);
	/* acquire: pairs with flush_done */
	wait_until(&fs->flushed, &why, WAIT_FOREVER, UINT64_MAX, !atomic_load_explicit(&fs->in_flight, memory_order_acquire));
	err = atomic_exchange_explicit(&fs->write_error, 0, memory_order_relaxed);
	flush_end(fs, &taken, err);
	if (!err)
		atomic_store_explicit(&fs->flush_ended, number, memory_order_relaxed);
	mutex_unlock(&fs->flush_lock);
	if (err)
		log_line("%s: metadata could not be written (%d); it will be tried again", fs->dev->name, err);
	return err;
}

void ext2_meta_balance(struct ext2 *fs)
{
	if (atomic_load_explicit(&fs->nr_dirty, memory_order_relaxed) > DIRTY_MANY)
		ext2_meta_flush(fs);
}

/* SPDX-License-Identifier: MIT */
#include "tests/host/mmdisk.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "mm/writeback.h"
#include "tests/host/tap.h"
#include <string.h>

#define MAX_DELAY_NS 20000
#define GARBAGE 0xa5 /* what a new block holds */

/* One page on its way. */
struct transfer {
	struct timer timer;
	struct disk_file *file;
	struct page *page;
	bool write;
	unsigned char before[PAGE_SIZE]; /* what a write began with: it must not change */
};

static struct disk_file *file_of(struct mapping *m)
{
	return container_of(m, struct disk_file, mapping);
}

static uint32_t file_random(struct disk_file *f, uint32_t below)
{
	irqflags_t flags = spin_lock_irq(&f->delays_lock);
	uint32_t n = prng_below(&f->delays, below);

	spin_unlock_irq(&f->delays_lock, flags);
	return n;
}

static bool all_zero(const char *at, size_t n)
{
	while (n--)
		if (*at++)
			return false;
	return true;
}

static void read_now(struct disk_file *f, struct page *page)
{
	pgoff_t index = atomic_load(&page->index);
	uint64_t pos = index * PAGE_SIZE, size = mapping_size(&f->mapping);
	char *at = page_address(page);
	bool backed = true;

	for (unsigned i = 0; i < DISK_BLOCKS_PER_PAGE; i++) {
		bool have = atomic_load(&f->have[index * DISK_BLOCKS_PER_PAGE + i]);

		backed &= have;
		if (have)
			memcpy(at + i * DISK_BLOCK, f->data + pos + i * DISK_BLOCK, DISK_BLOCK);
		else
			memset(at + i * DISK_BLOCK, 0, DISK_BLOCK);
	}
	if (size < pos + PAGE_SIZE)
		memset(at + (size > pos ? size - pos : 0), 0, PAGE_SIZE - (size > pos ? size - pos : 0));
	if (backed)
		page_flag_set(page, PG_BACKED);
}

/* Whatever a page holds in a block that the file has not is lost: so it must be nothing. */
static void write_now(struct disk_file *f, struct page *page)
{
	pgoff_t index = atomic_load(&page->index);
	const char *at = page_address(page);

	for (unsigned i = 0; i < DISK_BLOCKS_PER_PAGE; i++) {
		uint64_t pos = index * PAGE_SIZE + i * DISK_BLOCK;

		if (atomic_load(&f->have[pos / DISK_BLOCK]))
			memcpy(f->data + pos, at + i * DISK_BLOCK, DISK_BLOCK);
		else if (pos < mapping_size(&f->mapping))
			check(all_zero(at + i * DISK_BLOCK, DISK_BLOCK));
	}
	atomic_fetch_add(&f->written, 1);
}

static void transfer_end(struct timer *timer)
{
	struct transfer *t = timer->arg;
	int err = 0;

	if (!t->write) {
		read_now(t->file, t->page);
		page_read_done(t->page, 0);
	} else {
		check(page_flag(t->page, PG_WRITEBACK) && atomic_load(&t->page->mapping) == &t->file->mapping);
		check(!memcmp(t->before, page_address(t->page), PAGE_SIZE));
		if (atomic_load(&t->file->broken))
			err = -EIO;
		else
			write_now(t->file, t->page);
		page_write_done(t->page, err);
	}
	free(t);
}

static void transfer(struct disk_file *f, struct page *page, bool write)
{
	struct transfer *t = malloc(sizeof(*t));

	t->file = f;
	t->page = page;
	t->write = write;
	if (write)
		memcpy(t->before, page_address(page), PAGE_SIZE);
	timer_init(&t->timer, transfer_end, t);
	timer_set(&t->timer, clock_ns() + file_random(f, MAX_DELAY_NS));
}

static void disk_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		transfer(file_of(m), pages[i], false);
}

static void disk_write_pages(struct mapping *m, struct page **pages, unsigned n)
{
	check(n && n <= WRITE_PAGES_MAX);
	for (unsigned i = 0; i < n; i++) {
		check(page_flag(pages[i], PG_WRITEBACK));
		transfer(file_of(m), pages[i], true);
	}
}

static int disk_reserve(struct mapping *m, uint64_t pos, size_t len)
{
	struct disk_file *f = file_of(m);

	check(mutex_held(&f->lock) && len && pos / PAGE_SIZE == (pos + len - 1) / PAGE_SIZE);
	check(pos + len <= f->pages * PAGE_SIZE);
	for (uint64_t b = pos / DISK_BLOCK; b <= (pos + len - 1) / DISK_BLOCK; b++)
		if (!atomic_load(&f->have[b]) && atomic_load(&f->full))
			return -ENOSPC;
	for (uint64_t b = pos / DISK_BLOCK; b <= (pos + len - 1) / DISK_BLOCK; b++) {
		if (atomic_load(&f->have[b]))
			continue;
		memset(f->data + b * DISK_BLOCK, GARBAGE, DISK_BLOCK);
		atomic_store(&f->have[b], true);
	}
	return 0;
}

void disk_file_free_blocks(struct disk_file *f, uint64_t start, uint64_t end)
{
	check(mutex_held(&f->lock));
	for (uint64_t b = (start + DISK_BLOCK - 1) / DISK_BLOCK; b < end / DISK_BLOCK; b++) {
		if (atomic_exchange(&f->have[b], false))
			memset(f->data + b * DISK_BLOCK, GARBAGE, DISK_BLOCK);
	}
}

static void disk_trim(struct mapping *m)
{
	disk_file_free_blocks(file_of(m), mapping_size(m), file_of(m)->pages * PAGE_SIZE);
}

static bool disk_get(struct mapping *m)
{
	struct disk_file *f = file_of(m);
	unsigned refs = atomic_load(&f->refs);

	do {
		if (!refs)
			return false;
	} while (!atomic_compare_exchange_weak(&f->refs, &refs, refs + 1));
	return true;
}

static void disk_put(struct mapping *m)
{
	struct disk_file *f = file_of(m);

	if (atomic_fetch_sub(&f->refs, 1) > 1)
		return;
	mapping_evict(m);
	rcu_synchronize();
	free(f->data);
	free(f->have);
	free(f);
}

static void disk_name(struct mapping *m, char *buf, size_t size)
{
	snprintf(buf, size, "disk file");
}

bool disk_file_tail_zero(struct disk_file *f)
{
	uint64_t size = mapping_size(&f->mapping), block = size / DISK_BLOCK;

	return !(size % DISK_BLOCK) || !atomic_load(&f->have[block]) ||
	       all_zero(f->data + size, DISK_BLOCK - size % DISK_BLOCK);
}

static const struct backing_ops ops = {
	.read_pages = disk_read_pages, .write_pages = disk_write_pages, .reserve = disk_reserve, .trim = disk_trim,
	.get = disk_get, .put = disk_put, .name = disk_name, .writable = true,
};

static struct flusher *disk_flusher(void)
{
	static struct flusher f;

	if (!f.name)
		flusher_init(&f, "disk");
	return &f;
}

struct disk_file *disk_file_new(pgoff_t pages, uint64_t size, uint64_t seed)
{
	struct disk_file *f = calloc(1, sizeof(*f));

	mapping_init(&f->mapping, &ops, size);
	f->mapping.flusher = disk_flusher();
	mutex_init(&f->lock, LOCK_INODE);
	f->mapping.write_lock = &f->lock;
	f->refs = 1;
	f->pages = pages;
	f->data = malloc(pages * PAGE_SIZE);
	memset(f->data, GARBAGE, pages * PAGE_SIZE);
	f->have = calloc(pages * DISK_BLOCKS_PER_PAGE, sizeof(*f->have));
	prng_seed(&f->delays, seed);
	spin_init(&f->delays_lock, LOCK_DEVICE);
	return f;
}

void disk_file_put(struct disk_file *f)
{
	f->mapping.ops->put(&f->mapping);
}

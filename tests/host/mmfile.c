/* SPDX-License-Identifier: MIT */
#include "tests/host/mmfile.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "tests/host/tap.h"
#include <string.h>

#define MAX_DELAY_NS 20000
#define BAD_ONE_IN 40
#define READ_PAGES 64

static const size_t offsets[3] = { 0, 1928, 4088 };

/* Part of a read: these pages are done at once. */
struct late_read {
	struct timer timer;
	struct test_file *file;
	unsigned n;
	struct page *pages[READ_PAGES];
};

static struct test_file *file_of(struct mapping *m)
{
	return container_of(m, struct test_file, mapping);
}

static uint64_t word_at(const struct test_file *f, pgoff_t index, unsigned k)
{
	return prng_mix(f->number * 1000003 + index * 7 + k);
}

static void page_fill(const struct test_file *f, struct page *page)
{
	pgoff_t index = atomic_load(&page->index);
	char *at = page_address(page);

	for (size_t i = 0; i < PAGE_SIZE; i += 8)
		memcpy(at + i, &index, 8);
	for (unsigned k = 0; k < 3; k++) {
		uint64_t v = word_at(f, index, k);

		memcpy(at + offsets[k], &v, 8);
	}
}

static void read_late(struct timer *timer)
{
	struct late_read *r = timer->arg;

	for (unsigned i = 0; i < r->n; i++) {
		bool bad = r->file->bad[atomic_load(&r->pages[i]->index)];

		if (!bad)
			page_fill(r->file, r->pages[i]);
		page_read_done(r->pages[i], bad ? -EIO : 0);
	}
	free(r);
}

static uint32_t file_random(struct test_file *f, uint32_t below)
{
	irqflags_t flags = spin_lock_irq(&f->lock);
	uint32_t n = prng_below(&f->delays, below);

	spin_unlock_irq(&f->lock, flags);
	return n;
}

/* In several pieces, each with its own delay, so that they end in any order. */
static void file_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct test_file *f = file_of(m);

	check(n && n <= READ_PAGES);
	while (n) {
		unsigned part = 1 + file_random(f, n);
		struct late_read *r = malloc(sizeof(*r));

		r->file = f;
		r->n = part;
		memcpy(r->pages, pages, part * sizeof(*pages));
		timer_init(&r->timer, read_late, r);
		timer_set(&r->timer, clock_ns() + file_random(f, MAX_DELAY_NS));
		pages += part;
		n -= part;
	}
}

static bool file_get(struct mapping *m)
{
	struct test_file *f = file_of(m);
	unsigned refs = atomic_load(&f->refs);

	do {
		if (!refs)
			return false;
	} while (!atomic_compare_exchange_weak(&f->refs, &refs, refs + 1));
	return true;
}

static void file_put(struct mapping *m)
{
	struct test_file *f = file_of(m);

	if (atomic_fetch_sub(&f->refs, 1) > 1)
		return;
	mapping_evict(m);
	rcu_synchronize();
	free(f->bad);
	free(f->now);
	free(f);
}

static void file_name(struct mapping *m, char *buf, size_t size)
{
	snprintf(buf, size, "test file %u", file_of(m)->number);
}

static const struct backing_ops ops = {
	.read_pages = file_read_pages, .get = file_get, .put = file_put, .name = file_name, .writable = true,
};

struct test_file *test_file_new(unsigned number, pgoff_t pages, const uint64_t *seed)
{
	struct test_file *f = calloc(1, sizeof(*f));

	mapping_init(&f->mapping, &ops, pages * PAGE_SIZE - 5);
	f->refs = 1;
	f->number = number;
	f->pages = pages;
	f->bad = calloc(pages, sizeof(*f->bad));
	f->now = calloc(pages, sizeof(*f->now));
	prng_seed(&f->delays, *seed + number);
	spin_init(&f->lock, LOCK_DEVICE);
	for (pgoff_t i = 0; i < pages; i++) {
		f->bad[i] = !prng_below(&f->delays, BAD_ONE_IN);
		for (unsigned k = 0; k < 3; k++)
			f->now[i][k] = word_at(f, i, k);
	}
	return f;
}

void test_file_put(struct test_file *f)
{
	f->mapping.ops->put(&f->mapping);
}

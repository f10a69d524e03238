/* SPDX-License-Identifier: MIT */
/*
 * read(2) through the page cache.
 *
 * Copies to user memory run with faults disabled: the page is referenced, and a fault of the destination could have to wait for that very
 * page. A copy that ends short lets go of everything, faults the destination in, and goes on where it stopped (law 4). Each round
 * either copies at least a byte or finds out that the destination cannot be written.
 */
#include "arch/upcall.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/pagecache.h"

/* How much of the file there is from pos on, at most n. */
static size_t clip(struct mapping *m, uint64_t pos, size_t n)
{
	uint64_t size = mapping_size(m);

	if (pos >= size)
		return 0;
	return n < size - pos ? n : (size_t)(size - pos);
}

static size_t within_page(uint64_t pos, size_t n)
{
	size_t room = PAGE_SIZE - pos % PAGE_SIZE;

	return n < room ? n : room;
}

/* Bytes that lie in one page. Where pages are the only copy, reading a hole makes none. */
static int read_page_kernel(const struct cache_reader *r, uint64_t pos, char *buf, size_t n)
{
	struct page *page = NULL;
	int err = r->m->ops->volatile_pages ? cache_read_present(r->m, pos >> PAGE_SHIFT, &page) : cache_read_next(r, pos >> PAGE_SHIFT, &page);

	if (err < 0)
		return err;
	if (!page) {
		memset(buf, 0, n);
		return 0;
	}
	memcpy(buf, (char *)page_address(page) + pos % PAGE_SIZE, n);
	page_put(page);
	return 0;
}

static pgoff_t end_of(uint64_t pos, size_t n)
{
	return (pos + n + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

long mapping_read_kernel(struct mapping *m, uint64_t pos, void *buf, size_t n)
{
	struct cache_reader r = { .m = m, .ra = &m->ra, .mode = WAIT_KILLABLE };
	size_t done = 0;
	int err = 0;

	n = clip(m, pos, n);
	r.end = end_of(pos, n);
	while (done < n) {
		size_t part = within_page(pos + done, n - done);

		err = read_page_kernel(&r, pos + done, (char *)buf + done, part);
		if (err)
			break;
		done += part;
	}
	return done ? (long)done : err;
}

/* Up to the end of one page: bytes copied (0: the destination must be faulted in first), or -errno. */
static long read_page_user(const struct cache_reader *r, uint64_t pos, uintptr_t buf, size_t n)
{
	struct page *page;
	size_t left;
	int err = cache_read_next(r, pos >> PAGE_SHIFT, &page);

	if (err)
		return err;
	fault_disable();
	left = copy_to_user_part(buf, (char *)page_address(page) + pos % PAGE_SIZE, n);
	fault_enable();
	page_put(page);
	return (long)(n - left);
}

long mapping_read_user(struct mapping *m, struct readahead *ra, uint64_t pos, uintptr_t buf, size_t n)
{
	struct cache_reader r = { .m = m, .ra = ra, .mode = WAIT_KILLABLE };
	size_t done = 0;
	long got = 0;

	if (!user_range_ok(buf, n))
		return -EFAULT;
	n = clip(m, pos, n);
	r.end = end_of(pos, n);
	while (done < n) {
		got = read_page_user(&r, pos + done, buf + done, within_page(pos + done, n - done));
		if (!got)
			got = mm_fault_in(current->mm, buf + done, 1, FAULT_WRITE);
		if (got < 0)
			break;
		done += (size_t)got;
	}
	/* -ENXIO: the file has become shorter meanwhile */
	return done || got == -ENXIO ? (long)done : got;
}

/* SPDX-License-Identifier: MIT */
/* Operations of tests/diff/fileops.c on mappings. */
#ifndef MAPS_H
#define MAPS_H

#include "moves.h"

/* ---- mappings ---- */

/* The page range [first, first + n) pages of m is mapped no more; what is behind it becomes a map of its own if there is room. */
static void map_close(struct map *m, size_t start, size_t len)
{
	struct map rest = *m;

	if (!m->of)
		return;
	munmap(m->at + start, len);
	rest.at += start + len;
	rest.pos += start + len;
	rest.len -= start + len;
	m->len = start;
	if (!m->len) {
		*m = rest;
		if (!rest.len) {
			m->of->users--;
			m->of = NULL;
		}
		return;
	}
	for (unsigned i = 0; rest.len && i < MAPS; i++)
		if (!maps[i].of) {
			maps[i] = rest;
			rest.of->users++;
			return;
		}
	if (rest.len)
		munmap(rest.at, rest.len);
}

static void op_mmap(void)
{
	struct handle *h = any_handle();
	struct map *m = &maps[pick(MAPS)];
	int prot = PROT_READ | (pick(4) ? PROT_WRITE : 0);
	bool shared = pick(3);
	uint64_t pos;
	size_t n;
	void *at;

	if (!h)
		return;
	map_close(m, 0, m->len);
	pos = place(h->of) & ~(PAGE - 1);
	n = PAGE * (1 + pick(pick(3) ? 6 : set.spread / PAGE));
	n = n < h->of->high - pos ? n : h->of->high - pos;
	at = mmap(NULL, n - (pick(3) ? 0 : pick(PAGE)), prot, shared ? MAP_SHARED : MAP_PRIVATE, h->fd, (off_t)pos);
	say("mmap %u as %u at %lx n %zx prot %d shared %d: %ld", index_of(h), (unsigned)(m - maps), (unsigned long)pos, n, prot, shared,
	    at == MAP_FAILED ? -(long)errno : 0);
	if (at == MAP_FAILED)
		return;
	*m = (struct map){ .of = h->of, .at = at, .len = n, .pos = pos, .shared = shared };
	h->of->users++;
}

static void op_munmap(void)
{
	struct map *m = any_map();
	size_t pages, start;

	if (!m)
		return;
	pages = m->len / PAGE;
	start = pick(3) ? 0 : pick(pages);
	pages = pick(3) ? pages - start : 1 + pick(pages - start);
	say("munmap %u from page %zu pages %zu", (unsigned)(m - maps), start, pages);
	map_close(m, start * PAGE, pages * PAGE);
}

/* Where the memory was that was not there. */
static void say_fault(const struct map *m)
{
	say("  signal %d code %d at %lx", caught, caught_code, (unsigned long)(caught_at - m->at));
}

static void load(const struct map *m, size_t offset, size_t n)
{
	static volatile uint64_t hash;
	volatile const unsigned char *at = m->at + offset;

	hash = 7;
	if (setjmp(away))
		say_fault(m);
	else
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ at[i]) * 0x100000001b3ull;
	say("load %u at %zx n %zx: %016lx", (unsigned)(m - maps), offset, n, (unsigned long)hash);
}

static void store(const struct map *m, size_t offset, size_t n)
{
	volatile unsigned char *at = m->at + offset;
	uint64_t value = random64();

	say("store %u at %zx n %zx", (unsigned)(m - maps), offset, n);
	if (setjmp(away)) {
		say_fault(m);
		return;
	}
	for (size_t i = 0; i < n; i++)
		at[i] = (unsigned char)(value >> (i % 7 * 8)) + (unsigned char)i;
}

/* Bytes of a map: *offset, and how many. */
static size_t piece(const struct map *m, size_t *offset)
{
	size_t n = 1 + pick(pick(3) ? 200 : pick(3) ? 2 * PAGE : set.most);

	*offset = align_some(pick(m->len));
	return n < m->len - *offset ? n : m->len - *offset;
}

static void op_load(void)
{
	struct map *m = any_map();
	size_t offset, n;

	if (!m)
		return;
	n = piece(m, &offset);
	load(m, offset, n);
}

static void op_store(void)
{
	struct map *m = any_map();
	size_t offset, n;

	if (!m)
		return;
	n = piece(m, &offset);
	n = storable(m, offset, n);
	if (n)
		store(m, offset, n);
}

static void op_msync(void)
{
	static const int flags[] = { MS_SYNC, MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE, MS_INVALIDATE };
	struct map *m = any_map();
	size_t offset;
	int how;

	if (!m)
		return;
	offset = pick(m->len) & ~(PAGE - 1);
	how = flags[pick(5)];
	say("msync %u at %zx flags %d: %ld", (unsigned)(m - maps), offset, how, told(msync(m->at + offset, m->len - offset, how)));
}

static void op_mremap(void)
{
	struct map *m = any_map();
	size_t n;
	void *at;

	if (!m)
		return;
	n = PAGE * (1 + pick(2 * (m->len / PAGE) + 2));
	n = n < m->of->high - m->pos ? n : m->of->high - m->pos;
	at = (void *)syscall(SYS_mremap, m->at, m->len, n, 1 /* MREMAP_MAYMOVE */, 0);
	say("mremap %u from %zx to %zx: %ld", (unsigned)(m - maps), m->len, n, at == MAP_FAILED ? -(long)errno : 0);
	if (at == MAP_FAILED)
		return;
	m->at = at;
	m->len = n;
}

static void op_madvise(void)
{
	static const int advice[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED, MADV_RANDOM, MADV_SEQUENTIAL, MADV_NORMAL,
				      MADV_REMOVE };
	struct map *m = any_map();
	size_t offset, n;
	int what;
	long got;

	if (!m)
		return;
	what = advice[pick(8)];
	offset = pick(m->len) & ~(PAGE - 1);
	n = PAGE * (1 + pick((m->len - offset) / PAGE));
	got = told(madvise(m->at + offset, n, what));
	say("madvise %u at %zx n %zx what %d: %ld", (unsigned)(m - maps), offset, n, what, got);
}

static void op_mprotect(void)
{
	struct map *m = any_map();
	int prot = pick(2) ? PROT_READ : pick(4) ? PROT_READ | PROT_WRITE : PROT_NONE;

	if (m)
		say("mprotect %u %d: %ld", (unsigned)(m - maps), prot, told(mprotect(m->at, m->len, prot)));
}

#endif

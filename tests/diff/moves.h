/* SPDX-License-Identifier: MIT */
/* Operations of tests/diff/fileops.c: opening, reading and writing. */
#ifndef MOVES_H
#define MOVES_H

#include "state.h"

/* ---- handles ---- */

static void handle_close(struct handle *h)
{
	h->of->users--;
	h->of = NULL;
	close(h->fd);
}

static int open_flags(bool fixed)
{
	static const int access[] = { O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	int flags = access[pick(6)];

	if (!pick(4) && !set.cached)
		flags |= O_DIRECT;
	if (!pick(12))
		flags |= O_SYNC;
	if (fixed)
		return flags;
	if (!pick(8))
		flags |= O_APPEND;
	return flags | (pick(6) ? O_CREAT : 0) | (pick(10) ? 0 : O_TRUNC);
}

static void op_open(void)
{
	unsigned slot = (unsigned)pick(FDS), name = (unsigned)pick(NAMES);
	bool fixed = !name && set.processes > 1;
	struct handle *h = &handles[slot];
	struct stat st = { 0 };
	int flags = open_flags(fixed), fd;

	if (h->of)
		handle_close(h);
	fd = open(name_of(name), flags, 0600);
	say("open %u name %u flags %x: %ld", slot, name, (unsigned)flags, fd < 0 ? told(fd) : 0);
	if (fd < 0 || fstat(fd, &st))
		return;
	*h = (struct handle){ .of = object_find((unsigned long)st.st_ino), .fd = fd, .flags = flags };
	h->of->users++;
	h->of->size = (uint64_t)st.st_size;
	if (fixed) {
		h->of->fixed = true;
		h->of->low = set.process * set.spread;
		h->of->high = h->of->low + set.spread;
	}
}

static void op_close(void)
{
	struct handle *h = any_handle();

	if (!h)
		return;
	say("close %u", index_of(h));
	handle_close(h);
}

static bool is_direct(const struct handle *h)
{
	return h->flags & O_DIRECT;
}

/* ---- memory of a transfer ---- */

/* Where bytes come from or go to: our buffer, or a mapping. */
struct memory {
	unsigned char *at;
	const struct map *of; /* NULL: our buffer */
	size_t offset;
};

/* Bytes at `offset` of the map that may be stored to without leaving anything behind the end of the file that Linux may or may not keep. */
static size_t storable(const struct map *m, size_t offset, size_t n)
{
	uint64_t pos = m->pos + offset, size = m->of->size;

	if (!m->shared || pos >= page_up(size))
		return n;
	if (pos >= size)
		return 0;
	return n < size - pos ? n : (size_t)(size - pos);
}

static bool meets(const struct map *m, const struct object *o, uint64_t pos, size_t n)
{
	return m->of == o && m->pos < pos + n + PAGE && pos < m->pos + m->len + PAGE;
}

/* Every second seed on tmpfs compares holes and blocks, and does without what is not sure to make any. */
static bool without_holes(void)
{
	return set.tmpfs && set.seed % 2;
}

/* A write whose source is not there makes the file longer on some Linuxes if it lies behind the end. If it only would go beyond, it leaves a block
 * promised on ext4, where O_DIRECT fails with EIO until write-back. */
static bool avoided(const struct object *o, uint64_t pos, size_t n)
{
	return without_holes() || (set.cached ? pos : pos + n) > o->size;
}

/* Memory for *n bytes to or from `o` at pos. */
static struct memory memory_for(const struct object *o, uint64_t pos, size_t *n, bool store)
{
	struct map *m = pick(5) ? NULL : any_map();
	size_t offset = m ? align_some(pick(m->len)) : 0;
	size_t room = m ? m->len - offset : 0;

	room = room < *n ? room : *n;
	if (m && store)
		room = storable(m, offset, room);
	if (!m || !room || meets(m, o, pos, *n) || (!store && avoided(o, pos, *n)))
		return (struct memory){ .at = buffer + (pick(3) ? 0 : pick(PAGE)) };
	*n = room;
	return (struct memory){ .at = m->at + offset, .of = m, .offset = offset };
}

static void memory_say(const struct memory *m, long n)
{
	if (!m->of && n > 0)
		say("  bytes %016lx", (unsigned long)fold(1, m->at, (size_t)n));
	else if (m->of)
		say("  map %u at %zx", (unsigned)(m->of - maps), m->offset);
}

/* ---- reading and writing ---- */

static uint64_t here(const struct handle *h)
{
	long at = lseek(h->fd, 0, SEEK_CUR);

	return h->flags & O_APPEND ? h->of->size : at < 0 ? 0 : (uint64_t)at;
}

/* O_DIRECT wants it aligned. Where it is not, Linux reads what lies in holes all the same, and has written some of it before it fails. */
static void direct_align(const struct handle *h, uint64_t *pos, size_t *n, struct memory *m)
{
	if (!is_direct(h))
		return;
	m->at = buffer;
	m->of = NULL;
	*pos &= ~511ull;
	*n = *n < 512 ? 512 : *n & ~511ul;
	m->at += 512 * pick(8);
}

static void transfer(struct handle *h, bool writes, bool at)
{
	uint64_t pos = at && !(writes && h->flags & O_APPEND) ? place(h->of) : here(h);
	size_t n = amount(h->of, pos);
	struct memory m = memory_for(h->of, pos, &n, !writes);
	uint64_t asked = pos;
	long got;

	if (is_direct(h) && pos % 512 && (!at || (writes && h->flags & O_APPEND)))
		return;
	direct_align(h, &asked, &n, &m);
	if (!m.of && writes)
		fill(m.at, n);
	if (!at)
		got = told(writes ? write(h->fd, m.at, n) : read(h->fd, m.at, n));
	else
		got = told(writes ? pwrite(h->fd, m.at, n, (off_t)asked) : pread(h->fd, m.at, n, (off_t)asked));
	say("%s%s %u at %lx n %zx: %ld", at ? "p" : "", writes ? "write" : "read", index_of(h), (unsigned long)asked, n, got);
	if (!writes)
		memory_say(&m, got);
	object_look(h->of, h->fd);
}

static void op_transfer(bool writes, bool at)
{
	struct handle *h = any_handle();

	if (h)
		transfer(h, writes, at || h->of->fixed);
}

static void op_read(void)
{
	op_transfer(false, false);
}

static void op_write(void)
{
	op_transfer(true, false);
}

static void op_pread(void)
{
	op_transfer(false, true);
}

static void op_pwrite(void)
{
	op_transfer(true, true);
}

/* In up to four parts, some of them empty, in our buffer. */
static unsigned vector(struct iovec *v, size_t n, size_t unit)
{
	unsigned parts = 1 + (unsigned)pick(4);
	unsigned char *at = buffer;

	for (unsigned i = 0; i < parts; i++) {
		size_t len = i + 1 == parts ? n : pick(n / unit + 1) * unit;

		v[i] = (struct iovec){ at, len };
		at += len;
		n -= len;
	}
	return parts;
}

static void vectors(bool writes)
{
	struct handle *h = any_handle();
	struct iovec v[4];
	unsigned parts;
	uint64_t pos;
	size_t n;
	long got;

	if (!h || h->of->fixed)
		return;
	pos = here(h);
	if (is_direct(h) && pos % 512)
		return;
	n = amount(h->of, pos);
	if (is_direct(h))
		n = n < 512 ? 512 : n & ~511ul;
	parts = vector(v, n, is_direct(h) ? 512 : 1);
	if (writes)
		fill(buffer, n);
	got = told(writes ? writev(h->fd, v, (int)parts) : readv(h->fd, v, (int)parts));
	say("%s %u parts %u n %zx: %ld", writes ? "writev" : "readv", index_of(h), parts, n, got);
	if (!writes && got > 0)
		say("  bytes %016lx", (unsigned long)fold(1, buffer, (size_t)got));
	object_look(h->of, h->fd);
}

static void op_readv(void)
{
	vectors(false);
}

static void op_writev(void)
{
	vectors(true);
}

/* Through one that is O_DIRECT, of what is used otherwise too. */
static void op_direct(void)
{
	for (unsigned i = 0, first = (unsigned)pick(FDS); i < FDS; i++) {
		struct handle *h = &handles[(first + i) % FDS];

		if (h->of && is_direct(h)) {
			transfer(h, pick(2), true);
			return;
		}
	}
}

static void op_seek(void)
{
	struct handle *h = any_handle();
	uint64_t pos;

	if (!h)
		return;
	pos = place(h->of);
	if (is_direct(h))
		pos &= ~511ull;
	say("seek %u %lx: %ld", index_of(h), (unsigned long)pos, told(lseek(h->fd, (off_t)pos, SEEK_SET)));
}

#endif

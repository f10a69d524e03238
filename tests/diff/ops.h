/* SPDX-License-Identifier: MIT */
/* The operations of tests/diff/fileops.c. Each chooses its arguments, does it, and says what came of it. */
#ifndef OPS_H
#define OPS_H

#include "maps.h"

#define ADVISE_MIXED 6

/* ---- size and blocks ---- */

static void op_truncate(void)
{
	struct handle *h = any_handle();
	uint64_t to;
	long got;

	if (!h || h->of->fixed)
		return;
	to = pick(6) ? place(h->of) : 0;
	got = told(ftruncate(h->fd, (off_t)to));
	say("truncate %u from %lx to %lx: %ld", index_of(h), (unsigned long)h->of->size, (unsigned long)to, got);
	object_look(h->of, h->fd);
}

static void op_fallocate(void)
{
	static const unsigned modes[] = { 0, 1, 3, 3, 3, 2 };
	struct handle *h = any_handle();
	unsigned mode = modes[pick(6)];
	uint64_t pos;
	size_t n;
	long got;

	if (!h)
		return;
	pos = place(h->of);
	n = amount(h->of, pos);
	if (h->of->fixed && !(mode & 1))
		return;
	if (mode < 2 && without_holes())
		return;
	got = told(syscall(SYS_fallocate, h->fd, mode, pos, n));
	say("fallocate %u mode %u at %lx n %zx: %ld", index_of(h), mode, (unsigned long)pos, n, got);
	object_look(h->of, h->fd);
}

/* By name: of all who have it open, the size is another then. */
static void op_pathcut(void)
{
	unsigned name = (unsigned)pick(NAMES);
	struct object o = { .high = UINT64_MAX >> 8 };
	struct stat st;
	uint64_t to;
	long got;

	if (!name && set.processes > 1)
		return;
	to = place(&o);
	got = told(truncate(name_of(name), (off_t)to));
	say("truncate name %u to %lx: %ld", name, (unsigned long)to, got);
	if (got < 0 || stat(name_of(name), &st))
		return;
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].users && objects[i].ino == (unsigned long)st.st_ino)
			objects[i].size = (uint64_t)st.st_size;
}

/* ---- to the disk, and out of the cache ---- */

static void op_sync(void)
{
	struct handle *h = any_handle();
	bool data = pick(2);

	if (h)
		say("sync %u: %ld", index_of(h), told(data ? (int)syscall(SYS_fdatasync, h->fd) : fsync(h->fd)));
}

static void op_drop(void)
{
	char what = "123"[pick(3)];
	int fd = set.drop ? open("/proc/sys/vm/drop_caches", O_WRONLY) : -1;

	say("drop %c", what);
	if (set.drop && (fd < 0 || write(fd, &what, 1) != 1))
		say("drop_caches: errno %d", errno);
	if (fd >= 0)
		close(fd);
}

static void op_fadvise(void)
{
	struct handle *h = any_handle();
	int advice = pick(2) ? 4 : (int)pick(ADVISE_MIXED);
	uint64_t pos;
	size_t n;

	if (!h)
		return;
	pos = pick(3) ? place(h->of) : h->of->low;
	n = pick(3) ? amount(h->of, pos) : 0;
	say("fadvise %u at %lx n %zx what %d: %ld", index_of(h), (unsigned long)pos, n, advice,
	    told(syscall(SYS_fadvise64, h->fd, pos, n, advice)));
}

/* ---- from file to file ---- */

static bool apart(const struct handle *a, uint64_t at, const struct handle *b, uint64_t to, size_t n)
{
	return a->of != b->of || at + n + PAGE <= to || to + n + PAGE <= at;
}

static void op_sendfile(void)
{
	struct handle *in = any_handle(), *out = any_handle();
	uint64_t from;
	size_t n;
	long got;

	if (!in || out->of->fixed || is_direct(in) || is_direct(out))
		return;
	from = place(in->of);
	n = amount(in->of, from);
	if (!apart(in, from, out, here(out), n))
		return;
	got = told(syscall(SYS_sendfile, out->fd, in->fd, &from, n));
	say("sendfile %u to %u n %zx: %ld at %lx", index_of(in), index_of(out), n, got, (unsigned long)from);
	object_look(out->of, out->fd);
}

static void op_copy(void)
{
	struct handle *in = any_handle(), *out = any_handle();
	uint64_t from, to;
	size_t n, room;
	long got;

	if (!in || is_direct(in) || is_direct(out))
		return;
	from = place(in->of);
	to = place(out->of);
	n = amount(in->of, from);
	room = amount(out->of, to);
	n = n < room ? n : room;
	if (!apart(in, from, out, to, n))
		return;
	got = told(syscall(SYS_copy_file_range, in->fd, &from, out->fd, &to, n, 0));
	say("copy %u to %u n %zx: %ld at %lx %lx", index_of(in), index_of(out), n, got, (unsigned long)from, (unsigned long)to);
	object_look(out->of, out->fd);
}

/* ---- looking ---- */

static bool knows_holes(const struct handle *h)
{
	return without_holes() && !h->of->fixed;
}

static void op_holes(void)
{
	struct handle *h = any_handle();
	uint64_t pos;

	if (!h || !knows_holes(h))
		return;
	pos = place(h->of);
	say("hole %u at %lx: %lx", index_of(h), (unsigned long)pos, (unsigned long)told(lseek(h->fd, (off_t)pos, 4)));
	say("data %u at %lx: %lx", index_of(h), (unsigned long)pos, (unsigned long)told(lseek(h->fd, (off_t)pos, 3)));
	lseek(h->fd, (off_t)(pos & ~511ull), SEEK_SET);
}

static void op_stat(void)
{
	struct handle *h = any_handle();
	struct stat st = { 0 };

	if (!h || fstat(h->fd, &st))
		return;
	say("stat %u: size %lx links %u blocks %ld", index_of(h), (unsigned long)st.st_size, (unsigned)st.st_nlink,
	    knows_holes(h) ? (long)st.st_blocks : 0);
}

/* Names the processes do not share. */
static unsigned own_name(void)
{
	unsigned least = set.processes > 1;

	return least + (unsigned)pick(NAMES - least);
}

static void op_rename(void)
{
	unsigned from = own_name(), to = own_name();

	say("rename %u to %u: %ld", from, to, told(rename(name_of(from), name_of(to))));
}

static void op_unlink(void)
{
	unsigned name = own_name();

	say("unlink %u: %ld", name, told(unlink(name_of(name))));
}

/* From `at` on, so far as operations from one base reach. */
static uint64_t content_from(uint64_t hash, int fd, off_t at)
{
	off_t end = at + (off_t)(2 * set.spread + set.most);
	long got;

	for (at &= ~511l; at < end && !(at % 512) && (got = pread(fd, buffer, set.most & ~511ul, at)) > 0; at += got)
		hash = fold(hash, buffer, (size_t)got);
	return hash;
}

/* Of a whole file: its size, and the bytes wherever something may have been written. */
static void content(const char *what, int fd)
{
	uint64_t hash = content_from(3, fd, 0);
	struct stat st;

	if (fstat(fd, &st))
		return;
	for (unsigned i = 0; i < BASES; i++)
		if (bases[i])
			hash = content_from(hash, fd, (off_t)bases[i]);
	if (st.st_size > 65536)
		hash = content_from(hash, fd, st.st_size - 65536);
	say("content %s size %lx: %016lx", what, (unsigned long)st.st_size, (unsigned long)hash);
}

#endif

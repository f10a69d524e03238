/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes with two ends, in pages that come when they are written and go when they have been read.
 *
 * 1. Bytes move through a buffer of the mover's own, so that no lock is held over a copy from or to user memory. A reader copies what is
 *    there, stores it, and takes it out only then, so that what it cannot store (EFAULT) is not lost: the bytes behind `tail` stay the same
 *    as long as tail does, since writers put theirs behind `head`. If another reader has moved tail meanwhile, those bytes were its, and the
 *    reader looks again; one of them always got on.
 * 2. A write of at most PIPE_BUF bytes is in that buffer as a whole before the lock is taken, and goes into the ring in one go, or
 *    not at all: so it stays in one piece without a lock over the waiting. A longer one goes in as room comes.
 * 3. Whoever sleeps looks again itself: it is woken when something changed, not when there is something for it.
 */
#include "fs/pipe.h"

#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- the ring; lock held ---- */

/* Bytes from ring position `at` to the end of its page, at most n; *slot is that page's. */
static size_t stretch(struct pipe *p, uint64_t at, size_t n, char ***slot)
{
	size_t room = PAGE_SIZE - at % PAGE_SIZE;

	*slot = &p->pages[at / PAGE_SIZE % p->nr_pages];
	return n < room ? n : room;
}

/* Pages for the n bytes behind head. false: no memory. */
static bool provide(struct pipe *p, size_t n)
{
	char **slot;

	for (size_t done = 0, part; done < n; done += part) {
		part = stretch(p, p->head + done, n - done, &slot);
		if (!*slot)
			*slot = kmalloc(PAGE_SIZE);
		if (!*slot)
			return false;
	}
	return true;
}

static void put(struct pipe *p, const char *buf, size_t n)
{
	char **slot;

	for (size_t done = 0, part; done < n; done += part) {
		part = stretch(p, p->head, n - done, &slot);
		memcpy(*slot + p->head % PAGE_SIZE, buf + done, part);
		p->head += part;
	}
}

/* Copies what the view is of; it stays. */
static size_t look(struct pipe *p, const struct pipe_view *v)
{
	size_t there = pipe_used(p) > v->skip ? pipe_used(p) - v->skip : 0, n = v->n < there ? v->n : there;
	uint64_t from = p->tail + v->skip;
	char **slot;

	for (size_t done = 0, part; done < n; done += part) {
		part = stretch(p, from + done, n - done, &slot);
		memcpy(v->buf + done, *slot + (from + done) % PAGE_SIZE, part);
	}
	return n;
}

/* Takes n bytes out. A page that has been read to its end is given back, unless the writer is in it again already. */
static void drop(struct pipe *p, size_t n)
{
	char **slot;

	for (size_t part; n; n -= part) {
		part = stretch(p, p->tail, n, &slot);
		p->tail += part;
		if (p->tail % PAGE_SIZE == 0 && pipe_used(p) <= pipe_size(p) - PAGE_SIZE) {
			kfree(*slot);
			*slot = NULL;
		}
	}
}

/* ---- one step of a transfer: bytes moved, or why none ---- */

static long try_look(struct pipe *p, struct pipe_view *v)
{
	long got;

	spin_lock(&p->lock);
	v->at = p->tail;
	got = (long)look(p, v);
	if (!got && p->writers)
		got = -EAGAIN;
	spin_unlock(&p->lock);
	return got;
}

bool pipe_drop(struct file *file, const struct pipe_view *v, size_t n)
{
	struct pipe *p = file->private;
	bool ours;

	spin_lock(&p->lock);
	ours = p->tail == v->at;
	if (ours)
		drop(p, n);
	spin_unlock(&p->lock);
	if (ours)
		waitq_wake_all(&p->write_wait);
	return ours;
}

/* whole: all of it or nothing. */
static long try_put(struct pipe *p, const char *buf, size_t n, bool whole)
{
	size_t room;
	long done;

	spin_lock(&p->lock);
	room = pipe_size(p) - pipe_used(p);
	done = (long)(room < n ? whole ? 0 : room : n);
	if (!p->readers)
		done = -EPIPE;
	else if (!done)
		done = -EAGAIN;
	else if (!provide(p, (size_t)done))
		done = -ENOMEM;
	else
		put(p, buf, (size_t)done);
	spin_unlock(&p->lock);
	if (done > 0)
		waitq_wake_all(&p->read_wait);
	return done;
}

/* ---- read(2), write(2) ---- */

static bool may_wait(const struct file *file)
{
	return !(file_flags(file) & VFS_NONBLOCK);
}

/* At least a byte if there ever will be one. */
long pipe_look(struct file *file, struct pipe_view *v, bool wait)
{
	static const struct wait_why why = { .what = "pipe data", .lasting = true };
	struct pipe *p = file->private;
	long got = try_look(p, v);
	int err;

	if (got != -EAGAIN || !wait)
		return got;
	err = wait_until(&p->read_wait, &why, WAIT_SIGNAL, UINT64_MAX, (got = try_look(p, v)) != -EAGAIN);
	return got == -EAGAIN ? err : got; /* bytes that came together with the signal are read */
}

static long put_some(struct file *file, const char *buf, size_t n, bool whole)
{
	static const struct wait_why why = { .what = "pipe room", .lasting = true };
	struct pipe *p = file->private;
	long done = try_put(p, buf, n, whole);
	int err;

	if (done != -EAGAIN || !may_wait(file))
		return done;
	err = wait_until(&p->write_wait, &why, WAIT_SIGNAL, UINT64_MAX, (done = try_put(p, buf, n, whole)) != -EAGAIN);
	return done == -EAGAIN ? err : done;
}

/* What is there, through the buffer; first: waits until something is. */
static long take(struct file *file, char *buffer, uintptr_t buf, size_t n, bool first)
{
	struct pipe_view v = { .buf = buffer, .n = n };
	long got;

	do {
		got = pipe_look(file, &v, first && may_wait(file));
		if (got > 0 && copy_to_user(buf, buffer, (size_t)got))
			return -EFAULT;
	} while (got > 0 && !pipe_drop(file, &v, (size_t)got));
	return got;
}

static long read_through(struct file *file, char *buffer, uintptr_t buf, size_t n)
{
	size_t done = 0;
	long got = 1;

	/* waits for the first bytes only; then takes what there is */
	while (done < n && got > 0) {
		got = take(file, buffer, buf + done, n - done < PIPE_BUF ? n - done : PIPE_BUF, !done);
		if (got > 0)
			done += (size_t)got;
	}
	return done ? (long)done : got;
}

static long write_through(struct file *file, char *buffer, uintptr_t buf, size_t n)
{
	bool whole = n <= PIPE_BUF;
	size_t done = 0;
	long put = 1;

	while (done < n && put > 0) {
		size_t part = n - done < PIPE_BUF ? n - done : PIPE_BUF;

		put = copy_from_user(buffer, buf + done, part);
		if (!put)
			put = put_some(file, buffer, part, whole);
		if (put > 0)
			done += (size_t)put;
	}
	return done ? (long)done : put;
}

typedef long through(struct file *file, char *buffer, uintptr_t buf, size_t n);

/* Small transfers through the stack, others through a page. */
static long move(struct file *file, uintptr_t buf, size_t n, through *through)
{
	char small[256], *page;
	long done;

	if (!n)
		return 0;
	if (n <= sizeof(small))
		return through(file, small, buf, n);
	page = kmalloc(PIPE_BUF);
	if (!page)
		return -ENOMEM;
	done = through(file, page, buf, n);
	kfree(page);
	return done;
}

long pipe_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return move(file, buf, n, read_through);
}

long pipe_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return move(file, buf, n, write_through);
}

static int gather(char *to, const struct user_range *v, size_t count)
{
	for (size_t i = 0; i < count; to += v[i++].len)
		if (copy_from_user(to, v[i].base, v[i].len))
			return -EFAULT;
	return 0;
}

/* As one small write. */
long pipe_write_whole(struct file *file, const struct user_range *v, size_t count, size_t total)
{
	char *page;
	long put;

	if (!total || total > PIPE_BUF)
		return -EOVERFLOW;
	page = kmalloc(PIPE_BUF);
	if (!page)
		return -ENOMEM;
	put = gather(page, v, count);
	if (!put)
		put = put_some(file, page, total, true);
	kfree(page);
	return put;
}

/* ---- for splice ---- */

long pipe_take(struct file *file, struct pipe_view *v, bool wait)
{
	long got;

	do
		got = pipe_look(file, v, wait);
	while (got > 0 && !pipe_drop(file, v, (size_t)got));
	return got;
}

long pipe_put(struct file *file, const char *buf, size_t n)
{
	static const struct wait_why why = { .what = "pipe room", .lasting = true };
	struct pipe *p = file->private;
	long done = 0, put = 0;

	while ((size_t)done < n && put >= 0) {
		int err = wait_until(&p->write_wait, &why, WAIT_KILLABLE, UINT64_MAX,
				     (put = try_put(p, buf + done, n - (size_t)done, false)) != -EAGAIN);

		put = put == -EAGAIN ? err : put;
		done += put > 0 ? put : 0;
	}
	return done ? done : put;
}

static long try_room(struct pipe *p)
{
	long room;

	spin_lock(&p->lock);
	room = p->readers ? (long)(pipe_size(p) - pipe_used(p)) : -EPIPE;
	spin_unlock(&p->lock);
	return room ? room : -EAGAIN;
}

long pipe_room(struct file *file, bool wait)
{
	static const struct wait_why why = { .what = "pipe room", .lasting = true };
	struct pipe *p = file->private;
	long room = try_room(p);
	int err;

	if (room != -EAGAIN || !wait)
		return room;
	err = wait_until(&p->write_wait, &why, WAIT_SIGNAL, UINT64_MAX, (room = try_room(p)) != -EAGAIN);
	return room == -EAGAIN ? err : room;
}

/* ---- size ---- */

/* The pages of what is in the ring, each to its place in a ring of another size. Lock held. */
static void pages_move(struct pipe *p, char **to, unsigned nr)
{
	char **slot;

	for (uint64_t at = p->tail; at < p->head; at += PAGE_SIZE - at % PAGE_SIZE) {
		stretch(p, at, 1, &slot);
		to[at / PAGE_SIZE % nr] = *slot;
		*slot = NULL;
	}
}

/* Lock held. What is in `pages` when this returns is to be freed. */
static int resize_locked(struct pipe *p, char ***pages, unsigned *nr)
{
	unsigned spans = (unsigned)((p->head + PAGE_SIZE - 1) / PAGE_SIZE - p->tail / PAGE_SIZE);
	char **old = p->pages;
	unsigned old_nr = p->nr_pages;

	if (spans > *nr)
		return -EBUSY;
	pages_move(p, *pages, *nr);
	p->pages = *pages;
	p->nr_pages = *nr;
	*pages = old;
	*nr = old_nr;
	return 0;
}

long pipe_resize(struct pipe *p, size_t size)
{
	unsigned nr = size <= PAGE_SIZE ? 1 : size > PIPE_SIZE_MAX ? 0 : 1u << log2_up((size + PAGE_SIZE - 1) / PAGE_SIZE);
	unsigned wanted = nr;
	char **pages = nr ? kzalloc(nr * sizeof(*pages)) : NULL;
	int err;

	if (!nr)
		return -EINVAL;
	if (!pages)
		return -ENOMEM;
	spin_lock(&p->lock);
	err = resize_locked(p, &pages, &nr);
	spin_unlock(&p->lock);
	for (unsigned i = 0; i < nr; i++)
		kfree(pages[i]);
	kfree(pages);
	if (!err)
		waitq_wake_all(&p->write_wait);
	return err ? err : (long)(wanted * PAGE_SIZE);
}

/* ---- birth and death ---- */

struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->nr_pages = PIPE_PAGES;
	p->pages = kzalloc(PIPE_PAGES * sizeof(*p->pages));
	if (!p->pages) {
		kfree(p);
		return NULL;
	}
	spin_init(&p->lock, LOCK_PIPE);
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	return p;
}

void pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < p->nr_pages; i++)
		kfree(p->pages[i]);
	kfree(p->pages);
	kfree(p);
}

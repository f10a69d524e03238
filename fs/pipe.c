/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes with two ends, in pages that come when they are written and go when they have been read.
 *
 * 1. Bytes move through a buffer of the mover's own, so that no lock is held over a copy from or to user memory. What a reader has taken
 *    out and cannot store (EFAULT) is lost; nothing else is.
 * 2. A write of at most PIPE_BUF bytes is in that buffer as a whole before the lock is taken, and goes into the ring in one go, or
 *    not at all: so it stays in one piece without a lock over the waiting. A longer one goes in as room comes.
 * 3. Whoever sleeps looks again itself: it is woken when something changed, not when there is something for it.
 */
#include "fs/poll.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PIPE_SIZE 65536u
#define PIPE_PAGES (PIPE_SIZE / PAGE_SIZE)
#define PIPE_BUF 4096u

/* (C) constant, (D) lock */
struct pipe {
	struct spinlock lock;
	uint64_t head, tail;	 /* bytes ever written, ever read		(D) */
	bool reader, writer;	 /* that end is open				(D) */
	char *pages[PIPE_PAGES]; /* of the ring; NULL: nothing there		(D) */
	struct waitq readers;
	struct waitq writers;
};

/* ---- the ring; lock held ---- */

static size_t used(const struct pipe *p)
{
	return p->head - p->tail;
}

/* Bytes from ring position `at` to the end of its page, at most n; *slot is that page's. */
static size_t stretch(struct pipe *p, uint64_t at, size_t n, char ***slot)
{
	size_t room = PAGE_SIZE - at % PAGE_SIZE;

	*slot = &p->pages[at / PAGE_SIZE % PIPE_PAGES];
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

/* Takes out at most n bytes. A page that has been read to its end is given back, unless the writer is in it again already. */
static size_t take(struct pipe *p, char *buf, size_t n)
{
	char **slot;
	size_t done = 0;

	if (n > used(p))
		n = used(p);
	for (size_t part; done < n; done += part) {
		part = stretch(p, p->tail, n - done, &slot);
		memcpy(buf + done, *slot + p->tail % PAGE_SIZE, part);
		p->tail += part;
		if (p->tail % PAGE_SIZE == 0 && used(p) <= PIPE_SIZE - PAGE_SIZE) {
			kfree(*slot);
			*slot = NULL;
		}
	}
	return done;
}

/* ---- one step of a transfer: bytes moved, or why none ---- */

static long try_take(struct pipe *p, char *buf, size_t n)
{
	long got;

	spin_lock(&p->lock);
	got = (long)take(p, buf, n);
	if (!got && p->writer)
		got = -EAGAIN;
	spin_unlock(&p->lock);
	if (got > 0)
		waitq_wake_all(&p->writers);
	return got;
}

/* whole: all of it or nothing. */
static long try_put(struct pipe *p, const char *buf, size_t n, bool whole)
{
	size_t room;
	long done;

	spin_lock(&p->lock);
	room = PIPE_SIZE - used(p);
	done = (long)(room < n ? whole ? 0 : room : n);
	if (!p->reader)
		done = -EPIPE;
	else if (!done)
		done = -EAGAIN;
	else if (!provide(p, (size_t)done))
		done = -ENOMEM;
	else
		put(p, buf, (size_t)done);
	spin_unlock(&p->lock);
	if (done > 0)
		waitq_wake_all(&p->readers);
	return done;
}

/* ---- read(2), write(2) ---- */

static bool may_wait(const struct file *file)
{
	return !(file_flags(file) & VFS_NONBLOCK);
}

/* At least a byte if there ever will be one. */
static long take_some(struct file *file, char *buf, size_t n)
{
	static const struct wait_why why = { .what = "pipe data" };
	struct pipe *p = file->private;
	long got = try_take(p, buf, n);
	int err;

	if (got != -EAGAIN || !may_wait(file))
		return got;
	err = wait_until(&p->readers, &why, WAIT_SIGNAL, UINT64_MAX, (got = try_take(p, buf, n)) != -EAGAIN);
	return got == -EAGAIN ? err : got; /* bytes that came together with the signal are not to be lost */
}

static long put_some(struct file *file, const char *buf, size_t n, bool whole)
{
	static const struct wait_why why = { .what = "pipe room" };
	struct pipe *p = file->private;
	long done = try_put(p, buf, n, whole);
	int err;

	if (done != -EAGAIN || !may_wait(file))
		return done;
	err = wait_until(&p->writers, &why, WAIT_SIGNAL, UINT64_MAX, (done = try_put(p, buf, n, whole)) != -EAGAIN);
	return done == -EAGAIN ? err : done;
}

static long read_through(struct file *file, char *buffer, uintptr_t buf, size_t n)
{
	size_t done = 0;
	long got = 1;

	/* waits for the first bytes only; then takes what there is */
	while (done < n && got > 0) {
		size_t part = n - done < PIPE_BUF ? n - done : PIPE_BUF;

		got = done ? try_take(file->private, buffer, part) : take_some(file, buffer, part);
		if (got > 0 && copy_to_user(buf + done, buffer, (size_t)got))
			got = -EFAULT;
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

static long pipe_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return move(file, buf, n, read_through);
}

static long pipe_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return move(file, buf, n, write_through);
}

/* ---- poll ---- */

/* One short look: head, tail and the ends change only under the lock. */
static unsigned pipe_ready(struct pipe *p, bool reading)
{
	unsigned ready;

	spin_lock(&p->lock);
	if (reading)
		ready = (used(p) ? POLL_READ : 0) | (p->writer ? 0 : POLLHUP);
	else
		ready = (PIPE_SIZE - used(p) >= PIPE_BUF ? POLL_WRITE : 0) | (p->reader ? 0 : POLLERR);
	spin_unlock(&p->lock);
	return ready;
}

static unsigned reader_poll(struct file *file, struct poller *poller)
{
	struct pipe *p = file->private;

	poll_watch(poller, &p->readers);
	return pipe_ready(p, true);
}

static unsigned writer_poll(struct file *file, struct poller *poller)
{
	struct pipe *p = file->private;

	poll_watch(poller, &p->writers);
	return pipe_ready(p, false);
}

/* ---- ends ---- */

static void pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < PIPE_PAGES; i++)
		kfree(p->pages[i]);
	kfree(p);
}

/* Everything happens under the lock: once it is let go, the other end may close too and free the pipe. */
static void close_end(struct pipe *p, bool *end)
{
	bool last;

	spin_lock(&p->lock);
	*end = false;
	last = !p->reader && !p->writer;
	waitq_wake_all(&p->readers);
	waitq_wake_all(&p->writers);
	spin_unlock(&p->lock);
	if (last)
		pipe_free(p);
}

static void reader_release(struct file *file)
{
	struct pipe *p = file->private;

	close_end(p, &p->reader);
}

static void writer_release(struct file *file)
{
	struct pipe *p = file->private;

	close_end(p, &p->writer);
}

static const struct file_ops reader_ops = { .read = pipe_read, .poll = reader_poll, .release = reader_release, .stream = true };
static const struct file_ops writer_ops = { .write = pipe_write, .poll = writer_poll, .release = writer_release, .stream = true };

static struct super pipe_super = { .type = "pipefs", .dev = 6 };
static const struct inode_ops pipe_inode_ops = { 0 };

static struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	spin_init(&p->lock, LOCK_PIPE);
	waitq_init(&p->readers);
	waitq_init(&p->writers);
	return p;
}

static int open_ends(struct inode *inode, struct pipe *p, unsigned flags, struct file **reader, struct file **writer)
{
	int err = vfs_open_inode(inode, VFS_READ | flags, reader);

	if (err)
		return err;
	err = vfs_open_inode(inode, VFS_WRITE | flags, writer);
	if (err) {
		file_put(*reader); /* it has no ops yet, so the pipe stays ours */
		return err;
	}
	p->reader = p->writer = true;
	(*reader)->private = (*writer)->private = p;
	(*reader)->ops = &reader_ops;
	(*writer)->ops = &writer_ops;
	return 0;
}

int pipe_create(unsigned flags, struct file **reader, struct file **writer)
{
	static _Atomic uint64_t next_ino = 1;
	struct pipe *p = pipe_new();
	struct inode *inode;
	int err = -ENOMEM;

	inode = p ? inode_new(&pipe_super, atomic_fetch_add_explicit(&next_ino, 1, memory_order_relaxed), S_IFIFO | 0600) : NULL;
	if (inode) {
		inode->ops = &pipe_inode_ops;
		err = open_ends(inode, p, flags, reader, writer);
		inode_put(inode);
	}
	if (err)
		kfree(p); /* empty: it has no pages */
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes with two ends. Writes of at most PIPE_BUF bytes go in whole. Bytes are moved through a buffer on the stack, so that
 * no lock is held over a copy to or from user memory.
 */
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "kernel/wait.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PIPE_SIZE 65536
#define PIPE_BUF 4096
#define CHUNK 1024

/* (D) lock */
struct pipe {
	struct spinlock lock;
	unsigned head, tail;	/* written, read; free-running	(D) */
	bool reader, writer;	/* that end is open		(D) */
	struct mutex writing;	/* one write(2) at a time, so that small ones stay whole */
	struct waitq changed;
	char *ring;		/* PIPE_SIZE			(D) */
};

static size_t used(const struct pipe *p)
{
	return p->head - p->tail;
}

/* ---- moving bytes; lock held inside ---- */

static size_t take(struct pipe *p, char *buf, size_t n)
{
	size_t got = 0;

	spin_lock(&p->lock);
	while (got < n && used(p))
		buf[got++] = p->ring[p->tail++ % PIPE_SIZE];
	spin_unlock(&p->lock);
	return got;
}

static void put(struct pipe *p, const char *buf, size_t n)
{
	spin_lock(&p->lock);
	for (size_t i = 0; i < n; i++)
		p->ring[p->head++ % PIPE_SIZE] = buf[i];
	spin_unlock(&p->lock);
}

static bool can_read(struct pipe *p)
{
	bool yes;

	spin_lock(&p->lock);
	yes = used(p) || !p->writer;
	spin_unlock(&p->lock);
	return yes;
}

static bool can_write(struct pipe *p, size_t room)
{
	bool yes;

	spin_lock(&p->lock);
	yes = PIPE_SIZE - used(p) >= room || !p->reader;
	spin_unlock(&p->lock);
	return yes;
}

/* ---- read ---- */

static long pipe_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	static const struct wait_why why = { .what = "pipe data" };
	struct pipe *p = file->private;
	char chunk[CHUNK];
	size_t done = 0, got;

	if (!n)
		return 0;
	if ((file_flags(file) & VFS_NONBLOCK) && !can_read(p))
		return -EAGAIN;
	if (wait_until(&p->changed, &why, WAIT_SIGNAL, UINT64_MAX, can_read(p)))
		return -EINTR;
	while (done < n && (got = take(p, chunk, n - done < CHUNK ? n - done : CHUNK))) {
		if (copy_to_user(buf + done, chunk, got))
			return done ? (long)done : -EFAULT;
		done += got;
	}
	waitq_wake_all(&p->changed);
	return (long)done;
}

/* ---- write ---- */

/* Waits for room. 0, -EPIPE, -EAGAIN, -EINTR. */
static int wait_room(struct file *file, struct pipe *p, size_t room)
{
	static const struct wait_why why = { .what = "pipe room" };

	if ((file_flags(file) & VFS_NONBLOCK) && !can_write(p, room))
		return -EAGAIN;
	if (wait_until(&p->changed, &why, WAIT_SIGNAL, UINT64_MAX, can_write(p, room)))
		return -EINTR;
	return p->reader ? 0 : -EPIPE;
}

static long write_locked(struct file *file, struct pipe *p, uintptr_t buf, size_t n)
{
	size_t whole = n <= PIPE_BUF ? n : 1, done = 0;
	char chunk[CHUNK];
	int err = 0;

	while (done < n) {
		size_t part = n - done < CHUNK ? n - done : CHUNK;

		/* the first wait makes room for all of a small write, so the later ones find it */
		err = wait_room(file, p, done || whole < part ? part : whole);
		if (err)
			break;
		if (copy_from_user(chunk, buf + done, part)) {
			err = -EFAULT;
			break;
		}
		put(p, chunk, part);
		waitq_wake_all(&p->changed);
		done += part;
	}
	return done ? (long)done : err;
}

static long pipe_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct pipe *p = file->private;
	long done;

	if (mutex_lock_killable(&p->writing))
		return -EINTR;
	done = write_locked(file, p, buf, n);
	mutex_unlock(&p->writing);
	return done;
}

/* ---- ends ---- */

static void close_end(struct pipe *p, bool *end)
{
	bool last;

	spin_lock(&p->lock);
	*end = false;
	last = !p->reader && !p->writer;
	spin_unlock(&p->lock);
	if (!last) {
		waitq_wake_all(&p->changed);
		return;
	}
	kfree(p->ring);
	kfree(p);
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

static const struct file_ops reader_ops = { .read = pipe_read, .release = reader_release, .stream = true };
static const struct file_ops writer_ops = { .write = pipe_write, .release = writer_release, .stream = true };

static struct super pipe_super = { .type = "pipefs", .dev = 6 };
static const struct inode_ops pipe_inode_ops = { 0 };

static struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->ring = kmalloc(PIPE_SIZE);
	if (!p->ring) {
		kfree(p);
		return NULL;
	}
	spin_init(&p->lock, LOCK_PIPE);
	mutex_init(&p->writing, LOCK_PIPE_WRITE);
	waitq_init(&p->changed);
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
	if (err && p) {
		kfree(p->ring);
		kfree(p);
	}
	return err;
}

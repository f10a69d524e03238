/* SPDX-License-Identifier: MIT */
/*
 * The ends of pipes: a name in a directory (FIFO) or two descriptors without one. Either way the pipe hangs on an inode while a file has it open.
 *
 * inode->pipe, and who has it open, change under the inode's lock; the counts of ends under the pipe's lock too, so that readers and writers see
 * them there. The last file to be released frees the pipe, and with it what was not read. Whoever waits for the other end holds a file.
 */
#include "fs/pipe.h"

#include "kernel/mutex.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define FIONREAD 0x541b

static bool reads(const struct file *file)
{
	return file_flags(file) & VFS_READ;
}

static bool writes(const struct file *file)
{
	return file_flags(file) & VFS_WRITE;
}

/* ---- poll, ioctl ---- */

/* A FIFO that no writer has opened since this file was is not at its end: file->pos, which a stream does not need, holds how often one had. */
static unsigned pipe_ready(struct pipe *p, const struct file *file)
{
	unsigned ready = 0;

	spin_lock(&p->lock);
	if (reads(file))
		ready |= (pipe_used(p) ? POLL_READ : 0) | (!p->writers && p->writer_opens != file->pos ? POLLHUP : 0);
	if (writes(file))
		ready |= (pipe_size(p) - pipe_used(p) >= PIPE_BUF ? POLL_WRITE : 0) | (p->readers ? 0 : POLLERR);
	spin_unlock(&p->lock);
	return ready;
}

static unsigned pipe_poll(struct file *file, struct poller *poller)
{
	struct pipe *p = file->private;

	if (reads(file))
		poll_watch(poller, &p->read_wait);
	if (writes(file))
		poll_watch(poller, &p->write_wait);
	return pipe_ready(p, file);
}

static int pipe_ioctl(struct file *file, unsigned command, uintptr_t arg)
{
	struct pipe *p = file->private;
	int32_t n;

	if (command != FIONREAD)
		return -ENOTTY;
	spin_lock(&p->lock);
	n = (int32_t)pipe_used(p);
	spin_unlock(&p->lock);
	return copy_to_user(arg, &n, sizeof(n));
}

/* ---- closing ---- */

static void ends_add(struct pipe *p, const struct file *file, int by)
{
	spin_lock(&p->lock);
	p->readers += reads(file) ? (unsigned)by : 0;
	p->writers += writes(file) ? (unsigned)by : 0;
	p->reader_opens += reads(file) && by > 0;
	p->writer_opens += writes(file) && by > 0;
	spin_unlock(&p->lock);
	waitq_wake_all(&p->read_wait);
	waitq_wake_all(&p->write_wait);
}

/* Everything under the inode's lock: once it is let go, another file may close too and free the pipe. */
static void pipe_release(struct file *file)
{
	struct inode *inode = file->inode;
	struct pipe *p = file->private;

	mutex_lock(&inode->lock);
	ends_add(p, file, -1);
	if (!p->readers && !p->writers) {
		inode->pipe = NULL;
		pipe_free(p);
	}
	mutex_unlock(&inode->lock);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.write_whole = pipe_write_whole,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
	.release = pipe_release,
	.stream = true,
};

bool file_is_pipe(const struct file *file)
{
	return file->ops == &pipe_ops;
}

long file_pipe_size(struct file *file, size_t size)
{
	struct pipe *p = file->private;
	long is;

	if (file->ops != &pipe_ops)
		return -EBADF;
	if (size)
		return pipe_resize(p, size);
	spin_lock(&p->lock);
	is = (long)pipe_size(p);
	spin_unlock(&p->lock);
	return is;
}

/* ---- opening ---- */

/* The inode's pipe, with this file's ends open. Inode locked. 0, -ENXIO: a writer that will not wait, and nobody reads; -ENOMEM. */
static int attach(struct inode *inode, struct file *file)
{
	bool waits = !(file_flags(file) & VFS_NONBLOCK);

	if (!reads(file) && !waits && !(inode->pipe && inode->pipe->readers))
		return -ENXIO;
	if (!inode->pipe)
		inode->pipe = pipe_new();
	if (!inode->pipe)
		return -ENOMEM;
	file->private = inode->pipe;
	file->ops = &pipe_ops;
	ends_add(inode->pipe, file, 1);
	return 0;
}

static bool has_come(struct pipe *p, const struct file *file, uint64_t before)
{
	bool come;

	spin_lock(&p->lock);
	come = (reads(file) ? p->writer_opens : p->reader_opens) != before;
	spin_unlock(&p->lock);
	return come;
}

/* One that opens and closes again while we sleep has come too; so has one that was there when we attached, even if it has gone since. */
static int wait_for_other(struct pipe *p, struct file *file, uint64_t before)
{
	static const struct wait_why why = { .what = "the other end of a FIFO", .lasting = true };

	return wait_until(reads(file) ? &p->read_wait : &p->write_wait, &why, WAIT_SIGNAL, UINT64_MAX, has_come(p, file, before));
}

int fifo_open(struct inode *inode, struct file *file)
{
	bool waits = !(file_flags(file) & VFS_NONBLOCK) && reads(file) != writes(file);
	uint64_t before = 0;
	struct pipe *p;
	int err;

	mutex_lock(&inode->lock);
	err = attach(inode, file);
	if (!err) {
		p = inode->pipe;
		before = reads(file) ? p->writer_opens : p->reader_opens;
		file->pos = p->writers ? before - 1 : before;
		waits = waits && !(reads(file) ? p->writers : p->readers);
	}
	mutex_unlock(&inode->lock);
	if (err || !waits)
		return err;
	err = wait_for_other(file->private, file, before);
	if (err)
		pipe_release(file);
	return err;
}

/* ---- pipes without a name ---- */

static struct super pipe_super = { .type = "pipefs", .dev = 6 };
static const struct inode_ops pipe_inode_ops = { 0 };

/* The reader is opened first, and would wait for the writer. */
static int open_ends(struct inode *inode, unsigned flags, struct file **reader, struct file **writer)
{
	int err = vfs_open_inode(inode, VFS_READ | VFS_NONBLOCK, reader);

	if (err)
		return err;
	atomic_store_explicit(&(*reader)->flags, VFS_READ | flags, memory_order_relaxed);
	err = vfs_open_inode(inode, VFS_WRITE | flags, writer);
	if (err)
		file_put(*reader);
	return err;
}

int pipe_create(unsigned flags, struct file **reader, struct file **writer)
{
	static _Atomic uint64_t next_ino = 1;
	struct inode *inode = inode_new(&pipe_super, atomic_fetch_add_explicit(&next_ino, 1, memory_order_relaxed), S_IFIFO | 0600);
	int err;

	if (!inode)
		return -ENOMEM;
	inode->ops = &pipe_inode_ops;
	err = open_ends(inode, flags, reader, writer);
	inode_put(inode);
	return err;
}

/* SPDX-License-Identifier: MIT */
/* eventfd: a counter to add to and to wait for. */
#include "fs/event.h"

#include "kernel/restart.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define COUNT_MAX (UINT64_MAX - 1)

/* (D) lock, (C) constant */
struct eventfd {
	struct spinlock lock;
	uint64_t count;	   /* (D) */
	bool semaphore;	   /* a read takes one, not all	(C) */
	struct waitq wait; /* for any change */
};

/* ---- one step, or -EAGAIN ---- */

static int try_take(struct eventfd *e, uint64_t *value)
{
	int err = 0;

	spin_lock(&e->lock);
	*value = e->semaphore && e->count ? 1 : e->count;
	e->count -= *value;
	if (!*value)
		err = -EAGAIN;
	spin_unlock(&e->lock);
	if (!err)
		waitq_wake_all(&e->wait);
	return err;
}

static int try_add(struct eventfd *e, uint64_t value)
{
	int err = 0;

	spin_lock(&e->lock);
	if (value > COUNT_MAX - e->count)
		err = -EAGAIN;
	else
		e->count += value;
	spin_unlock(&e->lock);
	if (!err)
		waitq_wake_all(&e->wait);
	return err;
}

/* ---- the file ---- */

static long eventfd_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	static const struct wait_why why = { .what = "event", .lasting = true };
	struct eventfd *e = file->private;
	uint64_t value;
	int err;

	if (n < sizeof(value))
		return -EINVAL;
	err = try_take(e, &value);
	if (err && !(file_flags(file) & VFS_NONBLOCK))
		err = wait_until(&e->wait, &why, WAIT_SIGNAL, UINT64_MAX, !try_take(e, &value));
	if (err)
		return err;
	return copy_to_user(buf, &value, sizeof(value)) ? -EFAULT : (long)sizeof(value);
}

static long eventfd_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	static const struct wait_why why = { .what = "room in an event counter", .lasting = true };
	struct eventfd *e = file->private;
	uint64_t value;
	int err;

	if (n < sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof(value)))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	err = try_add(e, value);
	if (err && !(file_flags(file) & VFS_NONBLOCK))
		err = wait_until(&e->wait, &why, WAIT_SIGNAL, UINT64_MAX, !try_add(e, value));
	return err ? err : (long)sizeof(value);
}

static unsigned eventfd_poll(struct file *file, struct poller *poller)
{
	struct eventfd *e = file->private;
	unsigned ready;

	poll_watch(poller, &e->wait);
	spin_lock(&e->lock);
	ready = (e->count ? POLLIN : 0) | (e->count < COUNT_MAX ? POLLOUT : 0);
	spin_unlock(&e->lock);
	return ready;
}

static void eventfd_release(struct file *file)
{
	kfree(file->private);
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.stream = true,
	.seek_ignored = true,
};

int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out)
{
	struct eventfd *e = kzalloc(sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, LOCK_PIPE);
	waitq_init(&e->wait);
	e->count = count;
	e->semaphore = semaphore;
	err = anon_open(&eventfd_ops, e, flags, out);
	if (err)
		kfree(e);
	return err;
}

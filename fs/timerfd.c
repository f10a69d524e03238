/* SPDX-License-Identifier: MIT */
/*
 * timerfd: how often a timer has gone off, to read and to wait for. Nothing counts: what a read finds is computed from the clock, and the machine's
 * timer only wakes sleepers once and is set again by the read. So a timer of one nanosecond costs no more than its reader.
 */
#include "fs/event.h"

#include "kernel/restart.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

/* (D) lock, (C) constant */
struct timerfd {
	struct spinlock lock;
	struct timer_setting at; /* first: the next time, read or not; 0: none	(D) */
	struct timer timer;	 /* set, or due, while at.first			(D) */
	bool realtime;		 /* (C) */
	struct waitq wait;	 /* woken by the timer, and by a new setting */
};

static void went_off(struct timer *timer)
{
	struct timerfd *t = timer->arg;

	waitq_wake_all(&t->wait);
}

/* Lock held. How often it has gone off since the last read. */
static uint64_t ticks(const struct timerfd *t)
{
	uint64_t now = clock_ns();

	if (!t->at.first || now < t->at.first)
		return 0;
	return t->at.interval ? 1 + (now - t->at.first) / t->at.interval : 1;
}

static int try_take(struct timerfd *t, uint64_t *n)
{
	spin_lock(&t->lock);
	*n = ticks(t);
	if (*n) {
		t->at.first = t->at.interval ? t->at.first + *n * t->at.interval : 0;
		if (t->at.first)
			timer_set(&t->timer, t->at.first);
	}
	spin_unlock(&t->lock);
	return *n ? 0 : -EAGAIN;
}

/* ---- setting ---- */

/* Lock held. */
static struct timer_setting left(const struct timerfd *t)
{
	uint64_t now = clock_ns(), next = t->at.first;

	if (next && now >= next)
		next = t->at.interval ? next + ticks(t) * t->at.interval : 0;
	return (struct timer_setting){ next ? next - now : 0, t->at.interval };
}

void timerfd_set(struct file *file, const struct timer_setting *to, struct timer_setting *old)
{
	struct timerfd *t = file->private;

	timer_cancel(&t->timer);
	spin_lock(&t->lock);
	if (old)
		*old = left(t);
	t->at = *to;
	if (to->first)
		timer_set(&t->timer, to->first);
	spin_unlock(&t->lock);
	waitq_wake_all(&t->wait);
}

void timerfd_get(struct file *file, struct timer_setting *out)
{
	struct timerfd *t = file->private;

	spin_lock(&t->lock);
	*out = left(t);
	spin_unlock(&t->lock);
}

/* ---- the file ---- */

static long timerfd_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	static const struct wait_why why = { .what = "timer", .lasting = true };
	struct timerfd *t = file->private;
	uint64_t count;
	int err;

	if (n < sizeof(count))
		return -EINVAL;
	err = try_take(t, &count);
	if (err && !(file_flags(file) & VFS_NONBLOCK))
		err = wait_until(&t->wait, &why, WAIT_SIGNAL, UINT64_MAX, !try_take(t, &count));
	if (err)
		return err;
	return copy_to_user(buf, &count, sizeof(count)) ? -EFAULT : (long)sizeof(count);
}

static unsigned timerfd_poll(struct file *file, struct poller *poller)
{
	struct timerfd *t = file->private;
	bool ready;

	poll_watch(poller, &t->wait);
	spin_lock(&t->lock);
	ready = ticks(t);
	spin_unlock(&t->lock);
	return ready ? POLLIN : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *t = file->private;

	timer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.stream = true,
	.seek_ignored = true,
};

int timerfd_kind(struct file *file, bool *realtime)
{
	struct timerfd *t = file->private;

	if (file->ops != &timerfd_ops)
		return -EINVAL;
	*realtime = t->realtime;
	return 0;
}

int timerfd_create(bool realtime, unsigned flags, struct file **out)
{
	struct timerfd *t = kzalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, LOCK_PIPE);
	waitq_init(&t->wait);
	timer_init(&t->timer, went_off, t);
	t->realtime = realtime;
	err = anon_open(&timerfd_ops, t, flags, out);
	if (err)
		kfree(t);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Readiness: one interface for poll, select and epoll.
 *
 * A file answers with file_ops.poll. It names to the poller, by poll_watch, each wait queue that is woken after a change of its answer, and only
 * then looks: so a change is in the answer, or it wakes the poller. A waker changes the state first, as kernel/wait.h asks of it anyway; and
 * such a queue is woken by waitq_wake_all. The queues live as long as the open file.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/vfs.h"
#include "kernel/wait.h"

/* Linux's bits, of poll and epoll alike. */
enum poll_events {
	POLLIN = 1,
	POLLPRI = 2,
	POLLOUT = 4,
	POLLERR = 8,   /* told whether or not asked for, as are */
	POLLHUP = 16,  /* this */
	POLLNVAL = 32, /* and this: no such descriptor */
	POLLRDNORM = 0x40,
	POLLRDBAND = 0x80,
	POLLWRNORM = 0x100,
	POLLWRBAND = 0x200,
	POLLRDHUP = 0x2000,
};

#define POLL_ALWAYS (POLLERR | POLLHUP | POLLNVAL)
#define POLL_READ (POLLIN | POLLRDNORM)
#define POLL_WRITE (POLLOUT | POLLWRNORM)

/* Whoever wants to be woken. */
struct poller {
	void (*watch)(struct poller *poller, struct waitq *q);
};

/* Of file_ops.poll; poller NULL: only looks. No lock held that comes after a wait queue's. */
static inline void poll_watch(struct poller *poller, struct waitq *q)
{
	if (poller)
		poller->watch(poller, q);
}

/* What is ready now. A file that has no poll is always ready. Sleeps no longer than for a lock. */
static inline unsigned file_poll(struct file *file, struct poller *poller)
{
	return file->ops->poll ? file->ops->poll(file, poller) : POLL_READ | POLL_WRITE;
}

#endif

/* SPDX-License-Identifier: MIT */
/* Files that are there to be waited for: event counters, timers, and epoll, which waits for others. */
#ifndef FS_EVENT_H
#define FS_EVENT_H

#include "fs/poll.h"

/* A file with these operations. The caller keeps `private` on an error. flags: VFS_NONBLOCK or 0. 0 or -ENOMEM. */
int anon_open(const struct file_ops *ops, void *private, unsigned flags, struct file **out);

/* ---- fs/eventfd.c ---- */

int eventfd_create(uint64_t count, bool semaphore, unsigned flags, struct file **out);

/* ---- fs/timerfd.c: all times on the clock since power-on, in ns ---- */

struct timer_setting {
	uint64_t first;	   /* when it goes off; 0: never */
	uint64_t interval; /* and then every so often; 0: once */
};

int timerfd_create(bool realtime, unsigned flags, struct file **out);

/* -EINVAL: not a timer. *realtime: its moments are the calendar's. */
int timerfd_kind(struct file *file, bool *realtime);

/* Of a timer. *old, unless NULL: how long until it would have gone off (0: it will not), and its interval. */
void timerfd_set(struct file *file, const struct timer_setting *to, struct timer_setting *old);
void timerfd_get(struct file *file, struct timer_setting *left);

/* ---- fs/epoll.c ---- */

enum { EPOLL_EXCLUSIVE = 1 << 28, EPOLL_WAKEUP = 1 << 29, EPOLL_ONESHOT = 1 << 30 };
#define EPOLL_EDGE (1u << 31)

struct epoll_event {
	uint32_t events; /* enum poll_events, EPOLL_* */
	uint64_t data;
};

enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL, EPOLL_CTL_MOD };

int epoll_create(struct file **out);

/* -EINVAL, -EPERM (cannot be waited for), -EEXIST, -ENOENT, -ELOOP, -ENOMEM. */
int epoll_control(struct file *epoll, int op, struct file *file, int fd, const struct epoll_event *e);

/* At most n events, those that are there. -EINVAL: not an epoll. */
int epoll_collect(struct file *epoll, struct epoll_event *events, int n);

/* Sleeps until there may be some: 0, -ETIMEDOUT, a signal. */
int epoll_sleep(struct file *epoll, uint64_t deadline);

/* The last reference of a watched file is gone. */
void epoll_forget(struct file *file);

#endif

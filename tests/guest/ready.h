/* SPDX-License-Identifier: MIT */
/* Is a descriptor ready? By ppoll(2) and by epoll(2), for tests of files that can be waited for. */
#ifndef READY_H
#define READY_H

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { IN = 1, OUT = 4, ERR = 8, HUP = 16, RDNORM = 0x40, WRNORM = 0x100, RDHUP = 0x2000 };

struct ready_event {
	uint32_t events;
	uint64_t data;
#ifdef __x86_64__
} __attribute__((packed));
#else
};
#endif

static inline int gives(long result, int error)
{
	return result == -1 && errno == error;
}

/* Which of these it is ready for, and what is told unasked; wait: when it is. */
static inline int ready(int fd, int events, int wait)
{
	struct {
		int fd;
		short events, revents;
	} p = { fd, (short)events, 0 };
	struct timespec now = { 0, 0 };

	return syscall(SYS_ppoll, &p, 1l, wait ? NULL : &now, 0l, 8l) == 1 ? p.revents : 0;
}

static inline int epoll_of(int fd, uint32_t events)
{
	struct ready_event e = { events, (uint64_t)fd };
	int ep = (int)syscall(SYS_epoll_create1, 0l);

	return syscall(SYS_epoll_ctl, (long)ep, 1l, (long)fd, &e) ? -1 : ep;
}

static inline int epoll_ready(int ep, int wait)
{
	struct ready_event e = { 0, 0 };

	return syscall(SYS_epoll_pwait, (long)ep, &e, 1l, wait ? -1l : 0l, 0l, 8l) == 1 ? (int)e.events : 0;
}

#endif

/* SPDX-License-Identifier: MIT */
/* System calls about files that are there to be waited for: eventfd, timerfd, epoll. */
#include "init/syscalls.h"

#include "fs/event.h"
#include "init/clock.h"
#include "init/files.h"
#include "init/signal.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

static unsigned vfs_nonblock(unsigned flags)
{
	return flags & ABI_O_NONBLOCK ? VFS_NONBLOCK : 0;
}

/* ---- eventfd ---- */

enum { EFD_SEMAPHORE = 1 };

long sys_eventfd2(unsigned count, unsigned flags)
{
	struct file *file;
	int err;

	if (flags & ~(unsigned)(EFD_SEMAPHORE | ABI_O_CLOEXEC | ABI_O_NONBLOCK))
		return -EINVAL;
	err = eventfd_create(count, flags & EFD_SEMAPHORE, vfs_nonblock(flags), &file);
	return fd_for(err, file, flags & ABI_O_CLOEXEC);
}

long sys_eventfd(unsigned count)
{
	return sys_eventfd2(count, 0);
}

/* ---- timerfd ---- */

enum { TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2 };

struct itimerspec {
	struct timespec interval, value;
};

long sys_timerfd_create(int clock, unsigned flags)
{
	struct file *file;
	int err;

	if (flags & ~(unsigned)(ABI_O_CLOEXEC | ABI_O_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	err = timerfd_create(clock == CLOCK_REALTIME, vfs_nonblock(flags), &file);
	return fd_for(err, file, flags & ABI_O_CLOEXEC);
}

static struct itimerspec to_itimerspec(const struct timer_setting *left)
{
	return (struct itimerspec){ to_timespec(left->interval), to_timespec(left->first) };
}

static int setting_read(uintptr_t from, unsigned flags, bool realtime, struct timer_setting *to)
{
	struct itimerspec its;

	if (copy_from_user(&its, from, sizeof(its)))
		return -EFAULT;
	if (from_timespec(&its.value, &to->first) || from_timespec(&its.interval, &to->interval))
		return -EINVAL;
	if (!to->first)
		return 0;
	to->first = flags & TFD_TIMER_ABSTIME ? deadline_at(to->first, realtime) : deadline_after(to->first);
	if (!to->first)
		to->first = 1; /* long ago */
	return 0;
}

long sys_timerfd_settime(int fd, unsigned flags, uintptr_t from, uintptr_t old)
{
	struct timer_setting to, was;
	struct itimerspec its;
	struct file *file;
	bool realtime;
	int err;

	if (flags & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	file = fd_get_open(fd);
	if (!file)
		return -EBADF;
	err = timerfd_kind(file, &realtime);
	if (!err)
		err = setting_read(from, flags, realtime, &to);
	if (!err)
		timerfd_set(file, &to, &was);
	file_put(file);
	if (err || !old)
		return err;
	its = to_itimerspec(&was);
	return copy_to_user(old, &its, sizeof(its));
}

long sys_timerfd_gettime(int fd, uintptr_t out)
{
	struct file *file = fd_get_open(fd);
	struct timer_setting left = { 0 };
	struct itimerspec its;
	bool realtime;
	int err;

	if (!file)
		return -EBADF;
	err = timerfd_kind(file, &realtime);
	if (!err)
		timerfd_get(file, &left);
	file_put(file);
	its = to_itimerspec(&left);
	return err ? err : copy_to_user(out, &its, sizeof(its));
}

/* ---- epoll ---- */

#define FEW 16 /* events on the stack */
#define MANY 2048 /* in one call */
#define EPOLL_EVENTS_MAX (INT32_MAX / (int)sizeof(struct abi_epoll_event))

long sys_epoll_create1(unsigned flags)
{
	struct file *file;
	int err;

	if (flags & ~(unsigned)ABI_O_CLOEXEC)
		return -EINVAL;
	err = epoll_create(&file);
	return fd_for(err, file, flags & ABI_O_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, uintptr_t from)
{
	struct abi_epoll_event user = { 0 };
	struct epoll_event e;
	struct file *epoll, *file;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&user, from, sizeof(user)))
		return -EFAULT;
	e = (struct epoll_event){ user.events, user.data };
	epoll = fd_get_open(epfd);
	file = fd_get_open(fd);
	if (epoll && file)
		err = epoll_control(epoll, op, file, fd, &e);
	if (epoll)
		file_put(epoll);
	if (file)
		file_put(file);
	return err;
}

/* Events that cannot be stored are gone, as far as they were edges. */
static int events_write(uintptr_t out, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct abi_epoll_event e = { .events = events[i].events, .data = events[i].data };

		if (copy_to_user(out + (unsigned)i * sizeof(e), &e, sizeof(e)))
			return -EFAULT;
	}
	return n;
}

/* What is there, at most n. All in one go: what is ready by level would be found again by a second look. */
static long collect(struct file *epoll, uintptr_t out, int n)
{
	struct epoll_event small[FEW], *events = small;
	int got;

	if (n > MANY)
		n = MANY;
	if (n > FEW)
		events = kmalloc((size_t)n * sizeof(*events));
	if (!events)
		return -ENOMEM;
	got = epoll_collect(epoll, events, n);
	if (got > 0)
		got = events_write(out, events, got);
	if (events != small)
		kfree(events);
	return got;
}

static long wait_events(struct file *epoll, uintptr_t out, int n, uint64_t deadline)
{
	long ret = collect(epoll, out, n);
	int err = 0;

	while (!ret && !err && deadline) {
		err = epoll_sleep(epoll, deadline);
		ret = collect(epoll, out, n);
	}
	return ret || err == -ETIMEDOUT ? ret : err ? -EINTR : 0;
}

static long epoll_wait_fd(int epfd, uintptr_t out, int n, uint64_t deadline)
{
	struct file *epoll;
	long ret;

	if (n <= 0 || n > EPOLL_EVENTS_MAX)
		return -EINVAL;
	if (!user_range_ok(out, (size_t)n * sizeof(struct abi_epoll_event)))
		return -EFAULT;
	epoll = fd_get_open(epfd);
	if (!epoll)
		return -EBADF;
	ret = wait_events(epoll, out, n, deadline);
	file_put(epoll);
	return ret;
}

static uint64_t deadline_of_ms(int ms)
{
	return ms < 0 ? TIME_NEVER : ms ? deadline_after((uint64_t)ms * NSEC_PER_MSEC) : 0;
}

long sys_epoll_wait(int epfd, uintptr_t out, int n, int timeout_ms)
{
	return epoll_wait_fd(epfd, out, n, deadline_of_ms(timeout_ms));
}

static long epoll_wait_masked(int epfd, uintptr_t out, int n, uint64_t deadline, uintptr_t mask)
{
	uint64_t bits;

	if (!mask)
		return epoll_wait_fd(epfd, out, n, deadline);
	if (copy_from_user(&bits, mask, sizeof(bits)))
		return -EFAULT;
	signal_mask_begin(bits);
	return signal_mask_end(epoll_wait_fd(epfd, out, n, deadline));
}

long sys_epoll_pwait(int epfd, uintptr_t out, int n, int timeout_ms, uintptr_t mask, size_t mask_size)
{
	if (mask && mask_size != sizeof(uint64_t))
		return -EINVAL;
	return epoll_wait_masked(epfd, out, n, deadline_of_ms(timeout_ms), mask);
}

long sys_epoll_pwait2(int epfd, uintptr_t out, int n, uintptr_t timeout, uintptr_t mask, size_t mask_size)
{
	uint64_t deadline = TIME_NEVER, ns;
	int err = timeout ? timespec_from_user(timeout, &ns) : 0;

	if (err)
		return err;
	if (mask && mask_size != sizeof(uint64_t))
		return -EINVAL;
	if (timeout)
		deadline = ns ? deadline_after(ns) : 0;
	return epoll_wait_masked(epfd, out, n, deadline, mask);
}

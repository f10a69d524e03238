/* SPDX-License-Identifier: MIT */
/*
 * poll, ppoll, select, pselect6: one set of watched files, looked at until one is ready, time is over, or a signal comes.
 *
 * The first look registers with every wait queue that may tell of a change (fs/poll.h) before it looks at the file; those after a wake only
 * look. A change after the look leaves a park token, so the sleep does not begin. Files are referenced while they are watched: a
 * descriptor closed meanwhile changes nothing, as on Linux.
 */
#include "init/syscalls.h"

#include "fs/poll.h"
#include "init/clock.h"
#include "init/files.h"
#include "init/limit.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/signal.h"
#include "kernel/restart.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

#define QUEUES 2 /* that one file may name */

/* The sleeper's own. */
struct watched {
	struct file *file; /* referenced; NULL: nothing to watch */
	unsigned events, ready; /* enum poll_events */
	unsigned queues;
	struct waitq *queue[QUEUES];
	struct waiter waiter[QUEUES];
};

struct watch_set {
	struct poller poller;
	struct watched *now; /* which one is being asked */
	unsigned n;
	struct watched at[];
};

/* ---- the set ---- */

static void watch(struct poller *poller, struct waitq *q)
{
	struct watched *w = container_of(poller, struct watch_set, poller)->now;

	assert(w->queues < QUEUES);
	w->queue[w->queues] = q;
	waitq_add(q, &w->waiter[w->queues++]);
}

/* Of at most n files. NULL: no memory. */
static struct watch_set *set_new(unsigned n)
{
	struct watch_set *set = kzalloc(sizeof(*set) + n * sizeof(set->at[0]));

	if (set)
		set->poller.watch = watch;
	return set;
}

static void set_free(struct watch_set *set)
{
	for (unsigned i = 0; i < set->n; i++) {
		struct watched *w = &set->at[i];

		for (unsigned k = 0; k < w->queues; k++)
			waitq_remove(w->queue[k], &w->waiter[k]);
		if (w->file)
			file_put(w->file);
	}
	kfree(set);
}

static void set_add(struct watch_set *set, struct file *file, unsigned events)
{
	set->at[set->n++] = (struct watched){ .file = file, .events = events };
}

/* How many are ready. Registers too, until one is found. */
static int set_look(struct watch_set *set, bool registers)
{
	int ready = 0;

	for (unsigned i = 0; i < set->n; i++) {
		struct watched *w = set->now = &set->at[i];

		if (w->file)
			w->ready = file_poll(w->file, registers && !ready ? &set->poller : NULL) & (w->events | POLL_ALWAYS);
		ready += w->ready != 0;
	}
	return ready;
}

/* How many are ready: 0 at the deadline (0: only looks), -ERESTARTSYS, -EINTR. */
static int set_wait(struct watch_set *set, uint64_t deadline)
{
	static const struct wait_why why = { .what = "poll", .lasting = true };
	int ready = set_look(set, deadline != 0), err = 0;

	while (!ready && !err && deadline) {
		err = thread_park(&why, WAIT_SIGNAL, deadline);
		ready = set_look(set, false);
	}
	return ready || err == -ETIMEDOUT ? ready : err;
}

/* ---- time left ---- */

static int64_t time_left(uint64_t deadline)
{
	uint64_t now = clock_ns();

	return deadline > now ? (int64_t)(deadline - now) : 0;
}

/* 0 for "do not wait", so that it need not be told apart from a moment that has passed. */
static uint64_t deadline_of(uint64_t ns)
{
	return ns ? deadline_after(ns) : 0;
}

/* As System V: what a program passes as time-out stays as it was. */
static bool sticky_timeouts(void)
{
	return atomic_load_explicit(&process_current()->personality, memory_order_relaxed) & PER_STICKY_TIMEOUTS;
}

/* Tells how much was left; `ret` is the call's result, for which there is no restart if the time could not be told. */
static long timespec_left(uintptr_t out, uint64_t deadline, long ret)
{
	struct timespec left = to_timespec((uint64_t)time_left(deadline));

	if (out && !sticky_timeouts() && copy_to_user(out, &left, sizeof(left)) && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}

/* timeout 0: for ever. */
static int timespec_deadline(uintptr_t timeout, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = TIME_NEVER;
	if (!timeout)
		return 0;
	err = timespec_from_user(timeout, &ns);
	if (!err)
		*deadline = deadline_of(ns);
	return err;
}

/* ---- poll ---- */

struct pollfd {
	int32_t fd;
	int16_t events, revents;
};

static struct watch_set *poll_set(const struct pollfd *fds, unsigned n)
{
	struct watch_set *set = set_new(n);

	for (unsigned i = 0; set && i < n; i++) {
		struct file *file = fds[i].fd < 0 ? NULL : fd_get(fds[i].fd);

		set_add(set, file, (uint16_t)fds[i].events);
		if (!file && fds[i].fd >= 0)
			set->at[i].ready = POLLNVAL;
	}
	return set;
}

static long poll_fds(struct pollfd *fds, unsigned n, uint64_t deadline)
{
	struct watch_set *set = poll_set(fds, n);
	long ret;

	if (!set)
		return -ENOMEM;
	ret = set_wait(set, deadline);
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = (int16_t)set->at[i].ready;
	set_free(set);
	return ret;
}

/* Only the answers go back: another thread may be filling in the questions. */
static int poll_answer(const struct pollfd *fds, unsigned n, uintptr_t user)
{
	for (unsigned i = 0; i < n; i++)
		if (copy_to_user(user + i * sizeof(*fds) + offsetof(struct pollfd, revents), &fds[i].revents, sizeof(fds[i].revents)))
			return -EFAULT;
	return 0;
}

static long poll_user(uintptr_t user, unsigned n, uint64_t deadline)
{
	struct pollfd *fds;
	long ret;

	if (n > limit_get(RLIMIT_NOFILE))
		return -EINVAL;
	if (!user_range_ok(user, n * sizeof(*fds)))
		return -EFAULT;
	fds = kmalloc(n ? n * sizeof(*fds) : 1);
	if (!fds)
		return -ENOMEM;
	ret = copy_from_user(fds, user, n * sizeof(*fds));
	if (!ret)
		ret = poll_fds(fds, n, deadline);
	if (ret != -EFAULT && ret != -ENOMEM && poll_answer(fds, n, user))
		ret = -EFAULT;
	kfree(fds);
	return ret;
}

static long poll_again(const struct resume *r)
{
	long ret = poll_user(r->args[0], (unsigned)r->args[1], r->deadline);

	return ret == -ERESTARTSYS ? signal_resume(r) : ret;
}

long sys_poll(uintptr_t fds, unsigned n, int timeout_ms)
{
	struct resume r = {
		.again = poll_again,
		.deadline = timeout_ms < 0 ? TIME_NEVER : deadline_of((uint64_t)timeout_ms * NSEC_PER_MSEC),
		.args = { fds, n },
	};

	return poll_again(&r);
}

/* Begins to sleep under the mask at `mask`, if there is one. 0, -EINVAL, -EFAULT. */
static int mask_begin(uintptr_t mask, size_t size)
{
	uint64_t bits;

	if (!mask)
		return 0;
	if (size != sizeof(bits))
		return -EINVAL;
	if (copy_from_user(&bits, mask, sizeof(bits)))
		return -EFAULT;
	signal_mask_begin(bits);
	return 0;
}

static long mask_end(uintptr_t mask, long ret)
{
	if (ret == -ERESTARTSYS)
		ret = -ERESTARTNOHAND;
	return mask ? signal_mask_end(ret) : ret;
}

long sys_ppoll(uintptr_t fds, unsigned n, uintptr_t timeout, uintptr_t mask, size_t mask_size)
{
	uint64_t deadline;
	long ret = timespec_deadline(timeout, &deadline);

	if (!ret)
		ret = mask_begin(mask, mask_size);
	if (ret)
		return ret;
	ret = poll_user(fds, n, deadline);
	return timespec_left(timeout, deadline, mask_end(mask, ret));
}

/* ---- select ---- */

enum { SELECT_READ, SELECT_WRITE, SELECT_OTHER, SELECT_SETS };

static const unsigned select_asks[] = { POLL_READ | POLLRDBAND, POLL_WRITE | POLLWRBAND, POLLPRI };
static const unsigned select_likes[] = { POLL_READ | POLLRDBAND | POLLHUP | POLLERR, POLL_WRITE | POLLWRBAND | POLLERR, POLLPRI };

struct select {
	unsigned n;		  /* descriptors below this */
	size_t words;		  /* of a set */
	uintptr_t user[SELECT_SETS]; /* or 0 */
	uint64_t *bits[SELECT_SETS]; /* all in one piece of memory */
};

static int select_read(struct select *s)
{
	size_t bytes = s->words * sizeof(uint64_t);

	s->bits[0] = kzalloc(SELECT_SETS * bytes + 1);
	if (!s->bits[0])
		return -ENOMEM;
	for (unsigned i = 0; i < SELECT_SETS; i++) {
		s->bits[i] = s->bits[0] + i * s->words;
		if (s->user[i] && copy_from_user(s->bits[i], s->user[i], bytes))
			return -EFAULT;
	}
	return 0;
}

/* What is asked about this descriptor, in bits of sets. */
static unsigned select_sets(const struct select *s, unsigned fd)
{
	unsigned sets = 0;

	for (unsigned i = 0; i < SELECT_SETS; i++)
		sets |= (unsigned)(s->bits[i][fd / 64] >> fd % 64 & 1) << i;
	return sets;
}

static unsigned select_count(const struct select *s)
{
	unsigned n = 0;

	for (unsigned fd = 0; fd < s->n; fd++)
		n += select_sets(s, fd) != 0;
	return n;
}

/* 0 or -EBADF: what has been added stays. */
static int select_watch(const struct select *s, struct watch_set *set)
{
	for (unsigned fd = 0; fd < s->n; fd++) {
		unsigned sets = select_sets(s, fd), events = 0;
		struct file *file;

		for (unsigned i = 0; i < SELECT_SETS; i++)
			events |= sets >> i & 1 ? select_asks[i] : 0;
		if (!sets)
			continue;
		file = fd_get((int)fd);
		if (!file)
			return -EBADF;
		set_add(set, file, events);
	}
	return 0;
}

/* Leaves in the sets what is ready. A file that is ready, but not as asked (an error, for one who waits for urgent data), is none. */
static int select_keep(struct select *s, const struct watch_set *set)
{
	const struct watched *w = set->at;
	int bits = 0;

	for (unsigned fd = 0; fd < s->n; fd++) {
		unsigned sets = select_sets(s, fd);

		for (unsigned i = 0; i < SELECT_SETS; i++) {
			bool on = sets >> i & 1 && w->ready & select_likes[i];

			bits += on;
			if (!on)
				s->bits[i][fd / 64] &= ~(1ull << fd % 64);
		}
		w += sets != 0;
	}
	return bits;
}

static long select_wait(struct select *s, uint64_t deadline)
{
	struct watch_set *set = set_new(select_count(s));
	long ret;

	if (!set)
		return -ENOMEM;
	ret = select_watch(s, set);
	if (!ret)
		ret = set_wait(set, deadline);
	if (ret >= 0)
		ret = select_keep(s, set);
	set_free(set);
	return ret;
}

static int select_write(const struct select *s)
{
	for (unsigned i = 0; i < SELECT_SETS; i++)
		if (s->user[i] && copy_to_user(s->user[i], s->bits[i], s->words * sizeof(uint64_t)))
			return -EFAULT;
	return 0;
}

/* Descriptors beyond the table are not open, and Linux does not look at them. */
static long select_user(struct select *s, int n, uint64_t deadline)
{
	unsigned max = fd_table_size();
	long ret;

	if (n < 0)
		return -EINVAL;
	s->n = (unsigned)n < max ? (unsigned)n : max;
	s->words = (s->n + 63) / 64;
	ret = select_read(s);
	if (!ret)
		ret = select_wait(s, deadline);
	if (ret >= 0 && select_write(s))
		ret = -EFAULT;
	kfree(s->bits[0]);
	return ret == -ERESTARTSYS ? -ERESTARTNOHAND : ret;
}

long sys_select(int n, uintptr_t reads, uintptr_t writes, uintptr_t others, uintptr_t timeout)
{
	struct select s = { .user = { reads, writes, others } };
	uint64_t deadline = TIME_NEVER;
	struct timeval tv;
	long ret;

	if (timeout && copy_from_user(&tv, timeout, sizeof(tv)))
		return -EFAULT;
	if (timeout) {
		struct timespec ts = { tv.sec + tv.usec / 1000000, tv.usec % 1000000 * 1000 };

		if (from_timespec(&ts, &deadline))
			return -EINVAL;
		deadline = deadline_of(deadline);
	}
	ret = select_user(&s, n, deadline);
	tv = to_timeval((uint64_t)time_left(deadline));
	if (timeout && !sticky_timeouts() && copy_to_user(timeout, &tv, sizeof(tv)) && ret == -ERESTARTNOHAND)
		ret = -EINTR;
	return ret;
}

long sys_pselect6(int n, uintptr_t reads, uintptr_t writes, uintptr_t others, uintptr_t timeout, uintptr_t mask_arg)
{
	struct select s = { .user = { reads, writes, others } };
	uint64_t deadline, mask[2] = { 0 }; /* address, size */
	long ret;

	if (mask_arg && copy_from_user(mask, mask_arg, sizeof(mask)))
		return -EFAULT;
	ret = timespec_deadline(timeout, &deadline);
	if (!ret)
		ret = mask_begin(mask[0], mask[1]);
	if (ret)
		return ret;
	ret = select_user(&s, n, deadline);
	return timespec_left(timeout, deadline, mask_end(mask[0], ret));
}

/* SPDX-License-Identifier: MIT */
/* futex_waitv(2): waits for the first of several words. */
#include "init/futex_impl.h"

#include "init/clock.h"
#include "init/syscalls.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"

static int waitv_get(struct futex_any *v, const struct linux_waitv *from)
{
	if (from->flags & ~(uint32_t)(FUTEX_32 | FUTEX_PRIVATE_FLAG) || !(from->flags & FUTEX_32) || from->reserved)
		return -EINVAL;
	v->value = (uint32_t)from->value;
	v->at.user = from->word;
	return 0;
}

static int all_get(struct futex_any *v, bool *private, unsigned n, uintptr_t from)
{
	struct linux_waitv one;
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		if (copy_from_user(&one, from + i * sizeof(one), sizeof(one)))
			return -EFAULT;
		err = waitv_get(&v[i], &one);
		private[i] = one.flags & FUTEX_PRIVATE_FLAG;
	}
	return err;
}

/* Their keys; the words, too, are there afterwards. */
static int all_at(struct futex_any *v, const bool *private, unsigned n)
{
	uint32_t seen;
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		uintptr_t word = v[i].at.user;

		err = futex_at(word, private[i], &v[i].at);
		if (!err && user_load32(word, &seen)) {
			err = -EFAULT_AGAIN;
			err = futex_again(&err, word, FAULT_READ) ? 0 : err;
		}
	}
	return err;
}

static long wait_all(struct futex_any *v, uintptr_t from, unsigned n, uint64_t deadline)
{
	bool private[FUTEX_WAITV_MAX];
	int ret = all_get(v, private, n, from);

	if (ret)
		return ret;
	do {
		ret = all_at(v, private, n);
		if (!ret)
			ret = futex_wait_any(v, n, deadline);
	} while (ret == -EFAULT_AGAIN);
	return ret;
}

static int deadline_get(uintptr_t timeout, int clock, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = TIME_NEVER;
	if (!timeout)
		return 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	err = timespec_from_user(timeout, &ns);
	if (!err)
		*deadline = deadline_at(ns, clock == CLOCK_REALTIME);
	return err;
}

long sys_futex_waitv(uintptr_t from, unsigned n, unsigned flags, uintptr_t timeout, int clock)
{
	struct futex_any *v;
	uint64_t deadline;
	long ret;

	if (flags || !n || n > FUTEX_WAITV_MAX || !from)
		return -EINVAL;
	ret = deadline_get(timeout, clock, &deadline);
	if (ret)
		return ret;
	v = kmalloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ret = wait_all(v, from, n, deadline);
	kfree(v);
	return ret;
}

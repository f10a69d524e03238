/* SPDX-License-Identifier: MIT */
/* futex(2) with an owner: FUTEX_LOCK_PI and what belongs to it. Who has the lock and who is next is kernel/futex_pi.c's affair. */
#include "kernel/futex_pi.h"

#include "init/futex_impl.h"
#include "init/process.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"

/* The thread that goes by this tid and has not ended; NULL: there is none. Read section. */
static struct thread *thread_of(unsigned tid)
{
	struct process *p = process_find(tid);
	struct thread *found;
	irqflags_t flags;
	struct task *t;

	if (!p)
		return NULL;
	flags = spin_lock_irq(&p->lock);
	t = process_task(p, tid);
	found = t ? t->thread : NULL;
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return found;
}

/* w waits: until it has the lock, or has left the queue. */
static int wait_queued(struct pi_waiter *w, uint64_t deadline)
{
	int err;

	do
		err = futex_pi_wait(w, deadline);
	while (futex_again(&err, w->at.user, FAULT_WRITE));
	return err && futex_pi_leave(w) ? err : 0;
}

long futex_lock_pi(uintptr_t word, bool private, bool try, uint64_t deadline)
{
	struct pi_waiter w;
	struct futex at;
	int err;

	do {
		err = futex_at(word, private, &at);
		if (!err) {
			futex_pi_fill(&w, &at);
			err = futex_pi_lock(&w, try, thread_of);
		}
	} while (futex_again(&err, word, FAULT_WRITE));
	return err == -EINPROGRESS ? wait_queued(&w, deadline) : err;
}

long futex_unlock_pi(uintptr_t word, bool private)
{
	struct futex at;
	uint32_t value;
	int err;

	if (copy_from_user(&value, word, sizeof(value)))
		return -EFAULT;
	if ((value & FUTEX_TID_MASK) != current->tid)
		return -EPERM;
	do {
		err = futex_at(word, private, &at);
		if (!err)
			err = futex_pi_unlock(&at);
	} while (futex_again(&err, word, FAULT_WRITE));
	return err;
}

/* ---- from a condition's word to a mutex's ---- */

/* Who has been moved has to look at its condition again, and says so instead of beginning again. */
static long after_move(struct pi_waiter *w, uint64_t deadline)
{
	int err = wait_queued(w, deadline);

	return err == -ERESTARTNOINTR ? -EAGAIN : err;
}

long futex_wait_requeue_pi(const struct two_words *two, uint32_t value, uint64_t deadline)
{
	struct futex_move m;
	struct pi_waiter w;
	int err;

	if (two->from == two->to)
		return -EINVAL;
	do {
		err = futex_both_at(two, &m);
		if (!err) {
			futex_pi_fill(&w, &m.to);
			err = futex_wait_then_pi(&m.from, value, &w, deadline);
		}
	} while (futex_again(&err, two->from, FAULT_READ));
	if (!err)
		return after_move(&w, deadline);
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

/* Whichever of the two words was missing is there for the next try. */
static bool both_again(int *err, const struct two_words *two)
{
	int read = *err;

	return futex_again(&read, two->from, FAULT_READ) ? futex_again(err, two->to, FAULT_WRITE) : (*err = read, false);
}

long futex_cmp_requeue_pi(const struct two_words *two, uint32_t wake, uint32_t move, uint32_t value)
{
	struct futex_move m = { .move = move, .value = &value };
	int ret;

	if (two->from == two->to || wake != 1 || (int32_t)move < 0)
		return -EINVAL;
	do {
		ret = futex_both_at(two, &m);
		if (!ret)
			ret = futex_requeue_pi(&m, thread_of);
	} while (both_again(&ret, two));
	return ret;
}

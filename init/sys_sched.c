/* SPDX-License-Identifier: MIT */
/*
 * System calls about CPUs and priorities. There is one way of scheduling. Linux's SCHED_OTHER, SCHED_BATCH and SCHED_IDLE, all of priority 0,
 * and the nice value are kept and shown; nobody gets a real-time policy (-EPERM).
 */
#include "init/process_impl.h"

#include "init/clock.h"
#include "init/syscalls.h"
#include "kernel/rcu.h"
#include "kernel/sched.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE };

#define RT_PRIORITY_MAX 99

/* Calls fn for the task of this tid (0: the caller) under its process's lock: what it gives, or -ESRCH. */
static long with_task(int tid, long (*fn)(struct task *t, uint64_t arg), uint64_t arg)
{
	unsigned id = tid ? (unsigned)tid : current->tid;
	struct process *p = tid < 0 ? NULL : process_find(id);
	long ret = -ESRCH;
	irqflags_t flags;
	struct task *t;

	if (!p)
		return -ESRCH;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->tasks, link)
		if (t->thread->tid == id)
			ret = fn(t, arg);
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return ret;
}

static long exists(struct task *t, uint64_t arg)
{
	return 0;
}

long sys_sched_yield(void)
{
	thread_yield();
	return 0;
}

/* ---- which CPUs ---- */

static uint64_t all_cpus(void)
{
	return (1ull << smp_online()) - 1;
}

static long affinity_get(struct task *t, uint64_t arg)
{
	return (long)(thread_affinity(t->thread) & all_cpus());
}

static long affinity_set(struct task *t, uint64_t mask)
{
	thread_set_affinity(t->thread, mask);
	return 0;
}

long sys_sched_getaffinity(int tid, unsigned size, uintptr_t out)
{
	uint64_t mask;
	long ret;

	if (size < sizeof(mask) || size % sizeof(mask))
		return -EINVAL;
	ret = with_task(tid, affinity_get, 0);
	if (ret < 0)
		return tid < 0 ? -EINVAL : ret;
	mask = (uint64_t)ret;
	return copy_to_user(out, &mask, sizeof(mask)) ? -EFAULT : (long)sizeof(mask);
}

long sys_sched_setaffinity(int tid, unsigned size, uintptr_t from)
{
	uint64_t mask = 0;
	long ret;

	if (copy_from_user(&mask, from, size < sizeof(mask) ? size : sizeof(mask)))
		return -EFAULT;
	mask &= all_cpus();
	if (!mask)
		return with_task(tid, exists, 0) ? -ESRCH : -EINVAL;
	ret = with_task(tid, affinity_set, mask);
	if (!ret)
		thread_migrate();
	return ret;
}

long sys_getcpu(uintptr_t cpu, uintptr_t node, uintptr_t cache)
{
	uint32_t is = atomic_load_explicit(&current->cpu, memory_order_relaxed), zero = 0;

	(void)cache; /* unused since Linux 2.6.24 */
	if (cpu && copy_to_user(cpu, &is, sizeof(is)))
		return -EFAULT;
	return node ? copy_to_user(node, &zero, sizeof(zero)) : 0;
}

/* ---- policies ---- */

static bool is_policy(int policy)
{
	return policy >= SCHED_OTHER && policy <= SCHED_DEADLINE && policy != 4;
}

static bool is_real_time(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static long policy_get(struct task *t, uint64_t arg)
{
	return t->policy;
}

static long policy_set(struct task *t, uint64_t policy)
{
	t->policy = (int)policy;
	return 0;
}

long sys_sched_getscheduler(int tid)
{
	return tid < 0 ? -EINVAL : with_task(tid, policy_get, 0);
}

static long param_check(int tid, int policy, uintptr_t from)
{
	int32_t priority;

	if (tid < 0 || !from)
		return -EINVAL;
	if (copy_from_user(&priority, from, sizeof(priority)))
		return -EFAULT;
	if (with_task(tid, exists, 0))
		return -ESRCH;
	if (!is_policy(policy) || policy == SCHED_DEADLINE)
		return -EINVAL;
	if (is_real_time(policy) ? priority < 1 || priority > RT_PRIORITY_MAX : priority != 0)
		return -EINVAL;
	return is_real_time(policy) ? -EPERM : 0; /* there is none */
}

long sys_sched_setscheduler(int tid, int policy, uintptr_t param)
{
	long err = policy < 0 ? -EINVAL : param_check(tid, policy & ~SCHED_RESET_ON_FORK, param);

	return err ? err : with_task(tid, policy_set, (unsigned)policy);
}

long sys_sched_setparam(int tid, uintptr_t param)
{
	return param_check(tid, SCHED_OTHER, param);
}

long sys_sched_getparam(int tid, uintptr_t param)
{
	int32_t zero = 0;

	if (tid < 0 || !param)
		return -EINVAL;
	if (with_task(tid, exists, 0))
		return -ESRCH;
	return copy_to_user(param, &zero, sizeof(zero));
}

long sys_sched_get_priority_max(int policy)
{
	return !is_policy(policy) ? -EINVAL : is_real_time(policy) ? RT_PRIORITY_MAX : 0;
}

long sys_sched_get_priority_min(int policy)
{
	return !is_policy(policy) ? -EINVAL : is_real_time(policy);
}

long sys_sched_rr_get_interval(int tid, uintptr_t out)
{
	struct timespec slice = to_timespec(sched_slice_ns);

	if (tid < 0)
		return -EINVAL;
	if (with_task(tid, exists, 0))
		return -ESRCH;
	return copy_to_user(out, &slice, sizeof(slice));
}

/* ---- nice ---- */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

#define NICE_MIN (-20)
#define NICE_MAX 19

/* Is p among those that getpriority and setpriority mean? */
static bool is_meant(const struct process *p, int which, int who)
{
	const struct process *self = process_current();

	switch (which) {
	case PRIO_PROCESS:
		return p->pid == (who ? (unsigned)who : self->pid);
	case PRIO_PGRP:
		return p->pgid == (who ? (unsigned)who : self->pgid);
	default:
		return who == 0;
	}
}

/* The lowest nice value of those meant, which become *to unless it is NULL. NICE_MAX + 1: there are none. */
static int nice_visit(int which, int who, const int *to)
{
	int lowest = NICE_MAX + 1;
	unsigned pid = 1;
	struct process *p;

	for (; (p = process_next(&pid)); pid++) {
		if (is_meant(p, which, who)) {
			int nice = atomic_load_explicit(&p->nice, memory_order_relaxed);

			if (to)
				atomic_store_explicit(&p->nice, *to, memory_order_relaxed);
			lowest = nice < lowest ? nice : lowest;
		}
		process_put(p);
	}
	return lowest;
}

/* 20 - nice, so that no answer looks like an error. */
long sys_getpriority(int which, int who)
{
	int lowest;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	lowest = nice_visit(which, who, NULL);
	return lowest > NICE_MAX ? -ESRCH : 20 - lowest;
}

long sys_setpriority(int which, int who, int nice)
{
	int to = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return nice_visit(which, who, &to) > NICE_MAX ? -ESRCH : 0;
}

/* ---- membarrier ---- */

enum {
	MEMBARRIER_QUERY,
	MEMBARRIER_GLOBAL = 1,
	MEMBARRIER_GLOBAL_EXPEDITED = 2,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 4,
	MEMBARRIER_PRIVATE_EXPEDITED = 8,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 16,
};

#define MEMBARRIER_ALL 31

/*
 * A grace period: every CPU passes a context switch or idles, and either has a full barrier. Slower than an interrupt to each, and right for
 * all commands alike.
 */
long sys_membarrier(int command, unsigned flags, int cpu)
{
	struct process *p = process_current();

	if (flags)
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_ALL;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
		atomic_fetch_or_explicit(&p->membarrier, (unsigned)command, memory_order_relaxed);
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
		if (!(atomic_load_explicit(&p->membarrier, memory_order_relaxed) & MEMBARRIER_REGISTER_PRIVATE_EXPEDITED))
			return -EPERM;
		rcu_synchronize();
		return 0;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		rcu_synchronize();
		return 0;
	default:
		return -EINVAL;
	}
}

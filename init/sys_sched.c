/* SPDX-License-Identifier: MIT */
/*
 * System calls about CPUs and priorities. There is one way of scheduling. Linux's policies, priorities and the nice value are kept and shown, and
 * who may set them is as there; they change nothing. SCHED_DEADLINE there is none.
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
	t = process_task(p, id);
	if (t)
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

	if (size * 8 < smp_online() || size < sizeof(mask) || size % sizeof(mask)) /* bits, as unsigned */
		return -EINVAL;
	ret = with_task(tid, affinity_get, 0);
	if (ret < 0)
		return ret;
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
	int err;

	(void)cache; /* unused since Linux 2.6.24 */
	err = cpu && copy_to_user(cpu, &is, sizeof(is)) ? -EFAULT : 0;

	return node && copy_to_user(node, &zero, sizeof(zero)) ? -EFAULT : err;
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

static long priority_get(struct task *t, uint64_t arg)
{
	return t->priority;
}

#define MAY_RAISE (1ull << 63)

/* arg: the policy, the priority << 32, and MAY_RAISE. A task that runs in real time may be given less by anybody. */
static long policy_set(struct task *t, uint64_t arg)
{
	int policy = (int)(uint32_t)arg, priority = (int)(arg >> 32 & INT32_MAX);
	bool more = priority > t->priority || (t->policy & SCHED_RESET_ON_FORK && !(policy & SCHED_RESET_ON_FORK));

	if (more && !(arg & MAY_RAISE))
		return -EPERM;
	t->policy = policy;
	t->priority = priority;
	return 0;
}

long sys_sched_getscheduler(int tid)
{
	return tid < 0 ? -EINVAL : with_task(tid, policy_get, 0);
}

static long policy_change(int tid, int policy, unsigned priority)
{
	uint64_t may = cred_capable(CAP_SYS_NICE) ? MAY_RAISE : 0;

	return with_task(tid, policy_set, may | (uint64_t)priority << 32 | (uint32_t)policy);
}

static int priority_check(int policy, int priority)
{
	if (!is_policy(policy) || policy == SCHED_DEADLINE)
		return -EINVAL;
	if (is_real_time(policy) ? priority < 1 || priority > RT_PRIORITY_MAX : priority != 0)
		return -EINVAL;
	return 0;
}

/* policy < 0: as it is. */
static long param_set(int tid, int policy, uintptr_t from)
{
	int32_t priority;
	long is;

	if (tid < 0 || !from)
		return -EINVAL;
	if (copy_from_user(&priority, from, sizeof(priority)))
		return -EFAULT;
	is = policy < 0 ? with_task(tid, policy_get, 0) : with_task(tid, exists, 0);
	if (is < 0)
		return is;
	if (policy < 0)
		policy = (int)is;
	if (priority_check(policy & ~SCHED_RESET_ON_FORK, priority))
		return -EINVAL;
	return policy_change(tid, policy, (unsigned)priority);
}

long sys_sched_setscheduler(int tid, int policy, uintptr_t param)
{
	return policy < 0 ? -EINVAL : param_set(tid, policy, param);
}

long sys_sched_setparam(int tid, uintptr_t param)
{
	return param_set(tid, -1, param);
}

long sys_sched_getparam(int tid, uintptr_t param)
{
	int32_t priority;
	long is;

	if (tid < 0 || !param)
		return -EINVAL;
	is = with_task(tid, priority_get, 0);
	if (is < 0)
		return is;
	priority = (int32_t)is;
	return copy_to_user(param, &priority, sizeof(priority));
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
	long policy = tid < 0 ? -EINVAL : with_task(tid, policy_get, 0);

	if (policy < 0)
		return policy;
	if ((policy & ~SCHED_RESET_ON_FORK) == SCHED_FIFO)
		slice = (struct timespec){ 0, 0 };
	return copy_to_user(out, &slice, sizeof(slice));
}

/* ---- all of it in one structure ---- */

enum { ATTR_SIZE_FIRST = 48, ATTR_RESET_ON_FORK = 1, ATTR_KEEP_POLICY = 8, ATTR_KEEP_PARAMS = 16, ATTR_FLAGS = 0x7f };

struct sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

_Static_assert(sizeof(struct sched_attr) == 56, "struct sched_attr");

/* What is behind the part that we know must be 0. 0, -EINVAL, -E2BIG, which is told the size that would do; -EFAULT. */
static int attr_read(uintptr_t from, struct sched_attr *a)
{
	uint32_t size, known = sizeof(*a);
	char rest;

	*a = (struct sched_attr){ 0 };
	if (copy_from_user(&size, from, sizeof(size)))
		return -EFAULT;
	size = size ? size : ATTR_SIZE_FIRST;
	if (size < ATTR_SIZE_FIRST || size > PAGE_SIZE)
		return copy_to_user(from, &known, sizeof(known)) ? -EFAULT : -E2BIG;
	for (uint32_t at = known; at < size; at++) {
		if (copy_from_user(&rest, from + at, 1))
			return -EFAULT;
		if (rest)
			return copy_to_user(from, &known, sizeof(known)) ? -EFAULT : -E2BIG;
	}
	return copy_from_user(a, from, size < known ? size : known);
}

long sys_sched_setattr(int tid, uintptr_t from, unsigned flags)
{
	struct sched_attr a;
	int policy, err;

	if (!from || tid < 0 || flags)
		return -EINVAL;
	err = attr_read(from, &a);
	if (err)
		return err;
	if ((int32_t)a.policy < 0 || a.flags & ~(uint64_t)ATTR_FLAGS)
		return -EINVAL;
	if (a.flags & (ATTR_KEEP_POLICY | ATTR_KEEP_PARAMS))
		return with_task(tid, exists, 0);
	if (priority_check((int)a.policy, (int)a.priority))
		return with_task(tid, exists, 0) ? -ESRCH : -EINVAL;
	policy = (int)a.policy | (a.flags & ATTR_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0);
	return policy_change(tid, policy, a.priority);
}

static long nice_get(struct task *t, uint64_t arg)
{
	return atomic_load_explicit(&t->process->nice, memory_order_relaxed) + 20;
}

long sys_sched_getattr(int tid, uintptr_t out, unsigned size, unsigned flags)
{
	struct sched_attr a = { .size = sizeof(a), .util_max = 1024 };
	long policy;

	if (!out || tid < 0 || size > PAGE_SIZE || size < ATTR_SIZE_FIRST || flags)
		return -EINVAL;
	policy = with_task(tid, policy_get, 0);
	if (policy < 0)
		return policy;
	a.policy = (uint32_t)policy & ~(uint32_t)SCHED_RESET_ON_FORK;
	a.flags = policy & SCHED_RESET_ON_FORK ? ATTR_RESET_ON_FORK : 0;
	a.priority = (uint32_t)with_task(tid, priority_get, 0);
	if (!is_real_time((int)a.policy))
		a.nice = (int32_t)with_task(tid, nice_get, 0) - 20;
	size = size < sizeof(a) ? size : sizeof(a);
	a.size = size;
	return copy_to_user(out, &a, size);
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

/* SPDX-License-Identifier: MIT */
/* Resource limits, kept and shown. Who enforces which is in init/limit.h. */
#include "init/process_impl.h"

#include "init/exec.h"
#include "init/files.h"
#include "init/syscalls.h"
#include "init/timers.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define NO_LIMIT { RLIM_INFINITY, RLIM_INFINITY }

static const struct rlimit64 defaults[RLIMIT_COUNT] = {
	[RLIMIT_CPU] = NO_LIMIT,
	[RLIMIT_FSIZE] = NO_LIMIT,
	[RLIMIT_DATA] = NO_LIMIT,
	[RLIMIT_STACK] = { STACK_SIZE, RLIM_INFINITY },
	[RLIMIT_CORE] = { 0, RLIM_INFINITY },
	[RLIMIT_RSS] = NO_LIMIT,
	[RLIMIT_NPROC] = NO_LIMIT,
	[RLIMIT_NOFILE] = { 1024, FILES_MAX },
	[RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
	[RLIMIT_AS] = NO_LIMIT,
	[RLIMIT_LOCKS] = NO_LIMIT,
	[RLIMIT_SIGPENDING] = { 4096, 4096 },
	[RLIMIT_MSGQUEUE] = { 819200, 819200 },
	[RLIMIT_RTTIME] = NO_LIMIT, /* of NICE and RTPRIO: 0 */
};

static struct rlimit64 limit_read(const struct limit *l)
{
	return (struct rlimit64){ atomic_load_explicit(&l->cur, memory_order_relaxed),
				  atomic_load_explicit(&l->max, memory_order_relaxed) };
}

static void limit_write(struct limit *l, const struct rlimit64 *to)
{
	atomic_store_explicit(&l->cur, to->cur, memory_order_relaxed);
	atomic_store_explicit(&l->max, to->max, memory_order_relaxed);
}

void limits_init(struct limit *limits, const struct limit *like)
{
	for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
		struct rlimit64 is = like ? limit_read(&like[i]) : defaults[i];

		limit_write(&limits[i], &is);
	}
}

uint64_t limit_get(unsigned what)
{
	return atomic_load_explicit(&process_current()->limits[what].cur, memory_order_relaxed);
}

int limit_file_size(uint64_t at, size_t *n)
{
	uint64_t limit = limit_get(RLIMIT_FSIZE);

	if (at >= limit) {
		signal_send_task(task_current(), SIGXFSZ);
		return -EFBIG;
	}
	if (*n > limit - at)
		*n = limit - at;
	return 0;
}

/* Limits that the address space keeps too, because faults look at them. */
static const struct {
	unsigned what;
	enum mm_limit in_mm;
} of_memory[] = {
	{ RLIMIT_AS, MM_LIMIT_SPACE },
	{ RLIMIT_DATA, MM_LIMIT_DATA },
	{ RLIMIT_STACK, MM_LIMIT_STACK },
	{ RLIMIT_MEMLOCK, MM_LIMIT_LOCKED },
};

void limits_apply(const struct process *p, struct mm *mm)
{
	bool locks = atomic_load_explicit(&p->caps, memory_order_relaxed) & 1ull << CAP_IPC_LOCK;

	for (unsigned i = 0; i < ARRAY_SIZE(of_memory); i++) {
		bool none = locks && of_memory[i].what == RLIMIT_MEMLOCK;

		atomic_store_explicit(&mm->limit[of_memory[i].in_mm], none ? UINT64_MAX : limit_read(&p->limits[of_memory[i].what]).cur,
				      memory_order_relaxed);
	}
}

static void limits_changed(struct process *p)
{
	struct mm *mm = process_mm(p);

	if (!mm)
		return;
	limits_apply(p, mm);
	mm_put(mm);
}

/* Whoever may raises the hard limit too; but a table of descriptors only grows so far. */
static int limit_set(struct process *p, unsigned what, const struct rlimit64 *to)
{
	if (to->cur > to->max)
		return -EINVAL;
	if (to->max > limit_read(&p->limits[what]).max && !cred_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (what == RLIMIT_NOFILE && to->max > FILES_MAX)
		return -EPERM;
	limit_write(&p->limits[what], to);
	limits_changed(p);
	if (what == RLIMIT_CPU && p == process_current())
		timers_limit();
	return 0;
}

static long limit_change(struct process *p, unsigned what, uintptr_t to, uintptr_t old)
{
	struct rlimit64 was = limit_read(&p->limits[what]), wanted;
	int err = 0;

	if (to && copy_from_user(&wanted, to, sizeof(wanted)))
		return -EFAULT;
	if (to)
		err = limit_set(p, what, &wanted);
	if (!err && old)
		err = copy_to_user(old, &was, sizeof(was));
	return err;
}

long sys_prlimit64(int pid, unsigned what, uintptr_t to, uintptr_t old)
{
	struct process *p;
	long ret;

	if (what >= RLIMIT_COUNT)
		return -EINVAL;
	if (pid < 0)
		return -ESRCH;
	p = process_find(pid ? (unsigned)pid : process_current()->pid);
	if (!p)
		return -ESRCH;
	ret = limit_change(p, what, to, old);
	process_put(p);
	return ret;
}

long sys_getrlimit(unsigned what, uintptr_t out)
{
	struct rlimit64 is;

	if (what >= RLIMIT_COUNT)
		return -EINVAL;
	is = limit_read(&process_current()->limits[what]);
	return copy_to_user(out, &is, sizeof(is));
}

long sys_setrlimit(unsigned what, uintptr_t from)
{
	struct rlimit64 to;

	if (copy_from_user(&to, from, sizeof(to)))
		return -EFAULT;
	return what < RLIMIT_COUNT ? limit_set(process_current(), what, &to) : -EINVAL;
}

/* SPDX-License-Identifier: MIT */
/* Resource limits. Only the number of open files can be set; the others say what this kernel does. */
#include "init/process_impl.h"

#include "init/linux.h"
#include "init/files.h"
#include "init/exec.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

static struct rlimit64 limit_of(const struct process *p, unsigned what)
{
	switch (what) {
	case RLIMIT_STACK:
		return (struct rlimit64){ STACK_SIZE, STACK_SIZE };
	case RLIMIT_CORE:
		return (struct rlimit64){ 0, 0 };
	case RLIMIT_NOFILE:
		return (struct rlimit64){ p->nofile, FILES_MAX };
	default:
		return (struct rlimit64){ RLIM_INFINITY, RLIM_INFINITY };
	}
}

static int limit_set(struct process *p, unsigned what, const struct rlimit64 *to)
{
	if (to->cur > to->max)
		return -EINVAL;
	if (what != RLIMIT_NOFILE)
		return 0;
	if (to->max > FILES_MAX)
		return -EPERM;
	p->nofile = to->cur;
	return 0;
}

static long limit_change(struct process *p, unsigned what, uintptr_t to, uintptr_t old)
{
	struct rlimit64 was = limit_of(p, what), wanted;
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
	is = limit_of(process_current(), what);
	return copy_to_user(out, &is, sizeof(is));
}

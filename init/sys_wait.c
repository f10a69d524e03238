/* SPDX-License-Identifier: MIT */
/* System calls by which a parent learns of its children; and what a process says of itself to its parent and to people (prctl). */
#include "init/process_impl.h"

#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

#define WAIT_FLAGS (__WNOTHREAD | __WALL | __WCLONE)

long sys_wait4(int pid, uintptr_t status, unsigned options, uintptr_t usage)
{
	enum wait_which which = pid > 0 ? WAIT_PID : pid == -1 ? WAIT_ANY : WAIT_GROUP;
	unsigned id = pid > 0 ? (unsigned)pid : pid ? (unsigned)-pid : process_current()->pgid;
	struct wait_result result;
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WAIT_FLAGS))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	ret = process_wait(which, id, options | WEXITED, &result);
	if (ret > 0 && status && copy_to_user(status, &result.status, sizeof(result.status)))
		return -EFAULT;
	if (ret > 0 && usage && usage_to_user(usage, &result.usage))
		return -EFAULT;
	return ret;
}

/* ---- waitid ---- */

enum { P_ALL, P_PID, P_PGID, P_PIDFD };

static int waitid_which(int which, int id, enum wait_which *out)
{
	switch (which) {
	case P_ALL:
		*out = WAIT_ANY;
		return 0;
	case P_PID:
		*out = WAIT_PID;
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		*out = WAIT_GROUP;
		return id >= 0 ? 0 : -EINVAL;
	case P_PIDFD:
		return id < 0 ? -EINVAL : -EBADF; /* there are no such descriptors */
	default:
		return -EINVAL;
	}
}

/* Linux leaves alone what is behind si_status. */
static int waitid_put(uintptr_t to, const struct wait_result *r)
{
	int32_t info[7] = { r->pid ? SIGCHLD : 0, 0, r->code, 0, (int32_t)r->pid, 0, r->detail };

	return copy_to_user(to, info, sizeof(info));
}

long sys_waitid(int which, int id, uintptr_t info, unsigned options, uintptr_t usage)
{
	struct wait_result result;
	enum wait_which meant;
	long ret;
	int err;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WAIT_FLAGS) ||
	    !(options & (WEXITED | WUNTRACED | WCONTINUED)))
		return -EINVAL;
	err = waitid_which(which, id, &meant);
	if (err)
		return err;
	ret = process_wait(meant, id ? (unsigned)id : process_current()->pgid, options, &result);
	if (ret > 0 && usage && usage_to_user(usage, &result.usage))
		return -EFAULT;
	if (info && waitid_put(info, &result))
		return -EFAULT;
	return ret < 0 ? ret : 0;
}

/* ---- prctl ---- */

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
};

static long name_set(uintptr_t from)
{
	char name[THREAD_NAME] = { 0 };
	long len = strncpy_from_user(name, from, sizeof(name) - 1);

	if (len == -EFAULT)
		return -EFAULT;
	strlcpy(current->name, name, sizeof(current->name));
	return 0;
}

static long name_get(uintptr_t to)
{
	char name[THREAD_NAME] = { 0 };

	strlcpy(name, current->name, sizeof(name));
	return copy_to_user(to, name, sizeof(name));
}

static long death_signal_set(uint64_t sig)
{
	struct process *p = process_current();

	if (sig > SIGNALS)
		return -EINVAL;
	mutex_lock(&process_tree);
	p->death_signal = (unsigned)sig;
	mutex_unlock(&process_tree);
	return 0;
}

long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	int32_t sig = (int32_t)process_current()->death_signal;

	switch (option) {
	case PR_SET_PDEATHSIG:
		return death_signal_set(a);
	case PR_GET_PDEATHSIG:
		return copy_to_user(a, &sig, sizeof(sig));
	case PR_SET_NAME:
		return name_set(a);
	case PR_GET_NAME:
		return name_get(a);
	case PR_GET_DUMPABLE:
		return 1;
	case PR_SET_DUMPABLE:
		return a <= 1 ? 0 : -EINVAL;
	case PR_SET_NO_NEW_PRIVS:
		return a == 1 && !b && !c && !d ? 0 : -EINVAL;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* SPDX-License-Identifier: MIT */
/* System calls by which a parent learns of its children. */
#include "init/process_impl.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/pidfd.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

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

/* *file: referenced, for P_PIDFD. */
static int waitid_which(int which, int id, enum wait_which *out, struct file **file)
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
		*out = WAIT_PID;
		*file = id < 0 ? NULL : fd_get_open(id);
		return id < 0 ? -EINVAL : *file && pidfd_process(*file) ? 0 : -EBADF;
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

/* What the descriptor stands for is not waited for either, if that one does not wait. */
static long wait_by_file(const struct file *file, unsigned options, struct wait_result *result)
{
	bool nonblock = file_flags(file) & VFS_NONBLOCK;
	long ret = process_wait(WAIT_PID, pidfd_process(file)->pid, options | (nonblock ? WNOHANG : 0), result);

	return !ret && nonblock && !(options & WNOHANG) ? -EAGAIN : ret;
}

static long wait_by_which(int which, int id, unsigned options, struct wait_result *result)
{
	struct file *file = NULL;
	enum wait_which meant;
	long ret = waitid_which(which, id, &meant, &file);

	if (!ret && file)
		ret = wait_by_file(file, options, result);
	else if (!ret)
		ret = process_wait(meant, id ? (unsigned)id : process_current()->pgid, options, result);
	if (file)
		file_put(file);
	return ret;
}

long sys_waitid(int which, int id, uintptr_t info, unsigned options, uintptr_t usage)
{
	struct wait_result result = { 0 };
	long ret;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | WAIT_FLAGS) ||
	    !(options & (WEXITED | WUNTRACED | WCONTINUED)))
		return -EINVAL;
	ret = wait_by_which(which, id, options, &result);
	if (ret > 0 && usage && usage_to_user(usage, &result.usage))
		return -EFAULT;
	if (info && waitid_put(info, &result))
		return -EFAULT;
	return ret < 0 ? ret : 0;
}

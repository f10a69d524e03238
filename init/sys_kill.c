/* SPDX-License-Identifier: MIT */
/* System calls that send signals. */
#include "init/process_impl.h"

#include "fs/proc.h"
#include "fs/vfs.h"
#include "init/files.h"
#include "init/pidfd.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

static bool signal_valid(int sig)
{
	return sig >= 0 && sig <= SIGNALS;
}

static bool may_send(struct process *p, const struct siginfo *info)
{
	return p == process_current() || cred_may_signal(p) || (info->signo == SIGCONT && p->sid == process_current()->sid);
}

/* sig 0: only looks. A process that has ended and was not collected is still there. */
static int send(struct process *p, const struct siginfo *info)
{
	if (!may_send(p, info))
		return -EPERM;
	return info->signo ? signal_send_info(p, 0, info) : 0;
}

/* ---- kill ---- */

struct meant {
	int pid;	/* kill's argument, not > 0 */
	unsigned group; /* for pid 0 and < -1 */
	struct siginfo info;
	unsigned count, denied;
};

static void kill_if_meant(struct process *p, struct meant *m)
{
	bool all = m->pid == -1 && p->pid != 1 && p != process_current();

	if (!all && (m->pid == -1 || p->pgid != m->group))
		return;
	if (!may_send(p, &m->info)) {
		m->denied++;
		return;
	}
	m->count++;
	signal_send_member(p, &m->info);
}

static long kill_many(int pid, int sig)
{
	struct meant m = { .pid = pid, .group = pid ? (unsigned)-pid : process_current()->pgid };
	unsigned id = 1;
	struct process *p;

	m.info = siginfo_user((unsigned)sig, SI_USER);
	while ((p = process_next(&id))) {
		kill_if_meant(p, &m);
		process_put(p);
		id++;
	}
	if (!m.count)
		return m.denied ? -EPERM : -ESRCH;
	return 0;
}

/* To the process of this pid: the task's own id names it too. */
static long send_to(int pid, const struct siginfo *info)
{
	struct process *p = pid > 0 ? process_find((unsigned)pid) : NULL;
	long ret;

	if (!p)
		return -ESRCH;
	ret = signal_valid(info->signo) ? send(p, info) : -EINVAL;
	process_put(p);
	return ret;
}

long sys_kill(int pid, int sig)
{
	struct siginfo info = siginfo_user((unsigned)sig, SI_USER);

	if (pid > 0)
		return send_to(pid, &info);
	if (pid == INT32_MIN)
		return -ESRCH;
	if (!signal_valid(sig))
		return -EINVAL;
	return kill_many(pid, sig);
}

/* ---- to one task; pid 0: of whatever process ---- */

static long send_to_task(int pid, int tid, const struct siginfo *info)
{
	struct process *p = process_find((unsigned)tid);
	long ret = -ESRCH;

	if (!p)
		return -ESRCH;
	if (!pid || p->pid == (unsigned)pid)
		ret = !signal_valid(info->signo) ? -EINVAL : may_send(p, info) ? signal_send_info(p, (unsigned)tid, info) : -EPERM;
	process_put(p);
	return ret;
}

long sys_tgkill(int pid, int tid, int sig)
{
	struct siginfo info = siginfo_user((unsigned)sig, SI_TKILL);

	return pid <= 0 || tid <= 0 ? -EINVAL : send_to_task(pid, tid, &info);
}

long sys_tkill(int tid, int sig)
{
	struct siginfo info = siginfo_user((unsigned)sig, SI_TKILL);

	return tid <= 0 ? -EINVAL : send_to_task(0, tid, &info);
}

/* ---- with a message ---- */

/* How many codes of its own a signal has. */
static int codes_of(int sig)
{
	static const int codes[] = { [SIGILL] = 11, [SIGTRAP] = 6, [SIGBUS] = 5, [SIGFPE] = 15, [SIGSEGV] = 10, [SIGCHLD] = 6, [SIGSYS] = 2 };

	return sig > 0 && sig < (int)ARRAY_SIZE(codes) && codes[sig] ? codes[sig] : 6; /* as many as SIGIO has */
}

/* What lies behind a siginfo of a kind that nobody knows must be zero: a later system would have a meaning for it. */
static int rest_check(int sig, int code, uintptr_t from)
{
	uint8_t rest[SIGINFO_SIZE - sizeof(struct siginfo)];

	if (code == SI_KERNEL || (code > SI_UNKNOWN && code <= codes_of(sig)))
		return 0;
	if (copy_from_user(rest, from + sizeof(struct siginfo), sizeof(rest)))
		return -EFAULT;
	for (size_t i = 0; i < sizeof(rest); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

static int info_get(struct siginfo *info, int sig, uintptr_t from)
{
	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	info->signo = sig;
	return rest_check(sig, info->code, from);
}

/* What the kernel itself would say, a program may say only to itself. */
static bool may_say(const struct siginfo *info, int to)
{
	return (info->code < 0 && info->code != SI_TKILL) || to == (int)process_current()->pid;
}

long sys_rt_sigqueueinfo(int pid, int sig, uintptr_t from)
{
	struct siginfo info;
	int err = info_get(&info, sig, from);

	if (err)
		return err;
	return may_say(&info, pid) ? send_to(pid, &info) : -EPERM;
}

long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, uintptr_t from)
{
	struct siginfo info;
	int err = info_get(&info, sig, from);

	if (err)
		return err;
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return may_say(&info, tid) ? send_to_task(pid, tid, &info) : -EPERM;
}

/* ---- to what a descriptor stands for ---- */

static bool is_reaped(const struct process *p)
{
	bool reaped;

	mutex_lock(&process_tree);
	reaped = p->state == PROCESS_REAPED;
	mutex_unlock(&process_tree);
	return reaped;
}

static long pidfd_send(struct process *p, int sig, uintptr_t from)
{
	struct siginfo info = siginfo_user((unsigned)sig, SI_USER);
	int err;

	if (from) {
		if (copy_from_user(&info, from, sizeof(info)))
			return -EFAULT;
		err = rest_check(info.signo, info.code, from);
		if (err)
			return err;
		if (info.signo != sig)
			return -EINVAL;
		if (!may_say(&info, (int)p->pid))
			return -EPERM;
	}
	if (!signal_valid(sig))
		return -EINVAL;
	return is_reaped(p) ? -ESRCH : send(p, &info);
}

/* A pidfd, or the directory of a process in /proc. The process, with a reference. */
static struct process *process_of(struct file *file)
{
	struct process *p = pidfd_process(file);
	unsigned pid = p ? 0 : proc_pid_of(file->inode);

	if (p)
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return pid ? process_find(pid) : p;
}

long sys_pidfd_send_signal(int fd, int sig, uintptr_t info, unsigned flags)
{
	struct process *p;
	struct file *file;
	long ret = -EBADF;

	if (flags)
		return -EINVAL;
	file = fd_get_open(fd);
	if (!file)
		return -EBADF;
	p = process_of(file);
	if (p) {
		ret = pidfd_send(p, sig, info);
		process_put(p);
	} else if (proc_pid_of(file->inode)) {
		ret = -ESRCH;
	}
	file_put(file);
	return ret;
}

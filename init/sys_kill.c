/* SPDX-License-Identifier: MIT */
/* System calls that send signals. */
#include "init/process_impl.h"

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

/* What the kernel itself would say, a program may say only to itself. */
static int info_get(struct siginfo *info, int sig, uintptr_t from, int pid)
{
	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	info->signo = sig;
	if ((info->code >= 0 || info->code == SI_TKILL) && pid != (int)process_current()->pid)
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(int pid, int sig, uintptr_t from)
{
	struct siginfo info;
	int err = info_get(&info, sig, from, pid);

	return err ? err : send_to(pid, &info);
}

long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, uintptr_t from)
{
	struct siginfo info;
	int err = info_get(&info, sig, from, pid);

	if (err)
		return err;
	return pid <= 0 || tid <= 0 ? -EINVAL : send_to_task(pid, tid, &info);
}

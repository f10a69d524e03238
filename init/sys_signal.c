/* SPDX-License-Identifier: MIT */
/* System calls about signals. */
#include "init/process_impl.h"

#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

static bool signal_valid(int sig)
{
	return sig >= 0 && sig <= SIGNALS;
}

/* ---- sending ---- */

struct meant {
	int pid;	/* kill's argument, not > 0 */
	unsigned group; /* for pid 0 and < -1 */
	int sig;
	unsigned count;
};

static void kill_if_meant(struct process *p, struct meant *m)
{
	bool all = m->pid == -1 && p->pid != 1 && p != process_current();

	if (!all && (m->pid == -1 || p->pgid != m->group))
		return;
	m->count++;
	if (m->sig)
		signal_send(p, (unsigned)m->sig);
}

static long kill_many(int pid, int sig)
{
	struct meant m = { .pid = pid, .group = pid ? (unsigned)-pid : process_current()->pgid, .sig = sig };
	unsigned id = 1;
	struct process *p;

	while ((p = process_next(&id))) {
		kill_if_meant(p, &m);
		process_put(p);
		id++;
	}
	return m.count ? 0 : -ESRCH;
}

long sys_kill(int pid, int sig)
{
	struct process *p;

	if (!signal_valid(sig))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid <= 0)
		return kill_many(pid, sig);
	p = process_find((unsigned)pid);
	if (!p)
		return -ESRCH;
	if (sig)
		signal_send(p, (unsigned)sig);
	process_put(p);
	return 0;
}

long sys_tgkill(int pid, int tid, int sig)
{
	struct process *p;
	long ret = -ESRCH;

	if (pid <= 0 || tid <= 0 || !signal_valid(sig))
		return -EINVAL;
	p = process_find((unsigned)tid);
	if (!p)
		return -ESRCH;
	if (p->pid == (unsigned)pid)
		ret = signal_send_tid(p, (unsigned)tid, (unsigned)sig);
	process_put(p);
	return ret;
}

long sys_tkill(int tid, int sig)
{
	struct process *p;
	long ret;

	if (tid <= 0 || !signal_valid(sig))
		return -EINVAL;
	p = process_find((unsigned)tid);
	if (!p)
		return -ESRCH;
	ret = signal_send_tid(p, (unsigned)tid, (unsigned)sig);
	process_put(p);
	return ret;
}

/* ---- actions and masks ---- */

static void action_set(struct process *p, unsigned sig, const struct signal_action *to, struct signal_action *old)
{
	irqflags_t flags = spin_lock_irq(&p->lock);

	*old = p->actions[sig - 1];
	if (to)
		p->actions[sig - 1] = *to;
	spin_unlock_irq(&p->lock, flags);
}

long sys_rt_sigaction(int sig, uintptr_t to, uintptr_t old, size_t set_size)
{
	struct signal_action wanted, was;

	if (set_size != sizeof(uint64_t) || sig < 1 || sig > SIGNALS)
		return -EINVAL;
	if (to && copy_from_user(&wanted, to, sizeof(wanted)))
		return -EFAULT;
	if (to && (sig == SIGKILL || sig == SIGSTOP))
		return -EINVAL;
	action_set(process_current(), (unsigned)sig, to ? &wanted : NULL, &was);
	return old ? copy_to_user(old, &was, sizeof(was)) : 0;
}

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

static int mask_change(int how, uint64_t set, uint64_t was)
{
	switch (how) {
	case SIG_BLOCK:
		signal_set_blocked(was | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(was & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(set);
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_rt_sigprocmask(int how, uintptr_t to, uintptr_t old, size_t set_size)
{
	uint64_t was = task_current()->blocked, set;
	int err = 0;

	if (set_size != sizeof(uint64_t))
		return -EINVAL;
	if (to && copy_from_user(&set, to, sizeof(set)))
		return -EFAULT;
	if (to)
		err = mask_change(how, set, was);
	if (!err && old)
		err = copy_to_user(old, &was, sizeof(was));
	return err;
}

long sys_rt_sigpending(uintptr_t out, size_t set_size)
{
	struct task *t = task_current();
	uint64_t set;
	irqflags_t flags;

	if (set_size > sizeof(uint64_t))
		return -EINVAL;
	flags = spin_lock_irq(&t->process->lock);
	set = (t->pending | t->process->pending) & t->blocked;
	spin_unlock_irq(&t->process->lock, flags);
	return copy_to_user(out, &set, set_size);
}

/* No handler has ever been entered, so there is no frame to return through. */
long sys_rt_sigreturn(void)
{
	signal_send_task(task_current(), SIGSEGV);
	return 0;
}

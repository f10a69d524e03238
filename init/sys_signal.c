/* SPDX-License-Identifier: MIT */
/* System calls about actions, masks and stacks for signals, and those that wait for one. */
#include "init/process_impl.h"

#include "init/clock.h"
#include "init/signal_impl.h"
#include "init/syscalls.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

long sys_rt_sigaction(int sig, uintptr_t to, uintptr_t old, size_t set_size)
{
	struct signal_action wanted = { 0 }, was;

	if (set_size != sizeof(uint64_t) || sig < 1 || sig > SIGNALS)
		return -EINVAL;
	if (to && copy_from_user(&wanted, to, sizeof(wanted)))
		return -EFAULT;
	if (to && (sig == SIGKILL || sig == SIGSTOP))
		return -EINVAL;
	wanted.mask &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
	signal_action_change(process_current(), (unsigned)sig, to ? &wanted : NULL, &was);
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

	if (set_size > sizeof(uint64_t))
		return -EINVAL;
	set = signal_pending_set(t) & t->blocked;
	return copy_to_user(out, &set, set_size);
}

long sys_sigaltstack(struct arch_regs *regs)
{
	struct altstack *a = &task_current()->altstack;
	uintptr_t sp = arch_regs_sp(regs), to = arch_regs_arg(regs, 0), old = arch_regs_arg(regs, 1);
	uint64_t wanted[3], was[3];
	int err = 0;

	if (to && copy_from_user(wanted, to, sizeof(wanted)))
		return -EFAULT;
	altstack_show(a, sp, was);
	if (to)
		err = altstack_set(a, sp, wanted);
	return !err && old ? copy_to_user(old, was, sizeof(was)) : err;
}

long sys_rt_sigreturn(struct arch_regs *regs)
{
	return signal_return(regs);
}

/* ---- waiting ---- */

static long wait_for_signal(void)
{
	static const struct wait_why why = { .what = "a signal", .lasting = true };
	int err;

	do
		err = thread_park(&why, WAIT_SIGNAL, TIME_NEVER);
	while (!err);
	return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
}

long sys_pause(void)
{
	return wait_for_signal();
}

long sys_rt_sigsuspend(uintptr_t from, size_t set_size)
{
	uint64_t mask;

	if (set_size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, from, sizeof(mask)))
		return -EFAULT;
	signal_mask_begin(mask);
	return signal_mask_end(wait_for_signal());
}

/* Process locked. From now on `set` gets through, so that whoever sends one of it tells us; until unwanted. */
static void want(struct process *p, struct task *t, uint64_t set)
{
	t->real_blocked = t->blocked;
	signal_block_locked(p, t, t->blocked & ~set);
}

static void unwant(struct process *p, struct task *t)
{
	signal_block_locked(p, t, t->real_blocked);
	t->real_blocked = 0;
}

static unsigned wanted_begin(struct task *t, uint64_t set, bool waits, struct siginfo *info)
{
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	unsigned sig = signal_take_locked(p, t, set, info);

	if (!sig && waits)
		want(p, t, set);
	spin_unlock_irq(&p->lock, flags);
	return sig;
}

static unsigned wanted_end(struct task *t, uint64_t set, struct siginfo *info)
{
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	unsigned sig;

	unwant(p, t);
	sig = signal_take_locked(p, t, set, info);
	spin_unlock_irq(&p->lock, flags);
	return sig;
}

/* deadline 0: does not wait. The signal's number, -EAGAIN, -EINTR. */
static long wanted_wait(uint64_t set, uint64_t deadline, struct siginfo *info)
{
	struct task *t = task_current();
	unsigned sig = wanted_begin(t, set, deadline, info);
	int err;

	if (sig || !deadline)
		return sig ? (long)sig : -EAGAIN;
	err = thread_sleep_until(deadline, WAIT_SIGNAL);
	sig = wanted_end(t, set, info);
	return sig ? (long)sig : err ? -EINTR : -EAGAIN;
}

static int deadline_get(uintptr_t from, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = TIME_NEVER;
	if (!from)
		return 0;
	err = timespec_from_user(from, &ns);
	if (!err)
		*deadline = ns ? deadline_after(ns) : 0;
	return err;
}

static int siginfo_put(uintptr_t to, const struct siginfo *info)
{
	uint8_t whole[SIGINFO_SIZE] = { 0 };

	memcpy(whole, info, sizeof(*info));
	return copy_to_user(to, whole, sizeof(whole));
}

long sys_rt_sigtimedwait(uintptr_t from, uintptr_t to, uintptr_t timeout, size_t set_size)
{
	struct siginfo info;
	uint64_t set, deadline;
	long ret;

	if (set_size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, from, sizeof(set)))
		return -EFAULT;
	ret = deadline_get(timeout, &deadline);
	if (!ret)
		ret = wanted_wait(set & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP)), deadline, &info);
	return ret > 0 && to && siginfo_put(to, &info) ? -EFAULT : ret;
}

/* SPDX-License-Identifier: MIT */
/* System calls about processes. */
#include "init/process_impl.h"

#include "init/clock.h"
#include "init/exec.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

/* ---- birth and death ---- */

long sys_clone(struct arch_regs *regs)
{
	struct clone_args args = {
		.flags = arch_regs_arg(regs, 0) & UINT32_MAX,
		.stack = arch_regs_arg(regs, 1),
		.parent_tid = arch_regs_arg(regs, 2),
		.child_tid = arch_regs_arg(regs, CLONE_ARG_CTID),
		.tls = arch_regs_arg(regs, CLONE_ARG_TLS),
		.pidfd = arch_regs_arg(regs, 2),
	};

	if (args.flags & CLONE_PIDFD && args.flags & (CLONE_PARENT_SETTID | CLONE_DETACHED))
		return -EINVAL;
	return process_clone(regs, &args);
}

/* Bytes that we know no meaning of must be 0. 0, -EINVAL, -E2BIG, -EFAULT. */
static int clone3_read(struct clone3_args *a, uintptr_t from, size_t size)
{
	char rest[64];

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE3_SIZE_FIRST)
		return -EINVAL;
	*a = (struct clone3_args){ 0 };
	for (size_t at = sizeof(*a); at < size; at += sizeof(rest)) {
		size_t n = size - at < sizeof(rest) ? size - at : sizeof(rest);

		if (copy_from_user(rest, from + at, n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
	}
	return copy_from_user(a, from, size < sizeof(*a) ? size : sizeof(*a));
}

static bool clone3_valid(const struct clone3_args *a)
{
	if (a->flags & (CSIGNAL | CLONE_DETACHED) || a->exit_signal > SIGNALS || a->set_tid || a->set_tid_size)
		return false;
	if (a->flags & (CLONE_THREAD | CLONE_PARENT) && a->exit_signal)
		return false;
	return a->stack ? a->stack_size && user_range_ok(a->stack, a->stack_size) : !a->stack_size;
}

long sys_clone3(struct arch_regs *regs)
{
	struct clone3_args a;
	struct clone_args args;
	int err = clone3_read(&a, arch_regs_arg(regs, 0), arch_regs_arg(regs, 1));

	if (!err && !clone3_valid(&a))
		err = -EINVAL;
	if (err)
		return err;
	args = (struct clone_args){
		.flags = a.flags | a.exit_signal,
		.stack = a.stack + a.stack_size,
		.parent_tid = a.parent_tid,
		.child_tid = a.child_tid,
		.tls = a.tls,
		.pidfd = a.pidfd,
	};
	return process_clone(regs, &args);
}

long sys_fork(struct arch_regs *regs)
{
	struct clone_args args = { .flags = SIGCHLD };

	return process_clone(regs, &args);
}

long sys_vfork(struct arch_regs *regs)
{
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK | SIGCHLD };

	return process_clone(regs, &args);
}

/* Memory and actions are shared among the tasks of a process only, so these change nothing unless there are several. */
#define UNSHARE_SINGLE (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)

static bool is_single(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool single = p->nr_tasks == 1;

	spin_unlock_irq(&p->lock, flags);
	return single;
}

/* Descriptors and directory are the process's: one of several tasks cannot have its own. */
long sys_unshare(uint64_t flags)
{
	struct process *self = process_current();
	int err = 0;

	if (flags & ~(uint64_t)(UNSHARE_SINGLE | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
		return -EINVAL;
	if (flags & ~(uint64_t)CLONE_SYSVSEM && !is_single(self))
		return -EINVAL;
	if (flags & CLONE_FILES)
		err = process_unshare_files(self);
	if (!err && flags & CLONE_FS)
		err = process_unshare_where(self);
	return err;
}

long sys_execve(struct arch_regs *regs)
{
	return exec_user(regs, arch_regs_arg(regs, 0), arch_regs_arg(regs, 1), arch_regs_arg(regs, 2));
}

long sys_execveat(struct arch_regs *regs)
{
	return exec_user_at(regs);
}

static int exit_code(int status)
{
	return (status & 0xff) << 8; /* as wait4 shows it */
}

long sys_exit(int status)
{
	task_exit(exit_code(status));
}

long sys_exit_group(int status)
{
	process_exit(exit_code(status));
}

int usage_to_user(uintptr_t out, const struct usage *u)
{
	struct rusage r = {
		.utime = to_timeval(u->ran_ns - u->system_ns),
		.stime = to_timeval(u->system_ns),
		.minflt = (int64_t)u->minflt,
		.majflt = (int64_t)u->majflt,
		.nvcsw = (int64_t)u->switches,
	};

	return copy_to_user(out, &r, sizeof(r));
}

/* ---- names ---- */

long sys_getpid(void)
{
	return process_current()->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	return process_parent_pid(process_current());
}

/* The process meant by pid (0: the caller), with a reference, or NULL. */
static struct process *process_meant(int pid)
{
	struct process *p = process_find(pid > 0 ? (unsigned)pid : process_current()->pid);

	if (p && pid < 0) {
		process_put(p);
		p = NULL;
	}
	return p;
}

long sys_getpgid(int pid)
{
	struct process *p = process_meant(pid);
	long ret = -ESRCH;

	if (p) {
		mutex_lock(&process_tree);
		ret = p->pgid;
		mutex_unlock(&process_tree);
		process_put(p);
	}
	return ret;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

/* process_tree held. Is there such a group in this session? */
static bool group_exists(unsigned pgid, unsigned sid)
{
	bool found = false;
	unsigned id = 1;
	struct process *p;

	for (; !found && (p = process_next(&id)); id++) {
		found = p->pgid == pgid && p->sid == sid;
		process_put(p);
	}
	return found;
}

/* process_tree held. Only ourselves and our children may be moved, before they are another program; not out of the session, nor its leader. */
static int group_move(struct process *self, struct process *p, unsigned pgid)
{
	if (p != self && p->parent != self)
		return -ESRCH;
	if (p->sid != self->sid)
		return -EPERM;
	if (p != self && p->execed)
		return -EACCES;
	if (p->pid == p->sid || (pgid != p->pid && !group_exists(pgid, self->sid)))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	struct process *p;
	long ret;

	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	p = process_meant(pid);
	if (!p)
		return -ESRCH;
	mutex_lock(&process_tree);
	ret = group_move(process_current(), p, pgid ? (unsigned)pgid : p->pid);
	mutex_unlock(&process_tree);
	process_put(p);
	return ret;
}

long sys_getsid(int pid)
{
	struct process *p = process_meant(pid);
	long ret = -ESRCH;

	if (p) {
		mutex_lock(&process_tree);
		ret = p->sid;
		mutex_unlock(&process_tree);
		process_put(p);
	}
	return ret;
}

long sys_setsid(void)
{
	struct process *p = process_current();
	long ret = -EPERM;

	mutex_lock(&process_tree);
	if (p->pgid != p->pid && !group_exists(p->pid, p->sid)) {
		p->sid = p->pgid = p->pid;
		ret = p->pid;
	}
	mutex_unlock(&process_tree);
	return ret;
}

/* ---- the rest ---- */

long sys_set_tid_address(uintptr_t word)
{
	task_current()->clear_tid = word;
	return current->tid;
}

enum { ARCH_GET_CPUID = 0x1011, ARCH_SET_CPUID };

/* CPUID cannot be made to fault. */
long sys_arch_prctl(unsigned code, uintptr_t arg)
{
	uintptr_t value;

	if (code == ARCH_GET_CPUID)
		return 1;
	if (code == ARCH_SET_CPUID)
		return -ENODEV;
	if (arch_prctl_get(code, &value))
		return arch_prctl_set(code, arg);
	return copy_to_user(arg, &value, sizeof(value));
}

enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1 };

long sys_getrusage(int who, uintptr_t out)
{
	struct process *p = process_current();
	struct usage u;

	switch (who) {
	case RUSAGE_SELF:
		u = process_usage(p);
		break;
	case RUSAGE_CHILDREN:
		mutex_lock(&process_tree);
		u = p->dead_children;
		mutex_unlock(&process_tree);
		break;
	case RUSAGE_THREAD:
		u = task_usage(task_current());
		break;
	default:
		return -EINVAL;
	}
	return usage_to_user(out, &u);
}

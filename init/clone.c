/* SPDX-License-Identifier: MIT */
/* clone, fork, vfork: one way to make a task, in this process or in a new one. */
#include "init/process_impl.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/pidfd.h"
#include "init/timers.h"
#include "init/where.h"
#include "kernel/frame.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"

#define CLONE_SHARE (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* No meaning here, or only for tracers: accepted. */
#define CLONE_IGNORED (CLONE_SYSVSEM | CLONE_DETACHED | CLONE_PTRACE | CLONE_UNTRACED | CLONE_IO)

#define CLONE_KNOWN                                                                                \
	(CSIGNAL | CLONE_SHARE | CLONE_IGNORED | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | CLONE_SETTLS |    \
	 CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_CLEAR_SIGHAND)

static struct process *first; /* pid 1: set once, before there is a second */

struct process *process_one(void)
{
	return first;
}

/* Lock held. 0, or -EINTR if the process is ending: then a new task would be missed. */
static int task_link_locked(struct process *p, struct task *t)
{
	if (p->exiting || p->execing)
		return -EINTR;
	list_append(&p->tasks, &t->link);
	p->nr_tasks++;
	signal_task_linked(p, t);
	return 0;
}

/* The same for the first task of a process that self makes; -ERESTARTNOINTR: point 9 of init/signal.c. self's lock held. */
static int child_link_locked(const struct process *self, struct task *t, unsigned group_signals)
{
	struct process *child = t->process;
	int err;

	if (self->group_signals != group_signals)
		return -ERESTARTNOINTR;
	spin_lock_second(&child->lock);
	cred_init(&child->cred, &self->cred);
	cred_changed(child);
	err = task_link_locked(child, t);
	spin_unlock(&child->lock);
	return err;
}

/* Links t and its process's id. 0, -ENOMEM, -EINTR, -ERESTARTNOINTR. */
static int task_link(struct process *self, struct task *t, unsigned group_signals)
{
	int err = process_id_add(t->thread->tid, t->process);
	irqflags_t flags;

	if (err)
		return err;
	flags = spin_lock_irq(&self->lock);
	err = self == t->process ? task_link_locked(self, t) : child_link_locked(self, t, group_signals);
	spin_unlock_irq(&self->lock, flags);
	if (err)
		process_id_remove(t->thread->tid);
	return err;
}

int process_first(const char *path)
{
	struct process *p;
	int err;

	current->tid = 1; /* kept free by kernel/thread.c */
	p = process_new(1, NULL);
	if (!p || !task_new(p, current))
		return -ENOMEM;
	p->sighand = sighand_new(NULL);
	if (!p->sighand)
		return -ENOMEM;
	strlcpy(p->path, path, sizeof(p->path));
	first = p;
	mutex_lock(&process_tree);
	err = task_link(p, current->task, 0);
	mutex_unlock(&process_tree);
	return err;
}

/* ---- what a child gets from its parent ---- */

static int inherit_mm(struct process *child, const struct process *parent, uint64_t flags)
{
	if (flags & CLONE_VM) {
		child->mm = parent->mm;
		mm_get(child->mm);
		return 0;
	}
	child->mm = mm_fork(parent->mm);
	return child->mm ? 0 : -ENOMEM;
}

static int inherit(struct process *child, const struct process *parent, uint64_t flags)
{
	int err = inherit_mm(child, parent, flags);

	if (err)
		return err;
	child->files = flags & CLONE_FILES ? files_get(parent->files) : files_copy(parent->files);
	child->where = flags & CLONE_FS ? where_get(parent->where) : where_copy(parent->where);
	child->exe = parent->exe;
	if (child->exe)
		file_get(child->exe);
	child->sighand = flags & CLONE_SIGHAND ? sighand_get(parent->sighand) : sighand_new(parent->sighand);
	child->exit_signal = (flags & CSIGNAL) <= SIGNALS ? flags & CSIGNAL : 0;
	if (flags & CLONE_CLEAR_SIGHAND && child->sighand)
		sighand_reset(child->sighand);
	return child->files && child->where && child->sighand ? 0 : -ENOMEM;
}

/* A process that never ran: lets go of what inherit gave it. */
static void process_discard(struct process *p)
{
	if (p->mm)
		mm_put(p->mm);
	if (p->files)
		files_put(p->files);
	if (p->where)
		where_put(p->where);
	if (p->exe)
		file_put(p->exe);
	process_put(p);
}

/* ---- the new task ---- */

static void task_run(void *arg)
{
	struct task *t = arg;
	uint32_t tid = current->tid;

	timers_limit();
	if (t->set_tid)
		copy_to_user(t->set_tid, &tid, sizeof(tid));
	if (thread_killed())
		task_exit_killed();
	task_enter_user(&t->start);
}

/* The machine's part of a new thread: registers, and what user mode keeps elsewhere. 0, -ENOMEM, -EPERM. */
static int task_make_arch(struct task *t, const struct arch_regs *regs, const struct clone_args *args)
{
	struct arch_thread *arch = &t->thread->arch;
	int err;

	t->start = *regs;
	arch_regs_set_ret(&t->start, 0);
	if (args->stack)
		arch_regs_set_sp(&t->start, args->stack);
	err = arch_user_copy(arch);
	return !err && args->flags & CLONE_SETTLS ? arch_tls_set(arch, args->tls) : err;
}

static void policy_inherit(struct task *t, const struct task *from)
{
	bool reset = from->policy & SCHED_RESET_ON_FORK && from->priority;

	t->policy = reset ? 0 : from->policy & ~SCHED_RESET_ON_FORK;
	t->priority = reset ? 0 : from->priority;
}

/* *made: a task of p for this thread, not started, that will go on from regs as clone's child. 0 or -errno. */
static int task_make(struct process *p, struct thread *thread, const struct arch_regs *regs, const struct clone_args *args,
		     struct task **made)
{
	struct task *t = task_new(p, thread);
	int err = t ? task_make_arch(t, regs, args) : -ENOMEM;

	*made = t;
	if (err)
		return err;
	thread->arg = t;
	t->blocked = task_current()->blocked;
	policy_inherit(t, task_current());
	t->timer_slack[0] = t->timer_slack[1] = task_current()->timer_slack[0];
	atomic_store_explicit(&thread->allowed, thread_affinity(current), memory_order_relaxed);
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) /* else the stack is in use already */
		t->altstack = task_current()->altstack;
	rseq_inherit(t, args->flags & CLONE_VM);
	t->clear_tid = args->flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
	t->set_tid = args->flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
	thread->mm = p->mm;
	thread_set_space(thread, &p->mm->arch);
	return 0;
}

/* Into the tree and the table of ids. */
static int process_link(struct task *t, const struct clone_args *args, unsigned group_signals)
{
	struct process *self = process_current(), *p = t->process;
	int err;

	mutex_lock(&process_tree);
	p->pgid = self->pgid; /* which somebody may have changed meanwhile */
	p->sid = self->sid;
	err = task_link(self, t, group_signals);
	if (!err && p != self) {
		p->parent = args->flags & CLONE_PARENT && self->parent ? self->parent : self;
		if (args->flags & CLONE_PARENT)
			p->exit_signal = self->exit_signal;
		list_append(&p->parent->children, &p->sibling);
	}
	mutex_unlock(&process_tree);
	return err;
}

static void vfork_wait(struct process *child, struct vfork *v)
{
	struct wait_why why = { .what = "vfork child", .lasting = true, .object = child };
	irqflags_t flags;

	wait_until(&v->q, &why, WAIT_KILLABLE, TIME_NEVER, v->done);
	flags = spin_lock_irq(&child->lock);
	if (child->vfork == v)
		child->vfork = NULL;
	spin_unlock_irq(&child->lock, flags);
}

/* Starts t; from here on it may be gone at any moment. Returns its tid. */
static long task_go(struct task *t, const struct clone_args *args)
{
	struct process *p = t->process;
	uint32_t tid = t->thread->tid;
	struct vfork v = { 0 };
	bool vfork = args->flags & CLONE_VFORK && p != process_current();

	if (vfork) {
		waitq_init(&v.q);
		p->vfork = &v;
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	}
	if (args->flags & CLONE_PARENT_SETTID)
		copy_to_user(args->parent_tid, &tid, sizeof(tid));
	thread_start(t->thread);
	if (vfork) {
		vfork_wait(p, &v);
		process_put(p);
	}
	return tid;
}

static int flags_check(uint64_t flags)
{
	if (flags & ~(uint64_t)CLONE_KNOWN)
		return -EINVAL; /* name spaces among them */
	if (flags & CLONE_PIDFD && flags & CLONE_THREAD)
		return -EINVAL;
	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && (!(flags & CLONE_VM) || flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	return 0;
}

/* What of memory is for the tasks that are there, who will need pages yet: 1 in 32. New ones end before that. */
#define ROOM_SHARE 32

static bool room_for_task(void)
{
	while (frame_available() < frame_total() / ROOM_SHARE)
		if (!page_try_make_room())
			return false;
	return true;
}

/* Signals that have been sent take effect first; *group_signals: how many were to many. */
static int signals_first(struct process *self, unsigned *group_signals)
{
	irqflags_t flags = spin_lock_irq(&self->lock);
	bool told = atomic_load_explicit(&current->signalled, memory_order_relaxed);

	*group_signals = self->group_signals;
	spin_unlock_irq(&self->lock, flags);
	return told || thread_killed() ? -ERESTARTNOINTR : 0;
}

/* The number of a file that stands for p, told to the user, and the file, which is to be installed under it when p is there. */
static int pidfd_promise(struct process *p, uintptr_t out, struct file **file)
{
	int err = pidfd_file(p, 0, file), fd;

	if (err)
		return err;
	fd = fd_reserve(0, true);
	if (fd >= 0 && copy_to_user(out, &fd, sizeof(fd))) {
		fd_unreserve(fd);
		fd = -EFAULT;
	}
	if (fd < 0)
		file_put(*file);
	return fd;
}

/* Into the tree, and with CLONE_PIDFD into the caller's descriptors. */
static int task_link_with_pidfd(struct task *t, const struct clone_args *args, unsigned group_signals)
{
	struct file *file;
	int fd, err;

	if (!(args->flags & CLONE_PIDFD))
		return process_link(t, args, group_signals);
	fd = pidfd_promise(t->process, args->pidfd, &file);
	if (fd < 0)
		return fd;
	err = process_link(t, args, group_signals);
	if (!err) {
		fd_install(fd, file);
		return 0;
	}
	fd_unreserve(fd);
	file_put(file);
	return err;
}

long process_clone(const struct arch_regs *regs, const struct clone_args *args)
{
	struct process *self = process_current(), *p = self;
	unsigned group_signals;
	struct thread *thread;
	struct task *t = NULL;
	int err = flags_check(args->flags);

	if (!err)
		err = signals_first(self, &group_signals);
	if (err)
		return err;
	if (!room_for_task())
		return -EAGAIN;
	thread = thread_create(current->name, task_run, NULL);
	if (!thread)
		return -EAGAIN;
	if (!(args->flags & CLONE_THREAD)) {
		p = process_new(thread->tid, self);
		err = p ? inherit(p, self, args->flags) : -ENOMEM;
	}
	if (!err) {
		err = task_make(p, thread, regs, args, &t);
		if (!err)
			err = task_link_with_pidfd(t, args, group_signals);
	}
	if (!err)
		return task_go(t, args);
	if (t)
		task_free(t);
	thread_discard(thread);
	if (p && p != self)
		process_discard(p);
	return err;
}

/* ---- unshare ---- */

int process_unshare_files(struct process *self)
{
	struct files *old = self->files, *own;
	irqflags_t flags;

	if (!files_shared(old))
		return 0;
	own = files_copy(old);
	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&self->lock);
	self->files = own;
	spin_unlock_irq(&self->lock, flags);
	files_put(old);
	return 0;
}

int process_unshare_where(struct process *self)
{
	struct where *old = self->where, *own = where_copy(old);
	irqflags_t flags;

	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&self->lock);
	self->where = own;
	spin_unlock_irq(&self->lock, flags);
	where_put(old);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* clone, fork, vfork: one way to make a task, in this process or in a new one. */
#include "init/process_impl.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/where.h"
#include "kernel/frame.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/lru.h"

#define CLONE_SHARE (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

/* No meaning here, or only for tracers: accepted. */
#define CLONE_IGNORED (CLONE_SYSVSEM | CLONE_DETACHED | CLONE_PTRACE | CLONE_UNTRACED | CLONE_IO)

#define CLONE_KNOWN                                                                                \
	(CSIGNAL | CLONE_SHARE | CLONE_IGNORED | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | CLONE_SETTLS |    \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_CLEAR_SIGHAND)

static struct process *first; /* pid 1: set once, before there is a second */

struct process *process_one(void)
{
	return first;
}

/* Links t and its process's id. 0 or -ENOMEM, or -EINTR if the process is ending: then a new task would be missed. */
static int task_link(struct task *t)
{
	struct process *p = t->process;
	int err = process_id_add(t->thread->tid, p);
	irqflags_t flags;

	if (err)
		return err;
	flags = spin_lock_irq(&p->lock);
	if (p->exiting || p->execing) {
		err = -EINTR;
	} else {
		list_append(&p->tasks, &t->link);
		p->nr_tasks++;
		signal_task_linked(p, t);
	}
	spin_unlock_irq(&p->lock, flags);
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
	err = task_link(current->task);
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

	if (t->set_tid)
		copy_to_user(t->set_tid, &tid, sizeof(tid));
	if (thread_killed())
		task_exit_killed();
	task_enter_user(&t->start);
}

/* A thread of p, not started, that will go on from regs as clone's child. NULL: no memory. */
static struct task *task_make(struct process *p, struct thread *thread, const struct arch_regs *regs,
			      const struct clone_args *args)
{
	struct task *t = task_new(p, thread);

	if (!t)
		return NULL;
	thread->arg = t;
	t->start = *regs;
	arch_regs_set_ret(&t->start, 0);
	if (args->stack)
		arch_regs_set_sp(&t->start, args->stack);
	if (arch_user_copy(&thread->arch)) {
		task_free(t);
		return NULL;
	}
	if (args->flags & CLONE_SETTLS)
		arch_tls_set(&thread->arch, args->tls);
	t->blocked = task_current()->blocked;
	atomic_store_explicit(&thread->allowed, thread_affinity(current), memory_order_relaxed);
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) /* else the stack is in use already */
		t->altstack = task_current()->altstack;
	rseq_inherit(t, args->flags & CLONE_VM);
	t->clear_tid = args->flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
	t->set_tid = args->flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
	thread->mm = p->mm;
	thread_set_space(thread, &p->mm->arch);
	return t;
}

/* Into the tree and the table of ids. */
static int process_link(struct task *t, const struct clone_args *args)
{
	struct process *self = process_current(), *p = t->process;
	int err;

	mutex_lock(&process_tree);
	err = task_link(t);
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
	struct wait_why why = { .what = "vfork child", .object = child };
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
		if (!page_make_room())
			return false;
	return true;
}

long process_clone(const struct arch_regs *regs, const struct clone_args *args)
{
	struct process *self = process_current(), *p = self;
	struct thread *thread;
	struct task *t = NULL;
	int err = flags_check(args->flags);

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
		t = task_make(p, thread, regs, args);
		err = t ? process_link(t, args) : -ENOMEM;
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

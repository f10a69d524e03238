/* SPDX-License-Identifier: MIT */
/* The end of tasks and processes. What is let go when is in the statement of init/process.c. */
#include "init/process_impl.h"

#include "drivers/iogroup.h"
#include "init/files.h"
#include "init/futex.h"
#include "init/job.h"
#include "init/run.h"
#include "init/shm.h"
#include "init/terminal.h"
#include "init/timers.h"
#include "init/where.h"
#include "lib/errno.h"

void process_vfork_done(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);

	if (p->vfork) {
		p->vfork->done = true;
		waitq_wake_all(&p->vfork->q); /* under our lock: the parent takes it before its vfork goes away */
		p->vfork = NULL;
	}
	spin_unlock_irq(&p->lock, flags);
}

void process_kill_locked(struct process *p, int status)
{
	struct task *t;

	if (p->exiting)
		return;
	p->exiting = true;
	p->status = status;
	job_release_locked(p);
	list_for_each(t, &p->tasks, link)
		thread_kill(t->thread);
}

void process_exit(int status)
{
	struct process *p = process_current();
	irqflags_t flags = spin_lock_irq(&p->lock);

	process_kill_locked(p, status);
	spin_unlock_irq(&p->lock, flags);
	task_exit(status);
}

/* p->lock held, and released meanwhile. 0 when self is the only task left, or -EINTR. */
static int wait_for_others(struct process *p, irqflags_t *flags)
{
	static const struct wait_why why = { .what = "other threads to end (execve)" };
	int err = 0;

	while (!err && p->nr_tasks > 1) {
		spin_unlock_irq(&p->lock, *flags);
		err = thread_park(&why, WAIT_KILLABLE, TIME_NEVER);
		*flags = spin_lock_irq(&p->lock);
	}
	return err;
}

/* The only task left goes by the process's pid from now on. */
static void task_take_pid(struct process *p)
{
	if (current->tid == p->pid)
		return;
	mutex_lock(&process_tree);
	process_id_remove(current->tid);
	current->tid = p->pid;
	mutex_unlock(&process_tree);
}

int process_become_single(void)
{
	struct task *self = task_current(), *t;
	struct process *p = self->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	int err = p->exiting || p->execing ? -EINTR : 0; /* execing: another task is at it and has us killed */

	if (!err) {
		p->execing = self;
		list_for_each(t, &p->tasks, link)
			if (t != self)
				thread_kill(t->thread);
		err = wait_for_others(p, &flags);
		p->execing = NULL;
	}
	spin_unlock_irq(&p->lock, flags);
	if (!err)
		task_take_pid(p);
	return err;
}

/* ---- children of the dead ---- */

/* process_tree held. p is out of the tree: the caller puts it when it has let go of the lock. */
void process_reap_locked(struct process *p)
{
	struct usage own = p->dead_tasks;

	assert(p->state == PROCESS_ZOMBIE);
	p->state = PROCESS_REAPED;
	list_remove(&p->sibling);
	process_id_remove(p->pid);
	if (p->parent) {
		usage_add(&p->parent->dead_children, &own);
		usage_add(&p->parent->dead_children, &p->dead_children);
	}
}

static bool wants_no_zombies(struct process *parent)
{
	struct signal_action action = signal_action_look(parent, SIGCHLD);

	return action.handler == SIG_IGN || action.flags & SA_NOCLDWAIT;
}

static void death_tell(struct process *p, struct process *parent)
{
	bool killed = p->status & 0x7f;
	struct siginfo info = {
		.signo = (int)p->exit_signal,
		.code = p->status & 0x80 ? CLD_DUMPED : killed ? CLD_KILLED : CLD_EXITED,
		.pid = p->pid,
		.status = killed ? p->status & 0x7f : p->status >> 8,
		.utime = (int64_t)((p->dead_tasks.ran_ns - p->dead_tasks.system_ns) / (NSEC_PER_SEC / 100)),
		.stime = (int64_t)(p->dead_tasks.system_ns / (NSEC_PER_SEC / 100)),
	};

	signal_send_info(parent, 0, &info);
}

/* process_tree held, p a zombie. Tells its parent. true: nobody will wait for it, and it has been taken out of the tree. */
static bool zombie_announce(struct process *p)
{
	struct process *parent = p->parent;
	bool unwanted = p->exit_signal == SIGCHLD && wants_no_zombies(parent);

	if (p->exit_signal)
		death_tell(p, parent);
	if (unwanted)
		process_reap_locked(p);
	waitq_wake_all(&parent->child_wait);
	return unwanted;
}

/* process_tree held. Who gets p's children: the next one above that wants orphans and still runs, or the first process. */
static struct process *heir_of(const struct process *p)
{
	struct process *heir = p->parent;

	while (heir && !(atomic_load_explicit(&heir->traits, memory_order_relaxed) & TRAIT_SUBREAPER && heir->state == PROCESS_ALIVE))
		heir = heir->parent;
	return heir ? heir : process_one();
}

/* process_tree held. Zombies nobody will wait for go on `gone`. */
static void children_hand_on(struct process *p, struct list *gone)
{
	struct process *child, *tmp, *heir = heir_of(p);

	list_for_each_safe(child, tmp, &p->children, sibling) {
		list_remove(&child->sibling);
		list_append(&heir->children, &child->sibling);
		child->parent = heir;
		child->exit_signal = SIGCHLD;
		child->adopted = true;
		if (child->death_signal)
			signal_send(child, child->death_signal);
		if (child->state == PROCESS_ZOMBIE && zombie_announce(child))
			list_append(gone, &child->sibling);
	}
}

static void process_become_zombie(struct process *p)
{
	struct list gone = LIST_INIT(gone);
	struct process *child, *tmp;

	mutex_lock(&process_tree);
	job_exit_locked(p);
	children_hand_on(p, &gone);
	p->state = PROCESS_ZOMBIE;
	atomic_store_explicit(&p->ended, true, memory_order_relaxed);
	waitq_wake_all(&p->end_wait);
	if (zombie_announce(p))
		list_append(&gone, &p->sibling);
	mutex_unlock(&process_tree);
	list_for_each_safe(child, tmp, &gone, sibling) {
		list_remove(&child->sibling);
		process_put(child);
	}
}

/* ---- the end ---- */

/* The last task is gone, or rather: is us, unlinked. */
static void process_end(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct mm *mm = p->mm;
	struct files *files = p->files;
	struct where *where = p->where;
	struct file *exe = p->exe;

	pending_flush(&p->pending, UINT64_MAX);
	p->mm = NULL;
	p->files = NULL;
	p->where = NULL;
	p->exe = NULL;
	spin_unlock_irq(&p->lock, flags);
	timers_end(p);
	if (mm)
		mm_put(mm);
	shm_detached();
	process_vfork_done(p);
	if (files)
		files_put(files);
	if (where)
		where_put(where);
	if (exe)
		file_put(exe);
	if (p->pid == 1)
		run_ended(p->status);
	terminal_process_ended(p);
	process_become_zombie(p);
}

/* Takes the task out of its process. true: it was the last one. */
static bool task_unlink(struct task *t, int status)
{
	struct process *p = t->process;
	struct usage used = task_usage(t);
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool last = --p->nr_tasks == 0, stopped;

	list_remove(&t->link);
	usage_add(&p->dead_tasks, &used);
	if (last && !p->exiting) {
		p->exiting = true; /* no more signals */
		p->status = status;
	}
	if (p->execing)
		thread_unpark(p->execing->thread);
	stopped = signal_task_unlinked(p, t);
	spin_unlock_irq(&p->lock, flags);
	if (stopped)
		job_tell_stopped(p);
	return last;
}

void task_exit(int status)
{
	struct task *t = task_current();
	struct process *p = t->process;
	unsigned tid = current->tid;
	bool last;

	futex_release(true);
	thread_set_space(current, NULL);
	current->mm = NULL;
	if (tid != p->pid) {
		mutex_lock(&process_tree);
		process_id_remove(tid);
		mutex_unlock(&process_tree);
	}
	last = task_unlink(t, status);
	io_group_join(current, NULL); /* before anybody is told that we have ended */
	if (last)
		process_end(p);
	task_free(t);
	thread_exit();
}

void task_exit_killed(void)
{
	struct process *p = process_current();
	irqflags_t flags = spin_lock_irq(&p->lock);

	if (!p->execing)
		process_kill_locked(p, SIGKILL); /* unless it has a status already */
	spin_unlock_irq(&p->lock, flags);
	task_exit(p->status);
}

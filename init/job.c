/* SPDX-License-Identifier: MIT */
/*
 * Stopping and continuing.
 *
 *	running --a task takes a stop signal--> stopping --every task is in job_stop_here--> stopped
 *	   ^------------------------- SIGCONT, SIGKILL -------'---------------------------------'
 *
 * 1. stop_signal != 0 says stopping or stopped. Every task is then told (thread_signal), comes by signal_act to job_stop_here, is counted
 *    in nr_stopped and sleeps. Who completes the count, by arriving or by ending, tells the parent. A task that sleeps inside a call
 *    where only a kill can reach it comes later, and so does the parent's news.
 * 2. SIGCONT, when it is sent, sets stop_signal to 0 and takes all tasks out of the count, under the lock; so a second stop counts
 *    from 0, whether or not the tasks have left their sleep in between: each looks at its own `stopped`.
 * 3. A stop signal that was taken before SIGCONT but is carried out after it must do nothing: taking sets stop_wanted, SIGCONT clears it.
 * 4. Who sends may be an interrupt and cannot look at the tree. So the news that it goes on is carried by a task of the process itself, on
 *    its way out of the stop (continue_untold).
 * 5. wait4 reads and clears stop_report and continue_report under the lock of the child, holding process_tree; the parent is woken under
 *    process_tree after they are set.
 */
#include "init/job.h"

#include "init/process_impl.h"

static _Atomic unsigned nr_stopping; /* processes with stop_signal != 0: while 0, no ending process looks for orphans */

/* p->lock held. */
static void stop_end(struct process *p)
{
	struct task *t;

	p->stop_wanted = false;
	if (!p->stop_signal)
		return;
	p->stop_signal = 0;
	p->stop_report = 0;
	p->nr_stopped = 0;
	atomic_fetch_sub_explicit(&nr_stopping, 1, memory_order_relaxed);
	list_for_each(t, &p->tasks, link) {
		t->stopped = false;
		thread_unpark(t->thread);
	}
}

void job_continue_locked(struct process *p)
{
	if (p->stop_signal && p->stop_told) {
		p->continue_report = true;
		p->continue_untold = true;
	}
	stop_end(p);
}

void job_release_locked(struct process *p)
{
	stop_end(p);
}

/* ---- the parent ---- */

static void parent_tell(struct process *p, int code, unsigned sig)
{
	struct siginfo info = { .signo = SIGCHLD, .code = code, .pid = p->pid, .status = (int)sig };
	struct process *parent;

	mutex_lock(&process_tree);
	parent = p->parent;
	if (parent) {
		if (!(signal_action_look(parent, SIGCHLD).flags & SA_NOCLDSTOP))
			signal_send_info(parent, 0, &info);
		waitq_wake_all(&parent->child_wait);
	}
	mutex_unlock(&process_tree);
}

void job_tell_stopped(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	unsigned sig = p->stop_report;

	spin_unlock_irq(&p->lock, flags);
	if (sig)
		parent_tell(p, CLD_STOPPED, sig);
}

void job_tell_continued(struct process *p)
{
	parent_tell(p, CLD_CONTINUED, SIGCONT);
}

/* ---- the tasks ---- */

void job_stop(unsigned sig)
{
	struct process *p = process_current();
	bool holds = sig == SIGSTOP || !job_orphaned(p->pgid);
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct task *t;

	if (holds && p->stop_wanted && !p->exiting && !p->stop_signal) {
		p->stop_signal = sig;
		p->stop_told = p->continue_report = p->continue_untold = false;
		atomic_fetch_add_explicit(&nr_stopping, 1, memory_order_relaxed);
		list_for_each(t, &p->tasks, link)
			thread_signal(t->thread, false);
	}
	p->stop_wanted = false;
	spin_unlock_irq(&p->lock, flags);
}

/* p->lock held. true: they have all stopped, and the caller tells the parent. */
static bool stop_complete(struct process *p)
{
	if (!p->stop_signal || p->stop_told || p->nr_stopped < p->nr_tasks)
		return false;
	p->stop_told = true;
	p->stop_report = p->stop_signal;
	return true;
}

static bool stop_enter(struct process *p, struct task *t)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool complete = false;

	if (p->stop_signal) {
		t->stopped = true;
		p->nr_stopped++;
		complete = stop_complete(p);
	}
	spin_unlock_irq(&p->lock, flags);
	return complete;
}

static bool still_stopped(struct process *p, struct task *t)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool stopped = t->stopped;

	spin_unlock_irq(&p->lock, flags);
	return stopped;
}

void job_stop_here(void)
{
	static const struct wait_why why = { .what = "SIGCONT", .lasting = true };
	struct task *t = task_current();
	struct process *p = t->process;

	if (stop_enter(p, t))
		job_tell_stopped(p);
	while (still_stopped(p, t) && !thread_park(&why, WAIT_KILLABLE, TIME_NEVER))
		;
}

bool job_task_gone_locked(struct process *p, struct task *t)
{
	if (t->stopped)
		p->nr_stopped--;
	t->stopped = false;
	return stop_complete(p);
}

/* ---- groups that nobody looks after; process_tree held ---- */

/* dying: about to hand its children on, or NULL. Whom the first process has adopted, it does not look after. */
static bool looked_after(const struct process *p, unsigned pgid, const struct process *dying)
{
	const struct process *parent = p->adopted || p->parent == dying ? NULL : p->parent;

	return p->pgid == pgid && p != dying && p->state == PROCESS_ALIVE && parent && parent->pgid != pgid && parent->sid == p->sid;
}

static bool orphaned(unsigned pgid, const struct process *dying)
{
	bool found = false;
	unsigned id = 1;
	struct process *p;

	for (; !found && (p = process_next(&id)); id++) {
		found = looked_after(p, pgid, dying);
		process_put(p);
	}
	return !found;
}

bool job_orphaned_locked(unsigned pgid)
{
	return orphaned(pgid, NULL);
}

bool job_orphaned(unsigned pgid)
{
	bool is;

	mutex_lock(&process_tree);
	is = orphaned(pgid, NULL);
	mutex_unlock(&process_tree);
	return is;
}

static bool has_stopped(unsigned pgid)
{
	bool found = false;
	unsigned id = 1;
	struct process *p;

	for (; !found && (p = process_next(&id)); id++) {
		found = p->pgid == pgid && p->stop_signal && p->stop_told;
		process_put(p);
	}
	return found;
}

/* `keeper` in session sid looked after the group until now, and p is about to end. */
static void group_left(unsigned pgid, const struct process *keeper, unsigned sid, const struct process *dying)
{
	if (!keeper || keeper->pgid == pgid || keeper->sid != sid || !has_stopped(pgid) || !orphaned(pgid, dying))
		return;
	signal_group(pgid, SIGHUP);
	signal_group(pgid, SIGCONT);
}

void job_exit_locked(struct process *p)
{
	struct process *child;

	if (!atomic_load_explicit(&nr_stopping, memory_order_relaxed))
		return;
	list_for_each(child, &p->children, sibling)
		group_left(child->pgid, p, child->sid, p);
	group_left(p->pgid, p->parent, p->sid, p);
}

/* SPDX-License-Identifier: MIT */
/*
 * Signals: where they wait, and who acts on them. What acting means is in init/signal_act.c, stopping in init/job.c.
 *
 * 1. process->lock guards all that a signal touches: pending sets and queues, masks, the state of a stop. Whoever sends, takes, blocks
 *    or stops holds it. Handlers live in struct sighand, which processes may share; its lock comes after.
 * 2. Sending: under the lock the signal becomes pending, and one task that does not block it is told: thread_signal sets `signalled`, then
 *    WORK_SIGNAL, then wakes it. A task is linked while it may be told something, and unlinks itself under the lock (init/process.c).
 * 3. No signal is lost between the look and the sleep: a sleeper looks at `signalled` in thread_park after it is on its queue, and the
 *    wake leaves a token (head of kernel/park.c). A call that has looked and returns to user mode instead finds WORK_SIGNAL.
 * 4. `signalled` implies WORK_SIGNAL, or signal_act on its way: WORK_SIGNAL is cleared first, `signalled` after that, under the
 *    lock, when nothing is left to do. So a call that returns a restart code always comes through signal_act.
 * 5. Somebody acts: a signal of the process that is pending and not blocked by all has a told task. A task that was told and then blocks it
 *    (signal_set_blocked), or ends (signal_task_unlinked), tells the others. Who comes first takes it; the others find nothing, which costs
 *    them a way through signal_act and restarts their calls.
 * 6. A signal that ends the process is not taken by anybody: the sender marks every task as killed. `exiting` then stops all
 *    sending, so nothing is queued for a process that is past its last look; what is queued already goes with the tasks and the process.
 * 7. fork: the child's queues are empty; the mask is the parent's. execve: other tasks end first, each with its own queue; the process's
 *    queue and the caller's stay; handlers are reset in a table of its own.
 * 8. A trap is not sent but forced: if it is blocked or ignored, its action becomes the default. It is the task's own, and taken
 *    before all others, so that the frame shows the instruction that trapped.
 * 9. A signal to many (a group, or all) goes to the parent before the child, whose id is higher; and a child that is not yet in the table
 *    is not found. So each counts it (group_signals), and a fork links its child with the parent's lock held, if the count is what it was
 *    when the fork began: else the fork begins again. Sent after that, the signal finds the child; sent before, it comes before the child.
 */
#include "init/signal_impl.h"

#include "init/job.h"
#include "init/process_impl.h"
#include "init/signalfd.h"
#include "lib/errno.h"

#define NEVER_BLOCKED (signal_bit(SIGKILL) | signal_bit(SIGSTOP))
#define STOPS (signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))

/* ---- sending ---- */

struct siginfo siginfo_user(unsigned sig, int code)
{
	return (struct siginfo){ .signo = (int)sig, .code = code, .pid = process_current()->pid, .uid = cred_current().user.real };
}

struct siginfo siginfo_kernel(unsigned sig)
{
	return (struct siginfo){ .signo = (int)sig, .code = SI_KERNEL };
}

static bool blocks(const struct task *t, unsigned sig)
{
	return t->blocked & signal_bit(sig);
}

/* Who shall act on a signal of the process: preferably somebody who has nothing else to act on. NULL: all block it. */
static struct task *choose(struct process *p, unsigned sig)
{
	struct task *t, *busy = NULL;

	list_for_each(t, &p->tasks, link) {
		if (blocks(t, sig))
			continue;
		if (!atomic_load_explicit(&t->thread->signalled, memory_order_relaxed))
			return t;
		if (!busy)
			busy = t;
	}
	return busy;
}

#define CORES                                                                                                              \
	(signal_bit(SIGQUIT) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGABRT) | signal_bit(SIGBUS) |       \
	 signal_bit(SIGFPE) | signal_bit(SIGSEGV) | signal_bit(SIGXCPU) | signal_bit(SIGXFSZ) | signal_bit(SIGSYS))
#define CORE_LEAST 4096 /* a smaller limit means none */

int signal_status(const struct process *p, unsigned sig)
{
	bool core = signal_bit(sig) & CORES && atomic_load_explicit(&p->limits[RLIMIT_CORE].cur, memory_order_relaxed) >= CORE_LEAST;

	return (int)sig | (core ? 0x80 : 0);
}

/* sig has become pending for t or, if t is NULL, for the process. */
static void tell(struct process *p, struct task *t, unsigned sig)
{
	struct signal_action a = signal_action_of(p, sig);

	if (p->stop_signal)
		return; /* all look again when they go on */
	if (!t)
		t = choose(p, sig);
	if (!t || blocks(t, sig))
		return; /* stays pending until somebody unblocks it */
	if (a.handler == SIG_DFL && signal_default(sig) == EFFECT_END && !(t->real_blocked & signal_bit(sig)))
		process_kill_locked(p, signal_status(p, sig));
	else
		thread_signal(t->thread, false);
}

static void flush_all(struct process *p, uint64_t set)
{
	struct task *t;

	pending_flush(&p->pending, set);
	list_for_each(t, &p->tasks, link)
		pending_flush(&t->pending, set);
}

/* Stopping and continuing cancel each other when they are sent, whatever is done with them later. */
static void cancel_opposite(struct process *p, unsigned sig)
{
	if (sig == SIGCONT) {
		flush_all(p, STOPS);
		job_continue_locked(p);
	} else if (sig == SIGKILL) {
		job_release_locked(p);
	} else if (signal_bit(sig) & STOPS) {
		flush_all(p, signal_bit(SIGCONT));
	}
}

int signal_send_locked(struct process *p, struct task *t, const struct siginfo *info, struct queued_signal *own)
{
	unsigned sig = (unsigned)info->signo;
	struct pending *q = t ? &t->pending : &p->pending;
	struct signal_action a;
	const struct task *judge;
	int err;

	if (p->exiting || list_empty(&p->tasks))
		return 0;
	cancel_opposite(p, sig);
	judge = t ? t : list_first(&p->tasks, struct task, link);
	a = signal_action_of(p, sig);
	if (signal_ignored_by(&a, sig) && !((judge->blocked | judge->real_blocked) & signal_bit(sig)))
		return 0;
	if (sig < FIRST_QUEUED && !own && q->set & signal_bit(sig))
		return 0;
	err = pending_add(p, q, info, own);
	if (err)
		return err;
	tell(p, t, sig);
	if (unlikely(atomic_load_explicit(&signalfds_open, memory_order_relaxed)))
		signalfd_wake();
	return 0;
}

int signal_send_info(struct process *p, unsigned tid, const struct siginfo *info)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct task *t = tid ? process_task(p, tid) : NULL;
	int err = tid && !t ? -ESRCH : 0;

	if (!err && info->signo)
		err = signal_send_locked(p, t, info, NULL);
	spin_unlock_irq(&p->lock, flags);
	return err;
}

int signal_send_member(struct process *p, const struct siginfo *info)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	int err = 0;

	if (info->signo) {
		p->group_signals++;
		err = signal_send_locked(p, NULL, info, NULL);
	}
	spin_unlock_irq(&p->lock, flags);
	return err;
}

void signal_send(struct process *p, unsigned sig)
{
	struct siginfo info = siginfo_kernel(sig);

	signal_send_info(p, 0, &info);
}

void signal_send_task(struct task *t, unsigned sig)
{
	struct siginfo info = siginfo_user(sig, SI_USER);

	signal_send_info(t->process, t->thread->tid, &info);
}

bool signal_force(const struct siginfo *info)
{
	struct task *t = task_current();
	struct process *p = t->process;
	unsigned sig = (unsigned)info->signo;
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct signal_action a = signal_action_of(p, sig);
	bool dies = a.handler == SIG_DFL || a.handler == SIG_IGN || blocks(t, sig);

	if (dies) {
		signal_action_reset(p, sig);
		t->blocked &= ~signal_bit(sig);
		process_kill_locked(p, signal_status(p, sig));
	} else {
		signal_send_locked(p, t, info, NULL);
	}
	spin_unlock_irq(&p->lock, flags);
	return dies;
}

unsigned signal_group(unsigned pgid, unsigned sig)
{
	struct siginfo info = siginfo_kernel(sig);
	unsigned id = 1, count = 0;
	struct process *p;

	for (; (p = process_next(&id)); id++) {
		if (p->pgid == pgid) {
			signal_send_member(p, &info);
			count++;
		}
		process_put(p);
	}
	return count;
}

/* ---- masks ---- */

/* t will not act on what is in `set` of the process's signals: somebody else may have to. */
static void retarget(struct process *p, const struct task *t, uint64_t set)
{
	struct task *other;

	set &= p->pending.set;
	if (!set)
		return;
	list_for_each(other, &p->tasks, link)
		if (other != t && set & ~other->blocked)
			thread_signal(other->thread, false);
}

void signal_block_locked(struct process *p, struct task *t, uint64_t mask)
{
	uint64_t more;

	mask &= ~NEVER_BLOCKED;
	more = mask & ~t->blocked;
	t->blocked = mask;
	if (more)
		retarget(p, t, more);
	if ((t->pending.set | p->pending.set) & ~mask)
		thread_signal(t->thread, false);
}

void signal_set_blocked(uint64_t mask)
{
	struct task *t = task_current();
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	signal_block_locked(t->process, t, mask);
	spin_unlock_irq(&t->process->lock, flags);
}

uint64_t signal_pending_set(struct task *t)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);
	uint64_t set = t->pending.set | t->process->pending.set;

	spin_unlock_irq(&t->process->lock, flags);
	return set;
}

/* ---- the life of tasks ---- */

void signal_task_linked(struct process *p, struct task *t)
{
	if (p->stop_signal)
		thread_signal(t->thread, false);
}

bool signal_task_unlinked(struct process *p, struct task *t)
{
	pending_flush(&t->pending, UINT64_MAX);
	if (p->exiting || !p->nr_tasks) {
		job_release_locked(p);
		return false;
	}
	retarget(p, t, ~t->blocked);
	return job_task_gone_locked(p, t);
}

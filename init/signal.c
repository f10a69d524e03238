/* SPDX-License-Identifier: MIT */
/*
 * What signals do, where they wait, and what becomes of a trap in user mode.
 *
 * Locks: process->lock guards every word a signal touches. thread_signal and thread_kill are called under it, so a task
 * that is still linked is still there. Nobody sleeps here but signal_act, which then holds nothing.
 */
#include "init/signal.h"

#include "init/process.h"
#include "kernel/log.h"
#include "kernel/restart.h"
#include "lib/errno.h"

enum effect { EFFECT_END, EFFECT_IGNORE, EFFECT_STOP };

struct kind {
	const char *name;
	enum effect by_default;
};

static const struct kind kinds[SIGNALS + 1] = {
	[SIGHUP] = { "SIGHUP", EFFECT_END },	   [SIGINT] = { "SIGINT", EFFECT_END },
	[SIGQUIT] = { "SIGQUIT", EFFECT_END },	   [SIGILL] = { "SIGILL", EFFECT_END },
	[SIGTRAP] = { "SIGTRAP", EFFECT_END },	   [SIGABRT] = { "SIGABRT", EFFECT_END },
	[SIGBUS] = { "SIGBUS", EFFECT_END },	   [SIGFPE] = { "SIGFPE", EFFECT_END },
	[SIGKILL] = { "SIGKILL", EFFECT_END },	   [SIGUSR1] = { "SIGUSR1", EFFECT_END },
	[SIGSEGV] = { "SIGSEGV", EFFECT_END },	   [SIGUSR2] = { "SIGUSR2", EFFECT_END },
	[SIGPIPE] = { "SIGPIPE", EFFECT_END },	   [SIGALRM] = { "SIGALRM", EFFECT_END },
	[SIGTERM] = { "SIGTERM", EFFECT_END },	   [SIGSTKFLT] = { "SIGSTKFLT", EFFECT_END },
	[SIGCHLD] = { "SIGCHLD", EFFECT_IGNORE },  [SIGCONT] = { "SIGCONT", EFFECT_IGNORE },
	[SIGSTOP] = { "SIGSTOP", EFFECT_STOP },	   [SIGTSTP] = { "SIGTSTP", EFFECT_STOP },
	[SIGTTIN] = { "SIGTTIN", EFFECT_STOP },	   [SIGTTOU] = { "SIGTTOU", EFFECT_STOP },
	[SIGURG] = { "SIGURG", EFFECT_IGNORE },	   [SIGXCPU] = { "SIGXCPU", EFFECT_END },
	[SIGXFSZ] = { "SIGXFSZ", EFFECT_END },	   [SIGVTALRM] = { "SIGVTALRM", EFFECT_END },
	[SIGPROF] = { "SIGPROF", EFFECT_END },	   [SIGWINCH] = { "SIGWINCH", EFFECT_IGNORE },
	[SIGIO] = { "SIGIO", EFFECT_END },	   [SIGPWR] = { "SIGPWR", EFFECT_END },
	[SIGSYS] = { "SIGSYS", EFFECT_END },
};

#define NEVER_BLOCKED (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

const char *signal_name(unsigned sig)
{
	return sig <= SIGNALS && kinds[sig].name ? kinds[sig].name : "signal";
}

/* ---- sending ---- */

/* Process locked. A signal without a handler would do this. */
static enum effect effect_of(const struct process *p, unsigned sig)
{
	uint64_t handler = p->actions[sig - 1].handler;

	if (handler == SIG_IGN)
		return EFFECT_IGNORE;
	return handler == SIG_DFL ? kinds[sig].by_default : EFFECT_END;
}

/* Process locked, sig pending for t or, if t is NULL, for any task: finds who shall act on it. */
static void signal_tell(struct process *p, struct task *t, unsigned sig)
{
	struct task *any;

	list_for_each(any, &p->tasks, link)
		if (!t && !(any->blocked & signal_bit(sig)))
			t = any;
	if (!t || t->blocked & signal_bit(sig))
		return; /* stays pending until somebody unblocks it */
	if (p->actions[sig - 1].handler == SIG_DFL && kinds[sig].by_default == EFFECT_END)
		process_kill_locked(p, (int)sig);
	else
		thread_signal(t->thread, false);
}

static bool blocked_by(const struct task *t, unsigned sig)
{
	return t->blocked & signal_bit(sig);
}

void signal_send(struct process *p, unsigned sig)
{
	irqflags_t flags = spin_lock_irq(&p->lock);

	if (!p->exiting && !list_empty(&p->tasks)) {
		struct task *first = list_first(&p->tasks, struct task, link);

		if (effect_of(p, sig) != EFFECT_IGNORE || blocked_by(first, sig)) {
			p->pending |= signal_bit(sig);
			signal_tell(p, NULL, sig);
		}
	}
	spin_unlock_irq(&p->lock, flags);
}

static void send_task_locked(struct task *t, unsigned sig)
{
	struct process *p = t->process;

	if (p->exiting || (effect_of(p, sig) == EFFECT_IGNORE && !blocked_by(t, sig)))
		return;
	t->pending |= signal_bit(sig);
	signal_tell(p, t, sig);
}

void signal_send_task(struct task *t, unsigned sig)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	send_task_locked(t, sig);
	spin_unlock_irq(&t->process->lock, flags);
}

int signal_send_tid(struct process *p, unsigned tid, unsigned sig)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	int err = -ESRCH;
	struct task *t;

	list_for_each(t, &p->tasks, link) {
		if (t->thread->tid != tid)
			continue;
		if (sig)
			send_task_locked(t, sig);
		err = 0;
		break;
	}
	spin_unlock_irq(&p->lock, flags);
	return err;
}

/* A trap cannot be put off: blocked or ignored, it ends the process. */
void signal_force(unsigned sig)
{
	struct task *t = task_current();
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);

	process_kill_locked(p, (int)sig);
	spin_unlock_irq(&p->lock, flags);
}

/* ---- taking effect ---- */

/* Process locked. The lowest signal that may act on t now, taken off; 0: none. */
static unsigned signal_take(struct process *p, struct task *t)
{
	uint64_t ready = (t->pending | p->pending) & ~t->blocked;
	unsigned sig;

	if (!ready) {
		atomic_store_explicit(&t->thread->signalled, false, memory_order_relaxed);
		return 0;
	}
	sig = (unsigned)__builtin_ctzll(ready) + 1;
	t->pending &= ~signal_bit(sig);
	p->pending &= ~signal_bit(sig);
	return sig;
}

static unsigned next_effect(struct process *p, struct task *t, enum effect *effect, bool *handler)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	unsigned sig = signal_take(p, t);

	if (sig) {
		*effect = effect_of(p, sig);
		*handler = p->actions[sig - 1].handler > SIG_IGN;
	}
	spin_unlock_irq(&p->lock, flags);
	return sig;
}

void signal_act(void)
{
	struct task *t = task_current();
	struct process *p = t->process;
	enum effect effect;
	bool handler;
	unsigned sig;

	if (thread_killed())
		task_exit_killed();
	while ((sig = next_effect(p, t, &effect, &handler))) {
		if (handler)
			log_line("PID %u %s: %s (%u) has a handler, and handlers are not supported", p->pid, p->path,
				 signal_name(sig), sig);
		if (effect == EFFECT_STOP)
			log_line("PID %u %s: %s (%u) ignored: stopping is not supported", p->pid, p->path,
				 signal_name(sig), sig);
		if (effect == EFFECT_END)
			process_exit((int)sig);
	}
}

void signal_set_blocked(uint64_t mask)
{
	struct task *t = task_current();
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);

	t->blocked = mask & ~NEVER_BLOCKED;
	if ((t->pending | p->pending) & ~t->blocked)
		thread_signal(t->thread, false);
	spin_unlock_irq(&p->lock, flags);
}

void signal_actions_reset(struct process *p)
{
	for (unsigned i = 0; i < SIGNALS; i++) {
		struct signal_action *a = &p->actions[i];

		*a = (struct signal_action){ .handler = a->handler == SIG_IGN ? SIG_IGN : SIG_DFL };
	}
}

/* ---- interrupted calls ---- */

long signal_resume(const struct resume *r)
{
	task_current()->resume = *r;
	return -ERESTART_RESTARTBLOCK;
}

void signal_mask_begin(uint64_t mask)
{
	struct task *t = task_current();

	t->saved_mask = t->blocked;
	t->mask_saved = true;
	signal_set_blocked(mask);
}

long signal_mask_end(long result)
{
	struct task *t = task_current();

	t->mask_saved = false;
	signal_set_blocked(t->saved_mask);
	return result;
}

/* SPDX-License-Identifier: MIT */
/* What signals are called, what they do by default, and what a process does with them instead. */
#include "init/signal_impl.h"

#include "init/process_impl.h"
#include "kernel/slab.h"
#include "lib/string.h"

static const char *const names[SIGNALS + 1] = {
	[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP",
	[SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
	[SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT", [SIGSTOP] = "SIGSTOP",
	[SIGTSTP] = "SIGTSTP", [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG", [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH", [SIGIO] = "SIGIO",
	[SIGPWR] = "SIGPWR", [SIGSYS] = "SIGSYS",
};

const char *signal_name(unsigned sig)
{
	return sig <= SIGNALS && names[sig] ? names[sig] : "signal";
}

enum signal_effect signal_default(unsigned sig)
{
	switch (sig) {
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return EFFECT_STOP;
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return EFFECT_IGNORE;
	default:
		return EFFECT_END;
	}
}

/* ---- what is done with them ---- */

/* (L) lock, (A) atomic */
struct sighand {
	_Atomic unsigned refs;			/* processes		(A) */
	struct spinlock lock;
	struct signal_action actions[SIGNALS];	/*			(L) */
};

static struct slab_cache sighand_cache = SLAB_CACHE("sighand", struct sighand);

struct sighand *sighand_new(struct sighand *like)
{
	struct sighand *s = slab_zalloc(&sighand_cache);
	irqflags_t flags;

	if (!s)
		return NULL;
	atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
	spin_init(&s->lock, LOCK_SIGHAND);
	if (like) {
		flags = spin_lock_irq(&like->lock);
		memcpy(s->actions, like->actions, sizeof(s->actions));
		spin_unlock_irq(&like->lock, flags);
	}
	return s;
}

struct sighand *sighand_get(struct sighand *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void sighand_put(struct sighand *s)
{
	/* acq_rel: whoever frees comes after every other user */
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		slab_free(&sighand_cache, s);
}

static struct signal_action action_swap(struct sighand *s, unsigned sig, const struct signal_action *to)
{
	irqflags_t flags = spin_lock_irq(&s->lock);
	struct signal_action was = s->actions[sig - 1];

	if (to)
		s->actions[sig - 1] = *to;
	spin_unlock_irq(&s->lock, flags);
	return was;
}

struct signal_action signal_action_of(struct process *p, unsigned sig)
{
	return action_swap(p->sighand, sig, NULL);
}

struct signal_action signal_action_look(struct process *p, unsigned sig)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct signal_action a = signal_action_of(p, sig);

	spin_unlock_irq(&p->lock, flags);
	return a;
}

/* Flags and mask stay to be seen, as on Linux. */
void signal_action_reset(struct process *p, unsigned sig)
{
	struct sighand *s = p->sighand;
	irqflags_t flags = spin_lock_irq(&s->lock);

	s->actions[sig - 1].handler = SIG_DFL;
	spin_unlock_irq(&s->lock, flags);
}

/* With this action the signal is as if it had never been sent. */
bool signal_ignored_by(const struct signal_action *a, unsigned sig)
{
	return a->handler == SIG_IGN || (a->handler == SIG_DFL && signal_default(sig) == EFFECT_IGNORE);
}

void signal_action_change(struct process *p, unsigned sig, const struct signal_action *to, struct signal_action *old)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct task *t;

	*old = action_swap(p->sighand, sig, to);
	if (to && signal_ignored_by(to, sig)) {
		pending_flush(&p->pending, signal_bit(sig));
		list_for_each(t, &p->tasks, link)
			pending_flush(&t->pending, signal_bit(sig));
	}
	spin_unlock_irq(&p->lock, flags);
}

void sighand_reset(struct sighand *s)
{
	for (unsigned i = 0; i < SIGNALS; i++)
		s->actions[i] = (struct signal_action){ .handler = s->actions[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL };
}

void signal_exec(struct process *p, struct sighand *own)
{
	struct sighand *old = p->sighand;
	irqflags_t flags;

	sighand_reset(own);
	task_current()->altstack = (struct altstack){ 0 };
	flags = spin_lock_irq(&p->lock);
	p->sighand = own;
	spin_unlock_irq(&p->lock, flags);
	sighand_put(old);
}

/* SPDX-License-Identifier: MIT */
/*
 * Signals taking effect, on a task's way to user mode. In order: the task ends if it has been killed; it sleeps while its process is
 * stopped; then one signal after the other is taken, until none is left that may be. A handler means a frame on the user's stack and
 * registers that enter it; with several, the last one taken runs first and returns into the one before.
 *
 * What becomes of an interrupted system call is decided once, before the first frame is made: the frame then shows either the call's
 * result, -EINTR, or registers from which it begins again. See kernel/restart.h.
 */
#include "init/signal_impl.h"

#include "init/job.h"
#include "init/linux.h"
#include "init/process_impl.h"
#include "init/syscalls.h"
#include "kernel/restart.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sysno.h"

#define SS_ONSTACK 1u
#define SS_DISABLE 2u
#define SS_AUTODISARM (1u << 31)

struct taken {
	struct siginfo info;
	struct signal_action action;
};

/* ---- what to do next ---- */

enum step { STEP_NONE, STEP_AGAIN, STEP_STOP, STEP_STOPPED, STEP_CONTINUED, STEP_END, STEP_HANDLER };

/* Process locked. */
static enum step step_of(struct process *p, struct taken *s)
{
	unsigned sig = (unsigned)s->info.signo;

	s->action = signal_action_of(p, sig);
	if (signal_ignored_by(&s->action, sig))
		return STEP_AGAIN;
	if (s->action.handler != SIG_DFL) {
		if (s->action.flags & SA_RESETHAND)
			signal_action_reset(p, sig);
		return STEP_HANDLER;
	}
	if (signal_default(sig) == EFFECT_END)
		return STEP_END;
	p->stop_wanted = true;
	return STEP_STOP;
}

static enum step next_step_locked(struct process *p, struct task *t, struct taken *s)
{
	if (p->stop_signal)
		return STEP_STOPPED;
	if (p->continue_untold) {
		p->continue_untold = false;
		return STEP_CONTINUED;
	}
	if (signal_take_locked(p, t, ~t->blocked, &s->info))
		return step_of(p, s);
	atomic_store_explicit(&t->thread->signalled, false, memory_order_relaxed);
	return STEP_NONE;
}

static enum step next_step(struct process *p, struct task *t, struct taken *s)
{
	irqflags_t flags;
	enum step step;

	if (thread_killed())
		task_exit_killed();
	flags = spin_lock_irq(&p->lock);
	step = next_step_locked(p, t, s);
	spin_unlock_irq(&p->lock, flags);
	return step;
}

/* Everything but handlers. true: *s has one. */
static bool next_handler(struct process *p, struct task *t, struct taken *s)
{
	for (;;) {
		switch (next_step(p, t, s)) {
		case STEP_NONE:
			return false;
		case STEP_HANDLER:
			return true;
		case STEP_AGAIN:
			break;
		case STEP_STOP:
			job_stop((unsigned)s->info.signo);
			break;
		case STEP_STOPPED:
			job_stop_here();
			break;
		case STEP_CONTINUED:
			job_tell_continued(p);
			break;
		case STEP_END:
			process_exit(s->info.signo);
		}
	}
}

/* ---- the interrupted call ---- */

long signal_interrupted(long result)
{
	assert(result != -515); /* no such code */
	task_current()->interrupted = (unsigned)-result;
	atomic_fetch_or_explicit(&current->arch.work, WORK_SIGNAL, memory_order_relaxed);
	return result;
}

/* action: of the handler that will run, or NULL. */
static void call_settle(struct arch_regs *regs, struct task *t, const struct signal_action *action)
{
	unsigned code = t->interrupted;
	bool again = !action || code == ERESTARTNOINTR || (code == ERESTARTSYS && action->flags & SA_RESTART);

	t->interrupted = 0;
	if (!code)
		return;
	if (again)
		arch_regs_repeat_call(regs, code == ERESTART_RESTARTBLOCK ? SYS_restart_syscall : -1);
	else
		arch_regs_set_ret(regs, -EINTR);
}

long signal_resume(const struct resume *r)
{
	task_current()->resume = *r;
	return -ERESTART_RESTARTBLOCK;
}

/* A program may call this itself, at any time: what was to be resumed is either still that, or nothing. */
long sys_restart_syscall(void)
{
	struct resume r = task_current()->resume;

	task_current()->resume.again = NULL;
	return r.again ? r.again(&r) : -EINTR;
}

/* ---- masks of calls ---- */

void signal_mask_begin(uint64_t mask)
{
	struct task *t = task_current();

	t->saved_mask = t->blocked;
	t->mask_saved = true;
	signal_set_blocked(mask);
}

static void mask_restore(struct task *t)
{
	if (!t->mask_saved)
		return;
	t->mask_saved = false;
	signal_set_blocked(t->saved_mask);
}

long signal_mask_end(long result)
{
	if (result == -EINTR || (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK))
		atomic_fetch_or_explicit(&current->arch.work, WORK_SIGNAL, memory_order_relaxed); /* signal_act does it */
	else
		mask_restore(task_current());
	return result;
}

/* ---- alternate stacks ---- */

static bool on_altstack(const struct altstack *a, uintptr_t sp)
{
	return !(a->flags & SS_AUTODISARM) && sp > a->base && sp - a->base <= a->size;
}

static unsigned altstack_state(const struct altstack *a, uintptr_t sp)
{
	if (!a->size)
		return SS_DISABLE;
	return on_altstack(a, sp) ? SS_ONSTACK : 0;
}

void altstack_show(const struct altstack *a, uintptr_t sp, uint64_t out[3])
{
	out[0] = a->base;
	out[1] = altstack_state(a, sp) | (a->flags & SS_AUTODISARM);
	out[2] = a->size;
}

int altstack_set(struct altstack *a, uintptr_t sp, const uint64_t in[3])
{
	uint32_t flags = (uint32_t)in[1], mode = flags & ~SS_AUTODISARM;

	if (on_altstack(a, sp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (in[0] == a->base && in[2] == a->size && flags == a->flags)
		return 0;
	if (mode == SS_DISABLE) {
		*a = (struct altstack){ .flags = flags };
		return 0;
	}
	if (in[2] < ABI_MINSIGSTKSZ)
		return -ENOMEM;
	*a = (struct altstack){ .base = in[0], .size = in[2], .flags = flags };
	return 0;
}

/* ---- frames ---- */

static void stack_choose(struct arch_signal *a, const struct altstack *alt, uintptr_t sp, uint64_t flags)
{
	bool nested = on_altstack(alt, sp);
	bool enters = flags & SA_ONSTACK && alt->size && !nested;

	a->stack = enters ? alt->base + alt->size : 0;
	a->stack_low = enters || nested ? alt->base : 0;
}

static int frame_make(struct arch_regs *regs, struct task *t, const struct taken *s)
{
	uint8_t info[SIGINFO_SIZE] = { 0 };
	struct arch_signal a = {
		.sig = (unsigned)s->info.signo,
		.want_info = s->action.flags & SA_SIGINFO,
		.handler = s->action.handler,
		.restorer = s->action.flags & SA_RESTORER ? s->action.restorer : t->process->trampoline,
		.mask = t->mask_saved ? t->saved_mask : t->blocked,
		.altstack = { t->altstack.base, t->altstack.flags, t->altstack.size },
		.info = info,
	};

	memcpy(info, &s->info, sizeof(s->info));
	stack_choose(&a, &t->altstack, arch_regs_sp(regs), s->action.flags);
	return arch_signal_enter(regs, &a);
}

/* The stack cannot take the frame. If it was for SIGSEGV itself, no handler of that can help. */
static void frame_failed(struct process *p, unsigned sig)
{
	struct siginfo info = siginfo_kernel(SIGSEGV);
	irqflags_t flags = spin_lock_irq(&p->lock);

	if (sig == SIGSEGV)
		signal_action_reset(p, SIGSEGV);
	spin_unlock_irq(&p->lock, flags);
	signal_force(&info);
}

static void handler_run(struct arch_regs *regs, struct task *t, const struct taken *s)
{
	unsigned sig = (unsigned)s->info.signo;
	uint64_t more = s->action.mask | (s->action.flags & SA_NODEFER ? 0 : signal_bit(sig));

	t->resume.again = NULL;
	if (frame_make(regs, t, s)) {
		frame_failed(t->process, sig);
		return;
	}
	t->mask_saved = false; /* the frame has it */
	if (t->altstack.flags & SS_AUTODISARM)
		t->altstack = (struct altstack){ .flags = SS_DISABLE };
	signal_set_blocked(t->blocked | more);
}

void signal_act(struct arch_regs *regs)
{
	struct task *t = task_current();
	struct process *p = t->process;
	struct taken s;

	while (next_handler(p, t, &s)) {
		call_settle(regs, t, &s.action);
		rseq_resume(regs); /* the handler returns to where a stretch starts again */
		handler_run(regs, t, &s);
	}
	call_settle(regs, t, NULL);
	mask_restore(t);
}

long signal_return(struct arch_regs *regs)
{
	struct siginfo bad = siginfo_kernel(SIGSEGV);
	struct task *t = task_current();
	uint64_t mask, altstack[3];

	t->resume.again = NULL;
	if (arch_signal_return(regs, &mask, altstack)) {
		signal_force(&bad);
		return 0;
	}
	signal_set_blocked(mask);
	altstack_set(&t->altstack, arch_regs_sp(regs), altstack);
	return arch_regs_ret(regs);
}

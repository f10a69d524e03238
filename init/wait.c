/* SPDX-License-Identifier: MIT */
/*
 * wait4 and waitid: a parent learns of its children, and collects its dead. A look is made under process_tree, which those hold too who
 * have news and wake us; news of stopping and going on lie in the child, under its lock, until somebody has been told.
 */
#include "init/process_impl.h"

#include "init/linux.h"
#include "lib/errno.h"

struct search {
	enum wait_which which;
	unsigned id;
	unsigned options;
	struct process *parent;
	struct process *reaped; /* ours to put */
	struct wait_result *result; /* filled in when pid != 0 */
	bool any;		/* some child is meant, of which there may be news */
};

/* process_tree held. */
static bool is_meant(const struct search *s, const struct process *child)
{
	bool clone_child = child->exit_signal != SIGCHLD;

	if (!(s->options & __WALL) && clone_child != !!(s->options & __WCLONE))
		return false;
	if (child->state == PROCESS_ZOMBIE && !(s->options & WEXITED))
		return false;
	switch (s->which) {
	case WAIT_PID:
		return child->pid == s->id;
	case WAIT_GROUP:
		return child->pgid == s->id;
	default:
		return true;
	}
}

static void found(struct search *s, const struct process *child, int code, int status, int detail)
{
	*s->result = (struct wait_result){ .pid = child->pid, .code = code, .status = status, .detail = detail };
}

static void found_zombie(struct search *s, struct process *child)
{
	int sig = child->status & 0x7f;

	found(s, child, child->status & 0x80 ? CLD_DUMPED : sig ? CLD_KILLED : CLD_EXITED, child->status, sig ? sig : child->status >> 8);
	s->result->usage = child->dead_tasks;
	usage_add(&s->result->usage, &child->dead_children);
	if (s->options & WNOWAIT)
		return;
	process_reap_locked(child);
	s->reaped = child;
}

/* Alive: has it stopped, or gone on, without anybody having been told? */
static void look_alive(struct search *s, struct process *child)
{
	irqflags_t flags = spin_lock_irq(&child->lock);
	bool keep = s->options & WNOWAIT;

	if (s->options & WUNTRACED && child->stop_report) {
		found(s, child, CLD_STOPPED, (int)child->stop_report << 8 | 0x7f, (int)child->stop_report);
		child->stop_report = keep ? child->stop_report : 0;
	} else if (s->options & WCONTINUED && child->continue_report) {
		found(s, child, CLD_CONTINUED, 0xffff, SIGCONT);
		child->continue_report = keep;
	}
	spin_unlock_irq(&child->lock, flags);
}

/* true: there is nothing to wait for. */
static bool look(struct search *s)
{
	struct process *child;

	mutex_lock(&process_tree);
	s->any = false;
	list_for_each(child, &s->parent->children, sibling) {
		if (!is_meant(s, child))
			continue;
		s->any = true;
		if (child->state == PROCESS_ZOMBIE)
			found_zombie(s, child);
		else
			look_alive(s, child);
		if (s->result->pid)
			break;
	}
	mutex_unlock(&process_tree);
	return s->result->pid || !s->any || s->options & WNOHANG;
}

long process_wait(enum wait_which which, unsigned id, unsigned options, struct wait_result *result)
{
	struct search s = { .which = which, .id = id, .options = options, .parent = process_current(), .result = result };
	struct wait_why why = { .what = "child", .lasting = true, .object = s.parent };
	int err;

	*result = (struct wait_result){ 0 };
	err = wait_until(&s.parent->child_wait, &why, WAIT_SIGNAL, TIME_NEVER, look(&s));
	if (s.reaped)
		process_put(s.reaped);
	if (result->pid)
		return result->pid;
	return err ? err : s.any ? 0 : -ECHILD;
}

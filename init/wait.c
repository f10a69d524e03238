/* SPDX-License-Identifier: MIT */
/* wait4: a parent collects its dead. A look is made under process_tree, which the dying hold too when they wake us. */
#include "init/process_impl.h"

#include "init/linux.h"
#include "lib/errno.h"

struct search {
	int pid; /* wait4's first argument */
	unsigned options;
	struct process *parent;
	struct process *found; /* reaped; ours to put */
	bool any;	       /* some child, dead or alive, is meant */
};

/* process_tree held. */
static bool is_meant(const struct search *s, const struct process *child)
{
	bool clone_child = child->exit_signal != SIGCHLD;

	if (!(s->options & __WALL) && clone_child != !!(s->options & __WCLONE))
		return false;
	if (s->pid > 0)
		return child->pid == (unsigned)s->pid;
	if (s->pid == -1)
		return true;
	return child->pgid == (s->pid ? (unsigned)-s->pid : s->parent->pgid);
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
		if (child->state != PROCESS_ZOMBIE)
			continue;
		process_reap_locked(child);
		s->found = child;
		break;
	}
	mutex_unlock(&process_tree);
	return s->found || !s->any || s->options & WNOHANG;
}

long process_wait(int pid, unsigned options, struct wait_result *result)
{
	struct search s = { .pid = pid, .options = options, .parent = process_current() };
	struct wait_why why = { .what = "child", .object = s.parent };
	int err = wait_until(&s.parent->child_wait, &why, WAIT_SIGNAL, TIME_NEVER, look(&s));
	long ret;

	if (!s.found)
		return err ? err : s.any ? 0 : -ECHILD;
	ret = s.found->pid;
	result->status = s.found->status;
	result->usage = s.found->dead_tasks;
	usage_add(&result->usage, &s.found->dead_children);
	process_put(s.found);
	return ret;
}

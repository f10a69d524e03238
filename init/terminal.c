/* SPDX-License-Identifier: MIT */
/* Sessions and groups are (T) process_tree's; a signal to a group comes from interrupts too, and then looks at them without it: a process
 * that changes its group at that moment may or may not get it, as if the key had been typed before or after. */
#include "init/terminal.h"

#include "fs/tty.h"
#include "init/cmdline.h"
#include "init/job.h"
#include "kernel/mutex.h"
#include "kernel/restart.h"
#include "lib/errno.h"

static unsigned our_session(void)
{
	unsigned sid;

	mutex_lock(&process_tree);
	sid = process_current()->sid;
	mutex_unlock(&process_tree);
	return sid;
}

static unsigned our_group(void)
{
	unsigned pgid;

	mutex_lock(&process_tree);
	pgid = process_current()->pgid;
	mutex_unlock(&process_tree);
	return pgid;
}

static bool we_lead(void)
{
	return our_session() == process_current()->pid;
}

static unsigned session_of_group(unsigned group)
{
	unsigned pid = 1, sid = 0;
	struct process *p;

	mutex_lock(&process_tree);
	for (; !sid && (p = process_next(&pid)); pid++) {
		if (p->pgid == group)
			sid = p->sid;
		process_put(p);
	}
	mutex_unlock(&process_tree);
	return sid;
}

static void group_signal(unsigned group, unsigned sig)
{
	signal_group(group, sig);
}

static void signal_leader(unsigned session, unsigned sig)
{
	struct process *p = process_find(session);

	if (p) {
		signal_send(p, sig);
		process_put(p);
	}
}

static bool we_disregard(unsigned sig)
{
	return signal_action_look(process_current(), sig).handler == SIG_IGN || task_current()->blocked & signal_bit(sig);
}

static int stop_group(unsigned sig)
{
	unsigned group = our_group();

	if (we_disregard(sig))
		return 0;
	if (job_orphaned(group))
		return -EIO;
	signal_group(group, sig);
	return -ERESTARTSYS;
}

static const struct tty_jobs jobs = {
	.session = our_session,
	.group = our_group,
	.leads_session = we_lead,
	.session_of = session_of_group,
	.signal = group_signal,
	.signal_leader = signal_leader,
	.stop_group = stop_group,
};

void terminal_init(void)
{
	if (cmdline.tty_fds)
		tty_start(&jobs, cmdline.tty_rows, cmdline.tty_columns);
}

void terminal_process_ended(struct process *p)
{
	if (p->sid == p->pid && tty_there())
		tty_session_ended(p->sid);
}

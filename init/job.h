/* SPDX-License-Identifier: MIT */
/* Stopping and continuing, process groups that nobody looks after. Statement at the head of init/job.c. */
#ifndef INIT_JOB_H
#define INIT_JOB_H

#include "init/process.h"

/* The calling task has taken a stop signal: its process stops, if that still holds. Thread. */
void job_stop(unsigned sig);

/* The calling task's process is stopping: sleeps until it goes on, or the task is killed. */
void job_stop_here(void);

/* The parent learns that p has stopped, or goes on. Thread, no locks. */
void job_tell_stopped(struct process *p);
void job_tell_continued(struct process *p);

/* p->lock held: SIGCONT has been sent; SIGKILL has; t has just been unlinked (true: job_tell_stopped is due). */
void job_continue_locked(struct process *p);
void job_release_locked(struct process *p);
bool job_task_gone_locked(struct process *p, struct task *t);

/* process_tree held: p ends, its children not yet handed on. Groups that nobody looks after any more and that have stopped members get
 * SIGHUP and SIGCONT. */
void job_exit_locked(struct process *p);

/* Does nobody look after this group: no member has a parent in the same session and another group? Such a group does not stop for a
 * terminal. process_tree held. */
bool job_orphaned_locked(unsigned pgid);

/* The same, for those who hold nothing; takes process_tree. Thread. */
bool job_orphaned(unsigned pgid);

#endif

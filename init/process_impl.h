/* SPDX-License-Identifier: MIT */
/* What process.c, clone.c, exit.c and wait.c share and nobody else needs. */
#ifndef INIT_PROCESS_IMPL_H
#define INIT_PROCESS_IMPL_H

#include "init/process.h"
#include "kernel/mutex.h"
#include "kernel/time.h"
#include "lib/radix.h"

/* A parent in vfork, on its stack. */
struct vfork {
	struct waitq q;
	_Atomic bool done; /* set under the child's lock */
};

/* The table of ids; process_tree held. add: 0 or -ENOMEM. */
int process_id_add(unsigned id, struct process *p);
void process_id_remove(unsigned id);

/* One reference, in no table. What `like` (may be NULL) hands down by value is copied. NULL: no memory. */
struct process *process_new(unsigned pid, const struct process *like);

/* Binds a thread to p, not yet linked into it. NULL: no memory. */
struct task *task_new(struct process *p, struct thread *thread);
void task_free(struct task *t);

struct usage task_usage(const struct task *t);
struct usage process_usage_locked(const struct process *p);
int usage_to_user(uintptr_t out, const struct usage *u); /* a struct rusage: 0 or -EFAULT (init/sys_process.c) */

unsigned process_parent_pid(struct process *p); /* 0: it has none */

struct process *process_one(void); /* pid 1, who inherits orphans */

/* process_tree held; p a zombie. Takes it out of the tree: the caller puts it after letting go of the lock. */
void process_reap_locked(struct process *p);

#endif

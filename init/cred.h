/* SPDX-License-Identifier: MIT */
/*
 * Who a process acts as: its users and groups, and the capabilities that go with user 0. They are kept, handed down and changed by Linux's rules
 * (init/sys_cred.c), and bind what asks cred_capable. File modes bind those without CAP_DAC_OVERRIDE (fs/permit.h). A process has one
 * set for all its tasks, where Linux has one a task, which the C libraries then keep equal.
 */
#ifndef INIT_CRED_H
#define INIT_CRED_H

#include <stdbool.h>
#include <stdint.h>

struct process;

#define GROUPS_MAX 32 /* supplementary groups; setgroups beyond is ENOMEM */

enum { CAP_DAC_OVERRIDE = 1, CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7, CAP_SETPCAP = 8, CAP_IPC_LOCK = 14,
       CAP_SYS_PTRACE = 19, CAP_SYS_ADMIN = 21, CAP_SYS_BOOT = 22, CAP_SYS_NICE = 23, CAP_SYS_RESOURCE = 24, CAP_SYS_TIME = 25, CAP_LAST = 40 };
#define CAP_ALL ((2ull << CAP_LAST) - 1)

/* Users, or groups. */
struct ids {
	unsigned real, effective, saved, fs;
};

/* All under the process's lock. */
struct cred {
	struct ids user, group;
	unsigned nr_groups;
	unsigned groups[GROUPS_MAX];
	uint64_t inheritable, permitted, effective; /* bits 1 << CAP_* */
};

void cred_init(struct cred *cred, const struct cred *like); /* like NULL: the first process's, root with all it may have */
struct cred cred_current(void);				   /* the calling process's, as it is now */
bool cred_capable(unsigned capability);
void cred_changed(struct process *p); /* p->cred is another one now; p->lock held, or p is new */
void cred_init_files(void);	     /* boot: fs/permit.h asks us from now on */

/* What the mode of a file grants the calling process as the user and group that started it: access(). */
unsigned cred_real_granted(unsigned mode, unsigned uid, unsigned gid);

void cred_exec(void); /* the calling process runs another program */

bool cred_may_look(struct process *p); /* ... may see what another has in memory: it is the same user, or may look into everybody */

/* The calling process may send this one signals (SIGCONT apart). */
bool cred_may_signal(struct process *p);

#endif

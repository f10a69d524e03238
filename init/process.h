/* SPDX-License-Identifier: MIT */
/*
 * Processes, and the tasks (user threads) in them. How they live and die is at the head of init/process.c.
 */
#ifndef INIT_PROCESS_H
#define INIT_PROCESS_H

#include "init/cred.h"
#include "init/limit.h"
#include "init/signal.h"
#include "kernel/wait.h"
#include "mm/mm.h"

struct file;
struct files;
struct where;

#define PROCESS_PATH 256

enum process_state {
	PROCESS_ALIVE,
	PROCESS_ZOMBIE, /* no task left; its parent may collect the status */
	PROCESS_REAPED, /* collected: only references keep the memory */
};

/* What a process, or its children together, have used. */
struct usage {
	uint64_t ran_ns, system_ns; /* CPU time; how much of it in the kernel */
	uint64_t minflt, majflt;
	uint64_t switches;
};

/* What prctl(2) says of a process; all but the subreaper is kept and shown only. */
enum trait {
	TRAIT_NOT_DUMPABLE = 1,
	TRAIT_NO_NEW_PRIVS = 2,
	TRAIT_SUBREAPER = 4, /* orphans below it become its children */
	TRAIT_NO_HUGE_PAGES = 8,
	TRAIT_KEEP_CAPS = 16,
};

/*
 * (C) constant, (A) atomic, (T) process_tree, (S) lock, (O) its own tasks only, and changed only while there is one,
 * (S,O) others read it under lock, its own task changes it under lock
 */
struct process {
	unsigned pid;		/*					(C)	*/
	_Atomic unsigned refs;	/* the tree's one, and process_find's	(A)	*/

	struct process *parent;	/* NULL: the first one			(T)	*/
	struct list children;	/* alive and zombies, oldest first	(T)	*/
	struct list sibling;	/* in parent->children			(T)	*/
	unsigned pgid, sid;	/* process group, session		(T)	*/
	uint64_t started;	/* clock_ns				(C)	*/
	bool adopted;		/* its parent is not the one that made it	(T)	*/
	bool execed;		/* since it was made			(T)	*/
	unsigned exit_signal;	/* what the parent gets when it ends	(C)	*/
	enum process_state state; /*					(T)	*/
	struct usage dead_children; /* of those reaped			(T)	*/
	struct waitq child_wait;/* tasks in wait4; waker: a child that ended	*/
	_Atomic bool ended;	/* a zombie, or gone			(A)	*/
	struct waitq end_wait;	/* for that				*/

	struct spinlock lock;	/* LOCK_SIGNAL				*/
	struct list tasks;	/* struct task.link			(S)	*/
	unsigned nr_tasks;	/*					(S)	*/
	struct usage dead_tasks;/* of tasks that have ended		(S)	*/
	bool exiting;		/* every task is on its way out		(S)	*/
	int status;		/* as wait4 gives it; final with exiting	(S)	*/
	struct task *execing;	/* waits to be the only one		(S)	*/
	struct pending pending;	/* signals for any task			(S)	*/
	unsigned group_signals;	/* how many were sent to it as one of many	(S)	*/
	struct sighand *sighand;/* what is done with them		(S,O)	*/
	unsigned stop_signal;	/* != 0: tasks stop on their way to user mode	(S)	*/
	unsigned nr_stopped;	/* tasks that have			(S)	*/
	bool stop_wanted;	/* a task has taken a stop signal; SIGCONT takes it back	(S) */
	bool stop_told;		/* all have, and the parent knows	(S)	*/
	bool continue_untold;	/* a task shall tell the parent		(S)	*/
	unsigned stop_report;	/* signal a wait4(WUNTRACED) will tell of, 0: none	(S) */
	bool continue_report;	/* the same of WCONTINUED		(S)	*/
	unsigned death_signal;	/* what it gets when its parent ends, 0: none	(T)	*/
	uintptr_t trampoline;	/* user address of signal_map_trampoline	(O)	*/
	_Atomic(struct timers *) timers; /* itimers and POSIX timers, once there are any	(A)	*/

	struct mm *mm;		/* NULL once it has ended		(S,O)	*/
	struct files *files;	/* open files				(S,O)	*/
	struct where *where;	/* current directory, umask		(S,O)	*/
	struct file *exe;	/* what runs				(S,O)	*/
	char path[PROCESS_PATH];/* ... for people: a reader may see half of a change */
	struct limit limits[RLIMIT_COUNT]; /* prlimit; see init/limit.h	(A)	*/
	_Atomic int nice;	/* kept and reported, nothing else	(A)	*/
	struct cred cred;	/* who it is				(S)	*/
	_Atomic uint64_t caps;	/* cred's, for quick looks: cred_changed	(A)	*/
	_Atomic unsigned personality; /* PER_*, as set			(A)	*/
	_Atomic int oom_score;	/* /proc/PID/oom_score_adj: the same	(A)	*/
	_Atomic unsigned membarrier; /* what it has registered for	(A)	*/
	_Atomic unsigned traits; /* enum trait				(A)	*/

	struct vfork *vfork;	/* parent waiting for us to let go of its memory, or NULL	(S) */
	struct rcu_head rcu;
};

/* What rseq(2) has registered. */
struct rseq_task {
	uintptr_t area; /* struct rseq in user memory, or 0 */
	uint32_t signature;
};

/* One user thread. Its memory goes with the thread that runs it. */
#define SCHED_RESET_ON_FORK 0x40000000

struct task {
	struct thread *thread;	/* valid while linked			(C)	*/
	struct process *process;/*					(C)	*/
	struct list link;	/* process->tasks			(process->lock)	*/
	uint64_t blocked;	/* signal mask				(process->lock to write, itself or lock to read) */
	uint64_t real_blocked;	/* in sigtimedwait: the mask without what it waits for taken out; else 0	(process->lock) */
	struct pending pending;	/* signals for this task alone		(process->lock)	*/
	bool stopped;		/* counted in process->nr_stopped	(process->lock)	*/
	unsigned interrupted;	/* the call it comes from ended with this restart code; 0: none	(itself) */
	struct altstack altstack; /*					(itself) */
	uint64_t saved_mask;	/* with mask_saved: the mask to go back to	(itself) */
	bool mask_saved;	/* a call has put its own in place	(itself) */
	struct resume resume;	/* what restart_syscall calls		(itself) */
	uintptr_t clear_tid;	/* user word to clear at the end, or 0	(itself) */
	_Atomic uintptr_t robust_list; /* struct robust_list_head in user memory, or 0	(itself; others look) */
	struct rseq_task rseq;	/* init/rseq.c				(itself) */
	int policy;		/* of scheduling, kept and shown, perhaps with SCHED_RESET_ON_FORK: init/sys_sched.c (process->lock) */
	int priority;		/* of a real-time policy, kept and shown	(process->lock) */
	uint64_t timer_slack[2]; /* prctl, kept and shown: what is set, and what it began with; 0: the default	(itself) */
	uintptr_t set_tid;	/* user word to set at the start, or 0	(itself) */
	struct arch_regs start;	/* registers to start with		(itself) */
};

extern struct mutex process_tree;

void process_init(void); /* before the first process */

static inline struct task *task_current(void)
{
	return current->task;
}

static inline struct process *process_current(void)
{
	return current->process;
}

/* The process of this pid, or of the task with this tid, with a reference; NULL: there is none. Any context. */
struct process *process_find(unsigned id);
void process_put(struct process *p);

/* The lowest process with pid >= *pid, with a reference; *pid is set to it. NULL: none. Any context. */
struct process *process_next(unsigned *pid);

/* Its address space, with a reference; NULL: it has ended. */
struct mm *process_mm(struct process *p);

/* ---- restartable sequences (init/rseq.c) ---- */

/* On the way to user mode with these registers, after a switch or before a handler. Thread; may touch user memory. */
void rseq_resume(struct arch_regs *regs);

void rseq_inherit(struct task *child, bool shares_memory); /* a new task: none, or the same in a copy of the memory */
void rseq_forget(void);					   /* another program begins */

/* ---- birth (init/clone.c) ---- */

/* Makes the calling kernel thread the only task of a first process, without memory, files or directory. 0 or -ENOMEM. */
int process_first(const char *path);

/* clone(2)'s arguments, by meaning. */
struct clone_args {
	uint64_t flags; /* CLONE_*, and in the low byte the signal the parent gets at the end */
	uintptr_t stack; /* 0: as the parent's */
	uintptr_t parent_tid, child_tid, tls;
	uintptr_t pidfd; /* where CLONE_PIDFD puts its number */
};

/* A new task or process that goes on from regs; the child's tid, or -errno. With CLONE_VFORK returns when the child lets go. */
long process_clone(const struct arch_regs *regs, const struct clone_args *args);

/* The only way to user mode for a task that has not been there. */
_Noreturn void task_enter_user(const struct arch_regs *regs);

/* From now on self, the caller's process, shares its descriptors (directory and umask) with no other one. It has one task. 0 or -ENOMEM. */
int process_unshare_files(struct process *self);
int process_unshare_where(struct process *self);

/* ---- death (init/exit.c) ---- */

/* The calling task has been killed (thread_killed): by a signal, by another task's execve, or for lack of memory. */
_Noreturn void task_exit_killed(void);

/* Ends the calling task, and the process with it if it was the last. status as in wait4. */
_Noreturn void task_exit(int status);

/* Ends the whole process; the calling task included. */
_Noreturn void process_exit(int status);

/* Marks the process as ending with this status and tells its tasks. Its lock held. First caller's status counts. */
void process_kill_locked(struct process *p, int status);

/* The vfork parent, if any, may go on: this process no longer uses its memory. */
void process_vfork_done(struct process *p);

/* execve: all other tasks end; the caller goes on alone with the process's pid. 0, or -EINTR: we are being killed. */
int process_become_single(void);

/* wait4 and waitid, without the copies to the user: the child's pid; 0: nothing yet (WNOHANG); -ECHILD, -ERESTARTSYS. */
struct wait_result {
	unsigned pid;
	int code;   /* CLD_*				*/
	int status; /* as wait4 shows it		*/
	int detail; /* as waitid: exit status or signal	*/
	struct usage usage;
};
enum wait_which { WAIT_ANY, WAIT_PID, WAIT_GROUP };
long process_wait(enum wait_which which, unsigned id, unsigned options, struct wait_result *result);

/* What p has used so far. */
struct usage process_usage(struct process *p);

/* The task of p that goes by this tid; NULL: it has ended, or there never was one. p->lock held, and the task is there as long. */
struct task *process_task(struct process *p, unsigned tid);
void usage_add(struct usage *to, const struct usage *from);

#endif

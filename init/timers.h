/* SPDX-License-Identifier: MIT */
/* A process's timers: alarm, setitimer, timer_create. Statement at the head of init/timers.c. */
#ifndef INIT_TIMERS_H
#define INIT_TIMERS_H

#include "init/process.h"
#include "kernel/mutex.h"
#include "kernel/time.h"

#define POSIX_TIMERS 256 /* a process */

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMERS };

/* One of setitimer's. when: on the clock since power-on, for the others on the process's user or CPU time; TIME_NEVER: off. */
struct itimer {
	uint64_t when, interval; /* (S) */
};

/* What a timer goes by. */
enum timer_clock { BY_CLOCK, BY_PROCESS_TIME, BY_TASK_TIME };

/* (C) constant, (S) lock of the process, (M) mutex */
struct posix_timer {
	struct process *process;   /*							(C) */
	struct timer timer;	   /* armed for `when`, or for a time that means nothing any more	*/
	struct queued_signal place; /* in a queue: its signal waits			(S) */
	struct siginfo info;	   /* what it says					(C) */
	unsigned tid;		   /* whom it is for; 0: the process			(C) */
	bool silent;		   /* SIGEV_NONE					(C) */
	bool realtime;		   /* absolute times are of the calendar		(C) */
	enum timer_clock clock;	   /*							(C) */
	unsigned whose;		   /* BY_TASK_TIME: the task's tid			(C) */
	uint64_t when, interval;   /* TIME_NEVER: off					(S) */
	bool goes_on;		   /* it repeats, as soon as its signal is taken	(S) */
	unsigned overrun;	   /* of the signal taken last				(S) */
	unsigned missed;	   /* it came while its signal waited			(S) */
};

struct timers {
	struct mutex lock;	   /* calls of the process, one at a time			*/
	struct process *process;   /*							(C) */
	struct timer real, cpu;	   /* armed for the first of what they are for, or earlier	*/
	struct itimer itimers[ITIMERS]; /*						(S) */
	struct posix_timer *posix[POSIX_TIMERS]; /* by id				(M) */
};

/* The caller's own, made if there are none; NULL: no memory. */
struct timers *timers_get(void);

/* Sets one of setitimer's (to may be NULL); *was is what it had, `when` relative to now (0: off). */
void itimer_change(struct timers *t, unsigned which, const struct itimer *to, struct itimer *was);

/* timers->lock held. when: an absolute time, TIME_NEVER turns it off. was: relative, as above. */
void posix_timer_set(struct posix_timer *t, uint64_t when, uint64_t interval);
void posix_timer_read(struct posix_timer *t, struct itimer *is);
void posix_timer_init(struct posix_timer *t, struct process *p);
uint64_t posix_timer_now(struct posix_timer *t);
void posix_timer_free(struct posix_timer *t);

/* RLIMIT_CPU of the calling process has been set, or it has just begun. */
void timers_limit(void);

/* execve: timer_create's are gone. The end: all. No locks held, the only task. */
void timers_exec(struct process *p);
void timers_end(struct process *p);

/* Process lock held: a signal of this timer has been taken; info is completed, and the timer goes on if it repeats. */
void posix_timer_taken(struct posix_timer *t, struct siginfo *info);
void itimer_alarm_taken(struct process *p);

#endif

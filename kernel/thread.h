/* SPDX-License-Identifier: MIT */
/*
 * Threads, and how they sleep.
 *
 * park/unpark carry a token: thread_unpark leaves one, thread_park takes one or sleeps until there is one.
 * So an unpark between a sleeper's last look and its sleep is never lost, and an old token only makes a sleeper
 * look once more: every caller of thread_park loops on its own condition. The argument is at the head of park.c.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include "arch/arch.h"
#include "kernel/assert.h"
#include "kernel/site.h"
#include "kernel/rcu.h"
#include "kernel/spinlock.h"
#include "lib/list.h"

struct io_group;

#define THREAD_NAME 16
#define HELD_LOCKS (DEBUG ? 16 : 1)

/* For people to look at; the scheduler decides by `park`. */
enum thread_state {
	THREAD_NEW,	 /* created, never started */
	THREAD_RUNNABLE, /* on a run queue, or running */
	THREAD_PARKED,	 /* in thread_park, no token */
	THREAD_DEAD,	 /* has called thread_exit */
};

/* The transitions are at the head of park.c. */
enum park_state {
	PARK_NONE,   /* awake, no token */
	PARK_TOKEN,  /* an unpark nobody has consumed yet */
	PARK_ASLEEP, /* sleeps, or is on the way and cannot turn back */
};

enum wait_mode {
	WAIT_FOREVER,  /* only the event ends it */
	WAIT_KILLABLE, /* a fatal signal too: -EINTR */
	WAIT_SIGNAL,   /* any deliverable signal too: -ERESTARTSYS (kernel/restart.h) */
};

/* What it takes to end a wait. */
enum wait_on {
	WAIT_ON_UNKNOWN,
	WAIT_ON_THREAD, /* somebody lets go of the object */
	WAIT_ON_DEVICE, /* a request completes */
	WAIT_ON_NOBODY, /* nothing: the object is free, who waits for it has only to be woken */
};

/* What a sleeper says about itself: the watchdog, /proc and gdb read it (law 6). Lives as long as the wait. */
struct wait_why {
	const char *what;				/* "page state", "child", "request" */
	const void *object;				/* which one */
	bool lasting;					/* may rightly last for ever: what a program, a person or the clock decides */
	enum wait_on (*on)(const void *object);		/* may be NULL: unknown */
	struct thread *(*owner)(const void *object);	/* who could end it, if that can be told; may be NULL */
	uint32_t (*takes)(const void *object);		/* how often it has been taken so far; may be NULL */
	void (*describe)(const void *object, char *buf, size_t size); /* may be NULL */
	bool (*site)(const void *object, struct site *site); /* where it was given to the device, if that is known; may be NULL */
};

/* For wait_why.on: a request, always. */
enum wait_on wait_on_device(const void *object);

/* Written by the thread that holds it. */
struct held_lock {
	const void *what;
	struct site site; /* where it was taken */
	uint8_t class;
};

/* What the watchdog has seen of a thread. Written by the watchdog. */
struct hang_note {
	uint64_t since; /* of the wait, or operation, that this is about	*/
	uint32_t takes; /* wait_why.takes when it was first seen		*/
	uint8_t seen;	/* at how many looks in a row after the first		*/
	bool free;	/* what it waits for was free at the last look		*/
	bool told;
};

struct thread {
	struct arch_thread arch; /* first: the machine finds it by the thread's address */

	/* the thread itself, or nobody while it sleeps */
	unsigned preempt;	/* > 0: may not be switched away from; RCU reader			*/
	unsigned nofault;	/* > 0: user copies end short instead of faulting			*/
	uint32_t switch_work;	/* bits of arch.work that each switch to it sets			*/
	uint64_t minflt, majflt; /* faults resolved without, with a device			*/
	uint64_t tables_made;	/* page tables							*/
	unsigned dirtied;	/* pages since it last looked whether too many are: mm/writeback.h */
	unsigned nheld;		/* debug: locks held, in order of taking				*/
	unsigned nirq;		/* debug: interrupt handlers running on top of it			*/
	struct held_lock held[HELD_LOCKS];

	/* constant after thread_create */
	unsigned tid;
	char name[THREAD_NAME];	/* execve renames, whole word at a time is not promised			*/
	void *kstack;
	void (*entry)(void *);
	void *arg;

	bool urgent;		/* goes to the front of a run queue when woken; before its start	*/
	bool reserve;		/* frees memory, so may have the last frames; itself			*/

	struct list run;	/* run queue link; lock of that queue					*/

	/* the CPU it runs on, interrupts off */
	_Atomic uint64_t ran_ns; /* CPU time used until its last switch: read it through thread_ran_ns	*/
	uint64_t slice_end;	/* until when it need not make room					*/
	_Atomic uint64_t time_split; /* user and system time: kernel/tick.c				*/

	_Atomic unsigned cpu;	/* where it runs or ran last; stable for itself while preempt > 0	*/
	_Atomic unsigned state;	/* enum thread_state							*/
	_Atomic unsigned park;	/* enum park_state							*/
	_Atomic bool on_cpu;	/* its registers are in `cpu`, not in memory				*/
	_Atomic bool first;	/* goes to the front of a run queue when next woken				*/
	bool jumped;		/* it was put at the front	(lock of the run queue it is on)		*/
	_Atomic bool killed;	/* a fatal signal is pending; never cleared				*/
	_Atomic bool signalled;	/* some deliverable signal is pending					*/
	_Atomic(const struct wait_why *) why; /* what it sleeps for; read it through thread_why	*/
	_Atomic uint64_t since;	/* since when								*/
	_Atomic uint32_t parks;	/* how often it has slept in this wait					*/
	_Atomic uint32_t retries; /* how often it has begun its operation again: thread_retried		*/
	_Atomic uint64_t retries_since;
	struct hang_note hang;	/* watchdog's								*/
	_Atomic uint64_t switches; /* voluntary + involuntary						*/
	_Atomic uint64_t allowed; /* bit n: it may run on CPU n. One that is not allowed it leaves on its next way to user mode */

	/* the floors above */
	struct arch_mm *space;	/* address space to run in; NULL: a kernel thread. Set by itself, irq off */
	struct mm *mm;		/* mm floor								*/
	struct process *process;/* init floor: NULL in a kernel thread					*/
	_Atomic(struct io_group *) io_group; /* drivers floor: drivers/iogroup.h. Its lock to write, itself or the lock to read */
	struct task *task;	/* init floor: the same							*/
	struct ext2_handle *handle; /* fs floor: the transaction it is in; the thread itself	*/

	/* kernel/futex_pi.c, under its lock */
	struct list pi_waiters;	/* struct pi_waiter.same_owner: who waits for what it has		*/
	struct pi_waiter *pi_wait; /* what it waits for, or NULL						*/
	bool pi_gone;		/* it ends: nobody may begin to wait for it				*/

	_Atomic(struct thread *) all_next; /* every started thread; all-threads lock, RCU to read	*/
	struct thread *all_prev;	   /* all-threads lock						*/
	struct rcu_head rcu;	/* freed after a grace period: wakers may hold a bare pointer		*/
};

#define current arch_current()

enum { WORK_RSEQ = 8 }; /* of arch_thread.work: the floors above set it through thread->switch_work */
enum { WORK_WATCH = 16 }; /* of arch_thread.work: set and cleared with WORK_RESCHED (kernel/watchdog.c) */
enum { WORK_MIGRATE = 4 }; /* of arch_thread.work: thread_migrate, on the way to user mode */

static inline void preempt_disable(void)
{
	current->preempt++;
	atomic_signal_fence(memory_order_acquire);
}

void preempt_enable_slow(void);

static inline void preempt_enable(void)
{
	struct thread *t = current;

	atomic_signal_fence(memory_order_release);
	if (--t->preempt == 0 &&
	    unlikely(atomic_load_explicit(&t->arch.work, memory_order_relaxed) & WORK_RESCHED))
		preempt_enable_slow();
}

/* A thread that will run fn(arg) once thread_start has been called. Never sleeps, but not in an interrupt. NULL: no memory. */
struct thread *thread_create(const char *name, void (*fn)(void *), void *arg);
void thread_start(struct thread *t);

/* Frees a thread that was never started. */
void thread_discard(struct thread *t);

/* Ends the calling thread. Whatever the upper floors hung on it must be gone. */
_Noreturn void thread_exit(void);

/*
 * Sleeps until a token is there and takes it: 0. Or -EINTR or -ERESTARTSYS by mode, or -ETIMEDOUT at deadline (clock_ns scale,
 * UINT64_MAX: never). A token beats both. Thread context, nothing held that may not sleep.
 */
int thread_park(const struct wait_why *why, enum wait_mode mode, uint64_t deadline);

/* The same for a wait that goes on after a token that was not its end: it has lasted since its first thread_park. */
int thread_park_on(const struct wait_why *why, enum wait_mode mode, uint64_t deadline);

/* Any context, t's memory guaranteed by the caller (a reference, a lock its waiter must take, or RCU). */
void thread_unpark(struct thread *t);

/* The same; others have waited for t to run, so it is the next one of its run queue. It takes the CPU from nobody. */
void thread_unpark_first(struct thread *t);

/* A deliverable signal is pending (or, with fatal, will end it): WAIT_SIGNAL sleeps end (fatal: killable ones too), WORK_SIGNAL is
 * set, its CPU is told to leave user mode. Any context; t's memory as for thread_unpark. */
void thread_signal(struct thread *t, bool fatal);

/* The fatal kind. */
void thread_kill(struct thread *t);

static inline bool thread_killed(void)
{
	return atomic_load_explicit(&current->killed, memory_order_relaxed);
}

/* Current begins an operation again for want of something; and it is over, one way or the other. */
static inline void thread_retried(void)
{
	struct thread *t = current;
	uint32_t n = atomic_load_explicit(&t->retries, memory_order_relaxed);

	if (!n)
		atomic_store_explicit(&t->retries_since, arch_clock_ns(), memory_order_relaxed);
	atomic_store_explicit(&t->retries, n + 1, memory_order_relaxed);
}

static inline void thread_retries_end(void)
{
	atomic_store_explicit(&current->retries, 0, memory_order_relaxed);
}

void thread_yield(void);
int thread_sleep_until(uint64_t when, enum wait_mode mode); /* 0: it is that late; -EINTR by mode */

/* On which CPUs t may run: at least one that is online. Any context; t's memory as for thread_unpark. If t is current, thread_migrate
 * is to follow. */
void thread_set_affinity(struct thread *t, uint64_t cpus);

static inline uint64_t thread_affinity(const struct thread *t)
{
	return atomic_load_explicit(&t->allowed, memory_order_relaxed);
}

static inline bool thread_misplaced(void)
{
	return !(thread_affinity(current) >> atomic_load_explicit(&current->cpu, memory_order_relaxed) & 1);
}

void thread_migrate(void); /* returns on a CPU that is allowed. Sleeps if this one is not */

/* CPU time used until now, and how much of that in the kernel. */
uint64_t thread_ran_ns(const struct thread *t);
uint64_t thread_system_ns(const struct thread *t, uint64_t ran);

/* What t sleeps for, and since when it waits for that (clock_ns scale): false if it does not sleep. In an RCU read section. `on`,
 * `owner` and `describe` may be called on object only by somebody who knows that it still exists. */
bool thread_why(struct thread *t, struct wait_why *why, uint64_t *since);

/* Runs on this address space from now on (NULL: none). t: current, or one never started. When this returns, and when t is switched
 * away from, no CPU has the old one active on its account. Thread. */
void thread_set_space(struct thread *t, struct arch_mm *space);

/* Calls fn for every started thread that has not ended, inside one RCU read section: fn may not sleep. */
void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg);

#include "kernel/rcu_inline.h"
#include "kernel/spinlock_inline.h"

#endif

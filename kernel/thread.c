/* SPDX-License-Identifier: MIT */
/*
 * Threads come and go.
 *
 *	NEW --thread_start--> RUNNABLE <--> PARKED, ... --thread_exit--> DEAD --switched away from, grace period--> (freed)
 *
 * The list of all threads holds those started and not dead. Writers hold all_lock; readers are in an RCU read section. A thread taken
 * off keeps its own all_next, so that a reader standing on it gets on, and is freed only when that reader has left.
 */
#include "kernel/thread.h"

#include "kernel/kstack.h"
#include "kernel/sched_impl.h"
#include "kernel/slab.h"
#include "lib/format.h"
#include "lib/string.h"

#define FIRST_TID 2 /* 1 is the first program's; idle threads have 0 */

static struct slab_cache thread_cache = SLAB_CACHE("thread", struct thread);
static struct spinlock all_lock = SPINLOCK_INIT(LOCK_THREADS);
static _Atomic(struct thread *) all_threads; /* newest first (all_lock), RCU to read */
static _Atomic unsigned last_tid = FIRST_TID - 1;

/* ---- the list ---- */

static void all_add(struct thread *t)
{
	irqflags_t flags = spin_lock_irq(&all_lock);
	struct thread *first = atomic_load_explicit(&all_threads, memory_order_relaxed);

	atomic_store_explicit(&t->all_next, first, memory_order_relaxed);
	if (first)
		first->all_prev = t;
	rcu_store(&all_threads, t);
	spin_unlock_irq(&all_lock, flags);
}

static void all_remove(struct thread *t)
{
	irqflags_t flags = spin_lock_irq(&all_lock);
	struct thread *next = atomic_load_explicit(&t->all_next, memory_order_relaxed);

	if (next)
		next->all_prev = t->all_prev;
	if (t->all_prev)
		rcu_store(&t->all_prev->all_next, next);
	else
		rcu_store(&all_threads, next);
	spin_unlock_irq(&all_lock, flags);
}

void thread_for_each(void (*fn)(struct thread *t, void *arg), void *arg)
{
	rcu_read_lock();
	for (struct thread *t = rcu_load(&all_threads); t; t = rcu_load(&t->all_next))
		fn(t, arg);
	rcu_read_unlock();
}

/* ---- birth ---- */

static void thread_begin(void *arg)
{
	struct thread *t = arg;

	sched_began();
	arch_irq_enable();
	t->entry(t->arg);
	thread_exit();
}

static struct thread *thread_alloc(const char *name, unsigned cpu)
{
	struct thread *t = slab_zalloc(&thread_cache);

	if (!t)
		return NULL;
	t->kstack = kstack_alloc();
	if (!t->kstack) {
		slab_free(&thread_cache, t);
		return NULL;
	}
	strlcpy(t->name, name, sizeof(t->name));
	list_init(&t->run);
	list_init(&t->pi_waiters);
	atomic_store_explicit(&t->cpu, cpu, memory_order_relaxed);
	atomic_store_explicit(&t->allowed, UINT64_MAX, memory_order_relaxed);
	arch_thread_init(&t->arch, (char *)t->kstack + KSTACK_SIZE, thread_begin, t);
	return t;
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_alloc(name, atomic_load_explicit(&current->cpu, memory_order_relaxed));

	if (!t)
		return NULL;
	t->tid = atomic_fetch_add_explicit(&last_tid, 1, memory_order_relaxed) + 1;
	t->entry = fn;
	t->arg = arg;
	return t;
}

/* Idle threads are switched away from only by their own schedule: preemption is off in them for good. */
static void idle_fill(struct thread *t)
{
	t->preempt = 1;
	atomic_store_explicit(&t->state, THREAD_RUNNABLE, memory_order_relaxed);
	atomic_store_explicit(&t->on_cpu, true, memory_order_relaxed);
}

struct thread *thread_create_idle(unsigned cpu)
{
	char name[THREAD_NAME];
	struct thread *t;

	snprintf(name, sizeof(name), "idle/%u", cpu);
	t = thread_alloc(name, cpu);
	if (t)
		idle_fill(t);
	return t;
}

void thread_adopt_boot(struct thread *t)
{
	strlcpy(t->name, "idle/0", sizeof(t->name));
	list_init(&t->run);
	idle_fill(t);
}

void thread_start(struct thread *t)
{
	assert(atomic_load_explicit(&t->state, memory_order_relaxed) == THREAD_NEW);
	all_add(t);
	sched_wake(t);
}

void thread_discard(struct thread *t)
{
	assert(atomic_load_explicit(&t->state, memory_order_relaxed) == THREAD_NEW);
	arch_thread_destroy(&t->arch);
	kstack_free(t->kstack);
	slab_free(&thread_cache, t);
}

/* ---- death ---- */

static void thread_free(struct rcu_head *head)
{
	struct thread *t = container_of(head, struct thread, rcu);

	arch_thread_destroy(&t->arch);
	slab_free(&thread_cache, t);
}

void thread_reap(struct thread *t)
{
	kstack_free(t->kstack);
	rcu_call(&t->rcu, thread_free);
}

_Noreturn void thread_exit(void)
{
	struct thread *t = current;

	might_sleep();
	lock_assert_none(LOCK_NONE, LOCK_CLASSES, "ending a thread");
	assert(!t->space);
	all_remove(t);
	arch_irq_disable();
	atomic_store_explicit(&t->state, THREAD_DEAD, memory_order_relaxed);
	sched_block();
	panic("thread %u (%s) runs after its end", t->tid, t->name);
}

/* ---- properties ---- */

void thread_set_space(struct thread *t, struct arch_mm *space)
{
	irqflags_t flags = arch_irq_save();

	assert(t == current || atomic_load_explicit(&t->state, memory_order_relaxed) == THREAD_NEW);
	t->space = space;
	if (t == current)
		arch_pt_activate(space);
	arch_irq_restore(flags);
}

/* Since when t runs where it is; UINT64_MAX if it does not. */
static uint64_t running_since(const struct thread *t)
{
	const struct cpu *c = &cpus[atomic_load_explicit(&t->cpu, memory_order_relaxed)];

	if (!atomic_load_explicit(&t->on_cpu, memory_order_relaxed))
		return UINT64_MAX;
	return atomic_load_explicit(&c->since, memory_order_relaxed);
}

/* Of a thread that is just being switched, the last stretch may be missing. */
uint64_t thread_ran_ns(const struct thread *t)
{
	irqflags_t flags = arch_irq_save();
	uint64_t ran = atomic_load_explicit(&t->ran_ns, memory_order_acquire); /* pairs with account in sched.c */
	uint64_t since = running_since(t), now = clock_ns();

	arch_irq_restore(flags);
	return since < now ? ran + (now - since) : ran;
}

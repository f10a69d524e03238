/* SPDX-License-Identifier: MIT */
/*
 * Processes: who holds them, and how long.
 *
 *	process_new --> ALIVE --last task ends--> ZOMBIE --parent waits--> REAPED --last reference--> (freed by RCU)
 *	                  \----------- the parent does not care ------------/
 *
 * 1. The tree holds one reference, from process_new until REAPED. process_find and process_next add theirs.
 * 2. `ids` maps the pid, and the tid of each task, to the process. Readers are in an RCU read section and take a reference
 *    only if there still is one (refs > 0), so they never revive a process on its way to the allocator; its memory
 *    outlives their section. Writers hold process_tree. The pid stays in the table until REAPED, a tid until its task ends.
 * 3. A task is linked in process->tasks exactly while its thread may be told something. It unlinks itself, under
 *    process->lock, before its thread can end. So whoever finds it there under the lock may use task->thread.
 * 4. mm, files, where and exe belong to the process and go with its last task (process_end). Its own tasks use them
 *    without a lock: they change only in execve, which first makes its caller the only task. Others look under the lock
 *    and take a reference (process_mm).
 * 5. parent is another process's tree reference: a process that ends hands its children on under process_tree, before
 *    it can be REAPED.
 *
 * Locks: process_tree before process->lock. Neither is held across a user copy, and only process_tree across a sleep.
 */
#include "init/process_impl.h"

#include "drivers/iogroup.h"
#include "kernel/mutex.h"
#include "kernel/slab.h"
#include "lib/string.h"

struct mutex process_tree;

static struct slab_cache process_cache = SLAB_CACHE("process", struct process);
static struct slab_cache task_cache = SLAB_CACHE("task", struct task);

/* ---- the table of ids ---- */

static void *id_node_alloc(size_t size)
{
	return kmalloc(size);
}

static void id_node_free_rcu(struct rcu_head *head)
{
	kfree(container_of((void *)head, struct radix_node, reclaim));
}

static void id_node_free(void *p)
{
	struct radix_node *node = p;

	rcu_call((struct rcu_head *)node->reclaim, id_node_free_rcu);
}

static const struct radix_mem id_mem = { id_node_alloc, id_node_free };
static struct radix ids; /* (process_tree) to write, RCU to read */

void process_init(void)
{
	signal_init();
	mutex_init(&process_tree, LOCK_PROCESS);
	radix_init(&ids, &id_mem);
}

int process_id_add(unsigned id, struct process *p)
{
	assert(mutex_held(&process_tree));
	return radix_store(&ids, id, p);
}

void process_id_remove(unsigned id)
{
	assert(mutex_held(&process_tree));
	radix_store(&ids, id, NULL);
}

static bool process_tryget(struct process *p)
{
	unsigned refs = atomic_load_explicit(&p->refs, memory_order_relaxed);

	while (refs)
		if (atomic_compare_exchange_weak_explicit(&p->refs, &refs, refs + 1, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	return false;
}

struct process *process_find(unsigned id)
{
	struct process *p;

	rcu_read_lock();
	p = radix_load(&ids, id);
	if (p && !process_tryget(p))
		p = NULL;
	rcu_read_unlock();
	return p;
}

/* The tids of tasks are in the table too, and lead to the same process: only a pid counts here. */
struct process *process_next(unsigned *pid)
{
	uint64_t id = *pid;
	struct process *p;

	rcu_read_lock();
	while ((p = radix_next(&ids, &id, UINT32_MAX)) && (p->pid != id || !process_tryget(p)))
		id++;
	rcu_read_unlock();
	*pid = (unsigned)id;
	return p;
}

static void process_free(struct rcu_head *head)
{
	struct process *p = container_of(head, struct process, rcu);

	if (p->sighand)
		sighand_put(p->sighand);
	slab_free(&process_cache, p);
}

void process_put(struct process *p)
{
	/* acq_rel: whoever frees sees what every earlier holder did; pairs with itself */
	if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
		rcu_call(&p->rcu, process_free);
}

/* ---- making and unmaking ---- */

struct process *process_new(unsigned pid, const struct process *like)
{
	struct process *p = slab_zalloc(&process_cache);

	if (!p)
		return NULL;
	p->pid = p->pgid = p->sid = pid;
	atomic_store_explicit(&p->refs, 1, memory_order_relaxed);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->tasks);
	pending_init(&p->pending);
	spin_init(&p->lock, LOCK_SIGNAL);
	waitq_init(&p->child_wait);
	waitq_init(&p->end_wait);
	p->exit_signal = SIGCHLD;
	p->started = clock_ns();
	limits_init(p->limits, like ? like->limits : NULL);
	cred_init(&p->cred, NULL);
	cred_changed(p); /* a child gets its parent's when it is linked */
	if (like) {
		atomic_store_explicit(&p->nice, atomic_load_explicit(&like->nice, memory_order_relaxed), memory_order_relaxed);
		atomic_store_explicit(&p->oom_score, atomic_load_explicit(&like->oom_score, memory_order_relaxed), memory_order_relaxed);
		p->traits = like->traits & ~(unsigned)TRAIT_SUBREAPER;
		atomic_store_explicit(&p->personality, atomic_load_explicit(&like->personality, memory_order_relaxed), memory_order_relaxed);
		p->trampoline = like->trampoline;
		strlcpy(p->path, like->path, sizeof(p->path));
	}
	return p;
}

struct task *task_new(struct process *p, struct thread *thread)
{
	struct task *t = slab_zalloc(&task_cache);

	if (!t)
		return NULL;
	t->process = p;
	t->thread = thread;
	list_init(&t->link);
	pending_init(&t->pending);
	thread->task = t;
	thread->process = p;
	if (thread != current)
		io_group_inherit(thread);
	return t;
}

void task_free(struct task *t)
{
	io_group_join(t->thread, NULL);
	t->thread->task = NULL;
	t->thread->process = NULL;
	slab_free(&task_cache, t);
}

/* ---- looking at one ---- */

unsigned process_parent_pid(struct process *p)
{
	unsigned pid;

	mutex_lock(&process_tree);
	pid = p->parent ? p->parent->pid : 0;
	mutex_unlock(&process_tree);
	return pid;
}

struct mm *process_mm(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct mm *mm = p->mm;

	if (mm)
		mm_get(mm);
	spin_unlock_irq(&p->lock, flags);
	return mm;
}

void usage_add(struct usage *to, const struct usage *from)
{
	to->ran_ns += from->ran_ns;
	to->system_ns += from->system_ns;
	to->minflt += from->minflt;
	to->majflt += from->majflt;
	to->switches += from->switches;
}

struct usage task_usage(const struct task *t)
{
	const struct thread *thread = t->thread;
	uint64_t ran = thread_ran_ns(thread);

	return (struct usage){
		.ran_ns = ran,
		.system_ns = thread_system_ns(thread, ran),
		.minflt = thread->minflt,
		.majflt = thread->majflt,
		.switches = atomic_load_explicit(&thread->switches, memory_order_relaxed),
	};
}

struct task *process_task(struct process *p, unsigned tid)
{
	struct task *t;

	list_for_each(t, &p->tasks, link)
		if (t->thread->tid == tid)
			return t;
	return NULL;
}

struct usage process_usage_locked(const struct process *p)
{
	struct usage sum = p->dead_tasks;
	struct task *t;

	list_for_each(t, &p->tasks, link) {
		struct usage one = task_usage(t);

		usage_add(&sum, &one);
	}
	return sum;
}

struct usage process_usage(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct usage sum = process_usage_locked(p);

	spin_unlock_irq(&p->lock, flags);
	return sum;
}

/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat, statm, status and limits, in Linux's formats. What this kernel does not count reads 0. */
#include "init/proc_files.h"

#include "init/process_impl.h"
#include "init/where.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TICK (NSEC_PER_SEC / 100) /* a clock tick of times(2) */
#define KIB(pages) ((uint64_t)(pages) * (PAGE_SIZE / 1024))

/* One process, or one of its threads, as it was a moment ago: its reader's own. */
struct seen {
	unsigned pid, tid, ppid, pgid, sid, threads, cpu;
	char name[THREAD_NAME];
	char state;
	struct usage used;
	struct cred cred;
	uint64_t started;
	uint64_t pending, shared_pending, blocked, ignored, caught;
	struct sizes {
		uint64_t mapped, data, stack, exec, locked; /* pages */
		int64_t rss;
		uintptr_t brk, start_stack, arg_start, arg_end, env_start, env_end;
	} mm;
};

static void add_vma(const struct vma *vma, void *arg)
{
	uint64_t pages = (vma->end - vma->start) >> PAGE_SHIFT;
	struct sizes *s = arg;

	s->locked += vma->flags & VMA_MLOCK ? pages : 0;
	if (vma->flags & VMA_GROWSDOWN)
		s->stack += pages;
	else if ((vma->flags & (VMA_EXEC | VMA_WRITE)) == VMA_EXEC)
		s->exec += pages;
}

static void see_memory(struct seen *s, struct process *p)
{
	struct mm *mm = process_mm(p);

	if (!mm)
		return;
	mm_for_each_vma(mm, add_vma, &s->mm);
	s->mm.mapped = mm->mapped;
	s->mm.data = mm->data;
	s->mm.rss = atomic_load_explicit(&mm->rss, memory_order_relaxed);
	s->mm.brk = mm->brk_start;
	s->mm.start_stack = mm->arg_start;
	s->mm.arg_start = mm->arg_start;
	s->mm.arg_end = mm->arg_end;
	s->mm.env_start = mm->env_start;
	s->mm.env_end = mm->env_end;
	mm_put(mm);
}

static char state_of(const struct thread *t)
{
	return atomic_load_explicit(&t->state, memory_order_relaxed) == THREAD_PARKED ? 'S' : 'R';
}

/* p->lock held. */
static void see_task(struct seen *s, const struct task *t)
{
	s->tid = t->thread->tid;
	memcpy(s->name, t->thread->name, sizeof(s->name));
	s->state = t->stopped ? 'T' : state_of(t->thread);
	s->cpu = atomic_load_explicit(&t->thread->cpu, memory_order_relaxed);
	s->pending = t->pending.set;
	s->blocked = t->blocked;
}

static bool see_tasks(struct seen *s, struct process *p, unsigned tid)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool found = !tid;
	struct task *t;

	s->threads = p->nr_tasks;
	s->shared_pending = p->pending.set;
	s->cred = p->cred;
	for (unsigned sig = 1; p->sighand && sig <= SIGNALS; sig++) {
		uint64_t handler = signal_action_of(p, sig).handler;

		s->ignored |= (uint64_t)(handler == SIG_IGN) << (sig - 1);
		s->caught |= (uint64_t)(handler > SIG_IGN) << (sig - 1);
	}
	list_for_each(t, &p->tasks, link)
		if (t->thread->tid == tid || (!tid && (!s->tid || t->thread->tid == p->pid))) {
			see_task(s, t);
			found = true;
		}
	spin_unlock_irq(&p->lock, flags);
	return found;
}

static int see(struct seen *s, const struct proc_id *id)
{
	struct process *p = process_find(id->pid);
	const char *base;
	bool found;

	if (!p)
		return -ESRCH;
	base = strrchr(p->path, '/');
	*s = (struct seen){ .pid = p->pid, .state = 'Z', .started = p->started };
	strlcpy(s->name, base ? base + 1 : p->path, sizeof(s->name));
	found = see_tasks(s, p, id->tid);
	s->ppid = process_parent_pid(p);
	s->pgid = p->pgid;
	s->sid = p->sid;
	s->used = process_usage(p);
	see_memory(s, p);
	if (!s->tid)
		s->tid = s->pid;
	process_put(p);
	return found ? 0 : -ESRCH;
}

int proc_stat_show(const struct proc_id *id, struct text *t)
{
	uint64_t user, system, born;
	struct seen s;
	int err = see(&s, id);

	if (err)
		return err;
	user = (s.used.ran_ns - s.used.system_ns) / TICK;
	system = s.used.system_ns / TICK;
	born = s.started / TICK;
	text_add(t, "%u (%s) %c %u %u %u 0 -1 4194304 %lu 0 %lu 0 %lu %lu 0 0 20 0 %u 0 %lu %lu %ld 18446744073709551615 ", s.tid, s.name,
		 s.state, s.ppid, s.pgid, s.sid, s.used.minflt, s.used.majflt, user, system, s.threads, born,
		 s.mm.mapped * PAGE_SIZE, s.mm.rss);
	text_add(t, "0 0 %lu 0 0 %lu %lu %lu %lu 0 0 0 17 %u 0 0 0 0 0 0 0 %lu %lu %lu %lu %lu 0\n", s.mm.start_stack,
		 s.pending & 0x7fffffff, s.blocked & 0x7fffffff, s.ignored & 0x7fffffff, s.caught & 0x7fffffff, s.cpu, s.mm.brk,
		 s.mm.arg_start, s.mm.arg_end, s.mm.env_start, s.mm.env_end);
	return 0;
}

int proc_statm_show(const struct proc_id *id, struct text *t)
{
	struct seen s;
	int err = see(&s, id);

	if (!err)
		text_add(t, "%lu %ld 0 %lu 0 %lu 0\n", s.mm.mapped, s.mm.rss, s.mm.exec, s.mm.data + s.mm.stack);
	return err;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'T':
		return "T (stopped)";
	default:
		return "Z (zombie)";
	}
}

static void show_memory(struct text *t, const struct sizes *m)
{
	text_add(t, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t       0 kB\n", KIB(m->mapped), KIB(m->mapped),
		 KIB(m->locked));
	text_add(t, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nVmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t       0 kB\n",
		 KIB(m->rss), KIB(m->rss), KIB(m->data), KIB(m->stack), KIB(m->exec));
	text_add(t, "VmSwap:\t       0 kB\n");
}

static void show_signals(struct text *t, const struct seen *s)
{
	text_add(t, "SigQ:\t0/0\nSigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", s->pending,
		 s->shared_pending, s->blocked, s->ignored, s->caught);
}

static void show_ids(struct text *t, const char *name, const struct ids *ids)
{
	text_add(t, "%s:\t%u\t%u\t%u\t%u\n", name, ids->real, ids->effective, ids->saved, ids->fs);
}

int proc_status_show(const struct proc_id *id, struct text *t)
{
	struct seen s;
	int err = see(&s, id);

	if (err)
		return err;
	text_add(t, "Name:\t%s\nState:\t%s\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", s.name, state_name(s.state), s.pid,
		 s.tid, s.ppid);
	show_ids(t, "Uid", &s.cred.user);
	show_ids(t, "Gid", &s.cred.group);
	text_add(t, "Groups:\t");
	for (unsigned i = 0; i < s.cred.nr_groups; i++)
		text_add(t, "%u ", s.cred.groups[i]);
	text_add(t, "\n");
	if (s.mm.mapped)
		show_memory(t, &s.mm);
	text_add(t, "Threads:\t%u\n", s.threads);
	show_signals(t, &s);
	text_add(t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016llx\nCapAmb:\t%016x\n", s.cred.inheritable,
		 s.cred.permitted, s.cred.effective, CAP_ALL, 0);
	text_add(t, "NoNewPrivs:\t0\nSeccomp:\t0\nCpus_allowed:\t%lx\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t0\n",
		 (1ul << (MAX_CPUS < 63 ? MAX_CPUS : 63)) - 1, s.used.switches);
	return 0;
}

/* ---- limits ---- */

static const struct {
	const char *name, *unit;
} limit_names[RLIMIT_COUNT] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void show_limit(struct text *t, const _Atomic uint64_t *limit)
{
	uint64_t is = atomic_load_explicit(limit, memory_order_relaxed);
	size_t from = t->len;

	if (is == RLIM_INFINITY)
		text_add(t, "unlimited");
	else
		text_add(t, "%lu", is);
	text_add(t, "%*s ", t->len - from < 20 ? (int)(20 - (t->len - from)) : 0, "");
}

int proc_limits_show(const struct proc_id *id, struct text *t)
{
	struct process *p = process_find(id->pid);

	if (!p)
		return -ESRCH;
	text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
		text_add(t, "%-25s ", limit_names[i].name);
		show_limit(t, &p->limits[i].cur);
		show_limit(t, &p->limits[i].max);
		text_add(t, "%-10s\n", limit_names[i].unit);
	}
	process_put(p);
	return 0;
}

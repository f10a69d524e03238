/* SPDX-License-Identifier: MIT */
/* The directory of a process: which files it has, and the small ones. No text is made under a lock but what the process's own memory needs. */
#include "init/proc_files.h"

#include "fs/vfs.h"
#include "init/process_impl.h"
#include "init/root.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/remote.h"

/* ---- its memory: arguments and environment ---- */

#define STRINGS_MAX (2ul << 20) /* as much as execve takes */

static int show_memory(unsigned pid, bool environment, struct text *t)
{
	struct process *p = process_find(pid);
	struct mm *mm = p ? process_mm(p) : NULL;
	char *piece = kmalloc(PAGE_SIZE);
	uintptr_t at, end;
	size_t got = 1;

	if (p)
		process_put(p);
	if (mm && piece) {
		at = environment ? mm->env_start : mm->arg_start;
		end = environment ? mm->env_end : mm->arg_end;
		if (end > at + STRINGS_MAX)
			end = at + STRINGS_MAX;
		for (; at < end && got; at += got) {
			got = mm_read_remote(mm, at, piece, end - at < PAGE_SIZE ? end - at : PAGE_SIZE);
			text_bytes(t, piece, got);
		}
	}
	if (mm)
		mm_put(mm);
	kfree(piece);
	return p ? 0 : -ESRCH;
}

static int cmdline_show(const struct proc_id *id, struct text *t)
{
	return show_memory(id->pid, false, t);
}

static int environ_show(const struct proc_id *id, struct text *t)
{
	return show_memory(id->pid, true, t);
}

/* ---- comm ---- */

/* Calls fn for the task, or the process's first one, with its process's lock held. -ESRCH: there is none. */
static int with_task(const struct proc_id *id, void (*fn)(struct task *t, void *arg), void *arg)
{
	struct process *p = process_find(id->pid);
	unsigned tid = id->tid ? id->tid : id->pid;
	irqflags_t flags;
	struct task *t;

	if (!p)
		return -ESRCH;
	flags = spin_lock_irq(&p->lock);
	t = process_task(p, tid);
	if (t)
		fn(t, arg);
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return t ? 0 : -ESRCH;
}

static void name_get(struct task *t, void *arg)
{
	strlcpy(arg, t->thread->name, THREAD_NAME);
}

static void name_set(struct task *t, void *arg)
{
	strlcpy(t->thread->name, arg, THREAD_NAME);
}

static int comm_show(const struct proc_id *id, struct text *t)
{
	char name[THREAD_NAME];
	int err = with_task(id, name_get, name);

	if (!err)
		text_add(t, "%s\n", name);
	return err;
}

static int comm_store(const struct proc_id *id, const char *data)
{
	char name[THREAD_NAME];

	if (id->pid != process_current()->pid)
		return -EINVAL;
	strlcpy(name, data, sizeof(name));
	return with_task(id, name_set, name);
}

/* ---- what never changes here ---- */

static int mounts_show(const struct proc_id *id, struct text *t)
{
	(void)id;
	proc_mounts_text(t);
	return 0;
}

/* On which of the mounts before it the i-th lies: the last one above it. */
static unsigned mounted_on(unsigned i)
{
	const char *path = root_mounted(i)->path;

	while (i-- > 1) {
		size_t len = strlen(root_mounted(i)->path);

		if (!strncmp(path, root_mounted(i)->path, len) && path[len] == '/')
			return i;
	}
	return 0;
}

static int mountinfo_show(const struct proc_id *id, struct text *t)
{
	const struct mounted *m;

	(void)id;
	for (unsigned i = 0; (m = root_mounted(i)); i++) {
		const char *how = m->super->read_only ? "ro" : "rw";

		text_add(t, "%u %u %u:%u / %s %s,relatime - %s %s %s\n", i + 1, mounted_on(i) + 1, m->super->dev >> 8,
			 m->super->dev & 0xff, m->path, how, m->super->type, m->source, how);
	}
	return 0;
}

static int zero_show(const struct proc_id *id, struct text *t)
{
	(void)id;
	text_add(t, "0\n");
	return 0;
}

/* Nobody is killed for others' sake: the score is kept for those who read it back. */
#define SCORE_MAX 1000

static int score_show(const struct proc_id *id, struct text *t)
{
	struct process *p = process_find(id->pid);

	if (!p)
		return -ESRCH;
	text_add(t, "%d\n", atomic_load_explicit(&p->oom_score, memory_order_relaxed));
	process_put(p);
	return 0;
}

static int score_store(const struct proc_id *id, const char *data)
{
	bool minus = data[0] == '-';
	struct process *p;
	uint64_t n;

	if (parse_u64(data + minus, NULL, &n) || n > SCORE_MAX)
		return -EINVAL;
	p = process_find(id->pid);
	if (!p)
		return -ESRCH;
	atomic_store_explicit(&p->oom_score, minus ? -(int)n : (int)n, memory_order_relaxed);
	process_put(p);
	return 0;
}

static void wchan_get(struct task *t, void *arg)
{
	*(bool *)arg = atomic_load_explicit(&t->thread->state, memory_order_relaxed) == THREAD_PARKED;
}

static int wchan_show(const struct proc_id *id, struct text *t)
{
	bool sleeps = false;
	int err = with_task(id, wchan_get, &sleeps);

	text_add(t, "%s", sleeps ? "thread_park" : "0");
	return err;
}

static const struct proc_file files[] = {
	{ "cmdline", cmdline_show, NULL, NULL },
	{ "comm", comm_show, comm_store, NULL },
	{ "cwd", NULL, NULL, proc_cwd },
	{ "environ", environ_show, NULL, NULL },
	{ "exe", NULL, NULL, proc_exe },
	{ "limits", proc_limits_show, NULL, NULL },
	{ "maps", proc_maps_show, NULL, NULL },
	{ "mountinfo", mountinfo_show, NULL, NULL },
	{ "mounts", mounts_show, NULL, NULL },
	{ "oom_score", zero_show, NULL, NULL },
	{ "oom_score_adj", score_show, score_store, NULL },
	{ "root", NULL, NULL, proc_root_link },
	{ "smaps", proc_smaps_show, NULL, NULL },
	{ "stat", proc_stat_show, NULL, NULL },
	{ "statm", proc_statm_show, NULL, NULL },
	{ "status", proc_status_show, NULL, NULL },
	{ "wchan", wchan_show, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

/* ---- which there are ---- */

static unsigned self_pid(void)
{
	return process_current() ? process_current()->pid : 0;
}

static unsigned self_tid(void)
{
	return current->tid;
}

static unsigned next_pid(unsigned pid)
{
	struct process *p;

	if (!pid)
		pid = 1;
	p = process_next(&pid);
	if (!p)
		return 0;
	process_put(p);
	return pid;
}

static unsigned next_tid(unsigned pid, unsigned tid)
{
	struct process *p = process_find(pid);
	unsigned best = 0;
	irqflags_t flags;
	struct task *t;

	if (!p)
		return 0;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->tasks, link)
		if (t->thread->tid >= tid && (!best || t->thread->tid < best))
			best = t->thread->tid;
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return best;
}

void proc_files_register(void)
{
	static const struct proc_processes processes = { self_pid, self_tid, next_pid, next_tid, proc_next_fd, proc_fd, files };

	proc_set_processes(&processes);
	proc_fault_register();
	proc_ramblk_register();
	proc_groups_register();
	proc_machine_register();
	proc_sys_register();
}

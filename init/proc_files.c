/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, status, exe. The text is made in kernel memory; the address space's lock is
 * held while its VMAs are listed, and never while user memory is touched.
 */
#include "init/proc_files.h"

#include "fs/proc.h"
#include "fs/vfs.h"
#include "init/process_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- one process ---- */

static void vma_name(const struct vma *vma, char *buf, size_t size)
{
	const struct mm *mm = vma->mm;

	buf[0] = '\0';
	if (vma->mapping)
		vma->mapping->ops->name(vma->mapping, buf, size);
	else if (vma->start < mm->brk && vma->end > mm->brk_start)
		strlcpy(buf, "[heap]", size);
	else if (vma->start < mm->stack_top && vma->end >= mm->stack_top)
		strlcpy(buf, "[stack]", size);
}

/* A line as Linux has it, but for device and inode numbers. */
static void vma_show(const struct vma *vma, void *arg)
{
	char name[64];

	vma_name(vma, name, sizeof(name));
	text_add(arg, "%08lx-%08lx %c%c%c%c %08lx 00:00 0%s%s\n", vma->start, vma->end, vma->flags & VMA_READ ? 'r' : '-',
		 vma->flags & VMA_WRITE ? 'w' : '-', vma->flags & VMA_EXEC ? 'x' : '-',
		 vma->flags & VMA_SHARED ? 's' : 'p', vma->mapping ? vma->pgoff * PAGE_SIZE : 0,
		 name[0] ? "                          " : "", name);
}

static void maps_show(struct process *p, struct text *t)
{
	struct mm *mm = process_mm(p);

	if (!mm)
		return;
	mm_for_each_vma(mm, vma_show, t);
	mm_put(mm);
}

static void status_show(struct process *p, struct text *t)
{
	struct usage used = process_usage(p);
	struct mm *mm = process_mm(p);
	const char *base = strrchr(p->path, '/');

	text_add(t, "Name:\t%s\nPid:\t%u\nPPid:\t%u\nThreads:\t%u\n", base ? base + 1 : p->path, p->pid,
		 process_parent_pid(p), p->nr_tasks);
	if (mm) {
		text_add(t, "VmSize:\t%lu kB\nVmRSS:\t%ld kB\n", mm->mapped * (PAGE_SIZE / 1024),
			 atomic_load_explicit(&mm->rss, memory_order_relaxed) * (long)(PAGE_SIZE / 1024));
		mm_put(mm);
	}
	text_add(t, "MinorFaults:\t%lu\nMajorFaults:\t%lu\n", used.minflt, used.majflt);
}

static const char *const names[] = { "maps", "status", NULL };

static int process_show(unsigned pid, const char *name, struct text *t)
{
	struct process *p = process_find(pid);

	if (!p)
		return -ESRCH;
	if (strcmp(name, "maps") == 0)
		maps_show(p, t);
	else
		status_show(p, t);
	process_put(p);
	return 0;
}

static long process_exe(unsigned pid, char *buf, size_t size)
{
	struct process *p = process_find(pid);
	size_t len;

	if (!p)
		return -ENOENT;
	len = strlen(p->path);
	if (len > size)
		len = size;
	memcpy(buf, p->path, len);
	process_put(p);
	return (long)len;
}

static unsigned self_pid(void)
{
	return process_current() ? process_current()->pid : 0;
}

static unsigned next_pid(unsigned pid)
{
	struct process *p = process_next(&pid);

	if (!p)
		return 0;
	process_put(p);
	return pid;
}

void proc_files_register(void)
{
	static const struct proc_processes processes = { self_pid, next_pid, names, process_show, process_exe };

	proc_set_processes(&processes);
	proc_fault_register();
	proc_ramblk_register();
}

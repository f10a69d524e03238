/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps and smaps. VMAs are noted a few at a time under their address space's lock, files referenced; names, which may have to be
 * read from a disk, are found without it. So what one text shows need not have been there all at once, as on Linux.
 */
#include "init/proc_files.h"

#include "fs/vfs.h"
#include "init/process_impl.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pt.h"
#include "mm/vma.h"

#define NOTES 32
#define NAME_COLUMN 73 /* where a name begins */

/* (C) constant once noted */
struct note {
	uintptr_t start, end;	 /* (C) */
	unsigned flags;		 /* (C) */
	pgoff_t pgoff;		 /* (C) */
	struct mapping *mapping; /* referenced, by via if there is one	(C) */
	void *via;		 /* (C) */
	uint64_t resident, dirty, shared; /* pages, for smaps		(C) */
};

struct maps {
	struct mm *mm;
	struct text *text;
	bool detailed;
	void *named;	     /* the open file whose name is in `name` */
	char name[PATH_MAX];
	struct note notes[NOTES];
};

static void count_pages(struct note *n, const struct vma *vma)
{
	uintptr_t va = vma->start;
	pte_t *slot;

	while (va < vma->end && (slot = arch_pte_next(&vma->mm->arch, &va, vma->end))) {
		pte_t pte = arch_pte_read(slot);
		struct page *page = arch_pte_present(pte) ? pte_page(pte) : NULL;

		n->resident += page != NULL;
		n->dirty += page && page_flag(page, PG_ANON | PG_DIRTY);
		n->shared += page && page_maps(page) > 1;
		va += PAGE_SIZE;
	}
}

/* Notes VMAs from *at on; returns how many, and *at is where to go on. */
static unsigned take_notes(struct maps *m, uintptr_t *at)
{
	struct vma *vma;
	unsigned n = 0;

	rwsem_read_lock(&m->mm->lock);
	for (; n < NOTES && (vma = vma_next(m->mm, *at)); *at = vma->end, n++) {
		m->notes[n] = (struct note){ vma->start, vma->end, vma->flags, vma->pgoff, vma->mapping, vma->via, 0, 0, 0 };
		if (vma->mapping)
			vma_file_get(vma);
		if (m->detailed)
			count_pages(&m->notes[n], vma);
	}
	rwsem_read_unlock(&m->mm->lock);
	return n;
}

static const char *name_of(struct maps *m, const struct note *n)
{
	if (n->via) {
		if (m->named != n->via)
			file_path(n->via, m->name, sizeof(m->name));
		m->named = n->via;
		return m->name;
	}
	m->named = NULL;
	if (n->mapping) {
		n->mapping->ops->name(n->mapping, m->name, sizeof(m->name));
		return m->name;
	}
	if (n->start < m->mm->brk && n->end > m->mm->brk_start)
		return "[heap]";
	return n->start < m->mm->stack_top && n->end >= m->mm->stack_top ? "[stack]" : "";
}

/* Device and inode as stat gives them: what came through an open file is an inode's. */
static void show_line(struct maps *m, const struct note *n)
{
	const struct inode *inode = n->via ? ((struct file *)n->via)->inode : NULL;
	unsigned dev = inode ? inode->super->dev : n->mapping ? 1 : 0;
	const char *name = name_of(m, n);
	size_t from = m->text->len, width;

	text_add(m->text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", n->start, n->end, n->flags & VMA_READ ? 'r' : '-',
		 n->flags & VMA_WRITE ? 'w' : '-', n->flags & VMA_EXEC ? 'x' : '-', n->flags & VMA_SHARED ? 's' : 'p',
		 n->mapping ? n->pgoff * PAGE_SIZE : 0, dev >> 8, dev & 0xff, inode ? inode->ino : n->mapping ? 1 : 0);
	width = m->text->len - from;
	text_add(m->text, "%*s%s\n", *name && width < NAME_COLUMN ? (int)(NAME_COLUMN - width) : 0, "", name);
}

static void show_size(struct text *t, const char *name, uint64_t pages)
{
	text_add(t, "%-16s%8lu kB\n", name, pages * (PAGE_SIZE / 1024));
}

static void show_details(struct text *t, const struct note *n)
{
	uint64_t clean = n->resident - n->dirty;

	show_size(t, "Size:", (n->end - n->start) >> PAGE_SHIFT);
	show_size(t, "KernelPageSize:", 1);
	show_size(t, "MMUPageSize:", 1);
	show_size(t, "Rss:", n->resident);
	show_size(t, "Pss:", n->resident);
	show_size(t, "Shared_Clean:", n->shared < clean ? n->shared : clean);
	show_size(t, "Shared_Dirty:", 0);
	show_size(t, "Private_Clean:", n->shared < clean ? clean - n->shared : 0);
	show_size(t, "Private_Dirty:", n->dirty);
	show_size(t, "Referenced:", n->resident);
	show_size(t, "Anonymous:", n->flags & VMA_SHARED ? 0 : n->dirty);
	show_size(t, "Swap:", 0);
	show_size(t, "Locked:", n->flags & VMA_MLOCK ? n->resident : 0);
}

static void show_notes(struct maps *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct note *note = &m->notes[i];

		show_line(m, note);
		if (m->detailed)
			show_details(m->text, note);
	}
	m->named = NULL; /* another file may get its address once it is let go */
	for (unsigned i = 0; i < n; i++)
		if (m->notes[i].mapping)
			vma_file_put(m->notes[i].mapping->ops, m->notes[i].mapping, m->notes[i].via);
}

static int maps_show(const struct proc_id *id, struct text *t, bool detailed)
{
	struct process *p = process_find(id->pid);
	struct maps *m = p ? kzalloc(sizeof(*m)) : NULL;
	uintptr_t at = 0;
	unsigned n;

	if (!m) {
		if (p)
			process_put(p);
		return p ? -ENOMEM : -ESRCH;
	}
	*m = (struct maps){ .mm = process_mm(p), .text = t, .detailed = detailed };
	process_put(p);
	while (m->mm && (n = take_notes(m, &at)))
		show_notes(m, n);
	if (m->mm)
		mm_put(m->mm);
	kfree(m);
	return 0;
}

int proc_maps_show(const struct proc_id *id, struct text *t)
{
	return maps_show(id, t, false);
}

int proc_smaps_show(const struct proc_id *id, struct text *t)
{
	return maps_show(id, t, true);
}

/* SPDX-License-Identifier: MIT */
/*
 * /proc/groups: mkdir makes a group of tasks, rmdir removes one in which there is none.
 *
 *	NAME/tasks	the ids of its tasks; a task whose id is written there (0: the caller) comes into the group. /proc/groups/tasks: out of any
 *	NAME/iops	requests a second of all disks together, 0: no bound
 *	NAME/bandwidth	bytes a second, K, M or G may follow, 0: no bound
 *	NAME/stats	requests, bytes, waits, waited_ns: to be looked at
 *
 * A new task is in the group of the one that makes it. The list of groups is guarded by the directory's `names`, which vfs holds. A group stays
 * while an inode of it does; a task is in none that has been removed, for those cannot be joined.
 */
#include "drivers/iogroup.h"
#include "fs/proc_pid.h"
#include "init/proc_files.h"
#include "init/process.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

#define NAME_SIZE 32
#define TASKS_SHOWN 4096
#define INO_GROUPS (1ull << 61)
#define FILES 8 /* inode numbers of a group: its own, and its files' */

/* (C) constant, (A) atomic, (N) names of /proc/groups */
struct group {
	struct io_group io;
	char name[NAME_SIZE];  /*						(C) */
	uint64_t ino;	       /*						(C) */
	_Atomic unsigned refs; /* one of the list, one of each inode		(A) */
	struct list link;      /*						(N) */
};

/* What an inode is about. Constant. */
struct node {
	struct group *group; /* NULL: all that are in none */
	const struct group_file *file; /* NULL: the directory */
};

static struct list groups = LIST_INIT(groups); /* (N) */
static uint64_t next_ino = INO_GROUPS;	       /* (N) */
static struct inode *groups_dir;	       /* boot */

/* ---- the files ---- */

struct tid_list {
	const struct io_group *group;
	unsigned n;
	unsigned tids[TASKS_SHOWN];
};

static void note_member(struct thread *t, void *arg)
{
	struct tid_list *l = arg;

	if (t->process && atomic_load_explicit(&t->io_group, memory_order_relaxed) == l->group && l->n < TASKS_SHOWN)
		l->tids[l->n++] = t->tid;
}

static int tasks_show(struct group *g, struct text *t)
{
	struct tid_list *l = kzalloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->group = g ? &g->io : NULL;
	thread_for_each(note_member, l);
	for (unsigned i = 0; i < l->n; i++)
		text_add(t, "%u\n", l->tids[i]);
	kfree(l);
	return 0;
}

static int join(unsigned tid, struct io_group *io)
{
	struct process *p = process_find(tid);
	struct task *t;
	irqflags_t flags;
	int err = -ESRCH;

	if (!p)
		return err;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->tasks, link) /* linked: its thread is there */
		if (t->thread->tid == tid)
			err = io_group_join(t->thread, io);
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return err;
}

static int tasks_store(struct group *g, const char *data)
{
	uint64_t tid;

	if (parse_u64(data, NULL, &tid) || tid > UINT32_MAX)
		return -EINVAL;
	return join(tid ? (unsigned)tid : current->tid, g ? &g->io : NULL);
}

static int limit_store(struct group *g, enum io_limit which, const char *data)
{
	uint64_t n;

	if (which == IO_LIMIT_IOPS ? parse_u64(data, NULL, &n) : parse_size(data, NULL, &n))
		return -EINVAL;
	io_group_limit(&g->io, which, n);
	return 0;
}

static int iops_show(struct group *g, struct text *t)
{
	text_add(t, "%lu\n", io_group_look(&g->io).iops.per_second);
	return 0;
}

static int iops_store(struct group *g, const char *data)
{
	return limit_store(g, IO_LIMIT_IOPS, data);
}

static int bandwidth_show(struct group *g, struct text *t)
{
	text_add(t, "%lu\n", io_group_look(&g->io).bandwidth.per_second);
	return 0;
}

static int bandwidth_store(struct group *g, const char *data)
{
	return limit_store(g, IO_LIMIT_BANDWIDTH, data);
}

static int stats_show(struct group *g, struct text *t)
{
	struct io_group now = io_group_look(&g->io);

	text_add(t, "requests %lu\nbytes %lu\nwaits %lu\nwaited_ns %lu\n", now.requests, now.bytes, now.waits, now.waited_ns);
	return 0;
}

static const struct group_file {
	const char *name;
	int (*show)(struct group *g, struct text *t);
	int (*store)(struct group *g, const char *data); /* NULL: to be looked at */
} files[] = {
	{ "tasks", tasks_show, tasks_store }, /* first: /proc/groups has it too */
	{ "iops", iops_show, iops_store },
	{ "bandwidth", bandwidth_show, bandwidth_store },
	{ "stats", stats_show, NULL },
};

/* ---- inodes ---- */

static struct node *node_of(const struct inode *inode)
{
	return inode->private;
}

static void group_put(struct group *g)
{
	/* acq_rel: the others are done with it */
	if (g && atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) == 1)
		kfree(g);
}

static void node_evict(struct inode *inode)
{
	group_put(node_of(inode)->group);
	kfree(inode->private);
}

static int file_make(struct inode *inode, struct text *t)
{
	return node_of(inode)->file->show(node_of(inode)->group, t);
}

static int file_store(struct inode *inode, const char *data)
{
	return node_of(inode)->file->store(node_of(inode)->group, data);
}

static int file_open(struct inode *inode, struct file *file)
{
	bool store = node_of(inode)->file->store;

	if (file_flags(file) & VFS_WRITE && !store)
		return -EACCES;
	return proc_text_open(file, file_make, store ? file_store : NULL);
}

static const struct inode_ops file_ops = { .open = file_open, .evict = node_evict };
static const struct inode_ops group_ops;

static int node_new(struct group *g, const struct group_file *file, struct inode **out)
{
	uint64_t ino = (g ? g->ino : INO_GROUPS - FILES) + (file ? (uint64_t)(file - files) + 1 : 0);
	unsigned mode = file ? S_IFREG | (file->store ? 0644 : 0444) : S_IFDIR | 0755;
	struct node *node = kmalloc(sizeof(*node));
	struct inode *inode = node ? inode_new(groups_dir->super, ino, mode) : NULL;

	if (!inode) {
		kfree(node);
		return -ENOMEM;
	}
	*node = (struct node){ g, file };
	if (g)
		atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
	inode->private = node;
	inode->ops = file ? &file_ops : &group_ops;
	inode->nlink = file ? 1 : 2;
	strlcpy(inode->name, file ? file->name : g->name, sizeof(inode->name));
	*out = inode;
	return 0;
}

static bool is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

/* ---- a group's directory ---- */

static int group_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	if (is(name, len, "..")) {
		inode_get(groups_dir);
		*out = groups_dir;
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		if (is(name, len, files[i].name))
			return node_new(node_of(dir)->group, &files[i], out);
	return -ENOENT;
}

/* "." and "..", and then what follows at position 2. */
static bool emit_dots(uint64_t self, uint64_t up, uint64_t pos, struct dir_sink *sink)
{
	if (pos < 1 && !sink->emit(sink, ".", 1, self, S_IFDIR >> 12, 1))
		return false;
	return pos > 1 || sink->emit(sink, "..", 2, up, S_IFDIR >> 12, 2);
}

static int group_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	if (!emit_dots(dir->ino, groups_dir->ino, pos, sink))
		return 0;
	for (uint64_t i = pos > 2 ? pos - 2 : 0; i < ARRAY_SIZE(files); i++)
		if (!sink->emit(sink, files[i].name, strlen(files[i].name), dir->ino + i + 1, S_IFREG >> 12, i + 3))
			return 0;
	return 0;
}

static const struct inode_ops group_ops = { .lookup = group_lookup, .readdir = group_readdir, .evict = node_evict };

/* ---- all groups ---- */

static int groups_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct group *g;

	if (is(name, len, ".."))
		return inode_get(proc_root_inode()), *out = proc_root_inode(), 0;
	if (is(name, len, files[0].name))
		return node_new(NULL, &files[0], out);
	list_for_each(g, &groups, link)
		if (is(name, len, g->name))
			return node_new(g, NULL, out);
	return -ENOENT;
}

/* A group's position is where its inode number says. */
static int groups_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct group *g;

	if (!emit_dots(dir->ino, proc_root_inode()->ino, pos, sink))
		return 0;
	if (pos < 3 && !sink->emit(sink, files[0].name, strlen(files[0].name), INO_GROUPS - FILES + 1, S_IFREG >> 12, 3))
		return 0;
	list_for_each(g, &groups, link) {
		uint64_t at = (g->ino - INO_GROUPS) / FILES + 3;

		if (at >= pos && !sink->emit(sink, g->name, strlen(g->name), g->ino, S_IFDIR >> 12, at + 1))
			return 0;
	}
	return 0;
}

static int groups_create(struct inode *dir, const char *name, size_t len, const struct inode_make *make, struct inode **out)
{
	struct group *g;
	int err;

	if ((make->mode & S_IFMT) != S_IFDIR)
		return -EPERM;
	if (len >= NAME_SIZE)
		return -ENAMETOOLONG;
	g = kzalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	memcpy(g->name, name, len);
	g->ino = next_ino;
	atomic_store_explicit(&g->refs, 1, memory_order_relaxed);
	err = node_new(g, NULL, out);
	if (err) {
		kfree(g);
		return err;
	}
	next_ino += FILES;
	list_append(&groups, &g->link);
	return 0;
}

static int groups_unlink(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	struct node *node = node_of(inode);

	if (node->file)
		return -EPERM;
	if (!io_group_close(&node->group->io))
		return -EBUSY;
	list_remove(&node->group->link);
	group_put(node->group); /* the inode has another */
	return 0;
}

static const struct inode_ops groups_ops = {
	.lookup = groups_lookup,
	.readdir = groups_readdir,
	.create = groups_create,
	.unlink = groups_unlink,
};

void proc_groups_register(void)
{
	groups_dir = proc_register_dir("groups", &groups_ops);
}

/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID and /proc/self: inodes made for each look-up, which hold a number and a name, not the process. The process is looked for again
 * when the file is read; if it has gone, -ESRCH.
 *
 * A process's directory has these positions, and inode numbers that follow from them: . .. exe, then processes->names.
 */
#include "fs/proc_pid.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

static const struct proc_processes *processes;

enum { POS_DIR, POS_UP, POS_EXE, POS_NAMES, POSITIONS = 64 };

/* (C) constant */
struct pid_inode {
	unsigned pid;	  /*						(C) */
	const char *name; /* in its directory, or NULL: the directory	(C) */
};

static uint64_t ino_of(unsigned pid, uint64_t pos)
{
	return PROC_PID_POS * 2 + pid * (uint64_t)POSITIONS + pos;
}

void proc_set_processes(const struct proc_processes *p)
{
	processes = p;
}

bool dir_stop_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct dir_stop *stop = container_of(sink, struct dir_stop, sink);

	stop->stopped = !stop->to->emit(stop->to, name, len, ino, type, next);
	return !stop->stopped;
}

static void pid_evict(struct inode *inode)
{
	kfree(inode->private);
}

/* id: whose, and under which name. */
static int pid_inode_new(const struct pid_inode *id, uint64_t pos, unsigned mode, const struct inode_ops *ops, struct inode **out)
{
	struct pid_inode *p = kmalloc(sizeof(*p));
	struct inode *inode = p ? inode_new(proc_root_inode()->super, ino_of(id->pid, pos), mode) : NULL;

	if (!inode) {
		kfree(p);
		return -ENOMEM;
	}
	*p = *id;
	inode->private = p;
	inode->ops = ops;
	inode->nlink = (mode & S_IFMT) == S_IFDIR ? 2 : 1;
	if (id->name)
		strlcpy(inode->name, id->name, sizeof(inode->name));
	*out = inode;
	return 0;
}

/* ---- the files of one process ---- */

static int file_make(struct inode *inode, struct text *t)
{
	const struct pid_inode *p = inode->private;

	return processes->show(p->pid, p->name, t);
}

static int file_open(struct inode *inode, struct file *file)
{
	return file_flags(file) & VFS_WRITE ? -EACCES : proc_text_open(file, file_make);
}

static long exe_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct pid_inode *p = inode->private;

	return processes->exe(p->pid, buf, size);
}

static long self_readlink(struct inode *inode, char *buf, size_t size)
{
	char number[12];
	size_t len = (size_t)snprintf(number, sizeof(number), "%u", processes->self());

	(void)inode;
	if (len > size)
		len = size;
	memcpy(buf, number, len);
	return (long)len;
}

static const struct inode_ops file_ops = { .open = file_open, .evict = pid_evict };
static const struct inode_ops exe_ops = { .readlink = exe_readlink, .evict = pid_evict };
static const struct inode_ops self_ops = { .readlink = self_readlink, .evict = pid_evict };

static bool is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

static int pid_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct pid_inode id = { .pid = ((const struct pid_inode *)dir->private)->pid };

	if (is(name, len, "..")) {
		*out = proc_root_inode();
		inode_get(*out);
		return 0;
	}
	if (is(name, len, "exe")) {
		id.name = "exe";
		return pid_inode_new(&id, POS_EXE, S_IFLNK | 0777, &exe_ops, out);
	}
	for (unsigned i = 0; processes->names[i]; i++)
		if (is(name, len, processes->names[i])) {
			id.name = processes->names[i];
			return pid_inode_new(&id, POS_NAMES + i, S_IFREG | 0444, &file_ops, out);
		}
	return -ENOENT;
}

static int pid_dir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	static const char *const fixed[] = { [POS_DIR] = ".", [POS_UP] = "..", [POS_EXE] = "exe" };
	static const unsigned types[] = { S_IFDIR >> 12, S_IFDIR >> 12, S_IFLNK >> 12 };

	for (; pos < POSITIONS; pos++) {
		const char *name = pos < POS_NAMES ? fixed[pos] : processes->names[pos - POS_NAMES];
		uint64_t ino = pos == POS_UP ? proc_root_inode()->ino : dir->ino + pos;

		if (!name || !sink->emit(sink, name, strlen(name), ino, pos < POS_NAMES ? types[pos] : S_IFREG >> 12, pos + 1))
			break;
	}
	return 0;
}

static const struct inode_ops pid_dir_ops = { .lookup = pid_dir_lookup, .readdir = pid_dir_readdir, .evict = pid_evict };

/* ---- the processes in /proc ---- */

int proc_pid_lookup(const char *name, size_t len, struct inode **out)
{
	struct pid_inode id = { .name = NULL };
	char number[12];
	uint64_t pid;

	if (!processes || len >= sizeof(number))
		return -ENOENT;
	if (is(name, len, "self"))
		return pid_inode_new(&id, POS_DIR, S_IFLNK | 0777, &self_ops, out);
	memcpy(number, name, len);
	number[len] = 0;
	if (parse_u64(number, NULL, &pid) || !pid || pid > UINT32_MAX || number[0] == '0' || processes->next((unsigned)pid) != pid)
		return -ENOENT;
	id.pid = (unsigned)pid;
	return pid_inode_new(&id, POS_DIR, S_IFDIR | 0555, &pid_dir_ops, out);
}

int proc_pid_readdir(uint64_t pos, struct dir_sink *sink)
{
	unsigned pid = (unsigned)(pos - PROC_PID_POS);
	char number[12];

	if (!processes)
		return 0;
	if (!pid && !sink->emit(sink, "self", 4, ino_of(0, POS_DIR), S_IFLNK >> 12, ++pos))
		return 0;
	while ((pid = processes->next(pid ? pid : 1))) {
		int len = snprintf(number, sizeof(number), "%u", pid);

		if (!sink->emit(sink, number, (size_t)len, ino_of(pid, POS_DIR), S_IFDIR >> 12, PROC_PID_POS + pid + 1))
			break;
		pid++;
	}
	return 0;
}

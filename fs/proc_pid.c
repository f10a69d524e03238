/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID and /proc/self: inodes made for each look-up, which hold a number and a name, not the process. The process is looked for again
 * when the file is opened; if it has gone, -ESRCH.
 */
#include "fs/proc_pid.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

static const struct proc_processes *processes;

struct pid_inode {
	unsigned pid;
	const char *name; /* a member of processes->names; "exe"; NULL: the directory */
};

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

static int pid_inode_new(struct super *super, unsigned pid, const char *name, unsigned mode, const struct inode_ops *ops,
			 struct inode **out)
{
	struct pid_inode *p = kmalloc(sizeof(*p));
	struct inode *inode = p ? inode_new(super, PROC_PID_POS * 2 + pid * 64ull, mode) : NULL;

	if (!inode) {
		kfree(p);
		return -ENOMEM;
	}
	*p = (struct pid_inode){ pid, name };
	inode->private = p;
	inode->ops = ops;
	strlcpy(inode->name, name ? name : "self", sizeof(inode->name));
	*out = inode;
	return 0;
}

/* ---- the files of one process ---- */

static int file_open(struct inode *inode, struct file *file)
{
	const struct pid_inode *p = inode->private;
	struct text *t = proc_text_new(file);
	int err = t ? processes->show(p->pid, p->name, t) : -ENOMEM;

	if (err && t) {
		kfree(t->buf);
		kfree(t);
	}
	return err;
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
	const struct pid_inode *p = dir->private;

	if (is(name, len, "..")) {
		*out = proc_root_inode();
		inode_get(*out);
		return 0;
	}
	if (is(name, len, "exe"))
		return pid_inode_new(dir->super, p->pid, "exe", S_IFLNK | 0777, &exe_ops, out);
	for (const char *const *n = processes->names; *n; n++)
		if (is(name, len, *n))
			return pid_inode_new(dir->super, p->pid, *n, S_IFREG | 0444, &file_ops, out);
	return -ENOENT;
}

static int pid_dir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	static const char *const fixed[] = { ".", "..", "exe" };
	static const unsigned char types[] = { 4, 4, 10 };

	for (;; pos++) {
		const char *name = pos < 3 ? fixed[pos] : processes->names[pos - 3];

		if (!name || !sink->emit(sink, name, strlen(name), dir->ino + pos, pos < 3 ? types[pos] : 8, pos + 1))
			return 0;
	}
}

static const struct inode_ops pid_dir_ops = { .lookup = pid_dir_lookup, .readdir = pid_dir_readdir, .evict = pid_evict };

/* ---- the processes in /proc ---- */

int proc_pid_lookup(struct super *super, const char *name, size_t len, struct inode **out)
{
	char number[12];
	uint64_t pid;

	if (!processes || len >= sizeof(number))
		return -ENOENT;
	if (is(name, len, "self"))
		return pid_inode_new(super, 0, NULL, S_IFLNK | 0777, &self_ops, out);
	memcpy(number, name, len);
	number[len] = 0;
	if (parse_u64(number, NULL, &pid) || !pid || pid > UINT32_MAX || number[0] == '0' || processes->next((unsigned)pid) != pid)
		return -ENOENT;
	return pid_inode_new(super, (unsigned)pid, NULL, S_IFDIR | 0555, &pid_dir_ops, out);
}

int proc_pid_readdir(uint64_t pos, struct dir_sink *sink)
{
	unsigned pid = (unsigned)(pos - PROC_PID_POS);
	char number[12];

	if (!processes)
		return 0;
	if (!pid && !sink->emit(sink, "self", 4, PROC_PID_POS * 2, 10, pos + 1))
		return 0;
	while ((pid = processes->next(pid ? pid : 1))) {
		int len = snprintf(number, sizeof(number), "%u", pid);

		if (!sink->emit(sink, number, (size_t)len, PROC_PID_POS * 2 + pid * 64ull, 4, PROC_PID_POS + pid + 1))
			break;
		pid++;
	}
	return 0;
}

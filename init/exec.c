/* SPDX-License-Identifier: MIT */
/*
 * execve, in order:
 *
 *	1. copy path, argv and envp out of the old address space; open and judge the file; make and fill the new address
 *	   space (nobody runs in it yet). Whatever fails here leaves the old program as it was.
 *	2. all other tasks end. That can fail too, but only because we are being killed.
 *	3. the point of no return: the new address space takes the place of the old one, which is let go.
 *	4. the first writes to the new one: bss behind initialised data, the stack. They fault like any program's. If one fails
 *	   there is no program to return to, and the process ends as if by SIGKILL.
 */
#include "init/exec.h"

#include "fs/permit.h"
#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/futex.h"
#include "init/process.h"
#include "init/timers.h"
#include "init/shm.h"
#include "init/where.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

struct program {
	const struct exec_name *name;
	char interpreter[SCRIPT_PATH]; /* "": the file is the program itself */
	struct file *file;
	struct mm *mm;
	struct sighand *sighand;
	uintptr_t trampoline;
	struct image image;
};

/* ---- before the point of no return ---- */

static int may_run(struct inode *inode)
{
	if (inode_type(inode) == S_IFLNK)
		return -ELOOP; /* only with nofollow do we get to see one */
	return inode_type(inode) == S_IFREG && inode->mode & 0111 && inode->mapping.ops ? permit(inode, PERMIT_EXEC) : -EACCES;
}

/* For /proc/self/exe. A descriptor alone leads to what it was opened by. */
static void name_remember(const struct exec_name *name, struct file *file)
{
	char link[sizeof("/proc/self/fd/4294967295")];
	struct inode *base;

	if (!*name->path) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", name->dir);
		file_remember(file, vfs_root, link);
	} else if (!path_base(name->dir, name->path, &base)) {
		file_remember(file, base, name->path);
		inode_put(base);
	}
}

/* Only a regular file that somebody may execute, and that nobody has open for writing. */
int program_open(const struct exec_name *name, struct file **file)
{
	struct inode *inode;
	int err = path_lookup(name->dir, name->path, name->nofollow ? LOOKUP_NOFOLLOW : 0, &inode);

	if (err)
		return err;
	err = may_run(inode);
	if (!err)
		err = vfs_open_inode(inode, VFS_READ, file);
	inode_put(inode);
	if (err)
		return err;
	name_remember(name, *file);
	err = file_deny_write(*file);
	if (err) {
		file_put(*file);
		*file = NULL;
	}
	return err;
}

/* Room for the stack to grow into, as much as it may; as Linux, at least 128 MiB and at most five sixths of everything. */
static uintptr_t mmap_top(const struct mm *mm)
{
	uint64_t room = atomic_load_explicit(&mm->limit[MM_LIMIT_STACK], memory_order_relaxed);

	if (room < STACK_ROOM_MIN)
		room = STACK_ROOM_MIN;
	if (room > USER_TOP / 6 * 5)
		room = USER_TOP / 6 * 5;
	return (USER_TOP - room - MM_STACK_GAP) & ~(PAGE_SIZE - 1);
}

static int stack_map(struct program *p)
{
	struct map_request r = {
		.addr = USER_TOP - STACK_START,
		.len = STACK_START,
		.flags = VMA_READ | VMA_WRITE | VMA_MAYWRITE | VMA_GROWSDOWN | (p->image.stack_exec ? VMA_EXEC : 0),
		.fixed = true,
	};
	long at = mm_map(p->mm, &r);

	p->mm->stack_top = USER_TOP;
	p->mm->mmap_top = mmap_top(p->mm);
	return at < 0 ? (int)at : 0;
}

static const char *program_path(const struct program *p)
{
	return *p->interpreter ? p->interpreter : p->name->shown;
}

static int program_prepare(struct program *p, struct strings *s)
{
	int err = program_open(p->name, &p->file);

	if (!err)
		err = script_follow(p->name, &p->file, s, p->interpreter);
	if (!err)
		err = image_read(&p->image, program_path(p), file_mapping(p->file));
	if (err)
		return err;
	p->mm = mm_create();
	if (!p->mm)
		return -ENOMEM;
	limits_apply(process_current(), p->mm);
	p->sighand = sighand_new(process_current()->sighand);
	if (!p->sighand)
		return -ENOMEM;
	err = image_map(&p->image, p->mm);
	if (!err)
		err = stack_map(p);
	return err ? err : signal_map_trampoline(p->mm, &p->trampoline);
}

static void program_discard(struct program *p)
{
	if (p->mm)
		mm_put(p->mm);
	if (p->file)
		file_put(p->file);
	if (p->sighand)
		sighand_put(p->sighand);
}

/* ---- after it ---- */

/* A script gives its name to the thread, and its interpreter is what runs. */
static void name_take(struct process *self, const struct program *p)
{
	const char *shown = p->name->shown, *base = strrchr(shown, '/');

	file_path(p->file, self->path, sizeof(self->path));
	strlcpy(current->name, base ? base + 1 : shown, sizeof(current->name));
}

/* The process runs p from now on. Takes over p's references. */
static void program_take(struct program *p)
{
	struct process *self = process_current();
	struct mm *old_mm = self->mm;
	struct file *old_exe = self->exe;
	irqflags_t flags;

	futex_release(false);
	flags = spin_lock_irq(&self->lock);
	self->mm = p->mm;
	self->exe = p->file;
	self->trampoline = p->trampoline;
	spin_unlock_irq(&self->lock, flags);
	rseq_forget();
	signal_exec(self, p->sighand);
	timers_exec(self);
	mutex_lock(&process_tree);
	self->execed = true;
	mutex_unlock(&process_tree);
	name_take(self, p);
	current->mm = p->mm;
	thread_set_space(current, &p->mm->arch);
	arch_user_reset();
	files_close_on_exec(self->files);
	if (old_mm)
		mm_put(old_mm);
	shm_detached();
	process_vfork_done(self);
	if (old_exe)
		file_put(old_exe);
}

/* The address space is ours and current. */
static uintptr_t program_fill(const struct program *p, const struct strings *s)
{
	if (image_clear(&p->image))
		return 0;
	return stack_build(s, &p->image, USER_TOP);
}

int exec_program(const struct exec_name *name, struct strings *s, struct arch_regs *regs)
{
	struct program p = { .name = name };
	uintptr_t sp;
	int err = program_prepare(&p, s);

	if (!err)
		err = process_become_single();
	if (!err)
		err = process_unshare_files(process_current());
	if (err) {
		program_discard(&p);
		return err;
	}
	cred_exec();
	program_take(&p);
	sp = program_fill(&p, s);
	if (!sp) {
		log_line("PID %u %s: its first pages could not be written (memory?): killed", process_current()->pid, name->shown);
		process_exit(SIGKILL);
	}
	arch_regs_init_user(regs, p.image.entry, sp);
	return 0;
}

/* ---- execve ---- */

/* A NULL-terminated array of user pointers; a NULL array is an empty one, as on Linux. */
static int add_user_array(struct strings *s, uintptr_t array, unsigned *count)
{
	uint64_t text;
	int err = 0;

	for (; array && !err; array += sizeof(text)) {
		if (copy_from_user(&text, array, sizeof(text)))
			return -EFAULT;
		if (!text)
			return 0;
		err = strings_add_user(s, text);
		(*count)++;
	}
	return err;
}

static int strings_fill(struct strings *s, const char *path, uintptr_t argv, uintptr_t envp)
{
	int err = add_user_array(s, argv, &s->argc);

	if (!err && !s->argc) { /* as Linux since 5.18: nobody finds an empty argv */
		err = strings_add(s, "");
		s->argc = 1;
	}
	if (!err)
		err = add_user_array(s, envp, &s->envc);
	return err ? err : strings_add(s, path);
}

static long exec_named(struct arch_regs *regs, const struct exec_name *name, uintptr_t argv, uintptr_t envp)
{
	struct strings *s = strings_new();
	int err = s ? strings_fill(s, name->shown, argv, envp) : -ENOMEM;

	if (!err)
		err = exec_program(name, s, regs);
	if (s)
		strings_free(s);
	return err;
}

long exec_user(struct arch_regs *regs, uintptr_t user_path, uintptr_t argv, uintptr_t envp)
{
	struct exec_name name = { .dir = AT_FDCWD };
	char *path;
	long ret = path_from_user(user_path, false, &path);

	if (ret)
		return ret;
	name.path = name.shown = path;
	ret = exec_named(regs, &name, argv, envp);
	kfree(path);
	return ret;
}

/* What a program learns of a path that begins at a descriptor. NULL: no memory. */
static char *shown_at(int dir, const char *path)
{
	size_t size = sizeof("/dev/fd/4294967295/") + strlen(path);
	char *shown = kmalloc(size);

	if (shown)
		snprintf(shown, size, "/dev/fd/%d%s%s", dir, *path ? "/" : "", path);
	return shown;
}

long exec_user_at(struct arch_regs *regs)
{
	struct exec_name name = { .dir = (int)arch_regs_arg(regs, 0) };
	unsigned flags = (unsigned)arch_regs_arg(regs, 4);
	char *path, *shown = NULL;
	long ret;

	if (flags & ~(unsigned)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	name.nofollow = flags & AT_SYMLINK_NOFOLLOW;
	ret = path_from_user(arch_regs_arg(regs, 1), flags & AT_EMPTY_PATH, &path);
	if (ret)
		return ret;
	if (name.dir != AT_FDCWD && *path != '/')
		shown = shown_at(name.dir, path);
	name.path = path;
	name.shown = shown ? shown : path;
	ret = exec_named(regs, &name, arch_regs_arg(regs, 2), arch_regs_arg(regs, 3));
	kfree(shown);
	kfree(path);
	return ret;
}

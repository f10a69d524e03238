/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv, process_vm_writev: between the caller's memory and another process's, through a buffer of the kernel's, so that no more
 * than one of the two is touched at a time.
 */
#include "init/process.h"

#include "init/linux.h"
#include "init/syscalls.h"
#include "init/vector.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/remote.h"

/* A place in a vector. */
struct cursor {
	const struct user_range *v;
	size_t count, at; /* which range, how far in it */
	size_t skip;
};

/* The bytes in a row there, 0 at the end; *where: their address. */
static size_t stretch(struct cursor *c, uintptr_t *where)
{
	while (c->at < c->count && c->skip == c->v[c->at].len) {
		c->at++;
		c->skip = 0;
	}
	if (c->at == c->count)
		return 0;
	*where = c->v[c->at].base + c->skip;
	return c->v[c->at].len - c->skip;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* n bytes from one to the other; how many came across. */
static size_t move(struct mm *mm, uintptr_t remote, uintptr_t local, char *buf, size_t n, bool write)
{
	if (write) {
		n -= copy_from_user_part(buf, local, n);
		return mm_write_remote(mm, remote, buf, n);
	}
	n = mm_read_remote(mm, remote, buf, n);
	return n - copy_to_user_part(local, buf, n);
}

static long move_all(struct mm *mm, struct cursor *local, struct cursor *remote, bool write)
{
	char *buf = kmalloc(PAGE_SIZE);
	uintptr_t here, there;
	size_t done = 0, n, part = 0;

	if (!buf)
		return -ENOMEM;
	do { /* so much at most, as with read(2); and who has been killed ends */
		n = least(least(stretch(local, &here), stretch(remote, &there)), least(PAGE_SIZE, MAX_RW_COUNT - done));
		part = n ? move(mm, there, here, buf, n, write) : 0;
		local->skip += part;
		remote->skip += part;
		done += part;
	} while (n && part == n && !thread_killed());
	kfree(buf);
	return done || !n ? (long)done : -EFAULT;
}

static long with_process(int pid, struct cursor *local, struct cursor *remote, bool write)
{
	struct process *p = pid > 0 ? process_find((unsigned)pid) : NULL;
	struct mm *mm = NULL;
	long ret = -ESRCH;

	if (p && p != process_current() && !cred_may_look(p))
		ret = -EPERM;
	else if (p)
		mm = process_mm(p);
	if (mm) {
		ret = move_all(mm, local, remote, write);
		mm_put(mm);
	}
	if (p)
		process_put(p);
	return ret;
}

/* The other's ranges are checked by who follows them. */
static int vectors_read(struct user_range *v, uintptr_t local, size_t locals, uintptr_t remote, size_t remotes)
{
	int err = vector_read(v, local, locals);

	if (err)
		return err;
	if (copy_from_user(v + locals, remote, remotes * sizeof(*v)))
		return -EFAULT;
	for (size_t i = 0; i < remotes; i++)
		if ((int64_t)v[locals + i].len < 0)
			return -EINVAL;
	return 0;
}

static long transfer(int pid, const uintptr_t at[2], const size_t count[2], bool write)
{
	struct cursor local = { .count = count[0] }, remote = { .count = count[1] };
	struct user_range *v;
	long ret;

	if (count[0] > UIO_MAXIOV || count[1] > UIO_MAXIOV)
		return -EINVAL;
	v = kmalloc((count[0] + count[1] + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	local.v = v;
	remote.v = v + count[0];
	ret = vectors_read(v, at[0], count[0], at[1], count[1]);
	if (!ret && vector_total(v, count[0]) && count[1])
		ret = with_process(pid, &local, &remote, write);
	kfree(v);
	return ret;
}

long sys_process_vm_readv(int pid, uintptr_t local, size_t locals, uintptr_t remote, size_t remotes, uint64_t flags)
{
	return flags ? -EINVAL : transfer(pid, (uintptr_t[]){ local, remote }, (size_t[]){ locals, remotes }, false);
}

long sys_process_vm_writev(int pid, uintptr_t local, size_t locals, uintptr_t remote, size_t remotes, uint64_t flags)
{
	return flags ? -EINVAL : transfer(pid, (uintptr_t[]){ local, remote }, (size_t[]){ locals, remotes }, true);
}

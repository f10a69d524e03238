/* SPDX-License-Identifier: MIT */
/*
 * System calls about who a process is. Users and groups change alike, so one function does both: a change is a copy of the ids, checked against
 * those there were, and put in their place. With the capability (CAP_SETUID, CAP_SETGID) everything goes.
 */
#include "init/cred.h"

#include "init/process.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define KEEP UINT32_MAX /* an argument: as it is */

struct change {
	struct ids is;	 /* those there are, then those there shall be */
	struct ids was;
	bool group, any; /* any: may become what it likes */
};

static struct change change_begin(bool group)
{
	struct cred c = cred_current();
	struct ids is = group ? c.group : c.user;

	return (struct change){ is, is, group, c.effective & 1ull << (group ? CAP_SETGID : CAP_SETUID) };
}

/* Capabilities follow the user: they go with the last id that is root's, and take effect while the effective one is. */
static void follow_user(struct cred *c, const struct ids *was)
{
	const struct ids *is = &c->user;

	if ((!was->real || !was->effective || !was->saved) && is->real && is->effective && is->saved)
		c->permitted = c->effective = 0;
	if (!was->effective && is->effective)
		c->effective = 0;
	if (was->effective && !is->effective)
		c->effective = c->permitted;
}

static long change_end(const struct change *change)
{
	struct process *self = process_current();
	irqflags_t flags = spin_lock_irq(&self->lock);

	if (change->group) {
		self->cred.group = change->is;
	} else {
		self->cred.user = change->is;
		follow_user(&self->cred, &change->was);
		cred_changed(self);
	}
	spin_unlock_irq(&self->lock, flags);
	return 0;
}

static bool may_be(const struct change *c, unsigned id, bool saved)
{
	return id == KEEP || c->any || id == c->was.real || id == c->was.effective || (saved && id == c->was.saved);
}

static long set_id(bool group, unsigned id)
{
	struct change c = change_begin(group);

	if (id == KEEP)
		return -EINVAL;
	if (c.any)
		c.is.real = c.is.saved = id;
	else if (id != c.was.real && id != c.was.saved)
		return -EPERM;
	c.is.effective = c.is.fs = id;
	return change_end(&c);
}

static long set_re(bool group, unsigned real, unsigned effective)
{
	struct change c = change_begin(group);

	if (!may_be(&c, real, false) || !may_be(&c, effective, true))
		return -EPERM;
	if (real != KEEP)
		c.is.real = real;
	if (effective != KEEP)
		c.is.effective = effective;
	if (real != KEEP || (effective != KEEP && effective != c.was.real))
		c.is.saved = c.is.effective;
	c.is.fs = c.is.effective;
	return change_end(&c);
}

static long set_res(bool group, unsigned real, unsigned effective, unsigned saved)
{
	struct change c = change_begin(group);

	if (!may_be(&c, real, true) || !may_be(&c, effective, true) || !may_be(&c, saved, true))
		return -EPERM;
	if (real != KEEP)
		c.is.real = real;
	if (effective != KEEP)
		c.is.effective = effective;
	if (saved != KEEP)
		c.is.saved = saved;
	c.is.fs = c.is.effective;
	return change_end(&c);
}

/* The one before, whether it may change or not. */
static long set_fs(bool group, unsigned id)
{
	struct change c = change_begin(group);

	if (id != KEEP && (may_be(&c, id, true) || id == c.was.fs)) {
		c.is.fs = id;
		change_end(&c);
	}
	return c.was.fs;
}

static long get_res(const struct ids *ids, uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	if (copy_to_user(real, &ids->real, sizeof(unsigned)) || copy_to_user(effective, &ids->effective, sizeof(unsigned)))
		return -EFAULT;
	return copy_to_user(saved, &ids->saved, sizeof(unsigned));
}

long sys_getuid(void)
{
	return cred_current().user.real;
}

long sys_geteuid(void)
{
	return cred_current().user.effective;
}

long sys_getgid(void)
{
	return cred_current().group.real;
}

long sys_getegid(void)
{
	return cred_current().group.effective;
}

long sys_setuid(unsigned id)
{
	return set_id(false, id);
}

long sys_setgid(unsigned id)
{
	return set_id(true, id);
}

long sys_setreuid(unsigned real, unsigned effective)
{
	return set_re(false, real, effective);
}

long sys_setregid(unsigned real, unsigned effective)
{
	return set_re(true, real, effective);
}

long sys_setresuid(unsigned real, unsigned effective, unsigned saved)
{
	return set_res(false, real, effective, saved);
}

long sys_setresgid(unsigned real, unsigned effective, unsigned saved)
{
	return set_res(true, real, effective, saved);
}

long sys_getresuid(uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	struct cred c = cred_current();

	return get_res(&c.user, real, effective, saved);
}

long sys_getresgid(uintptr_t real, uintptr_t effective, uintptr_t saved)
{
	struct cred c = cred_current();

	return get_res(&c.group, real, effective, saved);
}

long sys_setfsuid(unsigned id)
{
	return set_fs(false, id);
}

long sys_setfsgid(unsigned id)
{
	return set_fs(true, id);
}

/* ---- supplementary groups ---- */

#define NGROUPS_MAX 65536

long sys_getgroups(int size, uintptr_t list)
{
	struct cred c = cred_current();

	if (size < 0 || (size && (unsigned)size < c.nr_groups))
		return -EINVAL;
	if (size && copy_to_user(list, c.groups, c.nr_groups * sizeof(unsigned)))
		return -EFAULT;
	return c.nr_groups;
}

static void sort(unsigned *ids, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned at = i; at && ids[at - 1] > ids[at]; at--) {
			unsigned id = ids[at];

			ids[at] = ids[at - 1];
			ids[at - 1] = id;
		}
}

/* Linux keeps them sorted, and shows them so. */
long sys_setgroups(int size, uintptr_t list)
{
	struct process *self = process_current();
	unsigned groups[GROUPS_MAX], n = (unsigned)size;
	irqflags_t flags;

	if (!cred_capable(CAP_SETGID))
		return -EPERM;
	if (n > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list, (n < GROUPS_MAX ? n : GROUPS_MAX) * sizeof(*groups)))
		return -EFAULT;
	if (n > GROUPS_MAX)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		if (groups[i] == KEEP)
			return -EINVAL;
	sort(groups, n);
	flags = spin_lock_irq(&self->lock);
	for (unsigned i = 0; i < n; i++)
		self->cred.groups[i] = groups[i];
	self->cred.nr_groups = n;
	spin_unlock_irq(&self->lock, flags);
	return 0;
}

/* ---- capabilities ---- */

enum { CAP_VERSION_1 = 0x19980330, CAP_VERSION_2 = 0x20071026, CAP_VERSION_3 = 0x20080522 };

struct cap_header {
	uint32_t version;
	int pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

/* How many words a set has in this version. -EINVAL: unknown, and user space is told one that is known. */
static int cap_header_get(uintptr_t user, struct cap_header *header)
{
	int words;

	if (copy_from_user(&header->version, user, sizeof(header->version)))
		return -EFAULT;
	words = header->version == CAP_VERSION_1 ? 1 : header->version == CAP_VERSION_2 || header->version == CAP_VERSION_3 ? 2 : 0;
	if (words)
		return copy_from_user(header, user, sizeof(*header)) ? -EFAULT : words;
	header->version = CAP_VERSION_3;
	return copy_to_user(user, header, sizeof(header->version)) ? -EFAULT : -EINVAL;
}

static int caps_of(int pid, struct cred *cred)
{
	struct process *p = pid ? process_find((unsigned)pid) : NULL;
	irqflags_t flags;

	if (!pid) {
		*cred = cred_current();
		return 0;
	}
	if (!p)
		return -ESRCH;
	flags = spin_lock_irq(&p->lock);
	*cred = p->cred;
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return 0;
}

long sys_capget(uintptr_t user, uintptr_t out)
{
	struct cap_header header;
	struct cap_data data[2];
	struct cred c;
	int words = cap_header_get(user, &header), err;

	if (words < 0)
		return words == -EINVAL && !out ? 0 : words;
	if (header.pid < 0)
		return -EINVAL;
	err = caps_of(header.pid, &c);
	if (err || !out)
		return err;
	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct cap_data){ (uint32_t)(c.effective >> 32 * i), (uint32_t)(c.permitted >> 32 * i),
					     (uint32_t)(c.inheritable >> 32 * i) };
	return copy_to_user(out, data, (size_t)words * sizeof(*data));
}

static int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct process *self = process_current();
	irqflags_t flags = spin_lock_irq(&self->lock);
	struct cred *c = &self->cred;
	bool pass = c->effective & 1ull << CAP_SETPCAP;
	int err = -EPERM;

	if ((pass || !(inheritable & ~(c->inheritable | c->permitted))) && !(permitted & ~c->permitted) && !(effective & ~permitted)) {
		c->effective = effective;
		c->permitted = permitted;
		c->inheritable = inheritable;
		cred_changed(self);
		err = 0;
	}
	spin_unlock_irq(&self->lock, flags);
	return err;
}

long sys_capset(uintptr_t user, uintptr_t from)
{
	struct cap_header header;
	struct cap_data d[2] = { { 0 } };
	int words = cap_header_get(user, &header);
	uint64_t high;

	if (words < 0)
		return words;
	if (header.pid && header.pid != (int)process_current()->pid)
		return -EPERM;
	if (copy_from_user(d, from, (size_t)words * sizeof(*d)))
		return -EFAULT;
	high = CAP_ALL >> 32;
	return caps_set(d[0].effective | (d[1].effective & high) << 32, d[0].permitted | (d[1].permitted & high) << 32,
			d[0].inheritable | (d[1].inheritable & high) << 32);
}

/* SPDX-License-Identifier: MIT */
/* Who processes are. The calls that change it are in init/sys_cred.c. */
#include "init/cred.h"

#include "fs/permit.h"
#include "init/process.h"

void cred_init(struct cred *cred, const struct cred *like)
{
	*cred = like ? *like : (struct cred){ .permitted = CAP_ALL, .effective = CAP_ALL };
}

static struct cred cred_of(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct cred cred = p->cred;

	spin_unlock_irq(&p->lock, flags);
	return cred;
}

struct cred cred_current(void)
{
	return cred_of(process_current());
}

bool cred_capable(unsigned capability)
{
	return cred_current().effective & 1ull << capability;
}

/* Whose files are somebody else's is bound by their modes, whatever it may do. */
void cred_changed(struct process *p)
{
	uint64_t caps = p->cred.effective & ~(p->cred.user.fs ? 1ull << CAP_DAC_OVERRIDE : 0);

	atomic_store_explicit(&p->caps, caps, memory_order_relaxed);
	if (p->mm)
		limits_apply(p, p->mm);
}

/* ---- files ---- */

static bool modes_bind(void)
{
	const struct process *self = process_current();

	return self && !(atomic_load_explicit(&self->caps, memory_order_relaxed) & 1ull << CAP_DAC_OVERRIDE);
}

static void file_ids(unsigned *uid, unsigned *gid)
{
	struct cred c = process_current() ? cred_current() : (struct cred){ 0 };

	*uid = c.user.fs;
	*gid = c.group.fs;
}

static bool is_in(const struct cred *c, unsigned group, unsigned gid)
{
	bool in = gid == group;

	for (unsigned i = 0; i < c->nr_groups; i++)
		in |= c->groups[i] == gid;
	return in;
}

static bool in_file_group(unsigned gid)
{
	struct cred c = cred_current();

	return is_in(&c, c.group.fs, gid);
}

void cred_init_files(void)
{
	static const struct permit_caller caller = { .bound = modes_bind, .ids = file_ids, .in_group = in_file_group };

	permit_caller_is(&caller);
}

unsigned cred_real_granted(unsigned mode, unsigned uid, unsigned gid)
{
	struct cred c = cred_current();

	if (!c.user.real && c.permitted & 1ull << CAP_DAC_OVERRIDE)
		return PERMIT_READ | PERMIT_WRITE | PERMIT_EXEC;
	return permit_granted(mode, c.user.real == uid, is_in(&c, c.group.real, gid));
}

/* No file carries capabilities, and S_ISUID makes nobody another: root has them all again, others have none. */
void cred_exec(void)
{
	struct process *self = process_current();
	irqflags_t flags = spin_lock_irq(&self->lock);
	struct cred *c = &self->cred;

	c->user.saved = c->user.fs = c->user.effective;
	c->group.saved = c->group.fs = c->group.effective;
	c->permitted = !c->user.real || !c->user.effective ? CAP_ALL : 0;
	c->effective = c->user.effective ? 0 : CAP_ALL;
	cred_changed(self);
	spin_unlock_irq(&self->lock, flags);
}

bool cred_may_signal(struct process *p)
{
	struct cred me = cred_current(), to = cred_of(p);
	unsigned is = me.user.effective, was = me.user.real;

	return me.effective & 1ull << CAP_KILL || is == to.user.saved || is == to.user.real || was == to.user.saved || was == to.user.real;
}

static bool all_are(const struct ids *ids, unsigned id)
{
	return ids->real == id && ids->effective == id && ids->saved == id;
}

bool cred_may_look(struct process *p)
{
	struct cred me = cred_current(), to = cred_of(p);

	return me.effective & 1ull << CAP_SYS_PTRACE || (all_are(&to.user, me.user.fs) && all_are(&to.group, me.group.fs));
}

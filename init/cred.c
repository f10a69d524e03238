/* SPDX-License-Identifier: MIT */
/* Who processes are. The calls that change it are in init/sys_cred.c. */
#include "init/cred.h"

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

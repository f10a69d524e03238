/* SPDX-License-Identifier: MIT */
/*
 * The wait-for graph, read while others change it.
 *
 * 1. What a thread waits for is a copy that thread_why vouches for. Its object exists as long as the wait lasts; so what on, owner and
 *    describe said is believed only if the same wait is still there afterwards. If it is not, they may have read memory that is something
 *    else by now: never memory that is nothing, for neither slabs nor page structs are unmapped, and mappings are freed by RCU.
 * 2. An owner is a bare pointer: it is used only if a thread of that address is on the list.
 * 3. Debug builds know all holders of a sleeping lock, readers too, from what each thread says it holds. A thread that runs may be changing
 *    that: a line may then be wrong, no access is.
 * 4. Hence a chain is a guess at one moment. The watchdog believes only what a thread shows at several looks in a row.
 *
 * The chain goes from a thread to the holder of what it waits for. It ends where it comes back to itself (a cycle), where nobody has what is
 * waited for (lost wakeup), at a device, at somebody who retries for ever, or at somebody who has it and waits for nobody. What is at
 * the end is what hangs everybody on the way.
 */
#include "kernel/hang_impl.h"

#include "kernel/lock_order.h"

/* ---- one look ---- */

static bool owned_by(const struct hang_look *look, const struct thread *t)
{
	return look->why.owner && look->why.owner(look->why.object) == t;
}

static bool look_at_sleeper(struct thread *t, struct hang_look *look)
{
	struct wait_why again;
	struct site site;
	uint64_t since;

	if (!thread_why(t, &look->why, &look->since))
		return false;
	look->parks = atomic_load_explicit(&t->parks, memory_order_relaxed);
	if (look->why.on)
		look->on = look->why.on(look->why.object);
	if (DEBUG && look->on == WAIT_ON_THREAD && owned_by(look, t) && !lock_holds(t, look->why.object, &site))
		look->on = WAIT_ON_NOBODY; /* it was handed over, to one who does not know */
	if (look->why.describe)
		look->why.describe(look->why.object, look->object, sizeof(look->object));
	look->sleeps = thread_why(t, &again, &since) && since == look->since && again.object == look->why.object;
	return look->sleeps;
}

bool hang_look(struct thread *t, struct hang_look *look)
{
	*look = (struct hang_look){ .on = WAIT_ON_UNKNOWN };
	look_at_sleeper(t, look);
	look->retries = atomic_load_explicit(&t->retries, memory_order_relaxed);
	if (look->retries < HANG_RETRIES)
		look->retries = 0;
	else
		look->since = atomic_load_explicit(&t->retries_since, memory_order_relaxed);
	return look->sleeps || look->retries;
}

/* ---- who has it ---- */

struct search {
	const struct hang_look *look;
	const struct thread *owner;
	struct hang_holders *found;
};

static void add_holder(struct thread *t, void *arg)
{
	struct search *s = arg;
	struct hang_holders *found = s->found;
	struct site site = { 0 };
	bool has = lock_holds(t, s->look->why.object, &site) || t == s->owner;

	if (!has || found->n == HANG_HOLDERS)
		return;
	found->by[found->n].thread = t;
	found->by[found->n].site = site;
	found->n++;
}

void hang_holders(const struct hang_look *look, struct hang_holders *found)
{
	const struct wait_why *why = &look->why;
	struct search s = { .look = look, .found = found };

	found->n = 0;
	if (!look->sleeps || !why->object || look->on == WAIT_ON_NOBODY)
		return;
	if (why->owner)
		s.owner = why->owner(why->object);
	thread_for_each(add_holder, &s);
}

/* ---- the chain ---- */

static bool on_chain(const struct hang_chain *c, const struct thread *t, unsigned *at)
{
	for (*at = 0; *at < c->n; (*at)++)
		if (c->link[*at] == t)
			return true;
	return false;
}

static enum hang follow(struct thread *t, struct hang_chain *c);

/* A semaphore may have many readers: the first of them that leads into a cycle, else the first. Each of theirs may, too: hence HANG_STEPS. */
static enum hang follow_holders(const struct hang_look *look, struct hang_chain *c)
{
	struct hang_holders holders;
	unsigned here = c->n;
	enum hang first = HANG_unknown;

	hang_holders(look, &holders);
	for (unsigned i = holders.n; i > 0; i--) {
		c->n = here;
		first = follow(holders.by[i - 1].thread, c);
		if (first == HANG_cycle)
			break;
	}
	return first;
}

static enum hang follow(struct thread *t, struct hang_chain *c)
{
	struct hang_look look;
	unsigned at;

	if (on_chain(c, t, &at)) {
		c->loop = at;
		return HANG_cycle;
	}
	if (c->n == HANG_CHAIN || c->steps == HANG_STEPS)
		return HANG_holder;
	c->steps++;
	c->link[c->n++] = t;
	if (!hang_look(t, &look))
		return HANG_holder;
	if (look.retries)
		return HANG_livelock;
	if (look.why.lasting)
		return HANG_holder;
	if (look.on == WAIT_ON_NOBODY)
		return HANG_lost_wakeup;
	return look.on == WAIT_ON_DEVICE ? HANG_request : follow_holders(&look, c);
}

enum hang hang_follow(struct thread *t, struct hang_chain *chain)
{
	struct hang_look look;
	enum hang kind;

	*chain = (struct hang_chain){ .n = 0 };
	kind = follow(t, chain);
	if (kind != HANG_holder && kind != HANG_unknown && kind != HANG_lost_wakeup)
		return kind;
	if (hang_look(t, &look) && (look.parks >= HANG_PASSED || hang_passed(t, &look) >= HANG_PASSED))
		return HANG_starvation;
	return kind;
}

const char *hang_name(enum hang kind)
{
	static const char *const names[HANG_KINDS] = {
		[HANG_none] = "none",
#define X(name, means) [HANG_##name] = #name,
		HANGS(X)
#undef X
	};

	return names[kind];
}

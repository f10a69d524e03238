/* SPDX-License-Identifier: MIT */
/*
 * The queues of pending signals. What a signal says needs memory, and there is a limit (RLIMIT_SIGPENDING), so a signal can be pending with
 * nothing to say: kill(2) and the kernel are not refused for that, sigqueue(3) is. A POSIX timer brings its own place, which it
 * takes at most once; what is due meanwhile is counted as overrun.
 */
#include "init/signal_impl.h"

#include "init/process_impl.h"
#include "init/timers.h"
#include "kernel/slab.h"
#include "lib/errno.h"

#define TRAPS                                                                                      \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGFPE) | signal_bit(SIGSYS))

static struct slab_cache queued_cache = SLAB_CACHE("signal", struct queued_signal);
static _Atomic uint64_t nr_queued; /* everybody is one user here */

void pending_init(struct pending *q)
{
	q->set = 0;
	list_init(&q->queue);
}

static void entry_release(struct queued_signal *e)
{
	list_remove(&e->link);
	list_init(&e->link);
	if (e->timer)
		return;
	slab_free(&queued_cache, e);
	atomic_fetch_sub_explicit(&nr_queued, 1, memory_order_relaxed);
}

void pending_flush(struct pending *q, uint64_t set)
{
	struct queued_signal *e, *tmp;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_safe(e, tmp, &q->queue, link)
		if (signal_bit((unsigned)e->info.signo) & set)
			entry_release(e);
}

/* Room beyond the limit only for what there is one of. */
static struct queued_signal *entry_alloc(const struct process *p, const struct siginfo *info)
{
	bool first_of_all = info->signo < FIRST_QUEUED && info->code >= 0;
	uint64_t limit = atomic_load_explicit(&p->limits[RLIMIT_SIGPENDING].cur, memory_order_relaxed);
	struct queued_signal *e;

	if (atomic_load_explicit(&nr_queued, memory_order_relaxed) >= limit && !first_of_all)
		return NULL;
	e = slab_zalloc(&queued_cache);
	if (e)
		atomic_fetch_add_explicit(&nr_queued, 1, memory_order_relaxed);
	return e;
}

/* What the sender must know it has lost is refused; kill(2) and the kernel lose only what the signal says. */
int pending_add(struct process *p, struct pending *q, const struct siginfo *info, struct queued_signal *own)
{
	struct queued_signal *e = own ? own : entry_alloc(p, info);

	if (!e && info->signo >= FIRST_QUEUED && info->code < 0)
		return -EAGAIN;
	if (e) {
		e->info = *info;
		list_append(&q->queue, &e->link);
	}
	q->set |= signal_bit((unsigned)info->signo);
	return 0;
}

/* The oldest of this number. The signal stays in the set if there is another. */
static void pending_take(struct pending *q, unsigned sig, struct siginfo *info)
{
	struct queued_signal *e, *first = NULL;
	struct posix_timer *timer;
	bool more = false;

	list_for_each(e, &q->queue, link) {
		if (e->info.signo != (int)sig)
			continue;
		more = first;
		if (first)
			break;
		first = e;
	}
	if (!more)
		q->set &= ~signal_bit(sig);
	*info = first ? first->info : (struct siginfo){ .signo = (int)sig };
	if (!first)
		return;
	timer = first->timer;
	entry_release(first);
	if (timer)
		posix_timer_taken(timer, info);
}

static unsigned lowest(uint64_t set)
{
	set = set & TRAPS ? set & TRAPS : set;
	return set ? (unsigned)__builtin_ctzll(set) + 1 : 0;
}

unsigned signal_take_locked(struct process *p, struct task *t, uint64_t set, struct siginfo *info)
{
	unsigned sig = lowest(t->pending.set & set);

	if (sig) {
		pending_take(&t->pending, sig, info);
		return sig;
	}
	sig = lowest(p->pending.set & set);
	if (sig)
		pending_take(&p->pending, sig, info);
	if (sig == SIGALRM)
		itimer_alarm_taken(p);
	return sig;
}

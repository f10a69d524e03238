/* SPDX-License-Identifier: MIT */
/*
 * epoll: files that are watched all the time, and which of them have something to tell.
 *
 * An item is registered with the wait queues of its file as long as it exists. A wake of one of them puts the item on its epoll's ready list and
 * wakes who sleeps there; it does not look. Whoever collects takes items off the list, looks at the file, and puts those back that
 * are ready and watched by level: so an edge is told once, a level as long as it lasts, and the list may hold items that have
 * nothing to tell any more, which costs a look.
 *
 * No event is lost: an item is off the list before its file is looked at, and a change after the look puts it back. A sleeper is on the
 * queue before it looks at the list.
 *
 * Locks: `items` guards which items there are, of every epoll, against changes of a set, collecting, and the end of files and epolls. It is
 * held while a file is asked, never over a copy to user memory. `ready` lists have a spinlock each, taken in wakes, under the lock of the
 * queue that was woken. So an epoll's own queues have classes after that of others: `nested`, then `wait`.
 *
 * Epolls that watch epolls, up to NESTS deep and never in a circle: all items that do so, whomever they watch, wait on one queue, `nested`,
 * which is woken when an epoll that is watched becomes ready. One walk of it reaches every level, so no wake goes from queue to queue; what
 * has nothing to tell is found out by who collects. `watched` is set before the watcher looks at the ready list, and read after the list
 * has been added to: either it is seen, or the item is.
 *
 * Of exclusive items on one queue a wake stops at the first whose epoll has a sleeper. If that one is leaving just now, the event is on its
 * ready list, and nobody else's.
 */
#include "fs/event.h"

#include "kernel/mutex.h"
#include "kernel/slab.h"
#include "lib/errno.h"

#define QUEUES 2 /* that one file may name */
#define NESTS 4	 /* from an epoll to the innermost one, at most */
#define QUIET 0x7fffffffu /* events of an item that has told its one event: none */

static struct mutex items = { .q = WAITQ_INIT(items.q), .class = LOCK_EPOLL };
static struct waitq nested = { SPINLOCK_INIT(LOCK_EPOLL_NESTED), LIST_INIT(nested.waiters) }; /* items that watch epolls */

/* (E) items, (Y) ready_lock */
struct epoll {
	struct list items;	/* struct item.link			(E) */
	struct spinlock ready_lock;
	struct list ready;	/* struct item.ready			(Y) */
	struct waitq wait;	/* who collects or polls */
	struct file *file;	/* it, as others may watch it		(C) */
	unsigned watches;	/* items that are epolls		(E) */
	_Atomic unsigned watched; /* items that this epoll is		(E) to write */
};

/* (E) items, (Y) its epoll's ready_lock, (C) constant */
struct item {
	struct list link;	/*					(E) */
	struct list of_file;	/* file->watchers			(E) */
	struct list ready;	/* alone: not ready			(Y) */
	struct epoll *epoll;	/*					(C) */
	struct file *file;	/* not referenced: its end ends the item (C) */
	int fd;			/* under which it was added		(C) */
	struct epoll_event event; /*					(E) */
	struct poller poller;	/*					(C) */
	unsigned queues;	/*					(E) */
	struct waitq *queue[QUEUES];   /*				(E) */
	struct waiter waiter[QUEUES];  /* the queue's */
};

/* ---- the ready list ---- */

static void ready_add(struct item *i)
{
	struct epoll *ep = i->epoll;
	irqflags_t flags = spin_lock_irq(&ep->ready_lock);

	if (list_empty(&i->ready))
		list_append(&ep->ready, &i->ready);
	spin_unlock_irq(&ep->ready_lock, flags);
}

static void ready_remove(struct item *i)
{
	irqflags_t flags = spin_lock_irq(&i->epoll->ready_lock);

	list_remove(&i->ready);
	spin_unlock_irq(&i->epoll->ready_lock, flags);
}

/* The oldest, off the list; NULL: there is none. */
static struct item *ready_take(struct epoll *ep)
{
	irqflags_t flags = spin_lock_irq(&ep->ready_lock);
	struct item *i = NULL;

	if (!list_empty(&ep->ready)) {
		i = list_first(&ep->ready, struct item, ready);
		list_remove(&i->ready);
	}
	spin_unlock_irq(&ep->ready_lock, flags);
	return i;
}

static bool ready_any(struct epoll *ep)
{
	irqflags_t flags = spin_lock_irq(&ep->ready_lock);
	bool any = !list_empty(&ep->ready);

	spin_unlock_irq(&ep->ready_lock, flags);
	return any;
}

static unsigned watched(const struct epoll *ep)
{
	return atomic_load_explicit(&ep->watched, memory_order_relaxed);
}

static void item_ready(struct item *i)
{
	ready_add(i);
	if (watched(i->epoll))
		waitq_wake_all(&nested);
	waitq_wake_all(&i->epoll->wait);
}

/* A queue of the file's is woken; its lock is held. */
static bool item_woken(struct waiter *w)
{
	struct item *i = w->arg;
	bool enough = w->exclusive && waitq_busy(&i->epoll->wait);

	item_ready(i);
	return enough;
}

/* The same of `nested`, all of which is being walked. */
static bool nested_woken(struct waiter *w)
{
	struct item *i = w->arg;

	ready_add(i);
	waitq_wake_all(&i->epoll->wait);
	return false;
}

/* ---- items; `items` held ---- */

static unsigned item_events(const struct item *i)
{
	return i->event.events & QUIET ? i->event.events | POLLERR | POLLHUP : 0;
}

static unsigned item_look(struct item *i, struct poller *poller)
{
	return file_poll(i->file, poller) & item_events(i);
}

static void item_watch(struct poller *poller, struct waitq *q)
{
	struct item *i = container_of(poller, struct item, poller);

	assert(i->queues < QUEUES);
	i->queue[i->queues] = q;
	i->waiter[i->queues].arg = i;
	i->waiter[i->queues].exclusive = i->event.events & EPOLL_EXCLUSIVE;
	waitq_add_callback(q, &i->waiter[i->queues++], q == &nested ? nested_woken : item_woken);
}

static const struct file_ops epoll_ops;

static struct epoll *epoll_of(const struct file *file)
{
	return file->ops == &epoll_ops ? file->private : NULL;
}

static struct item *item_find(struct epoll *ep, const struct file *file, int fd)
{
	struct item *i;

	list_for_each(i, &ep->items, link)
		if (i->file == file && i->fd == fd)
			return i;
	return NULL;
}

static void item_remove(struct item *i)
{
	struct epoll *inner = epoll_of(i->file);

	for (unsigned k = 0; k < i->queues; k++)
		waitq_remove(i->queue[k], &i->waiter[k]); /* it is not being called any more */
	ready_remove(i);
	list_remove(&i->link);
	list_remove(&i->of_file);
	if (inner) {
		atomic_fetch_sub_explicit(&inner->watched, 1, memory_order_relaxed);
		i->epoll->watches--;
	}
	kfree(i);
}

static void tell_if_ready(struct item *i, struct poller *poller)
{
	if (item_look(i, poller))
		item_ready(i);
}

/* How many epolls deep ep watches others; more than NESTS: too many, or `outer` among them. */
static unsigned depth_below(const struct epoll *ep, const struct epoll *outer)
{
	unsigned most = 0;
	struct item *i;

	if (ep == outer)
		return NESTS + 1;
	if (!ep->watches)
		return 0;
	list_for_each(i, &ep->items, link) {
		struct epoll *inner = epoll_of(i->file);
		unsigned depth = inner ? 1 + depth_below(inner, outer) : 0;

		most = depth > most ? depth : most;
	}
	return most;
}

/* How many epolls deep it is watched by others. */
static unsigned depth_above(const struct epoll *ep)
{
	unsigned most = 0;
	struct item *i;

	list_for_each(i, &ep->file->watchers, of_file) {
		unsigned depth = 1 + depth_above(i->epoll);

		most = depth > most ? depth : most;
	}
	return most;
}

static int item_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *e)
{
	struct epoll *inner = epoll_of(file);
	struct item *i;

	if (inner && depth_below(inner, ep) + 1 + depth_above(ep) > NESTS)
		return -ELOOP;
	i = kzalloc(sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct item){ .epoll = ep, .file = file, .fd = fd, .event = *e, .poller.watch = item_watch };
	list_init(&i->ready);
	list_append(&ep->items, &i->link);
	list_append(&file->watchers, &i->of_file);
	atomic_store_explicit(&file->watched, true, memory_order_relaxed);
	if (inner) {
		atomic_fetch_add_explicit(&inner->watched, 1, memory_order_relaxed);
		ep->watches++;
	}
	tell_if_ready(i, &i->poller);
	return 0;
}

static int control_locked(struct epoll *ep, int op, struct file *file, int fd, const struct epoll_event *e)
{
	struct item *i = item_find(ep, file, fd);

	if (op == EPOLL_CTL_ADD)
		return i ? -EEXIST : item_add(ep, file, fd, e);
	if (!i)
		return -ENOENT;
	if (op == EPOLL_CTL_DEL) {
		item_remove(i);
	} else if (i->event.events & EPOLL_EXCLUSIVE) {
		return -EINVAL;
	} else {
		i->event = *e;
		tell_if_ready(i, NULL);
	}
	return 0;
}

#define EXCLUSIVE_OK (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLL_WAKEUP | EPOLL_EXCLUSIVE | EPOLL_EDGE)

/* Exclusive is what is added so, and not what waits for other epolls. */
static bool exclusive_ok(int op, const struct file *file, const struct epoll_event *e)
{
	if (op == EPOLL_CTL_DEL || !(e->events & EPOLL_EXCLUSIVE))
		return true;
	return op == EPOLL_CTL_ADD && !(e->events & ~EXCLUSIVE_OK) && !epoll_of(file);
}

int epoll_control(struct file *epoll, int op, struct file *file, int fd, const struct epoll_event *e)
{
	struct epoll *ep = epoll_of(epoll);
	int err;

	if (!file->ops->poll)
		return -EPERM;
	if (!ep || epoll == file || op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD || !exclusive_ok(op, file, e))
		return -EINVAL;
	mutex_lock(&items);
	err = control_locked(ep, op, file, fd, e);
	mutex_unlock(&items);
	return err;
}

void epoll_forget(struct file *file)
{
	struct item *i, *tmp;

	mutex_lock(&items);
	list_for_each_safe(i, tmp, &file->watchers, of_file)
		item_remove(i);
	mutex_unlock(&items);
}

/* ---- collecting ---- */

/* Off the list; *e, if it is ready. Goes back to `again` if it is to be told once more. */
static bool item_tell(struct item *i, struct list *again, struct epoll_event *e)
{
	unsigned now = item_look(i, NULL);

	if (!now)
		return false;
	*e = (struct epoll_event){ now, i->event.data };
	if (i->event.events & EPOLL_ONESHOT)
		i->event.events &= ~QUIET;
	else if (!(i->event.events & EPOLL_EDGE))
		list_append(again, &i->link);
	return true;
}

int epoll_collect(struct file *epoll, struct epoll_event *events, int n)
{
	struct epoll *ep = epoll_of(epoll);
	struct list again = LIST_INIT(again);
	struct item *i, *tmp;
	int got = 0;

	if (!ep)
		return -EINVAL;
	mutex_lock(&items);
	while (got < n && (i = ready_take(ep))) {
		list_remove(&i->link);
		if (item_tell(i, &again, &events[got]))
			got++;
		if (list_empty(&i->link))
			list_append(&ep->items, &i->link);
	}
	list_for_each_safe(i, tmp, &again, link) {
		ready_add(i);
		list_remove(&i->link);
		list_append(&ep->items, &i->link);
	}
	mutex_unlock(&items);
	return got;
}

int epoll_sleep(struct file *epoll, uint64_t deadline)
{
	struct epoll *ep = epoll_of(epoll);
	struct wait_why why = { .what = "epoll", .lasting = true, .object = ep };

	return wait_until(&ep->wait, &why, WAIT_SIGNAL, deadline, ready_any(ep));
}

/* ---- an epoll is a file too ---- */

/* Is there anything to collect? Items that have nothing to tell leave the list. `items` held. */
static bool ready_really(struct epoll *ep)
{
	struct item *i;

	while ((i = ready_take(ep)))
		if (item_look(i, NULL)) {
			ready_add(i);
			return true;
		}
	return false;
}

/* Asked by an epoll that watches this one, `items` is held already. */
static unsigned epoll_poll(struct file *file, struct poller *poller)
{
	struct epoll *ep = file->private;
	bool by_epoll = poller && poller->watch == item_watch, held = mutex_held(&items), ready;

	poll_watch(poller, by_epoll ? &nested : &ep->wait);
	if (!held)
		mutex_lock(&items);
	ready = ready_really(ep);
	if (!held)
		mutex_unlock(&items);
	return ready ? POLL_READ : 0;
}

static void epoll_release(struct file *file)
{
	struct epoll *ep = file->private;
	struct item *i, *tmp;

	mutex_lock(&items);
	list_for_each_safe(i, tmp, &ep->items, link)
		item_remove(i);
	mutex_unlock(&items);
	kfree(ep);
}

static const struct file_ops epoll_ops = { .poll = epoll_poll, .release = epoll_release, .stream = true, .seek_ignored = true };

int epoll_create(struct file **out)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	int err;

	if (!ep)
		return -ENOMEM;
	list_init(&ep->items);
	list_init(&ep->ready);
	spin_init(&ep->ready_lock, LOCK_EPOLL_READY);
	waitq_init(&ep->wait);
	spin_init(&ep->wait.lock, LOCK_EPOLL_WAIT);
	err = anon_open(&epoll_ops, ep, 0, out);
	if (err)
		kfree(ep);
	else
		ep->file = *out;
	return err;
}

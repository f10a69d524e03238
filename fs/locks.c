/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: a list at the inode, under one spinlock for all. What an owner has does not overlap, and what touches is of different types: so
 * a change joins its range with its like beside it, cuts that out, and puts in the new one; the memory for both halves of what is cut in two and
 * for the new one is there before the spinlock is taken. Whoever waits looks again whenever any lock of any file has gone.
 */
#include "fs/locks.h"

#include "kernel/slab.h"
#include "kernel/wait.h"

/* (L) locks_lock */
struct file_lock {
	struct file_lock *next;	 /* (L) */
	struct lock_range range; /* (L) */
};

static struct spinlock locks_lock = SPINLOCK_INIT(LOCK_FILE_LOCKS);
static struct waitq changed = WAITQ_INIT(changed);

/* A process that waits for a record, on its stack. (L) */
struct lock_waiter {
	struct list link; /* waiting */
	struct inode *inode;
	const struct lock_range *want;
	const void *blocker; /* who had it at the last look */
};

static struct list waiting = LIST_INIT(waiting); /* (L) */

static struct file_lock *first(struct inode *inode)
{
	return atomic_load_explicit(&inode->locks, memory_order_relaxed);
}

static bool same_owner(const struct lock_range *a, const struct lock_range *b)
{
	return a->kind == b->kind && a->owner == b->owner;
}

static bool overlap(const struct lock_range *a, const struct lock_range *b)
{
	return a->start <= b->last && b->start <= a->last;
}

/* locks_lock held. */
static struct file_lock *conflict(struct inode *inode, const struct lock_range *want)
{
	struct file_lock *l = first(inode);

	for (; l; l = l->next)
		if (l->range.kind == want->kind && l->range.owner != want->owner && overlap(&l->range, want) &&
		    (l->range.type == LOCKS_EXCLUSIVE || want->type == LOCKS_EXCLUSIVE))
			break;
	return l;
}

/* In order of their beginnings: F_GETLK gives the first. */
static void put_in(struct inode *inode, struct file_lock **spare, const struct lock_range *range)
{
	struct file_lock *l = *spare, *before = NULL, *after = first(inode);

	*spare = l->next;
	for (; after && after->range.start <= range->start; after = after->next)
		before = after;
	*l = (struct file_lock){ .next = after, .range = *range };
	if (before)
		before->next = l;
	else
		atomic_store_explicit(&inode->locks, l, memory_order_relaxed);
}

static void take_out(struct inode *inode, struct file_lock *l, struct file_lock **spare)
{
	struct file_lock *before = first(inode);

	if (before == l) {
		atomic_store_explicit(&inode->locks, l->next, memory_order_relaxed);
	} else {
		while (before->next != l)
			before = before->next;
		before->next = l->next;
	}
	l->next = *spare;
	*spare = l;
}

/* With what the owner has of the same type there and right beside it, as one. locks_lock held. */
static struct lock_range joined(struct inode *inode, const struct lock_range *want)
{
	struct lock_range all = *want;

	for (struct file_lock *l = first(inode); l; l = l->next) {
		const struct lock_range *r = &l->range;

		if (!same_owner(r, want) || r->type != want->type || r->start > all.last + 1 || all.start > r->last + 1)
			continue;
		all.start = r->start < all.start ? r->start : all.start;
		all.last = r->last > all.last ? r->last : all.last;
	}
	return all;
}

/* The owner has nothing in this range any more. locks_lock held. */
static void cut_out(struct inode *inode, const struct lock_range *cut, struct file_lock **spare)
{
	struct file_lock *l = first(inode), *next;

	for (; l; l = next) {
		struct lock_range was = l->range, part = was;

		next = l->next;
		if (!same_owner(&was, cut) || !overlap(&was, cut))
			continue;
		take_out(inode, l, spare);
		if (was.start < cut->start) {
			part.last = cut->start - 1;
			put_in(inode, spare, &part);
		}
		if (was.last > cut->last) {
			part = was;
			part.start = cut->last + 1;
			put_in(inode, spare, &part);
		}
	}
}

static void spare_free(struct file_lock *spare)
{
	while (spare) {
		struct file_lock *next = spare->next;

		kfree(spare);
		spare = next;
	}
}

static bool spare_add(struct file_lock **spare)
{
	struct file_lock *l = kmalloc(sizeof(*l));

	if (!l)
		return false;
	l->next = *spare;
	*spare = l;
	return true;
}

/* One try: 0, -EAGAIN, -ENOMEM. */
static int try_set(struct inode *inode, const struct lock_range *want)
{
	struct file_lock *spare = NULL;
	int err = spare_add(&spare) && spare_add(&spare) ? 0 : -ENOMEM;

	if (!err) {
		spin_lock(&locks_lock);
		if (want->type != LOCKS_NONE && conflict(inode, want)) {
			err = -EAGAIN;
		} else {
			struct lock_range all = joined(inode, want);

			cut_out(inode, &all, &spare);
			if (want->type != LOCKS_NONE)
				put_in(inode, &spare, &all);
		}
		spin_unlock(&locks_lock);
	}
	spare_free(spare);
	if (!err)
		waitq_wake_all(&changed); /* less, or shared where it was exclusive */
	return err;
}

/* ---- those who wait ---- */

#define CHAIN_MAX 10 /* as Linux: a longer circle waits for a signal */

static const struct lock_waiter *waiter_of(const void *owner)
{
	const struct lock_waiter *w;

	list_for_each(w, &waiting, link)
		if (w->want->owner == owner)
			return w;
	return NULL;
}

/* Does whoever has it wait, perhaps for others who wait, for this very owner? locks_lock held. */
static bool is_circle(const struct lock_waiter *me)
{
	const struct lock_waiter *w = me;

	for (unsigned i = 0; w && i < CHAIN_MAX; i++) {
		const struct file_lock *l = conflict(w->inode, w->want);

		if (!l)
			return false;
		if (l->range.owner == me->want->owner)
			return true;
		w = waiter_of(l->range.owner);
	}
	return false;
}

/* Whoever closes a circle sees it: by beginning to wait, or by waiting for somebody else than before. The others wait as they did. */
static int waiting_look(struct lock_waiter *w)
{
	const struct file_lock *l;
	int err = 0;

	spin_lock(&locks_lock);
	l = conflict(w->inode, w->want);
	if (l && l->range.owner != w->blocker) {
		w->blocker = l->range.owner;
		err = is_circle(w) ? -EDEADLK : 0;
	}
	spin_unlock(&locks_lock);
	return err;
}

/* Records of processes only: an open file may be anybody's, who need not wait. */
static bool can_circle(const struct lock_range *want)
{
	return want->kind == LOCKS_RECORD && want->pid >= 0;
}

static int try_again(struct lock_waiter *w)
{
	int err = try_set(w->inode, w->want);

	if (err == -EAGAIN && can_circle(w->want) && waiting_look(w))
		err = -EDEADLK;
	return err;
}

static void waiting_begin(struct lock_waiter *w)
{
	list_init(&w->link);
	spin_lock(&locks_lock);
	if (can_circle(w->want))
		list_append(&waiting, &w->link);
	spin_unlock(&locks_lock);
}

static void waiting_end(struct lock_waiter *w)
{
	spin_lock(&locks_lock);
	list_remove(&w->link);
	spin_unlock(&locks_lock);
}

int locks_set(struct inode *inode, const struct lock_range *want, bool wait)
{
	struct lock_waiter w = { .inode = inode, .want = want };
	static const struct wait_why why = { .what = "file lock", .lasting = true };
	int err = try_set(inode, want), ended;

	if (err != -EAGAIN || !wait)
		return err;
	if (want->kind == LOCKS_WHOLE)
		locks_drop(inode, want->owner); /* as Linux: two who both want more would wait for ever */
	waiting_begin(&w);
	ended = wait_until(&changed, &why, WAIT_SIGNAL, UINT64_MAX, (err = try_again(&w)) != -EAGAIN);
	waiting_end(&w);
	return err == -EAGAIN ? ended : err;
}

void locks_test(struct inode *inode, struct lock_range *range)
{
	struct file_lock *l;

	spin_lock(&locks_lock);
	l = conflict(inode, range);
	if (l)
		*range = l->range;
	else
		range->type = LOCKS_NONE;
	spin_unlock(&locks_lock);
}

void locks_drop_slow(struct inode *inode, const void *owner)
{
	struct file_lock *spare = NULL;

	spin_lock(&locks_lock);
	for (int kind = LOCKS_WHOLE; kind <= LOCKS_RECORD; kind++) {
		struct lock_range all = { .kind = (enum lock_kind)kind, .last = UINT64_MAX, .owner = owner };

		cut_out(inode, &all, &spare);
	}
	spin_unlock(&locks_lock);
	if (spare)
		waitq_wake_all(&changed);
	spare_free(spare);
}

/* SPDX-License-Identifier: MIT */
/*
 * Transaction handles: how much metadata may be changed before it is on the disk.
 *
 * There is no journal on the disk, which stays plain ext2. What a journal does to those who write is here all the same: an operation first gets a
 * handle, with as many credits as it can change blocks of metadata. Credits are bounded (policy journal_credits). Those that were used come back
 * with a commit, which a thread of its own makes: it waits until every handle has stopped, so that no operation is written by halves, and writes
 * whatever has been changed (ext2_meta.c).
 *
 *	free --start--> promised --a block is changed--> used --stop--> pending --commit--> free
 *	                        \-----------------stop----------------------------------/
 *
 * 1. promised + used + pending is `taken`, and a start waits rather than let it exceed the bound. Within a handle nobody waits for credits: who
 *    starts one inside another, on any file, joins it.
 * 2. A commit begins by `closing`: no handle starts. So the number of running handles only falls, and the commit waits for a bounded number of
 *    operations. Then handles start again while it writes: what they change is written now or next time, and their credits are of the next commit.
 * 3. Every sleeper is woken: `closing`, `taken` and the list of handles change under the lock, and whoever makes one of them smaller wakes all
 *    who wait for that (kernel/wait.h).
 * 4. There is no deadlock. Who waits for credits holds no lock that stands after JOURNAL in kernel/lock_order.h, no page above all, and no handle.
 *    Who has a handle may wait for pages, their write-back, metadata, memory, and the flush; each of these ends without a new handle's being
 *    started: write_pages takes none (mm/backing.h), nor does the flush. The commit waits for handles, holding nothing, and then for the flush.
 * 5. A start can be killed; the commit cannot.
 *
 * fsync and sync need no commit: they flush by themselves. The credits of what they flush come back with the next commit, which then finds less to
 * write. What a commit cannot write is still to be written: the next fsync tries again, and tells.
 */
#include "fs/ext2.h"
#include "kernel/stats.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "mm/policy.h"

static unsigned limit(void)
{
	return policy_get(&policy.journal_credits);
}

static void wake(struct ext2_journal *j)
{
	waitq_wake_all(&j->changed);
}

/* ---- who could end a wait: for reports ---- */

static struct thread *committer_of(const void *object)
{
	return ((const struct ext2_journal *)object)->committer;
}

/* Who makes reports waits for nobody (kernel/hang.h). */
static struct thread *first_running(const void *object)
{
	struct ext2_journal *j = (struct ext2_journal *)object;
	struct thread *t = NULL;

	if (!spin_trylock(&j->lock))
		return NULL;
	if (!list_empty(&j->running))
		t = list_first(&j->running, struct ext2_handle, link)->thread;
	spin_unlock(&j->lock);
	return t;
}

/* ---- handles ---- */

static bool try_start(struct ext2_journal *j, struct ext2_handle *h, unsigned credits)
{
	bool started, tell = false;

	spin_lock(&j->lock);
	started = !j->closing && j->taken + credits <= limit();
	if (started) {
		*h = (struct ext2_handle){ .journal = j, .thread = current, .depth = 1, .credits = credits, .left = credits };
		j->taken += credits;
		list_append(&j->running, &h->link);
	} else if (!j->wanted) {
		j->wanted = tell = true;
	}
	spin_unlock(&j->lock);
	if (tell)
		wake(j);
	return started;
}

static int start_slow(struct ext2_journal *j, struct ext2_handle *h, unsigned credits)
{
	const struct wait_why why = { .what = "credits for a transaction", .object = j, .owner = committer_of };

	stat_inc(STAT_journal_waits);
	return wait_until(&j->changed, &why, WAIT_KILLABLE, TIME_NEVER, try_start(j, h, credits));
}

int ext2_handle_start(struct ext2 *fs, struct ext2_handle *h, unsigned credits)
{
	struct ext2_journal *j = &fs->journal;
	struct ext2_handle *outer = current->handle;
	int err = 0;

	might_sleep();
	if (outer) {
		assert(outer->journal == j);
		outer->depth++;
		return 0;
	}
	lock_note_want(LOCK_JOURNAL, j);
	if (!try_start(j, h, credits))
		err = start_slow(j, h, credits);
	if (err)
		return err;
	lock_note_acquire(LOCK_JOURNAL, j, false);
	current->handle = h;
	return 0;
}

void ext2_handle_stop(struct ext2 *fs)
{
	struct ext2_handle *h = current->handle;
	struct ext2_journal *j = &fs->journal;
	bool tell;

	assert(h && h->journal == j);
	if (--h->depth)
		return;
	current->handle = NULL;
	lock_note_release(LOCK_JOURNAL, j);
	spin_lock(&j->lock);
	list_remove(&h->link);
	j->taken -= h->left;
	j->pending += h->credits - h->left;
	if (j->pending > limit() / 2)
		j->wanted = true;
	tell = j->wanted; /* somebody waits for credits or for us, or a commit is due */
	spin_unlock(&j->lock);
	if (tell)
		wake(j);
}

void ext2_handle_used(const struct ext2 *fs)
{
	struct ext2_handle *h = current->handle;

	if (!h)
		return; /* an operation that takes no handle */
	assert(h->journal == &fs->journal);
	if (h->left) /* blocks that others have freed may come on top, where the disk is full: ext2_freed.c */
		h->left--;
}

/* ---- commits ---- */

/* Is a commit due, and does it bring something? Then no handle starts from now on. */
static bool may_close(struct ext2_journal *j)
{
	bool closing;

	spin_lock(&j->lock);
	closing = j->closing = j->wanted && j->pending;
	spin_unlock(&j->lock);
	return closing;
}

static bool all_stopped(struct ext2_journal *j)
{
	bool stopped;

	spin_lock(&j->lock);
	stopped = list_empty(&j->running);
	spin_unlock(&j->lock);
	return stopped;
}

/* Handles start again. Returns how many credits the write that follows will free. */
static unsigned reopen(struct ext2_journal *j)
{
	unsigned covered;

	spin_lock(&j->lock);
	covered = j->pending;
	j->pending = 0;
	j->closing = j->wanted = false;
	spin_unlock(&j->lock);
	wake(j);
	return covered;
}

static void give_back(struct ext2_journal *j, unsigned credits)
{
	spin_lock(&j->lock);
	j->taken -= credits;
	spin_unlock(&j->lock);
	wake(j);
}

static void commit(struct ext2 *fs)
{
	static const struct wait_why due = { .what = "a commit's being due", .lasting = true };
	const struct wait_why why = { .what = "transaction handles to stop", .object = &fs->journal, .owner = first_running };
	struct ext2_journal *j = &fs->journal;
	unsigned covered;

	wait_until(&j->changed, &due, WAIT_FOREVER, TIME_NEVER, may_close(j));
	wait_until(&j->changed, &why, WAIT_FOREVER, TIME_NEVER, all_stopped(j));
	covered = reopen(j);
	ext2_meta_flush(fs);
	stat_inc(STAT_journal_commits);
	give_back(j, covered);
}

static void commit_main(void *arg)
{
	for (;;)
		commit(arg);
}

int ext2_journal_init(struct ext2 *fs)
{
	struct ext2_journal *j = &fs->journal;

	spin_init(&j->lock, LOCK_EXT2);
	waitq_init(&j->changed);
	list_init(&j->running);
	j->committer = thread_create("commit", commit_main, fs);
	if (!j->committer)
		return -ENOMEM;
	thread_start(j->committer);
	return 0;
}

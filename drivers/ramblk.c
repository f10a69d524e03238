/* SPDX-License-Identifier: MIT */
/*
 * The RAM block device: memory behind a request queue.
 *
 *	submit -> waiting (only while `depth` are in service) -> queue, by due time -> held, if a rule holds it -> completed
 *
 * A request completes from a timer interrupt, never inside submit, even at no latency at all: so the page lock, waiting and retry are as real as
 * on a disk. Data moves at completion. Policy complete=inline moves it in submit instead, to show what difference that makes.
 *
 * The timer is armed for the head of the queue. Lists, settings and figures are changed under `lock`, which is taken once to submit a request
 * (twice if its submitter is made to wait) and once to complete it; data moves and owners are told without it. What a request will take and
 * which of its segments fail is decided when it enters service (drivers/ramblk_model.c).
 *
 * The power cut: `cut` counts completed writes down. Whoever takes it to zero is the one who tells, and from then on nothing is written.
 */
#include "drivers/ramblk_impl.h"

#include "kernel/frame.h"
#include "kernel/slab.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/policy.h"

struct ramblk *ramblk_disks[RAMBLK_MAX];
unsigned ramblk_count;

/* ---- the power ---- */

#define CUT_NEVER INT64_MAX

static _Atomic int64_t cut_left = CUT_NEVER; /* completed writes until the power goes; <= 0: it is gone */
static bool cut_torn;			     /* constant once cut_left is set */
static void (*cut_gone)(void);		     /* the same */

void ramblk_cut_after(uint64_t writes, bool torn, void (*gone)(void))
{
	cut_torn = torn;
	cut_gone = gone;
	/* release: the two above are seen with it; pairs with write_data and ramblk_cut */
	atomic_store_explicit(&cut_left, writes < CUT_NEVER ? (int64_t)writes : CUT_NEVER, memory_order_release);
}

/* ---- moving data ---- */

/* The first `most` bytes of the request, but for segments that fail. */
static void move_data(const struct ramblk *disk, const struct request *r, uint64_t most)
{
	char *at = disk->memory + (r->sector << SECTOR_SHIFT);

	for (unsigned i = 0; i < r->nr_segments && most; i++) {
		const struct segment *s = &r->segments[i];
		size_t len = s->len < most ? s->len : most;

		if (r->bad >> i & 1)
			; /* as it was, on both sides */
		else if (r->write)
			memcpy(at, s->data, len);
		else
			memcpy(s->data, at, len);
		at += len;
		most -= len;
	}
}

/* The write that the device was at has moved half of its sectors. */
static void tear(struct ramblk *disk)
{
	irqflags_t flags = spin_lock_irq(&disk->lock);
	struct request *r;

	list_for_each(r, &disk->queue, link) {
		if (!r->write || r->error)
			continue;
		move_data(disk, r, align_down(request_bytes(r) / 2, SECTOR_SIZE));
		break;
	}
	spin_unlock_irq(&disk->lock, flags);
}

/* Called once: cut_left has just become 0, so no other write moves any more. */
static void power_goes(void)
{
	for (unsigned i = 0; cut_torn && i < ramblk_count; i++)
		tear(ramblk_disks[i]);
	cut_gone();
}

void ramblk_cut(void)
{
	/* acquire: pairs with ramblk_cut_after */
	if (atomic_exchange_explicit(&cut_left, 0, memory_order_acquire) > 0)
		power_goes();
}

static void write_data(const struct ramblk *disk, const struct request *r)
{
	/* acquire: pairs with ramblk_cut_after */
	int64_t left = atomic_load_explicit(&cut_left, memory_order_acquire);

	if (unlikely(left != CUT_NEVER))
		left = atomic_fetch_sub_explicit(&cut_left, 1, memory_order_acquire);
	if (left > 0)
		move_data(disk, r, request_bytes(r));
	if (unlikely(left == 1))
		power_goes();
}

/* Lock held. */
static void account(struct ramblk *disk, const struct request *r, uint64_t now)
{
	uint64_t took = (now - r->submitted) | 1, sectors = request_bytes(r) >> SECTOR_SHIFT;
	unsigned bucket = bit_highest(took);

	disk->histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	if (r->error)
		disk->failed++;
	else if (r->write)
		disk->writes++, disk->sectors_written += sectors;
	else
		disk->reads++, disk->sectors_read += sectors;
}

/* The end of a request: its data moves, if it shall, and its owner is told. */
static void complete(struct ramblk *disk, struct request *r)
{
	if (r->bad == UINT64_MAX)
		; /* perhaps it does not even lie on the disk */
	else if (r->write)
		write_data(disk, r);
	else
		move_data(disk, r, request_bytes(r));
	request_done(r);
}

/* ---- the queue; lock held ---- */

/* Behind every request that is due no later. */
static void insert(struct ramblk *disk, struct request *r)
{
	struct list *at = disk->queue.prev;

	while (at != &disk->queue && list_entry(at, struct request, link)->due > r->due)
		at = at->prev;
	list_insert(&r->link, at, at->next);
	if (disk->queue.next == &r->link)
		timer_set(&disk->timer, r->due);
}

static void serve(struct ramblk *disk, struct request *r)
{
	r->due = clock_ns() + model_latency_ns(disk, r);
	if (!r->error) {
		r->bad = model_fails(disk, r);
		r->error = r->bad ? -EIO : 0;
	}
	disk->busy++;
	insert(disk, r);
}

void ramblk_fill(struct ramblk *disk)
{
	while (!list_empty(&disk->waiting) && (!disk->depth || disk->busy < disk->depth)) {
		struct request *r = list_first(&disk->waiting, struct request, link);

		list_remove(&r->link);
		serve(disk, r);
	}
}

void ramblk_release_held(struct ramblk *disk)
{
	struct request *r, *tmp;

	list_for_each_safe(r, tmp, &disk->held, link) {
		if (model_still_holds(disk, r))
			continue;
		list_remove(&r->link);
		r->released = true;
		insert(disk, r); /* it was due long ago */
	}
}

/* The first request that is due and not held; otherwise arms the timer for the next. */
static struct request *take_due(struct ramblk *disk)
{
	while (!list_empty(&disk->queue)) {
		struct request *r = list_first(&disk->queue, struct request, link);
		uint64_t now = clock_ns();

		if (r->due > now) {
			timer_set(&disk->timer, r->due);
			return NULL;
		}
		list_remove(&r->link);
		if (r->released || !model_holds(disk, r)) {
			disk->busy--;
			account(disk, r, now);
			ramblk_fill(disk);
			return r;
		}
		list_append(&disk->held, &r->link);
	}
	return NULL;
}

static void timer_fired(struct timer *timer)
{
	struct ramblk *disk = timer->arg;
	struct request *r;

	do {
		irqflags_t flags = spin_lock_irq(&disk->lock);

		r = take_due(disk);
		spin_unlock_irq(&disk->lock, flags);
		if (r)
			complete(disk, r);
	} while (r);
}

/* ---- submitting ---- */

static bool throttle_is_other(struct ramblk *disk, unsigned throttles)
{
	irqflags_t flags = spin_lock_irq(&disk->lock);
	bool other = disk->throttles != throttles;

	spin_unlock_irq(&disk->lock, flags);
	return other;
}

/* Locks. As cgroup I/O control does: it is the submitter who waits, as long as the bound is that. One who has been killed does not. */
static irqflags_t lock_throttled(struct ramblk *disk, const struct request *r)
{
	static const struct wait_why why = { .what = "what the device may be asked for", .lasting = true };
	irqflags_t flags = spin_lock_irq(&disk->lock);
	uint64_t now = clock_ns(), until = model_throttle(disk, r, now);
	unsigned throttles = disk->throttles;

	if (likely(until <= now))
		return flags;
	spin_unlock_irq(&disk->lock, flags);
	wait_until(&disk->throttled, &why, WAIT_KILLABLE, until, throttle_is_other(disk, throttles));
	return spin_lock_irq(&disk->lock);
}

static void enqueue(struct ramblk *disk, struct request *r)
{
	list_append(&disk->waiting, &r->link);
	ramblk_fill(disk);
	if (disk->busy > disk->deepest)
		disk->deepest = disk->busy;
}

static void ramblk_submit(struct blkdev *dev, struct request *r)
{
	struct ramblk *disk = container_of(dev, struct ramblk, dev);
	bool now = policy_get(&policy.complete) == COMPLETE_INLINE;
	irqflags_t flags = lock_throttled(disk, r);

	if (now)
		account(disk, r, clock_ns());
	else
		enqueue(disk, r);
	spin_unlock_irq(&disk->lock, flags);
	if (now)
		complete(disk, r);
}

static const struct blkdev_ops ramblk_ops = { .submit = ramblk_submit };

int ramblk_add(const char *name, phys_t start, uint64_t len)
{
	struct ramblk *disk = ramblk_count < RAMBLK_MAX ? kzalloc(sizeof(*disk)) : NULL;

	if (!disk)
		return -ENOMEM;
	strlcpy(disk->name, name, sizeof(disk->name));
	disk->memory = phys_to_virt(start);
	spin_init(&disk->lock, LOCK_DEVICE);
	list_init(&disk->queue);
	list_init(&disk->waiting);
	list_init(&disk->held);
	waitq_init(&disk->throttled);
	timer_init(&disk->timer, timer_fired, disk);
	disk->dev = (struct blkdev){ .name = disk->name, .ops = &ramblk_ops, .sectors = len >> SECTOR_SHIFT };
	block_register(&disk->dev);
	ramblk_disks[ramblk_count++] = disk;
	return 0;
}

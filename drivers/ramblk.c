/* SPDX-License-Identifier: MIT */
/*
 * The RAM block device: memory behind a request queue.
 *
 * A request is queued with the time it is due (now + policy latency_us) and completes from a timer interrupt, never inside submit, even at
 * no latency at all: so the page lock, waiting and retry are as real as on a disk. Data moves at completion. Policy
 * complete=inline moves it in submit instead, to show what difference that makes.
 *
 * The queue is ordered by due time; the timer is armed for its head. Both are changed under `lock`, which the timer takes too.
 */
#include "drivers/ramblk.h"

#include "drivers/block.h"
#include "kernel/frame.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/policy.h"

/* (C) constant, (D) lock */
struct ramblk {
	struct blkdev dev;	/*			(C) */
	char *memory;		/*			(C) */
	struct spinlock lock;
	struct list queue;	/* by due time		(D) */
	struct timer timer;	/* for the head		(D) */
	char name[16];		/*			(C) */
};

static void move_data(const struct ramblk *disk, const struct request *r)
{
	char *at = disk->memory + (r->sector << SECTOR_SHIFT);

	for (unsigned i = 0; i < r->nr_segments; i++) {
		const struct segment *s = &r->segments[i];

		if (r->write)
			memcpy(at, s->data, s->len);
		else
			memcpy(s->data, at, s->len);
		at += s->len;
	}
}

/* The end of a request: its data moves, if it shall, and its owner is told. */
static void complete(struct ramblk *disk, struct request *r)
{
	if (!r->error)
		move_data(disk, r);
	request_done(r);
}

/* The head of the queue if it is due; otherwise arms the timer for it. Lock held. */
static struct request *take_due(struct ramblk *disk)
{
	struct request *r;

	if (list_empty(&disk->queue))
		return NULL;
	r = list_first(&disk->queue, struct request, link);
	if (r->due > clock_ns()) {
		timer_set(&disk->timer, r->due);
		return NULL;
	}
	list_remove(&r->link);
	return r;
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

/* Behind every request that is due no later. */
static void insert(struct ramblk *disk, struct request *r)
{
	struct list *at = disk->queue.prev;

	while (at != &disk->queue && list_entry(at, struct request, link)->due > r->due)
		at = at->prev;
	list_insert(&r->link, at, at->next);
}

static void ramblk_submit(struct blkdev *dev, struct request *r)
{
	struct ramblk *disk = container_of(dev, struct ramblk, dev);
	irqflags_t flags;

	if (policy_get(&policy.complete) == COMPLETE_INLINE) {
		complete(disk, r);
		return;
	}
	r->due = r->submitted + policy_get(&policy.latency_us) * NSEC_PER_USEC;
	flags = spin_lock_irq(&disk->lock);
	insert(disk, r);
	if (disk->queue.next == &r->link)
		timer_set(&disk->timer, r->due);
	spin_unlock_irq(&disk->lock, flags);
}

static const struct blkdev_ops ramblk_ops = { .submit = ramblk_submit };

int ramblk_add(const char *name, phys_t start, uint64_t len)
{
	struct ramblk *disk = kzalloc(sizeof(*disk));

	if (!disk)
		return -ENOMEM;
	strlcpy(disk->name, name, sizeof(disk->name));
	disk->memory = phys_to_virt(start);
	spin_init(&disk->lock, LOCK_DEVICE);
	list_init(&disk->queue);
	timer_init(&disk->timer, timer_fired, disk);
	disk->dev = (struct blkdev){ .name = disk->name, .ops = &ramblk_ops, .sectors = len >> SECTOR_SHIFT };
	block_register(&disk->dev);
	return 0;
}

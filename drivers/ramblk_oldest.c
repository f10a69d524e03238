/* SPDX-License-Identifier: MIT */
/* For the watchdog: which request has been under way for longest. */
#include "drivers/ramblk_impl.h"

#include "lib/format.h"

/* Its maker's. */
struct oldest {
	const struct ramblk *disk;
	struct request request; /* a copy */
	const char *where;
	unsigned requests;
};

static void look(struct oldest *o, const struct ramblk *disk, const struct list *queue, const char *where)
{
	const struct request *r;

	list_for_each(r, queue, link) {
		o->requests++;
		if (o->disk && o->request.submitted <= r->submitted)
			continue;
		o->disk = disk;
		o->request = *r;
		o->where = where;
	}
}

static void look_at_disk(struct oldest *o, struct ramblk *disk)
{
	irqflags_t flags = arch_irq_save();

	if (spin_trylock(&disk->lock)) {
		look(o, disk, &disk->queue, "in service");
		look(o, disk, &disk->waiting, "waiting for the device");
		look(o, disk, &disk->held, "held back by a rule");
		spin_unlock(&disk->lock);
	}
	arch_irq_restore(flags);
}

void ramblk_oldest(char *buf, size_t size)
{
	static struct oldest o; /* one caller at a time matters: two would mix their answers */
	uint64_t now = clock_ns();

	o = (struct oldest){ .disk = NULL };
	for (unsigned i = 0; i < ramblk_count; i++)
		look_at_disk(&o, ramblk_disks[i]);
	if (o.disk)
		snprintf(buf, size, "disk=%s sector=%lu bytes=%u write=%d for_us=%lu %s, of %u", o.disk->name,
			 (unsigned long)o.request.sector, request_bytes(&o.request), o.request.write,
			 (unsigned long)((now - o.request.submitted) / NSEC_PER_USEC), o.where, o.requests);
}

/* SPDX-License-Identifier: MIT */
#include "drivers/block.h"

#include "drivers/iogroup.h"
#include "kernel/slab.h"
#include "kernel/stats.h"
#include "kernel/time.h"
#include "kernel/trace.h"
#include "lib/errno.h"

static const struct trace_point trace_submit = { "io.submit", " sector=%u bytes=%u write=%d" };
static const struct trace_point trace_complete = { "io.complete", " sector=%u ns=%u error=%d" };

static struct slab_cache request_cache = SLAB_CACHE("request", struct request);
static struct list devices = LIST_INIT(devices); /* boot time only */
static unsigned nr_devices;

struct request *request_new(struct blkdev *dev, uint64_t sector, bool write)
{
	struct request *r = slab_alloc(&request_cache);

	if (!r)
		return NULL;
	r->dev = dev;
	r->sector = sector;
	r->write = write;
	r->nr_segments = 0;
	r->done = NULL;
	r->private = NULL;
	r->error = 0;
	r->bad = 0;
	r->released = false;
	list_init(&r->link);
	return r;
}

void request_free(struct request *r)
{
	slab_free(&request_cache, r);
}

bool request_add(struct request *r, void *data, uint32_t len)
{
	assert(len && len % SECTOR_SIZE == 0);
	if (r->nr_segments == REQUEST_SEGMENTS)
		return false;
	r->segments[r->nr_segments++] = (struct segment){ data, len };
	return true;
}

uint32_t request_bytes(const struct request *r)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < r->nr_segments; i++)
		n += r->segments[i].len;
	return n;
}

void request_done(struct request *r)
{
	trace(&trace_complete, r->sector, clock_ns() - r->submitted, r->error);
	if (r->error)
		stat_inc(STAT_io_errors);
	r->done(r, r->error);
}

static bool on_device(const struct request *r, uint64_t sectors)
{
	return r->sector <= r->dev->sectors && sectors <= r->dev->sectors - r->sector;
}

void block_submit(struct request *r)
{
	uint64_t bytes = request_bytes(r);

	might_sleep();
	r->submitted = clock_ns();
	r->error = on_device(r, bytes >> SECTOR_SHIFT) ? 0 : -EIO;
	r->bad = r->error ? UINT64_MAX : 0;
	r->released = false;
	trace(&trace_submit, r->sector, bytes, r->write);
	stat_inc(r->write ? STAT_io_writes : STAT_io_reads);
	stat_add(STAT_io_bytes, (int64_t)bytes);
	io_group_charge(bytes);
	r->dev->ops->submit(r->dev, r);
}

void block_register(struct blkdev *dev)
{
	dev->number = nr_devices++;
	list_append(&devices, &dev->all);
	flusher_init(&dev->flusher, dev->name);
}

struct blkdev *block_device(unsigned number)
{
	struct blkdev *dev;

	list_for_each(dev, &devices, all)
		if (dev->number == number)
			return dev;
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Which memory is ours: RAM minus what firmware, image and disks occupy, in whole pages, the lowest first up to the limit.
 * Large memories must not cost boot time, so nothing here looks at single frames: the only memory touched is the array of
 * states, a byte a frame, and the first bytes of each large block.
 */
#include "kernel/frame_zone.h"
#include "kernel/assert.h"
#include "lib/bits.h"

#define FRAME_MIN_BYTES (20ull << 20) /* below, user space would not get far */
#define RESERVE_FRAMES 256

static bool is_empty(const struct phys_range *r)
{
	return r->end <= r->start;
}

/* The lowest part of [from, end) that no exclusion touches; empty at `end` if there is none. */
static struct phys_range first_hole(phys_t from, phys_t end, const struct phys_range *out, unsigned n)
{
	struct phys_range r = { from, end };
	bool moved;

	do {
		moved = false;
		for (unsigned i = 0; i < n; i++) {
			if (is_empty(&out[i]) || align_down(out[i].start, PAGE_SIZE) > r.start || out[i].end <= r.start)
				continue;
			r.start = align_up(out[i].end, PAGE_SIZE);
			moved = true;
		}
	} while (moved);
	for (unsigned i = 0; i < n; i++)
		if (!is_empty(&out[i]) && out[i].start >= r.start && out[i].start < r.end)
			r.end = align_down(out[i].start, PAGE_SIZE);
	if (is_empty(&r))
		r.start = r.end = end;
	return r;
}

static void take_range(phys_t start, phys_t end, uint64_t *limit)
{
	if (end - start > *limit)
		end = start + align_down(*limit, PAGE_SIZE);
	*limit -= end - start;
	if (start == end)
		return;
	if (zone.nr_ranges == FRAME_RANGES)
		panic("memory is in more than %d pieces", FRAME_RANGES);
	zone.range[zone.nr_ranges++] = (struct phys_range){ start, end };
	zone.total += (end - start) >> PAGE_SHIFT;
}

static void take_ram(const struct phys_range *ram, const struct phys_range *out, unsigned n, uint64_t *limit)
{
	phys_t at = align_up(ram->start, PAGE_SIZE), end = align_down(ram->end, PAGE_SIZE);

	while (at < end) {
		struct phys_range hole = first_hole(at, end, out, n);

		take_range(hole.start, hole.end, limit);
		at = hole.end;
	}
}

/* Memory of the machine without its disks, for people. */
static uint64_t memory_given(const struct boot_info *info, const struct phys_range *disks, unsigned nr, uint64_t limit)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < info->nr_ram; i++)
		bytes += info->ram[i].end - info->ram[i].start;
	for (unsigned i = 0; i < nr; i++)
		bytes -= disks[i].end - disks[i].start;
	return bytes < limit ? bytes : limit;
}

/* A zeroed table with so many bytes for each frame: in the first range with room for it, which gets shorter. */
static void *place_table(size_t bytes_per_frame)
{
	uint64_t bytes = align_up((zone.end - zone.first) * bytes_per_frame, PAGE_SIZE);

	for (unsigned i = 0; i < zone.nr_ranges; i++) {
		struct phys_range *r = &zone.range[i];

		if (r->end - r->start <= bytes)
			continue;
		r->start += bytes;
		zone.total -= bytes >> PAGE_SHIFT;
		for (phys_t at = r->start - bytes; at < r->start; at += PAGE_SIZE)
			arch_page_zero(phys_to_virt(at));
		return phys_to_virt(r->start - bytes);
	}
	panic("no room for a table of %llu bytes in one piece", (unsigned long long)bytes);
}

void *frame_init(const struct boot_info *info, const struct phys_range *disks, unsigned nr_disks, uint64_t limit,
		 size_t bytes_per_frame)
{
	void *table;
	struct phys_range out[2 * BOOT_RANGES + 1] = { { 0, PAGE_SIZE } }; /* frame 0 is NO_FRAME */
	uint64_t given = memory_given(info, disks, nr_disks, limit);
	unsigned n = 1;

	for (unsigned i = 0; i < info->nr_reserved; i++)
		out[n++] = info->reserved[i];
	for (unsigned i = 0; i < nr_disks && n < 2 * BOOT_RANGES + 1; i++)
		out[n++] = disks[i];
	for (unsigned i = 0; i < info->nr_ram; i++)
		take_ram(&info->ram[i], out, n, &limit);
	if (zone.total << PAGE_SHIFT < FRAME_MIN_BYTES)
		panic("too little memory: %llu MiB given, at least 32 MiB needed: try --mem 64M",
		      (unsigned long long)(given + (1 << 19)) >> 20);
	zone.first = zone.range[0].start >> PAGE_SHIFT;
	zone.end = zone.range[zone.nr_ranges - 1].end >> PAGE_SHIFT;
	zone.state = place_table(sizeof(*zone.state));
	table = place_table(bytes_per_frame);
	zone.reserve = zone.total / 64 < RESERVE_FRAMES ? zone.total / 64 : RESERVE_FRAMES;
	zone.low = 2 * zone.reserve;
	zone.high = 3 * zone.reserve;
	for (unsigned i = 0; i < zone.nr_ranges; i++)
		zone_give(zone.range[i].start >> PAGE_SHIFT, zone.range[i].end >> PAGE_SHIFT);
	return table;
}

uint64_t frame_total(void)
{
	return zone.total;
}

pfn_t frame_first(void)
{
	return zone.first;
}

pfn_t frame_end(void)
{
	return zone.end;
}

bool frame_managed(pfn_t pfn)
{
	phys_t at = pfn << PAGE_SHIFT;

	for (unsigned i = 0; i < zone.nr_ranges; i++)
		if (at >= zone.range[i].start && at < zone.range[i].end)
			return true;
	return false;
}

/* SPDX-License-Identifier: MIT */
/* Plain accesses: data races by vector clocks (FastTrack, Flanagan and Freund, PLDI 2009), and the new life of memory that is written plainly. */
#include "tests/explore/memory.h"

#include <string.h>

/* ---- plain accesses ---- */

#define SHADOWS 65536 /* granules of 4 bytes, by hash */

static struct shadow {
	uintptr_t granule;
	uint32_t wrote, reads[FIBERS]; /* clock of the last write, and of each thread's last read */
	uint8_t writer;
} shadows[SHADOWS];

void races_reset(void)
{
	if (model_races)
		memset(shadows, 0, sizeof(shadows));
}

static struct shadow *shadow_of(uintptr_t granule)
{
	struct shadow *s = &shadows[(granule * 0x9e3779b97f4a7c15ull) >> 48 & (SHADOWS - 1)];

	if (s->granule != granule)
		*s = (struct shadow){ .granule = granule }; /* what was there is forgotten: a race may be missed, never made up */
	return s;
}

static void race(unsigned f, unsigned with, uintptr_t at, uintptr_t pc)
{
	char name[80];

	fiber_fail("data race on %s: thread %u at pc %#lx, with thread %u", name_of(at, name, sizeof(name)), f, pc, with);
}

static void check_race(unsigned f, uintptr_t at, bool write, uintptr_t pc)
{
	const uint32_t *clock = memory.fibers[f].now.clock;
	struct shadow *s = shadow_of(at / 4);

	if (s->wrote > clock[s->writer])
		race(f, s->writer, at, pc);
	for (unsigned i = 0; write && i < FIBERS; i++)
		if (s->reads[i] > clock[i])
			race(f, i, at, pc);
	if (write) {
		s->wrote = clock[f];
		s->writer = (uint8_t)f;
	} else {
		s->reads[f] = clock[f];
	}
}

void memory_plain(unsigned f, uintptr_t at, size_t size, bool write, uintptr_t pc)
{
	for (uintptr_t word = at / 4; model_races && word <= (at + size - 1) / 4; word++)
		check_race(f, word * 4, write, pc);
	if (write && memory.nr)
		location_forget(at, size);
}

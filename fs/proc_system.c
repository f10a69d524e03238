/* SPDX-License-Identifier: MIT */
/* Files of /proc that tell of the whole machine, as Linux has them. */
#include "fs/proc.h"

#include "kernel/frame.h"
#include "kernel/stats.h"
#include "kernel/time.h"

static void meminfo_line(struct text *t, const char *name, uint64_t pages)
{
	text_add(t, "%-16s%8lu kB\n", name, pages * (PAGE_SIZE / 1024));
}

static void meminfo_show(struct text *t, const char *path)
{
	uint64_t available = frame_available(), cached = stat_read(STAT_cache_pages);

	(void)path;
	meminfo_line(t, "MemTotal:", frame_total());
	meminfo_line(t, "MemFree:", available);
	meminfo_line(t, "MemAvailable:", available + cached);
	meminfo_line(t, "Buffers:", 0);
	meminfo_line(t, "Cached:", cached);
}

static void uptime_show(struct text *t, const char *path)
{
	uint64_t hundredths = clock_ns() / (NSEC_PER_SEC / 100);

	(void)path;
	text_add(t, "%lu.%02lu 0.00\n", hundredths / 100, hundredths % 100);
}

void proc_system_register(void)
{
	proc_register("meminfo", meminfo_show, NULL);
	proc_register("uptime", uptime_show, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Files of /proc that tell of the whole machine, in Linux's formats. Numbers are true where there is one here, and 0 elsewhere. */
#include "init/proc_files.h"

#include "fs/vfs.h"
#include "init/process_impl.h"
#include "init/root.h"
#include "kernel/frame.h"
#include "kernel/sched.h"
#include "kernel/slab.h"
#include "kernel/stats.h"
#include "mm/lru.h"
#include "mm/writeback.h"

#define UNUSED __attribute__((unused))
#define TICK (NSEC_PER_SEC / 100)

static void meminfo_line(struct text *t, const char *name, uint64_t pages)
{
	text_add(t, "%-16s%8lu kB\n", name, pages * (PAGE_SIZE / 1024));
}

static void slab_pages_add(const struct slab_cache *c, void *pages)
{
	*(uint64_t *)pages += c->slabs;
}

static uint64_t slab_pages(void)
{
	uint64_t pages = 0;

	slab_for_each(slab_pages_add, &pages);
	return pages;
}

static void slab_line(const struct slab_cache *c, void *t)
{
	unsigned size = slab_object_size(c), per_slab = PAGE_SIZE / size;

	text_add(t, "%-17s %6u %6u %6u %4u %4u : tunables 0 0 0 : slabdata %6u %6u 0\n", c->name, c->used, c->slabs * per_slab, size,
		 per_slab, 1, c->slabs, c->slabs);
}

static void slabinfo_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> "
		    "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	slab_for_each(slab_line, t);
}

static void meminfo_show(struct text *t, const char *path UNUSED)
{
	static const char *const none[] = { "Writeback:", "AnonPages:", "Mapped:", "Shmem:", "PageTables:" };
	uint64_t available = frame_available(), cached = stat_read(STAT_cache_pages);

	meminfo_line(t, "MemTotal:", frame_total());
	meminfo_line(t, "MemFree:", available);
	meminfo_line(t, "MemAvailable:", available + cached);
	meminfo_line(t, "Buffers:", 0);
	meminfo_line(t, "Cached:", cached);
	meminfo_line(t, "SwapCached:", 0);
	meminfo_line(t, "Active:", lru_length(LRU_ACTIVE));
	meminfo_line(t, "Inactive:", lru_length(LRU_INACTIVE));
	meminfo_line(t, "SwapTotal:", 0);
	meminfo_line(t, "SwapFree:", 0);
	meminfo_line(t, "Dirty:", writeback_dirty_pages());
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		meminfo_line(t, none[i], 0);
	meminfo_line(t, "Slab:", slab_pages());
	meminfo_line(t, "CommitLimit:", frame_total());
	meminfo_line(t, "Committed_AS:", 0);
	text_add(t, "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
}

static void uptime_show(struct text *t, const char *path UNUSED)
{
	uint64_t hundredths = clock_ns() / TICK;

	text_add(t, "%lu.%02lu 0.00\n", hundredths / 100, hundredths % 100);
}

/* Lines that programs look for; neither machine says much about itself. */
static void cpuinfo_show(struct text *t, const char *path UNUSED)
{
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		if (atomic_load_explicit(&cpus[cpu].online, memory_order_relaxed))
			text_add(t, "processor\t: %u\n%s\n", cpu, ABI_CPUINFO);
}

static uint64_t cpu_ticks(void)
{
	uint64_t ns = 0;
	unsigned pid = 1;
	struct process *p;

	for (; (p = process_next(&pid)); pid++) {
		struct usage used = process_usage(p);

		ns += used.ran_ns;
		process_put(p);
	}
	return ns / TICK;
}

static unsigned count_processes(unsigned *tasks, unsigned *last)
{
	unsigned pid = 1, n = 0;
	struct process *p;

	*tasks = *last = 0;
	for (; (p = process_next(&pid)); pid++, n++) {
		*tasks += p->nr_tasks;
		*last = p->pid;
		process_put(p);
	}
	return n;
}

static void stat_show(struct text *t, const char *path UNUSED)
{
	uint64_t busy = cpu_ticks(), all = clock_ns() / TICK * smp_online(), idle = all > busy ? all - busy : 0;
	unsigned tasks, last;

	count_processes(&tasks, &last);
	text_add(t, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
	for (unsigned i = 0; i < smp_online(); i++)
		text_add(t, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, busy / smp_online(), idle / smp_online());
	text_add(t, "intr 0\nctxt %lu\nbtime %lu\nprocesses %u\nprocs_running 1\nprocs_blocked 0\n", stat_read(STAT_switches),
		 (uint64_t)((clock_wall_ns() - clock_ns()) / NSEC_PER_SEC), last);
}

static void loadavg_show(struct text *t, const char *path UNUSED)
{
	unsigned tasks, last;

	count_processes(&tasks, &last);
	text_add(t, "0.00 0.00 0.00 1/%u %u\n", tasks, last);
}

static void vmstat_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "nr_free_pages %lu\nnr_file_pages %lu\npgpgin %lu\npgpgout 0\npgfault %lu\npgmajfault %lu\npgsteal_kswapd %lu\n",
		 frame_available(), stat_read(STAT_cache_pages), stat_read(STAT_io_bytes) / 1024, stat_read(STAT_faults),
		 stat_read(STAT_faults_major), stat_read(STAT_reclaimed_ahead));
	text_add(t, "nr_active_file %lu\nnr_inactive_file %lu\noom_kill %lu\n", (uint64_t)lru_length(LRU_ACTIVE),
		 (uint64_t)lru_length(LRU_INACTIVE), stat_read(STAT_oom_kills));
	text_add(t, "pgsteal_direct %lu\nnr_dirty %lu\nnr_writeback 0\n", stat_read(STAT_reclaimed_direct), writeback_dirty_pages());
}

void proc_mounts_text(struct text *t)
{
	const struct mounted *m;

	for (unsigned i = 0; (m = root_mounted(i)); i++)
		text_add(t, "%s %s %s %s,relatime 0 0\n", m->source, m->path, m->super->type,
			 m->super->read_only ? "ro" : "rw");
}

static void mounts_show(struct text *t, const char *path UNUSED)
{
	proc_mounts_text(t);
}

static void filesystems_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "nodev\tproc\nnodev\tdevtmpfs\nnodev\ttmpfs\nnodev\tpipefs\n\text2\n");
}

static void version_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "Linux version 6.1.0-faultline (faultline) (gcc) #1 SMP Faultline\n");
}

static void partitions_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "major minor  #blocks  name\n\n");
}

static void swaps_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

static void cmdline_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "\n");
}

static void devices_show(struct text *t, const char *path UNUSED)
{
	text_add(t, "Character devices:\n  1 mem\n  5 /dev/tty\n\nBlock devices:\n");
}

void proc_machine_register(void)
{
	static const struct {
		const char *name;
		void (*show)(struct text *t, const char *path);
	} files[] = {
		{ "cmdline", cmdline_show }, { "cpuinfo", cpuinfo_show }, { "devices", devices_show },
		{ "filesystems", filesystems_show }, { "loadavg", loadavg_show }, { "meminfo", meminfo_show },
		{ "mounts", mounts_show }, { "partitions", partitions_show }, { "slabinfo", slabinfo_show },
		{ "stat", stat_show }, { "swaps", swaps_show },
		{ "uptime", uptime_show }, { "version", version_show }, { "vmstat", vmstat_show },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		proc_register(files[i].name, files[i].show, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * /proc/fault/stats, boot, memory, waiters, page_lock, check, lock_cost and trace, and a file for each policy in /proc/sys/fault. Here because
 * kernel/ and mm/ know nothing of files.
 */
#include "init/proc_files.h"

#include "fs/proc.h"
#include "init/run.h"
#include "kernel/frame.h"
#include "kernel/hang.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/check.h"
#include "mm/lock_cost.h"
#include "mm/page_waits.h"
#include "mm/policy.h"

static void stats_show(struct text *t, const char *path)
{
	(void)path;
	for (unsigned i = 0; i < STAT_COUNT; i++)
		text_add(t, "%s %lu\n", stat_name((enum stat)i), stat_read((enum stat)i));
}

static void boot_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "first_user_ns %lu\n", run_first_user_ns());
}

/* In pages; for leak checks. */
static void memory_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "total %lu\navailable %lu\n", frame_total(), frame_available());
}

static void waiters_line(void *arg, const char *line)
{
	text_add(arg, "%s\n", line);
}

static void waiters_show(struct text *t, const char *path)
{
	const struct hang_sink to = { waiters_line, t };

	(void)path;
	hang_show_all(&to);
}

static uint64_t us(uint64_t ns)
{
	return (ns + NSEC_PER_USEC - 1) / NSEC_PER_USEC;
}

/* Waits for page locks since "0" was written there. */
static void page_lock_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "waits %lu\n", page_waits_count());
	text_add(t, "wait_p50_us %lu\nwait_p99_us %lu\nwait_p999_us %lu\n", us(page_waits_quantile(500)), us(page_waits_quantile(990)),
		 us(page_waits_quantile(999)));
	text_add(t, "wait_max_us %lu\nplace_max_us %lu\n", us(page_waits_worst(WORST_WAIT)), us(page_waits_worst(WORST_PLACE)));
	text_add(t, "section_max_us %lu\nswitch_max_us %lu\n", us(page_waits_worst(WORST_SECTION)), us(page_waits_worst(WORST_SWITCH)));
	text_add(t, "position_max %lu\n", page_waits_worst(WORST_POSITION));
}

static int page_lock_store(const char *path, const char *data)
{
	(void)path;
	if (data[0] != '0' || data[1])
		return -EINVAL;
	page_waits_reset();
	return 0;
}

/* "0", or how many pages break a rule, and the first of them. */
static void check_show(struct text *t, const char *path)
{
	char why[256];
	unsigned broken = mm_check(why, sizeof(why));

	(void)path;
	text_add(t, broken ? "%u %s\n" : "%u\n", broken, why);
}

/* What the lock cost when it was last measured: "WAITERS PAGES" was written there. */
static struct lock_cost lock_cost;

static void lock_cost_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "waiters %u\npages %u\npairs %lu\npairs_ns %lu\n", lock_cost.waiters, lock_cost.pages, lock_cost.pairs, lock_cost.pairs_ns);
	text_add(t, "handoffs_ns %lu\nunlocks_ns %lu\nunlock_worst_ns %lu\n", lock_cost.handoffs_ns, lock_cost.unlocks_ns,
		 lock_cost.unlock_worst_ns);
}

static int lock_cost_store(const char *path, const char *data)
{
	uint64_t waiters, pages;

	(void)path;
	if (parse_u64(data, &data, &waiters) || *data != ' ' || parse_u64(data + 1, &data, &pages) || *data)
		return -EINVAL;
	if (waiters > UINT32_MAX || pages > UINT32_MAX)
		return -EINVAL;
	return lock_cost_measure(&lock_cost, (unsigned)waiters, (unsigned)pages);
}

static void trace_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "%u\n", trace_on());
}

static int trace_store(const char *path, const char *data)
{
	(void)path;
	if ((data[0] != '0' && data[0] != '1') || data[1])
		return -EINVAL;
	return trace_enable(data[0] == '1');
}

#define POLICIES "sys/fault/"

static const char *policy_of(const char *path)
{
	return path + strlen(POLICIES);
}

static void policy_file_show(struct text *t, const char *path)
{
	char value[32];

	if (!policy_show(policy_of(path), value, sizeof(value)))
		text_add(t, "%s\n", value);
}

static int policy_file_store(const char *path, const char *data)
{
	char why[256];
	int err = policy_set(policy_of(path), data, why, sizeof(why));

	if (err)
		log_line("/proc/%s: %s", path, why);
	return err;
}

void proc_fault_register(void)
{
	char path[64];

	proc_register("fault/stats", stats_show, NULL);
	proc_register("fault/boot", boot_show, NULL);
	proc_register("fault/memory", memory_show, NULL);
	proc_register("fault/waiters", waiters_show, NULL);
	proc_register("fault/page_lock", page_lock_show, page_lock_store);
	proc_register("fault/check", check_show, NULL);
	proc_register("fault/lock_cost", lock_cost_show, lock_cost_store);
	proc_register("fault/trace", trace_show, trace_store);
	for (unsigned i = 0; policy_name(i); i++) {
		snprintf(path, sizeof(path), POLICIES "%s", policy_name(i));
		proc_register(path, policy_file_show, policy_file_store);
	}
}

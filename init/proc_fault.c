/* SPDX-License-Identifier: MIT */
/*
 * /proc/fault/stats, boot, memory and trace, and a file for each policy in /proc/sys/fault. Here because kernel/ and mm/ know
 * nothing of files.
 */
#include "init/proc_files.h"

#include "fs/proc.h"
#include "init/run.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
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
	proc_register("fault/trace", trace_show, trace_store);
	for (unsigned i = 0; policy_name(i); i++) {
		snprintf(path, sizeof(path), POLICIES "%s", policy_name(i));
		proc_register(path, policy_file_show, policy_file_store);
	}
}

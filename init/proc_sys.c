/* SPDX-License-Identifier: MIT */
/* /proc/sys, as far as programs look there. Numbers that do not bind this kernel are taken if they are numbers, and forgotten. */
#include "init/proc_files.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/random.h"
#include "init/uts.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/policy.h"
#include "mm/reclaim.h"

/* What the files say. store: may be written to. */
static const struct setting {
	const char *path, *value;
	bool store;
} settings[] = {
	{ "sys/kernel/ostype", "Linux", false },
	{ "sys/kernel/osrelease", "6.1.0-faultline", false },
	{ "sys/kernel/version", "#1 SMP Faultline", false },
	{ "sys/kernel/tainted", "0", false },
	{ "sys/kernel/pid_max", "4194304", false },
	{ "sys/kernel/threads-max", "4194304", false },
	{ "sys/kernel/randomize_va_space", "0", true },
	{ "sys/kernel/core_pattern", "core", false },
	{ "sys/kernel/ngroups_max", "65536", false },
	{ "sys/kernel/cap_last_cap", "40", false },
	{ "sys/vm/max_map_count", "65530", true },
	{ "sys/vm/overcommit_memory", "0", true },
	{ "sys/vm/overcommit_ratio", "50", true },
	{ "sys/vm/mmap_min_addr", "65536", true },
	{ "sys/vm/swappiness", "60", true },
	{ "sys/vm/nr_hugepages", "0", true },
	{ "sys/vm/dirty_expire_centisecs", "3000", true },
	{ "sys/fs/file-max", "9223372036854775807", true },
	{ "sys/fs/nr_open", "65536", false },
	{ "sys/fs/pipe-max-size", "1048576", true },
	{ "sys/fs/pipe-user-pages-soft", "16384", true },
	{ "sys/fs/pipe-user-pages-hard", "0", true },
	{ "sys/fs/suid_dumpable", "0", true },
};

static void setting_show(struct text *t, const char *path)
{
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(settings[i].path, path))
			text_add(t, "%s\n", settings[i].value);
}

static int setting_store(const char *path, const char *data)
{
	uint64_t n;

	(void)path;
	return parse_u64(data, NULL, &n) ? -EINVAL : 0;
}

enum { DROP_PAGES = 1, DROP_INODES = 2 };

static void drop_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "0\n");
}

/* What is not in use; pages last, for inodes keep metadata in memory. */
static int drop_store(const char *path, const char *data)
{
	uint64_t what;

	(void)path;
	if (parse_u64(data, NULL, &what) || !what || what > 4)
		return -EINVAL;
	if (what & DROP_INODES)
		inode_shrink(UINT32_MAX);
	if (what & DROP_PAGES)
		page_drop_clean();
	return 0;
}

/* Those that are policies here, by another name. */
static const struct {
	const char *path, *policy;
} tunables[] = {
	{ "sys/vm/dirty_ratio", "dirty_percent" },
	{ "sys/vm/dirty_background_ratio", "dirty_background_percent" },
	{ "sys/vm/dirty_writeback_centisecs", "writeback_centisecs" },
};

static const char *tunable_policy(const char *path)
{
	unsigned i = 0;

	while (strcmp(tunables[i].path, path) != 0)
		i++;
	return tunables[i].policy;
}

static void tunable_show(struct text *t, const char *path)
{
	char value[32];

	policy_show(tunable_policy(path), value, sizeof(value));
	text_add(t, "%s\n", value);
}

static int tunable_store(const char *path, const char *data)
{
	char why[100];

	return policy_set(tunable_policy(path), data, why, sizeof(why)) ? -EINVAL : 0;
}

static bool is_domain(const char *path)
{
	return !strcmp(path, "sys/kernel/domainname");
}

static void name_show(struct text *t, const char *path)
{
	char name[UTS_NAME_MAX + 1];

	uts_name(is_domain(path), name);
	text_add(t, "%s\n", name);
}

static int name_store(const char *path, const char *data)
{
	size_t len = strlen(data);

	uts_name_set(is_domain(path), data, len < UTS_NAME_MAX ? len : UTS_NAME_MAX);
	return 0;
}

static void uuid_show(struct text *t, const char *path)
{
	uint8_t b[16];

	(void)path;
	random_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4: random */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < sizeof(b); i++)
		text_add(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	text_add(t, "\n");
}

/* The same in every boot, as everything here. */
static void boot_id_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "6f61756c-746c-496e-8500-000000000001\n");
}

static void entropy_show(struct text *t, const char *path)
{
	(void)path;
	text_add(t, "256\n");
}

void proc_sys_register(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
		proc_register(settings[i].path, setting_show, settings[i].store ? setting_store : NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(tunables); i++)
		proc_register(tunables[i].path, tunable_show, tunable_store);
	proc_register("sys/kernel/hostname", name_show, name_store);
	proc_register("sys/kernel/domainname", name_show, name_store);
	proc_register("sys/kernel/random/uuid", uuid_show, NULL);
	proc_register("sys/vm/drop_caches", drop_show, drop_store);
	proc_register("sys/kernel/random/boot_id", boot_id_show, NULL);
	proc_register("sys/kernel/random/entropy_avail", entropy_show, NULL);
	proc_register("sys/kernel/random/poolsize", entropy_show, NULL);
}

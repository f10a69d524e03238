/* SPDX-License-Identifier: MIT */
/* /proc/sys/ramblk/DISK/SETTING: a file for each setting of each RAM block device. Here because drivers/ knows nothing of files. */
#include "drivers/ramblk.h"
#include "fs/proc.h"
#include "init/proc_files.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define VALUE_MAX 2048

static int setting_path(unsigned disk, unsigned setting, char *buf, size_t size)
{
	return snprintf(buf, size, "sys/ramblk/%s/%s", ramblk_name(disk), ramblk_setting(setting));
}

/* Which file is it? There are few. */
static void setting_find(const char *path, unsigned *disk, unsigned *setting)
{
	char name[64];

	for (*disk = 0; ramblk_name(*disk); ++*disk)
		for (*setting = 0; ramblk_setting(*setting); ++*setting) {
			setting_path(*disk, *setting, name, sizeof(name));
			if (!strcmp(name, path))
				return;
		}
	panic("no setting belongs to /proc/%s", path);
}

static void setting_show(struct text *t, const char *path)
{
	char *value = kmalloc(VALUE_MAX);
	unsigned disk, setting;

	if (!value)
		return;
	setting_find(path, &disk, &setting);
	ramblk_show(disk, setting, value, VALUE_MAX);
	text_add(t, "%s\n", value);
	kfree(value);
}

static int setting_store(const char *path, const char *data)
{
	unsigned disk, setting;
	char why[256];
	int err;

	setting_find(path, &disk, &setting);
	err = ramblk_set(disk, setting, data, why, sizeof(why));
	if (err)
		log_line("/proc/%s: %s", path, why);
	return err;
}

void proc_ramblk_register(void)
{
	char path[64];

	for (unsigned disk = 0; ramblk_name(disk); disk++)
		for (unsigned i = 0; ramblk_setting(i); i++) {
			setting_path(disk, i, path, sizeof(path));
			proc_register(path, setting_show, ramblk_can_set(i) ? setting_store : NULL);
		}
}

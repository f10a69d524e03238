/* SPDX-License-Identifier: MIT */
#include "init/root.h"

#include "drivers/block.h"
#include "drivers/ramblk.h"
#include "fs/mount.h"
#include "fs/names.h"
#include "fs/vfs.h"
#include "init/cmdline.h"
#include "init/run.h"
#include "kernel/assert.h"
#include "kernel/log.h"
#include "kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/reclaim.h"

struct super *memfd_super;

static void disks_add(void)
{
	static const char *const names[CMDLINE_DISKS] = { "disk0", "disk1", "disk2", "disk3",
							  "disk4", "disk5", "disk6", "disk7" };

	for (unsigned i = 0; i < CMDLINE_DISKS; i++) {
		const struct phys_range *d = &cmdline.disks[i];

		if (d->start != d->end && ramblk_add(names[i], d->start, d->end - d->start))
			panic("no memory for %s", names[i]);
	}
}

/* ---- fl.ramblk ---- */

/* The disk and the setting that `word` begins with, up to and with the '='. false: there are none. */
static bool setting_find(const char *word, unsigned *disk, unsigned *setting, const char **value)
{
	char name[64];

	for (*disk = 0; ramblk_name(*disk); ++*disk)
		for (*setting = 0; ramblk_setting(*setting); ++*setting) {
			size_t len = (size_t)snprintf(name, sizeof(name), "%s/%s=", ramblk_name(*disk), ramblk_setting(*setting));

			*value = word + len;
			if (!strncmp(word, name, len) && ramblk_can_set(*setting))
				return true;
		}
	return false;
}

static void settings_apply(void)
{
	unsigned disk, setting;
	const char *value;
	char why[256];

	for (unsigned i = 0; i < cmdline.nr_ramblk; i++) {
		if (!setting_find(cmdline.ramblk[i], &disk, &setting, &value))
			panic("command line: fl.ramblk=%s: write DISK/SETTING=VALUE, as in /proc/sys/ramblk", cmdline.ramblk[i]);
		if (ramblk_set(disk, setting, value, why, sizeof(why)))
			panic("command line: %s", why);
	}
}

/* ---- fl.cut ---- */

/* The host takes the disk as it is now; the run has no status. */
static void power_gone(void)
{
	log_line("the power is cut, as fl.cut says, after %lu ms", (unsigned long)(clock_ns() / NSEC_PER_MSEC));
	run_cut();
}

static void cut_timer_fired(struct timer *timer)
{
	(void)timer;
	ramblk_cut();
}

static void cut_arm(void)
{
	static struct timer timer;

	if (cmdline.cut_writes == UINT64_MAX && cmdline.cut_ns == UINT64_MAX)
		return;
	ramblk_cut_after(cmdline.cut_writes, cmdline.cut_torn, power_gone);
	if (cmdline.cut_ns != UINT64_MAX) {
		timer_init(&timer, cut_timer_fired, NULL);
		timer_set(&timer, cmdline.cut_ns);
	}
}

static struct mounted mounts[8 + CMDLINE_DISKS]; /* boot only to write */
static unsigned nr_mounts;

static void mounts_add(const char *path, const char *source, const struct super *super)
{
	assert(nr_mounts < ARRAY_SIZE(mounts));
	mounts[nr_mounts++] = (struct mounted){ path, source, super };
}

const struct mounted *root_mounted(unsigned i)
{
	return i < nr_mounts ? &mounts[i] : NULL;
}

static void mount_on(const char *path, const char *source, struct super *super)
{
	int err = super ? vfs_mount(path, super) : -1;

	if (err)
		log_line("%s is not mounted (%d): the root file system needs a directory of that name", path, err);
	else
		mounts_add(path, source ? source : super->type, super);
}

/* A disk that is wanted somewhere and cannot be had ends the boot, as the root would. */
/* From then on dirty pages reach it by themselves. */
static int mount_device(unsigned number, struct super **super, char *why, size_t size)
{
	struct blkdev *dev = block_device(number);
	int err = ext2_mount(dev, super, why, size);

	if (!err)
		flusher_start(&dev->flusher);
	return err;
}

static void mount_disks(void)
{
	static const char *const sources[CMDLINE_DISKS] = { "", "/dev/disk1", "/dev/disk2", "/dev/disk3",
							    "/dev/disk4", "/dev/disk5", "/dev/disk6", "/dev/disk7" };
	struct super *super;
	char why[200];

	for (unsigned i = 1, number = 1; i < CMDLINE_DISKS; i++) {
		bool there = cmdline.disks[i].start != cmdline.disks[i].end;

		if (cmdline.mounts[i] && (!there || mount_device(number, &super, why, sizeof(why))))
			panic("disk %u is not mounted on %s: %s", i, cmdline.mounts[i], there ? why : "there is none of that number");
		if (cmdline.mounts[i]) {
			mount_on(cmdline.mounts[i], sources[i], super);
			vfs_super_add(super);
		}
		number += there;
	}
}

void root_mount(void)
{
	static struct shrinker inodes = { .shrink = inode_shrink }, names = { .shrink = name_shrink };
	struct super *super;
	char why[200];

	if (cmdline.disks[0].start == cmdline.disks[0].end)
		panic("there is no disk: give fl.disk0=PHYS,LEN on the command line, or an initrd or module that holds a "
		      "file system");
	reclaim_add_shrinker(&names);
	reclaim_add_shrinker(&inodes);
	disks_add();
	settings_apply();
	cut_arm();
	if (mount_device(0, &super, why, sizeof(why)))
		panic("no root file system: %s", why);
	vfs_mount_root(super);
	vfs_super_add(super);
	mounts_add("/", "/dev/disk0", super);
	mount_on("/dev", NULL, dev_mount());
	mount_on("/proc", NULL, proc_mount());
	mount_on("/tmp", NULL, tmpfs_mount(01777));
	mount_on("/dev/shm", NULL, tmpfs_mount(01777));
	memfd_super = tmpfs_mount(0700);
	mount_disks();
}

/* SPDX-License-Identifier: MIT */
#include "init/root.h"

#include "drivers/block.h"
#include "drivers/ramblk.h"
#include "fs/mount.h"
#include "fs/vfs.h"
#include "init/cmdline.h"
#include "init/run.h"
#include "kernel/assert.h"
#include "kernel/log.h"
#include "kernel/time.h"

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

static struct mounted mounts[8]; /* boot only to write */
static unsigned nr_mounts;

static void mounts_add(const char *path, const struct super *super)
{
	assert(nr_mounts < ARRAY_SIZE(mounts));
	mounts[nr_mounts++] = (struct mounted){ path, super };
}

const struct mounted *root_mounted(unsigned i)
{
	return i < nr_mounts ? &mounts[i] : NULL;
}

static void mount_on(const char *path, struct super *super)
{
	int err = super ? vfs_mount(path, super) : -1;

	if (err)
		log_line("%s is not mounted (%d): the root file system needs a directory of that name", path, err);
	else
		mounts_add(path, super);
}

void root_mount(void)
{
	struct super *super;
	char why[200];

	if (cmdline.disks[0].start == cmdline.disks[0].end)
		panic("there is no disk: give fl.disk0=PHYS,LEN on the command line, or an initrd or module that holds a "
		      "file system");
	disks_add();
	cut_arm();
	if (ext2_mount(block_device(0), &super, why, sizeof(why)))
		panic("no root file system: %s", why);
	vfs_mount_root(super);
	vfs_super_add(super);
	mounts_add("/", super);
	mount_on("/dev", dev_mount());
	mount_on("/proc", proc_mount());
	mount_on("/tmp", tmpfs_mount(01777));
	mount_on("/dev/shm", tmpfs_mount(01777));
	memfd_super = tmpfs_mount(0700);
}

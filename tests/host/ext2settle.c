/* SPDX-License-Identifier: MIT */
/*
 * Blocks smaller than a page go while the page that stays is on its way to them: they may not be anybody else's before it has arrived. The disk
 * holds the write back; whoever makes the hole, or the file shorter, must be waiting until it is let go.
 */
#include "drivers/ramblk.h"
#include "fs/ext2.h"
#include "mm/policy.h"
#include "mm/writeback.h"
#include "tests/host/ext2case.h"
#include "tests/host/ext2ops.h"
#include <string.h>

#define PATIENCE_NS 20000000ull /* of the machine's clock: many times what any of this takes */

static struct inode *file;
static bool shorter; /* or a hole */
static _Atomic bool done;

static void rule(const char *name, const char *value)
{
	char why[100];

	for (unsigned i = 0; ramblk_setting(i); i++)
		if (!strcmp(ramblk_setting(i), name))
			check(!ramblk_set(0, i, value, why, sizeof(why)));
}

static void pause(void)
{
	thread_sleep_until(clock_ns() + PATIENCE_NS, WAIT_FOREVER);
}

static void fill(char c)
{
	static char page[PAGE_SIZE];

	memset(page, c, PAGE_SIZE);
	check(op_write(file, 0, page, PAGE_SIZE) == PAGE_SIZE);
}

/* Of the one page, the blocks from the second on: all, or all but the last. */
static void take_blocks(void)
{
	unsigned block = case_image.block;

	mutex_lock(&file->lock);
	check(!(shorter ? file->ops->truncate(file, block) :
			  file->ops->fallocate(file, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, block, block)));
	mutex_unlock(&file->lock);
	atomic_store(&done, true);
}

/* The page begins to be written before its blocks begin to go (stable=off), or after it has been made zero. */
static void race(unsigned i)
{
	struct ext2_inode *e = ext2_inode(file);

	if (i) {
		pause();
		take_blocks();
		return;
	}
	mutex_lock(&e->tree);
	if (policy_get(&policy.stable) == STABLE_WAIT) {
		pause();
		pause();
	}
	rule("hold", "0-999999,w");
	mapping_flush(&file->mapping);
	mutex_unlock(&e->tree);
	pause();
	pause();
	pause();
	check(!atomic_load(&done));
	rule("hold", "none");
}

static void body(void)
{
	struct super *super = case_mount();
	uint64_t blocks;

	check(super && !op_create(super->root, "file", S_IFREG | 0600, NULL, &file));
	fill('a');
	check(!op_sync(super));
	blocks = file->blocks;
	fill('b');
	port_parallel(2, race);
	check(atomic_load(&done) && file->blocks < blocks);
	check(!op_sync(super));
	inode_put(file);
	super->ops->unmount(super);
}

static void hole(void)
{
	body();
}

static void hole_unstable(void)
{
	char why[100];

	check(!policy_set("stable", "off", why, sizeof(why)));
	body();
}

static void end_unstable(void)
{
	shorter = true;
	hole_unstable();
}

static void test(unsigned block, void (*run)(void), const char *what)
{
	bool good;

	case_image = image_make_empty(block, "-I 128", "1500k");
	if (!case_image.bytes) {
		ok(true, "%s # skip mke2fs is not installed", what);
		return;
	}
	good = !case_run(run);
	if (!good)
		case_show();
	ok(good, "%u-byte blocks: %s", block, what);
	free(case_image.bytes);
}

int main(int argc, char **argv)
{
	case_machine.seed = tap_seed(argc, argv, 1);
	for (unsigned block = 1024; block < PAGE_SIZE; block *= 2) {
		test(block, hole, "a hole, in a page that begins to be written once it is zero");
		test(block, hole_unstable, "a hole, in a page under write-back");
		test(block, end_unstable, "a new end, in a page under write-back");
	}
	tap_end();
}

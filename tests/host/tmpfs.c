/* SPDX-License-Identifier: MIT */
/*
 * tmpfs, the cache of names, and what changes names: several threads, each with names of its own in directories that all share, compare what they
 * find with a model after each change, and look for each other's names meanwhile. In the end everything is removed, and all memory is back.
 *
 * Arguments: seed, operations of each thread.
 */
#include "fs/mount.h"
#include "fs/vfs.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "mm/write.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 4
#define SHARED 3
#define NAMES 5 /* of one worker in one directory */
#define FILES 8
#define OWN 3	/* directories of one worker */

struct worker {
	struct prng r;
	unsigned me;
	struct inode *file[FILES];	  /* referenced; NULL: not made */
	unsigned nlink[FILES];
	unsigned name[SHARED][NAMES];	  /* file + 1, or 0 */
	struct inode *dir[OWN], *in[OWN]; /* referenced: a directory and the file in it */
	unsigned dir_at[OWN];		  /* in which shared one */
};

static uint64_t seed;
static unsigned operations = 3000;
static struct worker workers[WORKERS];
static struct inode *shared[SHARED];

/* Nothing is mapped through open files, and no device opened. */
void file_via_get(void *via)
{
}

struct readahead *file_via_readahead(void *via)
{
	return NULL;
}

void file_via_put(void *via)
{
}

int device_node_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

/* ---- by path ---- */

static int make(const char *path, unsigned mode, unsigned uid, struct inode **out)
{
	struct inode_make how = { .mode = mode, .uid = uid };
	struct place at;

	check(!vfs_find_parent(vfs_root, path, &at));
	int err = vfs_make(&at, &how, out);
	place_put(&at);
	return err;
}

static int link_to(const char *path, struct inode *inode)
{
	struct place at;

	check(!vfs_find_parent(vfs_root, path, &at));
	int err = vfs_link(&at, inode);
	place_put(&at);
	return err;
}

static int drop(const char *path, bool dir)
{
	struct place at;

	check(!vfs_find_parent(vfs_root, path, &at));
	int err = vfs_remove(&at, dir);
	place_put(&at);
	return err;
}

static int move(const char *from_path, const char *to_path, unsigned flags)
{
	struct place from, to;

	check(!vfs_find_parent(vfs_root, from_path, &from));
	check(!vfs_find_parent(vfs_root, to_path, &to));
	int err = vfs_rename(&from, &to, flags);
	place_put(&to);
	place_put(&from);
	return err;
}

/* The path leads to that inode, or (NULL) to nothing. */
static void expect(const char *path, struct inode *want)
{
	struct inode *found = NULL;
	int err = vfs_lookup(vfs_root, path, 0, &found);

	check(want ? !err && found == want : err == -ENOENT);
	if (!err)
		inode_put(found);
}

/* ---- files ---- */

static void name_of(char *path, unsigned who, unsigned dir, unsigned n)
{
	sprintf(path, "/s%u/w%un%u", dir, who, n);
}

static void check_name(struct worker *w, unsigned dir, unsigned n)
{
	unsigned file = w->name[dir][n];
	char path[32];

	name_of(path, w->me, dir, n);
	expect(path, file ? w->file[file - 1] : NULL);
	check(!file || w->file[file - 1]->nlink == w->nlink[file - 1]);
}

static void lose(struct worker *w, unsigned file)
{
	if (!file || --w->nlink[file - 1])
		return;
	check(!w->file[file - 1]->nlink);
	inode_put(w->file[file - 1]);
	w->file[file - 1] = NULL;
}

static void do_make(struct worker *w, unsigned *slot, const char *path)
{
	unsigned file = prng_below(&w->r, FILES);
	struct inode *made;
	int err;

	if (w->file[file]) { /* another name */
		err = link_to(path, w->file[file]);
	} else {
		err = make(path, S_IFREG | 0600, w->me + 1, &made);
		if (!err)
			w->file[file] = made;
	}
	check(err == (*slot ? -EEXIST : 0));
	if (err)
		return;
	w->nlink[file]++;
	*slot = file + 1;
}

static void do_drop(struct worker *w, unsigned *slot, const char *path)
{
	check(drop(path, false) == (*slot ? 0 : -ENOENT));
	lose(w, *slot);
	*slot = 0;
}

static void do_move(struct worker *w, unsigned *slot, const char *path)
{
	static const unsigned flags[] = { 0, 0, VFS_NOREPLACE, VFS_EXCHANGE };
	unsigned dir = prng_below(&w->r, SHARED), n = prng_below(&w->r, NAMES), how = flags[prng_below(&w->r, 4)], was;
	unsigned *to = &w->name[dir][n];
	char to_path[32];
	int err;

	name_of(to_path, w->me, dir, n);
	err = move(path, to_path, how);
	check(err == (!*slot ? -ENOENT : how == VFS_NOREPLACE && *to ? -EEXIST : how == VFS_EXCHANGE && !*to ? -ENOENT : 0));
	if (!err && *to != *slot) {
		was = *to;
		*to = *slot;
		*slot = how == VFS_EXCHANGE ? was : 0;
		lose(w, how == VFS_EXCHANGE ? 0 : was);
	}
	check_name(w, dir, n);
}

static void do_write(struct worker *w, unsigned *slot, const char *path)
{
	static const char bytes[5000];
	struct inode *inode = *slot ? w->file[*slot - 1] : NULL;
	uint64_t pos = prng_below(&w->r, 16 * PAGE_SIZE);

	if (!inode)
		return;
	mutex_lock(&inode->lock);
	if (prng_below(&w->r, 3))
		check(mapping_write_kernel(&inode->mapping, pos, bytes, sizeof(bytes)) > 0);
	else if (pos != mapping_size(&inode->mapping))
		check(!inode->ops->truncate(inode, pos));
	mutex_unlock(&inode->lock);
}

/* ---- directories ---- */

static void do_move_dir(struct worker *w, unsigned *slot, const char *path)
{
	unsigned d = prng_below(&w->r, OWN), to = prng_below(&w->r, SHARED);
	char from_path[32], to_path[32];

	sprintf(from_path, "/s%u/w%ud%u", w->dir_at[d], w->me, d);
	sprintf(to_path, "/s%u/w%ud%u", to, w->me, d);
	check(!move(from_path, to_path, 0));
	w->dir_at[d] = to;
	expect(to_path, w->dir[d]);
	strcat(to_path, "/in");
	expect(to_path, w->in[d]);
	strcpy(strrchr(to_path, '/'), "/..");
	expect(to_path, shared[to]);
}

/* Somebody else's name is his, or nothing. */
static void do_look(struct worker *w, unsigned *slot, const char *path)
{
	unsigned who = prng_below(&w->r, WORKERS);
	struct inode *found;
	char theirs[32];
	int err;

	name_of(theirs, who, prng_below(&w->r, SHARED), prng_below(&w->r, NAMES));
	err = vfs_lookup(vfs_root, theirs, 0, &found);
	check(!err || err == -ENOENT);
	if (err)
		return;
	check(found->uid == who + 1);
	inode_put(found);
}

/* ---- the whole ---- */

static void begin(struct worker *w)
{
	char path[32];

	prng_seed(&w->r, seed * WORKERS + w->me);
	for (unsigned d = 0; d < OWN; d++) {
		sprintf(path, "/s0/w%ud%u", w->me, d);
		check(!make(path, S_IFDIR | 0700, w->me + 1, &w->dir[d]));
		strcat(path, "/in");
		check(!make(path, S_IFREG | 0600, w->me + 1, &w->in[d]));
	}
}

static void end(struct worker *w)
{
	char path[32];

	for (unsigned i = 0; i < SHARED * NAMES; i++) {
		name_of(path, w->me, i / NAMES, i % NAMES);
		do_drop(w, &w->name[i / NAMES][i % NAMES], path);
	}
	for (unsigned d = 0; d < OWN; d++) {
		sprintf(path, "/s%u/w%ud%u", w->dir_at[d], w->me, d);
		check(drop(path, true) == -ENOTEMPTY);
		strcat(path, "/in");
		check(!drop(path, false));
		*strrchr(path, '/') = 0;
		check(!drop(path, true));
		inode_put(w->in[d]);
		inode_put(w->dir[d]);
	}
}

static void work(unsigned i)
{
	static void (*const ops[])(struct worker *w, unsigned *slot, const char *path) = { do_make, do_make, do_drop, do_move, do_move, do_write,
											   do_move_dir, do_look };
	struct worker *w = &workers[i];
	char path[32];

	w->me = i;
	begin(w);
	for (unsigned n = 0; n < operations; n++) {
		unsigned dir = prng_below(&w->r, SHARED), name = prng_below(&w->r, NAMES);

		name_of(path, i, dir, name);
		ops[prng_below(&w->r, sizeof(ops) / sizeof(ops[0]))](w, &w->name[dir][name], path);
		check_name(w, dir, name);
	}
	end(w);
}

/* As ext2 does for an inode that is damaged: what it has put into *out is nobody's. */
static int damaged_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	*out = vfs_root;
	return -EIO;
}

static void damaged(struct super *super)
{
	static const struct inode_ops ops = { .lookup = damaged_lookup };
	struct place at = { .dir = inode_new(super, 1u << 30, S_IFDIR | 0700), .name = "x", .len = 1 }, to = { .name = "y", .len = 1 };
	unsigned refs = vfs_root->refs;

	check(at.dir);
	at.dir->ops = &ops;
	to.dir = at.dir;
	ok(vfs_remove(&at, false) == -EIO && vfs_rename(&at, &to, 0) == -EIO && vfs_root->refs == refs, "a look-up that fails leaves no reference");
	at.dir->ops = NULL;
	place_put(&at);
}

static void test(void)
{
	struct super *super = tmpfs_mount(0755);
	struct fs_usage before = { 0 }, after = { 0 };
	char path[8];

	check(super);
	vfs_mount_root(super);
	super->ops->usage(super, &before);
	for (unsigned d = 0; d < SHARED; d++) {
		sprintf(path, "/s%u", d);
		check(!make(path, S_IFDIR | 0755, 0, &shared[d]));
	}
	damaged(super);
	port_parallel(WORKERS, work);
	ok(true, "each thread found what the model says");
	for (unsigned d = 0; d < SHARED; d++) {
		sprintf(path, "/s%u", d);
		check(shared[d]->nlink == 2 && !drop(path, true) && !shared[d]->nlink);
		inode_put(shared[d]);
	}
	check(super->root->nlink == 2);
	super->ops->usage(super, &after);
	ok(before.free == after.free && before.free_inodes == after.free_inodes, "nothing is charged for any more (%lu pages, %lu inodes)",
	   before.free - after.free, before.free_inodes - after.free_inodes);
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	operations = argc > 2 ? (unsigned)atoi(argv[2]) : operations;
	machine.turn_one_in = port_turns(seed);
	port_run(&machine, test);
}

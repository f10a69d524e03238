/* SPDX-License-Identifier: MIT */
/*
 * Directories of tmpfs: entries in a hash table by name, and in a list by age. A position in a directory is an entry's number, given once and
 * rising, so that reading goes on at the right place whatever has come and gone. Everything is guarded by the directory's `names`.
 *
 * An entry holds a reference on its inode: what has a name stays in memory.
 */
#include "fs/tmpfs.h"

#include "kernel/slab.h"
#include "lib/prng.h"
#include "lib/string.h"

#define BUCKETS_MIN 8u

/* (N) names of the directory */
struct entry {
	struct list order;	/* dir->entries		(N) */
	struct entry *next;	/* of its bucket	(N) */
	struct inode *inode;	/* referenced		(N) */
	uint64_t pos;		/* at least 2		(C) */
	size_t len;		/*			(C) */
	char name[];		/*			(C) */
};

struct tmpfs_dir {
	struct inode *parent;	/* itself at the root; not referenced: it has this one's entry, or this one is removed	(N) */
	struct list entries;	/* oldest first		(N) */
	struct entry **buckets; /*			(N) */
	unsigned nr_buckets;	/* a power of two	(N) */
	unsigned nr;		/*			(N) */
	uint64_t next_pos;	/*			(N) */
};

struct tmpfs_dir *tmpfs_dir_new(struct inode *parent)
{
	struct tmpfs_dir *d = kzalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->buckets = kzalloc(BUCKETS_MIN * sizeof(struct entry *));
	if (!d->buckets) {
		kfree(d);
		return NULL;
	}
	list_init(&d->entries);
	d->nr_buckets = BUCKETS_MIN;
	d->next_pos = 2;
	d->parent = parent;
	return d;
}

void tmpfs_dir_free(struct tmpfs_dir *d)
{
	assert(!d->nr);
	kfree(d->buckets);
	kfree(d);
}

static struct tmpfs_dir *dir_of(const struct inode *inode)
{
	return inode->private;
}

/* ---- the table ---- */

static struct entry **bucket_of(const struct tmpfs_dir *d, const char *name, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return &d->buckets[prng_mix(hash) & (d->nr_buckets - 1)];
}

static struct entry *find(const struct tmpfs_dir *d, const char *name, size_t len)
{
	struct entry *e = *bucket_of(d, name, len);

	while (e && (e->len != len || memcmp(e->name, name, len) != 0))
		e = e->next;
	return e;
}

static void hash_in(struct tmpfs_dir *d, struct entry *e)
{
	struct entry **bucket = bucket_of(d, e->name, e->len);

	e->next = *bucket;
	*bucket = e;
}

/* More buckets, if there is memory. */
static void grow(struct tmpfs_dir *d)
{
	struct entry **wider = kzalloc(2 * d->nr_buckets * sizeof(*wider)), *e;

	if (!wider)
		return;
	kfree(d->buckets);
	d->buckets = wider;
	d->nr_buckets *= 2;
	list_for_each(e, &d->entries, order)
		hash_in(d, e);
}

static struct entry *entry_new(const char *name, size_t len, struct inode *inode)
{
	struct entry *e = kmalloc(sizeof(*e) + len);

	if (!e)
		return NULL;
	*e = (struct entry){ .inode = inode, .len = len };
	memcpy(e->name, name, len);
	return e;
}

/* The entry's reference on the inode is a new one. */
static int add(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	struct tmpfs_dir *d = dir_of(dir);
	struct entry *e = entry_new(name, len, inode);

	if (!e)
		return -ENOMEM;
	if (d->nr >= 2 * d->nr_buckets)
		grow(d);
	inode_get(inode);
	e->pos = d->next_pos++;
	list_append(&d->entries, &e->order);
	hash_in(d, e);
	d->nr++;
	return 0;
}

/* Its reference goes to the caller. */
static struct inode *drop(struct inode *dir, const char *name, size_t len)
{
	struct tmpfs_dir *d = dir_of(dir);
	struct entry *e = find(d, name, len), **at = bucket_of(d, name, len);
	struct inode *inode = e->inode;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	list_remove(&e->order);
	d->nr--;
	kfree(e);
	return inode;
}

/* ---- looking ---- */

static int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct tmpfs_dir *d = dir_of(dir);
	bool up = len == 2 && !memcmp(name, "..", 2);
	struct entry *e = up ? NULL : find(d, name, len);

	if (!up && !e)
		return -ENOENT;
	*out = up ? d->parent : e->inode;
	inode_get(*out);
	return 0;
}

static int tmpfs_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct tmpfs_dir *d = dir_of(dir);
	struct entry *e;

	if (pos == 0 && !sink->emit(sink, ".", 1, dir->ino, S_IFDIR >> 12, 1))
		return 0;
	if (pos <= 1 && !sink->emit(sink, "..", 2, d->parent->ino, S_IFDIR >> 12, 2))
		return 0;
	list_for_each(e, &d->entries, order)
		if (e->pos >= pos && !sink->emit(sink, e->name, e->len, e->inode->ino, inode_type(e->inode) >> 12, e->pos + 1))
			break;
	return 0;
}

/* ---- changing ---- */

static int tmpfs_create(struct inode *dir, const char *name, size_t len, const struct inode_make *make, struct inode **out)
{
	int err = tmpfs_inode_new(dir->super, make, dir, name, len, out);

	if (err)
		return err;
	err = len ? add(dir, name, len, *out) : 0;
	if (!len || err)
		(*out)->nlink = 0; /* nobody else has it yet */
	if (err)
		inode_put(*out);
	return err;
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	if (inode_type(inode) == S_IFDIR && dir_of(inode)->nr)
		return -ENOTEMPTY;
	inode_put(drop(dir, name, len));
	return 0;
}

static void set_parent(struct inode *inode, struct inode *parent)
{
	if (inode_type(inode) == S_IFDIR && dir_of(inode)->parent != parent)
		dir_of(inode)->parent = parent;
}

/* Entry e names another inode from now on. The reference that it had goes to the caller. */
static struct inode *repoint(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	struct entry *e = find(dir_of(dir), name, len);
	struct inode *was = e->inode;

	e->inode = inode;
	set_parent(inode, dir);
	return was;
}

static int tmpfs_rename(const struct renaming *r)
{
	int err = 0;

	if (r->exchange) {
		repoint(r->from_dir, r->from, r->from_len, r->target);
		repoint(r->to_dir, r->to, r->to_len, r->inode);
		return 0;
	}
	if (r->target && inode_type(r->target) == S_IFDIR && dir_of(r->target)->nr)
		return -ENOTEMPTY;
	if (!r->target)
		err = add(r->to_dir, r->to, r->to_len, r->inode);
	if (err)
		return err;
	if (r->target) {
		inode_get(r->inode);
		inode_put(repoint(r->to_dir, r->to, r->to_len, r->inode));
	}
	set_parent(r->inode, r->to_dir);
	inode_put(drop(r->from_dir, r->from, r->from_len));
	return 0;
}

const struct inode_ops tmpfs_dir_ops = {
	.lookup = tmpfs_lookup,
	.readdir = tmpfs_readdir,
	.create = tmpfs_create,
	.link = add,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.evict = tmpfs_evict,
};

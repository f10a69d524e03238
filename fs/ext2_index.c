/* SPDX-License-Identifier: MIT */
/*
 * Where in a large directory a name is: kept in memory only, made when the directory is first looked into, gone with its inode. With it a
 * name is found, or known not to be there, in one block; so making n files does not cost n times n.
 *
 * A table of (hash of the name, block), with open addressing: an entry lies at its hash's slot or behind it, before the next EMPTY slot;
 * removed ones become GONE until the table is made anew. A block's `room` is at least its largest gap, in units of 4 bytes: lowered when a
 * search finds less, raised when a name goes.
 *
 * It is dropped when there is no memory for it to grow: then the directory is searched from the beginning.
 *
 * Whoever looks holds vfs's `names` shared, so several may want to make it: one does, with the tree locked, and publishes it whole. It is
 * changed and dropped with `names` held exclusively.
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "lib/string.h"

#define SMALL 4096u   /* bytes of a directory that need no index */
#define EMPTY UINT32_MAX
#define GONE (UINT32_MAX - 1)
#define SLOTS_MIN 1024u
#define SLOTS_MAX (1u << 19)
#define ROOM_MAX 66u /* units: the longest entry */

struct where {
	uint32_t hash, block;
};

/* (N) vfs's names: shared to read, exclusive to write */
struct ext2_index {
	uint32_t slots, taken, live; /* taken: GONE ones too		(N) */
	struct where *table;	     /*					(N) */
	uint32_t blocks;	     /* that `room` speaks of		(N) */
	uint8_t *room;		     /*					(N) */
};

static uint32_t hash_of(const char *name, size_t len)
{
	uint64_t hash = prng_mix(len), word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word))
		hash = prng_mix(hash ^ load_le64(name));
	while (len)
		word = word << 8 | (unsigned char)name[--len];
	return (uint32_t)prng_mix(hash ^ word);
}

static void put(struct ext2_index *x, uint32_t hash, uint32_t block)
{
	uint32_t i = hash & (x->slots - 1);

	while (x->table[i].block < GONE)
		i = (i + 1) & (x->slots - 1);
	x->taken += x->table[i].block == EMPTY;
	x->live++;
	x->table[i] = (struct where){ hash, block };
}

/* A table for twice as many as there are now, or more. */
static bool resize(struct ext2_index *x)
{
	struct where *old = x->table;
	uint32_t slots = SLOTS_MIN, had = x->slots;

	while (slots < x->live * 4 && slots < SLOTS_MAX)
		slots *= 2;
	if (x->live >= slots / 4 * 3)
		return false;
	x->table = kmalloc(slots * sizeof(*x->table));
	if (!x->table) {
		x->table = old;
		return false;
	}
	memset(x->table, 0xff, slots * sizeof(*x->table));
	x->slots = slots;
	x->taken = x->live = 0;
	for (uint32_t i = 0; i < had; i++)
		if (old[i].block < GONE)
			put(x, old[i].hash, old[i].block);
	kfree(old);
	return true;
}

static bool room_resize(struct ext2_index *x, uint64_t blocks)
{
	uint64_t want = blocks + blocks / 2 + 16;
	uint8_t *room = want < GONE ? kmalloc(want) : NULL;

	if (!room)
		return false;
	memset(room, ROOM_MAX, want);
	memcpy(room, x->room, x->blocks);
	kfree(x->room);
	x->room = room;
	x->blocks = (uint32_t)want;
	return true;
}

/* false: no memory. */
static bool add(struct ext2_index *x, const char *name, size_t len, uint64_t block)
{
	if (block >= x->blocks && !room_resize(x, block))
		return false;
	if (x->taken >= x->slots / 4 * 3 && !resize(x))
		return false;
	put(x, hash_of(name, len), (uint32_t)block);
	return true;
}

static struct ext2_index *index_of(const struct ext2_inode *e)
{
	return atomic_load_explicit(&e->index, memory_order_acquire); /* pairs with make */
}

static void destroy(struct ext2_index *x)
{
	kfree(x->table);
	kfree(x->room);
	kfree(x);
}

void ext2_index_drop(struct ext2_inode *e)
{
	struct ext2_index *x = index_of(e);

	atomic_store_explicit(&e->index, NULL, memory_order_relaxed);
	if (x)
		destroy(x);
}

/* 0; -ENOMEM: it is too large; or an error. */
static int fill(struct ext2_index *x, struct inode *dir)
{
	struct ext2_cursor c = { .dir = dir };
	struct ext2_dirent *d;
	int err = resize(x) ? 0 : -ENOMEM;

	while (!err && c.pos < mapping_size(&dir->mapping)) {
		err = ext2_cursor_entry(&c, &d);
		if (err)
			break;
		if (d->ino && d->name_len && !add(x, d->name, d->name_len, c.pos >> ext2_of(dir)->block_shift))
			err = -ENOMEM;
		c.pos += d->rec_len;
	}
	ext2_cursor_put(&c);
	return err;
}

static int make(struct inode *dir)
{
	struct ext2_inode *e = ext2_inode(dir);
	struct ext2_index *x = kzalloc(sizeof(*x));
	int err = x ? fill(x, dir) : -ENOMEM;

	if (!err) {
		/* release: it is whole; pairs with index_of */
		atomic_store_explicit(&e->index, x, memory_order_release);
		return 0;
	}
	if (x)
		destroy(x);
	if (err != -ENOMEM)
		return err;
	atomic_store_explicit(&e->unindexed, true, memory_order_relaxed);
	return 0;
}

int ext2_index_make(struct inode *dir)
{
	struct ext2_inode *e = ext2_inode(dir);
	int err = 0;

	if (index_of(e) || mapping_size(&dir->mapping) <= SMALL || atomic_load_explicit(&e->unindexed, memory_order_relaxed))
		return 0;
	mutex_lock(&e->tree);
	if (!index_of(e))
		err = make(dir);
	mutex_unlock(&e->tree);
	return err;
}

void ext2_index_add(struct inode *dir, const char *name, size_t len, uint64_t block)
{
	struct ext2_inode *e = ext2_inode(dir);
	struct ext2_index *x = index_of(e);

	if (!x || add(x, name, len, block))
		return;
	ext2_index_drop(e);
	atomic_store_explicit(&e->unindexed, true, memory_order_relaxed);
}

/* The slot, from *i slots behind the hash's on, that has this hash: its number, or EMPTY. */
static uint32_t next_slot(const struct ext2_index *x, uint32_t hash, uint32_t *i)
{
	while (*i < x->slots) {
		uint32_t slot = (hash + (*i)++) & (x->slots - 1);

		if (x->table[slot].block == EMPTY)
			return EMPTY;
		if (x->table[slot].hash == hash && x->table[slot].block != GONE)
			return slot;
	}
	return EMPTY;
}

void ext2_index_remove(struct inode *dir, const char *name, size_t len, uint64_t block)
{
	struct ext2_index *x = index_of(ext2_inode(dir));
	uint32_t i = 0, slot;

	if (!x)
		return;
	if (block < x->blocks)
		x->room[block] = ROOM_MAX;
	while ((slot = next_slot(x, hash_of(name, len), &i)) != EMPTY)
		if (x->table[slot].block == block) {
			x->table[slot].block = GONE;
			x->live--;
			return;
		}
}

bool ext2_index_next(const struct ext2_inode *e, const char *name, size_t len, uint32_t *i, uint64_t *block)
{
	const struct ext2_index *x = index_of(e);
	uint32_t slot = next_slot(x, hash_of(name, len), i);

	if (slot != EMPTY)
		*block = x->table[slot].block;
	return slot != EMPTY;
}

void ext2_index_room(const struct ext2_inode *e, unsigned need, uint64_t *block)
{
	const struct ext2_index *x = index_of(e);

	while (x && *block < x->blocks && x->room[*block] < need / 4)
		++*block;
}

void ext2_index_no_room(struct ext2_inode *e, uint64_t block, unsigned need)
{
	struct ext2_index *x = index_of(e);

	if (x && block < x->blocks && x->room[block] >= need / 4)
		x->room[block] = (uint8_t)(need / 4 - 1);
}

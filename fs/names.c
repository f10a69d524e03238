/* SPDX-License-Identifier: MIT */
/*
 * One slot for each hash value: a newer name takes the place of an older one. An entry never changes once it is in its slot, and is freed
 * by RCU, so looking takes no lock. Names that are not there are remembered too.
 */
#include "fs/names.h"

#include "kernel/slab.h"
#include "lib/bits.h"
#include "lib/prng.h"
#include "lib/string.h"

#define SLOTS 2048u

/* (C) constant */
struct known_name {
	struct rcu_head rcu;
	const struct super *super; /* (C) */
	uint64_t dir, ino;	   /* (C) */
	size_t len;		   /* (C) */
	char text[];		   /* (C) */
};

static _Atomic(struct known_name *) slots[SLOTS];

static _Atomic(struct known_name *) *slot_of(const struct inode *dir, const char *name, size_t len)
{
	uint64_t hash = prng_mix(dir->ino + len), word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word))
		hash = prng_mix(hash ^ load_le64(name));
	while (len)
		word = word << 8 | (unsigned char)name[--len];
	return &slots[prng_mix(hash ^ word) % SLOTS];
}

bool name_known(const struct inode *dir, const char *name, size_t len, uint64_t *ino)
{
	_Atomic(struct known_name *) *slot = slot_of(dir, name, len);
	struct known_name *n;
	bool known;

	rcu_read_lock();
	n = rcu_load(slot); /* pairs with name_note */
	known = n && n->super == dir->super && n->dir == dir->ino && n->len == len && !memcmp(n->text, name, len);
	if (known)
		*ino = n->ino;
	rcu_read_unlock();
	return known;
}

static void name_free(struct rcu_head *head)
{
	kfree(container_of(head, struct known_name, rcu));
}

void name_note(const struct inode *dir, const char *name, size_t len, uint64_t ino)
{
	struct known_name *n = kmalloc(sizeof(*n) + len), *old;

	if (!n)
		return;
	*n = (struct known_name){ .super = dir->super, .dir = dir->ino, .ino = ino, .len = len };
	memcpy(n->text, name, len);
	/* release: the entry is whole; pairs with name_known. acquire: nothing, the old one goes to RCU */
	old = atomic_exchange_explicit(slot_of(dir, name, len), n, memory_order_acq_rel);
	if (old)
		rcu_call(&old->rcu, name_free);
}

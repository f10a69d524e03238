/* SPDX-License-Identifier: MIT */
/*
 * One slot for each hash value: a newer name takes the place of an older one. An entry never changes once it is in its slot, and is freed
 * by RCU, so looking takes no lock. Names that are not there are remembered too.
 *
 * 1. An entry is put into its slot by who holds the directory's `names`: shared, what a look-up found; exclusively, what a change has made
 *    of it. So at any moment an entry in its slot says what the directory has, but for the time between a change on the disk and the
 *    note that follows it under the same lock: until then it says what was, and nobody can tell that the change came first.
 * 2. A change of more than one name (rename) forgets them before and notes them after. Who looks meanwhile finds nothing, and waits
 *    for the lock. So nobody sees one of the names changed and the other not.
 * 3. The directory is known by its inode's serial, which no other inode ever has: what is left of a directory that is gone is never found.
 * 4. The inode is known by its number. Whoever has got the inode of that number looks at the slot again. If it still holds the same entry
 *    (the read section keeps its memory from coming back as another), the name was the inode's when we took our reference. Its number is
 *    used for another file only when the inode is evicted without names, after the name was noted as gone: we would find another
 *    entry then.
 * 5. A note that finds no memory still empties the slot: what was there may be what has changed.
 */
#include "fs/names.h"

#include "kernel/slab.h"
#include "lib/bits.h"
#include "lib/prng.h"
#include "lib/string.h"

#define SLOTS 8192u

/* (C) constant */
struct known_name {
	struct rcu_head rcu;
	uint64_t dir, ino;	   /* serial, number		(C) */
	size_t len;		   /* (C) */
	char text[];		   /* (C) */
};

static _Atomic(struct known_name *) slots[SLOTS];

static _Atomic(struct known_name *) *slot_of(const struct inode *dir, const char *name, size_t len)
{
	uint64_t hash = prng_mix(dir->serial + len), word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word))
		hash = prng_mix(hash ^ load_le64(name));
	while (len)
		word = word << 8 | (unsigned char)name[--len];
	return &slots[prng_mix(hash ^ word) % SLOTS];
}

static bool is(const struct known_name *n, const struct inode *dir, const char *name, size_t len)
{
	return n && n->dir == dir->serial && n->len == len && !memcmp(n->text, name, len);
}

bool name_find(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	_Atomic(struct known_name *) *slot = slot_of(dir, name, len);
	struct known_name *n;
	bool known;

	*out = NULL;
	rcu_read_lock();
	n = rcu_load(slot); /* pairs with replace */
	known = is(n, dir, name, len);
	if (known && n->ino) {
		*out = inode_find(dir->super, n->ino);
		known = *out && rcu_load(slot) == n; /* point 4; pairs with replace */
	}
	rcu_read_unlock();
	if (!known && *out) {
		inode_put(*out);
		*out = NULL;
	}
	return known;
}

static void name_free(struct rcu_head *head)
{
	kfree(container_of(head, struct known_name, rcu));
}

static void replace(_Atomic(struct known_name *) *slot, struct known_name *n)
{
	/* release: the entry is whole; pairs with name_find. acquire: nothing, the old one goes to RCU */
	struct known_name *old = atomic_exchange_explicit(slot, n, memory_order_acq_rel);

	if (old)
		rcu_call(&old->rcu, name_free);
}

void name_note(const struct inode *dir, const char *name, size_t len, uint64_t ino)
{
	struct known_name *n = kmalloc(sizeof(*n) + len);

	if (n) {
		*n = (struct known_name){ .dir = dir->serial, .ino = ino, .len = len };
		memcpy(n->text, name, len);
	}
	replace(slot_of(dir, name, len), n);
}

unsigned name_shrink(unsigned n)
{
	static unsigned next; /* the reclaiming thread's */
	unsigned gone = 0;

	for (unsigned looks = SLOTS; looks && gone < n; looks--, next = (next + 1) % SLOTS) {
		if (!atomic_load_explicit(&slots[next], memory_order_relaxed))
			continue;
		replace(&slots[next], NULL);
		gone++;
	}
	return gone;
}

void name_forget(const struct inode *dir, const char *name, size_t len)
{
	_Atomic(struct known_name *) *slot = slot_of(dir, name, len);

	if (atomic_load_explicit(slot, memory_order_relaxed))
		replace(slot, NULL);
}

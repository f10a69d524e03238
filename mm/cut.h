/* SPDX-License-Identifier: MIT */
/*
 * One change of an address space: the VMAs that overlap a range leave the tree (`old`), what remains of them beyond the range, and
 * what takes their place inside it, enters (`new`). Everything is made first and published once, so a change happens as a whole or
 * not at all. All with mm->lock held for writing.
 */
#ifndef MM_CUT_H
#define MM_CUT_H

#include "mm/mm.h"

/* Its maker's own, on the stack. */
struct cut {
	struct mm *mm;
	struct bonsai_update update;
	struct vma *old, *new; /* through vma->chain */
	unsigned nr_old, nr_new;
	unsigned most;	      /* VMAs there may be afterwards */
	uint64_t pages, data; /* what mm->mapped and mm->data grow by, modulo 2^64 */
};

void cut_begin(struct cut *c, struct mm *mm);

/* Takes [start, end) out; what lies beside it stays. 0 or -ENOMEM. */
int cut_out(struct cut *c, uintptr_t start, uintptr_t end);

/* A part of `like` becomes a VMA of its own, where nothing is. NULL: no memory. */
struct vma *cut_add(struct cut *c, const struct vma *like, uintptr_t start, uintptr_t end);

/* like's range becomes one VMA of its kind, together with neighbours that are alike. It is the first of c->new. 0 or -ENOMEM. */
int cut_in(struct cut *c, const struct vma *like);

/* May a and b, which meet at the border, be one VMA? Either may be NULL: no. */
bool cut_may_join(const struct vma *a, const struct vma *b, uintptr_t border);

/* Steps a to c of mm/vma.c, or nothing at all: 0, `err`, or -ENOMEM if there would be too many. After 0 nothing can fail. */
int cut_publish(struct cut *c, int err);

/* The old VMAs' entries are gone or the new ones': they are freed. Sleeps. */
void cut_end(struct cut *c);

#endif

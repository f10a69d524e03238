/* SPDX-License-Identifier: MIT */
/*
 * What mm knows of a file: a mapping (its cached pages) and the operations behind it. fs/ implements these; a block device
 * has a mapping too, whose pages are its blocks.
 */
#ifndef MM_BACKING_H
#define MM_BACKING_H

#include "kernel/mutex.h"
#include "lib/radix.h"
#include "mm/page.h"
#include "mm/verdict.h"

struct mapping;

/*			locks held on entry	sleeps	*/
struct backing_ops {
	/*
	 * Starts reading pages[0..n), of ascending index but not always adjacent. Each is in the cache, READING, locked, its
	 * lock given to the I/O. Every one gets page_read_done, with an error or without, from any context, before or after
	 * this returns; the page may be gone the moment that has been called.
	 * locks: none		sleeps: yes (metadata)
	 */
	void (*read_pages)(struct mapping *m, struct page **pages, unsigned n);

	/*
	 * A reference on the file, so that the mapping stays. get fails when the last one is already gone (RCU read section;
	 * the mapping's memory is freed by RCU). put may evict the file.
	 * locks: get any, put none	sleeps: get no, put yes
	 */
	bool (*get)(struct mapping *m);
	void (*put)(struct mapping *m);

	/* A name for people (maps, the watchdog), always terminated. locks: any	sleeps: no */
	void (*name)(struct mapping *m, char *buf, size_t size);

	bool writable;	     /* files of this kind may be written */
	bool volatile_pages; /* a page is the only copy of its data: never taken back while the file lives */
};

/* (M) lock; (R) RCU to read, (M) to write; (A) atomic; (B) mappers_lock; (C) constant */
struct mapping {
	const struct backing_ops *ops;	/*					(C)	*/
	struct spinlock lock;		/* taken with interrupts off: I/O completion removes failed pages */
	struct radix pages;		/* index -> struct page *		(R)	*/
	_Atomic uint64_t size;		/* bytes; lowered before pages are removed	(A)	*/
	_Atomic uint64_t nr_pages;	/*					(A)	*/
	struct mutex mappers_lock;	/* rmap					*/
	struct list mappers;		/* struct vma.mapper			(B)	*/
	_Atomic uint64_t ra_next;	/* read-ahead: index after the last window	(A)	*/
	_Atomic uint32_t ra_size;	/* read-ahead: pages in the last window		(A)	*/
	_Atomic uint64_t futex_id;	/* kernel/futex.h; 0: none yet			(A)	*/
};

void mapping_init(struct mapping *m, const struct backing_ops *ops, uint64_t size);

/* Drops every page. Nobody maps or reads the file any more. Sleeps. */
void mapping_evict(struct mapping *m);

static inline uint64_t mapping_size(const struct mapping *m)
{
	return atomic_load_explicit(&m->size, memory_order_relaxed);
}

static inline pgoff_t mapping_end(const struct mapping *m) /* first index wholly beyond end of file */
{
	return (mapping_size(m) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

#endif

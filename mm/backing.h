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
#include "mm/readahead.h"
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
	 * Bytes of one page are to be written, and may need blocks: what the file system would have to wait for is waited for now, when no page is
	 * locked. Until write_end, which follows if this returns 0, the thread may reserve. 0, or -EINTR (killed). NULL, both: there is nothing to
	 * wait for.
	 * locks: m->write_lock; write_end perhaps a page more	sleeps: yes; write_end no
	 */
	int (*write_begin)(struct mapping *m);
	void (*write_end)(struct mapping *m);

	/*
	 * Blocks for every byte of [pos, pos + len), which lies in one page. 0; -ENOSPC, -EIO, -EDQUOT, -EFBIG, -ENOMEM: none has been added.
	 * New blocks may hold anything: the page is in the cache, complete or locked until it is, and mm makes it dirty whatever happens
	 * next. The range may lie beyond the end of the file, which is raised later, or never: then `trim` is called.
	 * NULL: pages need no blocks.
	 * locks: m->write_lock, perhaps one page of this mapping; between write_begin and write_end	sleeps: yes
	 */
	int (*reserve)(struct mapping *m, uint64_t pos, size_t len);

	/* Blocks may have been reserved beyond the end of the file, and are not needed: they go. May be NULL.
	 * locks: m->write_lock	sleeps: yes */
	void (*trim)(struct mapping *m);

	/*
	 * Starts writing pages[0..n), n <= WRITE_PAGES_MAX, of ascending index but not always adjacent. Each has PG_WRITEBACK, is not
	 * locked, stays in the cache, and holds zeroes behind the end of the file. Bytes without a block are a hole's zeroes: not written.
	 * Every page gets page_write_done, with 0, -EIO, -ENOSPC or -ENOMEM, from any context, before or after this returns.
	 * NULL: the pages are the only copy there is, or are never written.
	 * locks: none, or those of whoever wants to see a file on the disk (m->write_lock, JOURNAL): so it takes none that they hold
	 * sleeps: yes
	 */
	void (*write_pages)(struct mapping *m, struct page **pages, unsigned n);

	/* The pages of [start, end) bytes have been written: the rest that reading them again after a power cut needs (data_only), or that
	 * fsync promises. 0 or -errno. May be NULL. For msync. locks: none	sleeps: yes */
	int (*sync)(struct mapping *m, uint64_t start, uint64_t end, bool data_only);

	/*
	 * A reference on the file, so that the mapping stays. get fails when the last one is already gone (RCU read section;
	 * the mapping's memory is freed by RCU). put may evict the file.
	 * locks: get any, put none	sleeps: get no, put yes
	 */
	bool (*get)(struct mapping *m);
	void (*put)(struct mapping *m);

	/* A reference on an open file of this kind, as which something is mapped. It keeps the file too. locks: as get and put */
	void (*via_get)(void *via);
	void (*via_put)(void *via);

	/* What the open file remembers of reads; it stays in a read section in which the open file was found. NULL: nothing. locks: any */
	struct readahead *(*via_readahead)(void *via);

	/* A name for people (maps, the watchdog), always terminated. locks: any	sleeps: no */
	void (*name)(struct mapping *m, char *buf, size_t size);

	bool writable;	     /* files of this kind may be written */
	bool volatile_pages; /* a page is the only copy of its data: never taken back while the file lives */
};

#define WRITE_PAGES_MAX 64 /* in one call of write_pages */

/*
 * write_lock: whoever changes the size of the file, its blocks, or its bytes other than through a mapping holds it. It is the file system's (an
 * inode's lock); a file system sets it after mapping_init. NULL: nobody writes but through page_mark_dirty.
 *
 * (M) lock; (R) RCU to read, (M) to write; (A) atomic; (B) mappers_lock; (C) constant; (W) write_lock; (D) dirty list lock
 */
struct mapping {
	const struct backing_ops *ops;	/*					(C)	*/
	struct spinlock lock;		/* taken with interrupts off: I/O completion removes failed pages */
	struct radix pages;		/* index -> struct page *		(R)	*/
	struct mutex *write_lock;	/* see above				(C)	*/
	_Atomic uint64_t size;		/* bytes; lowered before pages are removed, raised after they are there	(W)	*/
	_Atomic uint64_t nr_pages;	/*					(A)	*/
	struct mutex mappers_lock;	/* rmap					*/
	struct list mappers;		/* struct vma.mapper			(B)	*/
	struct readahead ra;		/* of reads without an open file		(A)	*/
	_Atomic uint64_t futex_id;	/* kernel/futex.h; 0: none yet			(A)	*/
	struct rwsem invalidate;	/* shared: whoever adds pages to read them; exclusive: whoever takes blocks away	*/
	_Atomic uint64_t fault_time;	/* clock_wall_coarse_ns of a fault that let somebody store since mtime was set; 0: none (A) */
	_Atomic bool may_store;		/* some mapping could, or could have, stored behind the end; never cleared	(A)	*/
	_Atomic uint32_t error_seq;	/* errors of write-back: mm/writeback.h		(A)	*/
	struct flusher *flusher;	/* its device's; NULL: nothing is written. Set after mapping_init	(C)	*/
	bool listed;			/* on the flusher's list of dirty mappings	(M)	*/
	bool keeps_file;		/* and holds a reference on the file for that	(M)	*/
	bool unlinked;			/* its dirty pages do not keep the file		(M)	*/
	struct list dirty;		/* the flusher's mappings with dirty pages	(D)	*/
	bool visit;			/* a sync has yet to come to it			(D)	*/
};

void mapping_init(struct mapping *m, const struct backing_ops *ops, uint64_t size);

/* Drops every page. Nobody maps or reads the file any more. Sleeps. */
void mapping_evict(struct mapping *m);

static inline uint64_t mapping_size(const struct mapping *m)
{
	/* acquire: the bytes below it are there; pairs with the release in mm/write.c */
	return atomic_load_explicit(&m->size, memory_order_acquire);
}

static inline pgoff_t mapping_end(const struct mapping *m) /* first index wholly beyond end of file */
{
	return (mapping_size(m) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

#endif

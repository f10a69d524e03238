/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and their VMAs.
 *
 * A VMA never changes once readers can find it, but for `state`. Whoever wants another range, protection or offset makes a new VMA and
 * replaces the old one in the tree, which readers walk under RCU (lib/bonsai.h). So a fault needs no lock on it: it looks at
 * `state` once more under the page-table lock, just before it installs. The argument is at the head of mm/vma.c.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "kernel/mutex.h"
#include "lib/bonsai.h"
#include "mm/backing.h"

enum vma_flags {
	VMA_READ = 1,
	VMA_WRITE = 2,
	VMA_EXEC = 4,
	VMA_SHARED = 8,
	VMA_MAYWRITE = 16, /* mprotect may add write: private, or the file was opened for writing */
	VMA_STACK = 32,
	VMA_HEAP = 64,
};

enum vma_state {
	VMA_LIVE,   /* faults may install */
	VMA_LOCKED, /* its address space is working on it: a fault waits for mm->lock and looks again */
	VMA_DEAD,   /* replaced or removed: a fault looks again */
};

/* (C) constant once published, (A) atomic, (B) mapping->mappers_lock, (K) mm->lock for writing */
struct vma {
	uintptr_t start, end;	   /* page aligned		(C) */
	unsigned flags;		   /* enum vma_flags		(C) */
	_Atomic unsigned state;	   /* enum vma_state		(A) */
	struct mapping *mapping;   /* its file, referenced; NULL: anonymous	(C) */
	pgoff_t pgoff;		   /* index of `start` in the file	(C) */
	struct mm *mm;		   /*				(C) */
	struct list mapper;	   /* mapping->mappers		(B) */
	struct vma *chain;	   /* next in a changer's list	(K) */
	struct rcu_head rcu;
};

/* (L) mm->lock to write, RCU to read; (K) mm->lock; (A) atomic; (C) constant */
struct mm {
	struct arch_mm arch;
	struct rwsem lock;	     /* the address-space lock						*/
	struct bonsai vmas;	     /*								(L)	*/
	struct spinlock table_lock;  /* page tables come and go under it: see mm/pt.c			*/
	_Atomic unsigned users;	     /*								(A)	*/
	_Atomic uint64_t futex_id;   /* kernel/futex.h; 0: none yet				(A)	*/
	_Atomic int64_t rss;	     /* pages mapped						(A)	*/
	uint64_t mapped;	     /* pages of address space					(K)	*/
	unsigned nr_vmas;	     /*								(K)	*/
	uintptr_t brk_start, brk;    /* heap							(K)	*/
	uintptr_t mmap_top;	     /* mappings grow down from here				(C)	*/
	uintptr_t stack_top;	     /*								(C)	*/
	uintptr_t arg_start, arg_end, env_start, env_end; /* for /proc			(K)	*/
};

#define MM_MAX_VMAS 65530 /* Linux's vm.max_map_count */

struct mm *mm_create(void);	      /* empty; NULL: no memory */
struct mm *mm_fork(struct mm *from);  /* copy on write; NULL: no memory, from unchanged. Sleeps */
void mm_get(struct mm *mm);
void mm_put(struct mm *mm);	      /* the last one unmaps everything. Sleeps */

/* One request to map. Bits as in vma_flags; mapping's reference is taken by the call, the caller keeps its own. */
struct map_request {
	uintptr_t addr;	 /* hint, or the place if fixed */
	size_t len;	 /* bytes, > 0; rounded up to pages */
	unsigned flags;	 /* VMA_* */
	bool fixed;	 /* exactly there, replacing what is there */
	bool noreplace;	 /* with fixed: -EEXIST if something is there */
	struct mapping *mapping;
	pgoff_t pgoff;
};

/* All take mm->lock themselves and sleep. addresses: returned as long, negative errno otherwise. */
long mm_map(struct mm *mm, const struct map_request *r);
int mm_unmap(struct mm *mm, uintptr_t addr, size_t len);
int mm_protect(struct mm *mm, uintptr_t addr, size_t len, unsigned prot);
long mm_brk(struct mm *mm, uintptr_t brk); /* the new break, or the old one if it could not be moved */

/* Faults every page of the range in, as if read (or written, where writing is allowed). -EFAULT, -ENOMEM, -EINTR. */
int mm_populate(struct mm *mm, uintptr_t addr, size_t len);

/* Faults the pages of [addr, addr + len) in for this access (enum fault_access): 0, -EFAULT, -ENOMEM, -EINTR. */
int mm_fault_in(struct mm *mm, uintptr_t addr, size_t len, unsigned access);

/* MADV_DONTNEED: anonymous pages of the range are gone, private copies of file pages too. -EINVAL, -ENOMEM (holes; the rest is done). */
int mm_discard(struct mm *mm, uintptr_t addr, size_t len);

/* For /proc and debuggers: calls fn for each VMA in order, holding mm->lock for reading. */
void mm_for_each_vma(struct mm *mm, void (*fn)(const struct vma *vma, void *arg), void *arg);

#endif

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
	VMA_GROWSDOWN = 32, /* a fault below it makes it larger: mm/heap.c */
	VMA_MLOCK = 64,     /* mlock: its pages stay */
	VMA_ONFAULT = 128,  /* with MLOCK: they come by faults, nobody fetches them */
	VMA_NORESERVE = 256,
	VMA_ACCOUNT = 512,  /* was private and writable once, so its pages count as promised memory */
	VMA_DONTFORK = 1024,   /* a child has nothing there */
	VMA_WIPEONFORK = 2048, /* a child finds zeroes there */
	VMA_SEQUENTIAL = 4096, VMA_RANDOM = 8192, VMA_DONTDUMP = 16384, /* advice: kept, so that unlike neighbours do not join */
};

#define VMA_PROT (VMA_READ | VMA_WRITE | VMA_EXEC)

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
	void *via;		   /* the open file it came through, referenced; or NULL	(C) */
	pgoff_t pgoff;		   /* index of `start` in the file; anonymous: page number of the place it was touched at first	(C) */
	_Atomic bool touched;	   /* an anonymous page was mapped through it	(A) */
	struct mm *mm;		   /*				(C) */
	struct list mapper;	   /* mapping->mappers		(B) */
	struct vma *chain;	   /* next in a changer's list	(K) */
	struct rcu_head rcu;
};

/* What an address space may grow to: set by whoever keeps the resource limits, infinite at first. */
enum mm_limit { MM_LIMIT_SPACE, MM_LIMIT_DATA, MM_LIMIT_STACK, MM_LIMIT_LOCKED, MM_LIMITS };

/* (L) mm->lock to write, RCU to read; (K) mm->lock; (A) atomic; (C) constant */
struct mm {
	struct arch_mm arch;
	struct rwsem lock;	     /* the address-space lock						*/
	struct bonsai vmas;	     /*								(L)	*/
	struct spinlock table_lock;  /* page tables come and go under it: see mm/pt.c			*/
	_Atomic unsigned users;	     /*								(A)	*/
	_Atomic uint64_t futex_id;   /* kernel/futex.h; 0: none yet				(A)	*/
	_Atomic int64_t rss;	     /* pages mapped						(A)	*/
	_Atomic uint64_t tables;     /* page tables but the top one				(A)	*/
	_Atomic unsigned flushing;   /* who have taken entries away and not flushed yet: mm/rmap.c	(A)	*/
	uint64_t mapped;	     /* pages of address space					(K)	*/
	uint64_t data;		     /* of these, private, writable and no stack		(K)	*/
	unsigned add_flags;	     /* every new VMA gets these: mlockall			(K)	*/
	_Atomic uint64_t limit[MM_LIMITS]; /* bytes						(A)	*/
	unsigned nr_vmas;	     /*								(K)	*/
	uintptr_t brk_start, brk;    /* heap							(K)	*/
	uintptr_t mmap_top;	     /* mappings grow down from here				(C)	*/
	uintptr_t stack_top;	     /*								(C)	*/
	uintptr_t arg_start, arg_end, env_start, env_end; /* for /proc			(K)	*/
};

#define MM_MAX_VMAS 65530 /* Linux's vm.max_map_count */
#define MM_STACK_GAP (256 * PAGE_SIZE) /* below what grows down nothing else comes closer; Linux's stack_guard_gap */

struct mm *mm_create(void);	      /* empty; NULL: no memory */
struct mm *mm_fork(struct mm *from);  /* copy on write; NULL: no memory, from unchanged. Sleeps */
void mm_get(struct mm *mm);
void mm_put(struct mm *mm);	      /* the last one unmaps everything. Sleeps */

/* One request to map. Bits as in vma_flags; references of mapping and via are taken by the call, the caller keeps its own. */
struct map_request {
	uintptr_t addr;	 /* hint, or the place if fixed */
	size_t len;	 /* bytes, > 0; rounded up to pages */
	unsigned flags;	 /* VMA_* */
	bool fixed;	 /* exactly there, replacing what is there */
	bool noreplace;	 /* with fixed: -EEXIST if something is there */
	struct mapping *mapping;
	void *via;	 /* the open file, for mapping->ops->via_get; or NULL */
	pgoff_t pgoff;
};

/* All take mm->lock themselves and sleep. addresses: returned as long, negative errno otherwise. */
long mm_map(struct mm *mm, const struct map_request *r);
int mm_unmap(struct mm *mm, uintptr_t addr, size_t len);

/* Of [start, start + len) what shows m, with m's first page at start. 0 or -ENOMEM. */
struct mapping;
int mm_unmap_mapping(struct mm *mm, uintptr_t start, size_t len, const struct mapping *m);
int mm_protect(struct mm *mm, uintptr_t addr, size_t len, unsigned prot, bool grows_down); /* grows_down: from the VMA's start on */
long mm_brk(struct mm *mm, uintptr_t brk); /* the new break, or the old one if it could not be moved */

/* A fault below everything mapped there: a VMA that grows down now reaches it. 0, or -errno: it is an access to nothing. */
int mm_grow_stack(struct mm *mm, uintptr_t addr);

enum remap_flags { REMAP_MAYMOVE = 1, REMAP_FIXED = 2, REMAP_DONTUNMAP = 4 };

/* The caller's own: mremap, with Linux's errors. to: only with REMAP_FIXED. */
struct remap_request {
	uintptr_t from;
	size_t old_len, new_len;
	unsigned flags; /* enum remap_flags */
	uintptr_t to;
};
long mm_remap(struct mm *mm, const struct remap_request *r);

bool mm_mapped(struct mm *mm, uintptr_t addr); /* anything there? Perhaps not any more */

/* Every VMA in the range loses `clear` and gains `set`. -ENOMEM: a hole, where it stops, or more than may be locked. */
int mm_lock(struct mm *mm, uintptr_t addr, size_t len, unsigned clear, unsigned set);

/* mlockall: the same for all VMAs, and what new ones get. -ENOMEM: more than may be locked. */
int mm_lock_all(struct mm *mm, unsigned clear, unsigned set, unsigned add_flags);

/* Faults every page of the range in, as if read (or written, where writing is allowed). -EFAULT, -ENOMEM, -EINTR. */
int mm_populate(struct mm *mm, uintptr_t addr, size_t len);

/* The same for whatever is mapped there, as far as it can be had. */
void mm_populate_all(struct mm *mm, uintptr_t addr, size_t len);

/* Faults the pages of [addr, addr + len) in for this access (enum fault_access): 0, -EFAULT, -ENOMEM, -EINTR. */
int mm_fault_in(struct mm *mm, uintptr_t addr, size_t len, unsigned access);

/* The same for madvise: -EINVAL where the VMA does not allow it, -ENOMEM where there is none. */
int mm_populate_for(struct mm *mm, uintptr_t addr, size_t len, unsigned access);

/*
 * Advice on a range. Holes are reported (-ENOMEM) and the rest is done; any other error ends it.
 * discard: anonymous pages of the range are gone, private copies of file pages too; -EINVAL on locked memory unless `locked`, and
 *	where there is a file if `anonymous`.
 * advise: flags change as for mm_lock; -EINVAL where there is a file if `anonymous`.
 * usable: nothing, but -EINVAL on locked memory.
 * willneed: reading of file pages begins.
 */
int mm_discard(struct mm *mm, uintptr_t addr, size_t len);
int mm_discard_as(struct mm *mm, uintptr_t addr, size_t len, bool locked, bool anonymous);
int mm_advise(struct mm *mm, uintptr_t addr, size_t len, unsigned clear, unsigned set, bool anonymous);
int mm_usable(struct mm *mm, uintptr_t addr, size_t len);
int mm_willneed(struct mm *mm, uintptr_t addr, size_t len);

/* mincore: vec[i] is 1 if the i-th page would be found without reading anything. -ENOMEM: a hole. */
int mm_resident(struct mm *mm, uintptr_t addr, size_t pages, unsigned char *vec);

/* The file behind addr, up to where its VMA ends (*end): referenced through via or, without one, mapping->ops. NULL: none there; *end is
 * where the next VMA begins. The caller's own. */
struct mm_file {
	struct mapping *mapping;
	void *via;
	unsigned flags; /* of the VMA */
	pgoff_t index; /* of addr in it */
	uintptr_t end;
	bool hole; /* nothing is mapped at addr: end is where something is again, or USER_TOP */
};
void mm_file_at(struct mm *mm, uintptr_t addr, struct mm_file *out);
void mm_file_put(struct mm_file *f);

/* For /proc and debuggers: calls fn for each VMA in order, holding mm->lock for reading. */
void mm_for_each_vma(struct mm *mm, void (*fn)(const struct vma *vma, void *arg), void *arg);

#endif

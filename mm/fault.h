/* SPDX-License-Identifier: MIT */
/* One page fault. The steps, their order and the retry loop are in mm/fault.c. */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "arch/upcall.h"
#include "kernel/stats.h"
#include "mm/mm.h"
#include "mm/verdict.h"

enum holds {
	HOLDS_NOTHING = 0,
	HOLDS_RCU = 1, /* an RCU read section, f->at.vma valid in it */
};

/* The faulting thread's own, on its stack. */
struct fault {
	/* the question: constant */
	struct mm *mm;
	uintptr_t address; /* page aligned */
	unsigned access;   /* enum fault_access */

	/* the attempt. What it holds, let go by fault_release; and what it knows, set anew by the steps in their order */
	struct {
		unsigned holds;	     /* enum holds */
		struct page *source; /* the page found: cached, or mapped by `old`. Referenced */
		struct page *copy;   /* a fresh anonymous page to map instead. Referenced */
		struct page *locked; /* policy faultlock: the page found, to be unlocked */

		struct vma *vma; /* valid in the RCU section */
		pte_t *slot;	 /* leaf entry; its table is valid in the RCU section */
		pte_t old;	 /* what it held when we looked */
		enum stat made;	 /* what install will have done */
	} at;

	/* the bill */
	unsigned rounds;
	bool waited; /* for a device: a major fault */
	bool owned;  /* policy faultlock: has waited for the page's lock */
};

static inline bool fault_is_write(const struct fault *f)
{
	return f->access & FAULT_WRITE;
}

static inline pgoff_t fault_index(const struct fault *f)
{
	return f->at.vma->pgoff + ((f->address - f->at.vma->start) >> PAGE_SHIFT);
}

/* Ends the attempt: whatever it holds is let go. Any number of times. Returns v, for the step to return. */
enum verdict fault_release(struct fault *f, enum verdict v);

/* Memory ran out inside the read section: makes room outside it. RETRY, or OOM. */
enum verdict fault_wait_memory(struct fault *f);

/* What follows from the result of a wait for a page, or of reading it. */
enum verdict fault_read_verdict(int err);

/* `page`, found at `index` of the VMA's file, is READING or FROZEN: waits until it is not, holding nothing. RETRY, BUS, OOM or KILLED. */
enum verdict fault_wait_page(struct fault *f, struct page *page, pgoff_t index);

/* A store to the page found, which is under write-back: waits, holding nothing, until that is over. RETRY or KILLED. */
enum verdict fault_wait_written(struct fault *f);

/* The steps. Each is entered holding what the table in fault.c says. */
enum verdict fault_find_vma(struct fault *f);	 /* mm/vma.c */
enum verdict fault_find_slot(struct fault *f);	 /* mm/pt.c */
enum verdict fault_map_around(struct fault *f);	 /* mm/around.c */
enum verdict fault_find_page(struct fault *f);	 /* mm/find_page.c */
enum verdict fault_prepare(struct fault *f);	 /* mm/prepare.c */
enum verdict fault_install(struct fault *f);	 /* mm/fault.c */

/* Resolves one fault of `mm`. Thread context, preemption on, may sleep. Never RETRY or NEXT. */
enum verdict fault_handle(struct mm *mm, uintptr_t address, unsigned access);

#endif

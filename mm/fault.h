/* SPDX-License-Identifier: MIT */
/* One page fault. The steps, their order and the retry loop are in mm/fault.c. */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "arch/upcall.h"
#include "mm/mm.h"
#include "mm/verdict.h"

enum holds {
	HOLDS_NOTHING = 0,
	HOLDS_RCU = 1, /* an RCU read section, f->at.vma valid in it */
};

struct fault {
	/* the question: constant */
	struct mm *mm;
	uintptr_t address; /* page aligned */
	unsigned access;   /* enum fault_access */

	/* the attempt: reset by fault_release */
	struct {
		unsigned holds;	    /* enum holds */
		struct vma *vma;
		pte_t *slot;	    /* leaf entry; valid in the RCU section */
		pte_t old;	    /* what it held when we looked */
		pte_t entry;	    /* what install shall store */
		struct page *page;  /* what it shall map; NULL: the zero page. Referenced (page_ref) */
		bool page_ref;
	} at;

	/* the bill */
	unsigned rounds;
	bool waited;	   /* a device was waited for: a major fault */
};

/* Resolves one fault of `mm`. Thread context, preemption on, may sleep. Never RETRY or NEXT. */
enum verdict fault_handle(struct mm *mm, uintptr_t address, unsigned access);

#endif

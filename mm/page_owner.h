/* SPDX-License-Identifier: MIT */
/*
 * What a page lock knows of its owner, and what a waiter for a page says of it. The first in debug builds only: a table beside page_map, which
 * no struct page pays for. Who reads it without the lock (the watchdog, /proc) may see an entry that is just changing.
 */
#ifndef MM_PAGE_OWNER_H
#define MM_PAGE_OWNER_H

#include "mm/page.h"

/* (P) page lock to write, anybody looks; (A) atomic */
struct page_owner {
	struct site site;	/* where it was taken, or given to the I/O	(P) */
	unsigned tid;		/* who took it; 0: it is not locked		(P) */
	bool io;		/* given to the I/O, whose completion unlocks	(P) */
	_Atomic uint32_t takes; /* how often it has been taken			(A) */
};

/* So much of frame_init's table is a frame's: its struct page, and in debug builds its owner. */
#define PAGE_RECORD (sizeof(struct page) + (DEBUG ? sizeof(struct page_owner) : 0))

extern struct page_owner *page_owners;

static inline struct page_owner *page_owner_of(const struct page *page)
{
	return &page_owners[page - page_map];
}

void page_owner_took(struct page *page);
void page_owner_gave_to_io(struct page *page);
void page_owner_let_go(struct page *page);

/* The lock is ours; it goes to the I/O; it is about to be unlocked by whoever has it. What the validator is told too, and nothing in
 * release builds. */
static inline void page_note_acquire(struct page *page, bool trylock)
{
	lock_note_acquire(LOCK_PAGE, page, trylock);
	if (DEBUG)
		page_owner_took(page);
}

/* A fresh page, locked for the I/O that will fill it. */
static inline void page_note_born_for_io(struct page *page)
{
	if (DEBUG)
		page_owner_gave_to_io(page);
}

static inline void page_note_give_to_io(struct page *page)
{
	if (DEBUG)
		page_owner_gave_to_io(page);
	lock_note_release(LOCK_PAGE, page);
}

static inline void page_note_release(struct page *page)
{
	if (DEBUG)
		page_owner_let_go(page);
	lock_note_release(LOCK_PAGE, page);
}

static inline void page_note_release_io(struct page *page)
{
	if (DEBUG)
		page_owner_let_go(page);
}

/* For wait_why of those who wait for the lock, for a page that is READING or FROZEN, for its write-back. Any context, no locks. */
enum wait_on page_wait_on_lock(const void *page);
enum wait_on page_wait_on_state(const void *page);
enum wait_on page_wait_on_write(const void *page);
uint32_t page_takes(const void *page);
bool page_io_site(const void *page, struct site *site);

/* 'bits=LOCKED,DIRTY state=READY file="name" index=3 owner=7'. RCU read section. */
void page_describe(const void *page, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Groups of tasks that share what they may ask of disks: requests and bytes a second, of all disks together. A thread is in one or in none.
 *
 * Charged is who submits a request: reads, and the writes of fsync and its kin. What a thread of the kernel writes later on their behalf is
 * nobody's. Who has to wait sleeps in block_submit, as cgroup I/O control has it, with whatever may be held there: pages that are being read
 * or written, an inode, but never an address space.
 */
#ifndef DRIVERS_IOGROUP_H
#define DRIVERS_IOGROUP_H

#include "drivers/throttle.h"
#include "kernel/thread.h"

/* (G) the lock of all groups */
struct io_group {
	struct throttle iops, bandwidth; /*						(G) */
	uint64_t requests, bytes;	 /* what its threads have asked for		(G) */
	uint64_t waits, waited_ns;	 /* how often they slept for it, and how long they were told to	(G) */
	unsigned threads;		 /*						(G) */
	unsigned changes;		 /* of its limits				(G) */
	bool closed;			 /* nobody joins any more			(G) */
};

enum io_limit { IO_LIMIT_IOPS, IO_LIMIT_BANDWIDTH };

/* 0: no bound. Any context, all of these; locks up to SIGNAL may be held. */
void io_group_limit(struct io_group *g, enum io_limit which, uint64_t per_second);
struct io_group io_group_look(struct io_group *g); /* as it is now */

/* The thread leaves its group for this one (NULL: for none). Its memory is the caller's concern. 0, or -ENODEV: it is closed. */
int io_group_join(struct thread *t, struct io_group *g);

/* t, which nobody else knows yet, is in the caller's group. */
void io_group_inherit(struct thread *t);

/* No thread is in it, nor will be. false: some are. */
bool io_group_close(struct io_group *g);

/* The caller is about to submit a request for that many bytes. Sleeps; a fatal signal ends that, and so do another limit and another group. */
void io_group_charge(uint64_t bytes);

#endif

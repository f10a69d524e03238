/* SPDX-License-Identifier: MIT */
/*
 * The RAM block device, which is also the instrument of many experiments: how long a request takes, how many the device serves at a time, which
 * fail, which it holds back until it is told, and when the power goes. The settings and their values are in drivers/ramblk_set.c.
 */
#ifndef DRIVERS_RAMBLK_H
#define DRIVERS_RAMBLK_H

#include "arch/arch.h"

/* A disk of `len` bytes (cut to whole sectors) at these frames, which nobody else uses. 0 or -ENOMEM. Boot time. */
int ramblk_add(const char *name, phys_t start, uint64_t len);

/* The name of disk `n`, in order of ramblk_add; NULL: there are fewer. Any context. */
const char *ramblk_name(unsigned n);

/* The names of the settings, the same for every disk; NULL at the end. */
const char *ramblk_setting(unsigned i);

/* Or can it only be looked at? */
bool ramblk_can_set(unsigned setting);

/* 0; -EINVAL: no such value, and `why` says what would be right. Thread context. */
int ramblk_set(unsigned disk, unsigned setting, const char *value, char *why, size_t size);

/* The value in force as text, cut to size. */
void ramblk_show(unsigned disk, unsigned setting, char *buf, size_t size);

/* Which request has been under way for longest, as text; nothing if there is none. Any context; waits for no lock. */
void ramblk_oldest(char *buf, size_t size);

/*
 * The power goes after `writes` more completed write requests, of all disks together: nothing is written any more, and gone() is called once, in
 * the completing interrupt. With `torn` the first of the requests then under way has moved half of its sectors.
 */
void ramblk_cut_after(uint64_t writes, bool torn, void (*gone)(void));

/* The power goes now. Any context. */
void ramblk_cut(void);

#endif

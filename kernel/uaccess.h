/* SPDX-License-Identifier: MIT */
/*
 * User memory. Law 4: a copy may fault and sleep, so it asserts that no inode, page or address-space lock is held, unless
 * faults are disabled, when it ends short instead.
 */
#ifndef KERNEL_UACCESS_H
#define KERNEL_UACCESS_H

#include "kernel/thread.h"

static inline bool user_range_ok(uintptr_t p, size_t n)
{
	return n <= USER_TOP && p <= USER_TOP - n;
}

/* 0 or -EFAULT; part may have been copied. */
int copy_from_user(void *to, uintptr_t from, size_t n);
int copy_to_user(uintptr_t to, const void *from, size_t n);
int clear_user(uintptr_t to, size_t n);

/* Bytes not copied, counted from the first that could not be. */
size_t copy_from_user_part(void *to, uintptr_t from, size_t n);
size_t copy_to_user_part(uintptr_t to, const void *from, size_t n);

/*
 * An aligned word, in one piece and without a fault: from any context, with any lock held. 0 or -EFAULT: it is not there right now, or not
 * readable (writable), and nothing has happened. cmpxchg: *seen is what it was; it has been changed if that is `expected`.
 */
int user_load32(uintptr_t from, uint32_t *v);
int user_cmpxchg32(uintptr_t to, uint32_t expected, uint32_t desired, uint32_t *seen);

/* Length without the NUL, -EFAULT, or -ENAMETOOLONG if there is none in `size` bytes. */
long strncpy_from_user(char *to, uintptr_t from, size_t size);

static inline void fault_disable(void)
{
	current->nofault++;
}

static inline void fault_enable(void)
{
	current->nofault--;
}

#endif

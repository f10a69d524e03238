/* SPDX-License-Identifier: MIT */
/* Threads and their local storage. */
#ifndef THREADS_H
#define THREADS_H

#include <stddef.h>

/* Bytes for one thread's local storage. */
size_t tls_size(void);

/* Fills a block of that size, aligned to 64 bytes; what the thread pointer must be then. */
void *tls_make(void *block);

/* The calling thread shall have its own errno and so on, in its local storage; the first thread uses newlib's. */
void tls_own_state(void);

/*
 * clone(2) with a child that calls run(arg) on this stack, with this thread pointer, and exits. The child's tid, or a negative
 * errno; the kernel clears *alive when the child has ended.
 */
long thread_clone(void *stack_top, void *tls, int *alive, void (*run)(void *), void *arg);

#endif

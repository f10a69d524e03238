/* SPDX-License-Identifier: MIT */
/* Frames are linked by the frame pointer: *fp is the caller's fp, the word above it the return address. Same on x86-64 and arm64. */
#define _GNU_SOURCE
#include "cpu.h"
#include <pthread.h>

void host_stack_note(struct arch_thread *t)
{
	pthread_attr_t attr;
	void *stack;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &stack, &t->stack_size);
	pthread_attr_destroy(&attr);
	t->stack = stack;
}

unsigned arch_backtrace(uintptr_t fp, uintptr_t *pcs, unsigned max)
{
	const struct arch_thread *t = thread_arch(host_cpu->thread);
	uintptr_t low = (uintptr_t)t->stack, high = low + t->stack_size;
	unsigned n = 0;

	while (n < max && fp % 8 == 0 && fp >= low && fp + 16 <= high) {
		const uintptr_t *frame = (const uintptr_t *)fp;

		if (!frame[1])
			break;
		pcs[n++] = frame[1];
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

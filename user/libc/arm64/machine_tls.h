/* SPDX-License-Identifier: MIT */
/* Where arm64 keeps thread-local variables: two words above the thread pointer, TPIDR_EL0 (ELF TLS variant I). */
#ifndef MACHINE_TLS_H
#define MACHINE_TLS_H

#include <stddef.h>

/* From the block's start to the thread pointer; room: the variables' size, rounded up. */
static inline size_t machine_tls_pointer(size_t room)
{
	(void)room;
	return 0;
}

/* From the thread pointer to the variables. */
static inline ptrdiff_t machine_tls_data(size_t size, size_t align)
{
	(void)size;
	return (ptrdiff_t)(align > 16 ? align : 16);
}

static inline void machine_tls_set(void *pointer)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(pointer) : "memory");
}

#endif

/* SPDX-License-Identifier: MIT */
/* Where x86_64 keeps thread-local variables: right below the thread pointer, FS base (ELF TLS variant II). */
#ifndef MACHINE_TLS_H
#define MACHINE_TLS_H

#include <stddef.h>

#include "raw.h"
#include "sysno.h"

#define ARCH_SET_FS 0x1002

/* From the block's start to the thread pointer; room: the variables' size, rounded up. */
static inline size_t machine_tls_pointer(size_t room)
{
	return room;
}

/* From the thread pointer to the variables. */
static inline ptrdiff_t machine_tls_data(size_t size, size_t align)
{
	return -(ptrdiff_t)((size + align - 1) / align * align);
}

static inline void machine_tls_set(void *pointer)
{
	raw(SYS_arch_prctl, ARCH_SET_FS, (long)pointer, 0, 0, 0, 0);
}

#endif

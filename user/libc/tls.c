/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage of a static program (Drepper, ELF Handling For Thread-Local Storage, 3.4). x86_64 (variant II): the variables end
 * at the thread pointer, where a word holds its own address. arm64 (variant I): they begin two words behind it.
 */
#include <elf.h>
#include <reent.h>
#include <stdint.h>
#include <string.h>

#include "machine_tls.h"
#include "threads.h"

#define TLS_ALIGN 64

extern const Elf64_Ehdr __ehdr_start; /* the linker's: the program's own ELF header, which its first segment contains */

static const Elf64_Phdr *tls_segment(void)
{
	const Elf64_Phdr *ph = (const void *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);

	for (unsigned i = 0; i < __ehdr_start.e_phnum; i++)
		if (ph[i].p_type == PT_TLS)
			return ph + i;
	return NULL;
}

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

size_t tls_size(void)
{
	const Elf64_Phdr *ph = tls_segment();

	return TLS_ALIGN + (ph ? round_up(ph->p_memsz, TLS_ALIGN) : 0);
}

void *tls_make(void *block)
{
	const Elf64_Phdr *ph = tls_segment();
	char *pointer = (char *)block + machine_tls_pointer(ph ? round_up(ph->p_memsz, TLS_ALIGN) : 0);

	memset(block, 0, tls_size());
	*(void **)pointer = pointer;
	if (ph)
		memcpy(pointer + machine_tls_data(ph->p_memsz, ph->p_align), (const void *)ph->p_vaddr, ph->p_filesz);
	return pointer;
}

/* newlib's state of a thread: errno, strtok's place, and so on. NULL: newlib's own, for the first thread. */
static _Thread_local struct _reent *mine;
static _Thread_local struct _reent own;

void tls_own_state(void)
{
	_REENT_INIT_PTR(&own);
	mine = &own;
}

struct _reent *__getreent(void)
{
	return mine ? mine : _GLOBAL_REENT;
}

/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own symbols, for backtraces. tools/ksyms makes the tables from the linked image; they are linked in again behind
 * everything else (linker.ld). The first link has empty ones.
 */
#ifndef KERNEL_KSYMS_H
#define KERNEL_KSYMS_H

#include <stdint.h>

extern const char _text[], _etext[];

extern const uint32_t ksym_count;
extern const uint32_t ksym_offs[]; /* address - _text, ascending */
extern const uint32_t ksym_name[]; /* where the name begins in ksym_strtab */
extern const char ksym_strtab[];   /* names, each with its NUL */

/* The function that pc lies in, and how far; NULL: not known. Any context. */
const char *ksym_find(uintptr_t pc, uint32_t *offset);

/* One line each, "  ADDRESS FUNCTION+OFFSET", through log_line: of a chain of frames. Any context. */
void ksym_log_backtrace(uintptr_t fp);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Programs: from a path to registers in user mode. exec.c is the order of things and the point of no return; elf.c judges the
 * file and maps it; exec_strings.c carries arguments from one address space to the next; exec_stack.c lays them out.
 */
#ifndef INIT_EXEC_H
#define INIT_EXEC_H

#include "init/elf.h"

#define STACK_SIZE (8ul << 20)	/* address space of the first stack: filled by faults */
#define STACK_GAP (1ul << 20)	/* below it nothing is mapped by exec */
#define STRINGS_MAX (2ul << 20) /* of all arguments and their pointers: a quarter of the stack, as Linux */
#define STRING_MAX (128ul << 10)/* of one argument */

/* Argument strings, one after the other with their NULs, in pages of kernel memory. */
struct strings {
	char *pages[STRINGS_MAX / PAGE_SIZE];
	size_t used;		/* bytes */
	unsigned argc, envc;	/* argv first, then envp, then the path */
};

struct strings *strings_new(void);
void strings_free(struct strings *s);

/* Appends one. 0, -E2BIG, -ENOMEM, -EFAULT. */
int strings_add(struct strings *s, const char *text);
int strings_add_user(struct strings *s, uintptr_t text);

/* The offset behind the string that starts at `offset`. */
size_t strings_next(const struct strings *s, size_t offset);

/* All of it to the current address space, at `to`. 0 or -EFAULT. */
int strings_copy_out(const struct strings *s, uintptr_t to);

/* Writes strings, auxiliary vector and pointers below `top` in the current address space. The stack pointer; 0: failed. */
uintptr_t stack_build(const struct strings *s, const struct image *image, uintptr_t top);

/* Replaces the current program. 0: *regs start the new one; otherwise the old one goes on. path is also in *s. */
int exec_program(const char *path, const struct strings *s, struct arch_regs *regs);

/* execve(2) */
long exec_user(struct arch_regs *regs, uintptr_t path, uintptr_t argv, uintptr_t envp);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Programs: from a path to registers in user mode. exec.c is the order of things and the point of no return; elf.c judges the
 * file and maps it; exec_strings.c carries arguments from one address space to the next; exec_stack.c lays them out; exec_script.c knows `#!`.
 */
#ifndef INIT_EXEC_H
#define INIT_EXEC_H

#include "init/elf.h"

#define STACK_SIZE (8ul << 20)	 /* RLIMIT_STACK at first: what faults may make of it */
#define STACK_START (33 * PAGE_SIZE) /* address space of the first stack, as on Linux */
#define STACK_ROOM_MIN (128ul << 20) /* mmap keeps away from the stack by what it may grow to, and at least this */
#define STRINGS_MAX (2ul << 20) /* of all arguments and their pointers: a quarter of the stack, as Linux */
#define STRING_MAX (128ul << 10)/* of one argument */

#define STRINGS_FRONT (2 * PAGE_SIZE) /* room before argv for what `#!` lines put there */

/* Argument strings, one after the other with their NULs, in pages of kernel memory. */
struct strings {
	char *pages[(STRINGS_FRONT + STRINGS_MAX) / PAGE_SIZE];
	size_t start, used;	/* the first byte, and the end */
	unsigned argc, envc;	/* argv first, then envp, then the path */
};

struct strings *strings_new(void);
void strings_free(struct strings *s);

/* Appends one. 0, -E2BIG, -ENOMEM, -EFAULT. */
int strings_add(struct strings *s, const char *text);
int strings_add_user(struct strings *s, uintptr_t text);

/* An argument before the others: 0, -E2BIG, -ENOMEM. And the first of them, taken away. */
int strings_add_front(struct strings *s, const char *text);
void strings_drop_front(struct strings *s);

/* The offset behind the string that starts at `offset`. */
size_t strings_next(const struct strings *s, size_t offset);

/* All of it to the current address space, at `to`. 0 or -EFAULT. */
int strings_copy_out(const struct strings *s, uintptr_t to);

/* Writes strings, auxiliary vector and pointers below `top` in the current address space. The stack pointer; 0: failed. */
uintptr_t stack_build(const struct strings *s, const struct image *image, uintptr_t top);

#define SCRIPT_PATH 256 /* of an interpreter */

/* A program by name. */
struct exec_name {
	int dir;	   /* where a relative path begins: a descriptor or AT_FDCWD */
	const char *path;  /* "": dir itself */
	const char *shown; /* what the program learns of it: AT_EXECFN, a script's name */
	bool nofollow;
};

/* Opens it for running: 0 or as execve fails. Sleeps. */
int program_open(const struct exec_name *name, struct file **file);

/* Follows `#!` lines from *file to a program, which takes its place; argv becomes the interpreter's. last: the path of the last
 * interpreter, or left alone. 0, -ELOOP, and as program_open. Sleeps. */
int script_follow(const struct exec_name *name, struct file **file, struct strings *s, char last[SCRIPT_PATH]);

/* Replaces the current program. 0: *regs start the new one; otherwise the old one goes on. name->shown is also in *s. */
int exec_program(const struct exec_name *name, struct strings *s, struct arch_regs *regs);

/* execve(2), execveat(2) */
long exec_user(struct arch_regs *regs, uintptr_t path, uintptr_t argv, uintptr_t envp);
long exec_user_at(struct arch_regs *regs);

#endif

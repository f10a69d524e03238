/* SPDX-License-Identifier: MIT */
/* Static ELF programs (System V ABI, chapters 4 and 5): judged before anything is changed, then mapped. */
#ifndef INIT_ELF_H
#define INIT_ELF_H

#include "mm/mm.h"

struct file;

#define IMAGE_SEGMENTS 24

/* One PT_LOAD. vaddr is where it will be: the bias is added. */
struct segment {
	uintptr_t vaddr;
	uint64_t offset, filesz, memsz;
	unsigned flags; /* VMA_READ, VMA_WRITE, VMA_EXEC */
};

struct image {
	const char *path; /* for messages */
	struct mapping *mapping;
	uintptr_t bias;	  /* 0, or where a position-independent program was put */
	uintptr_t entry;
	uintptr_t phdr;	  /* address of the program headers in user memory; 0: not mapped */
	unsigned phnum;
	bool stack_exec;
	unsigned nr;
	struct segment segments[IMAGE_SEGMENTS]; /* in the order of the file: later ones lie over earlier ones */
};

/* Reads and checks the headers through the page cache. 0, -ENOEXEC or -ENOENT (said why in the log), -ENOMEM, -EIO. Sleeps. */
int image_read(struct image *image, const char *path, struct mapping *mapping);

/* Maps every segment into mm, which need not be current, and sets the break behind the last. 0 or -errno. Sleeps. */
int image_map(const struct image *image, struct mm *mm);

/* Clears what the file put behind the end of initialised data, in the current address space: plain user writes. 0 or -EFAULT. */
int image_clear(const struct image *image);

#endif

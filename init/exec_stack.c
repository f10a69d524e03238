/* SPDX-License-Identifier: MIT */
/*
 * The stack a program starts on, from its top down:
 *
 *	8 zero bytes | path | envp strings | argv strings | platform | 16 random bytes |
 *	auxiliary vector | 0 | envp pointers | 0 | argv pointers | argc  <- stack pointer, 16-byte aligned
 */
#include "init/exec.h"

#include "init/cred.h"
#include "init/linux.h"
#include "init/random.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"

/* System V ABI; numbers as Linux has them. No AT_SYSINFO_EHDR: there is no vDSO. */
enum aux_type {
	AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9,
	AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16, AT_CLKTCK = 17,
	AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_EXECFN = 31, AT_MINSIGSTKSZ = 51
};

#define AUX_WORDS 40 /* two for each entry below */

struct layout {
	uintptr_t strings, platform, random, sp;
	size_t words;
};

static struct layout layout_plan(const struct strings *s, uintptr_t top)
{
	struct layout l;

	l.strings = top - sizeof(uint64_t) - (s->used - s->start);
	l.platform = l.strings - sizeof(ABI_MACHINE);
	l.random = l.platform - 16;
	l.words = 1 + s->argc + 1 + s->envc + 1 + AUX_WORDS;
	l.sp = align_down(l.random - l.words * sizeof(uint64_t), 16);
	return l;
}

static uint64_t *aux_put(uint64_t *w, const struct image *image, const struct layout *l, uintptr_t path)
{
	const struct arch_hwcap cpu = arch_hwcap();
	const struct cred me = cred_current();
	const uint64_t aux[AUX_WORDS] = {
		AT_PHDR, image->phdr, AT_PHENT, 56, AT_PHNUM, image->phdr ? image->phnum : 0,
		AT_PAGESZ, PAGE_SIZE, AT_BASE, 0, AT_FLAGS, 0, AT_ENTRY, image->entry,
		AT_UID, me.user.real, AT_EUID, me.user.effective, AT_GID, me.group.real, AT_EGID, me.group.effective,
		AT_SECURE, me.user.real != me.user.effective || me.group.real != me.group.effective,
		AT_PLATFORM, l->platform, AT_HWCAP, cpu.hwcap, AT_HWCAP2, cpu.hwcap2, AT_CLKTCK, 100,
		AT_RANDOM, l->random, AT_EXECFN, path, AT_MINSIGSTKSZ, cpu.signal_stack, AT_NULL, 0,
	};

	for (unsigned i = 0; i < AUX_WORDS; i++)
		*w++ = aux[i];
	return w;
}

static uint64_t *pointers_put(uint64_t *w, const struct strings *s, unsigned n, uintptr_t base, size_t *offset)
{
	while (n--) {
		*w++ = base + (*offset - s->start);
		*offset = strings_next(s, *offset);
	}
	*w++ = 0;
	return w;
}

static int words_copy_out(const struct strings *s, const struct image *image, const struct layout *l)
{
	uint64_t *words = kmalloc(l->words * sizeof(*words)), *w = words;
	struct mm *mm = current->mm;
	size_t offset = s->start;
	int err;

	if (!words)
		return -1;
	*w++ = s->argc;
	mm->arg_start = l->strings;
	w = pointers_put(w, s, s->argc, l->strings, &offset);
	mm->arg_end = mm->env_start = l->strings + (offset - s->start);
	w = pointers_put(w, s, s->envc, l->strings, &offset);
	mm->env_end = l->strings + (offset - s->start);
	w = aux_put(w, image, l, l->strings + (offset - s->start));
	assert(w == words + l->words);
	err = copy_to_user(l->sp, words, l->words * sizeof(*words));
	kfree(words);
	return err;
}

uintptr_t stack_build(const struct strings *s, const struct image *image, uintptr_t top)
{
	struct layout l = layout_plan(s, top);
	char random[16];

	random_bytes(random, sizeof(random));
	if (strings_copy_out(s, l.strings) || copy_to_user(l.platform, ABI_MACHINE, sizeof(ABI_MACHINE)) ||
	    copy_to_user(l.random, random, sizeof(random)) || words_copy_out(s, image, &l))
		return 0;
	return l.sp;
}

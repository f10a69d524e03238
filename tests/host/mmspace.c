/* SPDX-License-Identifier: MIT */
#include "tests/host/mmspace.h"

#include "kernel/uaccess.h"
#include "tests/host/tap.h"

void enter(struct mm *to)
{
	thread_set_space(current, NULL);
	current->mm = to;
	thread_set_space(current, to ? &to->arch : NULL);
}

long map_at(uintptr_t at, unsigned pages, unsigned flags, struct mapping *m, pgoff_t pgoff)
{
	struct map_request r = { .addr = at, .len = pages * PAGE_SIZE, .flags = flags | VMA_MAYWRITE, .fixed = true,
				 .mapping = m, .pgoff = pgoff };

	return mm_map(current->mm, &r);
}

uint32_t user_load(uintptr_t at)
{
	uint32_t v;

	check(!copy_from_user(&v, at, sizeof(v)));
	return v;
}

unsigned entries_present(struct mm *mm, uintptr_t at, unsigned pages)
{
	unsigned n = 0;

	rcu_read_lock();
	for (unsigned i = 0; i < pages; i++) {
		pte_t *slot = arch_pte_find(&mm->arch, at + i * PAGE_SIZE);

		n += slot && !arch_pte_none(arch_pte_read(slot));
	}
	rcu_read_unlock();
	return n;
}

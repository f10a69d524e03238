/* SPDX-License-Identifier: MIT */
/* What init/futex*.c share and nobody else needs. */
#ifndef INIT_FUTEX_IMPL_H
#define INIT_FUTEX_IMPL_H

#include "init/futex.h"
#include "init/linux.h"
#include "kernel/futex.h"

/* Which word: 0, -EINVAL, -EFAULT, -EINTR. As on Linux only a shared word need be there. */
int futex_at(uintptr_t word, bool private, struct futex *f);

/* After *err: shall it be done again? Faults the word in if that is what was missing. access: enum fault_access. */
bool futex_again(int *err, uintptr_t word, unsigned access);

struct two_words {
	uintptr_t from, to;
	bool private;
};

int futex_both_at(const struct two_words *two, struct futex_move *m);

/* Operations of futex(2) with an owner: init/futex_pi.c. */
long futex_lock_pi(uintptr_t word, bool private, bool try, uint64_t deadline);
long futex_unlock_pi(uintptr_t word, bool private);
long futex_wait_requeue_pi(const struct two_words *two, uint32_t value, uint64_t deadline);
long futex_cmp_requeue_pi(const struct two_words *two, uint32_t wake, uint32_t move, uint32_t value);

#endif

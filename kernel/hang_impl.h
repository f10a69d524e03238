/* SPDX-License-Identifier: MIT */
/* What kernel/hang.c, hang_show.c and watchdog.c share. */
#ifndef KERNEL_HANG_IMPL_H
#define KERNEL_HANG_IMPL_H

#include "kernel/hang.h"

#define HANG_HOLDERS 4

/* Its maker's; valid in the RCU read section. */
struct hang_holders {
	unsigned n;
	struct {
		struct thread *thread;
		struct site site; /* where it was taken, if that is known */
	} by[HANG_HOLDERS];
};

/* Who has what this sleeper waits for. */
void hang_holders(const struct hang_look *look, struct hang_holders *found);

/* How often others have taken what t waits for since the watchdog first saw it wait. */
static inline uint32_t hang_passed(const struct thread *t, const struct hang_look *look)
{
	if (!look->sleeps || !look->why.takes || t->hang.since != look->since)
		return 0;
	return look->why.takes(look->why.object) - t->hang.takes;
}

#endif

/* SPDX-License-Identifier: MIT */
/* A site is a place in the kernel, by the innermost return addresses of a stack, few enough to be noted at every lock of a debug build. */
#ifndef KERNEL_SITE_H
#define KERNEL_SITE_H

#include <stdint.h>

#define SITE_DEPTH 6
#define STACK_DEPTH 16

struct thread;

/* 0 behind the last. Its maker's, then constant. */
struct site {
	uintptr_t pc[SITE_DEPTH];
};

/* From the frame at fp outwards, as far as it lies on current's stack. Any context. */
void site_note(struct site *p, uintptr_t fp);

/* The same of a thread that sleeps: most return addresses of its stack; returns how many. If it wakes meanwhile they may be anything, but
 * nothing is touched that is no stack. RCU read section. */
unsigned site_of_sleeper(const struct thread *t, uintptr_t *pcs, unsigned most);

/* One line each, "  ADDRESS FUNCTION+OFFSET", through log_line. Any context. */
void site_log_pcs(const uintptr_t *pcs, unsigned n);
void site_log(const struct site *p);

/* "outer < inner < innermost" on one line: functions only. */
void site_line(const uintptr_t *pcs, unsigned n, char *buf, unsigned size);

#endif

/* SPDX-License-Identifier: MIT */
/* A run: from the root file system to the first program's end. */
#ifndef INIT_RUN_H
#define INIT_RUN_H

#include <stdint.h>

/* Starts the thread that mounts the root, opens the first descriptors and becomes the first program. */
void run_start(void);

/* The first program has ended with this status, as wait4 gives it: says so to the host and powers off. Sleeps. */
_Noreturn void run_ended(int status);

/* The power is cut (fl.cut): the host hears the status of a program that was killed, and nothing is written any more. Any context. */
_Noreturn void run_cut(void);

/* Called on the way to user mode, every time a task starts there; the first time counts. */
void run_user_entered(void);

uint64_t run_first_user_ns(void); /* clock_ns() at that moment; 0: not yet */

#endif

/* SPDX-License-Identifier: MIT */
/* The watchdog: tells who hangs, how, and because of whom. See the head of watchdog.c. */
#ifndef KERNEL_WATCHDOG_H
#define KERNEL_WATCHDOG_H

#include "kernel/thread.h"

struct arch_regs;

/* After so long a wait that should have an end is told; 0: never. Written by the policy, read at each look. */
extern _Atomic uint32_t watchdog_hung_us;

/* Begins to watch. Once, in thread context or at boot, when threads may start. */
void watchdog_start(void);

/* ARCH_IRQ_CALL, and the timer's part on its own CPU: has this CPU passed a point where it could have switched? Irq off. */
void watchdog_interrupt(void);

/* Nothing is running, so the watchdog rests, and its timer too. Somebody has been woken. Any context that may set a timer. */
extern _Atomic bool watchdog_rests;
void watchdog_wake(void);

#endif

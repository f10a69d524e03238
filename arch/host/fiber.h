/* SPDX-License-Identifier: MIT */
/* Stacks to switch between. */
#ifndef ARCH_HOST_FIBER_H
#define ARCH_HOST_FIBER_H

#include "cpu.h"

/* Goes on at `load`, which lies on to's stack; returns when something loads what this stored in *save. */
void fiber_switch(void **save, struct arch_thread *from, void *load, struct arch_thread *to);

/* switch.S */
void switch_stacks(void **save, void *load);

#endif

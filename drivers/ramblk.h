/* SPDX-License-Identifier: MIT */
/* The RAM block device. */
#ifndef DRIVERS_RAMBLK_H
#define DRIVERS_RAMBLK_H

#include "arch/arch.h"

/* A disk of `len` bytes (cut to whole sectors) at these frames, which nobody else uses. 0 or -ENOMEM. Boot time. */
int ramblk_add(const char *name, phys_t start, uint64_t len);

#endif

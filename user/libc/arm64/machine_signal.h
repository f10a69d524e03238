/* SPDX-License-Identifier: MIT */
/* A handler returns to what the kernel brings. */
#ifndef MACHINE_SIGNAL_H
#define MACHINE_SIGNAL_H

#define MACHINE_SA_FLAGS 0ul
#define MACHINE_RESTORER NULL

#endif

/* SPDX-License-Identifier: MIT */
/* A handler returns to what the program brings. */
#ifndef MACHINE_SIGNAL_H
#define MACHINE_SIGNAL_H

void signal_restorer(void); /* restorer.S */

#define MACHINE_SA_FLAGS 0x04000000ul
#define MACHINE_RESTORER signal_restorer

#endif

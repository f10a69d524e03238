/* SPDX-License-Identifier: MIT */
/* What a sender of signals knows of signalfd: whether there is any. */
#ifndef INIT_SIGNALFD_H
#define INIT_SIGNALFD_H

#include <stdatomic.h>

extern _Atomic unsigned signalfds_open;

void signalfd_wake(void); /* under the lock of the process that has the signal, which is pending */

#endif

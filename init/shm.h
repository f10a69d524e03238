/* SPDX-License-Identifier: MIT */
#ifndef INIT_SHM_H
#define INIT_SHM_H

/* A process has let go of its memory: segments of System V that were kept for it alone may go. Sleeps. */
void shm_detached(void);

#endif

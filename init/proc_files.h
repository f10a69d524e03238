/* SPDX-License-Identifier: MIT */
/* What init shows in /proc: processes, and what the floors below count and can be told. */
#ifndef INIT_PROC_FILES_H
#define INIT_PROC_FILES_H

/* Boot only; /proc is mounted. */
void proc_files_register(void);
void proc_fault_register(void); /* the part below /proc/fault and /proc/sys/fault */
void proc_ramblk_register(void); /* /proc/sys/ramblk */

#endif

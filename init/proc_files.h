/* SPDX-License-Identifier: MIT */
/* What init shows in /proc: processes, and the boot. */
#ifndef INIT_PROC_FILES_H
#define INIT_PROC_FILES_H

void proc_files_register(void); /* boot only */

#endif

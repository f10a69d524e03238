/* SPDX-License-Identifier: MIT */
/* What init shows in /proc: processes, the machine, and what the floors below count and can be told. */
#ifndef INIT_PROC_FILES_H
#define INIT_PROC_FILES_H

#include "fs/proc.h"

/* Boot only; /proc is mounted. */
void proc_files_register(void);
void proc_fault_register(void);	  /* the part below /proc/fault and /proc/sys/fault */
void proc_groups_register(void); /* /proc/groups */
void proc_ramblk_register(void);  /* /proc/sys/ramblk */
void proc_machine_register(void); /* meminfo, cpuinfo, stat, ... */
void proc_sys_register(void);	  /* /proc/sys as Linux has it */

/* Files of a process, for the table in init/proc_files.c. As proc_file.show and target. */
int proc_maps_show(const struct proc_id *id, struct text *t);
int proc_smaps_show(const struct proc_id *id, struct text *t);
int proc_stat_show(const struct proc_id *id, struct text *t);
int proc_statm_show(const struct proc_id *id, struct text *t);
int proc_status_show(const struct proc_id *id, struct text *t);
int proc_limits_show(const struct proc_id *id, struct text *t);
int proc_exe(const struct proc_id *id, struct inode **out, char *path, size_t size);
int proc_cwd(const struct proc_id *id, struct inode **out, char *path, size_t size);
int proc_root_link(const struct proc_id *id, struct inode **out, char *path, size_t size);
int proc_fd(const struct proc_id *id, struct inode **out, char *path, size_t size);
int proc_next_fd(unsigned pid, unsigned fd);

void proc_mounts_text(struct text *t); /* /proc/mounts and /proc/PID/mounts */

#endif

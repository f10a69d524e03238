/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line: words separated by blanks.
 *
 *	init=PATH			the first program (default /sbin/init)
 *	-- ARG...			the rest are its arguments, percent-encoded
 *	fl.env=NAME=VALUE		its environment, percent-encoded; any number
 *	fl.diskN=PHYS,LEN		a disk in RAM, N = 0..7; disk 0 holds the root file system
 *	fl.mount=N:/PATH		disk N is mounted there, an empty directory of the root file system
 *	fl.ramblk=DISK/SETTING=VALUE	of a disk, before anything is read from it: drivers/ramblk_set.c; percent-encoded; any number
 *	fl.stdin=console|none		where input comes from; none: it is at its end, and nothing of the host's timing gets in
 *	fl.tty=ROWS,COLUMNS,FDS		the console is a terminal of that size, and the first program's descriptors 0, 1 and, if FDS is 3, 2
 *	fl.console=framed|plain		how the UART carries several streams
 *	fl.mem=SIZE			manage no more memory than this
 *	fl.trace=1 fl.stats=1		trace from the start; print statistics at the end
 *	fl.cut=WHEN			the power goes: after N completed device writes (N), or at that guest time (Nms); ,torn behind it: in
 *					the middle of the next write
 *	fl.slice=NS[,SEED]		each CPU's timer comes after NS, give or take a random half of it, whoever runs: with --icount that is
 *					what makes CPUs take turns
 *	fl.time=SECONDS			the calendar at power-on, since 1970 (default 0: under --icount)
 *	POLICY=VALUE			see mm/policy.h
 *
 * A word that means nothing ends the boot with one line that says what would.
 */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include "arch/arch.h"

#define CMDLINE_DISKS 8
#define CMDLINE_ARGS 256
#define CMDLINE_SETTINGS 16

/* Written by cmdline_parse, constant afterwards. */
struct cmdline {
	const char *init;
	const char *argv[CMDLINE_ARGS + 2]; /* argv[0] is init; NULL at the end */
	const char *envp[CMDLINE_ARGS + 1];
	unsigned argc, envc;
	struct phys_range disks[CMDLINE_DISKS]; /* empty: none of this number */
	const char *mounts[CMDLINE_DISKS];	/* by disk; NULL: nowhere */
	const char *ramblk[CMDLINE_SETTINGS];	/* DISK/SETTING=VALUE */
	unsigned nr_ramblk;
	uint64_t mem;				/* UINT64_MAX: no bound */
	uint64_t time;
	uint64_t cut_writes, cut_ns;		/* UINT64_MAX: never */
	bool cut_torn;
	unsigned tty_rows, tty_columns, tty_fds; /* tty_fds 0: no terminal */
	bool trace, stats, no_input;
};

extern struct cmdline cmdline;

/* Sets console_framed before it says anything, then policies as it meets them. Panics on what it does not understand. */
void cmdline_parse(const struct boot_info *info);

#endif

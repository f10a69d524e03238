/* SPDX-License-Identifier: MIT */
/* The order in which a boot happens. Each comment says what is legal from there on. */
#include "arch/upcall.h"
#include "drivers/console.h"
#include "drivers/ramblk.h"
#include "init/cmdline.h"
#include "init/oom.h"
#include "init/process.h"
#include "init/run.h"
#include "init/terminal.h"
#include "kernel/frame.h"
#include "kernel/futex.h"
#include "kernel/hang.h"
#include "kernel/log.h"
#include "kernel/rcu.h"
#include "kernel/sched.h"
#include "kernel/trace.h"
#include "kernel/watchdog.h"
#include "lib/string.h"
#include "mm/page_owner.h"
#include "mm/policy.h"
#include "mm/pt.h"
#include "mm/reclaim.h"

#ifndef REVISION
#define REVISION "unknown"
#endif

/* " name=value" for every policy. */
static void policies_write(char *buf, size_t size)
{
	char value[32];

	buf[0] = '\0';
	for (unsigned i = 0; policy_name(i); i++) {
		policy_show(policy_name(i), value, sizeof(value));
		strlcat(buf, " ", size);
		strlcat(buf, policy_name(i), size);
		strlcat(buf, "=", size);
		strlcat(buf, value, size);
	}
}

/* The first line of every run: what is needed to tell it from another. */
static void banner(const struct boot_info *info)
{
	char policies[400];

	policies_write(policies, sizeof(policies));
	log_line("Faultline %s%s on %s (%s), %u CPU%s, %lu MiB;%s", REVISION, DEBUG ? " debug" : "", ARCH_NAME, info->loader,
		 info->cpus, info->cpus == 1 ? "" : "s", frame_total() * PAGE_SIZE >> 20, policies);
}

static void memory_init(const struct boot_info *info)
{
	struct phys_range disks[CMDLINE_DISKS];
	unsigned nr = 0;

	for (unsigned i = 0; i < CMDLINE_DISKS; i++)
		if (cmdline.disks[i].start != cmdline.disks[i].end)
			disks[nr++] = cmdline.disks[i];
	page_init(frame_init(info, disks, nr, cmdline.mem, PAGE_RECORD));
	pt_init();
}

/* A time slice on the command line is the scheduler's from the first thread on. */
static void slice_set(void)
{
	uint32_t us = policy_get(&policy.slice_us);

	if (us)
		sched_slice_ns = us * NSEC_PER_USEC;
}

void kernel_main(const struct boot_info *info)
{
	sched_init_cpu(0);		/* current: spinlocks, RCU readers */
	cmdline_parse(info);		/* the log in its final shape; policies */
	memory_init(info);		/* frames, slabs, pages, page tables */
	banner(info);			/* whatever has something to say */
	if (cmdline.trace && trace_enable(true))
		panic("too little memory for tracing");
	slice_set();
	clock_wall_start = cmdline.time * NSEC_PER_SEC;
	rcu_init();			/* threads; rcu_call, which one of them serves */
	hang_device = ramblk_oldest;
	watchdog_start();		/* nobody hangs unseen */
	cred_init_files();		/* whose files are whose */
	reclaim_start();		/* pages of files make room */
	process_init();			/* process_first */
	reclaim_set_killer(oom_kill_one); /* memory may run out */
	futex_init();			/* user threads that wait for each other */
	terminal_init();		/* whether the console is one, and its settings */
	console_input_init(cmdline.no_input); /* reading the console */
	run_start();			/* the first program's thread: it runs when this one idles */
	smp_start(info->cpus);		/* other CPUs, from a thread: nobody waits for them */
	sched_idle();			/* interrupts, sleeping, everything */
}

/* SPDX-License-Identifier: MIT */
#include "init/run.h"

#include "drivers/console.h"
#include "init/cmdline.h"
#include "init/exec.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/proc_files.h"
#include "init/root.h"
#include "init/where.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/time.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/check.h"

static _Atomic uint64_t first_user_ns; /* clock_ns() at the first entry to user mode; 0: not yet */

uint64_t run_first_user_ns(void)
{
	return atomic_load_explicit(&first_user_ns, memory_order_relaxed);
}

void run_user_entered(void)
{
	if (!atomic_load_explicit(&first_user_ns, memory_order_relaxed))
		atomic_store_explicit(&first_user_ns, clock_ns(), memory_order_relaxed);
}

/* ---- the end ---- */

static void put_trace(const char *line, size_t len)
{
	console_put(STREAM_TRACE, line, len);
}

static void result_line(const char *name, uint64_t value)
{
	char line[80];
	int len = snprintf(line, sizeof(line), "%s %lu\n", name, value);

	console_put(STREAM_RESULTS, line, (size_t)len);
}

static void results_put(void)
{
	result_line("first_user_ns", run_first_user_ns());
	result_line("end_ns", clock_ns());
	for (unsigned i = 0; i < STAT_COUNT; i++)
		result_line(stat_name((enum stat)i), stat_read((enum stat)i));
}

static void first_log(int status)
{
	unsigned sig = (unsigned)status & 0x7f;
	uint64_t us = run_first_user_ns() / NSEC_PER_USEC;

	log_line("power-on to first user instruction: %lu.%03lu ms", us / 1000, us % 1000);
	if (sig)
		log_line("%s ended by %s (%u)", cmdline.init, signal_name(sig), sig);
	else
		log_line("%s ended with status %d", cmdline.init, status >> 8);
}

void run_ended(int status)
{
	unsigned sig = (unsigned)status & 0x7f;
	char byte = (char)(sig ? 128 + sig : (unsigned)status >> 8 & 0xff), why[160];
	unsigned broken;

	first_log(status);
	if (DEBUG && (broken = mm_check(why, sizeof(why))))
		log_line("check: %u pages break a rule; %s", broken, why);
	vfs_unmount_all();
	if (trace_on())
		trace_dump(put_trace);
	if (cmdline.stats)
		results_put();
	console_put(STREAM_STATUS, &byte, 1);
	arch_poweroff(true);
}

void run_cut(void)
{
	const char killed = (char)(128 + SIGKILL);

	if (cmdline.stats)
		results_put();
	console_put(STREAM_STATUS, &killed, 1);
	arch_poweroff(true);
}

/* ---- the start ---- */

static const char *start_error(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no such file on the root file system (init=PATH on the command line names another), or no dynamic linker for it";
	case -EACCES:
		return "it is not an executable file";
	case -ENOEXEC:
		return "it is not a program this machine can run (see the line above)";
	case -ENOMEM:
		return "not enough memory";
	case -E2BIG:
		return "too many arguments";
	case -EIO:
		return "it could not be read";
	default:
		return "error";
	}
}

/* The interrupt key, in the console's interrupt: for everybody in the first program's process group. */
static void interrupt_key(void)
{
	signal_group(1, SIGINT);
}

/* Descriptors 0, 1, 2, and a place to be. */
static int files_first(struct process *p)
{
	struct file *files[3];

	p->where = where_new(vfs_root);
	p->files = files_new();
	if (!p->where || !p->files || console_open(cmdline.tty_fds == 2, files))
		return -ENOMEM;
	for (int fd = 0; fd < 3; fd++)
		fd_replace(fd, files[fd], false);
	return 0;
}

static int strings_of_cmdline(struct strings *s)
{
	int err = 0;

	for (unsigned i = 0; i < cmdline.argc && !err; i++)
		err = strings_add(s, cmdline.argv[i]);
	for (unsigned i = 0; i < cmdline.envc && !err; i++)
		err = strings_add(s, cmdline.envp[i]);
	s->argc = cmdline.argc;
	s->envc = cmdline.envc;
	return err ? err : strings_add(s, cmdline.init);
}

static int program_start(struct arch_regs *regs)
{
	const struct exec_name name = { .dir = AT_FDCWD, .path = cmdline.init, .shown = cmdline.init };
	struct strings *s = strings_new();
	int err = s ? strings_of_cmdline(s) : -ENOMEM;

	if (!err)
		err = exec_program(&name, s, regs);
	if (s)
		strings_free(s);
	return err;
}

static void run_first(void *arg)
{
	struct arch_regs regs;
	int err;

	(void)arg;
	root_mount();
	proc_files_register();
	err = process_first(cmdline.init);
	if (!err)
		err = files_first(process_current());
	console_on_interrupt(interrupt_key);
	if (!err)
		err = program_start(&regs);
	if (err)
		panic("cannot start %s: %s (%d)", cmdline.init, start_error(err), err);
	task_enter_user(&regs);
}

void run_start(void)
{
	struct thread *t = thread_create("init", run_first, NULL);

	if (!t)
		panic("no memory for the first thread");
	thread_start(t);
}

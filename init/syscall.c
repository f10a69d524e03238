/* SPDX-License-Identifier: MIT */
/*
 * From the trap to the call. Each call has a thunk that takes just its own arguments out of the user's registers and
 * goes on in sys_NAME; the table of thunks is indexed by Linux's number.
 */
#include "init/syscalls.h"

#include "arch/upcall.h"
#include "init/process.h"
#include "kernel/restart.h"
#include "kernel/stats.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sysno.h"

typedef long syscall_fn(struct arch_regs *regs);

#define ARG(n) arch_regs_arg(regs, n)
#define ARGS_0
#define ARGS_1 ARG(0)
#define ARGS_2 ARGS_1, ARG(1)
#define ARGS_3 ARGS_2, ARG(2)
#define ARGS_4 ARGS_3, ARG(3)
#define ARGS_5 ARGS_4, ARG(4)
#define ARGS_6 ARGS_5, ARG(5)
#define ARGS_R regs

#define X(name, args)                                                                              \
	static long call_##name(__attribute__((unused)) struct arch_regs *regs)                    \
	{                                                                                          \
		return sys_##name(ARGS_##args);                                                    \
	}
SYSCALLS(X)
#undef X

static syscall_fn *const calls[SYS_END] = {
#define X(name, args) [SYS_##name] = call_##name,
	SYSCALLS(X)
#undef X
};

static const char *const names[SYS_LIMIT] = {
#define X(number, name) [number] = #name,
	SYSCALL_NUMBERS(X)
#undef X
};

#define REPORTS 256

/* Calls already reported, by program and number: an open hash table that only grows. 0: free. */
static _Atomic uint64_t reported[REPORTS];

/* true: for the first time, and there was room to remember it. */
static bool report_first(const char *program, unsigned number)
{
	uint64_t key = (uint64_t)crc32(0, program, strlen(program)) << 32 | (number + 1ull);

	for (unsigned i = 0; i < REPORTS; i++) {
		uint64_t seen = 0;
		_Atomic uint64_t *slot = &reported[(key % REPORTS + i) % REPORTS];

		if (atomic_compare_exchange_strong_explicit(slot, &seen, key, memory_order_relaxed,
							    memory_order_relaxed))
			return true;
		if (seen == key)
			return false;
	}
	return false;
}

/* Not inlined, so that known calls save no register for it. */
static __attribute__((noinline)) long syscall_unknown(unsigned number)
{
	const char *name = number < SYS_LIMIT && names[number] ? names[number] : "no name";
	struct process *p = process_current();

	stat_inc(STAT_syscalls_unknown);
	if (report_first(p->path, number))
		log_line("PID %u %s: system call %u (%s) is not supported: ENOSYS", p->pid, p->path, number, name);
	return -ENOSYS;
}

void trap_syscall(struct arch_regs *regs)
{
	unsigned number = (unsigned)arch_regs_sysno(regs); /* Linux, too, looks at 32 bits */
	syscall_fn *call = number < SYS_LIMIT ? calls[number] : NULL;
	long ret = likely(call) ? call(regs) : syscall_unknown(number);

	/* rt_sigreturn gives back a register, whatever is in it */
	if (unlikely(ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK) && number != SYS_rt_sigreturn)
		ret = signal_interrupted(ret);
	arch_regs_set_ret(regs, ret);
}

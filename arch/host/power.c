/* SPDX-License-Identifier: MIT */
#include "cpu.h"
#include <stdio.h>
#include <unistd.h>

_Atomic bool host_stopped;

void arch_cpu_stop_others(void)
{
	atomic_store(&host_stopped, true);
}

/* Without atexit handlers: other pthreads may still run, on memory that is ours. */
_Noreturn void arch_poweroff(bool ok)
{
	fflush(NULL);
	_exit(ok ? 0 : 1);
}

_Noreturn void arch_reset(void)
{
	arch_poweroff(true);
}

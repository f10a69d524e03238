/* SPDX-License-Identifier: MIT */
/* The system counter is the clock, the virtual timer the timer (Arm ARM D12). Both start at zero with the machine and run at CNTFRQ_EL0. */
#include "cpu.h"

#define NS_PER_S 1000000000ull

uint64_t clock_mult;
static uint64_t tick_mult; /* ticks per nanosecond, 32.32 */

void clock_init(void)
{
	uint64_t hz = sysreg_read(cntfrq_el0);

	if (!hz)
		boot_fail("the firmware did not set CNTFRQ_EL0");
	clock_mult = (NS_PER_S << 32) / hz;
	tick_mult = (hz << 32) / NS_PER_S;
	sysreg_write(cntkctl_el1, 0); /* no counter for EL0: it has the system call */
}

void arch_timer_arm(uint64_t when)
{
	if (when == UINT64_MAX) {
		sysreg_write(cntv_ctl_el0, 0);
		return;
	}
	/* one tick more, so that by then the clock shows at least `when` */
	sysreg_write(cntv_cval_el0, (uint64_t)(((unsigned __int128)when * tick_mult) >> 32) + 1);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
}

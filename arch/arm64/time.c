/* SPDX-License-Identifier: MIT */
/*
 * The system counter is the clock, the virtual timer the timer (Arm ARM D12). Both start at zero with the machine and run
 * at CNTFRQ_EL0. Where that does not divide evenly, clock_mult is rounded down: the clock may then be slow by less than
 * one part in 2^32 * (1 GHz / frequency), and a deadline is counted from now on, so that no error grows with time.
 */
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
}

/* One tick more than it takes, so that by then the clock shows at least `when`. */
static uint64_t ticks_until(uint64_t when, uint64_t now)
{
	return when > now ? (uint64_t)(((unsigned __int128)(when - now) * tick_mult) >> 32) + 1 : 0;
}

void arch_timer_arm(uint64_t when)
{
	uint64_t ticks;

	if (when == UINT64_MAX) {
		sysreg_write(cntv_ctl_el0, 0);
		return;
	}
	ticks = counter_read();
	sysreg_write(cntv_cval_el0, ticks + ticks_until(when, counter_ns(ticks)));
	sysreg_write(cntv_ctl_el0, 1);
	isb();
}

/* SPDX-License-Identifier: MIT */
/*
 * The clock is the time-stamp counter, the timer the local APIC's. Neither says how fast it runs, so both are
 * measured at boot against a counter that does: HPET if there is one, else the ACPI timer, else the PIT.
 * The counter starts at zero with the machine and is the same on all CPUs (SDM vol. 3B 18.17; QEMU alike).
 */
#include "acpi.h"
#include "cpu.h"
#include "map.h"

#define NS_PER_S 1000000000ull
#define FS_PER_S 1000000000000000ull
#define TRIES 8 /* samples: the one least disturbed counts */

uint64_t clock_mult;
static uint64_t timer_mult; /* APIC timer ticks per nanosecond, 32.32 */

struct reference {
	uint64_t (*read)(void);
	uint64_t hz;
	uint64_t mask; /* width */
	uint64_t ticks; /* how long to measure: a thousand times what one reading may be off */
};

/* ---- HPET: IA-PC HPET Specification 1.0a, 2.3 ---- */

enum { HPET_PERIOD = 4, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0 };

static volatile uint8_t *hpet;

static uint32_t hpet_get(unsigned r)
{
	return *(volatile uint32_t *)(hpet + r);
}

static uint64_t hpet_read(void)
{
	return hpet_get(HPET_COUNTER);
}

static bool hpet_open(struct reference *ref)
{
	uint32_t period;

	if (!acpi_found.hpet)
		return false;
	hpet = kmap_device(acpi_found.hpet, PAGE_SIZE);
	period = hpet_get(HPET_PERIOD);
	if (period < 1000000 || period > 100000000) /* femtoseconds: 1 GHz to the slowest allowed */
		return false;
	*(volatile uint32_t *)(hpet + HPET_CONFIG) = hpet_get(HPET_CONFIG) | 1; /* run */
	*ref = (struct reference){hpet_read, FS_PER_S / period, UINT32_MAX, 0};
	ref->ticks = ref->hz / 5000; /* 200 us */
	return true;
}

/* ---- ACPI power management timer: ACPI 6.4, 4.8.3.3 ---- */

#define PM_TIMER_HZ 3579545

static uint64_t pm_timer_read(void)
{
	return port_in32(acpi_found.pm_timer);
}

static bool pm_timer_open(struct reference *ref)
{
	if (!acpi_found.pm_timer)
		return false;
	*ref = (struct reference){pm_timer_read, PM_TIMER_HZ, 0xffffff, PM_TIMER_HZ / 500};
	return true;
}

/* ---- 8254 PIT, channel 2, which runs free and raises no interrupt; it counts down ---- */

#define PIT_HZ 1193182
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2_RATE 0xb4 /* both bytes, mode 2 */
#define PIT_CHANNEL2_LATCH 0x80
#define PIT_GATE 0x61

static uint64_t pit_read(void)
{
	uint8_t low;

	port_out8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	low = port_in8(PIT_CHANNEL2);
	return 0xffff - (low | (uint64_t)port_in8(PIT_CHANNEL2) << 8);
}

static void pit_open(struct reference *ref)
{
	port_out8(PIT_GATE, (uint8_t)((port_in8(PIT_GATE) & ~2u) | 1)); /* gate on, speaker off */
	port_out8(PIT_COMMAND, PIT_CHANNEL2_RATE);
	port_out8(PIT_CHANNEL2, 0);
	port_out8(PIT_CHANNEL2, 0);
	*ref = (struct reference){pit_read, PIT_HZ, 0xffff, PIT_HZ / 200};
}

/* ---- measuring ---- */

struct sample {
	uint64_t tsc;
	uint64_t ref;
	uint32_t timer;
};

/* All three at one moment, as nearly as can be: of several tries the quickest, which no interrupt of the host has split. */
static struct sample sample_take(const struct reference *ref)
{
	struct sample best = {0};
	uint64_t quickest = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = tsc_read();
		uint64_t counter = ref->read();
		uint32_t timer = lapic_timer_left();
		uint64_t took = tsc_read() - before;

		if (took < quickest) {
			quickest = took;
			best = (struct sample){before + took / 2, counter, timer};
		}
	}
	return best;
}

/* a / b in 32.32 fixed point; a is below 2^32 times b. No 128-bit division: that would be a library call. */
static uint64_t ratio(uint64_t a, uint64_t b)
{
	uint64_t low, rest;

	__asm__("divq %4" : "=a"(low), "=d"(rest) : "a"(a << 32), "d"(a >> 32), "r"(b) : "cc");
	return low;
}

static void measure(const struct reference *ref)
{
	struct sample start, end;
	uint64_t ns;

	lapic_timer_set(UINT32_MAX);
	start = sample_take(ref);
	while (((ref->read() - start.ref) & ref->mask) < ref->ticks)
		arch_cpu_relax();
	end = sample_take(ref);
	lapic_timer_set(0);
	ns = ((end.ref - start.ref) & ref->mask) * NS_PER_S / ref->hz;
	clock_mult = ratio(ns, end.tsc - start.tsc);
	timer_mult = ratio(start.timer - end.timer, ns);
}

void clock_calibrate(void)
{
	struct reference ref;

	if (!hpet_open(&ref) && !pm_timer_open(&ref))
		pit_open(&ref);
	measure(&ref);
}

/* ---- the timer ---- */

/* At least one tick, at most what the counter holds. Rounded up, so that it does not come early. */
static uint32_t ticks_from(uint64_t ns)
{
	uint64_t ticks = ns ? (uint64_t)(((unsigned __int128)ns * timer_mult) >> 32) + 1 : 1;

	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

void arch_timer_arm(uint64_t when)
{
	uint64_t now = arch_clock_ns();

	cpu_self()->deadline = when;
	if (when == UINT64_MAX)
		lapic_timer_set(0);
	else
		lapic_timer_set(ticks_from(when > now ? when - now : 0));
}

/* A long wait is made of several, and timer_bound makes some of nothing: false, and the rest is armed. */
bool deadline_passed(void)
{
	uint64_t deadline = cpu_self()->deadline;

	if (arch_clock_ns() >= deadline)
		return true;
	arch_timer_arm(deadline);
	return false;
}

/*
 * Under -icount QEMU charges a CPU that starts after an INIT for all the time up to the machine's next timer
 * event, which can be tens of milliseconds. A near event of our own bounds it.
 */
void timer_bound(uint64_t ns)
{
	irqflags_t flags = arch_irq_save();
	uint64_t now = arch_clock_ns();

	if (cpu_self()->deadline > now + ns)
		lapic_timer_set(ticks_from(ns));
	arch_irq_restore(flags);
}

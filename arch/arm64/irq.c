/* SPDX-License-Identifier: MIT */
/*
 * GICv3 (IHI 0069), without security states or with the non-secure view: one group, all at one priority. Every interrupt is ended before it
 * is handled: handlers run with interrupts off, and the sources are level-triggered, so one that is still asserted comes again.
 */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "map.h"

enum { GICD_CTLR = 0x0, GICD_IGROUPR = 0x80, GICD_ISENABLER = 0x100, GICD_IPRIORITYR = 0x400, GICD_IROUTER = 0x6000 };
enum { GICR_CTLR = 0x0, GICR_TYPER = 0x8, GICR_WAKER = 0x14, GICR_FRAME = 0x20000, GICR_SGI = 0x10000 };

#define GICD_SIZE 0x10000
#define GICD_CTLR_RWP (1u << 31)
#define GICD_CTLR_ON 0x13 /* both groups' enables (one of them is ours in either view), affinity routing */
#define GICR_TYPER_LAST (1u << 4)
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_WAKER_SLEEP 0x2
#define GICR_WAKER_ASLEEP 0x4
#define GICR_CTLR_RWP 0x8

#define PRIORITY 0xa0
#define SPURIOUS 1020

enum { SGI_RESCHED, SGI_CALL, SGI_STOP, PPI_TIMER = 27 };

/* ICC_* system registers by encoding: assemblers without the GIC extension know no names */
#define ICC_PMR s3_0_c4_c6_0
#define ICC_IAR1 s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_BPR1 s3_0_c12_c12_3
#define ICC_CTLR s3_0_c12_c12_4
#define ICC_SRE s3_0_c12_c12_5
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SGI1R s3_0_c12_c11_5
#define reg_read(reg) sysreg_read(reg)
#define reg_write(reg, v) sysreg_write(reg, v)

static volatile uint8_t *dist;

static void wait_clear(volatile uint8_t *base, unsigned reg, uint32_t bits)
{
	while (mmio_read32(base, reg) & bits)
		arch_cpu_relax();
}

/* ---- redistributors ---- */

/* Affinity as GICR_TYPER has it (IHI 0069, 12.11.38): aff3.aff2.aff1.aff0 */
static uint32_t typer_affinity(uint64_t mpidr)
{
	return (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
}

static void redistributors_find(void)
{
	volatile uint8_t *base = kmap_device(machine.gic_redist, machine.gic_redist_size);
	volatile uint8_t *end = base + machine.gic_redist_size;
	uint32_t low = 0;

	for (; base < end && !(low & GICR_TYPER_LAST); base += low & GICR_TYPER_VLPIS ? 2 * GICR_FRAME : GICR_FRAME) {
		uint32_t affinity = mmio_read32(base, GICR_TYPER + 4);

		low = mmio_read32(base, GICR_TYPER);
		for (unsigned i = 0; i < cpu_count; i++)
			if (typer_affinity(cpu_locals[i].affinity) == affinity)
				cpu_locals[i].redist = base;
	}
}

static volatile uint8_t *redist_self(void)
{
	uint64_t affinity = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

	for (unsigned i = 0; i < cpu_count; i++)
		if (cpu_locals[i].affinity == affinity && cpu_locals[i].redist)
			return cpu_locals[i].redist;
	boot_fail("a CPU has no GIC redistributor");
}

void gic_init_self(void)
{
	volatile uint8_t *r = redist_self(), *sgi = r + GICR_SGI;

	mmio_write32(r, GICR_WAKER, mmio_read32(r, GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	wait_clear(r, GICR_WAKER, GICR_WAKER_ASLEEP);
	mmio_write32(sgi, GICD_IGROUPR, ~0u);
	for (unsigned i = 0; i < 32; i += 4)
		mmio_write32(sgi, GICD_IPRIORITYR + i, PRIORITY * 0x01010101u);
	mmio_write32(sgi, GICD_ISENABLER, 1u << SGI_RESCHED | 1u << SGI_CALL | 1u << SGI_STOP | 1u << PPI_TIMER);
	wait_clear(r, GICR_CTLR, GICR_CTLR_RWP);
	reg_write(ICC_SRE, reg_read(ICC_SRE) | 1);
	isb();
	reg_write(ICC_PMR, 0xff);
	reg_write(ICC_BPR1, 0);
	reg_write(ICC_CTLR, 0);
	reg_write(ICC_IGRPEN1, 1);
	isb();
}

void gic_init(void)
{
	dist = kmap_device(machine.gic_dist, GICD_SIZE);
	mmio_write32(dist, GICD_CTLR, GICD_CTLR_ON);
	wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP);
	redistributors_find();
	gic_init_self();
}

void gic_enable_spi(unsigned intid)
{
	uint64_t to = cpu_locals[0].affinity;
	uint32_t bit = 1u << intid % 32;
	unsigned word = intid / 32 * 4;

	mmio_write32(dist, GICD_IGROUPR + word, mmio_read32(dist, GICD_IGROUPR + word) | bit);
	dist[GICD_IPRIORITYR + intid] = PRIORITY;
	*(volatile uint64_t *)(dist + GICD_IROUTER + 8 * intid) = to;
	mmio_write32(dist, GICD_ISENABLER + word, bit);
}

/* ---- interrupts ---- */

static _Noreturn void stop_here(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #0xf; wfi");
}

static void dispatch(struct arch_regs *regs, unsigned intid)
{
	if (intid == PPI_TIMER) {
		trap_irq(regs, ARCH_IRQ_TIMER);
	} else if (intid == SGI_RESCHED) {
		trap_irq(regs, ARCH_IRQ_RESCHED);
	} else if (intid == SGI_CALL) {
		trap_irq(regs, ARCH_IRQ_CALL);
	} else if (intid == SGI_STOP) {
		stop_here();
	} else if (intid == uart_irq()) {
		trap_irq(regs, ARCH_IRQ_CONSOLE);
	}
}

void arm64_interrupt(struct arch_regs *regs)
{
	unsigned intid = (unsigned)reg_read(ICC_IAR1) & 0xffffff;

	if (intid >= SPURIOUS)
		return;
	if (intid == PPI_TIMER)
		sysreg_write(cntv_ctl_el0, 0); /* before the end: it is level-triggered */
	reg_write(ICC_EOIR1, intid);
	isb();
	dispatch(regs, intid);
}

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.20): target list within one cluster of 16. */
static void sgi_send(uint64_t affinity, unsigned sgi)
{
	uint64_t aff0 = affinity & 0xff, aff1 = affinity >> 8 & 0xff, aff2 = affinity >> 16 & 0xff, aff3 = affinity >> 32 & 0xff;

	/* what was stored before is seen by the handler: the DSB completes it before the interrupt is generated */
	__asm__ volatile("dsb ishst" : : : "memory");
	reg_write(ICC_SGI1R, aff3 << 48 | aff2 << 32 | aff1 << 16 | (uint64_t)sgi << 24 | aff0 >> 4 << 44 | 1ull << (aff0 & 15));
	isb();
}

void arch_ipi_send(unsigned cpu, enum arch_irq irq)
{
	sgi_send(cpu_locals[cpu].affinity, irq == ARCH_IRQ_RESCHED ? SGI_RESCHED : SGI_CALL);
}

/* Those with interrupts off stop when they turn them on: there is no non-maskable interrupt in this GIC. */
void arch_cpu_stop_others(void)
{
	uint64_t self = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

	for (unsigned i = 0; i < cpu_count; i++)
		if (cpu_locals[i].affinity != self && (i == 0 || cpu_locals[i].idle))
			sgi_send(cpu_locals[i].affinity, SGI_STOP);
}

void arch_console_irq_enable(void)
{
	if (uart_irq())
		gic_enable_spi(uart_irq());
}

/* SPDX-License-Identifier: MIT */
/*
 * GICv3 (Arm IHI 0069), without security states or with the non-secure view: one group, all at one priority. Every
 * interrupt is ended before it is handled, since its handler may switch threads and come back late; handlers run with
 * interrupts off, and the sources are level-triggered, so one that is still asserted comes again.
 */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "map.h"

enum { GICD_CTLR = 0x0, GICD_TYPER = 0x4, GICD_IROUTER = 0x6000 };
enum { GICR_CTLR = 0x0, GICR_TYPER = 0x8, GICR_WAKER = 0x14, GICR_SGI = 0x10000 };

/* The same in the distributor and in a redistributor's SGI frame. */
enum { GIC_IGROUPR = 0x80, GIC_ISENABLER = 0x100, GIC_ICENABLER = 0x180, GIC_IPRIORITYR = 0x400 };

#define GICD_SIZE 0x10000
#define GICD_CTLR_RWP (1u << 31)
#define GICD_CTLR_ARE 0x10
#define GICD_CTLR_GROUPS 0x3 /* both groups' enables: one of them is ours in either view */
#define GICR_FRAMES 0x20000
#define GICR_FRAMES_V4 0x40000
#define GICR_TYPER_LAST (1u << 4)
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_WAKER_SLEEP 0x2
#define GICR_WAKER_ASLEEP 0x4
#define GICR_CTLR_RWP 0x8

#define PRIORITY 0xa0
#define SPURIOUS 1020

enum { SGI_RESCHED, SGI_CALL, SGI_STOP };

#define LOCAL_OURS(timer) (1u << SGI_RESCHED | 1u << SGI_CALL | 1u << SGI_STOP | 1u << (timer))

/* ICC_* system registers by encoding: assemblers without the GIC extension know no names */
#define ICC_PMR s3_0_c4_c6_0
#define ICC_IAR1 s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_BPR1 s3_0_c12_c12_3
#define ICC_CTLR s3_0_c12_c12_4
#define ICC_SRE s3_0_c12_c12_5
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SGI1R s3_0_c12_c11_5
#define icc_read(reg) sysreg_read(reg)
#define icc_write(reg, v) sysreg_write(reg, v)

static volatile uint8_t *dist;

static void wait_clear(volatile uint8_t *base, unsigned reg, uint32_t bits)
{
	while (mmio_read32(base, reg) & bits)
		arch_cpu_relax();
}

/* ---- this CPU: redistributor and interface ---- */

/* Affinity as GICR_TYPER has it: aff3.aff2.aff1.aff0 */
static uint32_t typer_affinity(uint64_t mpidr)
{
	return (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
}

/* There may be one for each CPU that could be plugged in, far more than there are: looks no further than it must. */
static void redistributors_find(void)
{
	phys_t at = machine.gic_redist, end = at + machine.gic_redist_size;
	unsigned missing = cpu_count;
	uint32_t low = 0;

	while (missing && at + GICR_FRAMES <= end && !(low & GICR_TYPER_LAST)) {
		volatile uint8_t *r = kmap_device(at, GICR_FRAMES);
		uint32_t affinity = mmio_read32(r, GICR_TYPER + 4);

		low = mmio_read32(r, GICR_TYPER);
		for (unsigned i = 0; i < cpu_count; i++) {
			if (cpu_locals[i].redist || typer_affinity(cpu_locals[i].affinity) != affinity)
				continue;
			cpu_locals[i].redist = r;
			missing--;
		}
		at += low & GICR_TYPER_VLPIS ? GICR_FRAMES_V4 : GICR_FRAMES;
	}
	if (missing)
		boot_fail("a CPU has no GIC redistributor");
}

static void redistributor_init(volatile uint8_t *r)
{
	volatile uint8_t *sgi = r + GICR_SGI;

	mmio_write32(r, GICR_WAKER, mmio_read32(r, GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	wait_clear(r, GICR_WAKER, GICR_WAKER_ASLEEP);
	mmio_write32(sgi, GIC_ICENABLER, ~0u);
	wait_clear(r, GICR_CTLR, GICR_CTLR_RWP);
	mmio_write32(sgi, GIC_IGROUPR, ~0u);
	for (unsigned i = 0; i < 32; i += 4)
		mmio_write32(sgi, GIC_IPRIORITYR + i, PRIORITY * 0x01010101u);
	mmio_write32(sgi, GIC_ISENABLER, LOCAL_OURS(machine.timer_irq));
	wait_clear(r, GICR_CTLR, GICR_CTLR_RWP);
}

void gic_init_self(void)
{
	redistributor_init(cpu_locals[cpu_number()].redist);
	icc_write(ICC_SRE, icc_read(ICC_SRE) | 1);
	isb();
	icc_write(ICC_PMR, 0xff);
	icc_write(ICC_BPR1, 0);
	icc_write(ICC_CTLR, 0); /* one write to EOIR drops the priority and ends the interrupt */
	icc_write(ICC_IGRPEN1, 1);
	isb();
}

/* ---- the distributor ---- */

/* Affinity routing may only be switched on while the groups are off (IHI 0069, GICD_CTLR). */
void gic_init(void)
{
	unsigned words;

	dist = kmap_device(machine.gic_dist, GICD_SIZE);
	mmio_write32(dist, GICD_CTLR, 0);
	wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP);
	mmio_write32(dist, GICD_CTLR, GICD_CTLR_ARE);
	words = (mmio_read32(dist, GICD_TYPER) & 0x1f) + 1;
	for (unsigned i = 1; i < words && i < 31; i++)
		mmio_write32(dist, GIC_ICENABLER + 4 * i, ~0u);
	wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP);
	mmio_write32(dist, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUPS);
	wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP);
	redistributors_find();
	gic_init_self();
}

void gic_enable_spi(unsigned intid)
{
	uint32_t bit = 1u << intid % 32;
	unsigned word = intid / 32 * 4;

	mmio_write32(dist, GIC_IGROUPR + word, mmio_read32(dist, GIC_IGROUPR + word) | bit);
	dist[GIC_IPRIORITYR + intid] = PRIORITY;
	*(volatile uint64_t *)(dist + GICD_IROUTER + 8 * intid) = cpu_locals[0].affinity;
	mmio_write32(dist, GIC_ISENABLER + word, bit);
}

/* ---- interrupts ---- */

static void dispatch(struct arch_regs *regs, unsigned intid)
{
	if (intid == machine.timer_irq)
		trap_irq(regs, ARCH_IRQ_TIMER);
	else if (intid == SGI_RESCHED)
		trap_irq(regs, ARCH_IRQ_RESCHED);
	else if (intid == SGI_CALL)
		trap_irq(regs, ARCH_IRQ_CALL);
	else if (intid == SGI_STOP)
		smp_stop_here();
	else if (intid == uart_irq())
		trap_irq(regs, ARCH_IRQ_CONSOLE);
}

void arm64_interrupt(struct arch_regs *regs)
{
	unsigned intid = (unsigned)icc_read(ICC_IAR1) & 0xffffff;

	if (intid >= SPURIOUS)
		return;
	/*
	 * The ISB pairs with the DSB of sgi_send: what was stored before the interrupt was sent is seen by what we load from
	 * here on. It also puts the timer off before its interrupt ends, or that would come again.
	 */
	if (intid == machine.timer_irq)
		sysreg_write(cntv_ctl_el0, 0);
	isb();
	icc_write(ICC_EOIR1, intid);
	dispatch(regs, intid);
}

/* ICC_SGI1R_EL1: a list of targets within one cluster of 16. */
static void sgi_send(uint64_t affinity, unsigned sgi)
{
	uint64_t aff0 = affinity & 0xff, aff1 = affinity >> 8 & 0xff, aff2 = affinity >> 16 & 0xff, aff3 = affinity >> 32 & 0xff;

	/* what was stored before is seen by the handler: the DSB completes it before the interrupt is generated */
	__asm__ volatile("dsb ishst" : : : "memory");
	icc_write(ICC_SGI1R, aff3 << 48 | aff2 << 32 | aff1 << 16 | (uint64_t)sgi << 24 | aff0 >> 4 << 44 | 1ull << (aff0 & 15));
	isb();
}

void arch_ipi_send(unsigned cpu, enum arch_irq irq)
{
	sgi_send(cpu_locals[cpu].affinity, irq == ARCH_IRQ_RESCHED ? SGI_RESCHED : SGI_CALL);
}

void gic_send_stop(unsigned cpu)
{
	sgi_send(cpu_locals[cpu].affinity, SGI_STOP);
}

/* SPDX-License-Identifier: MIT */
/* The local APIC, in its memory-mapped form (SDM vol. 3A chapter 11). Each CPU sees its own at the same address. */
#include "acpi.h"
#include "cpu.h"
#include "map.h"

enum lapic_register {
	LAPIC_ID = 0x20,
	LAPIC_TASK_PRIORITY = 0x80,
	LAPIC_EOI = 0xb0,
	LAPIC_SPURIOUS = 0xf0,
	LAPIC_ICR_LOW = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_PERF = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define DIVIDE_BY_1 0xb
#define ICR_PENDING 0x1000
#define ICR_PATIENCE 1000000 /* looks at a bit that clears within microseconds */

#define APIC_BASE_ENABLE 0x800
#define APIC_BASE_X2APIC 0x400

static volatile uint32_t *lapic;

static uint32_t lapic_read(enum lapic_register r)
{
	return lapic[r / 4];
}

static void lapic_write(enum lapic_register r, uint32_t v)
{
	lapic[r / 4] = v;
}

void lapic_map(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC)
		boot_fail("the firmware left the local APIC in x2APIC mode, which is not supported: use its xAPIC setting");
	msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	lapic = kmap_device(base & X86_PTE_FRAME, PAGE_SIZE);
}

uint32_t lapic_id(void)
{
	return lapic_read(LAPIC_ID) >> 24;
}

/* LINT0 is where the old controllers' interrupts would come in, LINT1 is the NMI line. */
void lapic_init_self(void)
{
	lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_TASK_PRIORITY, 0);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
	lapic_write(LAPIC_LVT_PERF, LVT_MASKED);
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER); /* one shot */
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	cpu_self()->apic_id = lapic_id();
}

void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

/*
 * The command register is two words: interrupts stay off between them. Its page is uncached, so the write comes after every
 * earlier store of this CPU (SDM vol. 3A 12.3): what the receiver shall see is there.
 */
bool lapic_send(uint32_t apic_id, uint32_t command)
{
	irqflags_t flags = arch_irq_save();
	unsigned patience = ICR_PATIENCE;

	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING && --patience)
		arch_cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, command);
	arch_irq_restore(flags);
	return patience;
}

void lapic_timer_set(uint32_t ticks)
{
	lapic_write(LAPIC_TIMER_INITIAL, ticks);
}

uint32_t lapic_timer_left(void)
{
	return lapic_read(LAPIC_TIMER_CURRENT);
}

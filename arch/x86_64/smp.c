/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the other CPUs (SDM vol. 3A 9.4: INIT, then STARTUP with the page to start from, twice
 * if need be). The second STARTUP does nothing to a CPU that runs already.
 */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "map.h"

#define AFTER_INIT_NS 10000ull
#define AFTER_STARTUP_NS 200000ull /* SDM vol. 3A 9.4.4.1 */
#define STOP_NS 100000000ull /* a host may have other things to do than to run that CPU */
#define NOBODY (-1)

extern const char trampoline[], trampoline_end[];

/* Their first page tables: the kernel half, and the trampoline's page at its physical address. Only in use
 * until smp_begin loads kernel_root; nobody has anything mapped at low addresses after that. */
uint64_t start_root[PTES_PER_TABLE] __attribute__((aligned(4096)));

static _Atomic int stopper = NOBODY; /* the CPU that stops all others */
static _Atomic uint64_t stopped;     /* bit n: CPU n has stopped */

static bool trampoline_is_ram(void)
{
	const struct phys_range *low = &boot_info.ram[0];

	return low->start <= LAYOUT_TRAMPOLINE && low->end >= LAYOUT_TRAMPOLINE + PAGE_SIZE;
}

void smp_prepare(void)
{
	if (!trampoline_is_ram())
		cpu_count = 1;
	if (cpu_count == 1)
		return;
	memcpy(direct(LAYOUT_TRAMPOLINE), trampoline, (size_t)(trampoline_end - trampoline));
	memcpy(start_root, kernel_root, sizeof(start_root));
	kmap_page(start_root, LAYOUT_TRAMPOLINE, LAYOUT_TRAMPOLINE, X86_PTE_PRESENT | X86_PTE_ACCESSED);
}

/* Waits, but no longer than until it has started. */
static bool started_within(struct cpu_local *c, uint64_t ns)
{
	uint64_t until = arch_clock_ns() + ns;

	while (!atomic_load_explicit(&c->started, memory_order_acquire) && arch_clock_ns() < until)
		arch_cpu_relax();
	return atomic_load_explicit(&c->started, memory_order_acquire);
}

int arch_cpu_start(unsigned cpu, struct thread *idle)
{
	struct cpu_local *c = &cpu_locals[cpu];

	c->current = idle;
	c->stack_top = thread_arch(idle)->stack_top;
	c->tss.rsp[0] = c->stack_top;
	if (!lapic_send(c->apic_id, ICR_INIT))
		return -EIO;
	started_within(c, AFTER_INIT_NS);
	for (unsigned i = 0; i < 2; i++) {
		timer_bound(AFTER_INIT_NS);
		if (!lapic_send(c->apic_id, ICR_STARTUP(LAYOUT_TRAMPOLINE >> PAGE_SHIFT)))
			return -EIO;
		if (started_within(c, AFTER_STARTUP_NS))
			break;
	}
	return 0;
}

_Noreturn void smp_begin(struct cpu_local *c)
{
	cr3_write(image_phys(kernel_root));
	cpu_init_self(c);
	lapic_init_self();
	atomic_store_explicit(&c->started, true, memory_order_release);
	cpu_main(c->id);
}

/* ---- stopping ---- */

static _Noreturn void stop_here(void)
{
	atomic_fetch_or_explicit(&stopped, 1ull << cpu_self()->id, memory_order_release);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void x86_nmi(struct arch_regs *regs)
{
	int by = atomic_load_explicit(&stopper, memory_order_acquire);

	(void)regs;
	if (by != NOBODY && by != (int)cpu_self()->id)
		stop_here();
}

/* Of several CPUs that panic at once the first one stops the others and goes on. */
void arch_cpu_stop_others(void)
{
	irqflags_t flags = arch_irq_save();
	struct cpu_local *self = cpu_self();
	int nobody = NOBODY;
	uint64_t want = 0, until = arch_clock_ns() + STOP_NS;

	if (!atomic_compare_exchange_strong(&stopper, &nobody, (int)self->id) && nobody != (int)self->id)
		stop_here();
	for (unsigned i = 0; i < cpu_count; i++) {
		struct cpu_local *c = &cpu_locals[i];

		if (c == self || !(i == 0 || atomic_load_explicit(&c->started, memory_order_acquire)))
			continue;
		want |= 1ull << i;
		lapic_send(c->apic_id, ICR_NMI);
	}
	while ((atomic_load_explicit(&stopped, memory_order_acquire) & want) != want && arch_clock_ns() < until)
		arch_cpu_relax();
	arch_irq_restore(flags);
}

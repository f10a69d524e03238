/* SPDX-License-Identifier: MIT */
/* Interrupts: a flag and a set of pending ones for each CPU. */
#include "cpu.h"
#include "lib/bits.h"

static struct arch_regs kernel_regs; /* all that a handler wants to know: it was not user mode */

bool host_irq_due(const struct host_cpu *c)
{
	return atomic_load_explicit(&c->pending, memory_order_acquire) ||
	       atomic_load_explicit(&c->deadline, memory_order_relaxed) <= host_time();
}

/* The next one, no longer pending; -1: none. */
static int irq_take(struct host_cpu *c)
{
	uint32_t pending = atomic_load_explicit(&c->pending, memory_order_acquire); /* pairs with arch_ipi_send */

	if (atomic_load_explicit(&c->deadline, memory_order_relaxed) <= host_time()) {
		atomic_store_explicit(&c->deadline, UINT64_MAX, memory_order_relaxed);
		return ARCH_IRQ_TIMER;
	}
	if (!pending)
		return -1;
	atomic_fetch_and_explicit(&c->pending, ~(uint32_t)BIT(bit_lowest(pending)), memory_order_acquire);
	return (int)bit_lowest(pending);
}

void host_irq_deliver(void)
{
	int irq;

	while (host_cpu->irq_on && (irq = irq_take(host_cpu)) >= 0) {
		struct arch_regs regs = kernel_regs;

		host_cpu->irq_on = false;
		trap_irq(&regs, (enum arch_irq)irq);
		host_cpu->irq_on = true; /* another CPU, perhaps: the handler may have switched threads */
	}
}

bool host_irq_set(bool on)
{
	bool was = host_cpu->irq_on;

	host_cpu->irq_on = on;
	if (on) {
		host_point(HOST_AT_IRQ);
		host_irq_deliver();
	}
	return was;
}

bool host_irq_get(void)
{
	return host_cpu->irq_on;
}

void host_relax(void)
{
	host_point(HOST_AT_RELAX);
	host_irq_deliver();
}

void arch_cpu_idle(void)
{
	host_wait_irq();
	host_cpu->irq_on = true;
	host_irq_deliver();
	host_cpu->irq_on = false;
}

void arch_ipi_send(unsigned cpu, enum arch_irq irq)
{
	/* release: pairs with irq_take */
	atomic_fetch_or_explicit(&host_cpus[cpu].pending, (uint32_t)BIT(irq), memory_order_release);
	host_kick(&host_cpus[cpu]);
}

void arch_timer_arm(uint64_t when)
{
	atomic_store_explicit(&host_cpu->deadline, when, memory_order_relaxed);
}

struct thread *host_current(void)
{
	return host_cpu->thread;
}

void arch_console_irq_enable(void)
{
}

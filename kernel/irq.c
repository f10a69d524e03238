/* SPDX-License-Identifier: MIT */
/*
 * Interrupts, and what may happen when one ends.
 *
 * Coming from kernel code with preemption on, the interrupted thread may be switched away from before the handler returns: that is
 * what makes the kernel preemptible. Coming from user mode, the exit path looks at arch_thread.work by itself.
 */
#include "arch/upcall.h"
#include "kernel/log.h"
#include "kernel/rcu_cpu.h"
#include "kernel/sched_impl.h"
#include "kernel/watchdog.h"

static void irq_handle(enum arch_irq irq)
{
	switch (irq) {
	case ARCH_IRQ_TIMER:
		timer_interrupt();
		break;
	case ARCH_IRQ_RESCHED:
		sched_resched_interrupt();
		break;
	case ARCH_IRQ_CONSOLE:
		console_interrupt();
		break;
	case ARCH_IRQ_CALL:
		watchdog_interrupt();
		break;
	}
}

void trap_irq(struct arch_regs *regs, enum arch_irq irq)
{
	struct thread *t = current;
	struct cpu *c = this_cpu();

	assert(!arch_irq_enabled());
	if (rcu_is_idle(c))
		rcu_idle_exit(c);
	t->nirq++;
	c->regs = regs;
	irq_handle(irq);
	t->nirq--;
	if (unlikely(c->tick_came))
		tick_sample(c, arch_regs_user(regs));
	if (t->preempt) /* a read section, perhaps */
		return;
	rcu_quiescent(c);
	if (!arch_regs_user(regs) && atomic_load_explicit(&t->arch.work, memory_order_relaxed) & WORK_RESCHED)
		schedule();
}

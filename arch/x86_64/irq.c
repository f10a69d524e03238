/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: the old controllers are silenced, each CPU's local APIC brings timer and IPIs, one line of the I/O APIC
 * the console. All are edge triggered, so they are acknowledged before they are handled.
 */
#include "acpi.h"
#include "arch/upcall.h"
#include "cpu.h"
#include "ioapic.h"

/* 8259A: initialisation words 1-4, then the mask (Intel 8259A data sheet). */
#define PIC1 0x20
#define PIC2 0xa0
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define PIC2_ON_LINE 2

#define ISA_IRQ_COM1 4

#define PIT_COMMAND 0x43
#define PIT_CHANNEL0_STOP 0x30 /* mode 0, and no count follows */

/* They can still raise spurious interrupts, so they get vectors of their own. */
static void pic_silence(void)
{
	port_out8(PIC1, ICW1_INIT_ICW4);
	port_out8(PIC2, ICW1_INIT_ICW4);
	port_out8(PIC1 + 1, VECTOR_PIC);
	port_out8(PIC2 + 1, VECTOR_PIC + 8);
	port_out8(PIC1 + 1, 1 << PIC2_ON_LINE);
	port_out8(PIC2 + 1, PIC2_ON_LINE);
	port_out8(PIC1 + 1, ICW4_8086);
	port_out8(PIC2 + 1, ICW4_8086);
	port_out8(PIC1 + 1, 0xff);
	port_out8(PIC2 + 1, 0xff);
	port_out8(PIT_COMMAND, PIT_CHANNEL0_STOP); /* which the firmware left ticking */
}

void controllers_init(void)
{
	pic_silence();
	lapic_map();
	lapic_init_self();
	ioapic_init();
}

void arch_console_irq_enable(void)
{
	ioapic_route_isa(ISA_IRQ_COM1, VECTOR_CONSOLE, cpu_locals[0].apic_id);
	uart_irq_enable();
}

void x86_interrupt(struct arch_regs *regs)
{
	switch (regs->error) {
	case VECTOR_TIMER:
		lapic_eoi();
		if (deadline_passed())
			trap_irq(regs, ARCH_IRQ_TIMER);
		break;
	case VECTOR_RESCHED:
		lapic_eoi();
		trap_irq(regs, ARCH_IRQ_RESCHED);
		break;
	case VECTOR_CALL:
		lapic_eoi();
		trap_irq(regs, ARCH_IRQ_CALL);
		break;
	case VECTOR_TLB:
		lapic_eoi();
		tlb_serve();
		break;
	case VECTOR_CONSOLE:
		lapic_eoi();
		trap_irq(regs, ARCH_IRQ_CONSOLE);
		break;
	default: /* spurious: of the local APIC or of the masked controllers; neither wants an acknowledgement */
		break;
	}
}

void arch_ipi_send(unsigned cpu, enum arch_irq irq)
{
	lapic_send(cpu_locals[cpu].apic_id, ICR_FIXED(irq == ARCH_IRQ_RESCHED ? VECTOR_RESCHED : VECTOR_CALL));
}

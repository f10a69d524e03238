/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor table, one for all CPUs (SDM vol. 3A 6.14). */
#include "cpu.h"

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset1;
	uint32_t offset2;
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, interrupts go off */
#define GATE_USER 0x60	    /* user mode may call it with INT n */

#define EXCEPTION_NMI 2
#define EXCEPTION_BREAKPOINT 3
#define EXCEPTION_OVERFLOW 4
#define EXCEPTION_DOUBLE_FAULT 8

static struct gate idt[256];

/* trap.S: addresses of the stubs */
extern const uintptr_t trap_exceptions[32];
extern const struct trap_vector {
	uint64_t vector;
	uintptr_t stub;
} trap_vectors[], trap_vectors_end[];

static void gate_set(unsigned vector, uintptr_t stub, unsigned ist, unsigned type)
{
	idt[vector] = (struct gate){
		.offset0 = (uint16_t)stub,
		.selector = SEL_KERNEL_CODE,
		.ist = (uint8_t)ist,
		.type = (uint8_t)type,
		.offset1 = (uint16_t)(stub >> 16),
		.offset2 = (uint32_t)(stub >> 32),
	};
}

void idt_init(void)
{
	for (unsigned v = 0; v < 32; v++)
		gate_set(v, trap_exceptions[v], 0, GATE_INTERRUPT);
	gate_set(EXCEPTION_NMI, trap_exceptions[EXCEPTION_NMI], IST_NMI, GATE_INTERRUPT);
	gate_set(EXCEPTION_DOUBLE_FAULT, trap_exceptions[EXCEPTION_DOUBLE_FAULT], IST_DOUBLE_FAULT, GATE_INTERRUPT);
	gate_set(EXCEPTION_BREAKPOINT, trap_exceptions[EXCEPTION_BREAKPOINT], 0, GATE_INTERRUPT | GATE_USER);
	gate_set(EXCEPTION_OVERFLOW, trap_exceptions[EXCEPTION_OVERFLOW], 0, GATE_INTERRUPT | GATE_USER);
	for (const struct trap_vector *t = trap_vectors; t < trap_vectors_end; t++)
		gate_set((unsigned)t->vector, t->stub, 0, GATE_INTERRUPT);
}

void idt_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (uintptr_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

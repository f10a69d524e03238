/* SPDX-License-Identifier: MIT */
/* What the files of this directory share: system register accessors, and each other's entry points. */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include "arch/arch.h"
#include "bootinfo.h"

/* What others know about a CPU. (C) constant, (A) atomic */
struct cpu_local {
	uint64_t affinity;	  /* MPIDR_EL1, affinity fields only	(C) */
	volatile uint8_t *redist; /* its GIC redistributor, mapped	(C) */
	struct thread *idle;	  /* it starts as this thread		(C) */
	_Atomic bool stopped;	  /* for good: arch_cpu_stop_others	(A) */
};

extern struct cpu_local cpu_locals[MAX_CPUS];
extern unsigned cpu_count;

/* The contract puts struct arch_thread first in struct thread. */
static inline struct arch_thread *thread_arch(struct thread *t)
{
	return (struct arch_thread *)(void *)t;
}

#define sysreg_read(name)                                                                          \
	({                                                                                         \
		uint64_t sysreg_value;                                                             \
		__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value));                           \
		sysreg_value;                                                                      \
	})
#define sysreg_write(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

#define MPIDR_AFFINITY 0xff00fffffful

static inline uint32_t mmio_read32(const volatile uint8_t *base, unsigned offset)
{
	return *(const volatile uint32_t *)(base + offset);
}

static inline void mmio_write32(volatile uint8_t *base, unsigned offset, uint32_t v)
{
	*(volatile uint32_t *)(base + offset) = v;
}

/* ---- the other files ---- */

_Noreturn void boot_main(phys_t fdt);
_Noreturn void boot_fail(const char *why); /* before kernel_main: one line on the console, and the end */
const char *features_missing(void);	   /* cpu.c: what we need and this CPU lacks, or NULL */
void vectors_set(void);			   /* cpu.c */
void cpu_init_self(unsigned cpu);	   /* cpu.c */
void uart_init(volatile uint8_t *base, unsigned irq); /* console.c; NULL: there is none */
unsigned uart_irq(void);		   /* console.c: INTID, 0: none */
void gic_init(void);			   /* irq.c: distributor, and this CPU's part */
void gic_init_self(void);		   /* irq.c */
void gic_enable_spi(unsigned intid);	   /* irq.c: to the boot CPU */
void gic_send_stop(unsigned cpu);	   /* irq.c: it will call smp_stop_here */
_Noreturn void smp_stop_here(void);	   /* smp.c */
void clock_init(void);			   /* time.c */
void psci_init(enum psci how);		   /* power.c */
long psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);
void fpu_save(void *area);		   /* fpu.S */
void fpu_load(const void *area);	   /* fpu.S */
bool id_read_emulate(struct arch_regs *regs); /* hwcap.c: the program's instruction reads an ID register, and is done */
void switch_stacks(uint64_t *save, uint64_t load); /* switch.S */
void stack_begin(void);				   /* switch.S */
_Noreturn void trap_enter_user(const struct arch_regs *regs, uint64_t stack_top); /* trap.S */
_Noreturn void smp_begin(struct cpu_local *c);	   /* start.S calls it */

/* trap.S calls these */
void arm64_user_sync(struct arch_regs *regs, uint64_t esr);
void arm64_kernel_sync(struct arch_regs *regs, uint64_t esr);
void arm64_interrupt(struct arch_regs *regs);
_Noreturn void arm64_bad_entry(struct arch_regs *regs, uint64_t esr, uint64_t which);
_Noreturn void arm64_stack_overflow(struct arch_regs *regs, uint64_t esr);

/* Which CPU is this? The number was put there by cpu_init_self; nothing else uses the register. */
static inline unsigned cpu_number(void)
{
	return (unsigned)sysreg_read(contextidr_el1);
}

#define FPU_AREA_SIZE 528 /* q0 to q31, FPSR, FPCR */

#endif

/* SPDX-License-Identifier: MIT */
/* What the files of this directory share: the per-CPU block, register accessors, and each other's entry points. */
#ifndef ARCH_X86_64_CPU_H
#define ARCH_X86_64_CPU_H

#include "arch/arch.h"

/* Task-state segment (SDM vol. 3A 8.7): only its stack pointers are used. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap; /* past the limit: user mode has no ports */
} __attribute__((packed));

/*
 * What a CPU knows about itself; GS points here while the kernel runs. Written by its own CPU with interrupts off,
 * except for what says otherwise. The first members are known to the assembler (offsets.h).
 */
struct cpu_local {
	struct thread *current;
	uint64_t stack_top; /* of current: where SYSCALL starts		*/
	uint64_t user_sp;   /* SYSCALL parks the user's stack pointer here	*/
	struct cpu_local *self;
	uint32_t apic_id; /* (C) */
	unsigned id;	  /* (C) */

	struct arch_mm *active;	     /* whose root is in CR3; NULL: the kernel's own			*/
	bool lazy;		     /* nobody here wants `active`: leave it at the first flush		*/
	_Atomic uint64_t tlb_wanted; /* bit n: CPU n waits for this CPU to do its flush (A)		*/
	uint64_t deadline;	     /* of the local timer, clock scale					*/
	_Atomic bool started;	     /* runs, takes NMIs; not kept for the boot CPU			(A) */

	uint64_t gdt[8];
	struct tss tss;
	uint8_t stack_df[IST_STACK_SIZE] __attribute__((aligned(64)));
	uint8_t stack_nmi[IST_STACK_SIZE];
} __attribute__((aligned(64)));

extern struct cpu_local cpu_locals[MAX_CPUS];
extern unsigned cpu_count;

/* Stable while interrupts are off. */
static inline struct cpu_local *cpu_self(void)
{
	struct cpu_local *self;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(self) : "i"(offsetof(struct cpu_local, self)));
	return self;
}

/* The contract puts struct arch_thread first in struct thread. */
static inline struct arch_thread *thread_arch(struct thread *t)
{
	return (struct arch_thread *)(void *)t;
}

/* ---- registers ---- */

#define CONTROL_REGISTER(n)                                                                        \
	static inline uint64_t cr##n##_read(void)                                                  \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("movq %%cr" #n ", %0" : "=r"(v));                                 \
		return v;                                                                          \
	}                                                                                          \
	static inline void cr##n##_write(uint64_t v)                                               \
	{                                                                                          \
		__asm__ volatile("movq %0, %%cr" #n : : "r"(v) : "memory");                        \
	}

CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "a"((uint32_t)v), "d"((uint32_t)(v >> 32)), "c"(msr) : "memory");
}

static inline uint8_t port_in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t port_in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t port_in16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void port_out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void port_out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

/* ---- features (feature.c) ---- */

struct cpu_features {
	bool smep, smap, umip, xsave, xsaveopt, gib_pages;
	uint32_t hwcap; /* CPUID leaf 1, EDX */
};

extern struct cpu_features cpu_has;

/* Says which needed feature is missing, or NULL. */
const char *features_detect(void);
void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4]); /* eax ebx ecx edx */

/* ---- FPU areas (fpu.c) ---- */

#define FPU_LEGACY_SIZE 512u /* FXSAVE's part, also the first of an XSAVE area */
#define FPU_MXCSR_AT 24
#define XSTATE_X87 1u
#define XSTATE_SSE 2u

struct fpu_format {
	uint32_t size;	     /* of an area */
	uint32_t states;     /* XCR0; 0: no XSAVE */
	uint32_t mxcsr_mask; /* bits of MXCSR that may be set */
};

extern struct fpu_format fpu_format;

/* ---- the other files ---- */

_Noreturn void boot_main(uint32_t magic, uint64_t info);
_Noreturn void boot_fail(const char *why); /* before kernel_main: one line on the console, and the end */

void patch_apply(void);			       /* patch.c */
void cpu_init_self(struct cpu_local *c);       /* cpu.c: control registers, segments, GS */
void idt_init(void);			       /* idt.c: fills the one table */
void idt_load(void);			       /* idt.c */
void fpu_init_self(void);		       /* fpu.c */
void fpu_save(void *area);		       /* fpu.c; irq off */
void fpu_save_whole(void *area);	       /* fpu.c; irq off */
void fpu_load(const void *area);	       /* fpu.c; irq off */
int fpu_frame_put(uintptr_t to, const void *area); /* fpu_frame.c: 0 or -EFAULT */
int fpu_frame_get(void *area, uintptr_t from);	   /* fpu_frame.c: 0, -EFAULT, -EINVAL */
void *fpu_alloc(void);			       /* fpu.c; NULL: no memory */
void fpu_reset(void *area);		       /* fpu.c: as a program expects to find it */
void fpu_copy(void *to, const void *from);     /* fpu.c */
void fpu_free(void *area);		       /* fpu.c */
void uart_init(void);		       /* console.c */
void uart_irq_enable(void);		       /* console.c */
void lapic_map(void);		       /* lapic.c: boot CPU, once */
void lapic_init_self(void);	       /* lapic.c */
void lapic_eoi(void);			       /* lapic.c */
uint32_t lapic_id(void);		       /* lapic.c */
bool lapic_send(uint32_t apic_id, uint32_t command); /* lapic.c; false: not taken */
void lapic_timer_set(uint32_t ticks);	       /* lapic.c; 0 stops */
uint32_t lapic_timer_left(void);	       /* lapic.c */
void controllers_init(void);			       /* irq.c */
void clock_calibrate(void);			       /* time.c */
void timer_bound(uint64_t ns);	       /* time.c: an interrupt within ns that means nothing */
bool deadline_passed(void);		       /* time.c: false: it was a part of a long wait */
void tlb_serve(void);			       /* tlb.c; irq off: does what others ask of this CPU */
void smp_prepare(void);			       /* smp.c: where other CPUs begin */
void switch_stacks(uint64_t *save, uint64_t load); /* switch.S */
void stack_begin(void);			   /* switch.S */
_Noreturn void trap_enter_user(const struct arch_regs *regs, uint64_t stack_top); /* trap.S */

/* trap.S calls these */
void x86_page_fault(struct arch_regs *regs);
void x86_exception(struct arch_regs *regs, unsigned vector);
void x86_interrupt(struct arch_regs *regs);
void x86_nmi(struct arch_regs *regs);
_Noreturn void x86_double_fault(struct arch_regs *regs);
void x86_bad_pc(struct arch_regs *regs);
_Noreturn void smp_begin(struct cpu_local *c);

/* ---- vectors: exceptions below 32, then these ---- */

enum vector {
	VECTOR_PIC = 0x20, /* 16 of them: only spurious ones can come, all lines are masked */
	VECTOR_CONSOLE = 0x30,
	VECTOR_TIMER = 0xf0,
	VECTOR_RESCHED = 0xf1,
	VECTOR_CALL = 0xf2,
	VECTOR_TLB = 0xf3,
	VECTOR_SPURIOUS = 0xff,
};

/* lapic_send: interrupt command register, SDM vol. 3A 11.6.1 */
#define ICR_FIXED(vector) (0x4000u | (vector))
#define ICR_NMI 0x4400u
#define ICR_INIT 0x4500u
#define ICR_STARTUP(page) (0x4600u | (page))

#endif

/* SPDX-License-Identifier: MIT */
/* What every CPU sets up for itself: segments, task state, control registers, the way into the kernel. */
#include "arch/upcall.h"
#include "cpu.h"
#include "map.h"
#include "offsets.h"

struct cpu_local cpu_locals[MAX_CPUS];
unsigned cpu_count = 1;

extern char boot_stack_top[];
void syscall_entry(void);

_Static_assert(offsetof(struct cpu_local, current) == CPU_CURRENT, "offsets.h");
_Static_assert(offsetof(struct cpu_local, stack_top) == CPU_STACK_TOP, "offsets.h");
_Static_assert(offsetof(struct cpu_local, user_sp) == CPU_USER_SP, "offsets.h");
_Static_assert(offsetof(struct cpu_local, self) == CPU_SELF, "offsets.h");
_Static_assert(offsetof(struct cpu_local, apic_id) == CPU_APIC_ID, "offsets.h");
_Static_assert(sizeof(struct cpu_local) == CPU_STRIDE, "offsets.h");
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3A figure 8-11");

/* Flat segments; the long-mode ones ignore base and limit (SDM vol. 3A 3.4.5). */
#define GDT_KERNEL_CODE 0x00af9b000000ffff
#define GDT_KERNEL_DATA 0x00cf93000000ffff
#define GDT_USER_DATA 0x00cff3000000ffff
#define GDT_USER_CODE 0x00affb000000ffff
#define GDT_TSS 0x0000890000000000

static void gdt_fill(struct cpu_local *c)
{
	uint64_t tss = (uintptr_t)&c->tss;

	c->gdt[SEL_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
	c->gdt[SEL_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
	c->gdt[SEL_USER_DATA / 8] = GDT_USER_DATA;
	c->gdt[SEL_USER_CODE / 8] = GDT_USER_CODE;
	c->gdt[SEL_TSS / 8] = GDT_TSS | (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	c->tss.ist[IST_DOUBLE_FAULT - 1] = (uintptr_t)c->stack_df + IST_STACK_SIZE;
	c->tss.ist[IST_NMI - 1] = (uintptr_t)c->stack_nmi + IST_STACK_SIZE;
	c->tss.iomap = sizeof(c->tss);
}

/* Null selectors in FS and GS also zero their bases, so the MSRs come after. */
static void segments_load(struct cpu_local *c)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdtr = {sizeof(c->gdt) - 1, (uintptr_t)c->gdt};

	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 : : "i"(SEL_KERNEL_CODE) : "rax", "memory");
	__asm__ volatile("movl %0, %%ss; movl %1, %%ds; movl %1, %%es; movl %1, %%fs; movl %1, %%gs"
			 : : "r"(SEL_KERNEL_DATA), "r"(0));
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	msr_write(MSR_FS_BASE, 0);
	msr_write(MSR_GS_BASE, (uintptr_t)c);
	msr_write(MSR_KERNEL_GS_BASE, 0);
}

/* FSGSBASE stays off: user mode must not be able to write its GS base, whose sign tells an NMI whose GS it found. */
static void control_load(void)
{
	uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpu_has.smep)
		cr4 |= CR4_SMEP;
	if (cpu_has.smap)
		cr4 |= CR4_SMAP;
	if (cpu_has.umip)
		cr4 |= CR4_UMIP;
	if (cpu_has.xsave)
		cr4 |= CR4_OSXSAVE;
	cr4_write(cr4);
	cr0_write(CR0_PG | CR0_PE | CR0_WP | CR0_NE | CR0_MP | CR0_AM);
}

/* SYSCALL starts with interrupts off, and with every flag clear that could hurt the kernel (SDM vol. 3A 5.8.8). */
static void syscall_load(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_STAR, (uint64_t)(SEL_USER_BASE | 3) << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (uintptr_t)syscall_entry);
	msr_write(MSR_SYSCALL_MASK, FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_AC);
}

void cpu_init_self(struct cpu_local *c)
{
	c->self = c;
	c->deadline = UINT64_MAX;
	c->id = (unsigned)(c - cpu_locals);
	gdt_fill(c);
	segments_load(c);
	control_load();
	syscall_load();
	idt_load();
	fpu_init_self();
}

void arch_cpu_adopt(struct thread *idle)
{
	struct cpu_local *c = cpu_self();

	thread_arch(idle)->stack_top = (uintptr_t)boot_stack_top;
	c->stack_top = (uintptr_t)boot_stack_top;
	c->tss.rsp[0] = c->stack_top;
	c->current = idle;
}

/* STI holds interrupts back for one more instruction, so HLT is reached before any is taken (SDM vol. 2B, STI). */
void arch_cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

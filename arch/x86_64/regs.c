/* SPDX-License-Identifier: MIT */
#include "arch/upcall.h"
#include "cpu.h"

#define FLAG_ALWAYS_ONE 0x2

void arch_regs_init_user(struct arch_regs *regs, uintptr_t entry, uintptr_t stack)
{
	*regs = (struct arch_regs){
		.rip = entry,
		.cs = SEL_USER_CODE,
		.flags = FLAG_IF | FLAG_ALWAYS_ONE,
		.rsp = stack,
		.ss = SEL_USER_DATA,
	};
}

void arch_regs_log(const struct arch_regs *r)
{
	log_line("rip %016lx  flags %08lx  cs %02lx  ss %02lx  error %lx", r->rip, r->flags, r->cs, r->ss, r->error);
	log_line("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	log_line("rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
	log_line("r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", r->r8, r->r9, r->r10, r->r11);
	log_line("r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", r->r12, r->r13, r->r14, r->r15);
	log_line("cr2 %016lx  cr3 %016lx", cr2_read(), cr3_read());
}

/* Caches are coherent with instruction fetch on this machine (SDM vol. 3A 12.6). */
void arch_icache_sync(void *kernel_va, size_t n)
{
	(void)kernel_va;
	(void)n;
}

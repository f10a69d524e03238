/* SPDX-License-Identifier: MIT */
/*
 * Where another CPU begins: in real mode, at the page LAYOUT_TRAMPOLINE, where smp.c has copied this code. Through
 * protected mode to long mode with start_root, then up into the image. Several may be on their way at
 * once: nothing is written here, and each finds its block by its own APIC number.
 */
#include "asm.h"

#define AT(symbol) ((symbol) - trampoline + LAYOUT_TRAMPOLINE)
#define SEL32_CODE 0x08
#define SEL32_DATA 0x10
#define SEL64_CODE 0x18

	.section .rodata
	.balign 16
	.globl trampoline, trampoline_end
	.code16
trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl gdtr - trampoline
	movl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SEL32_CODE, $AT(protected)

	.code32
protected:
	movw $SEL32_DATA, %ax
	movw %ax, %ds
	movl $(CR4_PAE | CR4_PGE), %eax
	movl %eax, %cr4
	movl $(start_root - KERNEL_OFFSET), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $(CR0_PG | CR0_PE | CR0_WP | CR0_NE | CR0_MP | CR0_AM), %eax
	movl %eax, %cr0
	ljmpl $SEL64_CODE, $AT(long64)

	.code64
long64:
	movq $start_high, %rax
	jmp *%rax

	.balign 8
	/* Marked as accessed already, for the page is read-only. */
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00af9b000000ffff
gdtr:
	.word gdtr - gdt - 1
	.long AT(gdt)
trampoline_end:

	.text
/* CPUID leaf 1, EBX 31:24: our APIC number. */
FUNC(start_high)
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movq $cpu_locals, %rdi
	movl $MAX_CPUS, %ecx
1:	cmpl %ebx, CPU_APIC_ID(%rdi)
	je 2f
	addq $CPU_STRIDE, %rdi
	loop 1b
3:	cli
	hlt
	jmp 3b
2:	movq CPU_STACK_TOP(%rdi), %rsp
	xorl %ebp, %ebp
	pushq $0
	jmp smp_begin
END(start_high)

/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: save what struct arch_regs names, call C, restore.
 *
 * GS belongs to the user until SWAPGS, so each entry looks at the saved CS and swaps if it came from user mode. Two
 * entries cannot trust CS: an NMI or a double fault may hit between SYSCALL (already in kernel mode) and its SWAPGS. They
 * have stacks of their own and look at the GS base itself, which is negative only for the kernel.
 * DF and AC are whatever the interrupted code had: C needs DF clear, and SMAP is off while AC is set.
 * The debug exception needs no such care: nothing sets the debug registers, and SYSCALL clears TF before
 * a single step could be taken in the kernel (SDM vol. 3A 5.8.8).
 */
#include "asm.h"

	.text

/* rdi is on the stack already. */
.macro SAVE_REST
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	CLAC
.endm

/* Leaves only what the CPU pushed. */
.macro RESTORE
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $8, %rsp
.endm

/* With the error code (or something in its place) and `above` more bytes on the stack. */
.macro SWAPGS_FROM_USER above=0
	testb $3, 16 + \above(%rsp)
	jz 772f
	swapgs
772:
.endm

/* The page fault, alone and straight: it is what this kernel is about. */
FUNC(trap_page_fault_entry)
	SWAPGS_FROM_USER
	pushq %rdi
	SAVE_REST
	movq %rsp, %rdi
	call x86_page_fault
	testb $3, REGS_CS(%rsp)
	jz exit_kernel
	cli
	jmp exit_user
END(trap_page_fault_entry)

/* Back to user mode. Interrupts off, rsp = struct arch_regs. The saved pc is one the CPU gave us. */
FUNC(exit_user)
	movq %gs:CPU_CURRENT, %rax
	cmpl $0, THREAD_WORK(%rax)
	jne exit_work
exit_user_now:
	RESTORE
	swapgs
	iretq
END(exit_user)

FUNC(exit_kernel)
	RESTORE
	iretq
END(exit_kernel)

/*
 * The same when software may have written the pc. IRETQ to a pc that is not canonical would fault in the kernel with
 * the user's GS (SDM vol. 2A, IRET), so such a pc is the program's error here.
 */
FUNC(exit_work)
	movq %rsp, %rdi
	call trap_user_work
END(exit_work)
FUNC(exit_checked)
	movq %gs:CPU_CURRENT, %rax
	cmpl $0, THREAD_WORK(%rax)
	jne exit_work
	movq REGS_RIP(%rsp), %rax
	shrq $47, %rax
	jz exit_user_now
	sti
	movq %rsp, %rdi
	call x86_bad_pc
	cli
	jmp exit_checked
END(exit_checked)

/* rdi = vector */
exception_common:
	SAVE_REST
	movl %edi, %esi
	movq %rsp, %rdi
	call x86_exception
	testb $3, REGS_CS(%rsp)
	jz exit_kernel
	cli
	jmp exit_user

interrupt_common:
	SWAPGS_FROM_USER
	pushq %rdi
	SAVE_REST
	movq %rsp, %rdi
	call x86_interrupt
	testb $3, REGS_CS(%rsp)
	jz exit_kernel
	jmp exit_user

/* For NMI and double fault: rbx remembers whether GS was the user's. */
.macro SWAPGS_BY_BASE
	xorl %ebx, %ebx
	movl $MSR_GS_BASE, %ecx
	rdmsr
	testl %edx, %edx
	js 773f
	swapgs
	incl %ebx
773:
.endm

FUNC(trap_nmi_entry)
	pushq $0
	pushq %rdi
	SAVE_REST
	SWAPGS_BY_BASE
	movq %rsp, %rdi
	call x86_nmi
	testl %ebx, %ebx
	jz exit_kernel
	swapgs
	jmp exit_kernel
END(trap_nmi_entry)

FUNC(trap_double_fault_entry)
	pushq %rdi
	SAVE_REST
	SWAPGS_BY_BASE
	movq %rsp, %rdi
	call x86_double_fault
END(trap_double_fault_entry)

/* trap_enter_user(regs, stack_top): copies *regs to the very top of the stack, where it may lie already in part, and leaves by it.
 * The copy goes from high to low, since the top is never below the source. */
FUNC(trap_enter_user)
	cli
	leaq REGS_SIZE - 8(%rdi), %r8
	leaq -8(%rsi), %rdi
	movq %r8, %rsi
	movl $(REGS_SIZE / 8), %ecx
	std
	rep movsq
	cld
	leaq 8(%rdi), %rsp
	jmp exit_checked
END(trap_enter_user)

/* ---- the stubs, and the tables from which idt.c takes their addresses ---- */

.macro EXCEPTION vector, has_error
exception_\vector:
	.if !\has_error
	pushq $0
	.endif
	SWAPGS_FROM_USER
	pushq %rdi
	movl $\vector, %edi
	jmp exception_common
.endm

/* Which push an error code: SDM vol. 3A table 6-1. */
	.balign 16
	.irp v, 0, 1, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 31
	EXCEPTION \v, 0
	.endr
	.irp v, 10, 11, 12, 13, 17, 21, 29, 30
	EXCEPTION \v, 1
	.endr

	.section .rodata
	.balign 8
	.globl trap_exceptions, trap_vectors, trap_vectors_end
trap_exceptions:
	.quad exception_0, exception_1, trap_nmi_entry, exception_3
	.quad exception_4, exception_5, exception_6, exception_7
	.quad trap_double_fault_entry, exception_9, exception_10, exception_11
	.quad exception_12, exception_13, trap_page_fault_entry, exception_15
	.quad exception_16, exception_17, exception_18, exception_19
	.quad exception_20, exception_21, exception_22, exception_23
	.quad exception_24, exception_25, exception_26, exception_27
	.quad exception_28, exception_29, exception_30, exception_31

trap_vectors:
/* The sixteen of the masked interrupt controllers, the console's, the local ones (enum vector). */
	.irp v, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, \
		0x30, 0xf0, 0xf1, 0xf2, 0xf3, 0xff
	.quad \v, interrupt_\v
	.pushsection .text
interrupt_\v:
	pushq $\v
	jmp interrupt_common
	.popsection
	.endr
trap_vectors_end:

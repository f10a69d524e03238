/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in and out (Arm ARM D1.3). A frame is struct arch_regs on the kernel stack of the current thread; coming
 * from user mode the stack is empty. The CPU sets PAN and masks everything; SErrors are let in again as soon as the
 * frame is whole, interrupts by C where it may.
 */
#include "asm.h"

	.text

.macro SAVE_GENERAL
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x22, elr_el1
	mrs	x23, spsr_el1
	stp	x22, x23, [sp, #REGS_PC]
.endm

/* x30 and x21 (sp before the exception) complete the frame; a record for backtraces: the interrupted function's own, and where it was. */
.macro SAVE_KERNEL_CHAIN
	stp	x30, x21, [sp, #REGS_LR]
	stp	x29, x22, [sp, #(REGS_SIZE - 16)]
	add	x29, sp, #(REGS_SIZE - 16)
.endm

.macro LOAD_GENERAL
	ldp	x22, x23, [sp, #REGS_PC]
	msr	elr_el1, x22
	msr	spsr_el1, x23
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #REGS_LR]
	ldp	x0, x1, [sp]
	add	sp, sp, #REGS_SIZE
.endm

/* From user mode: a fresh frame chain begins here. */
.macro ENTER_USER
	sub	sp, sp, #REGS_SIZE
	stp	x0, x1, [sp]
	SAVE_GENERAL
	mrs	x21, sp_el0
	stp	x30, x21, [sp, #REGS_LR]
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp
.endm

/*
 * From the kernel: is there room on the stack? Bit KSTACK_SIZE of a good stack pointer is set. The test needs a register
 * and there is none, so sp carries x0 for two instructions.
 */
.macro ENTER_KERNEL
	sub	sp, sp, #REGS_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tbz	x0, #KSTACK_SHIFT, stack_overflow
	sub	x0, sp, x0
	sub	sp, sp, x0
	stp	x0, x1, [sp]
	SAVE_GENERAL
	add	x21, sp, #REGS_SIZE
	SAVE_KERNEL_CHAIN
	msr	daifclr, #4
	mov	x0, sp
.endm

.macro VECTOR target
	.balign	128
	b	\target
.endm

.macro BAD which
	.balign	128
	sub	sp, sp, #REGS_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\which
	b	bad_entry
.endm

	.balign	2048
	.globl	vectors
vectors:
	BAD	0				/* current EL, SP_EL0: never used */
	BAD	1
	BAD	2
	BAD	3
	VECTOR	kernel_sync
	VECTOR	kernel_irq
	BAD	6
	BAD	7
	VECTOR	user_sync
	VECTOR	user_irq
	BAD	10
	BAD	11
	BAD	12				/* AArch32: we start no such program */
	BAD	13
	BAD	14
	BAD	15

FUNC(user_sync)
	ENTER_USER
	mrs	x1, esr_el1
	lsr	x2, x1, #26
	cmp	x2, #0x15			/* SVC from AArch64 */
	b.ne	1f
	ldr	x2, [sp]
	str	x2, [sp, #(REGS_PC + 16)]	/* first_arg */
	msr	daifclr, #6			/* interrupts, SError */
	bl	trap_syscall
	b	return_to_user
1:	msr	daifclr, #4
	bl	arm64_user_sync
END(user_sync)
	/* falls through */

FUNC(return_to_user)
	msr	daifset, #2
	mrs	x1, tpidr_el1
	ldr	w2, [x1, #THREAD_WORK]
	cbnz	w2, 2f
1:	ldr	x21, [sp, #REGS_SP]
	msr	sp_el0, x21
	LOAD_GENERAL
	eret
2:	mov	x0, sp
	bl	trap_user_work
	b	1b
END(return_to_user)

FUNC(user_irq)
	ENTER_USER
	msr	daifclr, #4
	bl	arm64_interrupt
	b	return_to_user
END(user_irq)

FUNC(kernel_sync)
	ENTER_KERNEL
	mrs	x1, esr_el1
	bl	arm64_kernel_sync
	b	return_to_kernel
END(kernel_sync)

FUNC(kernel_irq)
	ENTER_KERNEL
	bl	arm64_interrupt
END(kernel_irq)
	/* falls through */

FUNC(return_to_kernel)
	msr	daifset, #2
	LOAD_GENERAL
	eret
END(return_to_kernel)

/*
 * x0 = where the frame would have begun, sp = that plus x0 as it was. The report runs on this CPU's emergency stack. No
 * user program goes on from here, so its thread registers serve as scratch and every other register is reported.
 */
FUNC(stack_overflow)
	msr	tpidrro_el0, x0
	sub	x0, sp, x0
	msr	tpidr_el0, x0
	mrs	x0, contextidr_el1		/* cpu_number() */
	add	x0, x0, #1
	lsl	x0, x0, #EMERGENCY_SHIFT
	mov	sp, x0
	ldr	x0, =emergency_stacks
	add	sp, sp, x0
	sub	sp, sp, #REGS_SIZE
	mrs	x0, tpidr_el0
	stp	x0, x1, [sp]
	SAVE_GENERAL
	mrs	x21, tpidrro_el0
	add	x21, x21, #REGS_SIZE
	SAVE_KERNEL_CHAIN
	mov	x0, sp
	mrs	x1, esr_el1
	bl	arm64_stack_overflow
END(stack_overflow)

FUNC(bad_entry)
	SAVE_GENERAL
	mov	x2, x1
	add	x21, sp, #REGS_SIZE
	SAVE_KERNEL_CHAIN
	mrs	x1, esr_el1
	mov	x0, sp
	bl	arm64_bad_entry
END(bad_entry)

/* trap_enter_user(regs, stack_top): the frame goes to the top of the stack, and from there to user mode. */
FUNC(trap_enter_user)
	msr	daifset, #2
	sub	x1, x1, #REGS_SIZE
	mov	sp, x1
	/* from the end: *regs may lie on this stack, and reach into the place of the frame */
	add	x0, x0, #REGS_SIZE
	add	x1, x1, #REGS_SIZE
	mov	x3, #REGS_SIZE
1:	ldp	x4, x5, [x0, #-16]!
	stp	x4, x5, [x1, #-16]!
	subs	x3, x3, #16
	b.ne	1b
	b	return_to_user
END(trap_enter_user)
	.ltorg

	.bss
	.balign	16
emergency_stacks:
	.skip	MAX_CPUS << EMERGENCY_SHIFT

	.section .note.GNU-stack, "", %progbits

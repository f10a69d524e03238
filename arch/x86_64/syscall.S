/* SPDX-License-Identifier: MIT */
/*
 * System calls. SYSCALL leaves the return address in RCX and the flags in R11, changes no stack, and starts here
 * with interrupts off (SDM vol. 2B, SYSCALL). The frame is the one every trap makes.
 */
#include "asm.h"

	.text

FUNC(syscall_entry)
	swapgs
	movq %rsp, %gs:CPU_USER_SP
	movq %gs:CPU_STACK_TOP, %rsp
	pushq $SEL_USER_DATA
	pushq %gs:CPU_USER_SP
	pushq %r11
	pushq $SEL_USER_CODE
	pushq %rcx
	pushq %rax
	pushq %rdi
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
	sti
	movq %rsp, %rdi
	call trap_syscall
	cli
	movq %gs:CPU_CURRENT, %rax
	cmpl $0, THREAD_WORK(%rax)
	jne exit_work

	/*
	 * SYSRET loads pc and flags from RCX and R11: right only if the frame still says what SYSCALL said. It ignores
	 * RF and traps with the kernel's privilege on a pc that is not canonical; both go by IRETQ, which the
	 * signal path and execve need anyhow.
	 */
	movq REGS_RIP(%rsp), %rcx
	movq REGS_FLAGS(%rsp), %r11
	cmpq %rcx, REGS_RCX(%rsp)
	jne exit_checked
	cmpq %r11, REGS_R11(%rsp)
	jne exit_checked
	testl $(FLAG_RF | FLAG_TF), %r11d
	jnz exit_checked
	movq %rcx, %rax
	shrq $47, %rax
	jnz exit_checked

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
	movq REGS_SIZE - 16 - REGS_ERROR(%rsp), %rsp /* the user's: nothing may interrupt, and an NMI has a stack of its own */
	swapgs
	sysretq
END(syscall_entry)

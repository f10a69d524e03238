/* SPDX-License-Identifier: MIT */
#include "asm.h"

	.text

/* switch_stacks(&save, load): what a C function must preserve goes to the old stack and comes from the new
 * (System V ABI, 3.2.1). thread.c has the layout. */
FUNC(switch_stacks)
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
END(switch_stacks)

/* A new thread's first switch returns to here. */
FUNC(stack_begin)
	movq %r13, %rdi
	call *%r12
	ud2
END(stack_begin)

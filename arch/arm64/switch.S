/* SPDX-License-Identifier: MIT */
#include "asm.h"

	.text

/* switch_stacks(&save, load): what a C function must preserve goes to the old stack and comes from the new (AAPCS64, 6.1.1). thread.c has
 * the layout. */
FUNC(switch_stacks)
	stp	x19, x20, [sp, #-96]!
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	x19, x20, [sp], #96
	ret
END(switch_stacks)

/* A new thread's first switch returns to here. */
FUNC(stack_begin)
	mov	x0, x20
	blr	x19
	brk	#0
END(stack_begin)

	.section .note.GNU-stack, "", %progbits

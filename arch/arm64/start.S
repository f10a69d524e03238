/* SPDX-License-Identifier: MIT */
/* Where the other CPUs start (PSCI CPU_ON): MMU off, x0 = physical address of struct start. */
#include "asm.h"

	.section .boot, "ax"
	.globl	secondary_entry
secondary_entry:
	mov	x20, x0
	bl	drop_to_el1
	ldp	x0, x1, [x20]			/* identity and kernel tables */
	ldp	x21, x22, [x20, #16]		/* stack, argument */
	bl	mmu_on
	ldr	x2, =secondary_high
	br	x2
	.ltorg

	.text
secondary_high:
	mov	sp, x21
	mov	x29, #0
	mov	x30, #0
	mov	x0, x22
	b	smp_begin
	.ltorg

	.section .note.GNU-stack, "", %progbits

/* SPDX-License-Identifier: MIT */
/* Where a program begins: the kernel left argc, argv, envp and the auxiliary vector on the stack (AAPCS64). */
	.globl _start
_start:
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp
	bl	program_start
	brk	#0

	.section .note.GNU-stack, "", @progbits

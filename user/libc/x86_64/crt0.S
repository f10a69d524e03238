/* SPDX-License-Identifier: MIT */
/* Where a program begins: the kernel left argc, argv, envp and the auxiliary vector on the stack (System V ABI, 3.4.1). */
	.globl _start
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	program_start
	hlt

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/* long thread_clone(void *stack_top, void *tls, int *alive, void (*run)(void *), void *arg) */

#define SYS_clone 56
#define SYS_exit 60
#define FLAGS 0x2d0f00 /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS CHILD_CLEARTID */

	.globl thread_clone
thread_clone:
	sub	$16, %rdi
	mov	%rcx, (%rdi)
	mov	%r8, 8(%rdi)
	mov	%rdx, %r10
	mov	%rsi, %r8
	mov	%rdi, %rsi
	mov	$FLAGS, %edi
	xor	%edx, %edx
	mov	$SYS_clone, %eax
	syscall
	test	%rax, %rax
	jnz	1f
	xor	%ebp, %ebp
	pop	%rax
	pop	%rdi
	call	*%rax
	xor	%edi, %edi
	mov	$SYS_exit, %eax
	syscall
	hlt
1:	ret

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * From the loader to C. Two ways in, both 32-bit, flat, paging off, and both with a physical address in EBX:
 * PVH (EBX = start info; Xen docs/misc/pvh.pandoc, "boot-start-of-day ABI") and Multiboot2 (EAX = 36d76289h, EBX = boot
 * information; Multiboot2 Specification 2.0, 3.3). Page tables for the way: 4 GiB of physical memory at 0 (where we
 * are), at DIRECT_MAP (where C looks for physical memory), and its first GiB at KERNEL_OFFSET (where we go).
 * map.c replaces them before anything else happens, so that nothing is left at 0.
 */
#include "asm.h"

#define PHYS(symbol) ((symbol) - KERNEL_OFFSET)
#define TABLE_BITS 0x3	/* present, writable */
#define LARGE_BITS 0x83 /* and 2 MiB */

#define MB2_MAGIC 0xe85250d6
#define MB2_ARCH_I386 0
#define MB2_TAG_ENTRY 3
#define MB2_TAG_MODULE_ALIGN 6

	.section .boot.header, "a"
	.balign 8
mb2_header:
	.long MB2_MAGIC, MB2_ARCH_I386, mb2_header_end - mb2_header
	.long -(MB2_MAGIC + MB2_ARCH_I386 + (mb2_header_end - mb2_header))
	/* modules start at a page */
	.word MB2_TAG_MODULE_ALIGN, 0
	.long 8
	.word 0, 0 /* end */
	.long 8
mb2_header_end:

	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pvh_start

	.section .boot, "ax"
	.code32
	.globl pvh_start, _start
pvh_start:
	xorl %eax, %eax
_start:
	cli
	cld
	movl %eax, %esi /* which loader: boot_main's first argument is made from it, */
	movl %ebx, %edi /* ... and from this its second */
	movl $PHYS(boot_stack_top), %esp
	call long_mode_check
	call tables_fill

	movl $(CR4_PAE | CR4_PGE), %eax
	movl %eax, %cr4
	movl $PHYS(early_pml4), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $(CR0_PG | CR0_PE | CR0_WP | CR0_NE | CR0_MP | CR0_AM), %eax
	movl %eax, %cr0
	lgdt boot_gdtr
	ljmp $SEL_KERNEL_CODE, $long_mode

	/* Long mode and no-execute, or the end. */
long_mode_check:
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb 1f
	movl $0x80000001, %eax
	cpuid
	andl $0x20100000, %edx
	cmpl $0x20100000, %edx
	jne 1f
	ret
1:	movl $no_long_mode, %esi
	movw $0x3f8, %dx
2:	lodsb
	outb %al, %dx
	testb %al, %al
	jnz 2b
	movb $1, %al
	outb %al, $0xf4
3:	hlt
	jmp 3b

	/* The tables are zero already: .bss. */
tables_fill:
	movl $LARGE_BITS, %eax
	movl $PHYS(early_pd), %ebx
	movl $2048, %ecx
1:	movl %eax, (%ebx)
	addl $0x200000, %eax
	addl $8, %ebx
	loop 1b

	movl $(PHYS(early_pd) + TABLE_BITS), %eax
	movl %eax, PHYS(early_pdpt_image) + 510 * 8
	movl $PHYS(early_pdpt), %ebx
	movl $4, %ecx
2:	movl %eax, (%ebx)
	addl $0x1000, %eax
	addl $8, %ebx
	loop 2b

	movl $(PHYS(early_pdpt) + TABLE_BITS), %eax
	movl %eax, PHYS(early_pml4)
	movl %eax, PHYS(early_pml4) + 256 * 8
	movl $(PHYS(early_pdpt_image) + TABLE_BITS), %eax
	movl %eax, PHYS(early_pml4) + 511 * 8
	ret

	.code64
long_mode:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movq $high, %rax
	jmp *%rax

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code */
boot_gdtr:
	.word boot_gdtr - boot_gdt - 1
	.long boot_gdt, 0
no_long_mode:
	.asciz "faultline: this CPU has no 64-bit mode with no-execute pages, which the kernel needs\r\n"

	.text
high:
	movq $boot_stack_top, %rsp
	xchgl %esi, %edi
	xorl %ebp, %ebp
	pushq $0 /* no return address: backtraces end here */
	jmp boot_main

	/* The page below the stack is left out of the map: running over the stack faults. */
	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard:
	.skip 4096
boot_stack:
	.skip KSTACK_SIZE
boot_stack_top:
early_pml4:
	.skip 4096
early_pdpt:
	.skip 4096
early_pdpt_image:
	.skip 4096
early_pd:
	.skip 4 * 4096

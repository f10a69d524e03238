/* SPDX-License-Identifier: MIT */
/* Constants that C, the assembler and linker.ld share: numbers only. */
#ifndef ARCH_X86_64_LAYOUT_H
#define ARCH_X86_64_LAYOUT_H

/* The image is loaded at 1 MiB, runs in the last 2 GiB (the kernel code model reaches only there), and starts at its
 * physical address, where paging is off. */
#define LAYOUT_PHYS 0x100000
#define LAYOUT_VIRT 0xffffffff80100000
#define LAYOUT_BOOT LAYOUT_PHYS
#define KERNEL_OFFSET 0xffffffff80000000 /* virtual minus physical, inside the image */

/* One page below 1 MiB from which the other CPUs start (their start address is a page number of 8 bits). */
#define LAYOUT_TRAMPOLINE 0x8000

#define KSTACK_SIZE 0x4000
#define MAX_CPUS 8

/* Segment selectors. SYSCALL and SYSRET fix their order: kernel code, kernel data; 32-bit user code (never used), user
 * data, user code (Intel SDM vol. 3A 5.8.8). */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_BASE 0x18
#define SEL_USER_DATA 0x23
#define SEL_USER_CODE 0x2b
#define SEL_TSS 0x30

/* Stacks of the interrupt stack table: for what may hit when the current stack cannot be trusted. */
#define IST_DOUBLE_FAULT 1
#define IST_NMI 2
#define IST_STACK_SIZE 0x2000

/* Control register bits (SDM vol. 3A 2.5). */
#define CR0_PE 0x1
#define CR0_MP 0x2
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_AM 0x40000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define CR4_PGE 0x80
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_UMIP 0x800
#define CR4_OSXSAVE 0x40000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000

#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SCE 0x1
#define EFER_LME 0x100
#define EFER_NXE 0x800

#define FLAG_TF 0x100
#define FLAG_IF 0x200
#define FLAG_DF 0x400
#define FLAG_IOPL 0x3000
#define FLAG_NT 0x4000
#define FLAG_RF 0x10000
#define FLAG_AC 0x40000

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Where the machine enters us: as a Linux Image (x0 = device tree; Linux Documentation/arm64/booting.rst), or as an ELF started by QEMU
 * (x0 means nothing; the device tree is at the base of RAM). MMU off, at EL2 or EL1, on one CPU.
 *
 * The first tables map the image where it is linked, and the gigabytes that hold the image and the device tree where they are.
 */
#include "asm.h"

	.section .boot.header, "ax"
	.globl _start
_start:
	b	boot_entry
	nop
	.quad	0			/* text offset: none but the 2 MiB alignment */
	.quad	_image_size
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.section .boot, "ax"
boot_entry:
	mov	x20, x0
	bl	drop_to_el1

	/* the device tree: at x0 if its magic is there, else where QEMU puts it */
	MOV64	x21, FDT_PLACE
	cbz	x20, 1f
	tst	x20, #7
	b.ne	1f
	ldr	w1, [x20]
	MOV64	x2, 0xedfe0dd0
	cmp	w1, w2
	csel	x21, x20, x21, eq
1:
	/* x19: where the image is, minus where it is linked */
	adr	x19, _start
	MOV64	x1, LAYOUT_VIRT
	sub	x19, x19, x1

	/* .bss is ours to clear: a raw image brings none */
	ldr	x0, =_bss
	ldr	x1, =_ebss
	add	x0, x0, x19
	add	x1, x1, x19
2:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	2b

	bl	build_tables
	bl	mmu_on
	ldr	x0, =boot_high
	br	x0

/* Registers x0 to x9 only. x19: physical minus virtual. x21: device tree. */
build_tables:
	mov	x9, x30
	ldr	x0, =boot_identity_l0
	add	x0, x0, x19
	ldr	x1, =boot_identity_l1
	add	x1, x1, x19
	orr	x2, x1, #PTE_PAGE
	str	x2, [x0]			/* the first 512 GiB */
	MOV64	x3, (PTE_BLOCK | PTE_AF | PTE_INNER | PTE_ATTR(ATTR_NORMAL))
	adr	x4, _start
	bl	map_gigabyte
	ldr	x4, =_end
	add	x4, x4, x19
	add	x4, x4, #0x200000		/* tables to come lie behind the image */
	bl	map_gigabyte
	mov	x4, x21
	bl	map_gigabyte

	/* the image: 2 MiB blocks from LAYOUT_VIRT on, in the last two gigabytes of the address space */
	ldr	x0, =boot_high_l0
	add	x0, x0, x19
	ldr	x1, =boot_high_l1
	add	x1, x1, x19
	ldr	x2, =boot_high_l2
	add	x2, x2, x19
	orr	x4, x1, #PTE_PAGE
	str	x4, [x0, #(511 * 8)]
	orr	x4, x2, #PTE_PAGE
	str	x4, [x1, #(510 * 8)]
	adr	x4, _start
	orr	x4, x4, x3
	ldr	x5, =_end
	MOV64	x6, LAYOUT_VIRT
	add	x2, x2, #8			/* LAYOUT_VIRT is the second block */
3:	str	x4, [x2], #8
	add	x4, x4, #0x200000
	add	x6, x6, #0x200000
	cmp	x6, x5
	b.lo	3b
	ret	x9

/* Maps the gigabyte of x4 to itself: entry bits in x3, table in x1. */
map_gigabyte:
	ubfx	x5, x4, #30, #9
	lsl	x6, x5, #30
	orr	x6, x6, x3
	str	x6, [x1, x5, lsl #3]
	ret

/* From EL2 to EL1 with nothing trapped; from EL1, nothing to do. Uses x0, x1. (Arm ARM D17.2) */
	.globl	drop_to_el1
drop_to_el1:
	msr	daifset, #0xf
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	4f
	mov	x0, #(1 << 31)			/* HCR_EL2: EL1 is AArch64; no VHE, no traps */
	msr	hcr_el2, x0
	isb
	mov	x0, #3
	msr	cnthctl_el2, x0			/* the counter and timer are EL1's */
	msr	cntvoff_el2, xzr
	mov	x0, #0x33ff
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	mrs	x0, s3_4_c12_c9_5		/* ICC_SRE_EL2: system registers, for EL1 too */
	mov	x1, #9
	orr	x0, x0, x1
	msr	s3_4_c12_c9_5, x0
	isb
	MOV64	x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #(PSR_D | PSR_A | PSR_I | PSR_F | PSR_EL1H)
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret
4:	ret

/* Turns the MMU on with the first tables. Uses x0 to x3; x19 as above. */
	.globl	mmu_on
mmu_on:
	ldr	x0, =boot_identity_l0
	add	x0, x0, x19
	ldr	x1, =boot_high_l0
	add	x1, x1, x19
	.globl	mmu_on_with
mmu_on_with:				/* tables in x0 and x1 */
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x1
	mov	x0, #MAIR_VALUE
	msr	mair_el1, x0
	MOV64	x0, (TCR_T0SZ | TCR_T1SZ | TCR_WALK0 | TCR_WALK1 | TCR_TG1_4K | TCR_TBI0)
	mrs	x1, id_aa64mmfr0_el1
	and	x2, x1, #0xf			/* physical address size, at most 48 bits */
	mov	x3, #5
	cmp	x2, x3
	csel	x2, x2, x3, lo
	orr	x0, x0, x2, lsl #TCR_IPS_SHIFT
	ubfx	x2, x1, #5, #1			/* ASIDBits: 2 means 16 */
	orr	x0, x0, x2, lsl #TCR_AS_SHIFT
	mrs	x1, id_aa64mmfr1_el1
	tst	x1, #0xf			/* HAFDBS: the hardware sets access flags */
	cset	x2, ne
	orr	x0, x0, x2, lsl #TCR_HA_SHIFT
	msr	tcr_el1, x0
	mov	x0, #(3 << 20)			/* FP and SIMD trap nowhere */
	msr	cpacr_el1, x0
	msr	mdscr_el1, xzr
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	MOV64	x0, SCTLR_VALUE
	msr	sctlr_el1, x0
	isb
	ret
	.ltorg

	.text
boot_high:
	ldr	x0, =boot_stack_top
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0
	ldr	x0, =image_offset
	str	x19, [x0]
	mov	x0, x21
	b	boot_main
	.ltorg

	.section .bss.page, "aw", %nobits
	.balign	4096
	.globl	boot_identity_l0
boot_identity_l0:
	.skip	4096
boot_identity_l1:
	.skip	4096
boot_high_l0:
	.skip	4096
boot_high_l1:
	.skip	4096
boot_high_l2:
	.skip	4096
	/* like any kernel stack: bit KSTACK_SIZE is set from its base to its top, and clear in the guard below */
	.balign	2 * KSTACK_SIZE
	.globl	boot_stack_guard
boot_stack_guard:
	.skip	KSTACK_SIZE
	.globl	boot_stack
boot_stack:
	.skip	KSTACK_SIZE
	.globl	boot_stack_top
boot_stack_top:

	.section .note.GNU-stack, "", %progbits

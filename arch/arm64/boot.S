/* SPDX-License-Identifier: MIT */
/*
 * Where the machine enters us: as a Linux Image (x0 = device tree; Linux Documentation/arm64/booting.rst), or as an ELF
 * started by QEMU (x0 = 0, the device tree is at the base of RAM). MMU off, at EL2 or EL1, on one CPU, anywhere in
 * memory at a multiple of 2 MiB.
 *
 * The first tables map the image where it is linked, and the gigabytes that hold the image and the device tree where
 * they are. Only these tables are written with the MMU off, and so past the caches: what a cache held of them before is
 * thrown away afterwards, or the walker, which looks there first, would find that (Arm ARM B2.8, D8.2).
 */
#include "asm.h"

#define BOOT_TABLES_SIZE (5 * 4096)

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

	/* x21: the device tree, at x0 if its magic is there, else where QEMU puts it */
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

	ldr	x0, =boot_tables
	add	x0, x0, x19
	add	x1, x0, #BOOT_TABLES_SIZE
	mov	x2, x0
2:	stp	xzr, xzr, [x2], #16
	cmp	x2, x1
	b.lo	2b
	bl	build_tables
	dmb	sy
3:	dc	ivac, x0
	add	x0, x0, #16			/* less than any cache line */
	cmp	x0, x1
	b.lo	3b
	dsb	sy

	ldr	x0, =boot_identity_l0
	add	x0, x0, x19
	ldr	x1, =boot_high_l0
	add	x1, x1, x19
	bl	mmu_on
	ldr	x0, =boot_high
	br	x0

/* Keeps x0 and x1; uses x2 to x9. */
build_tables:
	mov	x9, x30
	ldr	x2, =boot_identity_l0
	add	x2, x2, x19
	ldr	x3, =boot_identity_l1
	add	x3, x3, x19
	orr	x4, x3, #PTE_PAGE
	str	x4, [x2]			/* the first 512 GiB */
	MOV64	x4, (PTE_BLOCK | PTE_AF | PTE_INNER | PTE_ATTR(ATTR_NORMAL))
	adr	x5, _start
	bl	map_gigabyte
	ldr	x5, =_end
	add	x5, x5, x19
	add	x5, x5, #0x200000		/* tables to come lie behind the image */
	bl	map_gigabyte
	mov	x5, x21
	bl	map_gigabyte
	add	x5, x21, #FDT_MAX
	bl	map_gigabyte

	/* the image: 2 MiB blocks from LAYOUT_VIRT on, in the last two gigabytes of the address space */
	ldr	x2, =boot_high_l0
	add	x2, x2, x19
	ldr	x3, =boot_high_l1
	add	x3, x3, x19
	orr	x5, x3, #PTE_PAGE
	str	x5, [x2, #(511 * 8)]
	ldr	x2, =boot_high_l2
	add	x2, x2, x19
	orr	x5, x2, #PTE_PAGE
	str	x5, [x3, #(510 * 8)]
	adr	x5, _start
	orr	x5, x5, x4
	ldr	x6, =_end
	MOV64	x7, LAYOUT_VIRT
	add	x2, x2, #8			/* LAYOUT_VIRT is the second block */
4:	str	x5, [x2], #8
	add	x5, x5, #0x200000
	add	x7, x7, #0x200000
	cmp	x7, x6
	b.lo	4b
	ret	x9

/* Maps the gigabyte of x5 to itself: table in x3, entry bits in x4. */
map_gigabyte:
	ubfx	x6, x5, #30, #9
	lsl	x7, x6, #30
	orr	x7, x7, x4
	str	x7, [x3, x6, lsl #3]
	ret

/* Turns the MMU on: tables in x0 (TTBR0) and x1 (TTBR1). Uses x0 to x3. */
	.globl	mmu_on
mmu_on:
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
	mov	x0, #(3 << 20)			/* FP and SIMD trap nowhere, SVE and SME do */
	msr	cpacr_el1, x0
	msr	mdscr_el1, xzr
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	MOV64	x0, SCTLR_VALUE
	msr	sctlr_el1, x0
	isb
	ret

/*
 * ttbr1_load(new, empty): both map us, but in blocks of different size, and no two such translations may be live at once
 * (Arm ARM D8.14, break before make). So this runs where it is in memory, through TTBR0, and the old table goes first.
 */
	.globl	ttbr1_load
ttbr1_load:
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret
	.ltorg

	.text
FUNC(boot_high)
	ldr	x0, =boot_stack_top
	mov	sp, x0
	mov	x29, #0
	mov	x30, #0

	/* a raw image brings no zeros for .bss; its first pages are the tables we run on */
	ldr	x22, =boot_tables
	add	x23, x22, #BOOT_TABLES_SIZE
	ldr	x24, =_ebss
	ldr	x25, =_bss
1:	cmp	x25, x22
	csel	x25, x23, x25, eq
	mov	x0, x25
	bl	arch_page_zero
	add	x25, x25, #4096
	cmp	x25, x24
	b.lo	1b

	ldr	x0, =image_offset
	str	x19, [x0]
	mov	x0, x21
	mov	x30, #0
	b	boot_main
END(boot_high)
	.ltorg

	.section .bss.page, "aw", %nobits
	.balign	4096
boot_tables:
	.globl	boot_identity_l0, boot_identity_l1
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
	.if	. - boot_tables != BOOT_TABLES_SIZE
	.error	"BOOT_TABLES_SIZE"
	.endif
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

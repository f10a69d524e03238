/* SPDX-License-Identifier: MIT */
/*
 * From EL2 to EL1 with nothing trapped on the way; the kernel has no use for EL2. What a register of EL2 holds after
 * reset is unknown (Arm ARM, each register's description), so each one that could trap EL1 or EL0 is written. E2H is
 * written 0, which makes the registers mean the same with and without VHE.
 */
#include "asm.h"

#define HCR_RW (1 << 31)	     /* EL1 is AArch64 */
#define HCR_APK_API (3 << 40)	     /* pointer authentication does not trap */
#define HCR_ATA (1 << 56)	     /* nor do allocation tags */
#define CNTHCTL_EL1 3		     /* nor the counter and the physical timer */
#define CPTR_RES1 0x33ff	     /* nor FP and SIMD; SVE and SME do, but CPACR_EL1 catches them first */

#define ICC_SRE_EL2 s3_4_c12_c9_5
#define ICH_HCR_EL2 s3_4_c12_c11_0
#define HFGRTR_EL2 s3_4_c1_c1_4
#define HFGWTR_EL2 s3_4_c1_c1_5
#define HFGITR_EL2 s3_4_c1_c1_6
#define HDFGRTR_EL2 s3_4_c3_c1_4
#define HDFGWTR_EL2 s3_4_c3_c1_5

	.section .boot, "ax"

/* Returns at EL1, everything masked, MMU off. Uses x0 and x1. */
	.globl	drop_to_el1
drop_to_el1:
	msr	daifset, #0xf
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	9f
	MOV64	x0, (HCR_RW | HCR_APK_API | HCR_ATA)
	msr	hcr_el2, x0
	isb
	mov	x0, #CNTHCTL_EL1
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr		/* the virtual counter is the physical one */
	mov	x0, #CPTR_RES1
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0

	/* debug and performance monitors: no traps, all counters EL1's */
	mrs	x0, id_aa64dfr0_el1
	ubfx	x0, x0, #8, #4			/* PMUVer: 0 none, 15 not architected */
	sub	x0, x0, #1
	cmp	x0, #14
	mov	x1, xzr
	b.hs	1f
	mrs	x1, pmcr_el0
	ubfx	x1, x1, #11, #5
1:	msr	mdcr_el2, x1

	/* fine-grained traps, where they exist */
	mrs	x0, id_aa64mmfr0_el1
	ubfx	x0, x0, #56, #4
	cbz	x0, 2f
	msr	HFGRTR_EL2, xzr
	msr	HFGWTR_EL2, xzr
	msr	HFGITR_EL2, xzr
	msr	HDFGRTR_EL2, xzr
	msr	HDFGWTR_EL2, xzr

	/* the GIC's system registers, if it has any: a GICv2 is refused later, by name */
2:	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #24, #4
	cbz	x0, 3f
	mrs	x0, ICC_SRE_EL2
	orr	x0, x0, #1
	orr	x0, x0, #8
	msr	ICC_SRE_EL2, x0
	isb
	msr	ICH_HCR_EL2, xzr

3:	MOV64	x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #(PSR_D | PSR_A | PSR_I | PSR_F | PSR_EL1H)
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret
9:	ret

	.section .note.GNU-stack, "", %progbits

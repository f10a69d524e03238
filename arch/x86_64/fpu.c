/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE and AVX state of user programs: one area a thread, saved when the thread is switched out and loaded when
 * it comes back. The kernel itself uses none of these registers (it is compiled so), hence traps save nothing here.
 * SDM vol. 1 chapter 13 (XSAVE), 10.5 (FXSAVE).
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/string.h"

#define XSTATE_AVX 4u
#define XSTATE_AVX512 0xe0u /* mask registers, upper halves, upper sixteen: all or none (SDM vol. 1 13.3) */

#define FCW_AT 0
#define MXCSR_MASK_AT 28
#define FCW_DEFAULT 0x37f  /* what a Linux program starts with: all exceptions masked, 64-bit mantissa */
#define MXCSR_DEFAULT 0x1f80

#define MXCSR_MASK_DEFAULT 0xffbf /* where FXSAVE stores none (SDM vol. 1 11.6.6) */

/* The same on all CPUs, written by each before it runs anything else. */
struct fpu_format fpu_format = { .size = FPU_LEGACY_SIZE };

static void xcr0_write(uint32_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"(v), "d"(0));
}

static uint32_t mxcsr_mask(void)
{
	uint8_t area[FPU_LEGACY_SIZE] __attribute__((aligned(16)));
	uint32_t mask;

	memset(area, 0, sizeof(area));
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	memcpy(&mask, area + MXCSR_MASK_AT, sizeof(mask));
	return mask ? mask : MXCSR_MASK_DEFAULT;
}

void fpu_init_self(void)
{
	uint32_t r[4], states = XSTATE_X87 | XSTATE_SSE;

	fpu_format.mxcsr_mask = mxcsr_mask();
	if (!cpu_has.xsave)
		return;
	cpuid(0xd, 0, r);
	states |= r[0] & XSTATE_AVX;
	if (states & XSTATE_AVX && (r[0] & XSTATE_AVX512) == XSTATE_AVX512)
		states |= XSTATE_AVX512;
	xcr0_write(states);
	cpuid(0xd, 0, r);
	fpu_format.states = states;
	fpu_format.size = r[1]; /* for what XCR0 has enabled now */
}

void fpu_save(void *area)
{
	if (cpu_has.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(fpu_format.states), "d"(0) : "memory");
	else if (cpu_has.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(fpu_format.states), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

/* Without the optimisation, which leaves out what is in its initial state: every byte of the area is right afterwards. */
void fpu_save_whole(void *area)
{
	if (cpu_has.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(fpu_format.states), "d"(0) : "memory");
	else
		fpu_save(area);
}

void fpu_load(const void *area)
{
	if (cpu_has.xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(fpu_format.states), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* A zero header says that every component is in its initial state, except MXCSR, which is always loaded. */
void fpu_reset(void *area)
{
	uint8_t *a = area;

	memset(a, 0, fpu_format.size);
	memcpy(a + FCW_AT, &(uint16_t){FCW_DEFAULT}, 2);
	memcpy(a + FPU_MXCSR_AT, &(uint32_t){MXCSR_DEFAULT}, 4);
}

void *fpu_alloc(void)
{
	void *area = arch_mem_alloc(fpu_format.size);

	if (area)
		fpu_reset(area);
	return area;
}

void fpu_copy(void *to, const void *from)
{
	memcpy(to, from, fpu_format.size);
}

void fpu_free(void *area)
{
	if (area)
		arch_mem_free(area, fpu_format.size);
}

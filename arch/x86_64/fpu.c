/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE and AVX state of user programs: one area a thread, saved when the thread is switched out and loaded when
 * it comes back. The kernel itself uses none of these registers (it is compiled so), hence traps save nothing here.
 * SDM vol. 1 chapter 13 (XSAVE), 10.5 (FXSAVE).
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/string.h"

#define XSTATE_X87 1u
#define XSTATE_SSE 2u
#define XSTATE_AVX 4u

#define LEGACY_SIZE 512u
#define FCW_AT 0
#define MXCSR_AT 24
#define FCW_DEFAULT 0x37f  /* what a Linux program starts with: all exceptions masked, 64-bit mantissa */
#define MXCSR_DEFAULT 0x1f80

static uint32_t area_size = LEGACY_SIZE;
static uint32_t state_mask; /* XCR0 */

static void xcr0_write(uint32_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"(v), "d"(0));
}

void fpu_init_self(void)
{
	uint32_t r[4];

	if (!cpu_has.xsave)
		return;
	cpuid(0xd, 0, r);
	state_mask = r[0] & (XSTATE_X87 | XSTATE_SSE | XSTATE_AVX);
	xcr0_write(state_mask);
	cpuid(0xd, 0, r);
	area_size = r[1]; /* for what XCR0 has enabled now */
}

void fpu_save(void *area)
{
	if (cpu_has.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(state_mask), "d"(0) : "memory");
	else if (cpu_has.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(state_mask), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_load(const void *area)
{
	if (cpu_has.xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(state_mask), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* A zero header says that every component is in its initial state, except MXCSR, which is always loaded. */
void fpu_reset(void *area)
{
	uint8_t *a = area;

	memset(a, 0, area_size);
	memcpy(a + FCW_AT, &(uint16_t){FCW_DEFAULT}, 2);
	memcpy(a + MXCSR_AT, &(uint32_t){MXCSR_DEFAULT}, 4);
}

void *fpu_alloc(void)
{
	void *area = arch_mem_alloc(area_size);

	if (area)
		fpu_reset(area);
	return area;
}

void fpu_copy(void *to, const void *from)
{
	memcpy(to, from, area_size);
}

void fpu_free(void *area)
{
	if (area)
		arch_mem_free(area, area_size);
}

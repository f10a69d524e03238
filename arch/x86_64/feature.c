/* SPDX-License-Identifier: MIT */
/* What this CPU can do (SDM vol. 2A, CPUID). All CPUs are taken to be alike. */
#include "cpu.h"

struct cpu_features cpu_has;

#define LEAF1_EDX_NEEDED ((1u << 4) | (1u << 9) | (1u << 13) | (1u << 24) | (1u << 26)) /* TSC APIC PGE FXSR SSE2 */
#define LEAF1_ECX_XSAVE (1u << 26)
#define LEAF7_EBX_SMEP (1u << 7)
#define LEAF7_EBX_SMAP (1u << 20)
#define LEAF7_ECX_UMIP (1u << 2)
#define LEAFD_EAX_XSAVEOPT (1u << 0)
#define EXT1_EDX_SYSCALL (1u << 11)
#define EXT1_EDX_1GIB (1u << 26)

void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(sub));
}

static void optional_detect(uint32_t max_leaf)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	cpu_has.xsave = r[2] & LEAF1_ECX_XSAVE;
	cpu_has.hwcap = r[3];
	if (max_leaf >= 7) {
		cpuid(7, 0, r);
		cpu_has.smep = r[1] & LEAF7_EBX_SMEP;
		cpu_has.smap = r[1] & LEAF7_EBX_SMAP;
		cpu_has.umip = r[2] & LEAF7_ECX_UMIP;
	}
	if (cpu_has.xsave && max_leaf >= 0xd) {
		cpuid(0xd, 1, r);
		cpu_has.xsaveopt = r[0] & LEAFD_EAX_XSAVEOPT;
	}
	cpuid(0x80000001, 0, r);
	cpu_has.gib_pages = r[3] & EXT1_EDX_1GIB;
}

const char *features_detect(void)
{
	uint32_t r[4], max_leaf;

	cpuid(0, 0, r);
	max_leaf = r[0];
	cpuid(1, 0, r);
	if ((r[3] & LEAF1_EDX_NEEDED) != LEAF1_EDX_NEEDED)
		return "this CPU lacks one of TSC, APIC, PGE, FXSR, SSE2, which the kernel needs";
	cpuid(0x80000001, 0, r);
	if (!(r[3] & EXT1_EDX_SYSCALL))
		return "this CPU lacks SYSCALL, which the kernel needs";
	optional_detect(max_leaf);
	return NULL;
}

#define SIGNAL_FRAME 440u /* return address, ucontext, siginfo */
#define SIGNAL_ALIGN 80u  /* what aligning the FPU state to 64 and the frame to 16 may take */

/* Linux's AT_HWCAP here is CPUID's own word; bit 1 of AT_HWCAP2 would promise FSGSBASE, which is off (cpu.c). */
struct arch_hwcap arch_hwcap(void)
{
	return (struct arch_hwcap){
		.hwcap = cpu_has.hwcap,
		.signal_stack = SIGNAL_FRAME + SIGNAL_ALIGN + arch_fpu_frame_size(),
	};
}

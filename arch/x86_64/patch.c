/* SPDX-License-Identifier: MIT */
/* Instructions that exist only on some CPUs: the sites hold a NOP of three bytes until we know (asm.h, SMAP_INSN). */
#include "cpu.h"
#include "lib/string.h"

struct patch {
	uint8_t *site;
	uint8_t insn[8]; /* the first three count */
};

extern const struct patch __patch_start[], __patch_end[];

void patch_apply(void)
{
	if (!cpu_has.smap)
		return;
	for (const struct patch *p = __patch_start; p < __patch_end; p++)
		memcpy(p->site, p->insn, 3);
}

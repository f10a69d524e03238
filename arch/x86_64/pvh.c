/* SPDX-License-Identifier: MIT */
/*
 * The PVH start structures: Xen's public/arch-x86/hvm/start_info.h, layout version 1 (the first with a memory
 * map). QEMU's -kernel fills them, by way of its firmware.
 */
#include "bootinfo.h"
#include "cpu.h"
#include "lib/string.h"
#include "map.h"

#define PVH_MAGIC 0x336ec578u
#define PVH_RAM 1u
#define FOUR_GIB (1ull << 32) /* as far as can be read now */

struct pvh_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t memory_map_entries;
	uint32_t reserved;
};

struct pvh_module {
	uint64_t start;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct pvh_range {
	uint64_t start;
	uint64_t size;
	uint32_t type; /* as in ACPI's and the PC BIOS's memory maps */
	uint32_t reserved;
};

/* QEMU's option ROM (pc-bios/optionrom/pvh_main.c) leaves the number of modules as memory had it, so it proves nothing. */
static void module_read(const struct pvh_start_info *info)
{
	const struct pvh_module *module = direct(info->modules);

	if (info->nr_modules && info->modules && info->modules < FOUR_GIB)
		bootinfo_module(module->start, module->size);
}

void pvh_read(uint64_t at)
{
	const struct pvh_start_info *info = direct(at);
	const struct pvh_range *ranges = direct(info->memory_map);

	if (info->magic != PVH_MAGIC || info->version < 1)
		boot_fail("the PVH loader gave no start info of version 1 or later");
	boot_info.loader = "pvh";
	for (uint32_t i = 0; i < info->memory_map_entries; i++) {
		if (ranges[i].type == PVH_RAM)
			bootinfo_ram(ranges[i].start, ranges[i].size);
	}
	if (info->cmdline)
		bootinfo_cmdline(direct(info->cmdline), SIZE_MAX);
	module_read(info);
	if (info->rsdp)
		memcpy(boot_rsdp, direct(info->rsdp), sizeof(boot_rsdp));
}

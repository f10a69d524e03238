/* SPDX-License-Identifier: MIT */
/*
 * The one place where boot_info is filled. The loaders' own structures are not needed any more once pvh.c or
 * multiboot2.c has returned, so nothing of theirs but the module stays reserved.
 */
#include "bootinfo.h"
#include "cpu.h"
#include "map.h"
#include <stddef.h>

#define CMDLINE_MAX 16384

extern char _end[];

struct boot_info boot_info;
uint8_t boot_rsdp[36];

static char cmdline[CMDLINE_MAX];

void bootinfo_cmdline(const char *text, size_t n)
{
	size_t i = 0;

	for (; i < n && text[i]; i++) {
		if (i == CMDLINE_MAX - 1)
			boot_fail("the command line is longer than 16383 bytes: shorten it");
		cmdline[i] = text[i];
	}
	cmdline[i] = 0;
}

/* Only whole pages count. The first page is left out: its frame number means "none". */
void bootinfo_ram(uint64_t start, uint64_t n)
{
	uint64_t end = start + n;

	if (end < start || boot_info.nr_ram == BOOT_RANGES)
		return;
	start = (start + PAGE_SIZE - 1) & -PAGE_SIZE;
	end &= -PAGE_SIZE;
	if (start < PAGE_SIZE)
		start = PAGE_SIZE;
	if (start < end)
		boot_info.ram[boot_info.nr_ram++] = (struct phys_range){start, end};
}

/* A range that begins where another ends makes it longer, so that page after page from boot_page is one range. */
void bootinfo_reserve(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < boot_info.nr_reserved; i++) {
		if (boot_info.reserved[i].end == start) {
			boot_info.reserved[i].end = end;
			return;
		}
	}
	if (boot_info.nr_reserved == BOOT_RANGES)
		boot_fail("the firmware reserves memory in too many pieces");
	boot_info.reserved[boot_info.nr_reserved++] = (struct phys_range){start, end};
}

/* The first one counts. */
void bootinfo_module(uint64_t start, uint64_t n)
{
	if (!boot_info.module.end)
		boot_info.module = (struct phys_range){start, start + n};
}

static bool is_ram(const struct phys_range *p)
{
	for (unsigned i = 0; i < boot_info.nr_ram; i++) {
		const struct phys_range *r = &boot_info.ram[i];

		if (p->start >= r->start && p->start < p->end && p->end <= r->end)
			return true;
	}
	return false;
}

static void module_check(void)
{
	struct phys_range *m = &boot_info.module;

	if (is_ram(m))
		bootinfo_reserve(m->start & -PAGE_SIZE, (m->end + PAGE_SIZE - 1) & -PAGE_SIZE);
	else
		*m = (struct phys_range){0, 0};
}

static void ram_sort(void)
{
	struct phys_range *ram = boot_info.ram;

	for (unsigned i = 1; i < boot_info.nr_ram; i++) {
		struct phys_range r = ram[i];
		unsigned j = i;

		for (; j > 0 && ram[j - 1].start > r.start; j--)
			ram[j] = ram[j - 1];
		ram[j] = r;
	}
}

/* Neighbours and overlaps become one. */
static void ram_merge(void)
{
	struct phys_range *ram = boot_info.ram;
	unsigned n = 0;

	for (unsigned i = 1; i < boot_info.nr_ram; i++) {
		if (ram[i].start > ram[n].end)
			ram[++n] = ram[i];
		else if (ram[i].end > ram[n].end)
			ram[n].end = ram[i].end;
	}
	boot_info.nr_ram = n + 1;
}

void bootinfo_finish(void)
{
	if (!boot_info.nr_ram)
		boot_fail("the boot loader gave no memory map");
	ram_sort();
	ram_merge();
	module_check();
	boot_info.cmdline = cmdline;
	bootinfo_reserve(LAYOUT_PHYS, image_phys(_end));
	bootinfo_reserve(LAYOUT_TRAMPOLINE, LAYOUT_TRAMPOLINE + PAGE_SIZE);
}

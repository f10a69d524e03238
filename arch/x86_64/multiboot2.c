/* SPDX-License-Identifier: MIT */
/* The Multiboot2 boot information: a list of tags, Multiboot2 Specification 2.0 section 3.6. */
#include "bootinfo.h"
#include "cpu.h"
#include "lib/string.h"
#include "map.h"

enum tag_type {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

#define MEMORY_RAM 1u

struct tag {
	uint32_t type;
	uint32_t size; /* this header included, padding to 8 bytes not */
};

struct tag_module {
	struct tag tag;
	uint32_t start;
	uint32_t end;
	/* and its command line */
};

struct tag_memory_map {
	struct tag tag;
	uint32_t entry_size; /* may grow in later versions */
	uint32_t entry_version;
	/* and entries */
};

struct memory_range {
	uint64_t start;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

static void memory_map_read(const struct tag_memory_map *map)
{
	const char *entry = (const char *)(map + 1);
	const char *end = (const char *)map + map->tag.size;

	if (map->entry_size < sizeof(struct memory_range))
		return;
	for (; entry + map->entry_size <= end; entry += map->entry_size) {
		const struct memory_range *r = (const void *)entry;

		if (r->type == MEMORY_RAM)
			bootinfo_ram(r->start, r->size);
	}
}

/* The root pointer comes as a copy, the first version's shorter than the second's; the longer one wins. */
static void rsdp_read(const struct tag *tag)
{
	size_t n = tag->size - sizeof(*tag);

	if (boot_rsdp[0] && tag->type == TAG_ACPI_OLD)
		return;
	memcpy(boot_rsdp, tag + 1, n < sizeof(boot_rsdp) ? n : sizeof(boot_rsdp));
}

static void tag_read(const struct tag *tag)
{
	const struct tag_module *module = (const void *)tag;

	switch (tag->type) {
	case TAG_CMDLINE:
		bootinfo_cmdline((const char *)(tag + 1), tag->size - sizeof(*tag));
		break;
	case TAG_MODULE:
		bootinfo_module(module->start, module->end - module->start);
		break;
	case TAG_MEMORY_MAP:
		memory_map_read((const void *)tag);
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		rsdp_read(tag);
		break;
	default:
		break;
	}
}

void multiboot2_read(uint64_t at)
{
	const char *info = direct(at);
	const char *end = info + *(const uint32_t *)info;
	const char *p = info + 8;

	boot_info.loader = "multiboot2";
	while (p + sizeof(struct tag) <= end) {
		const struct tag *tag = (const void *)p;

		if (tag->type == TAG_END || tag->size < sizeof(*tag))
			break;
		tag_read(tag);
		p += (tag->size + 7) & ~7ul;
	}
}

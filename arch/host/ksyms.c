/* SPDX-License-Identifier: MIT */
/* kernel/ksyms.h out of the process's own symbol table (ELF64), which is read when it is first needed: after a panic. */
#include "kernel/ksyms.h"
#include "cpu.h"
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 32

extern const char __executable_start[];

static const char *image;
static const Elf64_Shdr *symbols;

static void load(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	const Elf64_Shdr *sections;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return;
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return;
	sections = (const Elf64_Shdr *)(image + ((const Elf64_Ehdr *)image)->e_shoff);
	for (unsigned i = 0; i < ((const Elf64_Ehdr *)image)->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			symbols = &sections[i];
}

const char *ksym_find(uintptr_t pc, uint32_t *offset)
{
	uintptr_t at = pc - (uintptr_t)__executable_start;
	const Elf64_Shdr *strings;
	const Elf64_Sym *s;

	if (!image)
		load();
	if (!symbols)
		return NULL;
	strings = (const Elf64_Shdr *)(image + ((const Elf64_Ehdr *)image)->e_shoff) + symbols->sh_link;
	s = (const Elf64_Sym *)(image + symbols->sh_offset);
	for (size_t i = 0; i < symbols->sh_size / sizeof(*s); i++) {
		if (ELF64_ST_TYPE(s[i].st_info) != STT_FUNC || at < s[i].st_value || at >= s[i].st_value + s[i].st_size)
			continue;
		*offset = (uint32_t)(at - s[i].st_value);
		return image + strings->sh_offset + s[i].st_name;
	}
	return NULL;
}

void ksym_log_backtrace(uintptr_t fp)
{
	uintptr_t pcs[DEPTH];
	unsigned n = arch_backtrace(fp, pcs, DEPTH);

	for (unsigned i = 0; i < n; i++) {
		uint32_t offset = 0;
		const char *name = ksym_find(pcs[i] - 1, &offset);

		log_line("  %016lx %s+0x%x", pcs[i], name ? name : "?", offset + 1);
	}
}

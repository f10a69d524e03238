/* SPDX-License-Identifier: MIT */
#include "kernel/ksyms.h"

#include "arch/upcall.h"

#define DEPTH 32

/* The last symbol at or before the offset. */
static uint32_t symbol_at(uint32_t offset)
{
	uint32_t low = 0, high = ksym_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (ksym_offs[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *ksym_find(uintptr_t pc, uint32_t *offset)
{
	uint32_t at = (uint32_t)(pc - (uintptr_t)_text), symbol;

	if (pc < (uintptr_t)_text || pc >= (uintptr_t)_etext || ksym_count == 0 || at < ksym_offs[0])
		return NULL;
	symbol = symbol_at(at);
	*offset = at - ksym_offs[symbol];
	return ksym_strtab + ksym_name[symbol];
}

/* A return address is behind its call, which may have been the last instruction of its function: look one byte before. */
void ksym_log_backtrace(uintptr_t fp)
{
	uintptr_t pcs[DEPTH];
	unsigned n = arch_backtrace(fp, pcs, DEPTH);

	for (unsigned i = 0; i < n; i++) {
		uint32_t offset;
		const char *name = ksym_find(pcs[i] - 1, &offset);

		if (name)
			log_line("  %016lx %s+0x%x", (unsigned long)pcs[i], name, offset + 1);
		else
			log_line("  %016lx", (unsigned long)pcs[i]);
	}
}

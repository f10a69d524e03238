/* SPDX-License-Identifier: MIT */
/*
 * The kernel half: the image with each page writable or executable, never both; all RAM at DIRECT_MAP, never
 * executable; devices uncached in a window of their own. Every top-level entry the kernel half will ever use exists when
 * kmap_init returns, because each address space copies them once (pt.c).
 */
#include "map.h"
#include "arch/upcall.h"
#include "acpi.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"

#define DEVICE_BASE 0xffffffffc0000000ul

#define TABLE_BITS (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_ACCESSED)
#define KERNEL_BITS (X86_PTE_PRESENT | X86_PTE_GLOBAL | X86_PTE_ACCESSED | X86_PTE_DIRTY)
#define KERNEL_CODE KERNEL_BITS
#define KERNEL_CONST (KERNEL_BITS | X86_PTE_NX)
#define KERNEL_DATA (KERNEL_BITS | X86_PTE_NX | X86_PTE_WRITE)

extern char _boot[], _text[], _etext[], _erodata[], _ebss[], _end[];
extern char boot_stack_guard[];

uint64_t kernel_root[PTES_PER_TABLE] __attribute__((aligned(4096)));

static phys_t bump; /* boot_page looks from here on */
static uintptr_t device_next = DEVICE_BASE;

/* ---- memory before the allocator ---- */

/* The lowest start of a page at or after p that lies in RAM. */
static phys_t ram_at_or_after(phys_t p)
{
	for (unsigned i = 0; i < boot_info.nr_ram; i++) {
		const struct phys_range *r = &boot_info.ram[i];

		if (p < r->start)
			return r->start;
		if (p + PAGE_SIZE <= r->end)
			return p;
	}
	boot_fail("out of memory while building page tables");
}

static bool reserved_skip(phys_t *p)
{
	for (unsigned i = 0; i < boot_info.nr_reserved; i++) {
		const struct phys_range *r = &boot_info.reserved[i];

		if (*p < r->end && *p + PAGE_SIZE > r->start) {
			*p = r->end;
			return true;
		}
	}
	return false;
}

/* From the end of the image upwards, around whatever is reserved. */
phys_t boot_page(void)
{
	phys_t p = bump ? bump : image_phys(_end);

	do
		p = ram_at_or_after(p);
	while (reserved_skip(&p));
	bootinfo_reserve(p, p + PAGE_SIZE);
	bump = p + PAGE_SIZE;
	arch_page_zero(direct(p));
	return p;
}

/* ---- tables ---- */

static uint64_t *slot_alloc(uint64_t *root, uintptr_t va, unsigned level, phys_t (*alloc)(void))
{
	uint64_t *table = root;

	for (unsigned l = 3;; l--) {
		uint64_t *slot = &table[va >> (PAGE_SHIFT + 9 * l) & (PTES_PER_TABLE - 1)];

		if (l == level)
			return slot;
		if (!*slot) {
			phys_t new = alloc();

			if (!new)
				return NULL;
			*slot = new | TABLE_BITS;
		}
		table = direct(*slot & X86_PTE_FRAME);
	}
}

void kmap_page(uint64_t *root, uintptr_t va, phys_t pa, uint64_t bits)
{
	*slot_alloc(root, va, 0, boot_page) = pa | bits;
}

bool kmap_present(uintptr_t va)
{
	const uint64_t *table = kernel_root;

	for (unsigned l = 3;; l--) {
		uint64_t entry = table[va >> (PAGE_SHIFT + 9 * l) & (PTES_PER_TABLE - 1)];

		if (!(entry & X86_PTE_PRESENT))
			return false;
		if (l == 0 || entry & X86_PTE_LARGE)
			return true;
		table = direct(entry & X86_PTE_FRAME);
	}
}

int arch_kernel_map(uintptr_t va, pfn_t pfn, unsigned prot)
{
	uint64_t bits = KERNEL_CONST;
	uint64_t *slot = slot_alloc(kernel_root, va, 0, table_alloc);

	if (!slot)
		return -ENOMEM;
	if (prot & PTE_WRITE)
		bits |= X86_PTE_WRITE;
	if (prot & PTE_EXEC)
		bits &= ~X86_PTE_NX;
	*slot = pfn << PAGE_SHIFT | bits;
	return 0;
}

/* ---- the direct map ---- */

/* The largest page that starts at p and ends by end. */
static unsigned level_fitting(phys_t p, phys_t end)
{
	for (unsigned level = cpu_has.gib_pages ? 2 : 1; level > 0; level--) {
		phys_t size = PAGE_SIZE << (9 * level);

		if (p % size == 0 && end - p >= size)
			return level;
	}
	return 0;
}

/* Exactly [start, end), so that no device behind the end of RAM is ever reached through the cache. */
static void direct_map(phys_t start, phys_t end, uint64_t bits)
{
	while (start < end) {
		unsigned level = level_fitting(start, end);
		uint64_t large = level ? X86_PTE_LARGE : 0;

		*slot_alloc(kernel_root, DIRECT_MAP + start, level, boot_page) = start | bits | large;
		start += PAGE_SIZE << (9 * level);
	}
}

/* The image's code and constants cannot be written through the direct map either. */
static void direct_map_ram(const struct phys_range *r)
{
	phys_t ro_start = LAYOUT_PHYS, ro_end = image_phys(_erodata);

	if (r->end <= ro_start || r->start >= ro_end) {
		direct_map(r->start, r->end, KERNEL_DATA);
		return;
	}
	direct_map(r->start, ro_start, KERNEL_DATA);
	direct_map(ro_start, ro_end, KERNEL_CONST);
	direct_map(ro_end, r->end, KERNEL_DATA);
}

/* ---- the image ---- */

static uint64_t image_bits(const char *p)
{
	if (p < _etext)
		return KERNEL_CODE;
	if (p < _erodata || p >= _ebss)
		return KERNEL_CONST;
	return KERNEL_DATA;
}

static void image_map(void)
{
	for (char *p = _text; p < _end; p += PAGE_SIZE) {
		if (p != boot_stack_guard)
			kmap_page(kernel_root, (uintptr_t)p, image_phys(p), image_bits(p));
	}
}

void kmap_init(void)
{
	image_map();
	for (unsigned i = 0; i < boot_info.nr_ram; i++)
		direct_map_ram(&boot_info.ram[i]);
	slot_alloc(kernel_root, KSTACK_BASE, 2, boot_page);
	cr3_write(image_phys(kernel_root));
}

/* ---- what is not RAM ---- */

volatile void *kmap_device(phys_t pa, size_t n)
{
	uintptr_t va = device_next + pa % PAGE_SIZE;

	for (phys_t p = pa & -PAGE_SIZE; p < pa + n; p += PAGE_SIZE, device_next += PAGE_SIZE)
		kmap_page(kernel_root, device_next, p, KERNEL_DATA | X86_PTE_UNCACHED);
	return (volatile void *)va;
}

#define FIRMWARE_END (1ull << 46) /* what the direct map could hold */

const void *kmap_firmware(uint64_t pa, size_t n)
{
	if (pa >= FIRMWARE_END || n > ACPI_TABLE_MAX)
		return NULL;
	for (phys_t p = pa & -PAGE_SIZE; p < pa + n; p += PAGE_SIZE) {
		if (!kmap_present(DIRECT_MAP + p))
			kmap_page(kernel_root, DIRECT_MAP + p, p, KERNEL_CONST);
	}
	return direct(pa);
}

/* SPDX-License-Identifier: MIT */
/*
 * The kernel half: the image with each page writable or executable, never both; all RAM at DIRECT_MAP, never executable; devices in a window
 * of their own, as device memory. TTBR1 has it, so it is every address space's at once.
 *
 * Until kernel_root is loaded, memory is reached where it is, through the first tables of boot.S, which map the
 * gigabytes of the image and of the device tree.
 */
#include "map.h"
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/errno.h"

#define DEVICE_BASE 0xffffffffc0000000ul

#define TABLE_BITS PTE_PAGE
#define KERNEL_BITS (PTE_AF | PTE_INNER | PTE_ATTR(ATTR_NORMAL) | ARM_PTE_UXN)
#define KERNEL_CODE (KERNEL_BITS | PTE_RO)
#define KERNEL_CONST (KERNEL_BITS | PTE_RO | ARM_PTE_PXN)
#define KERNEL_DATA (KERNEL_BITS | ARM_PTE_PXN)
#define DEVICE_BITS (PTE_AF | PTE_ATTR(ATTR_DEVICE) | ARM_PTE_UXN | ARM_PTE_PXN)

extern char _text[], _boot[], _etext[], _erodata[], _ebss[], _end[];
extern char boot_stack_guard[], boot_stack[], ttbr1_load[];
extern uint64_t boot_identity_l1[PTES_PER_TABLE];

uint64_t kernel_root[PTES_PER_TABLE] __attribute__((aligned(4096)));
uint64_t empty_root[PTES_PER_TABLE] __attribute__((aligned(4096)));

static uintptr_t device_next = DEVICE_BASE;
static uintptr_t reach; /* added to a physical address to reach it: 0 before kernel_root, DIRECT_MAP after */

static void *at(phys_t p)
{
	return (void *)(reach + p);
}

/* ---- tables ---- */

static phys_t boot_table(void)
{
	phys_t p = bootinfo_take_page();

	arch_page_zero(at(p));
	return p;
}

static uint64_t *slot_alloc(uintptr_t va, unsigned level, phys_t (*alloc)(void))
{
	uint64_t *table = kernel_root;

	for (unsigned l = 3;; l--) {
		uint64_t *slot = &table[va >> (PAGE_SHIFT + 9 * l) & (PTES_PER_TABLE - 1)];

		if (l == level)
			return slot;
		if (!*slot) {
			phys_t new = alloc();

			if (!new)
				return NULL;
			/* release: the table's zeros are there before it is; the walker orders by itself */
			__atomic_store_n(slot, new | TABLE_BITS, __ATOMIC_RELEASE);
		}
		table = at(*slot & ARM_PTE_FRAME);
	}
}

static void map_page(uintptr_t va, phys_t pa, uint64_t bits)
{
	*slot_alloc(va, 0, boot_table) = pa | bits | PTE_PAGE;
}

bool kmap_present(uintptr_t va)
{
	const uint64_t *table = kernel_root;

	for (unsigned l = 3;; l--) {
		uint64_t entry = table[va >> (PAGE_SHIFT + 9 * l) & (PTES_PER_TABLE - 1)];

		if (!(entry & PTE_VALID))
			return false;
		if (l == 0 || (entry & PTE_PAGE) == PTE_BLOCK)
			return true;
		table = direct(entry & ARM_PTE_FRAME);
	}
}

int arch_kernel_map(uintptr_t va, pfn_t pfn, unsigned prot)
{
	uint64_t *slot = slot_alloc(va, 0, table_alloc);
	uint64_t bits = KERNEL_CONST | PTE_PAGE;

	if (!slot)
		return -ENOMEM;
	if (prot & PTE_WRITE)
		bits &= ~(uint64_t)PTE_RO;
	if (prot & PTE_EXEC)
		bits &= ~ARM_PTE_PXN;
	*slot = pfn << PAGE_SHIFT | bits;
	/* the walk is to see it before the first access, here and (by the reader's own ordering) elsewhere: Arm ARM K13.4 */
	__asm__ volatile("dsb ishst; isb" : : : "memory");
	return 0;
}

/* ---- the direct map ---- */

/* The largest block that starts at p and ends by end. */
static unsigned level_fitting(phys_t p, phys_t end)
{
	for (unsigned level = 2; level > 0; level--) {
		phys_t size = PAGE_SIZE << (9 * level);

		if (p % size == 0 && end - p >= size)
			return level;
	}
	return 0;
}

static void direct_map(phys_t start, phys_t end, uint64_t bits)
{
	while (start < end) {
		unsigned level = level_fitting(start, end);

		*slot_alloc(DIRECT_MAP + start, level, boot_table) = start | bits | (level ? PTE_BLOCK : PTE_PAGE);
		start += PAGE_SIZE << (9 * level);
	}
}

/* The image's code and constants cannot be written through the direct map either. */
static void direct_map_ram(const struct phys_range *r)
{
	phys_t ro_start = image_phys(_boot), ro_end = image_phys(_erodata);

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
	for (char *p = _boot; p < _end; p += PAGE_SIZE)
		if (p < boot_stack_guard || p >= boot_stack)
			map_page((uintptr_t)p, image_phys(p), image_bits(p));
}

/* The identity map's entries are global: they stay in the TLB until it is told to forget them. */
void identity_leave(void)
{
	sysreg_write(ttbr0_el1, image_phys(empty_root));
	__asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
}

void kmap_init(void)
{
	image_map();
	for (unsigned i = 0; i < boot_info.nr_ram; i++)
		direct_map_ram(&boot_info.ram[i]);
	/* the walker is to see the tables (DSB); ttbr1_load is called where it lies in memory, which TTBR0 still maps */
	__asm__ volatile("dsb ishst" : : : "memory");
	((void (*)(uint64_t, uint64_t))image_phys(ttbr1_load))(image_phys(kernel_root), image_phys(empty_root));
	identity_leave();
	reach = DIRECT_MAP;
}

/* ---- what is not RAM ---- */

volatile uint8_t *kmap_device_early(phys_t pa)
{
	uint64_t gigabyte = pa >> 30;

	if (gigabyte >= PTES_PER_TABLE || boot_identity_l1[gigabyte])
		return NULL;
	boot_identity_l1[gigabyte] = gigabyte << 30 | DEVICE_BITS | PTE_BLOCK;
	__asm__ volatile("dsb ishst; isb" : : : "memory");
	return (volatile uint8_t *)pa;
}

volatile uint8_t *kmap_device(phys_t pa, size_t n)
{
	uintptr_t va = device_next + pa % PAGE_SIZE;

	for (phys_t p = pa & -PAGE_SIZE; p < pa + n; p += PAGE_SIZE, device_next += PAGE_SIZE)
		map_page(device_next, p, DEVICE_BITS);
	__asm__ volatile("dsb ishst; isb" : : : "memory");
	return (volatile uint8_t *)va;
}

/* SPDX-License-Identifier: MIT */
/* What the device tree tells (Devicetree Specification 0.4, chapter 3; bindings of the GIC, PL011, PSCI). */
#include "bootinfo.h"
#include "cpu.h"
#include "lib/fdt.h"
#include "lib/string.h"
#include "map.h"

#define CMDLINE_MAX 16384
#define SPI_BASE 32

extern char _boot[], _end[];

struct boot_info boot_info;
struct machine machine;

static char cmdline[CMDLINE_MAX];
static phys_t bump; /* bootinfo_take_page looks from here on */

/* ---- ranges ---- */

static void add_ram(uint64_t start, uint64_t n)
{
	uint64_t end = (start + n) & -PAGE_SIZE;
	unsigned i = boot_info.nr_ram;

	start = (start + PAGE_SIZE - 1) & -PAGE_SIZE;
	if (end <= start || i == BOOT_RANGES)
		return;
	for (; i > 0 && boot_info.ram[i - 1].start > start; i--)
		boot_info.ram[i] = boot_info.ram[i - 1];
	boot_info.ram[i] = (struct phys_range){start, end};
	boot_info.nr_ram++;
}

/* A range that begins where another ends makes it longer, so that page after page is one range. */
static void reserve(uint64_t start, uint64_t end)
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

static bool in_reserved(phys_t *p)
{
	for (unsigned i = 0; i < boot_info.nr_reserved; i++) {
		const struct phys_range *r = &boot_info.reserved[i];

		if (*p < r->end && *p + PAGE_SIZE > r->start) {
			*p = (r->end + PAGE_SIZE - 1) & -PAGE_SIZE;
			return true;
		}
	}
	return false;
}

static bool in_ram(phys_t p)
{
	for (unsigned i = 0; i < boot_info.nr_ram; i++)
		if (p >= boot_info.ram[i].start && p + PAGE_SIZE <= boot_info.ram[i].end)
			return true;
	return false;
}

phys_t bootinfo_take_page(void)
{
	phys_t p = bump ? bump : image_phys(_end);

	while (in_reserved(&p))
		;
	if (!in_ram(p))
		boot_fail("out of memory while building page tables");
	reserve(p, p + PAGE_SIZE);
	bump = p + PAGE_SIZE;
	return p;
}

/* ---- nodes ---- */

static void memory_node(const struct fdt_node *node)
{
	uint64_t start, n;

	if (!fdt_prop_is(node, "device_type", "memory"))
		return;
	for (unsigned i = 0; fdt_reg(node, i, &start, &n); i++)
		add_ram(start, n);
}

static void cpu_node(const struct fdt_node *node)
{
	uint64_t affinity, unused;

	if (!fdt_prop_is(node, "device_type", "cpu") || cpu_count == MAX_CPUS || !fdt_reg(node, 0, &affinity, &unused))
		return;
	if (affinity != (sysreg_read(mpidr_el1) & MPIDR_AFFINITY))
		cpu_locals[cpu_count++].affinity = affinity; /* the one we boot on is number 0 already */
}

static void chosen_node(const struct fdt_node *node)
{
	uint64_t start, end;
	unsigned len;
	const char *args = fdt_prop(node, "bootargs", &len);

	if (args) {
		if (len > CMDLINE_MAX)
			boot_fail("the command line is longer than 16383 bytes: shorten it");
		memcpy(cmdline, args, len);
		cmdline[len ? len - 1 : 0] = 0;
	}
	if (fdt_number(node, "linux,initrd-start", &start) && fdt_number(node, "linux,initrd-end", &end) && start < end) {
		boot_info.module = (struct phys_range){start, end};
		reserve(start & -PAGE_SIZE, (end + PAGE_SIZE - 1) & -PAGE_SIZE);
	}
}

static void device_node(const struct fdt_node *node)
{
	uint64_t start, n;
	unsigned spi;

	if (fdt_compatible(node, "arm,pl011") && !machine.uart && fdt_reg(node, 0, &start, &n)) {
		machine.uart = start;
		if (fdt_cell(node, "interrupts", 1, &spi))
			machine.uart_irq = SPI_BASE + spi;
	}
	if (fdt_compatible(node, "arm,gic-v3") && fdt_reg(node, 0, &start, &n)) {
		machine.gic_dist = start;
		if (fdt_reg(node, 1, &start, &n)) {
			machine.gic_redist = start;
			machine.gic_redist_size = n;
		}
	}
	if (fdt_compatible(node, "arm,psci-0.2") || fdt_compatible(node, "arm,psci-1.0"))
		machine.psci_smc = fdt_prop_is(node, "method", "smc");
}

static void reserved_node(const struct fdt_node *node)
{
	uint64_t start, n;

	for (unsigned i = 0; fdt_reg(node, i, &start, &n); i++)
		if (n)
			reserve(start & -PAGE_SIZE, (start + n + PAGE_SIZE - 1) & -PAGE_SIZE);
}

static bool is_below(const struct fdt_node *node, const char *parent)
{
	return node->depth == 2 && !strcmp(node->parent, parent);
}

static void each_node(const struct fdt_node *node, void *arg)
{
	(void)arg;
	if (node->depth == 1 && !strcmp(node->name, "chosen"))
		chosen_node(node);
	else if (is_below(node, "cpus"))
		cpu_node(node);
	else if (is_below(node, "reserved-memory"))
		reserved_node(node);
	else
		memory_node(node);
	device_node(node);
}

const char *bootinfo_read(phys_t at)
{
	struct fdt fdt;
	uint64_t start, n;

	cpu_locals[0].affinity = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
	cpu_count = 1;
	if (!fdt_open(&fdt, (const void *)at))
		return "there is no device tree in x0 or at the base of RAM";
	reserve(image_phys(_boot), image_phys(_end));
	reserve(at & -PAGE_SIZE, (at + fdt.size + PAGE_SIZE - 1) & -PAGE_SIZE);
	for (unsigned i = 0; fdt_reserved(&fdt, i, &start, &n); i++)
		reserve(start & -PAGE_SIZE, (start + n + PAGE_SIZE - 1) & -PAGE_SIZE);
	fdt_walk(&fdt, each_node, NULL);
	boot_info.cmdline = cmdline;
	boot_info.loader = "fdt";
	boot_info.cpus = cpu_count;
	if (!boot_info.nr_ram)
		return "the device tree names no memory";
	if (!machine.gic_dist || !machine.gic_redist)
		return "no GICv3 in the device tree: start QEMU with -M virt,gic-version=3";
	return NULL;
}

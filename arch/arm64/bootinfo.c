/* SPDX-License-Identifier: MIT */
/* What the device tree tells (Devicetree Specification 0.4, chapter 3; bindings of the GIC, PL011, timer, PSCI). */
#include "bootinfo.h"
#include "cpu.h"
#include "lib/fdt.h"
#include "lib/string.h"
#include "map.h"

#define CMDLINE_MAX 16384
#define SPI_BASE 32
#define PPI_BASE 16
#define STDOUT_MAX 64

extern char _boot[], _end[];

struct boot_info boot_info;
struct machine machine;

static char cmdline[CMDLINE_MAX];
static char stdout_name[STDOUT_MAX]; /* node name of the console, if /chosen gives one */
static const char *problem;	     /* the first one found; reported when there is a console */
static phys_t bump;		     /* bootinfo_take_page looks from here on */

static phys_t page_down(phys_t p)
{
	return p & -PAGE_SIZE;
}

static phys_t page_up(phys_t p)
{
	return page_down(p + PAGE_SIZE - 1);
}

static void found_problem(const char *what)
{
	if (!problem)
		problem = what;
}

/* ---- ranges ---- */

static void add_ram(uint64_t start, uint64_t n)
{
	uint64_t end = page_down(start + n);
	unsigned i = boot_info.nr_ram;

	start = page_up(start);
	if (end <= start)
		return;
	if (i == BOOT_RANGES) {
		found_problem("the device tree has memory in too many pieces");
		return;
	}
	for (; i > 0 && boot_info.ram[i - 1].start > start; i--)
		boot_info.ram[i] = boot_info.ram[i - 1];
	boot_info.ram[i] = (struct phys_range){ start, end };
	boot_info.nr_ram++;
}

/* A range that begins where another ends makes it longer, so that page after page is one range. */
static void reserve(uint64_t start, uint64_t end)
{
	start = page_down(start);
	end = page_up(end);
	for (unsigned i = 0; i < boot_info.nr_reserved; i++) {
		if (boot_info.reserved[i].end == start) {
			boot_info.reserved[i].end = end;
			return;
		}
	}
	if (boot_info.nr_reserved == BOOT_RANGES)
		found_problem("the device tree reserves memory in too many pieces");
	else
		boot_info.reserved[boot_info.nr_reserved++] = (struct phys_range){ start, end };
}

static bool in_reserved(phys_t *p)
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
		boot_fail("too little memory behind the kernel for its page tables");
	reserve(p, p + PAGE_SIZE);
	if (problem)
		boot_fail(problem);
	bump = p + PAGE_SIZE;
	return p;
}

/* ---- nodes ---- */

static void memory_node(const struct fdt_node *node)
{
	uint64_t start, n;

	for (unsigned i = 0; i <= BOOT_RANGES && fdt_reg(node, i, &start, &n); i++)
		add_ram(start, n);
}

static void cpu_node(const struct fdt_node *node)
{
	uint64_t affinity, unused;

	if (!fdt_prop_is(node, "device_type", "cpu") || cpu_count == MAX_CPUS || !fdt_reg(node, 0, &affinity, &unused))
		return;
	if (affinity != cpu_locals[0].affinity) /* the one we boot on, which is number 0 already */
		cpu_locals[cpu_count++].affinity = affinity;
}

/* stdout-path: "/path/of/NAME:options". Our machines' UARTs are told apart by NAME alone; an alias is not followed. */
static void stdout_read(const char *path, unsigned len)
{
	unsigned start = 0, end;

	for (end = 0; end < len && path[end] && path[end] != ':'; end++)
		if (path[end] == '/')
			start = end + 1;
	if (start && end - start < STDOUT_MAX)
		memcpy(stdout_name, path + start, end - start);
}

static void cmdline_read(const char *args, unsigned len)
{
	if (len > CMDLINE_MAX)
		found_problem("the command line is longer than 16383 bytes: shorten it");
	else if (len)
		memcpy(cmdline, args, len - 1); /* the last byte is a NUL, and stays one if it is not */
}

static void chosen_node(const struct fdt_node *node)
{
	uint64_t start, end;
	unsigned len;
	const char *text;

	if ((text = fdt_prop(node, "bootargs", &len)))
		cmdline_read(text, len);
	if ((text = fdt_prop(node, "stdout-path", &len)))
		stdout_read(text, len);
	if (fdt_number(node, "linux,initrd-start", &start) && fdt_number(node, "linux,initrd-end", &end) && start < end) {
		boot_info.module = (struct phys_range){ start, end };
		reserve(start, end);
	}
}

/* Cells of an interrupt of the GIC: 0 shared or 1 private, number, flags. 0: none. */
static unsigned interrupt(const struct fdt_node *node, unsigned i)
{
	unsigned kind, number;

	if (!fdt_cell(node, "interrupts", 3 * i, &kind) || !fdt_cell(node, "interrupts", 3 * i + 1, &number))
		return 0;
	return kind == 0 ? SPI_BASE + number % 988 : PPI_BASE + number % 16;
}

static void uart_node(const struct fdt_node *node)
{
	uint64_t start, n;

	if ((machine.uart && strcmp(node->name, stdout_name)) || !fdt_reg(node, 0, &start, &n))
		return;
	machine.uart = start;
	machine.uart_irq = interrupt(node, 0);
}

static void gic_node(const struct fdt_node *node)
{
	uint64_t dist, redist, n;

	if (!fdt_reg(node, 0, &dist, &n) || !fdt_reg(node, 1, &redist, &n))
		return;
	machine.gic_dist = dist;
	machine.gic_redist = redist;
	machine.gic_redist_size = n;
}

static void device_node(const struct fdt_node *node)
{
	if (fdt_compatible(node, "arm,pl011"))
		uart_node(node);
	else if (fdt_compatible(node, "arm,gic-v3"))
		gic_node(node);
	else if (fdt_compatible(node, "arm,armv8-timer"))
		machine.timer_irq = interrupt(node, 2); /* secure, physical, virtual, hypervisor's */
	else if (fdt_compatible(node, "arm,psci-0.2") || fdt_compatible(node, "arm,psci-1.0"))
		machine.psci = fdt_prop_is(node, "method", "smc") ? PSCI_SMC : PSCI_HVC;
}

static void reserved_node(const struct fdt_node *node)
{
	uint64_t start, n;

	for (unsigned i = 0; i <= BOOT_RANGES && fdt_reg(node, i, &start, &n); i++)
		if (n)
			reserve(start, start + n);
}

static bool is_below(const struct fdt_node *node, const char *parent)
{
	return node->depth == 2 && !strcmp(node->parent, parent);
}

static bool is_enabled(const struct fdt_node *node)
{
	unsigned len;

	return !fdt_prop(node, "status", &len) || fdt_prop_is(node, "status", "okay") || fdt_prop_is(node, "status", "ok");
}

/* /chosen first: it says which UART. */
static void each_chosen(const struct fdt_node *node, void *unused)
{
	(void)unused;
	if (node->depth == 1 && !strcmp(node->name, "chosen"))
		chosen_node(node);
}

static void each_node(const struct fdt_node *node, void *unused)
{
	(void)unused;
	if (!is_enabled(node))
		return;
	if (is_below(node, "cpus"))
		cpu_node(node);
	else if (is_below(node, "reserved-memory"))
		reserved_node(node);
	else if (fdt_prop_is(node, "device_type", "memory"))
		memory_node(node);
	else
		device_node(node);
}

/* ---- all of it ---- */

static void tree_read(const struct fdt *fdt, phys_t at)
{
	uint64_t start, n;

	reserve(image_phys(_boot), image_phys(_end));
	reserve(at, at + fdt->size);
	for (unsigned i = 0; i <= BOOT_RANGES && fdt_reserved(fdt, i, &start, &n); i++)
		reserve(start, start + n);
	fdt_walk(fdt, each_chosen, NULL);
	fdt_walk(fdt, each_node, NULL);
}

const char *bootinfo_read(phys_t at)
{
	struct fdt fdt;

	cpu_locals[0].affinity = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
	cpu_count = 1;
	if (!fdt_open(&fdt, (const void *)at, FDT_MAX))
		return "there is no device tree in x0 or at the base of RAM";
	tree_read(&fdt, at);
	boot_info.cmdline = cmdline;
	boot_info.loader = "fdt";
	boot_info.cpus = cpu_count;
	if (!boot_info.nr_ram)
		found_problem("the device tree names no memory");
	if (!machine.gic_dist)
		found_problem("no GICv3 in the device tree: start QEMU with -M virt,gic-version=3");
	if (!machine.timer_irq)
		found_problem("no Arm timer in the device tree");
	return problem;
}

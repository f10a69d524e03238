/* SPDX-License-Identifier: MIT */
#include "lib/acpi.h"
#include "lib/string.h"

#define HEADER 36u /* what every table starts with: 5.2.6 */

/* Bytes that may be read. Reads beyond them give zero. */
struct table {
	const uint8_t *p;
	uint32_t n;
};

struct reader {
	acpi_map_fn map;
	struct acpi_info *out;
};

static uint64_t get(struct table t, uint64_t at, unsigned bytes)
{
	uint64_t v = 0;

	if (at > t.n || bytes > t.n - at)
		return 0;
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)t.p[at + i] << (8 * i);
	return v;
}

static uint32_t get32(struct table t, uint64_t at)
{
	return (uint32_t)get(t, at, 4);
}

static uint16_t get16(struct table t, uint64_t at)
{
	return (uint16_t)get(t, at, 2);
}

static uint8_t get8(struct table t, uint64_t at)
{
	return (uint8_t)get(t, at, 1);
}

/* The bytes of a table add up to zero: 5.2.3. */
static bool checksum_ok(struct table t)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < t.n; i++)
		sum += t.p[i];
	return sum == 0;
}

static bool signature_is(struct table t, const char *signature)
{
	return t.n >= 4 && memcmp(t.p, signature, 4) == 0;
}

/* The whole table at phys, or an empty one. */
static struct table table_map(struct reader *r, uint64_t phys)
{
	struct table none = {NULL, 0}, t = {NULL, HEADER};

	if (!phys)
		return none;
	t.p = r->map(phys, HEADER);
	if (!t.p)
		return none;
	t.n = get32(t, 4);
	if (t.n < HEADER || t.n > ACPI_TABLE_MAX)
		return none;
	t.p = r->map(phys, t.n);
	if (!t.p || !checksum_ok(t))
		return none;
	return t;
}

/* ---- MADT: 5.2.12, a list of (type, length, body) ---- */

enum madt_type { MADT_LOCAL_APIC = 0, MADT_IO_APIC = 1, MADT_OVERRIDE = 2 };

#define LOCAL_APIC_ENABLED 1u
#define POLARITY_LOW 0x3u
#define TRIGGER_LEVEL 0xcu

static void local_apic_read(struct table e, struct acpi_info *out)
{
	if (e.n >= 8 && get32(e, 4) & LOCAL_APIC_ENABLED && out->nr_cpus < ACPI_CPUS)
		out->apic_ids[out->nr_cpus++] = get8(e, 3);
}

static void io_apic_read(struct table e, struct acpi_info *out)
{
	uint32_t base = get32(e, 8);

	if (e.n < 12 || (out->ioapic && out->ioapic_gsi_base <= base))
		return;
	out->ioapic = get32(e, 4);
	out->ioapic_gsi_base = base;
}

static void override_read(struct table e, struct acpi_info *out)
{
	uint8_t source = get8(e, 3);
	uint16_t flags = get16(e, 8);

	if (e.n < 10 || source >= 16)
		return;
	out->isa[source] = (struct acpi_isa_irq){
		.gsi = get32(e, 4),
		.level = (flags & TRIGGER_LEVEL) == TRIGGER_LEVEL,
		.active_low = (flags & POLARITY_LOW) == POLARITY_LOW,
	};
}

static void madt_read(struct table t, struct acpi_info *out)
{
	for (uint32_t at = HEADER + 8; at + 2 <= t.n;) {
		struct table e = {t.p + at, get8(t, at + 1)};

		if (e.n < 2 || e.n > t.n - at)
			return;
		switch (get8(e, 0)) {
		case MADT_LOCAL_APIC:
			local_apic_read(e, out);
			break;
		case MADT_IO_APIC:
			io_apic_read(e, out);
			break;
		case MADT_OVERRIDE:
			override_read(e, out);
			break;
		default:
			break;
		}
		at += e.n;
	}
}

/* ---- HPET: IA-PC HPET Specification 1.0a, 3.2.4 ---- */

static void hpet_read(struct table t, struct acpi_info *out)
{
	if (get8(t, 40) == 0) /* in memory, not in ports */
		out->hpet = get(t, 44, 8);
}

/* ---- \_S5: a name of four, and a package of small integers (20.2.5.1, 7.4.2.6) ---- */

#define AML_PACKAGE 0x12
#define AML_BYTE 0x0a
#define AML_ONE 0x01

/* One integer; *at moves behind it. */
static uint8_t aml_integer(struct table t, uint32_t *at)
{
	uint8_t op = get8(t, (*at)++);

	if (op == AML_BYTE)
		return get8(t, (*at)++);
	return op == AML_ONE;
}

static bool s5_read(struct table t, uint32_t at, struct acpi_info *out)
{
	if (get8(t, at) != AML_PACKAGE)
		return false;
	at += 2 + (get8(t, at + 1) >> 6); /* the length says in two bits how many bytes follow it */
	if (get8(t, at++) < 2)
		return false;
	out->s5_a = aml_integer(t, &at) & 7;
	out->s5_b = aml_integer(t, &at) & 7;
	return true;
}

static void dsdt_read(struct table t, struct acpi_info *out)
{
	for (uint32_t at = HEADER; at + 8 < t.n && !out->has_s5; at++) {
		if (t.p[at] == '_' && memcmp(t.p + at, "_S5_", 4) == 0)
			out->has_s5 = s5_read(t, at + 4, out);
	}
}

/* ---- FADT: 5.2.9 ---- */

#define FADT_TIMER_32 (1u << 8)
#define FADT_RESET (1u << 10)
#define SPACE_PORTS 1

static void fadt_read(struct reader *r, struct table t)
{
	struct acpi_info *out = r->out;
	uint32_t flags = get32(t, 112);
	uint64_t dsdt = get(t, 140, 8);

	out->pm1a_control = get16(t, 64);
	out->pm1b_control = get16(t, 68);
	out->pm_timer = get16(t, 76);
	out->pm_timer_32 = flags & FADT_TIMER_32;
	if (flags & FADT_RESET && get8(t, 116) == SPACE_PORTS) {
		out->reset_port = get16(t, 120);
		out->reset_value = get8(t, 128);
	}
	dsdt_read(table_map(r, dsdt ? dsdt : get32(t, 40)), out);
}

/* ---- the root ---- */

static void table_read(struct reader *r, uint64_t phys)
{
	struct table t = table_map(r, phys);

	if (signature_is(t, "APIC"))
		madt_read(t, r->out);
	else if (signature_is(t, "HPET"))
		hpet_read(t, r->out);
	else if (signature_is(t, "FACP"))
		fadt_read(r, t);
}

/* RSDT (4-byte addresses) or XSDT (8): 5.2.7, 5.2.8. */
static bool root_read(struct reader *r, uint64_t phys, const char *signature, unsigned width)
{
	struct table t = table_map(r, phys);

	if (!signature_is(t, signature))
		return false;
	for (uint32_t at = HEADER; at + width <= t.n; at += width)
		table_read(r, get(t, at, width));
	return true;
}

static bool rsdp_ok(struct table t)
{
	struct table first = {t.p, 20};

	return t.n >= 20 && memcmp(t.p, "RSD PTR ", 8) == 0 && checksum_ok(first);
}

void acpi_read(const void *rsdp, size_t n, acpi_map_fn map, struct acpi_info *out)
{
	struct reader r = {map, out};
	struct table t = {rsdp, n < 36 ? (uint32_t)n : 36};

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < 16; i++)
		out->isa[i].gsi = i;
	if (!rsdp_ok(t))
		return;
	if (get8(t, 15) >= 2 && root_read(&r, get(t, 24, 8), "XSDT", 8))
		return;
	root_read(&r, get32(t, 16), "RSDT", 4);
}

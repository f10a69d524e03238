/* SPDX-License-Identifier: MIT */
/* lib/acpi: a set of tables made here is read right; damaged in any way, it is read without leaving its bytes. */
#include "lib/acpi.h"
#include "lib/prng.h"
#include "tests/host/tap.h"
#include <string.h>

#define BASE 0xf0000ull /* physical address of the tables */
#define SIZE 4096u
#define ROUNDS 200000

enum { RSDP = 0, XSDT = 64, MADT = 256, FADT = 512, HPET = 1024, DSDT = 1280 };

static uint8_t good[SIZE], memory[SIZE];
static void *copies[64];
static unsigned nr_copies;

/* Hands out copies of exactly the size asked for, so that the address sanitizer sees the first byte too far. */
static const void *map(uint64_t phys, size_t n)
{
	if (phys < BASE || phys - BASE >= SIZE || n > SIZE - (phys - BASE) || nr_copies == 64)
		return NULL;
	copies[nr_copies] = malloc(n ? n : 1);
	return memcpy(copies[nr_copies++], memory + (phys - BASE), n);
}

static void copies_free(void)
{
	while (nr_copies)
		free(copies[--nr_copies]);
}

static void put(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void checksum_fix(uint8_t *p, uint32_t n, unsigned at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += p[i];
	p[at] = (uint8_t)-sum;
}

static void table_end(uint8_t *t, const char *signature, uint32_t n)
{
	memcpy(t, signature, 4);
	put(t + 4, n, 4);
	checksum_fix(t, n, 9);
}

static void madt_make(uint8_t *t)
{
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			    /* CPU 0 */
		0, 8, 1, 2, 1, 0, 0, 0,			    /* CPU with APIC number 2 */
		0, 8, 2, 4, 0, 0, 0, 0,			    /* one that must not be started */
		1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,  /* I/O APIC at fec00000 */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,		    /* line 0 is interrupt 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0x0f, 0,	    /* line 9 is level, low */
		77, 3, 0,				    /* of a later time */
	};

	memcpy(t + 44, entries, sizeof(entries));
	table_end(t, "APIC", 44 + sizeof(entries));
}

static void tables_make(void)
{
	static const uint8_t s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00, 0, 0 };

	memcpy(good + RSDP, "RSD PTR ", 8);
	good[RSDP + 15] = 2;
	put(good + RSDP + 20, 36, 4);
	put(good + RSDP + 24, BASE + XSDT, 8);
	checksum_fix(good + RSDP, 20, 8);
	put(good + XSDT + 36, BASE + MADT, 8);
	put(good + XSDT + 44, BASE + FADT, 8);
	put(good + XSDT + 52, BASE + HPET, 8);
	table_end(good + XSDT, "XSDT", 60);
	madt_make(good + MADT);
	put(good + FADT + 40, BASE + DSDT, 4);
	put(good + FADT + 64, 0x604, 4);
	put(good + FADT + 76, 0x608, 4);
	put(good + FADT + 112, 1 << 10 | 1 << 8, 4);
	good[FADT + 116] = 1;
	put(good + FADT + 120, 0xcf9, 8);
	good[FADT + 128] = 0x0f;
	table_end(good + FADT, "FACP", 268);
	put(good + HPET + 44, 0xfed00000, 8);
	table_end(good + HPET, "HPET", 56);
	memcpy(good + DSDT + 100, s5, sizeof(s5));
	table_end(good + DSDT, "DSDT", 100 + sizeof(s5));
}

static void test_good(void)
{
	struct acpi_info a;

	memcpy(memory, good, SIZE);
	acpi_read(memory + RSDP, 36, map, &a);
	copies_free();
	ok(a.nr_cpus == 2 && a.apic_ids[0] == 0 && a.apic_ids[1] == 2, "the CPUs that may be started");
	ok(a.ioapic == 0xfec00000 && a.ioapic_gsi_base == 0, "the I/O APIC");
	ok(a.isa[0].gsi == 2 && a.isa[4].gsi == 4 && !a.isa[4].level, "lines moved and not moved");
	ok(a.isa[9].level && a.isa[9].active_low, "a level-triggered line");
	ok(a.hpet == 0xfed00000, "HPET");
	ok(a.pm_timer == 0x608 && a.pm_timer_32 && a.pm1a_control == 0x604, "ports");
	ok(a.reset_port == 0xcf9 && a.reset_value == 0x0f, "reset");
	ok(a.has_s5 && a.s5_a == 5 && a.s5_b == 1, "soft off");
}

static void test_bad(void)
{
	struct acpi_info a;

	memcpy(memory, good, SIZE);
	memory[HPET + 20] ^= 1;
	acpi_read(memory + RSDP, 36, map, &a);
	copies_free();
	ok(a.hpet == 0 && a.nr_cpus == 2, "a table with a wrong checksum is as if it were not there");
	acpi_read(memory + RSDP, 19, map, &a);
	ok(a.nr_cpus == 0 && a.isa[5].gsi == 5, "a root pointer that is cut off");
}

static const unsigned tables[] = { XSDT, MADT, FADT, HPET, DSDT };

/* A few bytes, or a length, of some table; the checksum mostly made right again, so that it is read. */
static void damage(struct prng *rng)
{
	uint8_t *t = memory + tables[prng_below(rng, 5)];
	uint32_t n;

	for (unsigned i = prng_below(rng, 6); i > 0; i--)
		t[4 + prng_below(rng, 300)] = (uint8_t)prng_below(rng, 256);
	if (prng_below(rng, 3) == 0)
		put(t + 4, prng_below(rng, 400), 4);
	n = t[4] | (uint32_t)t[5] << 8;
	if (prng_below(rng, 8) && n > 9 && n <= SIZE - (size_t)(t - memory))
		checksum_fix(t, n, 9);
}

static void test_damaged(unsigned long long seed)
{
	struct prng rng;
	struct acpi_info a;

	prng_seed(&rng, seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		memcpy(memory, good, SIZE);
		for (unsigned k = 1 + prng_below(&rng, 3); k > 0; k--)
			damage(&rng);
		acpi_read(memory + RSDP, 36, map, &a);
		copies_free();
		check(a.nr_cpus <= ACPI_CPUS);
	}
	ok(true, "%u damaged sets of tables", ROUNDS);
}

int main(int argc, char **argv)
{
	tables_make();
	test_good();
	test_bad();
	test_damaged(tap_seed(argc, argv, 1));
	tap_end();
}

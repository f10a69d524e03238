/* SPDX-License-Identifier: MIT */
/* lib/fdt: a tree made here is read right; damaged in any way, it is read without leaving its bytes, and reading ends. */
#include "lib/fdt.h"
#include "lib/prng.h"
#include "tests/host/tap.h"
#include <string.h>

#define ROUNDS 50000

enum { STRUCTS = 256, STRUCTS_MAX = 1024, STRINGS = STRUCTS + STRUCTS_MAX, STRINGS_MAX = 256, SIZE = STRINGS + STRINGS_MAX };
enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

static uint8_t good[SIZE];
static uint32_t structs_end, strings_end;

/* ---- making one ---- */

static void put32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void word(uint32_t v)
{
	put32(good + STRUCTS + structs_end, v);
	structs_end += 4;
}

static void bytes(const void *p, uint32_t n)
{
	memcpy(good + STRUCTS + structs_end, p, n);
	structs_end += (n + 3) & ~3u;
}

static void begin(const char *name)
{
	word(BEGIN_NODE);
	bytes(name, (uint32_t)strlen(name) + 1);
}

static void prop(const char *name, const void *value, uint32_t n)
{
	word(PROP);
	word(n);
	word(strings_end);
	bytes(value, n);
	strcpy((char *)good + STRINGS + strings_end, name);
	strings_end += (uint32_t)strlen(name) + 1;
}

static void prop_cells(const char *name, const uint32_t *cells, unsigned n)
{
	uint8_t value[64];

	for (unsigned i = 0; i < n; i++)
		put32(value + 4 * i, cells[i]);
	prop(name, value, 4 * n);
}

#define CELLS(name, ...) prop_cells(name, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)
#define TEXT(name, text) prop(name, text, sizeof(text))

static void tree_make(void)
{
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("memory@40000000");
	TEXT("device_type", "memory");
	CELLS("reg", 0, 0x40000000, 1, 0x80000000, 0, 0x1000, 0, 0x2000);
	word(END_NODE);
	word(NOP);
	begin("cpus");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 0);
	begin("cpu@1");
	word(NOP);
	CELLS("reg", 1);
	word(END_NODE);
	word(END_NODE);
	begin("pl011@9000000");
	TEXT("compatible", "arm,pl011\0arm,primecell");
	CELLS("interrupts", 0, 1, 4);
	word(END_NODE);
	begin("chosen");
	TEXT("bootargs", "a=b -- c");
	CELLS("start", 7);
	CELLS("end", 1, 2);
	word(END_NODE);
	begin("pci");
	CELLS("#address-cells", 3);
	begin("slot");
	CELLS("reg", 1, 2, 3, 4, 5);
	word(END_NODE);
	word(END_NODE);
	word(END_NODE);
	word(END);
}

static void header_make(void)
{
	static const uint32_t reserved[] = { 0, 0x1000, 0, 0x2000, 0, 0, 0, 0 };
	const uint32_t header[] = { 0xd00dfeed, SIZE, STRUCTS, STRINGS, 40, 17, 16, 0, strings_end, structs_end };

	for (unsigned i = 0; i < 10; i++)
		put32(good + 4 * i, header[i]);
	for (unsigned i = 0; i < 8; i++)
		put32(good + 40 + 4 * i, reserved[i]);
}

/* ---- reading it ---- */

struct seen {
	unsigned nodes, right;
};

static void look_at_memory(const struct fdt_node *node, struct seen *s)
{
	uint64_t at, n;

	s->right += fdt_prop_is(node, "device_type", "memory") && !fdt_prop_is(node, "device_type", "memor");
	s->right += fdt_reg(node, 0, &at, &n) && at == 0x40000000 && n == 0x180000000ull;
	s->right += fdt_reg(node, 1, &at, &n) && at == 0x1000 && n == 0x2000 && !fdt_reg(node, 2, &at, &n);
}

static void look_at_chosen(const struct fdt_node *node, struct seen *s)
{
	uint64_t n;
	unsigned len;
	const char *text = fdt_prop(node, "bootargs", &len);

	s->right += text && len == 9 && !memcmp(text, "a=b -- c", 9) && !fdt_prop(node, "bootarg", &len);
	s->right += fdt_number(node, "start", &n) && n == 7;
	s->right += fdt_number(node, "end", &n) && n == 0x100000002ull && !fdt_number(node, "bootargs", &n);
}

static void look(const struct fdt_node *node, void *arg)
{
	struct seen *s = arg;
	uint64_t at, n;
	unsigned cell;

	s->nodes++;
	if (!strcmp(node->name, "memory@40000000"))
		look_at_memory(node, s);
	else if (!strcmp(node->name, "cpu@1"))
		s->right += node->depth == 2 && !strcmp(node->parent, "cpus") && fdt_reg(node, 0, &at, &n) && at == 1 && n == 0;
	else if (!strcmp(node->name, "pl011@9000000"))
		s->right += fdt_compatible(node, "arm,primecell") && fdt_compatible(node, "arm,pl011") &&
			    !fdt_compatible(node, "arm") && fdt_cell(node, "interrupts", 1, &cell) && cell == 1 &&
			    !fdt_cell(node, "interrupts", 3, &cell);
	else if (!strcmp(node->name, "chosen"))
		look_at_chosen(node, s);
	else if (!strcmp(node->name, "slot"))
		s->right += !fdt_reg(node, 0, &at, &n); /* three address cells */
}

/* Everything a callback may ask, of any node: the answers do not matter. */
static void ask(const struct fdt_node *node, void *arg)
{
	static const char *const names[] = { "reg", "device_type", "compatible", "interrupts", "bootargs", "start", "nothing" };
	struct seen *s = arg;
	uint64_t a, b;
	unsigned n;

	s->nodes++;
	s->right += strlen(node->name) + strlen(node->parent);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = fdt_prop(node, names[i], &n);

		for (unsigned at = 0; value && at < n; at++)
			s->right += (unsigned char)value[at];
		fdt_number(node, names[i], &a);
		fdt_cell(node, names[i], 2, &n);
		fdt_prop_is(node, names[i], "memory");
	}
	fdt_compatible(node, "arm,primecell");
	for (unsigned i = 0; i < 4; i++)
		fdt_reg(node, i, &a, &b);
}

/* In a copy of exactly `size` bytes, so that the address sanitizer sees the first byte too far. */
static unsigned read_all(const uint8_t *blob, uint32_t size)
{
	uint8_t *copy = malloc(size);
	struct seen seen = { 0, 0 };
	struct fdt fdt;
	uint64_t a, b;

	memcpy(copy, blob, size);
	if (fdt_open(&fdt, copy, size)) {
		for (unsigned i = 0; i < 8; i++)
			fdt_reserved(&fdt, i, &a, &b);
		fdt_reserved(&fdt, 0xffffffff, &a, &b);
		fdt_walk(&fdt, ask, &seen);
	}
	free(copy);
	return seen.nodes;
}

static void test_good(void)
{
	struct seen seen = { 0, 0 };
	struct fdt fdt;
	uint64_t at, n;

	ok(fdt_open(&fdt, good, SIZE), "a good tree opens");
	ok(fdt_reserved(&fdt, 0, &at, &n) && at == 0x1000 && n == 0x2000 && !fdt_reserved(&fdt, 1, &at, &n), "reserved memory");
	fdt_walk(&fdt, look, &seen);
	ok(seen.nodes == 8, "8 nodes: %u", seen.nodes);
	ok(seen.right == 9, "9 answers are right: %u", seen.right);
}

static void test_refused(void)
{
	uint8_t bad[SIZE];
	struct fdt fdt;

	memcpy(bad, good, SIZE);
	ok(!fdt_open(&fdt, good, SIZE - 1), "larger than what is readable");
	bad[0] = 0;
	ok(!fdt_open(&fdt, bad, SIZE), "no magic number");
	memcpy(bad, good, SIZE);
	put32(bad + 24, 18);
	ok(!fdt_open(&fdt, bad, SIZE), "a later format");
	memcpy(bad, good, SIZE);
	put32(bad + 36, SIZE);
	ok(!fdt_open(&fdt, bad, SIZE), "structures reach out of the tree");
}

static void test_damaged(struct prng *rng)
{
	static const uint32_t values[] = { 0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffc, 0xffffffff };
	uint8_t bad[SIZE];
	unsigned nodes = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		memcpy(bad, good, SIZE);
		for (unsigned n = prng_below(rng, 4) + 1; n; n--) {
			uint32_t at = prng_below(rng, 4) ? STRUCTS + (uint32_t)prng_below(rng, structs_end) : (uint32_t)prng_below(rng, SIZE);

			if (prng_below(rng, 2))
				bad[at] = (uint8_t)prng_below(rng, 256);
			else
				put32(bad + at / 4 % (SIZE / 4) * 4, values[prng_below(rng, sizeof(values) / 4)]);
		}
		nodes += read_all(bad, SIZE);
	}
	ok(nodes > ROUNDS, "%u damaged trees, %u nodes of them read", ROUNDS, nodes);
}

static void test_cut(void)
{
	uint8_t bad[SIZE];

	for (uint32_t n = 0; n <= structs_end; n++) {
		memcpy(bad, good, SIZE);
		put32(bad + 36, n);
		read_all(bad, SIZE);
	}
	for (uint32_t n = 40; n < SIZE; n++) {
		memcpy(bad, good, SIZE);
		put32(bad + 4, n);
		read_all(bad, n);
	}
	ok(true, "cut anywhere");
}

/* A tree as large as a boot loader may pass, all of one kind of token. */
static void test_time(void)
{
	static uint8_t big[2 << 20];
	static const uint32_t kinds[] = { BEGIN_NODE, END_NODE, PROP, NOP, 0 };
	unsigned nodes = 0;

	for (unsigned k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		memcpy(big, good, STRUCTS);
		for (uint32_t at = STRUCTS; at < sizeof(big); at += 4)
			put32(big + at, at % 12 == 4 || kinds[k] != PROP ? kinds[k] : 0);
		put32(big + 4, sizeof(big));
		put32(big + 36, sizeof(big) - STRUCTS);
		put32(big + 12, STRUCTS);
		put32(big + 32, sizeof(big) - STRUCTS);
		nodes += read_all(big, sizeof(big));
	}
	ok(nodes < 1000, "2 MiB of each token end soon");
}

int main(int argc, char **argv)
{
	struct prng rng;

	prng_seed(&rng, tap_seed(argc, argv, 1));
	tree_make();
	header_make();
	check(structs_end <= STRUCTS_MAX && strings_end <= STRINGS_MAX);
	test_good();
	test_refused();
	test_damaged(&rng);
	test_cut();
	test_time();
	tap_end();
}

/* SPDX-License-Identifier: MIT */
#include "lib/fdt.h"

#include "lib/string.h"

#define MAGIC 0xd00dfeedu
#define HEADER_SIZE 40
#define SIZE_LIMIT 0x40000000u /* offsets never wrap */
#define VERSION 17
#define NAME_MAX 256 /* of a node or property; the specification allows 31 and a unit address */

enum token { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

static uint32_t be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t be64(const void *p)
{
	return (uint64_t)be32(p) << 32 | be32((const uint8_t *)p + 4);
}

static bool inside(uint32_t at, uint32_t n, uint32_t size)
{
	return at <= size && n <= size - at;
}

bool fdt_open(struct fdt *fdt, const void *blob, uint32_t max)
{
	const uint8_t *h = blob;

	if (be32(h) != MAGIC || be32(h + 20) < VERSION || be32(h + 24) > VERSION)
		return false;
	*fdt = (struct fdt){
		.blob = h,
		.size = be32(h + 4),
		.structs = be32(h + 8),
		.strings = be32(h + 12),
		.reserved = be32(h + 16),
		.strings_size = be32(h + 32),
		.structs_size = be32(h + 36),
	};
	return fdt->size >= HEADER_SIZE && fdt->size <= max && fdt->size <= SIZE_LIMIT && inside(fdt->structs, fdt->structs_size, fdt->size) &&
	       inside(fdt->strings, fdt->strings_size, fdt->size);
}

bool fdt_reserved(const struct fdt *fdt, unsigned i, uint64_t *start, uint64_t *size)
{
	uint32_t at;

	if (fdt->reserved > fdt->size || i >= (fdt->size - fdt->reserved) / 16)
		return false;
	at = fdt->reserved + i * 16;
	*start = be64(fdt->blob + at);
	*size = be64(fdt->blob + at + 8);
	return *start || *size;
}

/* ---- the structure block: a cursor that never leaves it ---- */

static const uint8_t *structs(const struct fdt *fdt)
{
	return fdt->blob + fdt->structs;
}

/* The token at *at, which moves behind it; END where there is none. */
static enum token token_next(const struct fdt *fdt, uint32_t *at)
{
	if (!inside(*at, 4, fdt->structs_size))
		return END;
	*at += 4;
	return (enum token)be32(structs(fdt) + *at - 4);
}

static uint32_t aligned(uint32_t n)
{
	return (n + 3) & ~3u;
}

/* Text at `at`, or NULL if it is not terminated inside, or longer than a name may be. */
static const char *name_at(const uint8_t *base, uint32_t at, uint32_t size)
{
	if (at >= size)
		return NULL;
	size -= at;
	return memchr(base + at, 0, size < NAME_MAX ? size : NAME_MAX) ? (const char *)base + at : NULL;
}

struct prop {
	const char *name;
	const uint8_t *value;
	uint32_t len;
};

/* The property whose token ends at *at; *at moves behind it. */
static bool prop_read(const struct fdt *fdt, uint32_t *at, struct prop *p)
{
	uint32_t len;

	if (!inside(*at, 8, fdt->structs_size))
		return false;
	len = be32(structs(fdt) + *at);
	p->name = name_at(fdt->blob + fdt->strings, be32(structs(fdt) + *at + 4), fdt->strings_size);
	if (!p->name || !inside(*at + 8, len, fdt->structs_size))
		return false;
	p->value = structs(fdt) + *at + 8;
	p->len = len;
	*at = aligned(*at + 8 + len);
	return true;
}

/* ---- properties of a node ---- */

static bool find_prop(const struct fdt_node *node, const char *name, struct prop *p)
{
	uint32_t at = node->props;
	enum token t;

	while ((t = token_next(node->fdt, &at)) == PROP || t == NOP) {
		if (t == NOP)
			continue;
		if (!prop_read(node->fdt, &at, p))
			return false;
		if (!strcmp(p->name, name))
			return true;
	}
	return false;
}

const void *fdt_prop(const struct fdt_node *node, const char *name, unsigned *len)
{
	struct prop p;

	if (!find_prop(node, name, &p))
		return NULL;
	*len = p.len;
	return p.value;
}

bool fdt_prop_is(const struct fdt_node *node, const char *name, const char *text)
{
	struct prop p;

	return find_prop(node, name, &p) && p.len == strlen(text) + 1 && !memcmp(p.value, text, p.len);
}

bool fdt_compatible(const struct fdt_node *node, const char *with)
{
	struct prop p;
	const char *word;

	if (!find_prop(node, "compatible", &p))
		return false;
	for (uint32_t at = 0; (word = name_at(p.value, at, p.len)); at += (uint32_t)strlen(word) + 1)
		if (!strcmp(word, with))
			return true;
	return false;
}

bool fdt_number(const struct fdt_node *node, const char *name, uint64_t *value)
{
	struct prop p;

	if (!find_prop(node, name, &p) || (p.len != 4 && p.len != 8))
		return false;
	*value = p.len == 4 ? be32(p.value) : be64(p.value);
	return true;
}

bool fdt_cell(const struct fdt_node *node, const char *name, unsigned i, unsigned *value)
{
	struct prop p;

	if (!find_prop(node, name, &p) || i >= p.len / 4)
		return false;
	*value = be32(p.value + 4 * i);
	return true;
}

static uint64_t cells(const uint8_t *p, uint32_t n)
{
	return n == 0 ? 0 : n == 1 ? be32(p) : be64(p);
}

bool fdt_reg(const struct fdt_node *node, unsigned i, uint64_t *address, uint64_t *size)
{
	uint32_t a = node->address_cells, s = node->size_cells, one = 4 * (a + s);
	struct prop p;

	if (a > 2 || s > 2 || !one || !find_prop(node, "reg", &p) || i >= p.len / one)
		return false;
	*address = cells(p.value + i * one, a);
	*size = cells(p.value + i * one + 4 * a, s);
	return true;
}

/* ---- the walk ---- */

struct level {
	const char *name;
	uint32_t address_cells, size_cells; /* for its children */
};

static uint32_t cells_of(const struct fdt_node *node, const char *name, uint32_t otherwise)
{
	unsigned value;

	return fdt_cell(node, name, 0, &value) ? value : otherwise;
}

/* A node begins: its name is at *at. false: damaged. */
static bool node_begin(const struct fdt *fdt, uint32_t *at, struct level *levels, unsigned depth, struct fdt_node *node)
{
	const char *name = name_at(structs(fdt), *at, fdt->structs_size);

	if (!name || depth >= FDT_DEPTH)
		return false;
	*at = aligned(*at + (uint32_t)strlen(name) + 1);
	*node = (struct fdt_node){
		.fdt = fdt,
		.name = name,
		.parent = depth ? levels[depth - 1].name : "",
		.depth = depth,
		.props = *at,
		.address_cells = depth ? levels[depth - 1].address_cells : 2,
		.size_cells = depth ? levels[depth - 1].size_cells : 1,
	};
	levels[depth] = (struct level){ name, cells_of(node, "#address-cells", 2), cells_of(node, "#size-cells", 1) };
	return true;
}

void fdt_walk(const struct fdt *fdt, void (*fn)(const struct fdt_node *node, void *arg), void *arg)
{
	struct level levels[FDT_DEPTH];
	struct fdt_node node;
	struct prop skip;
	unsigned depth = 0;
	uint32_t at = 0;

	for (;;) {
		switch (token_next(fdt, &at)) {
		case BEGIN_NODE:
			if (!node_begin(fdt, &at, levels, depth, &node))
				return;
			fn(&node, arg);
			depth++;
			break;
		case END_NODE:
			if (!depth--)
				return;
			break;
		case PROP:
			if (!prop_read(fdt, &at, &skip))
				return;
			break;
		case NOP:
			break;
		default:
			return;
		}
	}
}

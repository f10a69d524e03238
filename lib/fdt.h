/* SPDX-License-Identifier: MIT */
/*
 * A reader of flattened device trees (Devicetree Specification 0.4, chapter 5). Ours, and small, because Debian ships libfdt
 * only as a library for the machine one builds on.
 *
 * It believes nothing: every offset and length is checked against the blob, names have a longest length, and a damaged
 * blob ends the walk where it is damaged. Time is linear in the size of the blob for a walk whose callback asks a node
 * for a bounded number of properties. Nothing is allocated, nothing is written; what is returned points into the blob.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_DEPTH 16

struct fdt {
	const uint8_t *blob;
	uint32_t size;
	uint32_t structs, structs_size;
	uint32_t strings, strings_size;
	uint32_t reserved;
};

/* One node, while its callback runs. */
struct fdt_node {
	const struct fdt *fdt;
	const char *name;   /* with its unit address */
	const char *parent; /* name of the node above; "" for the root's children and the root */
	unsigned depth;	    /* 0: the root */
	uint32_t props;	    /* offset of the first property */
	uint32_t address_cells, size_cells; /* of the node above: how its reg is read */
};

/* At most `max` bytes of blob are readable, at least 40. false: this is no device tree, or not of version 17, or it is larger. */
bool fdt_open(struct fdt *fdt, const void *blob, uint32_t max);

/* The i-th entry of the memory reservation block. */
bool fdt_reserved(const struct fdt *fdt, unsigned i, uint64_t *start, uint64_t *size);

/* Calls fn for each node, in order. */
void fdt_walk(const struct fdt *fdt, void (*fn)(const struct fdt_node *node, void *arg), void *arg);

/* The property's value and length, or NULL. Its bytes are what they are: text need not be terminated. */
const void *fdt_prop(const struct fdt_node *node, const char *name, unsigned *len);
bool fdt_prop_is(const struct fdt_node *node, const char *name, const char *text);
bool fdt_compatible(const struct fdt_node *node, const char *with); /* one of its list */
bool fdt_number(const struct fdt_node *node, const char *name, uint64_t *value); /* of one or two cells */
bool fdt_cell(const struct fdt_node *node, const char *name, unsigned i, unsigned *value);

/* The i-th pair of "reg"; false: there is none, or it has numbers of more than two cells (PCI). No translation by "ranges". */
bool fdt_reg(const struct fdt_node *node, unsigned i, uint64_t *address, uint64_t *size);

#endif

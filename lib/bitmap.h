/* SPDX-License-Identifier: MIT */
/* Runs of equal bits in a map of bytes, lowest bit first: as file systems keep them on the disk. Any address. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bitmap_get(const uint8_t *map, uint32_t bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

static inline void bitmap_set(uint8_t *map, uint32_t bit)
{
	map[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static inline void bitmap_clear(uint8_t *map, uint32_t bit)
{
	map[bit / 8] &= (uint8_t)~(1u << bit % 8);
}

/* The first bit of [from, end) that is `value`; end: none. */
static inline uint32_t bitmap_find(const uint8_t *map, uint32_t from, uint32_t end, bool value)
{
	uint8_t skip = value ? 0 : 0xff;

	while (from < end && bitmap_get(map, from) != value) {
		from++;
		while (from % 8 == 0 && from < end && map[from / 8] == skip)
			from += 8;
	}
	return from < end ? from : end;
}

/* The first bit of the first byte within [from, end) that is all zeroes; end: none. */
static inline uint32_t bitmap_find_byte(const uint8_t *map, uint32_t from, uint32_t end)
{
	for (from = (from + 7) & ~7u; from + 8 <= end; from += 8)
		if (!map[from / 8])
			return from;
	return end;
}

#endif

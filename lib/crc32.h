/* SPDX-License-Identifier: MIT */
/* CRC-32 as in IEEE 802.3, zlib and PNG (polynomial 0x04c11db7, bits reflected). */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Begin with 0 and hand the last result back in to go on: crc32(crc32(0, a), b) is the CRC of a followed by b. */
uint32_t crc32(uint32_t crc, const void *data, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/* What Linux's system-call interface has of its own on arm64: names, bits and structures that differ between machines. */
#ifndef ARCH_ARM64_ABI_H
#define ARCH_ARM64_ABI_H

#include <stdint.h>

#define ABI_MACHINE "aarch64" /* uname -m, AT_PLATFORM */
#define ABI_MACHINE_32 "armv8l" /* the same under PER_LINUX32 */

/* which argument of clone(2) is which */
enum { CLONE_ARG_TLS = 3, CLONE_ARG_CTID = 4 };

enum {
	ABI_O_DIRECTORY = 040000,
	ABI_O_NOFOLLOW = 0100000,
	ABI_O_DIRECT = 0200000,
	ABI_O_LARGEFILE = 0400000,
};

enum { ABI_MINSIGSTKSZ = 5120 }; /* the smallest alternate stack */

struct abi_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad;
	int64_t size;
	int32_t blksize, pad2;
	int64_t blocks;
	int64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	uint32_t unused[2];
};

struct abi_epoll_event {
	uint32_t events;
	uint64_t data;
};

_Static_assert(sizeof(struct abi_stat) == 128, "struct stat of arm64");

/* What /proc/cpuinfo says of each CPU, behind its number. */
#define ABI_CPUINFO                                                                                                      \
	"BogoMIPS\t: 2000.00\nFeatures\t: fp asimd atomics cpuid\nCPU implementer\t: 0x00\nCPU architecture: 8\n"             \
	"CPU variant\t: 0x0\nCPU part\t: 0x051\nCPU revision\t: 0\n"

#endif

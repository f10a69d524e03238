/* SPDX-License-Identifier: MIT */
/* What Linux's system-call interface has of its own on x86_64: names, bits and structures that differ between machines. */
#ifndef ARCH_X86_64_ABI_H
#define ARCH_X86_64_ABI_H

#include <stdint.h>

#define ABI_MACHINE "x86_64" /* uname -m, AT_PLATFORM */
#define ABI_MACHINE_32 "i686" /* the same under PER_LINUX32 */

/* which argument of clone(2) is which */
enum { CLONE_ARG_CTID = 3, CLONE_ARG_TLS = 4 };

enum {
	ABI_O_DIRECT = 040000,
	ABI_O_LARGEFILE = 0100000,
	ABI_O_DIRECTORY = 0200000,
	ABI_O_NOFOLLOW = 0400000,
};

enum { ABI_MINSIGSTKSZ = 2048 }; /* the smallest alternate stack */

struct abi_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	int64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	int64_t unused[3];
};

struct abi_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));

_Static_assert(sizeof(struct abi_stat) == 144, "struct stat of x86_64");

/* What /proc/cpuinfo says of each CPU, behind its number. */
#define ABI_CPUINFO                                                                                                      \
	"vendor_id\t: Faultline\ncpu family\t: 6\nmodel\t\t: 6\nmodel name\t: x86_64 under Faultline\nstepping\t: 3\n"          \
	"cpu MHz\t\t: 1000.000\ncache size\t: 512 KB\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n"      \
	"flags\t\t: fpu tsc msr pae cx8 apic pge cmov clflush mmx fxsr sse sse2 syscall nx lm\nbogomips\t: 2000.00\n"          \
	"clflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: 40 bits physical, 48 bits virtual\n"

#endif

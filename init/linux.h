/* SPDX-License-Identifier: MIT */
/* Linux's constants and structures that are the same on both machines. The others are in arch/NAME/abi.h. */
#ifndef INIT_LINUX_H
#define INIT_LINUX_H

#include "abi.h"
#include <stddef.h>
#include <stdint.h>

/* ---- files ---- */

enum {
	AT_FDCWD = -100,
	AT_SYMLINK_NOFOLLOW = 0x100,
	AT_EACCESS = 0x200,
	AT_REMOVEDIR = 0x200,
	AT_SYMLINK_FOLLOW = 0x400,
	AT_NO_AUTOMOUNT = 0x800,
	AT_EMPTY_PATH = 0x1000,
};

enum {
	ABI_O_ACCMODE = 3,
	ABI_O_CREAT = 0100,
	ABI_O_EXCL = 0200,
	ABI_O_NOCTTY = 0400,
	ABI_O_TRUNC = 01000,
	ABI_O_APPEND = 02000,
	ABI_O_NONBLOCK = 04000,
	ABI_O_DSYNC = 010000,
	ABI_O_NOATIME = 01000000,
	ABI_O_CLOEXEC = 02000000,
	ABI_O_SYNC_ALL = 04000000, /* O_SYNC is this and O_DSYNC */
	ABI_O_PATH = 010000000,
	ABI_O_TMPFILE = 020000000, /* what user space calls so has O_DIRECTORY too */
};

enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG,
       F_GETLEASE = 1025, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS };
enum { F_RDLCK, F_WRLCK, F_UNLCK };
enum { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2 };
enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };
enum { LOCK_SHARED = 1, LOCK_EXCLUSIVE = 2, LOCK_NONBLOCK = 4, LOCK_UNLOCK = 8, LOCK_MAND = 32 };
enum { FD_CLOEXEC = 1 };
enum { ABI_SEEK_SET, ABI_SEEK_CUR, ABI_SEEK_END, ABI_SEEK_DATA, ABI_SEEK_HOLE };
enum { R_OK = 4, W_OK = 2, X_OK = 1 };
enum { UIO_MAXIOV = 1024 };
enum { RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4, RWF_NOWAIT = 8, RWF_APPEND = 16 };
enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };

#define MAX_RW_COUNT 0x7ffff000ul /* what one read or write moves at most */

struct linux_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[]; /* NUL-terminated; the record is padded to 8 */
} __attribute__((packed));

struct linux_statfs {
	int64_t type, bsize, blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	int64_t namelen, frsize, flags, spare[4];
};

_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs");

struct statx_timestamp {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};

#define STATX_BASIC_STATS 0x7ffu
#define STATX_RESERVED 0x80000000u
#define AT_STATX_SYNC_TYPE 0x6000u

struct linux_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_timestamp atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id, spare[13];
};

_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");

_Static_assert(offsetof(struct linux_dirent64, name) == 19, "struct linux_dirent64");

/* ---- memory ---- */

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, PROT_GROWSDOWN = 0x01000000, PROT_GROWSUP = 0x02000000 };

enum {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_SHARED_VALIDATE = 3,
	MAP_TYPE = 15,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_32BIT = 0x40,
	MAP_GROWSDOWN = 0x100,
	MAP_DENYWRITE = 0x800,
	MAP_EXECUTABLE = 0x1000,
	MAP_LOCKED = 0x2000,
	MAP_NORESERVE = 0x4000,
	MAP_POPULATE = 0x8000,
	MAP_NONBLOCK = 0x10000,
	MAP_STACK = 0x20000,
	MAP_HUGETLB = 0x40000,
	MAP_FIXED_NOREPLACE = 0x100000,
	MAP_UNINITIALIZED = 0x4000000,
};

/* ---- processes ---- */

enum {
	CSIGNAL = 0xff,
	CLONE_VM = 0x100,
	CLONE_FS = 0x200,
	CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800,
	CLONE_PIDFD = 0x1000,
	CLONE_PTRACE = 0x2000,
	CLONE_VFORK = 0x4000,
	CLONE_PARENT = 0x8000,
	CLONE_THREAD = 0x10000,
	CLONE_SYSVSEM = 0x40000,
	CLONE_SETTLS = 0x80000,
	CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000,
	CLONE_DETACHED = 0x400000,
	CLONE_UNTRACED = 0x800000,
	CLONE_CHILD_SETTID = 0x1000000,
};

#define CLONE_IO 0x80000000u
#define CLONE_CLEAR_SIGHAND 0x100000000ull /* clone3 only */

/* clone3's arguments: as they were first, and with what has come since. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

enum { CLONE3_SIZE_FIRST = 64 };

_Static_assert(sizeof(struct clone3_args) == 88, "struct clone3_args");

enum { WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000, __WNOTHREAD = 0x20000000, __WALL = 0x40000000 };
#define __WCLONE 0x80000000u

struct timeval {
	int64_t sec, usec;
};

struct timespec {
	int64_t sec, nsec;
};

struct rusage {
	struct timeval utime, stime;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

_Static_assert(sizeof(struct rusage) == 144, "struct rusage");

struct rlimit64 {
	uint64_t cur, max;
};

#define RLIM_INFINITY UINT64_MAX

enum {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
	RLIMIT_LOCKS,
	RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
	RLIMIT_COUNT,
};

/* ---- threads ---- */

enum {
	FUTEX_WAIT,
	FUTEX_WAKE,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE,
	FUTEX_WAKE_OP,
	FUTEX_LOCK_PI,
	FUTEX_UNLOCK_PI,
	FUTEX_TRYLOCK_PI,
	FUTEX_WAIT_BITSET,
	FUTEX_WAKE_BITSET,
	FUTEX_WAIT_REQUEUE_PI,
	FUTEX_CMP_REQUEUE_PI,
	FUTEX_LOCK_PI2,
	FUTEX_PRIVATE_FLAG = 128,
	FUTEX_CLOCK_REALTIME = 256,
};

enum { FUTEX_32 = 2, FUTEX_WAITV_MAX = 128 };

struct linux_waitv {
	uint64_t value, word;
	uint32_t flags, reserved;
};

#define ROBUST_LIST_LIMIT 2048

struct robust_list_head {
	uint64_t next; /* address of an entry, which begins with the next one's; bit 0: priority-inheriting */
	int64_t offset; /* from entry to word */
	uint64_t pending; /* an entry that is being put on or taken off, or 0 */
};

/* ---- the machine ---- */

enum { PER_MASK = 0xff, PER_LINUX32 = 8, PER_UNAME26 = 0x0020000, PER_STICKY_TIMEOUTS = 0x4000000 };

struct utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

_Static_assert(sizeof(struct utsname) == 390, "struct utsname");

struct sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};

_Static_assert(sizeof(struct sysinfo) == 112, "struct sysinfo");

enum {
	CLOCK_REALTIME,
	CLOCK_MONOTONIC,
	CLOCK_PROCESS_CPUTIME_ID,
	CLOCK_THREAD_CPUTIME_ID,
	CLOCK_MONOTONIC_RAW,
	CLOCK_REALTIME_COARSE,
	CLOCK_MONOTONIC_COARSE,
	CLOCK_BOOTTIME,
	CLOCK_TAI = 11,
};

enum { TIMER_ABSTIME = 1 };

#endif

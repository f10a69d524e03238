/* SPDX-License-Identifier: MIT */
/*
 * What is put into the place of one argument, by its kind (tests/guest/fuzz_calls.h). The first value of a kind is the good one, which the
 * other arguments have meanwhile. A pointer's value counts from the arena of its argument:
 *
 *   CANARY   what nothing points to
 *   ZEROS    a page of zeros: any structure, and room; then a hole, so that ZEROS + PAGE - n has n bytes
 *   FILLED   a page of 0x5a: garbage as input, and as output it shows what is written
 *   CONTENTS times or vectors, good ones and bad ones, 64 bytes each
 */
#ifndef BADCALLS_VALUES_H
#define BADCALLS_VALUES_H

#include "../guest/tap.h"

enum { AT_CANARY, AT_ZEROS, AT_HOLE, AT_FILLED, AT_HOLE2, AT_READONLY, AT_NONE, AT_WRITEONLY, AT_HOLE3, AT_CONTENTS, ARENA_PAGES };

#define ARENA 0x110000000l /* of the first argument; those of the others follow, ARENA_STRIDE apart */
#define ARENA_STRIDE 0x100000l
#define PLAYGROUND 0x200000000l /* for the calls that change mappings: 4 pages to write, a hole, 2 to read, 1 of nothing, 4 of a file */
#define FILL 0x5a

struct value {
	const char *name;
	long value;
	int relative; /* to the argument's arena */
};

/* The descriptors there are. */
enum { FILE_FD = 10, DIR_FD, READ_FD, OUT_FD, PATH_FD, PIPE_FD, PIPE_IN_FD, EPOLL_FD, EVENT_FD, TIMER_FD, NULL_FD, ZERO_FD, FIFO_FD, MEM_FD,
       APPEND_FD, PROCESS_FD, SOCKET_FD, PEER_FD, LAST_FD };

#define IN(page, offset) (long)(AT_##page * PAGE + (offset)), 1
#define LEFT(n) { "room-" #n, IN(ZEROS, PAGE - (n)) }
#define NOWHERE                                                                                                                            \
	{ "null", 0, 0 }, { "one", 1, 0 }, { "low", 8, 0 }, { "kernel", (long)0xffff800000001000ul, 0 },                                      \
		{ "image", (long)0xffffffff80100000ul, 0 }, { "noncanonical", 0x800000000000l, 0 }, { "beyond", 0x7ffffffff000l, 0 },         \
		{ "sign", (long)(1ul << 63), 0 }, { "minus-8", -8, 0 }, { "minus-1", -1, 0 }, { "hole", IN(HOLE, 0) }, { "none", IN(NONE, 0) }, \
		{ "tagged", (1l << 56) + ARENA + AT_ZEROS * (long)PAGE, 0 }

static const struct value pointers[] = {
	{ "good", IN(ZEROS, 0) }, NOWHERE, { "readonly", IN(READONLY, 0) }, { "writeonly", IN(WRITEONLY, 0) }, { "odd", IN(ZEROS, 1) },
	{ "even", IN(ZEROS, 4) }, { "filled", IN(FILLED, 0) }, { "half", IN(FILLED, PAGE - 4) }, LEFT(1), LEFT(3), LEFT(4), LEFT(7),
	LEFT(8),
	LEFT(12), LEFT(15), LEFT(16), LEFT(24), LEFT(32), LEFT(40), LEFT(48), LEFT(64), LEFT(72), LEFT(88), LEFT(112), LEFT(128), LEFT(144),
	LEFT(152), LEFT(256), LEFT(390),
};

static const struct value times[] = {
	{ "good", IN(CONTENTS, 0) }, NOWHERE, { "readonly", IN(READONLY, 0) }, { "filled", IN(FILLED, 0) }, LEFT(8), LEFT(15), LEFT(16),
	LEFT(24),
	LEFT(32), { "nsec-1e9", IN(CONTENTS, 64) }, { "nsec-minus", IN(CONTENTS, 128) }, { "sec-minus", IN(CONTENTS, 192) },
	{ "sec-max", IN(CONTENTS, 256) }, { "now-omit", IN(CONTENTS, 320) }, { "second-bad", IN(CONTENTS, 384) },
	{ "usec-1e6", IN(CONTENTS, 448) },
};

static const struct value vectors[] = {
	{ "good", IN(CONTENTS, 0) }, NOWHERE, { "readonly", IN(READONLY, 0) }, { "filled", IN(FILLED, 0) }, LEFT(8), LEFT(16), LEFT(31),
	LEFT(32),
	{ "base-kernel", IN(CONTENTS, 64) }, { "len-minus", IN(CONTENTS, 128) }, { "second-hole", IN(CONTENTS, 192) },
	{ "len-max", IN(CONTENTS, 256) },
	{ "empty", IN(CONTENTS, 320) }, { "sum-wraps", IN(CONTENTS, 384) }, { "empty-kernel", IN(CONTENTS, 448) },
};

static const struct value descriptors[] = {
	{ "good", FILE_FD, 0 }, { "minus-1", -1, 0 }, { "closed", 999, 0 }, { "int-max", 0x7fffffff, 0 }, { "int-min", -0x80000000l, 0 },
	{ "cwd", -100, 0 },
	{ "minus-4096", -4096, 0 }, { "high-bits", (7l << 32) + FILE_FD, 0 }, { "dir", DIR_FD, 0 }, { "read", READ_FD, 0 },
	{ "write", OUT_FD, 0 },
	{ "path", PATH_FD, 0 }, { "pipe", PIPE_FD, 0 }, { "pipe-in", PIPE_IN_FD, 0 }, { "epoll", EPOLL_FD, 0 }, { "event", EVENT_FD, 0 },
	{ "timer", TIMER_FD, 0 }, { "null", NULL_FD, 0 }, { "zero", ZERO_FD, 0 }, { "fifo", FIFO_FD, 0 }, { "memory", MEM_FD, 0 },
	{ "append", APPEND_FD, 0 }, { "process", PROCESS_FD, 0 }, { "socket", SOCKET_FD, 0 }, { "at-limit", 1024, 0 }, { "huge", 1l << 62, 0 },
};

static const struct value lengths[] = {
	{ "good", 8, 0 }, { "0", 0, 0 }, { "1", 1, 0 }, { "7", 7, 0 }, { "9", 9, 0 }, { "16", 16, 0 }, { "24", 24, 0 }, { "63", 63, 0 },
	{ "128", 128, 0 }, { "4095", 4095, 0 },
	{ "4096", 4096, 0 }, { "4097", 4097, 0 }, { "int-max", 0x7fffffff, 0 }, { "sign-32", 0x80000000l, 0 },
	{ "minus-1-32", 0xffffffffl, 0 },
	{ "high-bits", (1l << 32) + 8, 0 }, { "terabyte", 1l << 40, 0 }, { "address-space", 1l << 47, 0 }, { "max", (long)(~0ul >> 1), 0 },
	{ "sign", (long)(1ul << 63), 0 }, { "minus-1", -1, 0 }, { "minus-8", -8, 0 }, { "minus-4096", -4096, 0 },
};

static const struct value positions[] = {
	{ "good", 0, 0 }, { "1", 1, 0 }, { "4096", 4096, 0 }, { "minus-1", -1, 0 }, { "minus-4096", -4096, 0 },
	{ "int-max", 0x7fffffff, 0 }, { "4G", 1l << 32, 0 },
	{ "max", (long)(~0ul >> 1), 0 }, { "sign", (long)(1ul << 63), 0 }, { "max-page", (long)(~0ul >> 1) & -4096l, 0 },
};

static const struct value numbers[] = {
	{ "good", 0, 0 }, { "1", 1, 0 }, { "2", 2, 0 }, { "3", 3, 0 }, { "4", 4, 0 }, { "5", 5, 0 }, { "6", 6, 0 }, { "7", 7, 0 },
	{ "8", 8, 0 }, { "9", 9, 0 }, { "10", 10, 0 }, { "11", 11, 0 },
	{ "12", 12, 0 }, { "13", 13, 0 }, { "14", 14, 0 }, { "15", 15, 0 }, { "16", 16, 0 }, { "24", 24, 0 }, { "64", 64, 0 },
	{ "100", 100, 0 }, { "999", 999, 0 }, { "1024", 1024, 0 }, { "1025", 1025, 0 },
	{ "1030", 1030, 0 }, { "1032", 1032, 0 }, { "1033", 1033, 0 }, { "1034", 1034, 0 }, { "65536", 65536, 0 }, { "minus-1", -1, 0 },
	{ "minus-2", -2, 0 }, { "minus-6", -6, 0 },
	{ "int-max", 0x7fffffff, 0 }, { "int-min", -0x80000000l, 0 }, { "sign-32", 0x80000000l, 0 }, { "high-bits", 1l << 32, 0 },
	{ "max", (long)(~0ul >> 1), 0 },
};

static const struct value anything[] = {
	{ "good", 0, 0 }, { "1", 1, 0 }, { "12345", 12345, 0 }, { "65535", 65535, 0 }, { "int-max", 0x7fffffff, 0 },
	{ "sign-32", 0x80000000l, 0 }, { "minus-1-32", 0xffffffffl, 0 },
	{ "minus-1", -1, 0 }, { "minus-2", -2, 0 }, { "high-bits", 1l << 32, 0 }, { "max", (long)(~0ul >> 1), 0 },
	{ "sign", (long)(1ul << 63), 0 },
};

static const struct value modes[] = {
	{ "good", 0644, 0 }, { "0", 0, 0 }, { "7777", 07777, 0 }, { "10000", 010000, 0 }, { "all", 0xffffffffl, 0 },
	{ "minus-1", -1, 0 }, { "high-bits", (1l << 32) + 0600, 0 },
	{ "regular", 0100600, 0 }, { "directory", 040700, 0 }, { "link", 0120777, 0 }, { "socket", 0140600, 0 }, { "device", 020600, 0 },
	{ "block", 060600, 0 },
	{ "fifo", 010600, 0 }, { "no-such-type", 0170600, 0 }, { "whiteout", 0160600, 0 },
};

static const struct value signals[] = {
	{ "good", 10, 0 }, { "0", 0, 0 }, { "kill", 9, 0 }, { "stop", 19, 0 }, { "child", 17, 0 }, { "32", 32, 0 }, { "33", 33, 0 },
	{ "64", 64, 0 }, { "65", 65, 0 },
	{ "minus-1", -1, 0 }, { "int-max", 0x7fffffff, 0 }, { "high-bits", (1l << 32) + 10, 0 },
};

/* No process but the caller's own is named, and never all. */
#define SELF 0x5e1fl
static const struct value processes[] = {
	{ "good", SELF, 0 }, { "0", 0, 0 }, { "no-such", 4000000, 0 }, { "int-max", 0x7fffffff, 0 }, { "int-min", -0x80000000l, 0 },
	{ "no-group", -4000000, 0 },
};

/* None shares memory with its parent, none leaves its name spaces. */
static const struct value clones[] = {
	{ "good", 17, 0 }, { "sighand", 0x800, 0 }, { "thread", 0x10000, 0 }, { "thread-sighand", 0x10800, 0 }, { "fs-newns", 0x20200, 0 },
	{ "no-such-signal", 100, 0 }, { "files", 0x411, 0 }, { "cleartid", 0x200011, 0 }, { "settid", 0x100011, 0 }, { "all", -1, 0 },
};

#define BIT(n) { "bit-" #n, 1l << (n), 0 }
static const struct value flags[] = {
	{ "good", 0, 0 }, BIT(0), BIT(1), BIT(2), BIT(3), BIT(4), BIT(5), BIT(6), BIT(7), BIT(8), BIT(9), BIT(10), BIT(11), BIT(12),
	BIT(13), BIT(14), BIT(15),
	BIT(16), BIT(17), BIT(18), BIT(19), BIT(20), BIT(21), BIT(22), BIT(23), BIT(24), BIT(25), BIT(26), BIT(27), BIT(28), BIT(29),
	BIT(30), BIT(31), BIT(32), BIT(63),
	{ "3", 3, 0 }, { "5", 5, 0 }, { "6", 6, 0 }, { "7", 7, 0 }, { "all-32", 0xffffffffl, 0 }, { "all", -1, 0 },
};

static const struct value addresses[] = {
	{ "good", PLAYGROUND, 0 }, { "null", 0, 0 }, { "odd", PLAYGROUND + 1, 0 }, { "hole", PLAYGROUND + 4 * PAGE, 0 },
	{ "readonly", PLAYGROUND + 5 * PAGE, 0 },
	{ "none", PLAYGROUND + 7 * PAGE, 0 }, { "file", PLAYGROUND + 8 * PAGE, 0 }, { "past-file", PLAYGROUND + 10 * PAGE, 0 },
	{ "kernel", (long)0xffff800000001000ul, 0 }, { "image", (long)0xffffffff80100000ul, 0 },
	{ "noncanonical", 0x800000000000l, 0 }, { "beyond", 0x7ffffffff000l, 0 }, { "sign", (long)(1ul << 63), 0 },
	{ "minus-page", -4096, 0 }, { "minus-1", -1, 0 },
};

/* What a path may be; the values of the kind are these, then the pointers that are no path. */
static char name255[256], name256[257], through256[259], longest[4096], too_long[4097]; /* filled in at the start */
#define PATH(name, text) { name, (long)(text), 0 }
static const struct value paths[] = {
	PATH("good", "file"), PATH("empty", ""), PATH("dot", "."), PATH("dotdot", ".."), PATH("root", "/"), PATH("absent", "absent"),
	PATH("slash", "file/"),
	PATH("through-file", "file/x"), PATH("file-dot", "file/."), PATH("file-dotdot", "file/.."), PATH("dir", "dir"),
	PATH("dir-slash", "dir/"), PATH("dir-dot", "dir/."), PATH("dir-dotdot", "dir/.."),
	PATH("in", "dir/in"), PATH("absent-slash", "absent/"), PATH("through-absent", "absent/x"), PATH("link", "link"),
	PATH("link-slash", "link/"),
	PATH("dirlink", "dirlink"), PATH("dirlink-slash", "dirlink/"), PATH("dangling", "dangling"), PATH("dangling-slash", "dangling/"),
	PATH("loop", "loop"), PATH("through-loop", "loop/x"),
	PATH("fifo", "fifo"), PATH("device", "device"), PATH("through-device", "device/x"), PATH("slashes", "///bad//.///file"),
	PATH("above-root", "/../../bad/file"),
	PATH("255", name255), PATH("256", name256), PATH("through-256", through256), PATH("4095", longest), PATH("4096", too_long),
	PATH("new", "new"), NOWHERE,
	{ "unterminated", IN(FILLED, 0) }, { "to-hole", IN(FILLED, PAGE - 4) }, { "readonly", IN(READONLY, 0) }, LEFT(1),
};

#define KIND(letters, list) { letters, list, sizeof(list) / sizeof(list[0]) }
static const struct kind {
	const char *letters;
	const struct value *values;
	unsigned count;
} kinds[] = {
	KIND("mw", pointers), KIND("t", times), KIND("v", vectors), KIND("f", descriptors), KIND("nN", lengths), KIND("o", positions),
	KIND("ip", numbers),
	KIND("uz", anything), KIND("M", modes), KIND("g", signals), KIND("P", processes), KIND("C", clones), KIND("x", flags),
	KIND("a", addresses), KIND("sS", paths),
};

#define MOST_VALUES 64
_Static_assert(sizeof(paths) / sizeof(paths[0]) < MOST_VALUES, "the longest list");

#endif

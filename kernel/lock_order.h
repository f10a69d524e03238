/* SPDX-License-Identifier: MIT */
/*
 * The lock order, once, as data: a thread may take a lock only if its class stands below (after) every class
 * it already holds. Trylocks are exempt, but counted. The validator (kernel/lock_order.c, debug builds) reads
 * this list; so should you. Interrupt handlers take locks on top of what they interrupt: so a spinlock that is held with interrupts on stands
 * before every one that a handler takes, CACHE and PAGE_QUEUE among them.
 */
#ifndef KERNEL_LOCK_ORDER_H
#define KERNEL_LOCK_ORDER_H

#include "kernel/assert.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct site;

/*	class		may its holder sleep?	what it guards */
#define LOCK_ORDER(X)                                                                              \
	X(NONE,		true,	"no class: not checked")                                           \
	X(PROCESS,	true,	"the process tree: children, exit status")                         \
	X(PROCESS_TIMERS,true,	"which timers a process has made")                                \
	X(FILES,	true,	"a process's descriptor table")                                    \
	X(FILE_POS,	true,	"one open file's position")                                        \
	X(EPOLL,	true,	"which files are watched by which epoll")                          \
	X(SOCKET,	true,	"who reads what has come to one end of a socket pair")             \
	X(SYSV,		true,	"which segments of System V shared memory there are")              \
	X(ADDRESS_SPACE,true,	"mm->lock: the tree of VMAs, brk, who maps what")                  \
	X(VMA,		true,	"one VMA (fork, mprotect and munmap hold it; faults only look)")   \
	X(SYNC,		true,	"one sync of everything at a time")                                \
	X(RENAME,	true,	"which directory stands in which: fs/rename.c")                    \
	X(DIRECTORY,	true,	"inode->names: what a directory contains")                         \
	X(DIRECTORY_2,	true,	"the same of a rename's other directory")                          \
	X(DIRECTORY_3,	true,	"the same of a directory that is renamed or removed")              \
	X(DIRECTORY_4,	true,	"the same of a directory that a rename replaces")                  \
	X(INODE,	true,	"an inode's size, blocks and attributes")                          \
	X(INVALIDATE,	true,	"mapping->invalidate_lock: no page may enter the hole being made") \
	X(JOURNAL,	true,	"a transaction handle")                                            \
	X(PAGE,		true,	"a page: PG_LOCKED")                                               \
	X(BUFFER,	true,	"file-system metadata of one device")                              \
	X(EXT2_TREE,	true,	"which blocks one ext2 file has")                                  \
	X(EXT2_RELEASE,	true,	"what was freed in ext2 on its way to be used again")              \
	X(EXT2_GROUP,	true,	"bitmaps and counts of one group of ext2")                         \
	X(EXT2_FLUSH,	true,	"changed ext2 metadata on its way to the disk")                    \
	X(RMAP_FILE,	true,	"mapping->mappers: which VMAs map this file")                      \
	X(RMAP_ANON,	true,	"which VMAs may map this anonymous page")                          \
	X(FILE_LOCKS,	false,	"advisory locks of all files")                                     \
	X(PIPE,		false,	"the bytes of one pipe, the count of an event or timer")           \
	X(PT_TABLES,	false,	"mm->table_lock: page tables come and go")                         \
	X(PT,		false,	"entries of one page table")                                       \
	X(FUTEX,	false,	"a bucket of futex waiters; two in order of address")              \
	X(FUTEX_PI,	false,	"who waits for whom at priority-inheriting futexes")               \
	X(INODE_CACHE,	false,	"which inodes are in memory")                                      \
	X(EXT2,		false,	"lists of one ext2 file system, an inode being copied")            \
	X(TEXT,		false,	"which text an open file of /proc shows")                          \
	X(CACHE,	false,	"mapping->lock: slots of the page cache")                          \
	X(DIRTY_LIST,	false,	"which mappings have dirty pages")                                 \
	X(PAGE_QUEUE,	false,	"who waits for a page")                                            \
	X(SIGNAL,	false,	"a process's tasks and pending signals")                           \
	X(SIGHAND,	false,	"what processes that share handlers do with each signal")          \
	X(UTS,		false,	"what the machine is called")                                      \
	X(IO_GROUP,	false,	"who is in which group of tasks, what groups may ask of disks")    \
	X(DEVICE,	false,	"a block device's request queue")                                  \
	X(TTY,		false,	"the terminal: what is typed, settings, who is in front")          \
	X(CONSOLE,	false,	"console input")                                                   \
	X(WAITQ,	false,	"a wait queue")                                                    \
	X(EPOLL_NESTED,	false,	"a wait queue: epolls that watch epolls")                          \
	X(EPOLL_WAIT,	false,	"a wait queue: who waits for an epoll")                            \
	X(EPOLL_READY,	false,	"which files an epoll should look at")                             \
	X(THREADS,	false,	"the list of all threads")                                         \
	X(TIMER,	false,	"a CPU's timers")                                                  \
	X(RUNQUEUE,	false,	"a CPU's run queue")                                               \
	X(RCU,		false,	"grace periods")                                                   \
	X(LRU,		false,	"page ages")                                                       \
	X(SLAB,		false,	"one slab cache")                                                  \
	X(ZONE,		false,	"free frames")                                                     \
	X(LOG,		false,	"the console's output")

enum lock_class {
#define X(name, sleeps, guards) LOCK_##name,
	LOCK_ORDER(X)
#undef X
	LOCK_CLASSES
};

/*
 * Debug builds only; no-ops otherwise. `what` is the lock's address. want: checks the order before a lock that may be waited for;
 * acquire: checks it too unless trylock, and notes that the current thread has it.
 */
void lock_check_want(enum lock_class class, const void *what);
void lock_check_acquire(enum lock_class class, const void *what, bool trylock);
void lock_check_release(enum lock_class class, const void *what);
void lock_check_none(enum lock_class from, enum lock_class to, const char *doing);
void lock_check_may_sleep(void);

/* What follows from a broken order: the end, or a report for each pair of classes. */
enum lock_check_mode { LOCKCHECK_PANIC, LOCKCHECK_REPORT };
extern _Atomic uint32_t lock_check_mode;

/* Where current has taken this lock; NULL: it does not hold it. Debug builds. */
const struct site *lock_held_site(const void *what);

static inline void lock_note_want(enum lock_class class, const void *what)
{
	if (DEBUG)
		lock_check_want(class, what);
}

static inline void lock_note_acquire(enum lock_class class, const void *what, bool trylock)
{
	if (DEBUG)
		lock_check_acquire(class, what, trylock);
}

static inline void lock_note_release(enum lock_class class, const void *what)
{
	if (DEBUG)
		lock_check_release(class, what);
}

/* Panics, naming them, if the current thread holds a lock of class `from` .. `to`. */
static inline void lock_assert_none(enum lock_class from, enum lock_class to, const char *doing)
{
	if (DEBUG)
		lock_check_none(from, to, doing);
}

/* Panics unless the current thread may sleep: preemption on, interrupts on, only sleeping locks held. */
static inline void might_sleep(void)
{
	if (DEBUG)
		lock_check_may_sleep();
}

/* Does t, another thread perhaps, hold this lock, whose class may sleep, and where has it taken it? If t runs, the answer may be out of
 * date. Debug builds; false in others. */
struct thread;
bool lock_holds(const struct thread *t, const void *what, struct site *site);

/* "INODE", for reports. */
const char *lock_class_name(enum lock_class class);

/* From now on nothing is checked: panic, whose locks are nobody's. */
void lock_check_stop(void);

#endif

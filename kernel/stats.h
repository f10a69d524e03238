/* SPDX-License-Identifier: MIT */
/* Statistics: one counter array a CPU, summed when read. Names are stable: /proc/fault/stats, experiments and tests use them. */
#ifndef KERNEL_STATS_H
#define KERNEL_STATS_H

#include "arch/arch.h"
#include "kernel/thread.h"

#define STATS(X)                                                                                   \
	X(faults, "page faults, one for each trap")                                                \
	X(faults_warm, "done in one round without waiting")                                        \
	X(faults_major, "had to wait for a device")                                                \
	X(fault_rounds, "attempts; rounds - faults = retries")                                     \
	X(retry_vma, "retries: the VMA changed under the fault")                                   \
	X(retry_read, "retries: waited for a page that was being read")                            \
	X(retry_lock, "retries: waited for a page lock (policy faultlock)")                        \
	X(retry_ahead, "retries: began the next read-ahead")                                       \
	X(retry_slot, "retries: the page cache slot changed under the fault")                      \
	X(retry_memory, "retries: waited for memory")                                              \
	X(retry_write, "retries: waited for a page's write-back, its blocks, or for less to be dirty")  \
	X(fault_anon, "anonymous pages made")                                                      \
	X(fault_zero, "zero page mapped")                                                          \
	X(fault_cow, "pages copied on write")                                                      \
	X(fault_reuse, "write faults that found themselves sole owner")                            \
	X(fault_file, "file pages mapped by their own fault")                                      \
	X(fault_spurious, "entry was already as wanted")                                           \
	X(fault_mkwrite, "shared pages made writable by a store")                                  \
	X(around_calls, "map-arounds")                                                             \
	X(around_mapped, "pages mapped by them")                                                   \
	X(around_backout, "pages they had to back out of")                                         \
	X(segv, "faults that ended in SIGSEGV")                                                    \
	X(bus, "faults that ended in SIGBUS")                                                      \
	X(cache_hits, "page cache look-ups that found a page")                                     \
	X(cache_misses, "page cache look-ups that did not")                                        \
	X(cache_pages, "pages in the page cache")                                                  \
	X(readahead_pages, "pages read before anybody asked")                                      \
	X(page_waits, "sleeps for a page's state")                                                 \
	X(page_lock_waits, "sleeps for a page lock")                                               \
	X(page_lock_handoffs, "page locks handed to who waited")                                   \
	X(page_lock_steals, "page locks taken by others while somebody waited")                    \
	X(page_lock_lost, "times that somebody was woken for a page lock in vain")                 \
	X(reclaimed, "pages taken back")                                                           \
	X(reclaimed_direct, "of these, by those who needed some")                                  \
	X(reclaimed_ahead, "and by the thread that keeps some free")                               \
	X(reclaim_looks, "pages it looked at")                                                     \
	X(activated, "pages that became active: used again")                                       \
	X(deactivated, "active pages that had not been, or were too many")                         \
	X(oom_kills, "processes killed because there was no memory")                               \
	X(dirtied, "pages made dirty")                                                             \
	X(written, "pages written back")                                                           \
	X(write_errors, "pages whose write-back failed")                                           \
	X(write_waits, "sleeps for a page's write-back")                                           \
	X(throttled, "sleeps because too much was dirty")                                          \
	X(journal_waits, "sleeps for credits of a transaction")                                    \
	X(journal_commits, "commits of transactions")                                              \
	X(write_rounds, "pages that write(2) copied into, tries included")                         \
	X(write_short, "copies of write(2) that ended short")                                      \
	X(truncated, "pages taken away from files")                                                \
	X(io_reads, "read requests submitted")                                                     \
	X(io_writes, "write requests submitted")                                                   \
	X(io_bytes, "bytes moved")                                                                 \
	X(io_errors, "requests that failed")                                                       \
	X(tlb_flushes, "range flushes")                                                            \
	X(switches, "context switches")                                                            \
	X(hung_reports, "waits told by the watchdog")                                              \
	X(hung_cycle, "... that end in a cycle")                                                   \
	X(hung_lost_wakeup, "... for what is free")                                                \
	X(hung_livelock, "... that are retries without end")                                       \
	X(hung_request, "... for a device")                                                        \
	X(hung_starvation, "... for what others get again and again")                              \
	X(hung_holder, "... for what somebody keeps")                                              \
	X(hung_unknown, "... for nobody knows whom")                                               \
	X(soft_lockups, "CPUs that did not come to a schedule point")                              \
	X(lock_reports, "what the lock validator has reported (debug)")                            \
	X(syscalls_unknown, "system calls answered ENOSYS")

enum stat {
#define X(name, help) STAT_##name,
	STATS(X)
#undef X
	STAT_COUNT
};

struct stat_cpu {
	_Atomic uint64_t count[STAT_COUNT];
} __attribute__((aligned(64)));

extern struct stat_cpu stat_cpus[MAX_CPUS];

/* Any context. Relaxed: a counter orders nothing. */
static inline void stat_add(enum stat s, int64_t n)
{
	unsigned cpu = atomic_load_explicit(&current->cpu, memory_order_relaxed);

	atomic_fetch_add_explicit(&stat_cpus[cpu].count[s], (uint64_t)n, memory_order_relaxed);
}

static inline void stat_inc(enum stat s)
{
	stat_add(s, 1);
}

uint64_t stat_read(enum stat s);
const char *stat_name(enum stat s);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: the process that has most is killed, as Linux counts it: pages and page tables, and a thousandth of all memory for each point of
 * oom_score_adj, -1000 being a promise to leave it alone. Whoever shares its memory goes with it.
 *
 * Called by mm's thread only, which holds nothing; it looks at a process's memory under the process's lock and keeps no reference to it. While
 * the last victim still has its memory, nobody else is killed, unless it does not end for too long.
 */
#include "init/oom.h"

#include "init/process_impl.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "mm/lru.h"
#include "mm/reclaim.h"
#include "mm/writeback.h"

#define PATIENCE_NS (5 * NSEC_PER_SEC)
#define ADJ_NEVER (-1000)

#define KIB(pages) ((unsigned long)(pages) * (PAGE_SIZE / 1024))

/* mm's thread only. */
static struct process *victim; /* referenced; or NULL */
static uint64_t killed_at;

/* What a process has. */
struct holding {
	const struct mm *mm; /* to be compared; NULL: none any more */
	uint64_t pages, tables;
};

static struct holding holding_of(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct holding h = { .mm = p->mm };

	if (h.mm) {
		int64_t rss = atomic_load_explicit(&p->mm->rss, memory_order_relaxed);

		h.pages = rss > 0 ? (uint64_t)rss : 0; /* a map-around adds late */
		h.tables = atomic_load_explicit(&p->mm->tables, memory_order_relaxed);
	}
	spin_unlock_irq(&p->lock, flags);
	return h;
}

static int adj_of(const struct process *p)
{
	return atomic_load_explicit(&p->oom_score, memory_order_relaxed);
}

/* 0: it is not to be killed, or has nothing. */
static uint64_t badness(struct process *p)
{
	struct holding h = holding_of(p);
	int64_t points = (int64_t)(h.pages + h.tables) + adj_of(p) * (int64_t)frame_total() / 1000;

	if (!h.mm || adj_of(p) == ADJ_NEVER)
		return 0;
	return points > 0 ? (uint64_t)points : 1;
}

/* The worst of all, referenced. NULL: none can be killed. */
static struct process *choose(void)
{
	struct process *p, *worst = NULL;
	uint64_t most = 0;

	for (unsigned pid = 1; (p = process_next(&pid)); pid++) {
		uint64_t points = badness(p);

		if (points > most) {
			if (worst)
				process_put(worst);
			worst = p;
			most = points;
		} else {
			process_put(p);
		}
	}
	return worst;
}

static void report_process(struct process *p, const char *what)
{
	struct holding h = holding_of(p);

	log_line("out of memory: %s %u (%s), %lu KiB of pages, %lu KiB of page tables, oom_score_adj %d", what, p->pid, p->path,
		 KIB(h.pages), KIB(h.tables), adj_of(p));
}

static void report_machine(void)
{
	log_line("out of memory: of %lu KiB %lu are free; the page cache has %lu, of these %lu active, %lu inactive, %lu dirty",
		 KIB(frame_total()), KIB(frame_available()), KIB(stat_read(STAT_cache_pages)), KIB(lru_length(LRU_ACTIVE)),
		 KIB(lru_length(LRU_INACTIVE)), KIB(writeback_dirty_pages()));
}

/* It, and whoever shares its memory. */
static void kill_all_with(const struct mm *mm)
{
	struct process *p;

	for (unsigned pid = 1; (p = process_next(&pid)); pid++) {
		if (holding_of(p).mm == mm)
			signal_send(p, SIGKILL);
		process_put(p);
	}
}

static void report_others(const struct process *but)
{
	struct process *p;

	for (unsigned pid = 1; (p = process_next(&pid)); pid++) {
		if (p != but && holding_of(p).mm)
			report_process(p, "there is also process");
		process_put(p);
	}
}

/* Its memory has gone before it is a zombie. The lock is tried: its holder may want memory. */
static bool has_ended(const struct process *p)
{
	bool ended;

	if (!mutex_trylock(&process_tree))
		return false;
	ended = p->state != PROCESS_ALIVE;
	mutex_unlock(&process_tree);
	return ended;
}

/* Has the last victim still something that it is going to give back? */
static bool victim_is_ending(void)
{
	if (!victim)
		return false;
	if (!has_ended(victim) && clock_ns() - killed_at < PATIENCE_NS)
		return true;
	process_put(victim);
	victim = NULL;
	return false;
}

bool oom_kill_one(void)
{
	if (victim_is_ending())
		return true;
	victim = choose();
	if (!victim)
		return false;
	killed_at = clock_ns();
	report_machine();
	report_others(victim);
	report_process(victim, "killing process");
	stat_inc(STAT_oom_kills);
	kill_all_with(holding_of(victim).mm);
	return true;
}

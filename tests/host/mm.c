/* SPDX-License-Identifier: MIT */
/*
 * mm against a model of what memory must hold: map, unmap, protect, discard, fork, and accesses from the kernel's side and the
 * user's, over files that are read late, early, out of order and sometimes not at all, while pages are reclaimed.
 *
 * Several threads share one address space and the files. Each has its own part of the space and its own pages of each file (index modulo
 * THREADS), so that each has a model of its own that must hold exactly, whatever the others do.
 */
#include "kernel/sched.h"
#include "kernel/stats.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "mm/fault.h"
#include "mm/reclaim.h"
#include "mm/policy.h"
#include "mm/shmem.h"
#include "tests/host/mmfile.h"
#include "tests/host/port.h"
#include <string.h>

#define THREADS 5
#define ROUNDS 15000
#define GROUPS 3   /* groups of pages around a boundary between two page tables */
#define GROUP 16
#define PAGES (GROUPS * GROUP)
#define TABLE (512 * PAGE_SIZE)
#define WORDS 3
#define FILES 3

/* A page of the model. */
struct cell {
	unsigned flags; /* VMA_*; 0 with `mapped` is PROT_NONE */
	bool mapped;
	bool own; /* anonymous, or a private copy: `w` counts; else the file's page */
	struct test_file *file;
	pgoff_t index;
	uint64_t w[WORDS];
};

struct space {
	struct mm *mm;
	uintptr_t base;
	struct cell cell[PAGES];
};

static const size_t offsets[WORDS] = { 0, 1928, 4088 };

static uint64_t seed;
static struct test_file *files[FILES];
static _Atomic unsigned long accesses, refused;

/* ---- addresses ---- */

static uintptr_t page_addr(const struct space *s, unsigned i)
{
	return s->base + (i / GROUP + 1) * TABLE + (i % GROUP) * PAGE_SIZE - GROUP / 2 * PAGE_SIZE;
}

static bool inside(const struct space *s, unsigned i, uintptr_t start, uintptr_t end)
{
	return page_addr(s, i) >= start && page_addr(s, i) < end;
}

/* May this thread look at what the page holds? Other threads write to their pages of a file all the time. */
static bool mine(const struct cell *c, unsigned who)
{
	return !c->mapped || !c->file || c->own || c->index % THREADS == who;
}

static uint64_t *cell_word(struct cell *c, unsigned k)
{
	return c->file && !c->own ? &c->file->now[c->index][k] : &c->w[k];
}

/* ---- what an access must do ---- */

/* 0: it works; else 1 + enum user_trap. */
static int expected(const struct cell *c, bool write)
{
	unsigned need = write ? VMA_WRITE : VMA_READ | VMA_WRITE | VMA_EXEC;

	if (!c->mapped)
		return 1 + USER_TRAP_UNMAPPED;
	if (!(c->flags & need))
		return 1 + USER_TRAP_ACCESS;
	if (c->file && !c->own && (c->index >= c->file->pages || c->file->bad[c->index]))
		return 1 + USER_TRAP_BUS;
	return 0;
}

/* A private page is written to: from now on it is the writer's. */
static void cell_make_own(struct cell *c)
{
	if (c->own || (c->flags & VMA_SHARED))
		return;
	for (unsigned k = 0; k < WORDS; k++)
		c->w[k] = c->file->now[c->index][k];
	c->own = true;
}

static void check_trap(struct space *s, unsigned i, int got, int want, bool write)
{
	struct cell *c = &s->cell[i];

	if (got == want)
		return;
	printf("# page %u at %lx: flags %x mapped %d own %d file %d index %lu, %s: trap %d, wanted %d\n", i, page_addr(s, i), c->flags,
	       c->mapped, c->own, c->file ? (int)c->file->number : -1, c->index, write ? "write" : "read", got, want);
	check(got == want);
}

static void do_access(struct space *s, unsigned i, struct prng *rng)
{
	struct cell *c = &s->cell[i];
	unsigned k = prng_below(rng, WORDS);
	bool write = prng_below(rng, 2), user = prng_below(rng, 2);
	uintptr_t va = page_addr(s, i) + offsets[k];
	struct arch_regs regs = { .user = true };
	uint64_t v = prng_next(rng);
	int want = expected(c, write), got;

	atomic_fetch_add(want ? &refused : &accesses, 1);
	if (user) {
		if (write)
			host_user_write(&regs, va, &v, sizeof(v));
		else
			host_user_read(&regs, va, &v, sizeof(v));
		got = regs.trapped;
	} else {
		got = write ? copy_to_user(va, &v, sizeof(v)) : copy_from_user(&v, va, sizeof(v));
		got = got ? want ? want : -1 : 0;
	}
	check_trap(s, i, got, want, write);
	if (got)
		return;
	if (write) {
		cell_make_own(c);
		*cell_word(c, k) = v;
	} else if (v != *cell_word(c, k)) {
		printf("# page %u word %u: %lx, wanted %lx (own %d file %d index %lu flags %x)\n", i, k, v, *cell_word(c, k), c->own,
		       c->file ? (int)c->file->number : -1, c->index, c->flags);
		check(v == *cell_word(c, k));
	}
}

static void access_some(struct space *s, unsigned who, struct prng *rng)
{
	for (unsigned n = 1 + prng_below(rng, 12); n; n--) {
		unsigned i = prng_below(rng, PAGES);

		if (mine(&s->cell[i], who))
			do_access(s, i, rng);
	}
}

/* ---- changes ---- */

/* Some pages in a row, perhaps across the holes between groups. */
static void random_range(struct space *s, struct prng *rng, uintptr_t *start, uintptr_t *end)
{
	unsigned i = prng_below(rng, PAGES), n = 1 + prng_below(rng, prng_below(rng, 4) ? 8 : PAGES);
	unsigned last = i + n <= PAGES ? i + n - 1 : PAGES - 1;

	*start = page_addr(s, i);
	*end = page_addr(s, last) + PAGE_SIZE;
}

static unsigned random_prot(struct prng *rng)
{
	static const unsigned prots[] = { VMA_READ, VMA_WRITE, VMA_READ | VMA_EXEC, 0 };

	return prng_below(rng, 3) ? VMA_READ | VMA_WRITE : prots[prng_below(rng, 4)];
}

static void do_map(struct space *s, struct prng *rng)
{
	struct map_request r = { .fixed = true, .flags = random_prot(rng) | VMA_MAYWRITE };
	struct test_file *file = prng_below(rng, 3) ? files[prng_below(rng, FILES)] : NULL;
	uintptr_t start, end;

	random_range(s, rng, &start, &end);
	r.addr = start;
	r.len = end - start - prng_below(rng, PAGE_SIZE);
	if (file) {
		r.mapping = &file->mapping;
		r.pgoff = prng_below(rng, prng_below(rng, 4) ? 20 : (uint32_t)file->pages + 20);
		r.flags |= prng_below(rng, 2) ? VMA_SHARED : 0;
	}
	check(mm_map(s->mm, &r) == (long)start);
	for (unsigned i = 0; i < PAGES; i++) {
		if (!inside(s, i, start, end))
			continue;
		s->cell[i] = (struct cell){ .mapped = true, .flags = r.flags, .file = file, .own = !file };
		s->cell[i].index = file ? r.pgoff + (page_addr(s, i) - start) / PAGE_SIZE : 0;
	}
}

static void do_unmap(struct space *s, struct prng *rng)
{
	uintptr_t start, end;

	random_range(s, rng, &start, &end);
	check(!mm_unmap(s->mm, start, end - start));
	for (unsigned i = 0; i < PAGES; i++)
		if (inside(s, i, start, end))
			s->cell[i] = (struct cell){ 0 };
}

/* One page at a time: holes in a larger range are another story. */
static void do_protect(struct space *s, struct prng *rng)
{
	unsigned i = prng_below(rng, PAGES), prot = random_prot(rng), n = 1 + prng_below(rng, 6);

	for (; n && i < PAGES; n--, i++) {
		int err = mm_protect(s->mm, page_addr(s, i), PAGE_SIZE, prot, false);

		check(err == (s->cell[i].mapped ? 0 : -ENOMEM));
		if (s->cell[i].mapped)
			s->cell[i].flags = (s->cell[i].flags & ~(unsigned)(VMA_READ | VMA_WRITE | VMA_EXEC)) | prot;
	}
}

static void do_discard(struct space *s, struct prng *rng)
{
	uintptr_t start, end;

	random_range(s, rng, &start, &end);
	mm_discard(s->mm, start, end - start);
	for (unsigned i = 0; i < PAGES; i++) {
		struct cell *c = &s->cell[i];

		if (!inside(s, i, start, end))
			continue;
		c->own = c->mapped && !c->file;
		memset(c->w, 0, sizeof(c->w));
	}
}

/* A row of at most 6 pages in one group. */
static unsigned random_row(struct prng *rng, unsigned *n)
{
	unsigned in_group = prng_below(rng, GROUP);

	*n = 1 + prng_below(rng, GROUP - in_group < 6 ? GROUP - in_group : 6);
	return prng_below(rng, GROUPS) * GROUP + in_group;
}

/* What was moved away, and stays mapped: private memory is fresh again. */
static void cell_moved_away(struct cell *c)
{
	c->own = !c->file;
	memset(c->w, 0, sizeof(c->w));
}

static void model_remap(struct space *s, const struct remap_request *r, unsigned from, unsigned to)
{
	unsigned n_old = r->old_len / PAGE_SIZE, n_new = r->new_len / PAGE_SIZE;
	struct cell was[6], last;

	memcpy(was, &s->cell[from], sizeof(was[0]) * n_old);
	last = was[n_old - 1];
	for (unsigned i = 0; i < n_old; i++) {
		if (r->flags & REMAP_DONTUNMAP)
			cell_moved_away(&s->cell[from + i]);
		else
			s->cell[from + i] = (struct cell){ 0 };
	}
	for (unsigned i = 0; i < n_new; i++) {
		if (i < n_old) {
			s->cell[to + i] = was[i];
			continue;
		}
		last.index += last.file != NULL;
		cell_moved_away(&last);
		s->cell[to + i] = last;
	}
}

/* To a place that is emptied first. Two VMAs cannot be moved by one call; the model does not know where they meet. */
static void do_remap(struct space *s, struct prng *rng)
{
	struct remap_request r = { .flags = REMAP_MAYMOVE | REMAP_FIXED | (prng_below(rng, 3) ? 0 : REMAP_DONTUNMAP) };
	unsigned n_old, n_new, from = random_row(rng, &n_old), to = random_row(rng, &n_new);
	long at;

	if (r.flags & REMAP_DONTUNMAP)
		n_new = n_old < GROUP - to % GROUP ? n_old : GROUP - to % GROUP, n_old = n_new;
	if (from < to + n_new && to < from + n_old)
		return;
	r.from = page_addr(s, from);
	r.to = page_addr(s, to);
	r.old_len = n_old * PAGE_SIZE;
	r.new_len = n_new * PAGE_SIZE;
	at = mm_remap(s->mm, &r);
	if (!s->cell[from].mapped)
		check(at == -EFAULT);
	else
		check(at == (long)r.to || (at == -EFAULT && n_old > 1));
	if (at == (long)r.to) {
		model_remap(s, &r, from, to);
		return;
	}
	if (s->cell[from].mapped)
		for (unsigned i = 0; i < n_new; i++)
			s->cell[to + i] = (struct cell){ 0 };
	for (unsigned i = n_new; s->cell[from].mapped && i < n_old; i++)
		s->cell[from + i] = (struct cell){ 0 };
}

static void do_read(struct prng *rng, unsigned who)
{
	struct test_file *file = files[prng_below(rng, FILES)];
	pgoff_t index = prng_below(rng, file->pages / THREADS) * THREADS + who;
	unsigned k = prng_below(rng, WORDS);
	uint64_t v;
	long got;

	if (index + 1 >= file->pages) /* the last one ends in mid-page */
		return;
	got = mapping_read_kernel(&file->mapping, index * PAGE_SIZE + offsets[k], &v, sizeof(v));
	check(got == (file->bad[index] ? -EIO : (long)sizeof(v)));
	check(got < 0 || v == file->now[index][k]);
}

static void random_change(struct space *s, unsigned who, struct prng *rng)
{
	switch (prng_below(rng, 24)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4: do_map(s, rng); break;
	case 5: do_unmap(s, rng); break;
	case 9: do_protect(s, rng); break;
	case 6: do_discard(s, rng); break;
	case 7: do_read(rng, who); break;
	case 8: page_reclaim(1 + prng_below(rng, 40)); break;
	case 10:
	case 11: do_remap(s, rng); break;
	default: break;
	}
}

static void enter(struct mm *mm)
{
	thread_set_space(current, NULL);
	current->mm = mm;
	thread_set_space(current, mm ? &mm->arch : NULL);
}

/* A child gets the memory as it is now; both go on, and neither sees what the other writes to private memory. */
static void do_fork(struct space *s, unsigned who, struct prng *rng)
{
	struct space child = *s;

	child.mm = mm_fork(s->mm);
	check(child.mm);
	for (unsigned n = 6; n; n--) {
		struct space *run = prng_below(rng, 2) ? s : &child;

		enter(run->mm);
		access_some(run, who, rng);
		if (!prng_below(rng, 3))
			random_change(run, who, rng);
	}
	enter(s->mm);
	mm_put(child.mm);
}

static struct mm *shared_mm;

static void worker(unsigned who)
{
	struct space *s = calloc(1, sizeof(*s));
	struct prng rng;

	prng_seed(&rng, seed * 1000 + who);
	s->mm = shared_mm;
	s->base = 0x100000000ul + who * 0x40000000ul * (1 + who);
	mm_get(s->mm);
	enter(s->mm);
	for (unsigned i = 0; i < ROUNDS / THREADS; i++) {
		access_some(s, who, &rng);
		random_change(s, who, &rng);
		if (!prng_below(&rng, 30))
			do_fork(s, who, &rng);
	}
	enter(NULL);
	mm_put(s->mm);
	free(s);
}

/* slack: frames that caches and stacks may keep */
static void run_policy(const char *around, const char *pages, unsigned readahead, unsigned slack)
{
	char why[128], number[16];
	uint64_t before, faults = stat_read(STAT_faults), waits = stat_read(STAT_page_waits);

	snprintf(number, sizeof(number), "%u", readahead);
	check(!policy_set("around", around, why, sizeof(why)) && !policy_set("around_pages", pages, why, sizeof(why)) &&
	      !policy_set("readahead_pages", number, why, sizeof(why)));
	port_settle();
	before = frame_available();
	for (unsigned i = 0; i < FILES; i++)
		files[i] = test_file_new(i, 40 + i * 500, &seed);
	shared_mm = mm_create();
	shared_mm->mmap_top = USER_TOP;
	port_parallel(THREADS, worker);
	mm_put(shared_mm);
	for (unsigned i = 0; i < FILES; i++)
		test_file_put(files[i]);
	port_settle();
	ok(true, "%d threads, around=%s %s pages, read-ahead %u: %lu faults, %lu waits for pages", THREADS, around, pages, readahead,
	   stat_read(STAT_faults) - faults, stat_read(STAT_page_waits) - waits);
	ok(frame_available() + slack >= before && stat_read(STAT_cache_pages) == 0, "no frame lost: %ld more than before",
	   (long)(frame_available() - before));
}

static void test(void)
{
	run_policy("lockless", "16", 32, 200);
	run_policy("lockless", "512", 8, 20);
	run_policy("trylock", "16", 0, 20);
	run_policy("off", "16", 32, 20);
	printf("# %lu accesses, %lu more refused as they must; %lu reclaimed, %lu spurious, %lu slot retries, %lu backed out\n",
	       accesses, refused, stat_read(STAT_reclaimed), stat_read(STAT_fault_spurious), stat_read(STAT_retry_slot),
	       stat_read(STAT_around_backout));
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 3, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	config.turn_one_in = port_turns(seed);
	host_access_flag = seed % 2;
	sched_slice_ns = 4000;
	sched_jitter_ns = 3900;
	port_run(&config, test);
}

/* SPDX-License-Identifier: MIT */
/*
 * Files that are written by all ways at once: write(2), stores through shared mappings, reads of both kinds, while pages are written back, taken back
 * and invalidated, the file becomes shorter and longer, and holes are made.
 *
 * Every word of the file has one owner, who knows what it must hold. Where a truncation or a hole may have come between, the owner knows
 * which values are possible: his, or zero; and it must be zero if one began after his store ended and ended before he looks.
 */
#include "kernel/sched.h"
#include "kernel/stats.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/reclaim.h"
#include "mm/mm.h"
#include "mm/policy.h"
#include "mm/truncate.h"
#include "mm/write.h"
#include "mm/writeback.h"
#include "tests/host/mmdisk.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 5
#define OWNERS 4     /* the first of them own words; the last one disturbs */
#define PAGES 24
#define SAFE 10	     /* pages that no truncation reaches; the last of them in part */
#define SAFE_END ((SAFE - 1) * PAGE_SIZE + 1500)
#define WORDS 4	     /* of each owner in a page, in different blocks */
#define BASE 0x7ff8000ul
#define COPY 0x10000000ul /* the same file, private */

/* A word: what its owner knows of it. */
struct word {
	uint64_t value;
	unsigned begun, ended; /* cuts: when the store began, how many had ended; when it ended, how many had begun */
};

static uint64_t seed;
static struct mm *mm;
static struct disk_file *file;
static struct word words[OWNERS][PAGES][WORDS];
static _Atomic unsigned cuts_begun, cuts_ended; /* truncations and holes over what lies behind SAFE_END */
static _Atomic unsigned ends_begun, ends_ended; /* truncations among them */
static struct word copies[OWNERS][PAGES];	/* the first private word of each page */
static bool cutting;

static void enter(struct mm *to)
{
	thread_set_space(current, NULL);
	current->mm = to;
	thread_set_space(current, to ? &to->arch : NULL);
}

static long map(uintptr_t at, unsigned flags)
{
	struct map_request r = { .addr = at, .len = PAGES * PAGE_SIZE, .flags = flags | VMA_READ | VMA_WRITE | VMA_MAYWRITE,
				 .fixed = true, .mapping = &file->mapping };

	return mm_map(mm, &r);
}

static uint64_t word_pos(unsigned who, unsigned page, unsigned k)
{
	return page * PAGE_SIZE + k * DISK_BLOCK + 40 * who + 8;
}

static bool safe(uint64_t pos)
{
	return !cutting || pos + 8 <= SAFE_END;
}

/* write(2) of kernel or user memory, as a file system does it. */
static long write_file(uint64_t pos, uintptr_t user, const void *kernel, size_t n)
{
	size_t done = 0;
	long got = 0;

	while (done < n) {
		mutex_lock(&file->lock);
		got = kernel ? mapping_write_kernel(&file->mapping, pos + done, (const char *)kernel + done, n - done)
			     : mapping_write_user(&file->mapping, pos + done, user + done, n - done);
		mutex_unlock(&file->lock);
		if (!got)
			got = mm_fault_in(mm, user + done, 1, FAULT_READ);
		if (got < 0)
			break;
		done += (size_t)got;
	}
	return done ? (long)done : got;
}

/* ---- the owners ---- */

static void own_store(unsigned who, unsigned page, unsigned k, struct prng *rng)
{
	struct word *w = &words[who][page][k];
	uint64_t pos = word_pos(who, page, k), v = prng_next(rng) | 1;
	unsigned begun = atomic_load(&cuts_ended);
	bool stored = true, inside = pos + sizeof(v) <= mapping_size(&file->mapping);

	if (prng_below(rng, 2))
		check(write_file(pos, 0, &v, sizeof(v)) == sizeof(v));
	else if ((stored = !copy_to_user(BASE + pos, &v, sizeof(v))) && !inside)
		v = 0; /* behind the end, in the last page: anybody's guess */
	if (!stored) { /* behind the end: nothing happened. There is none where nothing is cut */
		check(!safe(pos) || pos >= mapping_size(&file->mapping));
		return;
	}
	*w = (struct word){ .value = v, .begun = begun, .ended = atomic_load(&cuts_begun) };
}

static void check_word(const struct word *w, uint64_t pos, uint64_t v, unsigned before, const char *how)
{
	bool must_be_gone = !safe(pos) && before > w->ended, may_be_gone = !safe(pos) && atomic_load(&cuts_begun) > w->begun;

	if ((v == w->value && !must_be_gone) || (!v && (may_be_gone || must_be_gone)))
		return;
	printf("# %s at %lu (page %lu): %lx, wrote %lx; cuts %u..%u, now %u..%u\n", how, pos, pos / PAGE_SIZE, v, w->value, w->begun,
	       w->ended, before, atomic_load(&cuts_begun));
	check(v == w->value);
}

static void own_look(unsigned who, unsigned page, unsigned k, struct prng *rng)
{
	struct word *w = &words[who][page][k];
	uint64_t pos = word_pos(who, page, k), v = 0;
	unsigned before = atomic_load(&cuts_ended);

	if (!w->value)
		return;
	if (prng_below(rng, 2)) {
		long got = mapping_read_kernel(&file->mapping, pos, &v, sizeof(v));

		if (got == sizeof(v))
			check_word(w, pos, v, before, "read");
		else
			check(!safe(pos));
	} else if (!copy_from_user(&v, BASE + pos, sizeof(v))) {
		check_word(w, pos, v, before, "load");
	} else {
		check(!safe(pos));
	}
}

/* A private copy behind the end goes with the page; else it stays what it is. */
static void own_private(unsigned who, unsigned page, struct prng *rng)
{
	uintptr_t at = COPY + who * 0x1000000ul + page * PAGE_SIZE + 8;
	struct word *w = &copies[who][page];
	unsigned before = atomic_load(&ends_ended);
	uint64_t seen, v = prng_next(rng) | 1;

	if (w->value && !copy_from_user(&seen, at, sizeof(seen)) && seen == w->value)
		check(safe(page * PAGE_SIZE) || before <= w->ended);
	if (!copy_to_user(at, &v, sizeof(v)))
		*w = (struct word){ .value = v, .ended = atomic_load(&ends_begun) };
	else
		check(!safe(page * PAGE_SIZE));
}

/* From a mapping of the very file, pages that overlap even: into a place that nobody looks at, the last KiB of a page. */
static void write_from_itself(unsigned page, struct prng *rng)
{
	uint64_t from = prng_below(rng, SAFE - 1) * PAGE_SIZE, to = page % (SAFE - 1) * PAGE_SIZE + 3 * DISK_BLOCK + 512;

	check(write_file(to, BASE + from + prng_below(rng, 3 * DISK_BLOCK + 412), NULL, 100) == 100);
}

static void owner(unsigned who, unsigned rounds)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	for (unsigned i = 0; i < rounds; i++) {
		unsigned page = prng_below(&rng, PAGES), k = prng_below(&rng, WORDS - 1);

		switch (prng_below(&rng, 14)) {
		case 0: page_reclaim(1 + prng_below(&rng, 8)); break;
		case 1: case 12: own_private(who, page, &rng); break;
		case 13: mapping_flush(&file->mapping); break;
		case 2: write_from_itself(page, &rng); break;
		case 3:
			check(!mm_discard(mm, COPY + who * 0x1000000ul, PAGES * PAGE_SIZE));
			memset(copies[who], 0, sizeof(copies[who]));
			break;
		case 4: case 5: case 6: case 7: own_store(who, page, k, &rng); break;
		default: own_look(who, page, k, &rng); break;
		}
	}
}

/* ---- the disturber ---- */

static void cut(struct prng *rng)
{
	uint64_t end = PAGES * PAGE_SIZE;

	mutex_lock(&file->lock);
	atomic_fetch_add(&cuts_begun, 1);
	if (prng_below(rng, 2)) {
		atomic_fetch_add(&ends_begun, 1);
		check(!mapping_truncate(&file->mapping, SAFE_END));
		disk_file_free_blocks(file, SAFE_END, end);
		atomic_fetch_add(&ends_ended, 1);
	} else if (!mapping_punch_begin(&file->mapping, SAFE_END, end)) {
		disk_file_free_blocks(file, SAFE_END, end);
		mapping_punch_end(&file->mapping);
	}
	atomic_fetch_add(&cuts_ended, 1);
	if (prng_below(rng, 4))
		check(!mapping_truncate(&file->mapping, end - prng_below(rng, 3) * 700));
	mutex_unlock(&file->lock);
}

static void disturb(unsigned rounds)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + WORKERS);
	for (unsigned i = 0; i < rounds; i++) {
		switch (prng_below(&rng, 8)) {
		case 0: mapping_flush(&file->mapping); break;
		case 1: check(!mapping_sync(&file->mapping, prng_below(&rng, PAGES) * PAGE_SIZE, PAGES * PAGE_SIZE)); break;
		case 2: mapping_invalidate(&file->mapping, prng_below(&rng, PAGES), PAGES); break;
		case 3: page_reclaim(PAGES); break;
		case 4: writeback_all(); break;
		default:
			if (cutting)
				cut(&rng);
		}
		for (unsigned n = prng_below(&rng, 20); n; n--)
			thread_yield();
	}
}

static void work(unsigned who)
{
	enter(mm);
	if (who < OWNERS)
		owner(who, cutting ? 900 : 700);
	else
		disturb(cutting ? 120 : 90);
	enter(NULL);
}

/* ---- what is on the disk in the end ---- */

static unsigned lost_words(void)
{
	unsigned lost = 0;

	for (unsigned who = 0; who < OWNERS; who++)
		for (unsigned page = 0; page < PAGES; page++)
			for (unsigned k = 0; k < WORDS; k++) {
				uint64_t pos = word_pos(who, page, k), v = 0;

				if (!words[who][page][k].value || !safe(pos))
					continue;
				lost += mapping_read_kernel(&file->mapping, pos, &v, 8) != 8 || v != words[who][page][k].value;
			}
	return lost;
}

static void scenario(const char *around, bool cuts)
{
	unsigned lost;
	uint64_t left;
	char why[100];

	check(!policy_set("around", around, why, sizeof(why)));
	check(!policy_set("grab", cuts == seed % 2 ? "once" : "relock", why, sizeof(why)));
	cutting = cuts;
	memset(words, 0, sizeof(words));
	memset(copies, 0, sizeof(copies));
	atomic_store(&cuts_begun, 0);
	atomic_store(&cuts_ended, 0);
	file = disk_file_new(PAGES, cuts ? SAFE_END : 100, seed);
	mm = mm_create();
	mm->mmap_top = USER_TOP;
	enter(mm);
	check(map(BASE, VMA_SHARED) == BASE);
	for (unsigned i = 0; i < OWNERS; i++)
		check(map(COPY + i * 0x1000000ul, 0) > 0);
	mutex_lock(&file->lock);
	check(!mapping_truncate(&file->mapping, PAGES * PAGE_SIZE));
	mutex_unlock(&file->lock);
	port_parallel(WORKERS, work);
	check(!mapping_sync(&file->mapping, 0, UINT64_MAX));
	check(disk_file_tail_zero(file));
	enter(NULL);
	mm_put(mm);
	mapping_invalidate(&file->mapping, 0, PAGES);
	left = atomic_load(&file->mapping.nr_pages);
	lost = lost_words();
	ok(!lost && !left, "around=%s%s: %u words lost on the disk, %lu pages left in the cache; %lu written, %u cuts", around,
	   cuts ? ", with truncations and holes" : "", lost, left, atomic_load(&file->written), atomic_load(&cuts_ended));
	disk_file_put(file);
	port_settle();
}

/* ---- errors ---- */

static void errors(void)
{
	static const char text[] = "text";
	_Atomic uint32_t first, second, late;

	file = disk_file_new(PAGES, 0, seed);
	mm = mm_create();
	enter(mm);
	atomic_store(&first, mapping_error_sample(&file->mapping));
	atomic_store(&second, mapping_error_sample(&file->mapping));
	check(write_file(0, 0, text, sizeof(text)) == sizeof(text));
	atomic_store(&file->broken, true);
	mapping_sync(&file->mapping, 0, UINT64_MAX);
	atomic_store(&file->broken, false);
	ok(mapping_error_since(&file->mapping, &first) == -EIO && !mapping_error_since(&file->mapping, &first),
	   "a failed write-back is told once to a file that was open");
	ok(mapping_error_since(&file->mapping, &second) == -EIO && !mapping_error_since(&file->mapping, &second), "and to each of them");
	atomic_store(&late, mapping_error_sample(&file->mapping));
	ok(!mapping_error_since(&file->mapping, &late), "but not to one that is opened when somebody has been told");
	ok(mapping_invalidate(&file->mapping, 0, PAGES) == 1, "the page is clean then");
	atomic_store(&file->full, true);
	ok(write_file(0, 0, text, 3) == 3, "a full disk takes what has its block");
	ok(write_file(5 * PAGE_SIZE, 0, text, 3) == -ENOSPC && mapping_size(&file->mapping) == sizeof(text), "and refuses what has not");
	mutex_lock(&file->lock);
	check(!mapping_truncate(&file->mapping, PAGE_SIZE));
	mutex_unlock(&file->lock);
	check(map(BASE, VMA_SHARED) == BASE);
	ok(copy_to_user(BASE + 2000, text, 3), "a store into a hole of a full disk fails");
	atomic_store(&file->full, false);
	ok(!copy_to_user(BASE + 2000, text, 3), "and works when there is room");
	enter(NULL);
	mm_put(mm);
	writeback_all();
	disk_file_put(file);
	port_settle();
}

static void test(void)
{
	uint64_t before;

	errors();
	scenario("lockless", false);
	before = frame_available();
	scenario("lockless", true);
	scenario("off", true);
	scenario("trylock", true);
	ok(frame_available() + 40 >= before && !stat_read(STAT_cache_pages), "no frame lost: %ld more than before",
	   (long)(frame_available() - before));
	tap_end();
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	config.turn_one_in = port_turns(seed);
	host_access_flag = seed % 2;
	sched_slice_ns = 6000;
	sched_jitter_ns = 5900;
	port_run(&config, test);
}

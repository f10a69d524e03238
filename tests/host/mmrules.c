/* SPDX-License-Identifier: MIT */
/*
 * Single rules of mm's statements, each of which a change could drop without a test of many threads noticing for long. Two threads at most, and
 * the one moment that matters is made to happen.
 */
#include "kernel/sched.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/check.h"
#include "mm/dirty.h"
#include "mm/fault.h"
#include "mm/pt.h"
#include "mm/rmap.h"
#include "mm/truncate.h"
#include "mm/write.h"
#include "mm/writeback.h"
#include "tests/host/mmdisk.h"
#include "tests/host/mmspace.h"
#include "tests/host/port.h"
#include <string.h>

#define BASE 0x7e00000ul /* where a table begins */
#define THERE (BASE + 0x40000000ul)
#define PAGES 24
#define MANY 400

static uint64_t seed;
static struct mm *mm;
static struct disk_file *file;

/* A file of so many bytes, whole pages, each in its block, clean; and an address space. */
static void begin(pgoff_t pages, uint64_t size)
{
	static const char bytes[PAGE_SIZE] = "bytes";

	file = disk_file_new(pages, 0, seed);
	mutex_lock(&file->lock);
	for (uint64_t pos = 0; pos < size; pos += PAGE_SIZE)
		check(mapping_write_kernel(&file->mapping, pos, bytes, PAGE_SIZE) == PAGE_SIZE);
	mutex_unlock(&file->lock);
	check(!mapping_sync(&file->mapping, 0, UINT64_MAX));
	mm = mm_create();
	mm->mmap_top = USER_TOP;
	enter(mm);
}

static void end(void)
{
	enter(NULL);
	mm_put(mm);
	disk_file_put(file);
	port_settle();
}

static struct page *cached(pgoff_t index)
{
	struct page *page;

	check(!cache_read(&file->mapping, index, WAIT_FOREVER, &page));
	return page;
}

/* ---- invariants at rest ---- */

static bool check_says(const char *text)
{
	char why[200];
	unsigned broken = mm_check(why, sizeof(why));

	if (text ? broken == 1 && strstr(why, text) : !broken)
		return true;
	printf("# %u broken; %s\n", broken, why);
	return false;
}

static void invariants(void)
{
	struct page *page, *loose;

	begin(PAGES, 4 * PAGE_SIZE);
	page = cached(1);
	loose = page_alloc(0);
	check(loose);
	ok(check_says(NULL), "at rest no page breaks a rule");
	page_flag_set(loose, PG_DIRTY);
	ok(check_says("no way to the disk"), "a dirty page of no file");
	page_flag_clear(loose, PG_DIRTY);
	page_flag_set(loose, PG_LOCKED);
	ok(check_says("locked by nobody"), "a lock without an owner");
	page_flag_clear(loose, PG_LOCKED);
	atomic_fetch_add(&loose->word, PAGE_MAP);
	ok(check_says("not up to date"), "a map of what is not up to date");
	atomic_fetch_sub(&loose->word, PAGE_MAP);
	page_lock(page);
	ok(check_says(NULL), "a locked page, and who has it is known");
	page_unlock(page);
	page_put(loose);
	page_put(page);
	end();
}

/* ---- ranges ---- */

static void ranges(void)
{
	struct remap_request self = { .from = BASE, .to = BASE, .new_len = PAGE_SIZE, .flags = REMAP_MAYMOVE | REMAP_FIXED };

	begin(PAGES, PAGE_SIZE);
	check(map_at(BASE, 1, VMA_READ | VMA_SHARED, &file->mapping, 0) == BASE);
	ok(mm_remap(mm, &self) == -EFAULT, "a second view of memory at its own place replaces it, and then there is nothing to view");
	ok(mm_fault_in(mm, UINTPTR_MAX - 3, 4, FAULT_READ) == -EFAULT && mm_fault_in(mm, USER_TOP, 1, FAULT_READ) == -EFAULT,
	   "what is faulted in lies within user memory");
	mm_populate_all(mm, USER_TOP - PAGE_SIZE, 2 * PAGE_SIZE);
	ok(true, "populating ends where user memory does");
	end();
}

/* ---- stores and the file system ---- */

static void stores(void)
{
	struct ra_window w = { .pages = 1, .mark = 1 };
	struct mapping *m;
	struct page *page;

	begin(PAGES, 4 * PAGE_SIZE);
	m = &file->mapping;
	page = cached(1);
	check(!page_flag(page, PG_DIRTY | PG_WRITEBACK) && page_flag(page, PG_BACKED));
	mutex_lock(&file->lock);
	page_lock(page);
	page_forget_blocks(page);
	page_unlock(page);
	mutex_unlock(&file->lock);
	ok(!page_dirty_by_store(m, 1, page) && !page_flag(page, PG_DIRTY), "no store to a page that has lost a block since it was looked at");
	check(!mapping_reserve_page(m, 1));
	ok(page_dirty_by_store(m, 1, page) && page_flag(page, PG_DIRTY), "it may have them again");
	mapping_flush(m);
	ok(!page_flag(page, PG_WRITEBACK) || !page_dirty_by_store(m, 1, page), "nor to one whose write-back has begun since");
	check(!mapping_sync(m, 0, UINT64_MAX));
	ok(!page_dirty_by_store(m, 2, page), "nor to one that is not there any more");
	page_put(page);
	w.start = mapping_end(m);
	ok(cache_fill(m, w.start, &w, WAIT_KILLABLE) == -ENXIO, "no page is added behind the end to be read");
	end();
}

static void sizes(void)
{
	uint64_t pos = 3 * PAGE_SIZE + 100;

	begin(PAGES, PAGE_SIZE);
	check(map_at(BASE, 1, VMA_READ | VMA_WRITE, NULL, 0) == BASE && !mm_populate(mm, BASE, PAGE_SIZE));
	mutex_lock(&file->lock);
	ok(!mapping_write_user(&file->mapping, pos, BASE + PAGE_SIZE, 10) && mapping_size(&file->mapping) == PAGE_SIZE,
	   "a write of nothing leaves the size");
	ok(mapping_write_user(&file->mapping, pos, BASE + PAGE_SIZE - 4, 10) == 4 && mapping_size(&file->mapping) == pos + 4,
	   "a write that ends short ends the file where it ended");
	mutex_unlock(&file->lock);
	end();
}

/* ---- an entry that another has taken away, and not flushed yet ---- */

static struct page *take_entry(uintptr_t at)
{
	pte_t *slot = arch_pte_find(&mm->arch, at);
	struct page *page = pte_page(arch_pte_read(slot));

	atomic_fetch_add(&mm->flushing, 1);
	arch_pte_replace(slot, (pte_t){ 0 });
	return page;
}

static void entry_flushed(struct page *page)
{
	atomic_fetch_sub(&mm->flushing, 1);
	atomic_fetch_sub(&mm->rss, 1);
	page_unmap(page);
}

static void flushes(void)
{
	struct page *page;
	uint32_t v;
	bool seen;

	begin(PAGES, PAGE_SIZE);
	check(map_at(BASE, 2, VMA_READ | VMA_SHARED, &file->mapping, 0) == BASE); /* the second keeps the table, whose end would flush too */
	user_load(BASE);
	page = take_entry(BASE);
	check(!mm_unmap(mm, BASE, PAGE_SIZE));
	seen = !copy_from_user(&v, BASE, sizeof(v));
	entry_flushed(page);
	ok(!seen, "what is unmapped is not seen, though another has taken the entry and will flush later");
	check(map_at(BASE, 1, VMA_READ | VMA_SHARED, &file->mapping, 0) == BASE);
	user_load(BASE);
	page = take_entry(BASE);
	check(!mm_protect(mm, BASE, PAGE_SIZE, 0, false));
	seen = !copy_from_user(&v, BASE, sizeof(v));
	entry_flushed(page);
	ok(!seen, "nor is what is protected");
	end();
}

/* ---- instruction fetch ---- */

static void fetches(void)
{
	struct page *page;

	begin(PAGES, PAGE_SIZE);
	page = cached(0);
	check(map_at(BASE, 1, VMA_READ, &file->mapping, 0) == BASE);
	user_load(BASE);
	check(!page_flag(page, PG_ICACHE));
	check(!mm_protect(mm, BASE, PAGE_SIZE, VMA_READ | VMA_EXEC, false));
	ok(page_flag(page, PG_ICACHE), "an entry that becomes executable: instruction fetch sees the page");
	mutex_lock(&file->lock);
	check(mapping_write_kernel(&file->mapping, 0, "code", 4) == 4);
	mutex_unlock(&file->lock);
	ok(!page_flag(page, PG_ICACHE), "written to, the page has to be made seen again");
	page_put(page);
	end();
}

/* ---- a copy is installed when truncate has been over the entries, and not yet over its page ---- */

static _Atomic bool copied;

static void truncate_or_copy(unsigned who)
{
	struct fault f = { .mm = mm, .address = BASE + PAGE_SIZE, .access = FAULT_WRITE };
	struct page *page;

	if (who == 1) {
		while (!atomic_load(&copied))
			thread_yield();
		mutex_lock(&file->lock);
		check(!mapping_truncate(&file->mapping, PAGE_SIZE));
		mutex_unlock(&file->lock);
		return;
	}
	page = cached(1);
	page_lock(page);
	check(fault_find_vma(&f) == NEXT && fault_find_slot(&f) == NEXT && fault_map_around(&f) == NEXT);
	check(fault_find_page(&f) == NEXT && fault_prepare(&f) == NEXT && f.at.copy);
	atomic_store(&copied, true);
	while (!page_flag(page, PG_WAITERS)) {
		arch_cpu_relax();
		host_point(HOST_AT_ACCESS);
	}
	check(mapping_size(&file->mapping) == PAGE_SIZE && fault_install(&f) == DONE);
	check(entries_present(mm, BASE + PAGE_SIZE, 1) == 1);
	page_unlock(page);
	page_put(page);
}

static void copies_go(void)
{
	begin(PAGES, 2 * PAGE_SIZE);
	atomic_store(&copied, false);
	check(map_at(BASE, 2, VMA_READ | VMA_WRITE, &file->mapping, 0) == BASE);
	page_put(cached(1));
	port_parallel(2, truncate_or_copy);
	ok(!entries_present(mm, BASE, 2), "a private copy made while truncate was about to take the page goes too");
	end();
}

/* ---- and private copies go while they are being moved ---- */

static void move_or_zap(unsigned who)
{
	struct remap_request r = { .from = BASE + PAGE_SIZE, .to = THERE, .old_len = (MANY - 2) * PAGE_SIZE,
				   .new_len = (MANY - 2) * PAGE_SIZE, .flags = REMAP_MAYMOVE | REMAP_FIXED };

	if (who == 0) {
		check(mm_remap(mm, &r) == (long)THERE);
		return;
	}
	while (mm_mapped(mm, r.from))
		host_point(HOST_AT_ACCESS);
	rmap_zap(&file->mapping, 0, UINT64_MAX, true);
}

static void moved_copies_go(void)
{
	unsigned left = 0;

	begin(MANY, PAGE_SIZE);
	mutex_lock(&file->lock);
	check(!mapping_truncate(&file->mapping, MANY * PAGE_SIZE));
	mutex_unlock(&file->lock);
	for (unsigned round = 0; round < 12; round++) {
		check(map_at(BASE, MANY, VMA_READ | VMA_WRITE, &file->mapping, 0) == BASE);
		check(!mm_populate(mm, BASE, MANY * PAGE_SIZE));
		port_parallel(2, move_or_zap);
		left += entries_present(mm, BASE, MANY) + entries_present(mm, THERE, MANY);
		check(!mm_unmap(mm, THERE, MANY * PAGE_SIZE));
	}
	ok(!left, "private copies that are being moved are found by who takes them away: %u left", left);
	end();
}

/* ---- nothing is read into a hole that is being made ---- */

static _Atomic bool begun, read_ahead;

static void punch_or_prefetch(unsigned who)
{
	struct mapping *m = &file->mapping;

	if (who == 1) {
		while (!atomic_load(&begun))
			thread_yield();
		cache_prefetch(m, 0, PAGES);
		atomic_store(&read_ahead, true);
		return;
	}
	mutex_lock(&file->lock);
	check(!mapping_punch_begin(m, 0, PAGES * PAGE_SIZE));
	atomic_store(&begun, true);
	for (unsigned i = 0; i < 300; i++)
		thread_yield();
	ok(!atomic_load(&m->nr_pages), "no page is read into a hole while its blocks are being freed");
	disk_file_free_blocks(file, 0, PAGES * PAGE_SIZE);
	mapping_punch_end(m);
	mutex_unlock(&file->lock);
}

static void holes(void)
{
	begin(PAGES, PAGES * PAGE_SIZE);
	atomic_store(&begun, false);
	port_parallel(2, punch_or_prefetch);
	ok(atomic_load(&read_ahead) && atomic_load(&file->mapping.nr_pages) == PAGES, "afterwards they are");
	end();
}

static void test(void)
{
	invariants();
	ranges();
	stores();
	sizes();
	flushes();
	fetches();
	copies_go();
	moved_copies_go();
	holes();
	tap_end();
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	config.turn_one_in = port_turns(seed);
	sched_slice_ns = 6000;
	sched_jitter_ns = 5900;
	port_run(&config, test);
}

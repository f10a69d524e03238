/* SPDX-License-Identifier: MIT */
/* The page handlers return to when they were installed without a restorer: a file of one page that all address spaces map. */
#include "init/signal.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/pagecache.h"

static void page_fill(struct mapping *m, struct page **pages, unsigned n)
{
	(void)m;
	for (unsigned i = 0; i < n; i++) {
		arch_page_zero(page_address(pages[i]));
		memcpy(page_address(pages[i]), arch_trampoline, arch_trampoline_size);
		page_read_done(pages[i], 0);
	}
}

static bool mapping_hold(struct mapping *m)
{
	(void)m;
	return true; /* it is never gone */
}

static void mapping_let(struct mapping *m)
{
	(void)m;
}

static void mapping_name(struct mapping *m, char *buf, size_t size)
{
	(void)m;
	strlcpy(buf, "[vdso]", size); /* as Linux calls the page where its own is */
}

static const struct backing_ops trampoline_ops = {
	.read_pages = page_fill,
	.get = mapping_hold,
	.put = mapping_let,
	.name = mapping_name,
};

static struct mapping trampoline;

void signal_init(void)
{
	mapping_init(&trampoline, &trampoline_ops, PAGE_SIZE);
}

int signal_map_trampoline(struct mm *mm, uintptr_t *at)
{
	struct map_request r = { .len = PAGE_SIZE, .flags = VMA_READ | VMA_EXEC, .mapping = &trampoline };
	long got = arch_trampoline_size ? mm_map(mm, &r) : 0;

	*at = got < 0 ? 0 : (uintptr_t)got;
	return got < 0 ? (int)got : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Frames are linked alike on every machine (arch/.../backtrace.c): at fp the caller's fp, above it the return address. A kernel stack
 * stays mapped for good (kernel/kstack.c), so a walk that keeps inside one reads memory, whatever its owner does meanwhile. The threads
 * that CPUs boot on have no such stack: of them nothing is noted.
 */
#include "kernel/site.h"

#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/thread.h"
#include "lib/format.h"

static unsigned walk(uintptr_t fp, const void *stack, uintptr_t *pcs, unsigned most)
{
	uintptr_t low = (uintptr_t)stack, high = low + KSTACK_SIZE;
	unsigned n = 0;

	while (stack && n < most && fp % 8 == 0 && fp >= low && fp <= high - 16) {
		const uintptr_t *frame = (const uintptr_t *)fp;

		if (!frame[1])
			break;
		pcs[n++] = frame[1];
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

void site_note(struct site *p, uintptr_t fp)
{
	for (unsigned n = walk(fp, current->kstack, p->pc, SITE_DEPTH); n < SITE_DEPTH; n++)
		p->pc[n] = 0;
}

unsigned site_of_sleeper(const struct thread *t, uintptr_t *pcs, unsigned most)
{
	return walk(arch_thread_fp(&t->arch), t->kstack, pcs, most);
}

/* A return address is behind its call, which may have been the last instruction of its function: look one byte before. */
void site_log_pcs(const uintptr_t *pcs, unsigned n)
{
	for (unsigned i = 0; i < n && pcs[i]; i++) {
		uint32_t offset = 0;
		const char *name = ksym_find(pcs[i] - 1, &offset);

		log_line("  %016lx %s+0x%x", (unsigned long)pcs[i], name ? name : "?", offset + 1);
	}
}

void site_log(const struct site *p)
{
	site_log_pcs(p->pc, SITE_DEPTH);
}

void site_line(const uintptr_t *pcs, unsigned n, char *buf, unsigned size)
{
	unsigned used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < n && pcs[i] && used < size; i++) {
		uint32_t offset;
		const char *name = ksym_find(pcs[i] - 1, &offset);

		used += (unsigned)snprintf(buf + used, size - used, "%s%s", i ? "<" : "", name ? name : "?");
	}
}

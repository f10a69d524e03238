/* SPDX-License-Identifier: MIT */
/*
 * Nothing of a program is read here but its headers. Segments are private file mappings whose pages come by faults; the
 * last page of initialised data is cleared behind its end by an ordinary user write, which is an ordinary copy-on-write fault.
 * Where segments overlap, the later one is mapped over the earlier, as on Linux; so is what lies beyond the end of the file: it faults.
 */
#include "init/elf.h"

#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pagecache.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_phdr) == 56, "ELF64 structures");

enum { ELF_EXEC = 2, ELF_DYN = 3 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

#define PHDRS_MAX 64

/* Where position-independent programs go: two thirds up, a whole number of 2 MiB. */
#define DYN_BASE ((USER_TOP / 3 * 2) & ~((2ul << 20) - 1))

/* Segments end below this: the stack and what mmap hands out lie above. */
#define IMAGE_TOP (USER_TOP - (1ul << 30))
#define IMAGE_FLOOR 0x10000ul /* nothing is ever mapped below: null pointers fault */

static int refuse(const struct image *image, const char *why)
{
	log_line("%s: %s: cannot run it", image->path, why);
	return -ENOEXEC;
}

/* ---- reading ---- */

static int read_exactly(const struct image *image, uint64_t pos, void *buf, size_t n, const char *what)
{
	uint64_t size = mapping_size(image->mapping);
	long got = pos <= size && n <= size - pos ? mapping_read_kernel(image->mapping, pos, buf, n) : 0;

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : refuse(image, what);
}

static int header_check(const struct image *image, const struct elf_header *h)
{
	static const uint8_t elf64_little[3] = { 2, 1, 1 }; /* class, byte order, version */

	if (memcmp(h->ident, "\177ELF", 4) != 0)
		return refuse(image, "not an ELF file");
	if (memcmp(h->ident + 4, elf64_little, sizeof(elf64_little)) != 0)
		return refuse(image, "not a 64-bit little-endian ELF file");
	if (h->machine != ARCH_ELF_MACHINE)
		return refuse(image, "an ELF file for another machine than " ARCH_NAME);
	if (h->type != ELF_EXEC && h->type != ELF_DYN)
		return refuse(image, "an ELF file, but not a program (object file or core?)");
	if (h->phentsize != sizeof(struct elf_phdr) || h->phnum == 0 || h->phnum > PHDRS_MAX)
		return refuse(image, "ELF program headers of the wrong size or number");
	return 0;
}

/* ---- judging ---- */

static unsigned segment_flags(uint32_t pf)
{
	return (pf & PF_R ? VMA_READ : 0) | (pf & PF_W ? VMA_WRITE : 0) | (pf & PF_X ? VMA_EXEC : 0);
}

static uintptr_t page_up(uintptr_t a)
{
	return align_up(a, PAGE_SIZE);
}

static uintptr_t segment_end(const struct segment *s)
{
	return page_up(s->vaddr + s->memsz);
}

/* NULL, or what is wrong with it. Biased addresses; every sum below is safe once the one before it has been checked. */
static const char *load_check(const struct image *image, const struct elf_phdr *ph)
{
	uint64_t vaddr = ph->vaddr + image->bias;

	if (ph->filesz > ph->memsz)
		return "an ELF segment has more bytes in the file than in memory";
	if (ph->memsz > IMAGE_TOP || ph->vaddr > IMAGE_TOP || vaddr > IMAGE_TOP - ph->memsz || vaddr < IMAGE_FLOOR)
		return "an ELF segment lies outside user memory";
	if (ph->filesz && (vaddr - ph->offset) % PAGE_SIZE)
		return "an ELF segment is not aligned to pages as its place in the file is";
	if (ph->offset > INT64_MAX - ph->filesz)
		return "an ELF segment lies beyond the end of any file";
	if (image->nr == IMAGE_SEGMENTS)
		return "too many ELF segments";
	return NULL;
}

static int load_add(struct image *image, const struct elf_phdr *ph, uint64_t phoff)
{
	const char *wrong = load_check(image, ph);

	if (wrong)
		return refuse(image, wrong);
	image->segments[image->nr++] = (struct segment){
		.vaddr = ph->vaddr + image->bias,
		.offset = ph->offset,
		.filesz = ph->filesz,
		.memsz = ph->memsz,
		.flags = segment_flags(ph->flags),
	};
	if (phoff >= ph->offset && phoff - ph->offset < ph->filesz)
		image->phdr = ph->vaddr + image->bias + (phoff - ph->offset);
	return 0;
}

static int phdr_take(struct image *image, const struct elf_phdr *ph, uint64_t phoff)
{
	if (ph->type == PT_INTERP) {
		refuse(image, "a dynamic ELF program, and there is no dynamic linker (link it with -static)");
		return -ENOENT; /* of the interpreter, as on Linux */
	}
	if (ph->type == PT_GNU_STACK)
		image->stack_exec = ph->flags & PF_X;
	return ph->type == PT_LOAD && ph->memsz ? load_add(image, ph, phoff) : 0;
}

/* A segment that asks for more than pages gets it: what its offsets are aligned to, its addresses are too. */
static uintptr_t bias_choose(const struct elf_phdr *table, unsigned n)
{
	uint64_t align = PAGE_SIZE;

	for (unsigned i = 0; i < n; i++)
		if (table[i].type == PT_LOAD && table[i].align > align && is_power_of_two(table[i].align))
			align = table[i].align;
	return align < DYN_BASE ? align_up(DYN_BASE, align) : DYN_BASE;
}

static int phdrs_take(struct image *image, const struct elf_header *h, struct elf_phdr *table)
{
	int err = read_exactly(image, h->phoff, table, h->phnum * sizeof(*table),
			       "the file ends inside its ELF program headers (truncated?)");

	if (!err && h->type == ELF_DYN)
		image->bias = bias_choose(table, h->phnum);
	for (unsigned i = 0; i < h->phnum && !err; i++)
		err = phdr_take(image, &table[i], h->phoff);
	return err || image->nr ? err : refuse(image, "an ELF file with nothing to load");
}

int image_read(struct image *image, const char *path, struct mapping *mapping)
{
	struct elf_header h;
	struct elf_phdr *table;
	int err;

	*image = (struct image){ .path = path, .mapping = mapping };
	err = read_exactly(image, 0, &h, sizeof(h), "too short for an ELF file");
	if (!err)
		err = header_check(image, &h);
	if (err)
		return err;
	table = kmalloc(PHDRS_MAX * sizeof(*table));
	if (!table)
		return -ENOMEM;
	image->phnum = h.phnum;
	err = phdrs_take(image, &h, table);
	image->entry = h.entry + image->bias;
	kfree(table);
	return err;
}

/* ---- mapping ---- */

static int map_file_part(const struct image *image, const struct segment *s, struct mm *mm)
{
	struct map_request r = {
		.addr = align_down(s->vaddr, PAGE_SIZE),
		.len = s->vaddr % PAGE_SIZE + s->filesz,
		.flags = s->flags | VMA_MAYWRITE,
		.fixed = true,
		.mapping = image->mapping,
		.pgoff = s->offset / PAGE_SIZE,
	};
	long at = s->filesz ? mm_map(mm, &r) : 0;

	return at < 0 ? (int)at : 0;
}

static int map_rest(const struct segment *s, struct mm *mm)
{
	uintptr_t from = s->filesz ? page_up(s->vaddr + s->filesz) : align_down(s->vaddr, PAGE_SIZE);
	struct map_request r = {
		.addr = from,
		.len = segment_end(s) - from,
		.flags = s->flags | VMA_MAYWRITE,
		.fixed = true,
	};
	long at = r.len ? mm_map(mm, &r) : 0;

	return at < 0 ? (int)at : 0;
}

int image_map(const struct image *image, struct mm *mm)
{
	uintptr_t end = 0;
	int err = 0;

	for (unsigned i = 0; i < image->nr && !err; i++) {
		const struct segment *s = &image->segments[i];

		err = map_file_part(image, s, mm);
		if (!err)
			err = map_rest(s, mm);
		end = segment_end(s) > end ? segment_end(s) : end;
	}
	/* A page apart, so that the heap stays a mapping of its own, as it mostly is on Linux. */
	mm->brk_start = mm->brk = end + PAGE_SIZE;
	return err;
}

/* Does a segment that was mapped later own this page? */
static bool page_replaced(const struct image *image, unsigned by_after, uintptr_t page)
{
	for (unsigned i = by_after + 1; i < image->nr; i++) {
		const struct segment *s = &image->segments[i];

		if (page >= align_down(s->vaddr, PAGE_SIZE) && page < segment_end(s))
			return true;
	}
	return false;
}

int image_clear(const struct image *image)
{
	for (unsigned i = 0; i < image->nr; i++) {
		const struct segment *s = &image->segments[i];
		uintptr_t end = s->vaddr + s->filesz;

		if (!s->filesz || s->memsz == s->filesz || !(s->flags & VMA_WRITE) || end % PAGE_SIZE == 0)
			continue;
		if (page_replaced(image, i, align_down(end, PAGE_SIZE)))
			continue;
		if (clear_user(end, page_up(end) - end))
			return -EFAULT;
	}
	return 0;
}

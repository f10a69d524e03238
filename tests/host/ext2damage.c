/* SPDX-License-Identifier: MIT */
/*
 * ext2 images with wrong numbers in the super block, the group descriptors, inodes, indirect blocks and directories: several threads look
 * at everything that can be reached, and then change it too. An error now and then is right; a crash, a hang or a broken invariant is not.
 *
 * Arguments: seed, number of images.
 */
#include "lib/errno.h"
#include "tests/host/ext2case.h"
#include "tests/host/ext2ops.h"
#include <string.h>

#define REGIONS 4096
#define WALKERS 3
#define WALK_BUDGET 250 /* inodes that one walker looks at */
#define WALK_DEPTH 10
#define WALK_NAMES 64

static uint64_t seed;
static bool writing; /* not only looking */

/* ---- damage ---- */

struct region {
	size_t at, size;
};

static struct region regions[REGIONS];
static unsigned nr_regions;

static uint32_t get32(const struct image *image, size_t at)
{
	uint32_t v = 0;

	if (at + 4 <= image->size)
		memcpy(&v, image->bytes + at, 4);
	return v;
}

static void add(const struct image *image, size_t at, size_t size)
{
	if (at < image->size && size <= image->size - at && nr_regions < REGIONS)
		regions[nr_regions++] = (struct region){ at, size };
}

/* An indirect block and those it names, as deep as it goes; the block's first entries are what is mostly looked at. */
static void add_tree(const struct image *image, uint32_t block, unsigned depth)
{
	size_t at = (size_t)block * image->block;

	if (!block || !depth)
		return;
	add(image, at, 64);
	for (unsigned i = 0; i < 4; i++)
		add_tree(image, get32(image, at + i * 4), depth - 1);
}

static void add_inode(const struct image *image, size_t at)
{
	unsigned type = get32(image, at) >> 12 & 15;

	if (!type)
		return;
	add(image, at, 128);
	for (unsigned i = 0; i < 12 && type == 4; i++)
		if (get32(image, at + 40 + i * 4))
			add(image, (size_t)get32(image, at + 40 + i * 4) * image->block, image->block);
	for (unsigned depth = 1; depth <= 3 && type != 10; depth++)
		add_tree(image, get32(image, at + 40 + (11 + depth) * 4), depth);
}

/* All that is there to be damaged, found before anything is. */
static void find_regions(const struct image *image)
{
	size_t first = image->block == 1024 ? 1 : 0, groups = (first + 1) * image->block;
	uint32_t inodes = get32(image, 1024), per_group = get32(image, 1024 + 40), size = get32(image, 1024 + 88) & 0xffff;

	nr_regions = 0;
	add(image, 1024, 104);
	add(image, groups, 32);
	for (uint32_t i = 0; i < inodes; i++)
		add_inode(image, (size_t)get32(image, groups + i / per_group * 32 + 8) * image->block + i % per_group * size);
}

/* A number that is wrong in an interesting way. */
static uint32_t bad_number(const struct image *image, struct prng *r, size_t at)
{
	const uint32_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 11, 12, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe,
		(uint32_t)(at / image->block), (uint32_t)(image->size / image->block), (uint32_t)(image->size / image->block) - 1,
		image->block, image->block - 8, image->block - 12,
	};
	uint32_t pick = prng_below(r, 2 * sizeof(values) / sizeof(values[0]));

	if (pick < sizeof(values) / sizeof(values[0]))
		return values[pick];
	return pick % 2 ? (uint32_t)prng_next(r) : prng_below(r, (uint32_t)(image->size / image->block));
}

static void damage(struct image *image, struct prng *r)
{
	if (!nr_regions)
		find_regions(image);
	for (unsigned n = 1 + prng_below(r, 8); n; n--) {
		const struct region *g = &regions[prng_below(r, 8) ? prng_below(r, nr_regions) : prng_below(r, 2)];
		size_t at = g->at + prng_below(r, (uint32_t)g->size);
		uint32_t value = bad_number(image, r, at);
		unsigned size = 1u << prng_below(r, 3);

		at &= ~(size_t)(size - 1);
		memcpy(image->bytes + at, &value, size);
	}
}

/* ---- changing everything ---- */

static int reserve(struct mapping *m, uint64_t pos, size_t len)
{
	int err = m->ops->write_begin(m);

	if (err)
		return err;
	err = m->ops->reserve(m, pos, len);
	m->ops->write_end(m);
	return err;
}

static void change_file(struct inode *inode, struct prng *r)
{
	uint64_t pos = prng_next(r) >> (20 + prng_below(r, 40));

	mutex_lock(&inode->lock);
	if (reserve(&inode->mapping, pos % (1ull << 34), 1000 - pos % 500) || prng_below(r, 2))
		inode->mapping.ops->trim(&inode->mapping);
	mutex_unlock(&inode->lock);
	op_truncate(inode, prng_next(r) >> (30 + prng_below(r, 34)));
}

static void change(struct inode *dir, const char *name, struct prng *r)
{
	static const unsigned types[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
	char fresh[64], target[100];
	unsigned type = types[prng_below(r, 4)];
	struct inode *inode;

	snprintf(fresh, sizeof(fresh), "new-%0*u", 1 + (int)prng_below(r, 40), prng_below(r, 30));
	memset(target, 't', sizeof(target));
	target[1 + prng_below(r, sizeof(target) - 1)] = 0;
	if (!op_create(dir, fresh, type | 0700, type == S_IFLNK ? target : NULL, &inode)) {
		if (inode_type(inode) == S_IFREG)
			change_file(inode, r);
		inode_put(inode);
	}
	if (!op_lookup(dir, name, &inode)) {
		if (inode_type(inode) == S_IFREG)
			change_file(inode, r);
		if (inode_type(inode) != S_IFDIR)
			op_link(dir, "linked", inode);
		inode_put(inode);
	}
	if (!prng_below(r, 3))
		op_unlink(dir, prng_below(r, 2) ? name : fresh);
	if (!prng_below(r, 3))
		op_rename(dir, name, dir, fresh, prng_below(r, 2));
}

/* ---- looking at everything ---- */

struct walker {
	struct prng r;
	unsigned budget;
	char buf[5000];
};

struct some_names {
	struct dir_sink sink;
	unsigned n;
	struct {
		char name[256];
		size_t len;
	} at[WALK_NAMES];
};

static bool take_some(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct some_names *s = container_of(sink, struct some_names, sink);

	if (s->n == WALK_NAMES)
		return false;
	check(len && len <= NAME_MAX && ino && type < 16 && next);
	memcpy(s->at[s->n].name, name, len);
	s->at[s->n++].len = len;
	return true;
}

static void walk(struct walker *w, struct inode *inode, unsigned depth);

static void walk_directory(struct walker *w, struct inode *dir, unsigned depth)
{
	struct some_names *s = malloc(sizeof(*s));
	struct inode *inode;

	*s = (struct some_names){ .sink.emit = take_some };
	vfs_path_of(dir, w->buf, PATH_MAX);
	dir_read(dir, 0, &s->sink);
	for (unsigned i = 0; i < s->n && w->budget; i++) {
		char name[256] = "";

		memcpy(name, s->at[i].name, s->at[i].len);
		if (!dir->super->read_only && name[0] && name[0] != '.')
			change(dir, name, &w->r);
		if (name[0] && !op_lookup(dir, name, &inode)) {
			walk(w, inode, depth + 1);
			inode_put(inode);
		}
	}
	s->n = 0;
	dir_read(dir, prng_next(&w->r) >> prng_below(&w->r, 64), &s->sink);
	free(s);
}

static void walk_file(struct walker *w, struct mapping *m)
{
	uint64_t size = mapping_size(m);

	for (unsigned i = 0; i < 12; i++) {
		uint64_t at = i < 4 ? i * 4096ull : i < 6 ? size - prng_below(&w->r, 6000) : prng_next(&w->r) >> prng_below(&w->r, 64);
		long got = mapping_read_kernel(m, at, w->buf, sizeof(w->buf));

		check(got == -EIO || got == -ENXIO || (got >= 0 && (uint64_t)got <= sizeof(w->buf)));
	}
}

static void walk(struct walker *w, struct inode *inode, unsigned depth)
{
	struct inode *other;
	struct kstat st;

	if (!w->budget || depth > WALK_DEPTH)
		return;
	w->budget--;
	inode_stat(inode, &st);
	switch (inode_type(inode)) {
	case S_IFDIR:
		walk_directory(w, inode, depth);
		if (!vfs_lookup(inode, "../many/./../short/../..//one", 0, &other))
			inode_put(other);
		break;
	case S_IFLNK:
		check(inode_readlink(inode, w->buf, 300) <= 300);
		break;
	default:
		walk_file(w, &inode->mapping);
	}
}

static void walk_all(unsigned i)
{
	struct walker *w = calloc(1, sizeof(*w));

	w->budget = WALK_BUDGET;
	prng_seed(&w->r, seed + i);
	walk(w, vfs_root, 0);
	free(w);
}

static void survive(void)
{
	struct super *super = case_mount();

	if (!super)
		return;
	if (!writing)
		super->read_only = true;
	port_parallel(WALKERS, walk_all);
	if (!writing)
		return;
	super->ops->sync(super);
	super->ops->unmount(super);
}

static void test_damage(unsigned block, unsigned rounds)
{
	struct image sound = image_make_small(block);
	unsigned mounted = 0, bad = 0;
	struct prng r;

	if (!sound.bytes) {
		ok(true, "damaged images # skip mke2fs is not installed");
		return;
	}
	case_image = sound;
	case_image.bytes = malloc(sound.size);
	for (uint64_t first = seed; seed < first + rounds; seed++) {
		memcpy(case_image.bytes, sound.bytes, sound.size);
		prng_seed(&r, seed);
		damage(&case_image, &r);
		case_machine.seed = seed;
		if (case_run(survive)) {
			printf("# seed %lu, %u-byte blocks:\n", seed, block);
			case_show();
			bad++;
		}
		mounted += !strstr(case_output, "; ") || strstr(case_output, "damaged: ");
	}
	ok(!bad, "%u damaged images with %u-byte blocks, about %u of them mounted%s: no crash, no hang", rounds, block, mounted,
	   writing ? " and written to" : "");
	free(case_image.bytes);
	free(sound.bytes);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 60;

	seed = tap_seed(argc, argv, 1);
	for (unsigned i = 0; i < 2; i++) {
		writing = i;
		test_damage(1024, rounds);
		test_damage(2048, rounds / 2);
		test_damage(4096, rounds);
	}
	tap_end();
}

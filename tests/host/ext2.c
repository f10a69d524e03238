/* SPDX-License-Identifier: MIT */
/*
 * ext2 on the real page cache and the real RAM block device: what mke2fs put on an image is found there, by one and by several at a time;
 * and what cannot be mounted is refused by name.
 */
#include "lib/errno.h"
#include "mm/reclaim.h"
#include "tests/host/ext2case.h"
#include <string.h>

#define LITTLE 1100 /* pages: less than the tree has data */

static uint64_t seed;
static bool typed; /* directory entries tell types */

/* ---- an undamaged image ---- */

static int look(const char *path, unsigned flags, struct inode **out)
{
	return vfs_lookup(vfs_root, path, flags, out);
}

static void compare(struct inode *inode, const struct image_file *f, uint64_t at, size_t n)
{
	char *buf = malloc(n);
	long want = at >= f->size ? 0 : (long)(f->size - at < n ? f->size - at : n);
	long got = mapping_read_kernel(&inode->mapping, at, buf, n);

	check(got == want);
	for (long i = 0; i < got; i++)
		check((unsigned char)buf[i] == image_byte(f, at + (uint64_t)i));
	free(buf);
}

static void verify_file(const struct image_file *f, struct prng *r)
{
	struct inode *inode = NULL;
	struct kstat st;

	check(!look(f->name, 0, &inode));
	inode_stat(inode, &st);
	check(st.size == f->size && st.mode == (S_IFREG | 0640) && st.blksize == case_image.block);
	check(!f->chunks || st.blocks < 400);
	for (uint64_t at = 0; !f->chunks && at < f->size;) {
		size_t n = 1 + prng_below(r, 65536);

		compare(inode, f, at, n);
		at += n;
	}
	for (const uint64_t *c = f->chunks; c && *c != UINT64_MAX; c++)
		compare(inode, f, *c ? *c * IMAGE_CHUNK - 50 : 0, IMAGE_CHUNK + 100);
	for (unsigned i = 0; i < 100 && f->size; i++)
		compare(inode, f, prng_next(r) % f->size, 1 + prng_below(r, 3000));
	compare(inode, f, f->size ? f->size - 1 : 0, 100);
	compare(inode, f, f->size + 5000, 100);
	inode_put(inode);
}

static void verify_link(const char *name, size_t len)
{
	char buf[2000];
	struct inode *inode = NULL;

	check(!look(name, LOOKUP_NOFOLLOW, &inode));
	check(inode_type(inode) == S_IFLNK && mapping_size(&inode->mapping) == len);
	check(inode_readlink(inode, buf, sizeof(buf)) == (long)len && buf[0] == 'x' && buf[len - 1] == 'x');
	check(inode_readlink(inode, buf, 7) == 7);
	inode_put(inode);
}

static bool same(const char *a, const char *b)
{
	struct inode *one = NULL, *two = NULL;
	bool equal;

	check(!look(a, 0, &one) && !look(b, 0, &two));
	equal = one == two;
	inode_put(one);
	inode_put(two);
	return equal;
}

static void verify_links(void)
{
	struct inode *none;

	verify_link("59", 59);
	verify_link("60", 60);
	verify_link("long", IMAGE_LONG_LINK);
	check(same("short", "/one") && same("absolute", "deep/0") && same("crooked", "many/.././//tail") && same("hard", "one"));
	check(same("to-directory/", "many") && same("to-directory/.", "many/") && same("deep/../..", "/"));
	check(look("loop", 0, &none) == -ELOOP && look("long", 0, &none) == -ENAMETOOLONG && look("59", 0, &none) == -ENOENT);
	check(look("short/", 0, &none) == -ENOTDIR && look("one/..", 0, &none) == -ENOTDIR && look("one/.", 0, &none) == -ENOTDIR);
	check(look("to-directory", LOOKUP_NOFOLLOW | LOOKUP_DIRECTORY, &none) == -ENOTDIR);
	check(look("one", LOOKUP_DIRECTORY, &none) == -ENOTDIR && look("none/x", 0, &none) == -ENOENT && look("", 0, &none) == -ENOENT);
}

/* A page may be stored to without asking if all of it has blocks: not the last one, of which a part has, and the file may become longer. */
static void verify_backed(void)
{
	struct inode *inode = NULL;
	struct page *page;

	check(!look("tail", 0, &inode));
	check(!cache_read(&inode->mapping, 0, WAIT_FOREVER, &page) && page_flag(page, PG_BACKED));
	page_put(page);
	check(!cache_read(&inode->mapping, 3, WAIT_FOREVER, &page) && page_flag(page, PG_BACKED) == (case_image.block == PAGE_SIZE));
	page_put(page);
	inode_put(inode);
}

/* A few entries at a time. */
struct names {
	struct dir_sink sink;
	unsigned room;
	uint64_t next;
	unsigned dots, seen[IMAGE_MANY], others;
};

static bool take_name(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct names *n = container_of(sink, struct names, sink);
	char got[256], want[256];
	unsigned i;

	if (!n->room--)
		return false;
	n->next = next;
	memcpy(got, name, len);
	got[len] = 0;
	i = (unsigned)atoi(got);
	image_many_name(i < IMAGE_MANY ? i : 0, want);
	if (name[0] == '.')
		n->dots += type == (typed ? S_IFDIR >> 12 : 0);
	else if (i < IMAGE_MANY && !strcmp(got, want) && type == (typed ? S_IFREG >> 12 : 0) && ino)
		n->seen[i]++;
	else
		n->others++;
	return true;
}

static void verify_many(struct prng *r)
{
	struct names *n = calloc(1, sizeof(*n));
	struct inode *dir = NULL, *file = NULL;
	char name[256];

	n->sink.emit = take_name;
	check(!look("many", 0, &dir));
	for (uint64_t at = 0; at < mapping_size(&dir->mapping); at = n->next) {
		n->next = at;
		n->room = 1 + prng_below(r, 9);
		check(!dir->ops->readdir(dir, at, &n->sink));
		if (n->next == at)
			break;
	}
	check(n->dots == 2 && !n->others);
	for (unsigned i = 0; i < IMAGE_MANY; i++) {
		image_many_name(i, name);
		check(n->seen[i] == 1 && !dir->ops->lookup(dir, name, strlen(name), &file));
		inode_put(file);
	}
	for (unsigned i = 0; i < 200; i++) { /* positions that are nobody's */
		n->room = 3;
		check(!dir->ops->readdir(dir, prng_next(r) % (2 * mapping_size(&dir->mapping)), &n->sink));
	}
	check(!n->others);
	inode_put(dir);
	free(n);
}

static void verify_deep(void)
{
	char path[200] = "/deep", back[200];
	struct inode *dir = NULL;

	for (unsigned i = 0; i < IMAGE_DEEP; i++) {
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%u", i);
		check(!look(path, LOOKUP_DIRECTORY, &dir));
		check(!vfs_path_of(dir, back, sizeof(back)) && !strcmp(path, back));
		check(vfs_path_of(dir, back, strlen(path)) == -ERANGE);
		inode_put(dir);
	}
}

static void verify_places(void)
{
	struct place p;

	check(!vfs_find_place(vfs_root, "deep/new", 0, &p) && !p.inode && !strcmp(p.name, "new") && !p.slash);
	place_put(&p);
	check(!vfs_find_place(vfs_root, "59", 0, &p) && !p.inode && strlen(p.name) == 59 && p.dir == vfs_root);
	place_put(&p);
	check(!vfs_find_place(vfs_root, "59", LOOKUP_NOFOLLOW, &p) && p.inode && !strcmp(p.name, "59"));
	place_put(&p);
	check(!vfs_find_place(vfs_root, "deep/0//", 0, &p) && p.inode && p.slash);
	place_put(&p);
	check(!vfs_find_place(vfs_root, "/", 0, &p) && p.inode == vfs_root && !p.name[0]);
	place_put(&p);
	check(vfs_find_place(vfs_root, "none/new", 0, &p) == -ENOENT && vfs_find_place(vfs_root, "one/new", 0, &p) == -ENOTDIR);
}

static void verify_one(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed + i);
	for (const struct image_file *f = image_files; f->name; f++)
		verify_file(f, &r);
	verify_links();
	verify_backed();
	verify_many(&r);
	verify_deep();
	verify_places();
}

static void verify(void)
{
	check(case_mount());
	verify_one(0);
}

static void verify_together(void)
{
	check(case_mount());
	verify_one(0); /* inodes and names take what memory they want */
	while (page_reclaim(64))
		;
	while (frame_available() > LITTLE)
		check(frame_alloc(0, FRAME_RESERVE) != NO_FRAME);
	port_parallel(3, verify_one);
}

static void test_image(unsigned block, const char *options)
{
	case_image = image_make(block, options);
	typed = !options[0];
	if (!case_image.bytes) {
		ok(true, "%u-byte blocks # skip mke2fs is not installed", block);
		return;
	}
	if (!ok(!case_run(verify), "%u-byte blocks %s: every file, link and directory is there", block, options))
		case_show();
	if (!ok(!case_run(verify_together), "... for three threads at once, in little memory"))
		case_show();
	free(case_image.bytes);
}

/* ---- what is refused ---- */

static void must_refuse(void)
{
	struct super *super = case_mount();

	check(!super || super->read_only);
}

static void must_mount(void)
{
	check(case_mount());
}

/* With the `size` bytes at `at` replaced by value, mounting says `text`; text == NULL: it succeeds and says nothing. */
static void test_refusal(size_t at, unsigned size, uint32_t value, const char *text)
{
	unsigned char old[4];
	int status;

	memcpy(old, case_image.bytes + at, size);
	memcpy(case_image.bytes + at, &value, size);
	status = case_run(text ? must_refuse : must_mount);
	if (!ok(!status && (text ? strstr(case_output, text) != NULL : !strstr(case_output, "disk0")), "offset %zu = %#x: %s", at, value,
		text ? text : "is mounted"))
		case_show();
	memcpy(case_image.bytes + at, old, size);
}

static void test_refusals(void)
{
	size_t whole = case_image.size;

	test_refusal(1024 + 56, 2, 0, "this is not an ext2 file system");
	test_refusal(1024 + 96, 4, 0x42, "feature 'extent'");
	test_refusal(1024 + 96, 4, 0x82, "feature '64bit'");
	test_refusal(1024 + 96, 4, 0x6, "needs_recovery");
	test_refusal(1024 + 96, 4, 0x40000002, "unknown features 0x40000000");
	test_refusal(1024 + 100, 4, 0x8000ffff, "mounted read-only"); /* features that do not matter to a reader */
	test_refusal(1024 + 92, 4, 0x8000ffff, NULL);
	test_refusal(1024 + 76, 4, 2, "revision");
	test_refusal(1024 + 24, 4, 3, "block size is not 1, 2 or 4 KiB");
	test_refusal(1024 + 4, 4, 0x7fffffff, "the image is cut off");
	test_refusal(1024 + 32, 4, 0, "the super block is damaged");
	test_refusal(1024 + 40, 4, 0, "the super block is damaged");
	test_refusal(1024 + 20, 4, 5, "the super block is damaged");
	test_refusal(1024 + 88, 2, 100, "inode size");
	test_refusal(1024 + 88, 2, 4096, "inode size");
	case_image.size = 300000;
	test_refusal(0, 1, 0, "the image is cut off");
	case_image.size = 1536;
	test_refusal(0, 1, 0, "too small to hold a file system");
	case_image.size = whole;
}

int main(int argc, char **argv)
{
	seed = case_machine.seed = tap_seed(argc, argv, 1);
	test_image(1024, "");
	test_image(2048, "");
	test_image(4096, "-I 128 -O ^dir_index,^filetype");
	test_image(4096, "-r 0");
	case_image = image_make_small(1024);
	if (case_image.bytes)
		test_refusals();
	tap_end();
}

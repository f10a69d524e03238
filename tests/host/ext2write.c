/* SPDX-License-Identifier: MIT */
/*
 * ext2 written: several threads do random operations, each below a directory of its own, on a disk that is often full, and compare with what a
 * model in memory says. Then the disk is unmounted and must be clean for e2fsck, and mounted again and everything compared once more.
 *
 * Arguments: seed, operations of each thread, rounds.
 */
#include "drivers/block.h"
#include "lib/errno.h"
#include "mm/policy.h"
#include "tests/host/ext2model.h"
#include "tests/host/ext2ops.h"
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS 3

static struct model *models; /* one a worker, shared memory */
static uint64_t seed;
static unsigned all_full; /* how often a disk was full */
static char out[64]; /* the disk of the last round */
static unsigned operations = 500;

/* ---- operations ---- */

/* Is this what may come when the disk is full? */
static bool full(struct worker *w, long err)
{
	if (err == -ENOSPC)
		w->m->full++;
	return err == -ENOSPC;
}

static void do_create(struct worker *w)
{
	static const unsigned types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK, S_IFLNK, S_IFIFO, S_IFCHR };
	unsigned node = model_free_node(w->m), dir = model_pick_node(w, S_IFDIR), mode = types[prng_below(&w->r, 9)] | prng_below(&w->r, 010000);
	struct name *n = model_free_name(w->m);
	struct node *made = &w->m->node[node];
	struct inode *inode;
	unsigned len = prng_below(&w->r, 2) ? 50 + prng_below(&w->r, 20) : 1 + prng_below(&w->r, 1000);
	int err;

	if (!node || !n)
		return;
	model_random_name(w, n->text);
	memset(made, 0, sizeof(*made));
	if ((mode & S_IFMT) == S_IFLNK) {
		memset(made->text, 'a' + (int)prng_below(&w->r, 26), len);
		made->size = len;
	}
	err = op_create(model_dir(w, dir), n->text, mode, made->size ? made->text : NULL, &inode);
	if (model_find_name(w->m, dir, n->text)) {
		check(err == -EEXIST);
		return;
	}
	if (full(w, err))
		return;
	check(!err);
	made->mode = mode;
	made->nlink = 1;
	n->dir = dir;
	n->node = node;
	n->used = true;
	if (inode_type(inode) == S_IFDIR || prng_below(&w->r, 2))
		w->inode[node] = inode;
	else
		inode_put(inode);
}

static struct inode *open_node(struct worker *w, struct name *n)
{
	struct inode *inode;

	check(!op_lookup(model_dir(w, n->dir), n->text, &inode));
	check(!w->inode[n->node] || w->inode[n->node] == inode);
	return inode;
}

static void do_link(struct worker *w)
{
	struct name *from = model_pick_name(w), *n = model_free_name(w->m);
	unsigned dir = model_pick_node(w, S_IFDIR);
	struct inode *inode;
	int err;

	if (!from || !n || (w->m->node[from->node].mode & S_IFMT) == S_IFDIR)
		return;
	model_random_name(w, n->text);
	inode = open_node(w, from);
	err = op_link(model_dir(w, dir), n->text, inode);
	inode_put(inode);
	if (model_find_name(w->m, dir, n->text)) {
		check(err == -EEXIST);
	} else if (!full(w, err)) {
		check(!err);
		n->dir = dir;
		n->node = from->node;
		n->used = true;
		w->m->node[n->node].nlink++;
	}
}

static void do_unlink(struct worker *w)
{
	struct name *n = model_pick_name(w);
	bool directory;
	unsigned slot = prng_below(&w->r, HOLDS);
	int err;

	if (!n)
		return;
	directory = (w->m->node[n->node].mode & S_IFMT) == S_IFDIR;
	if (!prng_below(&w->r, 4)) { /* somebody has it open */
		if (w->held[slot])
			inode_put(w->held[slot]);
		w->held[slot] = open_node(w, n);
	}
	err = op_unlink(model_dir(w, n->dir), n->text);
	if (directory && !model_is_empty(w->m, n->node)) {
		check(err == -ENOTEMPTY);
		return;
	}
	check(!err);
	model_lose_name(w, n);
}

static bool is_above(struct model *m, unsigned dir, unsigned below)
{
	for (unsigned i = 0; i < NAMES && below && below != dir; i++)
		if (m->name[i].used && m->name[i].node == below) {
			below = m->name[i].dir;
			i = UINT_MAX;
		}
	return below == dir;
}

static void do_rename(struct worker *w)
{
	struct name *n = model_pick_name(w), *other = model_pick_name(w), *target;
	bool over = prng_below(&w->r, 2), exchange = over && prng_below(&w->r, 2);
	unsigned dir = model_pick_node(w, S_IFDIR), old, mode;
	char text[256];
	int err;

	if (!n)
		return;
	model_random_name(w, text);
	if (over) {
		dir = other->dir;
		strcpy(text, other->text);
	}
	target = model_find_name(w->m, dir, text);
	mode = w->m->node[n->node].mode & S_IFMT;
	if (target && (target->node == n->node || (!exchange && (mode == S_IFDIR) != ((w->m->node[target->node].mode & S_IFMT) == S_IFDIR))))
		return;
	if ((mode == S_IFDIR && is_above(w->m, n->node, dir)) || (exchange && target && is_above(w->m, target->node, n->dir)))
		return;
	exchange &= target != NULL;
	err = op_rename(model_dir(w, n->dir), n->text, model_dir(w, dir), text, exchange);
	if (full(w, err))
		return;
	if (target && !exchange && mode == S_IFDIR && !model_is_empty(w->m, target->node)) {
		check(err == -ENOTEMPTY);
		return;
	}
	check(!err);
	if (exchange) {
		old = n->node;
		n->node = target->node;
		target->node = old;
		return;
	}
	if (target)
		model_lose_name(w, target);
	n->dir = dir;
	strcpy(n->text, text);
}

/* ---- contents ---- */

static void do_write(struct worker *w)
{
	unsigned node = model_pick_node(w, S_IFREG);
	struct node *n = &w->m->node[node];
	bool far = !prng_below(&w->r, 4);
	unsigned max = far ? FAR : NEAR, at = prng_below(&w->r, max), len = 1 + prng_below(&w->r, prng_below(&w->r, 3) ? 1500 : max);
	uint64_t pos = at + (far ? FAR_AT : 0);
	long done;

	if (!node || !w->inode[node])
		return;
	len = len < max - at ? len : max - at;
	for (unsigned i = 0; i < len; i++)
		w->buf[i] = (unsigned char)prng_next(&w->r);
	done = op_write(w->inode[node], pos, w->buf, len);
	if (full(w, done))
		return;
	check(done > 0 && done <= (long)len);
	memcpy((far ? n->far : n->near) + at, w->buf, (size_t)done);
	n->mtime = 0;
	if (pos + (uint64_t)done > n->size)
		n->size = pos + (uint64_t)done;
}

static void do_truncate(struct worker *w)
{
	unsigned node = model_pick_node(w, S_IFREG);
	struct node *n = &w->m->node[node];
	uint64_t size = prng_below(&w->r, 4) ? prng_below(&w->r, NEAR) : prng_below(&w->r, 2) ? FAR_AT + prng_below(&w->r, FAR) : 0;

	if (!node || !w->inode[node])
		return;
	check(!op_truncate(w->inode[node], size));
	n->size = size;
	if (size < NEAR)
		memset(n->near + size, 0, NEAR - size);
	if (size < FAR_AT)
		memset(n->far, 0, FAR);
	else
		memset(n->far + (size - FAR_AT), 0, FAR - (size - FAR_AT));
}

static void do_fallocate(struct worker *w)
{
	unsigned node = model_pick_node(w, S_IFREG), at = prng_below(&w->r, NEAR), len = 1 + prng_below(&w->r, NEAR - at);
	bool punch = prng_below(&w->r, 2);
	struct node *n = &w->m->node[node];
	int err;

	if (!node || !w->inode[node])
		return;
	mutex_lock(&w->inode[node]->lock);
	err = w->inode[node]->ops->fallocate(w->inode[node], punch ? FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE : 0, at, len);
	mutex_unlock(&w->inode[node]->lock);
	if (full(w, err))
		return;
	check(!err);
	if (punch)
		memset(n->near + at, 0, len);
	else if (at + len > n->size)
		n->size = at + len;
}

static void do_attributes(struct worker *w)
{
	unsigned node = model_pick_node(w, S_IFREG);
	struct timestamp t = { .sec = (int64_t)(prng_next(&w->r) % (1ull << 33)) - (1ll << 31) };

	if (!node || !w->inode[node])
		return;
	if (case_image.block == 1024) /* inodes without room for more than 32 bits */
		t.sec = (int32_t)t.sec;
	op_chmod(w->inode[node], prng_below(&w->r, 010000), t);
	w->m->node[node].mode = w->inode[node]->mode;
	w->m->node[node].mtime = t.sec;
}

/* Many names come, and go again: the directory grows, has an index, and shrinks. */
static void do_many(struct worker *w)
{
	struct inode *dir = model_dir(w, model_pick_node(w, S_IFDIR)), *inode;
	unsigned n = 20 + prng_below(&w->r, 200), made = 0;
	char name[300];
	int err = 0;

	while (made < n && !err) {
		snprintf(name, sizeof(name), "Many-%u-%0*u", made, 1 + (int)(made * 13 % 180), 0);
		err = op_create(dir, name, S_IFREG | 0600, NULL, &inode);
		check(!err || full(w, err));
		if (!err) {
			inode_put(inode);
			made++;
		}
	}
	for (unsigned i = 0; i < made; i++) {
		unsigned k = prng_below(&w->r, 2) ? i : i; /* in order: the gaps meet */

		snprintf(name, sizeof(name), "Many-%u-%0*u", k, 1 + (int)(k * 13 % 180), 0);
		check(!op_unlink(dir, name));
	}
}

static void do_something(struct worker *w)
{
	static void (*const ops[])(struct worker *) = {
		do_create, do_create, do_create, do_create, do_link, do_unlink, do_unlink, do_unlink, do_rename, do_rename,
		do_write, do_write, do_write, do_write, do_truncate, do_truncate, do_fallocate, do_attributes,
	};
	unsigned r = prng_below(&w->r, 200);

	if (!r) {
		do_many(w);
	} else if (r == 1) {
		check(!op_sync(vfs_root->super));
	} else if (r == 2) {
		model_compare(w->m, w->inode[0], 0);
	} else {
		ops[r % (sizeof(ops) / sizeof(ops[0]))](w);
	}
}

/* ---- a round ---- */

static struct worker *workers;

static void work(unsigned i)
{
	struct worker *w = &workers[i];

	for (unsigned n = 0; n < operations; n++)
		do_something(w);
	model_compare(w->m, w->inode[0], 0);
	for (unsigned n = 0; n < NODES; n++)
		if (w->inode[n] && prng_below(&w->r, 8)) { /* some stay open until the end */
			inode_put(w->inode[n]);
			w->inode[n] = NULL;
		}
}

static void write_round(void)
{
	struct super *super = case_mount();
	char name[8], why[100];

	check(super && !super->read_only);
	check(!policy_set("grab", seed % 2 ? "relock" : "once", why, sizeof(why)));
	check(!policy_set("journal_credits", seed % 3 ? "1024" : "64", why, sizeof(why)));
	workers = calloc(WORKERS, sizeof(*workers));
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].m = &models[i];
		prng_seed(&workers[i].r, seed * WORKERS + i);
		snprintf(name, sizeof(name), "w%u", i);
		check(!op_create(super->root, name, S_IFDIR | 0755, NULL, &workers[i].inode[0]));
		models[i].node[0].mode = S_IFDIR | 0755;
	}
	port_parallel(WORKERS, work);
	check(!op_sync(super));
	super->ops->unmount(super);
	case_save(out);
}

static void read_round(void)
{
	struct super *super = case_mount();
	struct inode *dir;
	char name[8];

	check(super);
	for (unsigned i = 0; i < WORKERS; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		check(!op_lookup(super->root, name, &dir));
		model_compare(&models[i], dir, 0);
		inode_put(dir);
	}
}

static bool clean(void)
{
	char command[300];

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/sbin:/usr/sbin; said=$(e2fsck -fn %s 2>&1) || { echo \"$said\" | sed -n '1,20s/^/# /p'; false; }", out);
	fflush(stdout);
	return !system(command);
}

static bool load(void)
{
	FILE *f = fopen(out, "rb");
	bool good = f && fread(case_image.bytes, 1, case_image.size, f) == case_image.size;

	if (f)
		fclose(f);
	return good;
}

static unsigned times_full(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += models[i].full;
	return n;
}

static bool one_round(struct image *sound)
{
	memcpy(case_image.bytes, sound->bytes, sound->size);
	memset(models, 0, WORKERS * sizeof(*models));
	case_machine.seed = seed;
	if (case_run(write_round)) {
		case_show();
		return false;
	}
	if (!clean() || !load())
		return false;
	if (case_run(read_round)) {
		case_show();
		return false;
	}
	return true;
}

static void test_writing(unsigned block, const char *options, const char *size, unsigned rounds)
{
	struct image sound = image_make_empty(block, options, size);
	unsigned bad = 0, was_full = 0;

	if (!sound.bytes) {
		ok(true, "writing # skip mke2fs is not installed");
		return;
	}
	model_typed = !strstr(options, "^filetype");
	case_image = sound;
	case_image.bytes = malloc(sound.size);
	for (unsigned i = 0; i < rounds; i++, seed++) {
		if (!one_round(&sound)) {
			printf("# seed %lu, %u-byte blocks\n", seed, block);
			bad++;
		}
		was_full += times_full();
	}
	ok(!bad, "%u rounds with %u-byte blocks %s: as the model says, clean for e2fsck, there when mounted again", rounds, block, options);
	all_full += was_full;
	free(case_image.bytes);
	free(sound.bytes);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 3;

	seed = tap_seed(argc, argv, 1);
	operations = argc > 2 ? (unsigned)atoi(argv[2]) : operations;
	snprintf(out, sizeof(out), "/tmp/ext2write-%d", (int)getpid());
	models = mmap(NULL, WORKERS * sizeof(*models), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_writing(1024, "-I 128 -g 512", "1500k", rounds);
	test_writing(2048, "-I 256 -N 250", "1500k", rounds);
	test_writing(4096, "-I 256 -N 400 -O ^dir_index,^filetype", "1200k", rounds);
	ok(all_full, "the disk was full %u times", all_full);
	unlink(out);
	tap_end();
}

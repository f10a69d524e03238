/* SPDX-License-Identifier: MIT */
/*
 * ext2 written: several threads do random operations, each below a directory of its own, on a disk that is often full, and compare with what a
 * model in memory says. Then the disk is unmounted and must be clean for e2fsck, and mounted again and everything compared once more.
 *
 * Arguments: seed, operations of each thread, rounds.
 */
#include "drivers/block.h"
#include "lib/errno.h"
#include "tests/host/ext2case.h"
#include "tests/host/ext2ops.h"
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS 3
#define NODES 120
#define NAMES 160
#define NEAR 40000u   /* bytes of a file from its beginning that may be data */
#define FAR_AT 70000000ull /* and from here on: behind a double or triple indirect block */
#define FAR 5000u
#define HOLDS 4

/* What a file should be. */
struct node {
	unsigned mode, nlink; /* mode 0: free; nlink: names, directories aside */
	uint64_t size;
	int64_t mtime;
	char text[1200]; /* of a link */
	unsigned char near[NEAR], far[FAR];
};

struct name {
	bool used;
	unsigned dir, node;
	char text[256];
};

/* One thread's tree: node 0 is its root. Shared with the process that mounts the disk again. */
struct model {
	struct node node[NODES];
	struct name name[NAMES];
	unsigned full; /* how often the disk was full */
};

/* A thread at work. */
struct worker {
	struct model *m;
	struct prng r;
	struct inode *inode[NODES]; /* of those that are held open or directories, referenced */
	struct inode *held[HOLDS];  /* unlinked */
	unsigned char buf[NEAR];
};

static struct model *models; /* one a worker, shared memory */
static uint64_t seed;
static char out[64]; /* the disk of the last round */
static unsigned operations = 500;
static bool typed;

/* ---- the model ---- */

static unsigned pick_node(struct worker *w, unsigned type)
{
	unsigned from = prng_below(&w->r, NODES);

	for (unsigned i = 0; i < NODES; i++) {
		unsigned n = (from + i) % NODES;

		if (w->m->node[n].mode && (!type || (w->m->node[n].mode & S_IFMT) == type) && (n || type == S_IFDIR))
			return n;
	}
	return 0;
}

static unsigned free_node(struct model *m)
{
	for (unsigned i = 1; i < NODES; i++)
		if (!m->node[i].mode)
			return i;
	return 0;
}

static struct name *free_name(struct model *m)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (!m->name[i].used)
			return &m->name[i];
	return NULL;
}

static struct name *pick_name(struct worker *w)
{
	unsigned from = prng_below(&w->r, NAMES);

	for (unsigned i = 0; i < NAMES; i++)
		if (w->m->name[(from + i) % NAMES].used)
			return &w->m->name[(from + i) % NAMES];
	return NULL;
}

static bool is_empty(const struct model *m, unsigned dir)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (m->name[i].used && m->name[i].dir == dir)
			return false;
	return true;
}

static struct name *find_name(struct model *m, unsigned dir, const char *text)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (m->name[i].used && m->name[i].dir == dir && !strcmp(m->name[i].text, text))
			return &m->name[i];
	return NULL;
}

static void random_name(struct worker *w, char *text)
{
	unsigned len = prng_below(&w->r, 6) ? 1 + prng_below(&w->r, 12) : 1 + prng_below(&w->r, 255);

	for (unsigned i = 0; i < len; i++)
		text[i] = (char)('a' + prng_below(&w->r, 26));
	text[len] = 0;
}

static struct inode *dir_of(struct worker *w, unsigned dir)
{
	check(w->inode[dir]);
	return w->inode[dir];
}

/* A name goes from the model, and the file with its last one. */
static void lose_name(struct worker *w, struct name *n)
{
	struct node *node = &w->m->node[n->node];

	n->used = false;
	if ((node->mode & S_IFMT) != S_IFDIR && --node->nlink)
		return;
	node->mode = 0;
	if (w->inode[n->node])
		inode_put(w->inode[n->node]);
	w->inode[n->node] = NULL;
}

/* ---- comparing ---- */

static unsigned char byte_of(const struct node *n, uint64_t at)
{
	return at < NEAR ? n->near[at] : at - FAR_AT < FAR ? n->far[at - FAR_AT] : 0;
}

static void compare_range(struct inode *inode, const struct node *n, uint64_t at, size_t len)
{
	unsigned char *buf = malloc(len);
	long got = mapping_read_kernel(&inode->mapping, at, buf, len);

	check(got == (at >= n->size ? 0 : (long)(n->size - at < len ? n->size - at : len)));
	for (long i = 0; i < got; i++)
		check(buf[i] == byte_of(n, at + (uint64_t)i));
	free(buf);
}

static void compare(struct inode *inode, const struct node *n)
{
	char text[1300];
	struct kstat st;

	inode_stat(inode, &st);
	check(st.mode == n->mode && ((n->mode & S_IFMT) == S_IFDIR || (st.size == n->size && st.nlink == n->nlink)));
	check(!n->mtime || st.mtime.sec == n->mtime);
	if ((n->mode & S_IFMT) == S_IFLNK)
		check(inode_readlink(inode, text, sizeof(text)) == (long)n->size && !memcmp(text, n->text, n->size));
	if ((n->mode & S_IFMT) == S_IFCHR)
		check(st.rdev == 0x12345);
	if ((n->mode & S_IFMT) != S_IFREG)
		return;
	compare_range(inode, n, 0, NEAR + 3000);
	compare_range(inode, n, FAR_AT - 3000, FAR + 6000);
}

struct counting {
	struct dir_sink sink;
	struct model *m;
	unsigned dir, found, dots;
};

static bool count_one(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct counting *c = container_of(sink, struct counting, sink);
	char text[256];
	struct name *n;

	(void)ino;
	(void)next;
	memcpy(text, name, len);
	text[len] = 0;
	if (text[0] == '.') {
		c->dots++;
		return true;
	}
	n = find_name(c->m, c->dir, text);
	check(n);
	check(type == (typed ? c->m->node[n->node].mode >> 12 : 0));
	c->found++;
	return true;
}

static void compare_directory(struct model *m, struct inode *dir, unsigned number)
{
	struct counting c = { .sink.emit = count_one, .m = m, .dir = number };
	unsigned names = 0, directories = 0;

	for (unsigned i = 0; i < NAMES; i++)
		if (m->name[i].used && m->name[i].dir == number) {
			names++;
			directories += (m->node[m->name[i].node].mode & S_IFMT) == S_IFDIR;
		}
	check(!dir->ops->readdir(dir, 0, &c.sink));
	check(c.found == names && c.dots == 2 && dir->nlink == 2 + directories);
}

static void compare_tree(struct model *m, struct inode *dir, unsigned number)
{
	compare_directory(m, dir, number);
	for (unsigned i = 0; i < NAMES; i++) {
		struct name *n = &m->name[i];
		struct inode *inode, *up;

		if (!n->used || n->dir != number)
			continue;
		check(!op_lookup(dir, n->text, &inode));
		compare(inode, &m->node[n->node]);
		if (inode_type(inode) == S_IFDIR) {
			check(!op_lookup(inode, "..", &up) && up == dir);
			inode_put(up);
			compare_tree(m, inode, n->node);
		}
		inode_put(inode);
	}
}

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
	unsigned node = free_node(w->m), dir = pick_node(w, S_IFDIR), mode = types[prng_below(&w->r, 9)] | prng_below(&w->r, 010000);
	struct name *n = free_name(w->m);
	struct node *made = &w->m->node[node];
	struct inode *inode;
	unsigned len = prng_below(&w->r, 2) ? 50 + prng_below(&w->r, 20) : 1 + prng_below(&w->r, 1000);
	int err;

	if (!node || !n)
		return;
	random_name(w, n->text);
	memset(made, 0, sizeof(*made));
	if ((mode & S_IFMT) == S_IFLNK) {
		memset(made->text, 'a' + (int)prng_below(&w->r, 26), len);
		made->size = len;
	}
	err = op_create(dir_of(w, dir), n->text, mode, made->size ? made->text : NULL, &inode);
	if (find_name(w->m, dir, n->text)) {
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

	check(!op_lookup(dir_of(w, n->dir), n->text, &inode));
	check(!w->inode[n->node] || w->inode[n->node] == inode);
	return inode;
}

static void do_link(struct worker *w)
{
	struct name *from = pick_name(w), *n = free_name(w->m);
	unsigned dir = pick_node(w, S_IFDIR);
	struct inode *inode;
	int err;

	if (!from || !n || (w->m->node[from->node].mode & S_IFMT) == S_IFDIR)
		return;
	random_name(w, n->text);
	inode = open_node(w, from);
	err = op_link(dir_of(w, dir), n->text, inode);
	inode_put(inode);
	if (find_name(w->m, dir, n->text)) {
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
	struct name *n = pick_name(w);
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
	err = op_unlink(dir_of(w, n->dir), n->text);
	if (directory && !is_empty(w->m, n->node)) {
		check(err == -ENOTEMPTY);
		return;
	}
	check(!err);
	lose_name(w, n);
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
	struct name *n = pick_name(w), *other = pick_name(w), *target;
	bool over = prng_below(&w->r, 2), exchange = over && prng_below(&w->r, 2);
	unsigned dir = pick_node(w, S_IFDIR), old, mode;
	char text[256];
	int err;

	if (!n)
		return;
	random_name(w, text);
	if (over) {
		dir = other->dir;
		strcpy(text, other->text);
	}
	target = find_name(w->m, dir, text);
	mode = w->m->node[n->node].mode & S_IFMT;
	if (target && (target->node == n->node || (!exchange && (mode == S_IFDIR) != ((w->m->node[target->node].mode & S_IFMT) == S_IFDIR))))
		return;
	if ((mode == S_IFDIR && is_above(w->m, n->node, dir)) || (exchange && target && is_above(w->m, target->node, n->dir)))
		return;
	exchange &= target != NULL;
	err = op_rename(dir_of(w, n->dir), n->text, dir_of(w, dir), text, exchange);
	if (full(w, err))
		return;
	if (target && !exchange && mode == S_IFDIR && !is_empty(w->m, target->node)) {
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
		lose_name(w, target);
	n->dir = dir;
	strcpy(n->text, text);
}

/* ---- contents ---- */

static void do_write(struct worker *w)
{
	unsigned node = pick_node(w, S_IFREG);
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
	unsigned node = pick_node(w, S_IFREG);
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
	unsigned node = pick_node(w, S_IFREG), at = prng_below(&w->r, NEAR), len = 1 + prng_below(&w->r, NEAR - at);
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
	unsigned node = pick_node(w, S_IFREG);
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
	struct inode *dir = dir_of(w, pick_node(w, S_IFDIR)), *inode;
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
		compare_tree(w->m, w->inode[0], 0);
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
	compare_tree(w->m, w->inode[0], 0);
	for (unsigned n = 0; n < NODES; n++)
		if (w->inode[n] && prng_below(&w->r, 8)) { /* some stay open until the end */
			inode_put(w->inode[n]);
			w->inode[n] = NULL;
		}
}

static void write_round(void)
{
	struct super *super = case_mount();
	char name[8];

	check(super && !super->read_only);
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
		compare_tree(&models[i], dir, 0);
		inode_put(dir);
	}
}

static bool clean(void)
{
	char command[300];

	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin; said=$(e2fsck -fn %s 2>&1) || { echo \"$said\" | sed -n '1,20s/^/# /p'; false; }", out);
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
	typed = !strstr(options, "^filetype");
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
	ok(was_full, "the disk was full %u times", was_full);
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
	test_writing(2048, "-I 256 -N 200", "2M", rounds);
	test_writing(4096, "-I 256 -O ^dir_index,^filetype", "3M", rounds);
	unlink(out);
	tap_end();
}

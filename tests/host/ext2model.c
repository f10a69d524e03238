/* SPDX-License-Identifier: MIT */
#include "tests/host/ext2model.h"
#include "tests/host/ext2ops.h"
#include <string.h>

bool model_typed;

unsigned model_pick_node(struct worker *w, unsigned type)
{
	unsigned from = prng_below(&w->r, NODES);

	for (unsigned i = 0; i < NODES; i++) {
		unsigned n = (from + i) % NODES;

		if (w->m->node[n].mode && (!type || (w->m->node[n].mode & S_IFMT) == type) && (n || type == S_IFDIR))
			return n;
	}
	return 0;
}

unsigned model_free_node(struct model *m)
{
	for (unsigned i = 1; i < NODES; i++)
		if (!m->node[i].mode)
			return i;
	return 0;
}

struct name *model_free_name(struct model *m)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (!m->name[i].used)
			return &m->name[i];
	return NULL;
}

struct name *model_pick_name(struct worker *w)
{
	unsigned from = prng_below(&w->r, NAMES);

	for (unsigned i = 0; i < NAMES; i++)
		if (w->m->name[(from + i) % NAMES].used)
			return &w->m->name[(from + i) % NAMES];
	return NULL;
}

bool model_is_empty(const struct model *m, unsigned dir)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (m->name[i].used && m->name[i].dir == dir)
			return false;
	return true;
}

struct name *model_find_name(struct model *m, unsigned dir, const char *text)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (m->name[i].used && m->name[i].dir == dir && !strcmp(m->name[i].text, text))
			return &m->name[i];
	return NULL;
}

void model_random_name(struct worker *w, char *text)
{
	unsigned len = prng_below(&w->r, 6) ? 1 + prng_below(&w->r, 12) : 1 + prng_below(&w->r, 255);

	for (unsigned i = 0; i < len; i++)
		text[i] = (char)('a' + prng_below(&w->r, 26));
	text[len] = 0;
}

struct inode *model_dir(struct worker *w, unsigned dir)
{
	check(w->inode[dir]);
	return w->inode[dir];
}

/* A name goes from the model, and the file with its last one. */
void model_lose_name(struct worker *w, struct name *n)
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
	n = model_find_name(c->m, c->dir, text);
	check(n);
	check(type == (model_typed ? c->m->node[n->node].mode >> 12 : 0));
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

void model_compare(struct model *m, struct inode *dir, unsigned number)
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
			model_compare(m, inode, n->node);
		}
		inode_put(inode);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Renaming: up to four directories at once (the two that have the names, one that moves and whose ".." changes, one that is replaced), and
 * the tree must stay a tree.
 *
 * 1. Whoever moves something from one directory to another holds rename_lock. So which of two directories is above the other changes under
 *    it only, and can be found out before anything else is locked.
 * 2. Order. A directory that is above another is locked first; two that lie side by side are locked together by the holder of rename_lock
 *    alone, or as children of one parent whose lock is held. So in a ring of threads that wait for each other's directories, each but one at
 *    most would wait for a directory below one that it holds. Going round, all waits but one lead downwards in the tree; that one leads from
 *    a directory X to Y, of which neither is above the other: and from Y downwards there is no way back to X. For children of one
 *    parent it is the same, as both are entered only by who holds one of them already, or the parent.
 * 3. What moves is not above where it goes (-EINVAL), and what is replaced is not above what moves (-ENOTEMPTY): the look of point 1 finds
 *    the entry that leads from the upper directory to the lower one, the trap, and neither of the two may be it.
 * 4. Both names leave the name cache before and are noted after (fs/names.c, point 2).
 */
#include "fs/names.h"
#include "fs/namespace.h"
#include "fs/permit.h"
#include "lib/errno.h"

static struct mutex rename_lock = { .q = WAITQ_INIT(rename_lock.q), .class = LOCK_RENAME };

struct move {
	struct renaming r;
	unsigned flags;
	bool across;	    /* two directories: rename_lock is held */
	struct inode *trap; /* point 3: referenced, or NULL */
	bool up;	    /* to_dir is above from_dir: the trap is in to_dir */
};

/* The entry of top, referenced, through which dir is reached, perhaps dir itself; NULL: top is not above dir. rename_lock held. */
static int find_below(struct inode *top, struct inode *dir, struct inode **below)
{
	struct inode *up;
	bool root = false;

	*below = NULL;
	inode_get(dir);
	while (!root && !*below) {
		int err = dir_parent(dir, &up);

		if (err) {
			inode_put(dir);
			return err;
		}
		if (up == top) {
			*below = dir;
			break;
		}
		root = up == dir;
		inode_put(dir);
		dir = up;
	}
	inode_put(up);
	return 0;
}

static int find_trap(struct move *m)
{
	int err = find_below(m->r.from_dir, m->r.to_dir, &m->trap);

	if (err || m->trap)
		return err;
	err = find_below(m->r.to_dir, m->r.from_dir, &m->trap);
	m->up = m->trap;
	return err;
}

/* ---- locks ---- */

static void unlock_dirs(struct move *m)
{
	if (m->across) {
		rwsem_write_unlock_as(&(m->up ? m->r.from_dir : m->r.to_dir)->names, LOCK_DIRECTORY_2);
		rwsem_write_unlock(&(m->up ? m->r.to_dir : m->r.from_dir)->names);
		mutex_unlock(&rename_lock);
	} else {
		rwsem_write_unlock(&m->r.from_dir->names);
	}
}

static int lock_across(struct move *m)
{
	int err;

	if (mutex_lock_killable(&rename_lock))
		return -EINTR;
	err = find_trap(m);
	if (!err && rwsem_write_lock_killable(&(m->up ? m->r.to_dir : m->r.from_dir)->names))
		err = -EINTR;
	if (err) {
		mutex_unlock(&rename_lock);
		return err;
	}
	rwsem_write_lock_as(&(m->up ? m->r.from_dir : m->r.to_dir)->names, LOCK_DIRECTORY_2);
	return 0;
}

/* Locks both directories. -ENOENT: one is removed. On an error nothing is held. */
static int lock_dirs(struct move *m)
{
	int err = m->across ? lock_across(m) : rwsem_write_lock_killable(&m->r.from_dir->names);

	if (!err && (m->r.from_dir->removed || m->r.to_dir->removed)) {
		unlock_dirs(m);
		err = -ENOENT;
	}
	return err;
}

static bool is_dir(const struct inode *inode)
{
	return inode && inode_type(inode) == S_IFDIR;
}

static bool parent_changes(const struct move *m, const struct inode *inode)
{
	return is_dir(inode) && m->across && (inode == m->r.inode || m->r.exchange);
}

static bool is_replaced(const struct move *m)
{
	return m->r.target && !m->r.exchange;
}

static bool locks_target(const struct move *m)
{
	return parent_changes(m, m->r.target) || (is_replaced(m) && is_dir(m->r.target));
}

/* ---- what may be ---- */

static int look(const struct place *from, const struct place *to, struct move *m)
{
	int err = name_lookup_locked(from->dir, from->name, from->len, &m->r.inode);

	if (err)
		return err;
	err = name_lookup_locked(to->dir, to->name, to->len, &m->r.target);
	return err == -ENOENT ? 0 : err;
}

/* What Linux looks at before it looks at what is renamed. */
static int check_names(const struct place *from, const struct place *to, const struct move *m)
{
	const struct renaming *r = &m->r;

	if (m->flags & VFS_NOREPLACE && r->target)
		return -EEXIST;
	if (r->exchange && !r->target)
		return -ENOENT;
	if (r->exchange && to->slash && !is_dir(r->target))
		return -ENOTDIR;
	if (!is_dir(r->inode) && (from->slash || (to->slash && !r->exchange)))
		return -ENOTDIR;
	if (m->trap && m->trap == (m->up ? r->target : r->inode))
		return m->up && !r->exchange ? -ENOTEMPTY : -EINVAL;
	return 0;
}

static int check_links(const struct move *m)
{
	const struct renaming *r = &m->r;
	bool down = is_dir(r->inode) && !is_dir(r->target), back = r->exchange && is_dir(r->target) && !is_dir(r->inode);

	if (!m->across)
		return 0;
	return (down && links_full(r->to_dir)) || (back && links_full(r->from_dir)) ? -EMLINK : 0;
}

/* A directory that gets another parent is itself written to. */
static int check_modes(const struct move *m)
{
	const struct renaming *r = &m->r;
	int err = permit_entry(r->from_dir, r->inode);

	if (!err)
		err = r->target ? permit_entry(r->to_dir, r->target) : permit(r->to_dir, PERMIT_WRITE | PERMIT_EXEC);
	if (!err && parent_changes(m, r->inode))
		err = permit(r->inode, PERMIT_WRITE);
	return !err && r->exchange && parent_changes(m, r->target) ? permit(r->target, PERMIT_WRITE) : err;
}

static int check_inodes(const struct move *m)
{
	const struct renaming *r = &m->r;
	int err = check_modes(m);

	if (!err)
		err = may_remove(r->inode, is_dir(r->inode));
	if (!err && r->target)
		err = may_remove(r->target, r->exchange ? is_dir(r->target) : is_dir(r->inode));
	if (!err && !r->from_dir->ops->rename)
		err = -EPERM;
	return err ? err : check_links(m);
}

/* ---- doing it ---- */

static void forget(const struct move *m)
{
	const struct renaming *r = &m->r;

	name_forget(r->from_dir, r->from, r->from_len);
	name_forget(r->to_dir, r->to, r->to_len);
	if (parent_changes(m, r->inode))
		name_forget(r->inode, "..", 2);
	if (parent_changes(m, r->target))
		name_forget(r->target, "..", 2);
}

/* Counts and times. */
static void settle(const struct move *m)
{
	const struct renaming *r = &m->r;
	int moved = is_dir(r->inode), back = is_dir(r->target);

	if (m->across) {
		dir_changed(r->from_dir, (r->exchange ? back : 0) - moved);
		dir_changed(r->to_dir, moved - back);
	} else {
		dir_changed(r->from_dir, is_replaced(m) ? -back : 0);
	}
	inode_touch(r->inode, TOUCH_CTIME);
	if (!r->target)
		return;
	if (r->exchange)
		inode_touch(r->target, TOUCH_CTIME);
	else if (is_dir(r->target))
		dir_forsake(r->target, r->to_dir);
	else
		inode_count(r->target, -1);
}

static int move_locked(struct move *m)
{
	const struct renaming *r = &m->r;
	int err;

	forget(m);
	err = r->from_dir->ops->rename(r);
	if (err)
		return err;
	name_note(r->from_dir, r->from, r->from_len, r->exchange ? r->target->ino : 0);
	name_note(r->to_dir, r->to, r->to_len, r->inode->ino);
	settle(m);
	return 0;
}

/* The directories are locked and looked at. */
static int move_checked(struct move *m)
{
	bool inode_locked = parent_changes(m, m->r.inode), target_locked = locks_target(m);
	int err = check_inodes(m);

	if (err)
		return err;
	if (inode_locked)
		rwsem_write_lock_as(&m->r.inode->names, LOCK_DIRECTORY_3);
	if (target_locked)
		rwsem_write_lock_as(&m->r.target->names, LOCK_DIRECTORY_4);
	err = move_locked(m);
	if (target_locked)
		rwsem_write_unlock_as(&m->r.target->names, LOCK_DIRECTORY_4);
	if (inode_locked)
		rwsem_write_unlock_as(&m->r.inode->names, LOCK_DIRECTORY_3);
	return err;
}

static void move_put(struct move *m)
{
	if (m->r.inode)
		inode_put(m->r.inode);
	if (m->r.target)
		inode_put(m->r.target);
	if (m->trap)
		inode_put(m->trap);
}

static bool is_plain(const struct place *p)
{
	return p->len && !name_is_dots(p->name, p->len);
}

static int check_places(const struct place *from, const struct place *to, unsigned flags)
{
	if (from->dir->super != to->dir->super)
		return -EXDEV;
	if (!is_plain(from))
		return -EBUSY;
	if (!is_plain(to))
		return flags & VFS_NOREPLACE ? -EEXIST : -EBUSY;
	return from->dir->super->read_only ? -EROFS : 0;
}

int vfs_rename(const struct place *from, const struct place *to, unsigned flags)
{
	struct move m = {
		.r = { .from_dir = from->dir, .from = from->name, .from_len = from->len,
		       .to_dir = to->dir, .to = to->name, .to_len = to->len, .exchange = flags & VFS_EXCHANGE },
		.flags = flags,
		.across = from->dir != to->dir,
	};
	int err = check_places(from, to, flags);

	if (!err)
		err = lock_dirs(&m);
	if (!err) {
		err = look(from, to, &m);
		if (!err)
			err = check_names(from, to, &m);
		if (!err && m.r.inode != m.r.target)
			err = move_checked(&m);
		unlock_dirs(&m);
	}
	move_put(&m);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Socket pairs: two ends, and for each the messages that have come to it and nobody has read yet.
 *
 *	struct pair { end[0], end[1] }	lives until both files are closed
 *	file->private = &socket		which pair, and which end of it
 *
 * 1. end->lock guards its messages and what may still happen to them: no_reader (this side reads no more, or is closed), no_writer (the other
 *    side sends no more). A sender appends under it, having looked at both; so nothing comes to an end that has been closed, whose messages
 *    are freed then.
 * 2. A sender makes the message, bytes of user memory copied into it, before it takes the lock. A receiver holds end->reading while it copies
 *    from the first message to user memory: the message stays first and whole, since only its holder takes one off. So bytes that cannot be
 *    stored (EFAULT) are not lost from a stream, and two receivers do not mix.
 * 3. Streams are messages whose borders do not show, but for a message that brings files: what is received with it ends with it.
 * 4. Sleepers look again themselves: each change of an end wakes both its queues.
 * 5. No socket goes through a socket (ETOOMANYREFS): else a pair could keep itself, and would never be freed.
 */
#include "fs/socket_impl.h"

#include "kernel/slab.h"

static void wake(struct end *e)
{
	waitq_wake_all(&e->read_wait);
	waitq_wake_all(&e->write_wait);
}

/* ---- as a file ---- */

static long one_range(struct file *file, uintptr_t buf, size_t n, bool send)
{
	struct user_range r = { buf, n };
	struct socket_io io = { .v = &r, .count = 1, .total = n };
	long ret = send ? socket_send(file, &io) : n ? socket_receive(file, &io) : 0;

	socket_files_put(io.files); /* who does not ask for them does not get them */
	return ret;
}

static long socket_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return one_range(file, buf, n, false);
}

static long socket_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return one_range(file, buf, n, true);
}

static long socket_write_whole(struct file *file, const struct user_range *v, size_t count, size_t total)
{
	struct socket_io io = { .v = v, .count = count, .total = total };

	return socket_send(file, &io);
}

static unsigned incoming(const struct socket *s)
{
	struct end *e = here(s);
	unsigned ready;

	spin_lock(&e->lock);
	ready = list_empty(&e->messages) ? 0 : POLL_READ;
	if (is_over(s))
		ready |= POLL_READ | POLLRDHUP;
	if (e->error)
		ready |= POLLERR;
	spin_unlock(&e->lock);
	return ready;
}

/* hup: nothing is sent any more. */
static unsigned outgoing(struct end *e, bool *hup)
{
	unsigned ready;

	spin_lock(&e->lock);
	ready = e->used * 4 <= SOCKET_BUFFER || e->closed ? POLL_WRITE | POLLWRBAND : 0;
	*hup = e->no_writer || e->no_reader;
	spin_unlock(&e->lock);
	return ready;
}

static unsigned socket_poll(struct file *file, struct poller *poller)
{
	struct socket *s = file->private;
	unsigned in, out;
	bool hup;

	poll_watch(poller, &here(s)->read_wait);
	poll_watch(poller, &there(s)->write_wait);
	in = incoming(s);
	out = outgoing(there(s), &hup);
	return in | out | (in & POLLRDHUP && hup ? POLLHUP : 0);
}

/* ---- the end ---- */

static void shut(struct end *e, bool reader, bool writer)
{
	spin_lock(&e->lock);
	e->no_reader |= reader;
	e->no_writer |= writer;
	spin_unlock(&e->lock);
	wake(e);
}

int socket_shutdown(struct file *file, unsigned how)
{
	struct socket *s = file->private;

	if (how > SHUT_BOTH)
		return -EINVAL;
	if (how != SHUT_WRITING)
		shut(here(s), true, false);
	if (how != SHUT_READING)
		shut(there(s), false, true);
	return 0;
}

/* Nothing comes any more. What had come goes; true: there was something. */
static bool end_close(struct end *e)
{
	struct list left = LIST_INIT(left);
	struct message *m, *tmp;
	bool any;

	spin_lock(&e->lock);
	e->closed = e->no_reader = true;
	list_splice(&left, &e->messages);
	any = !list_empty(&left);
	e->used = 0;
	spin_unlock(&e->lock);
	wake(e);
	list_for_each_safe(m, tmp, &left, link) {
		list_remove(&m->link);
		message_free(m);
	}
	return any;
}

static void socket_release(struct file *file)
{
	struct socket *s = file->private;
	bool unread = end_close(here(s));
	struct end *other = there(s);

	if (s->options.type != SOCK_DGRAM) {
		spin_lock(&other->lock);
		if (unread && !other->closed)
			other->error = ECONNRESET;
		spin_unlock(&other->lock);
		shut(other, false, true);
	}
	/* acq_rel: whoever frees it sees that the other has left; pairs with itself */
	if (atomic_fetch_sub_explicit(&s->pair->refs, 1, memory_order_acq_rel) == 1)
		kfree(s->pair);
	kfree(s);
}

static const struct file_ops socket_ops = {
	.read = socket_read,
	.write = socket_write,
	.write_whole = socket_write_whole,
	.poll = socket_poll,
	.release = socket_release,
	.stream = true,
};

bool file_is_socket(const struct file *file)
{
	return file->ops == &socket_ops;
}

struct socket_options *socket_options(const struct file *file)
{
	return &((struct socket *)file->private)->options;
}

int socket_error(struct file *file)
{
	struct end *e = here(file->private);
	int error;

	spin_lock(&e->lock);
	error = e->error;
	e->error = 0;
	spin_unlock(&e->lock);
	return error;
}

/* ---- making ---- */

static struct super socket_super = { .type = "sockfs", .dev = 8 };
static const struct inode_ops socket_inode_ops = { 0 };

static int socket_open(struct socket *s, unsigned flags, struct file **out)
{
	static _Atomic uint64_t next_ino = 1;
	struct inode *inode = inode_new(&socket_super, atomic_fetch_add_explicit(&next_ino, 1, memory_order_relaxed), S_IFSOCK | 0777);
	int err;

	if (!inode)
		return -ENOMEM;
	inode->ops = &socket_inode_ops;
	err = vfs_open_inode(inode, VFS_READ | VFS_WRITE | flags, out);
	inode_put(inode);
	if (err)
		return err;
	(*out)->ops = &socket_ops;
	(*out)->private = s;
	return 0;
}

static void end_init(struct end *e)
{
	spin_init(&e->lock, LOCK_PIPE);
	list_init(&e->messages);
	mutex_init(&e->reading, LOCK_SOCKET);
	waitq_init(&e->read_wait);
	waitq_init(&e->write_wait);
}

static struct socket *socket_new(struct pair *pair, unsigned side, enum socket_type type, const struct socket_owner *owner)
{
	struct socket *s = kzalloc(sizeof(*s));

	if (s)
		*s = (struct socket){ .pair = pair, .side = side, .options = { .type = type, .owner = *owner } };
	return s;
}

int socket_pair(enum socket_type type, unsigned flags, const struct socket_owner *owner, struct file *ends[2])
{
	struct pair *pair = kzalloc(sizeof(*pair));
	int err = pair ? 0 : -ENOMEM;

	ends[0] = ends[1] = NULL;
	for (unsigned side = 0; side < 2 && !err; side++) {
		struct socket *s = socket_new(pair, side, type, owner);

		end_init(&pair->end[side]);
		err = s ? socket_open(s, flags, &ends[side]) : -ENOMEM;
		if (err)
			kfree(s);
		else
			atomic_fetch_add_explicit(&pair->refs, 1, memory_order_relaxed);
	}
	if (!err)
		return 0;
	if (ends[0])
		file_put(ends[0]);
	else
		kfree(pair);
	return err;
}

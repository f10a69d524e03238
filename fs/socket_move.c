/* SPDX-License-Identifier: MIT */
/* Messages of socket pairs: from user memory to the end of a queue, and from its front to user memory. */
#include "fs/socket_impl.h"

#include "kernel/restart.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/string.h"

#define PART (16u << 10)  /* of a stream, in one message */
#define MESSAGE_COST 512u /* what one message takes besides its bytes */

static bool is_stream(const struct socket *s)
{
	return s->options.type == SOCK_STREAM;
}

/* ---- user memory ---- */

/* Between bytes and the vector from its skip-th byte on; it has as many. 0 or -EFAULT. */
static int move(char *bytes, const struct socket_io *io, size_t skip, size_t n, bool to_user)
{
	int err = 0;

	for (size_t i = 0; i < io->count && n && !err; i++) {
		size_t part = io->v[i].len > skip ? io->v[i].len - skip : 0;

		part = part < n ? part : n;
		if (part && to_user)
			err = copy_to_user(io->v[i].base + skip, bytes, part);
		else if (part)
			err = copy_from_user(bytes, io->v[i].base + skip, part);
		skip = part || skip < io->v[i].len ? 0 : skip - io->v[i].len;
		bytes += part;
		n -= part;
	}
	return err;
}

/* ---- messages ---- */

void socket_files_put(struct socket_files *files)
{
	for (unsigned i = 0; files && i < files->n; i++)
		file_put(files->file[i]);
	kfree(files);
}

void message_free(struct message *m)
{
	socket_files_put(m->files);
	kfree(m);
}

/* n bytes of the vector from `done` on. NULL and *err. */
static struct message *message_make(const struct socket_io *io, size_t done, size_t n, int *err)
{
	struct message *m = kmalloc(sizeof(*m) + n);

	*err = m ? 0 : -ENOMEM;
	if (m && io->bytes)
		memcpy(m->bytes, io->bytes + done, n);
	else if (m)
		*err = move(m->bytes, io, done, n, false);
	if (*err) {
		kfree(m);
		return NULL;
	}
	m->files = NULL;
	m->len = n;
	m->at = 0;
	return m;
}

/* ---- sending ---- */

static int try_append(struct socket *s, struct message *m)
{
	struct end *to = there(s);
	size_t cost = m->len + MESSAGE_COST;
	int err = 0;

	spin_lock(&to->lock);
	if (to->no_writer || (to->no_reader && !to->closed))
		err = -EPIPE;
	else if (to->closed)
		err = s->options.type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	else if (to->used && to->used + cost > SOCKET_BUFFER)
		err = -EAGAIN;
	if (!err) {
		to->used += cost;
		list_append(&to->messages, &m->link);
	}
	spin_unlock(&to->lock);
	if (!err)
		waitq_wake_all(&to->read_wait);
	return err;
}

static uint64_t deadline(const struct socket *s, bool sending)
{
	uint64_t ns = atomic_load_explicit(&s->options.timeout[sending], memory_order_relaxed);

	return ns ? clock_ns() + ns : TIME_NEVER;
}

/* With a timeout a call does not begin again. */
static int wait_error(int err, uint64_t until)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -ERESTARTSYS && until != TIME_NEVER ? -EINTR : err;
}

static int append(struct socket *s, struct message *m, bool wait, uint64_t until)
{
	static const struct wait_why why = { .what = "room in a socket", .lasting = true };
	int done = try_append(s, m), err;

	if (done != -EAGAIN || !wait)
		return done;
	err = wait_until(&there(s)->write_wait, &why, WAIT_SIGNAL, until, (done = try_append(s, m)) != -EAGAIN);
	return done == -EAGAIN ? wait_error(err, until) : done;
}

static bool may_wait(const struct file *file, unsigned flags)
{
	return !(file_flags(file) & VFS_NONBLOCK) && !(flags & MSG_DONTWAIT);
}

/* One message: n bytes from `done` on. */
static int send_part(struct file *file, struct socket_io *io, size_t done, size_t n, uint64_t until)
{
	int err;
	struct message *m = message_make(io, done, n, &err);

	if (!m)
		return err;
	m->files = io->files;
	err = append(file->private, m, may_wait(file, io->flags), until);
	if (err)
		kfree(m);
	else
		io->files = NULL;
	return err;
}

static long send_stream(struct file *file, struct socket_io *io)
{
	uint64_t until = deadline(file->private, true);
	size_t done = 0;
	int err = 0;

	while (done < io->total && !err) {
		size_t n = io->total - done < PART ? io->total - done : PART;

		err = send_part(file, io, done, n, until);
		done += err ? 0 : n;
	}
	return done ? (long)done : err;
}

long socket_send(struct file *file, struct socket_io *io)
{
	struct socket *s = file->private;
	int err;

	if (io->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (is_stream(s))
		return send_stream(file, io);
	if (io->total > SOCKET_BUFFER - 32)
		return -EMSGSIZE;
	err = send_part(file, io, 0, io->total, deadline(s, true));
	return err ? err : (long)io->total;
}

/* ---- receiving ---- */

/* The first message; NULL and why there is none: 0, the end; -EAGAIN, or what has happened. */
static struct message *first(struct socket *s, int *why)
{
	struct end *e = here(s);
	struct message *m = NULL;

	*why = 0;
	spin_lock(&e->lock);
	if (!list_empty(&e->messages))
		m = list_first(&e->messages, struct message, link);
	else if (e->error)
		*why = -e->error;
	else if (!is_over(s))
		*why = -EAGAIN;
	if (!m)
		e->error = 0;
	spin_unlock(&e->lock);
	return m;
}

static bool anything(const struct socket *s)
{
	struct end *e = here(s);
	bool any;

	spin_lock(&e->lock);
	any = !list_empty(&e->messages) || e->error || is_over(s);
	spin_unlock(&e->lock);
	return any;
}

/* `reading` held, m the first. */
static void take_off(struct end *e, struct message *m)
{
	spin_lock(&e->lock);
	list_remove(&m->link);
	e->used -= m->len + MESSAGE_COST;
	spin_unlock(&e->lock);
	waitq_wake_all(&e->write_wait);
	message_free(m);
}

/* The next one of a stream. `reading` held: nobody takes m off, and who appends does so behind it. */
static struct message *behind(struct end *e, struct message *m)
{
	struct message *next = NULL;

	spin_lock(&e->lock);
	if (m->link.next != &e->messages)
		next = list_entry(m->link.next, struct message, link);
	spin_unlock(&e->lock);
	return next;
}

/* The same files once more; NULL: no memory. */
static struct socket_files *files_copy(const struct socket_files *files)
{
	struct socket_files *copy = kmalloc(sizeof(*copy) + files->n * sizeof(copy->file[0]));

	if (!copy)
		return NULL;
	copy->n = files->n;
	for (unsigned i = 0; i < files->n; i++) {
		copy->file[i] = files->file[i];
		file_get(copy->file[i]);
	}
	return copy;
}

/* Who peeks gets them too, and they stay; without memory he does not. */
static void take_files(struct message *m, struct socket_io *io, bool peek)
{
	if (!m->files || m->at)
		return;
	io->files = peek ? files_copy(m->files) : m->files;
	if (!peek)
		m->files = NULL;
}

/* `reading` held: what is there of a stream, from m on, to the vector's `done` and on. Bytes, or -EFAULT. */
static long drain(struct end *e, struct message *m, struct socket_io *io, size_t done)
{
	bool peek = io->flags & MSG_PEEK;
	size_t begun = done;
	int err = 0;

	while (m && done < io->total && !io->files) {
		size_t n = m->len - m->at < io->total - done ? m->len - m->at : io->total - done;
		struct message *next = behind(e, m);

		err = move(m->bytes + m->at, io, done, n, true);
		if (err)
			break;
		take_files(m, io, peek);
		done += n;
		if (!peek)
			m->at += n;
		if (!peek && m->at == m->len)
			take_off(e, m);
		m = next;
	}
	return done > begun ? (long)(done - begun) : err;
}

/* `reading` held: m as a whole. */
static long receive_whole(struct end *e, struct message *m, struct socket_io *io)
{
	size_t n = m->len < io->total ? m->len : io->total;
	bool whole = io->flags & MSG_TRUNC, peek = io->flags & MSG_PEEK;
	long ret = move(m->bytes, io, 0, n, true);

	io->flags = n < m->len ? io->flags | MSG_TRUNC : io->flags & ~(unsigned)MSG_TRUNC;
	if (!ret)
		ret = (long)(whole ? m->len : n);
	take_files(m, io, peek);
	if (!peek)
		take_off(e, m);
	return ret;
}

/* One look. Bytes, 0 at the end, -EAGAIN, ... */
static long try_receive(struct socket *s, struct socket_io *io, size_t done)
{
	struct end *e = here(s);
	struct message *m;
	long ret;
	int why;

	if (mutex_lock_killable(&e->reading))
		return -EINTR;
	m = first(s, &why);
	if (!m)
		ret = why;
	else
		ret = is_stream(s) ? drain(e, m, io, done) : receive_whole(e, m, io);
	mutex_unlock(&e->reading);
	return ret;
}

/* The first bytes, or the next. */
static long receive_some(struct file *file, struct socket_io *io, size_t done, uint64_t until)
{
	static const struct wait_why why = { .what = "socket data", .lasting = true };
	struct socket *s = file->private;
	long ret = try_receive(s, io, done);
	int err = 0;

	while (ret == -EAGAIN && !err && may_wait(file, io->flags)) {
		err = wait_until(&here(s)->read_wait, &why, WAIT_SIGNAL, until, anything(s));
		ret = try_receive(s, io, done);
	}
	return ret == -EAGAIN && err ? wait_error(err, until) : ret;
}

long socket_receive(struct file *file, struct socket_io *io)
{
	struct socket *s = file->private;
	uint64_t until = deadline(s, false);
	bool all = is_stream(s) && io->flags & MSG_WAITALL && !(io->flags & MSG_PEEK);
	size_t done = 0;
	long ret;

	if (io->flags & MSG_OOB)
		return is_stream(s) ? -EINVAL : -EOPNOTSUPP;
	do {
		ret = receive_some(file, io, done, until);
		done += ret > 0 ? (size_t)ret : 0;
	} while (all && ret > 0 && done < io->total && !io->files);
	if (is_stream(s))
		io->flags &= ~(unsigned)MSG_TRUNC;
	return done ? (long)done : ret;
}

/* SPDX-License-Identifier: MIT */
/*
 * Bytes come in the console interrupt and go through the line discipline there, echo included; readers wait for what it lets through.
 *
 * The lock is taken with interrupts off and held only over the discipline's own work and the console's output: never over a copy to user
 * memory, a sleep, or a signal, whose sender takes locks of processes. Whatever makes something readable, starts output again or hangs up
 * does it under the lock and wakes `changed` after it; a sleeper is on that queue before it looks (kernel/wait.h).
 *
 * Who may: a process whose session has the terminal, but whose group is not in the foreground, gets a signal instead of input (SIGTTIN), and
 * instead of output if TOSTOP is set, and instead of changing settings (SIGTTOU).
 */
#include "fs/tty_impl.h"

#include "drivers/console.h"
#include "fs/poll.h"
#include "kernel/log.h"
#include "kernel/restart.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define CHUNK 256u
#define TENTH (NSEC_PER_SEC / 10)

enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGCONT = 18, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGWINCH = 28 };

struct tty tty = { .lock = SPINLOCK_INIT(LOCK_TTY), .changed = WAITQ_INIT(tty.changed) };

/* ---- the other side ---- */

/* Lock held: one write at a time reaches the console. */
static void show(struct line *line, const char *bytes, size_t n)
{
	(void)line;
	console_put(STREAM_STDOUT, bytes, n);
}

static unsigned key_signal(unsigned key)
{
	if (key == VINTR + 1)
		return SIGINT;
	return key == VQUIT + 1 ? SIGQUIT : SIGTSTP;
}

/* Lock held. What readers will never see makes room at once. */
static size_t dropped_take(void)
{
	size_t n = tty.line.dropped;

	tty.line.dropped = 0;
	return n;
}

static void byte_typed(char c)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	unsigned key = line_input(&tty.line, c), group = tty.foreground;
	size_t gone = dropped_take();

	spin_unlock_irq(&tty.lock, flags);
	if (key && group)
		tty.jobs->signal(group, key_signal(key));
	if (gone)
		console_taken(gone);
	waitq_wake_all(&tty.changed);
}

static void window_changed(unsigned rows, unsigned columns)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool same = tty.window.rows == rows && tty.window.columns == columns;
	unsigned group = tty.foreground;

	tty.window.rows = (uint16_t)rows;
	tty.window.columns = (uint16_t)columns;
	spin_unlock_irq(&tty.lock, flags);
	if (!same && group)
		tty.jobs->signal(group, SIGWINCH);
}

static void hung_up(void)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	unsigned group = tty.foreground, session = tty.session;

	tty.hung = true;
	spin_unlock_irq(&tty.lock, flags);
	if (session) {
		tty.jobs->signal_leader(session, SIGHUP);
		tty.jobs->signal_leader(session, SIGCONT);
	}
	if (group && group != session) {
		tty.jobs->signal(group, SIGHUP);
		tty.jobs->signal(group, SIGCONT);
	}
	waitq_wake_all(&tty.changed);
}

static const struct console_terminal keys = { byte_typed, window_changed, hung_up };

void tty_start(const struct tty_jobs *jobs, unsigned rows, unsigned columns)
{
	line_init(&tty.line);
	tty.line.show = show;
	tty.window = (struct window_size){ .rows = (uint16_t)rows, .columns = (uint16_t)columns };
	tty.session = tty.foreground = 1;
	tty.jobs = jobs;
	console_set_terminal(&keys);
}

bool tty_there(void)
{
	return tty.jobs;
}

void tty_session_ended(unsigned session)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	unsigned group = session == tty.session ? tty.foreground : 0;

	if (session == tty.session)
		tty.session = tty.foreground = 0;
	spin_unlock_irq(&tty.lock, flags);
	if (group) {
		tty.jobs->signal(group, SIGHUP);
		tty.jobs->signal(group, SIGCONT);
	}
}

/* ---- who may ---- */

int tty_check_foreground(unsigned sig)
{
	unsigned session = tty.jobs->session(), group = tty.jobs->group();
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool background = session == tty.session && tty.foreground && group != tty.foreground;
	int err;

	spin_unlock_irq(&tty.lock, flags);
	if (!background)
		return 0;
	err = tty.jobs->stop_group(sig);
	return err ? err : 1;
}

/* ---- reading ---- */

struct reading {
	bool canonical, hung;
	unsigned least;	 /* bytes that end the wait					*/
	uint64_t tenths; /* VTIME, in ns; 0: none					*/
	size_t there;
};

/* What is to be waited for now, by the settings of now. */
static bool reading_look(struct reading *r, size_t n)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	const struct line *line = &tty.line;
	bool ready;

	r->canonical = line->t.lflag & ICANON;
	r->least = r->canonical ? 1 : line->t.cc[VMIN];
	if (!r->canonical && r->least > n)
		r->least = (unsigned)n;
	r->tenths = r->canonical ? 0 : line->t.cc[VTIME] * TENTH;
	r->hung = tty.hung;
	r->there = r->canonical ? line_ready(line, 1) : line_count(line);
	ready = r->hung || r->there >= (r->least ? r->least : 1) || (!r->canonical && !r->least && !r->tenths);
	spin_unlock_irq(&tty.lock, flags);
	return ready;
}

/* VTIME begins with the call if VMIN is 0, else anew with each byte. */
static int reading_wait(struct reading *r, size_t n)
{
	static const struct wait_why why = { .what = "terminal input", .lasting = true };
	bool ready = reading_look(r, n);

	while (!ready) {
		size_t before = r->there;
		bool timed = r->tenths && (!r->least || before);
		uint64_t deadline = timed ? clock_ns() + r->tenths : UINT64_MAX;
		int err = wait_until(&tty.changed, &why, WAIT_SIGNAL, deadline,
				     (ready = reading_look(r, n)) || r->there != before);

		if (err == -ETIMEDOUT)
			return 0;
		if (err)
			return err;
	}
	return 0;
}

static size_t take(char *chunk, size_t n, bool *over)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	unsigned before = tty.line.tail;
	size_t got = line_take(&tty.line, chunk, n, over), gone = tty.line.tail - before;

	spin_unlock_irq(&tty.lock, flags);
	if (gone)
		console_taken(gone);
	return got;
}

/* In canonical mode a line that is longer than a chunk goes on in the next. */
static long take_to_user(uintptr_t buf, size_t n, bool *over)
{
	char chunk[CHUNK];
	size_t done = 0;

	*over = false;
	while (done < n && !*over) {
		size_t part = n - done < CHUNK ? n - done : CHUNK, got = take(chunk, part, over);

		if (got && copy_to_user(buf + done, chunk, got))
			return done ? (long)done : -EFAULT;
		done += got;
		if (got < part)
			break;
	}
	return (long)done;
}

static int reading_begin(struct reading *r, size_t n, bool nonblock)
{
	int err = 0;

	if (!nonblock)
		err = reading_wait(r, n);
	else if (!reading_look(r, n))
		err = -EAGAIN;
	return r->there && !r->canonical ? 0 : err; /* bytes that came together with the signal are not to be lost */
}

/* Between the look and the taking another reader may take it all, or a key flush it: nothing, then, is not the end of input. */
static long tty_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct reading r;
	int err = tty_check_foreground(SIGTTIN);
	long got;
	bool over;

	(void)pos;
	if (err)
		return err > 0 ? -EIO : err;
	if (!n)
		return 0;
	do {
		err = reading_begin(&r, n, file_flags(file) & VFS_NONBLOCK);
		if (err)
			return err;
		got = take_to_user(buf, n, &over);
	} while (!got && !over && r.there);
	return got;
}

/* ---- writing ---- */

/* false: it stands. hung: nobody reads it. */
static bool put(const char *chunk, size_t n, bool *hung)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool goes = !tty.line.stopped || tty.hung;

	*hung = tty.hung;
	for (size_t i = 0; goes && !*hung && i < n; i++)
		line_output(&tty.line, chunk[i]);
	spin_unlock_irq(&tty.lock, flags);
	return goes;
}

static int put_wait(const char *chunk, size_t n, bool nonblock)
{
	static const struct wait_why why = { .what = "terminal output", .lasting = true };
	bool hung = false;
	int err = 0;

	if (nonblock)
		err = put(chunk, n, &hung) ? 0 : -EAGAIN;
	else
		err = wait_until(&tty.changed, &why, WAIT_SIGNAL, UINT64_MAX, put(chunk, n, &hung));
	return hung ? -EIO : err;
}

static bool tostop(void)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool on = tty.line.t.lflag & TOSTOP;

	spin_unlock_irq(&tty.lock, flags);
	return on;
}

static long tty_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	char chunk[CHUNK];
	size_t done = 0;
	int err = tostop() ? tty_check_foreground(SIGTTOU) : 0;

	(void)pos;
	if (err < 0)
		return err;
	while (done < n && !thread_killed()) {
		size_t part = n - done < CHUNK ? n - done : CHUNK;
		size_t got = part - copy_from_user_part(chunk, buf + done, part);

		err = got ? put_wait(chunk, got, file_flags(file) & VFS_NONBLOCK) : -EFAULT;
		if (err)
			return done ? (long)done : err;
		done += got;
	}
	return (long)done;
}

static unsigned tty_poll(struct file *file, struct poller *poller)
{
	unsigned ready = 0, least;
	irqflags_t flags;

	(void)file;
	poll_watch(poller, &tty.changed);
	flags = spin_lock_irq(&tty.lock);
	least = tty.line.t.cc[VTIME] ? 1 : tty.line.t.cc[VMIN];
	if (line_ready(&tty.line, least))
		ready |= POLL_READ;
	if (!tty.line.stopped)
		ready |= POLL_WRITE;
	if (tty.hung)
		ready |= POLL_READ | POLLHUP;
	spin_unlock_irq(&tty.lock, flags);
	return ready;
}

int tty_open_controlling(struct file *file)
{
	unsigned session = tty.jobs ? tty.jobs->session() : 0;
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool ours = session && session == tty.session;

	spin_unlock_irq(&tty.lock, flags);
	if (!ours)
		return -ENXIO;
	file->ops = &tty_ops;
	return 0;
}

const struct file_ops tty_ops = {
	.read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .poll = tty_poll, .stream = true, .loose_position = true,
};

/* SPDX-License-Identifier: MIT */
/* The terminal's settings. Numbers and structures are Linux's, the same on both machines. */
#include "drivers/console.h"
#include "fs/tty_impl.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

enum tty_command {
	TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF,
	TCSBRK = 0x5409, TCXONC, TCFLSH,
	TIOCEXCL = 0x540c, TIOCNXCL, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ, TIOCSTI, TIOCGWINSZ, TIOCSWINSZ,
	FIONREAD = 0x541b,
	TIOCNOTTY = 0x5422, TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCGSID = 0x5429,
	TCGETS2 = (int)0x802c542a, TCSETS2 = 0x402c542b, TCSETSW2, TCSETSF2,
};

enum { TCOOFF, TCOON, TCIOFF, TCION };	    /* TCXONC */
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };	    /* TCFLSH */
enum { SIGTTOU = 22, SIGWINCH = 28, SIGHUP = 1, SIGCONT = 18 };

/* ---- settings ---- */

static int settings_get(uintptr_t to, size_t size)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	const struct termios t = tty.line.t;

	spin_unlock_irq(&tty.lock, flags);
	return copy_to_user(to, &t, size);
}

static int settings_set(uintptr_t from, size_t size, bool flush)
{
	struct termios t;
	irqflags_t flags;
	size_t gone;

	flags = spin_lock_irq(&tty.lock);
	t = tty.line.t;
	spin_unlock_irq(&tty.lock, flags);
	if (copy_from_user(&t, from, size))
		return -EFAULT;
	flags = spin_lock_irq(&tty.lock);
	if (flush)
		line_flush(&tty.line);
	line_set(&tty.line, &t);
	gone = tty.line.dropped;
	tty.line.dropped = 0;
	spin_unlock_irq(&tty.lock, flags);
	console_taken(gone);
	waitq_wake_all(&tty.changed);
	return 0;
}

static int window_get(uintptr_t to)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	const struct window_size window = tty.window;

	spin_unlock_irq(&tty.lock, flags);
	return copy_to_user(to, &window, sizeof(window));
}

static int window_set(uintptr_t from)
{
	struct window_size window, old;
	irqflags_t flags;
	unsigned group;

	if (copy_from_user(&window, from, sizeof(window)))
		return -EFAULT;
	flags = spin_lock_irq(&tty.lock);
	old = tty.window;
	tty.window = window;
	group = tty.foreground;
	spin_unlock_irq(&tty.lock, flags);
	if (group && (old.rows != window.rows || old.columns != window.columns || old.x != window.x || old.y != window.y))
		tty.jobs->signal(group, SIGWINCH);
	return 0;
}

/* ---- what is on its way ---- */

static int flush(uintptr_t what)
{
	irqflags_t flags;
	size_t gone;

	if (what > TCIOFLUSH)
		return -EINVAL;
	flags = spin_lock_irq(&tty.lock);
	if (what != TCOFLUSH)
		line_flush(&tty.line);
	gone = tty.line.dropped;
	tty.line.dropped = 0;
	spin_unlock_irq(&tty.lock, flags);
	console_taken(gone);
	return 0;
}

static int flow(uintptr_t what)
{
	irqflags_t flags;

	if (what > TCION)
		return -EINVAL;
	flags = spin_lock_irq(&tty.lock);
	if (what == TCOOFF || what == TCOON)
		tty.line.stopped = what == TCOOFF;
	spin_unlock_irq(&tty.lock, flags);
	waitq_wake_all(&tty.changed);
	return 0;
}

static int count_get(uintptr_t to, bool input)
{
	irqflags_t flags = spin_lock_irq(&tty.lock);
	int n = input ? (int)line_count(&tty.line) : 0;

	spin_unlock_irq(&tty.lock, flags);
	return copy_to_user(to, &n, sizeof(n));
}

/* ---- sessions and groups ---- */

/* The terminal's session and foreground group, for a process that has it. -ENOTTY: it is another's. */
static int owner_get(uintptr_t to, bool session)
{
	unsigned ours = tty.jobs->session();
	irqflags_t flags = spin_lock_irq(&tty.lock);
	unsigned owner = tty.session, id = session ? tty.session : tty.foreground;

	spin_unlock_irq(&tty.lock, flags);
	return owner && owner == ours ? copy_to_user(to, &id, sizeof(id)) : -ENOTTY;
}

static int foreground_set(uintptr_t from)
{
	unsigned ours = tty.jobs->session(), of;
	irqflags_t flags;
	int group, err = 0;

	if (copy_from_user(&group, from, sizeof(group)))
		return -EFAULT;
	of = group < 0 ? 0 : tty.jobs->session_of((unsigned)group);
	flags = spin_lock_irq(&tty.lock);
	if (!tty.session || tty.session != ours)
		err = -ENOTTY;
	else if (group < 0)
		err = -EINVAL;
	else if (!of)
		err = -ESRCH;
	else if (of != ours)
		err = -EPERM;
	else
		tty.foreground = (unsigned)group;
	spin_unlock_irq(&tty.lock, flags);
	return err;
}

/* A leader without a terminal gets this one; from another session only by force. */
static int acquire(bool force)
{
	unsigned session = tty.jobs->session(), group = tty.jobs->group();
	bool leads = tty.jobs->leads_session();
	irqflags_t flags = spin_lock_irq(&tty.lock);
	int err = 0;

	if (leads && tty.session == session)
		err = 0;
	else if (!leads || (tty.session && !force))
		err = -EPERM;
	else {
		tty.session = session;
		tty.foreground = group;
	}
	spin_unlock_irq(&tty.lock, flags);
	return err;
}

static int give_up(void)
{
	unsigned ours = tty.jobs->session();
	irqflags_t flags = spin_lock_irq(&tty.lock);
	bool owner = tty.session && tty.session == ours;

	spin_unlock_irq(&tty.lock, flags);
	if (!owner)
		return -ENOTTY;
	if (tty.jobs->leads_session())
		tty_session_ended(ours);
	return 0;
}

/* ---- the table ---- */

static bool changes_something(unsigned cmd)
{
	switch (cmd) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
	case TCSBRK:
	case TCSBRKP:
	case TCXONC:
	case TCFLSH:
	case TIOCSPGRP:
		return true;
	default:
		return false;
	}
}

static int settings(unsigned cmd, uintptr_t arg)
{
	switch (cmd) {
	case TCGETS:
		return settings_get(arg, TERMIOS_OLD);
	case (unsigned)TCGETS2:
		return settings_get(arg, sizeof(struct termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return settings_set(arg, TERMIOS_OLD, cmd == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return settings_set(arg, sizeof(struct termios), cmd == TCSETSF2);
	case TIOCGWINSZ:
		return window_get(arg);
	case TIOCSWINSZ:
		return window_set(arg);
	default:
		return -ENOTTY;
	}
}

static int others(unsigned cmd, uintptr_t arg)
{
	static const int n_tty = 0;

	switch (cmd) {
	case TCSBRK:
	case TCSBRKP:
	case TIOCEXCL:
	case TIOCNXCL:
		return 0; /* output is out when write returns */
	case TCXONC:
		return flow(arg);
	case TCFLSH:
		return flush(arg);
	case FIONREAD:
	case TIOCOUTQ:
		return count_get(arg, cmd == FIONREAD);
	case TIOCSCTTY:
		return acquire(arg == 1);
	case TIOCNOTTY:
		return give_up();
	case TIOCGPGRP:
	case TIOCGSID:
		return owner_get(arg, cmd == TIOCGSID);
	case TIOCSPGRP:
		return foreground_set(arg);
	case TIOCGETD:
		return copy_to_user(arg, &n_tty, sizeof(n_tty));
	default:
		return settings(cmd, arg);
	}
}

int tty_ioctl(struct file *file, unsigned cmd, uintptr_t arg)
{
	int err = changes_something(cmd) ? tty_check_foreground(SIGTTOU) : 0;

	(void)file;
	if (err == -EIO && cmd == TIOCSPGRP)
		return -ENOTTY;
	return err < 0 ? err : others(cmd, arg);
}

/* SPDX-License-Identifier: MIT */
#include "fs/ldisc_impl.h"

#include "lib/string.h"

#define CTRL(letter) ((letter) & 0x1f)

/* B38400, 8 bits, receiver on, hang up on close: what a Linux console starts with. */
static const struct termios defaults = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = 0xf | 060 | 0200 | 02000,
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.cc = { [VINTR] = CTRL('C'), [VQUIT] = CTRL('\\'), [VERASE] = DELETE, [VKILL] = CTRL('U'), [VEOF] = CTRL('D'), [VMIN] = 1,
		[VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'), [VSUSP] = CTRL('Z'), [VREPRINT] = CTRL('R'), [VDISCARD] = CTRL('O'),
		[VWERASE] = CTRL('W'), [VLNEXT] = CTRL('V') },
	.ispeed = 38400,
	.ospeed = 38400,
};

void line_init(struct line *line)
{
	line->t = defaults;
}

/* ---- echo ---- */

static void echo_always(struct line *line, char c)
{
	if (local(line, ECHOCTL) && is_control(c)) {
		line_output(line, '^');
		c ^= 0x40;
	}
	line_output(line, c);
}

static void echo(struct line *line, char c)
{
	if (local(line, ECHO) || (c == '\n' && local(line, ECHONL) && canonical(line)))
		echo_always(line, c);
}

static char at(const struct line *line, unsigned position)
{
	return line->ring[position % LINE_RING];
}

static unsigned column_after(const struct line *line, unsigned column, char c)
{
	if (c == '\t')
		return column + TAB - column % TAB;
	if (is_control(c))
		return local(line, ECHOCTL) ? column + 2 : column;
	return is_continuation(line, c) ? column : column + 1;
}

/* Where the cursor stands behind the line being typed. */
static unsigned typed_column(const struct line *line)
{
	unsigned column = line->line_column;

	for (unsigned i = line->canon; i != line->head; i++)
		column = column_after(line, column, at(line, i));
	return column;
}

/* The last character goes; a tab leaves nothing to be wiped out. */
static void erase_last(struct line *line)
{
	unsigned before = typed_column(line), after;
	char c;

	do {
		c = at(line, --line->head);
		line->dropped++;
	} while (is_continuation(line, c) && line->head != line->canon);
	if (!local(line, ECHO))
		return;
	if (!local(line, ECHOE)) {
		echo_always(line, (char)line->t.cc[VERASE]);
		return;
	}
	after = typed_column(line);
	for (unsigned i = after; i < before; i++) {
		line_output(line, '\b');
		if (c != '\t') {
			line_output(line, ' ');
			line_output(line, '\b');
		}
	}
}

static bool in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c & 0x80;
}

static void erase_word(struct line *line)
{
	while (line->head != line->canon && !in_word(at(line, line->head - 1)))
		erase_last(line);
	while (line->head != line->canon && in_word(at(line, line->head - 1)))
		erase_last(line);
}

static void erase_line(struct line *line)
{
	if (!local(line, ECHO) || (local(line, ECHOKE) && local(line, ECHOE))) {
		while (line->head != line->canon)
			erase_last(line);
		return;
	}
	line->dropped += line->head - line->canon;
	line->head = line->canon;
	echo_always(line, (char)line->t.cc[VKILL]);
	if (local(line, ECHOK))
		line_output(line, '\n');
}

static void reprint(struct line *line)
{
	echo_always(line, (char)line->t.cc[VREPRINT]);
	line_output(line, '\n');
	line->line_column = line->column;
	for (unsigned i = line->canon; i != line->head; i++)
		echo_always(line, at(line, i));
}

/* ---- in ---- */

static void mark(struct line *line, unsigned position, bool end)
{
	uint8_t *byte = &line->ends[position % LINE_RING / 8], bit = (uint8_t)(1u << position % 8);

	*byte = end ? *byte | bit : *byte & (uint8_t)~bit;
}

static bool ends_at(const struct line *line, unsigned position)
{
	return line->ends[position % LINE_RING / 8] & 1u << position % 8;
}

/* The room for the end of a line is kept free. */
static bool has_room(const struct line *line)
{
	if (canonical(line) && line->head - line->canon >= LINE_MAX)
		return false;
	return line->head - line->tail < LINE_RING - 1;
}

static void put(struct line *line, char c, bool end)
{
	mark(line, line->head, end);
	line->ring[line->head++ % LINE_RING] = c;
	if (end || !canonical(line))
		line->canon = line->head;
}

static void line_end(struct line *line, char c)
{
	if (line->head - line->tail < LINE_RING)
		put(line, c, true);
	line->line_column = line->column;
}

static void put_plain(struct line *line, char c)
{
	if (!has_room(line)) {
		line->dropped++;
		if (line->t.iflag & IMAXBEL)
			line->show(line, "\a", 1);
		return;
	}
	if (line->head == line->canon)
		line->line_column = line->column;
	echo(line, c);
	put(line, c, false);
}

void line_flush(struct line *line)
{
	line->dropped += line->head - line->tail;
	line->canon = line->tail = line->head;
}

static unsigned signal_key(const struct line *line, char c)
{
	if (!local(line, ISIG))
		return 0;
	if (is_key(line, VINTR, c))
		return VINTR + 1;
	if (is_key(line, VQUIT, c))
		return VQUIT + 1;
	return is_key(line, VSUSP, c) ? VSUSP + 1 : 0;
}

/* Output stands still, or goes on. */
static bool take_flow(struct line *line, char c)
{
	if (!(line->t.iflag & IXON))
		return false;
	if (is_key(line, VSTART, c))
		line->stopped = false;
	else if (is_key(line, VSTOP, c))
		line->stopped = true;
	else
		return false;
	line->dropped++;
	return true;
}

/* Keys that edit the line. */
static bool take_edit(struct line *line, char c)
{
	bool extended = local(line, IEXTEN);

	if (is_key(line, VERASE, c)) {
		if (line->head != line->canon)
			erase_last(line);
	} else if (is_key(line, VKILL, c)) {
		erase_line(line);
	} else if (extended && is_key(line, VWERASE, c)) {
		erase_word(line);
	} else if (extended && local(line, ECHO) && is_key(line, VREPRINT, c)) {
		reprint(line);
	} else {
		return false;
	}
	line->dropped++;
	return true;
}

/* What ends the line. */
static bool take_end(struct line *line, char c)
{
	if (c == '\n' || is_key(line, VEOL, c) || (local(line, IEXTEN) && is_key(line, VEOL2, c))) {
		echo(line, c);
		line_end(line, c);
	} else if (is_key(line, VEOF, c)) {
		line_end(line, DISABLED);
	} else {
		return false;
	}
	return true;
}

/* true: c is gone */
static bool translate(struct line *line, char *c)
{
	if (*c == '\r' && line->t.iflag & IGNCR) {
		line->dropped++;
		return true;
	}
	if (*c == '\r' && line->t.iflag & ICRNL)
		*c = '\n';
	else if (*c == '\n' && line->t.iflag & INLCR)
		*c = '\r';
	return false;
}

static bool take_literal(struct line *line, char c)
{
	if (line->literal) {
		line->literal = false;
		put_plain(line, c);
		return true;
	}
	if (!canonical(line) || !local(line, IEXTEN) || !is_key(line, VLNEXT, c))
		return false;
	line->literal = true;
	line->dropped++;
	if (local(line, ECHO) && local(line, ECHOCTL))
		line->show(line, "^\b", 2);
	return true;
}

unsigned line_input(struct line *line, char c)
{
	unsigned key;

	if (line->t.iflag & ISTRIP)
		c &= 0x7f;
	if (take_literal(line, c) || take_flow(line, c))
		return 0;
	key = signal_key(line, c);
	if (key) {
		line->dropped++;
		line->stopped = false;
		if (!local(line, NOFLSH))
			line_flush(line);
		if (local(line, ECHO))
			echo_always(line, c);
		return key;
	}
	if (translate(line, &c) || (canonical(line) && (take_edit(line, c) || take_end(line, c))))
		return 0;
	put_plain(line, c);
	return 0;
}

/* ---- reading ---- */

static unsigned readable_end(const struct line *line)
{
	return canonical(line) ? line->canon : line->head;
}

static bool is_eof(const struct line *line, unsigned position)
{
	return ends_at(line, position) && at(line, position) == DISABLED;
}

size_t line_count(const struct line *line)
{
	size_t n = 0;

	for (unsigned i = line->tail; i != readable_end(line); i++)
		n += !canonical(line) || !is_eof(line, i);
	return n;
}

bool line_ready(const struct line *line, unsigned least)
{
	unsigned there = readable_end(line) - line->tail;

	return there >= (canonical(line) || !least ? 1 : least);
}

static size_t take_canonical(struct line *line, char *to, size_t n, bool *over)
{
	size_t got = 0;

	while (line->tail != line->canon && !*over) {
		bool eof = is_eof(line, line->tail);

		if (got == n && !eof)
			break;
		if (!eof)
			to[got++] = at(line, line->tail);
		*over = ends_at(line, line->tail);
		line->tail++;
	}
	return got;
}

size_t line_take(struct line *line, char *to, size_t n, bool *over)
{
	size_t got = 0;

	*over = false;
	if (canonical(line))
		return take_canonical(line, to, n, over);
	while (got < n && line->tail != line->head)
		to[got++] = at(line, line->tail++);
	line->canon = line->head;
	return got;
}

void line_set(struct line *line, const struct termios *to)
{
	bool changes = (line->t.lflag ^ to->lflag) & ICANON;

	line->t = *to;
	if (!(to->iflag & IXON))
		line->stopped = false;
	if (!changes)
		return;
	memset(line->ends, 0, sizeof(line->ends));
	line->literal = false;
	line->canon = line->head;
	if (canonical(line) && line->head != line->tail)
		mark(line, line->head - 1, true); /* what there is counts as a line */
}

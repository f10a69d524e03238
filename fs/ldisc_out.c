/* SPDX-License-Identifier: MIT */
/* What the line discipline makes of output, echoes among it. */
#include "fs/ldisc_impl.h"

static void show(struct line *line, char c)
{
	line->show(line, &c, 1);
}

static void show_newline(struct line *line)
{
	if (line->t.oflag & ONLCR)
		show(line, '\r');
	if (line->t.oflag & (ONLCR | ONLRET))
		line->column = 0;
	show(line, '\n');
}

static void show_return(struct line *line)
{
	if (line->t.oflag & ONOCR && line->column == 0)
		return;
	if (line->t.oflag & OCRNL) {
		show_newline(line);
		return;
	}
	line->column = 0;
	show(line, '\r');
}

static void show_tab(struct line *line)
{
	unsigned width = TAB - line->column % TAB;

	line->column += width;
	if ((line->t.oflag & TABDLY) != XTABS) {
		show(line, '\t');
		return;
	}
	while (width--)
		show(line, ' ');
}

static void show_other(struct line *line, char c)
{
	if (c == '\b' && line->column)
		line->column--;
	else if (!is_control(c) && !is_continuation(line, c))
		line->column++;
	show(line, c);
}

void line_output(struct line *line, char c)
{
	if (!(line->t.oflag & OPOST))
		show(line, c);
	else if (c == '\n')
		show_newline(line);
	else if (c == '\r')
		show_return(line);
	else if (c == '\t')
		show_tab(line);
	else
		show_other(line, c);
}

/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what a terminal does with each byte, in and out (POSIX, General Terminal Interface; Linux's defaults and
 * corners). It knows no process, no lock and no device: what must be shown goes to line->show, what must be done comes back. The
 * caller keeps calls on one line apart.
 */
#ifndef FS_LDISC_H
#define FS_LDISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_cc {
	VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VDISCARD, VWERASE, VLNEXT, VEOL2,
	LINE_CCS = 19
};

enum line_iflag { ISTRIP = 040, INLCR = 0100, IGNCR = 0200, ICRNL = 0400, IXON = 02000, IXANY = 04000, IMAXBEL = 020000, IUTF8 = 040000 };
enum line_oflag { OPOST = 1, ONLCR = 4, OCRNL = 010, ONOCR = 020, ONLRET = 040, TABDLY = 014000, XTABS = 014000 };
enum line_lflag {
	ISIG = 1, ICANON = 2, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100, NOFLSH = 0200, TOSTOP = 0400, ECHOCTL = 01000,
	ECHOKE = 04000, IEXTEN = 0100000
};

/* As TCGETS2 gives it; TCGETS gives all but the speeds. */
struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[LINE_CCS];
	uint32_t ispeed, ospeed;
};

_Static_assert(sizeof(struct termios) == 44, "struct termios2");

#define TERMIOS_OLD 36u /* bytes of TCGETS */

#define LINE_RING 65536u /* more than the host sends ahead */
#define LINE_MAX 4095u	 /* bytes of a line that is not finished */

/* Positions run freely; a byte's place is its position modulo LINE_RING. tail <= canon <= head. */
struct line {
	struct termios t;
	char ring[LINE_RING];
	uint8_t ends[LINE_RING / 8];	/* a line ends with this byte; a 0 byte that does is VEOF's		*/
	unsigned head, canon, tail;	/* next to write; behind the last whole line; next to read		*/
	unsigned column;		/* of the cursor							*/
	unsigned line_column;		/* ... where the line being typed began					*/
	unsigned dropped;		/* bytes taken from the host that no reader will see			*/
	bool literal;			/* VLNEXT was typed							*/
	bool stopped;			/* VSTOP: output stands							*/
	void (*show)(struct line *line, const char *bytes, size_t n);
};

void line_init(struct line *line);

/* One byte that was typed. 0, or VINTR, VQUIT, VSUSP + 1: the signal of that key. */
unsigned line_input(struct line *line, char c);

/* One byte that a program writes, or an echo: to `show`, processed. */
void line_output(struct line *line, char c);

/* How many bytes a read would find; a line's end by VEOF counts as something to read in line_ready only. */
size_t line_count(const struct line *line);
bool line_ready(const struct line *line, unsigned least);

/* Takes up to n bytes for a reader, in canonical mode of one line. *over: its end was among them, or behind them and invisible (VEOF). */
size_t line_take(struct line *line, char *to, size_t n, bool *over);

void line_flush(struct line *line);			     /* what is typed and not read is forgotten */
void line_set(struct line *line, const struct termios *to); /* what is typed stays, by new rules */

#endif

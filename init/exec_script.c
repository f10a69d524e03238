/* SPDX-License-Identifier: MIT */
/*
 * Scripts. A file that begins with "#!" is run by the program named there: its argv is that name, at most one argument (the rest of
 * the line, blanks and all), the script's name, and what came after argv[0]. That program may be a script again.
 *
 * As on Linux only the first 256 bytes of the file count. A line without an end in them is taken only if the interpreter's name ends
 * there: half a name could be that of something else.
 */
#include "fs/vfs.h"
#include "init/exec.h"
#include "init/files.h"
#include "init/linux.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SCRIPTS_MAX 5 /* in a row */

struct script {
	char line[SCRIPT_PATH + 1];
	char *interpreter, *argument; /* in line; no argument: NULL */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *blanks_skip(char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static char *word_skip(char *p, const char *end)
{
	while (p < end && !is_blank(*p) && *p)
		p++;
	return p;
}

/* The line without its end and the blanks before that; NULL: it is cut off in the interpreter's name, or there is none. */
static char *line_end(char *line, char *buf_end)
{
	char *end = memchr(line, '\n', (size_t)(buf_end - line));

	if (!end) {
		end = buf_end - 1; /* the last byte could be the first of more */
		if (word_skip(blanks_skip(line, end), end) == end)
			return NULL;
	}
	while (end > line && is_blank(end[-1]))
		end--;
	return end;
}

/* 1: a script; 0: none; -errno. */
static int script_read(struct file *file, struct script *script)
{
	char *line = script->line + 2, *end;
	long got;

	memset(script, 0, sizeof(*script));
	got = mapping_read_kernel(file_mapping(file), 0, script->line, SCRIPT_PATH);
	if (got < 2 || script->line[0] != '#' || script->line[1] != '!')
		return got < 0 ? (int)got : 0;
	end = line_end(line, script->line + SCRIPT_PATH);
	if (!end)
		return -ENOEXEC;
	*end = '\0';
	script->interpreter = blanks_skip(line, end);
	line = word_skip(script->interpreter, end);
	if (line == script->interpreter) /* "" is the current directory */
		return line == end ? -ENOEXEC : -EACCES;
	if (*line)
		script->argument = blanks_skip(line, end);
	*line = '\0';
	return 1;
}

static int argv_change(struct strings *s, const struct script *script, const char *name)
{
	int err;

	strings_drop_front(s);
	err = strings_add_front(s, name);
	if (!err && script->argument)
		err = strings_add_front(s, script->argument);
	return err ? err : strings_add_front(s, script->interpreter);
}

static int interpreter_open(const struct script *script, struct file **file)
{
	const struct exec_name name = { .dir = AT_FDCWD, .path = script->interpreter };
	struct file *script_file = *file;
	int err = program_open(&name, file);

	if (err)
		*file = script_file;
	else
		file_put(script_file);
	return err;
}

/* The interpreter could not open a script that is known by a descriptor which execve closes. */
static bool out_of_reach(const struct exec_name *name)
{
	return name->shown != name->path && fd_cloexec(name->dir) > 0;
}

int script_follow(const struct exec_name *name, struct file **file, struct strings *s, char last[SCRIPT_PATH])
{
	const char *shown = name->shown;
	struct script script;

	for (unsigned depth = 0;; depth++) {
		int err = depth > SCRIPTS_MAX ? -ELOOP : script_read(*file, &script);

		if (err <= 0)
			return err;
		if (depth == 0 && out_of_reach(name))
			return -ENOENT;
		err = argv_change(s, &script, shown);
		if (!err)
			err = interpreter_open(&script, file);
		if (err)
			return err;
		strlcpy(last, script.interpreter, SCRIPT_PATH);
		shown = last;
	}
}

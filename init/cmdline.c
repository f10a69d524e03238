/* SPDX-License-Identifier: MIT */
#include "init/cmdline.h"

#include "kernel/assert.h"
#include "kernel/log.h"
#include "kernel/sched.h"
#include "kernel/time.h"
#include "lib/list.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/policy.h"

#define TEXT_MAX 16384
#define SLICE_LEAST 1000 /* a timer interrupt takes some hundred */

struct cmdline cmdline;

static char text[TEXT_MAX]; /* our copy: words end in NULs, arguments are decoded in place */

/* ---- values ---- */

static int hex2(const char *s)
{
	int high = parse_digit(s[0], 16), low = high < 0 ? -1 : parse_digit(s[1], 16);

	return low < 0 ? -1 : high << 4 | low;
}

/* %00 alone is the empty string, which nothing else could write. */
static const char *decode(char *s)
{
	char *to = s;

	if (strcmp(s, "%00") == 0)
		return "";
	for (const char *from = s; *from; to++) {
		int byte = *from == '%' ? hex2(from + 1) : (unsigned char)*from;

		if (byte <= 0)
			panic("command line: bad percent-encoding in '%s': write %%25 for a percent sign", from);
		from += *from == '%' ? 3 : 1;
		*to = (char)byte;
	}
	*to = '\0';
	return s;
}

static uint64_t size_value(const char *name, const char *value)
{
	uint64_t n;

	if (parse_size(value, NULL, &n))
		panic("command line: %s=%s is not a number (decimal, or 0x and hexadecimal; K, M, G may follow)", name, value);
	return n;
}

static bool flag_value(const char *name, const char *value)
{
	if ((value[0] != '0' && value[0] != '1') || value[1])
		panic("command line: %s=%s: good values are 0 and 1", name, value);
	return value[0] == '1';
}

/* ---- options ---- */

static void set_init(const char *name, char *value)
{
	(void)name;
	cmdline.init = decode(value);
}

static void set_env(const char *name, char *value)
{
	if (!strchr(value, '='))
		panic("command line: %s=%s: write %s=NAME=VALUE", name, value, name);
	if (cmdline.envc == CMDLINE_ARGS)
		panic("command line: more than %u environment variables", CMDLINE_ARGS);
	cmdline.envp[cmdline.envc++] = decode(value);
}

static void set_disk(const char *name, char *value)
{
	unsigned n = (unsigned)name[strlen("fl.disk")] - '0';
	const char *end;
	uint64_t start, len;

	if (parse_u64(value, &end, &start) || *end != ',' || parse_size(end + 1, NULL, &len) || !len)
		panic("command line: %s=%s: write %s=PHYS,LEN in bytes", name, value, name);
	if (start % PAGE_SIZE || start + len < start)
		panic("command line: %s=%s: it must start at a multiple of %lu", name, value, PAGE_SIZE);
	cmdline.disks[n] = (struct phys_range){ start, start + len };
}

static void set_mount(const char *name, char *value)
{
	if (value[0] < '1' || value[0] >= '0' + CMDLINE_DISKS || value[1] != ':' || value[2] != '/')
		panic("command line: %s=%s: write %s=N:/PATH, N from 1 to %u", name, value, name, CMDLINE_DISKS - 1);
	cmdline.mounts[value[0] - '0'] = decode(value + 2);
}

static void set_ramblk(const char *name, char *value)
{
	if (cmdline.nr_ramblk == CMDLINE_SETTINGS)
		panic("command line: more than %u of %s", CMDLINE_SETTINGS, name);
	cmdline.ramblk[cmdline.nr_ramblk++] = decode(value);
}

static void set_console(const char *name, char *value)
{
	if (strcmp(value, "framed") != 0 && strcmp(value, "plain") != 0)
		panic("command line: %s=%s: good values are framed and plain", name, value);
}

static void set_mem(const char *name, char *value)
{
	cmdline.mem = size_value(name, value);
}

static void set_time(const char *name, char *value)
{
	cmdline.time = size_value(name, value);
}

static void set_stdin(const char *name, char *value)
{
	if (strcmp(value, "none") != 0 && strcmp(value, "console") != 0)
		panic("command line: %s=%s: good values are console and none", name, value);
	cmdline.no_input = strcmp(value, "none") == 0;
}

static void set_tty(const char *name, char *value)
{
	uint64_t n[3];
	const char *p = value;
	bool bad = false;

	for (unsigned i = 0; i < 3 && !bad; i++) {
		bad = parse_u64(p, &p, &n[i]) || n[i] > UINT16_MAX || *p != (i < 2 ? ',' : '\0');
		p++;
	}
	if (bad || n[2] < 2 || n[2] > 3)
		panic("command line: %s=%s: write %s=ROWS,COLUMNS,2 or ,3", name, value, name);
	cmdline.tty_rows = (unsigned)n[0];
	cmdline.tty_columns = (unsigned)n[1];
	cmdline.tty_fds = (unsigned)n[2];
}

/* N, or Nms; ,torn may follow. */
static void set_cut(const char *name, char *value)
{
	const char *end = value;
	uint64_t n;
	bool bad = parse_u64(value, &end, &n), ms = !bad && strncmp(end, "ms", 2) == 0;

	if (ms)
		end += 2;
	cmdline.cut_torn = !strcmp(end, ",torn");
	if (bad || (*end && !cmdline.cut_torn) || n > UINT32_MAX)
		panic("command line: %s=%s: write %s=WRITES or %s=MILLISECONDSms, and ,torn behind it if the next write shall tear",
		      name, value, name, name);
	*(ms ? &cmdline.cut_ns : &cmdline.cut_writes) = ms ? n * NSEC_PER_MSEC : n;
}

/* NS, or NS,SEED */
static void set_slice(const char *name, char *value)
{
	const char *end;
	uint64_t ns, seed = 1;
	bool bad = parse_u64(value, &end, &ns) || ns < SLICE_LEAST || ns > NSEC_PER_SEC;

	if (!bad && *end == ',')
		bad = parse_u64(end + 1, &end, &seed);
	if (bad || *end)
		panic("command line: %s=%s: write %s=NANOSECONDS or %s=NANOSECONDS,SEED, at least %u", name, value, name, name, SLICE_LEAST);
	sched_slice_force(ns, seed);
}

static void set_trace(const char *name, char *value)
{
	cmdline.trace = flag_value(name, value);
}

static void set_stats(const char *name, char *value)
{
	cmdline.stats = flag_value(name, value);
}

static const struct option {
	const char *name;
	void (*set)(const char *name, char *value);
} options[] = {
	{ "init", set_init },	      { "fl.env", set_env },	  { "fl.disk0", set_disk }, { "fl.disk1", set_disk },
	{ "fl.disk2", set_disk },     { "fl.disk3", set_disk },	  { "fl.disk4", set_disk }, { "fl.disk5", set_disk },
	{ "fl.disk6", set_disk },     { "fl.disk7", set_disk },	  { "fl.mem", set_mem },    { "fl.time", set_time },
	{ "fl.stdin", set_stdin },    { "fl.console", set_console }, { "fl.trace", set_trace }, { "fl.stats", set_stats },
	{ "fl.cut", set_cut },	      { "fl.tty", set_tty },	  { "fl.slice", set_slice },
	{ "fl.mount", set_mount },    { "fl.ramblk", set_ramblk },
};

/* ---- words ---- */

static void list_add(char *list, size_t size, const char *name)
{
	strlcat(list, " ", size);
	strlcat(list, name, size);
}

static _Noreturn void unknown(const char *word)
{
	char list[640] = "";

	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].set != set_disk)
			list_add(list, sizeof(list), options[i].name);
	list_add(list, sizeof(list), "fl.disk0..7");
	for (unsigned i = 0; policy_name(i); i++)
		list_add(list, sizeof(list), policy_name(i));
	panic("command line: '%s' means nothing; there are%s", word, list);
}

static void word_take(char *word)
{
	char *value = strchr(word, '=');
	char why[256];

	if (!value)
		unknown(word);
	*value++ = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(word, options[i].name) == 0) {
			options[i].set(options[i].name, value);
			return;
		}
	}
	for (unsigned i = 0; policy_name(i); i++) {
		if (strcmp(word, policy_name(i)) != 0)
			continue;
		if (policy_set(word, value, why, sizeof(why)))
			panic("command line: %s", why);
		return;
	}
	unknown(word);
}

/* The next word, terminated; *rest goes behind it. NULL: none. */
static char *word_next(char **rest)
{
	char *word = *rest;

	while (*word == ' ' || *word == '\t' || *word == '\n')
		word++;
	*rest = word;
	while (**rest && **rest != ' ' && **rest != '\t' && **rest != '\n')
		(*rest)++;
	if (**rest)
		*(*rest)++ = '\0';
	return *word ? word : NULL;
}

static void arguments_take(char *rest)
{
	char *word;

	while ((word = word_next(&rest))) {
		if (cmdline.argc == CMDLINE_ARGS)
			panic("command line: more than %u arguments", CMDLINE_ARGS);
		cmdline.argv[cmdline.argc++] = decode(word);
	}
}

/* ---- disks ---- */

static bool overlap(const struct phys_range *a, const struct phys_range *b)
{
	return a->start < b->end && b->start < a->end;
}

/* Adjacent ranges of RAM count as one. */
static bool inside_ram(const struct boot_info *info, struct phys_range r)
{
	for (unsigned i = 0; i < info->nr_ram; i++)
		if (r.start >= info->ram[i].start && r.start < info->ram[i].end)
			r.start = r.end < info->ram[i].end ? r.end : info->ram[i].end;
	return r.start == r.end;
}

static void disk_check(const struct boot_info *info, unsigned n)
{
	const struct phys_range *d = &cmdline.disks[n];

	if (d->start == d->end)
		return;
	if (!inside_ram(info, *d))
		panic("command line: fl.disk%u: 0x%lx..0x%lx is not all RAM", n, d->start, d->end);
	for (unsigned i = 0; i < info->nr_reserved; i++)
		if (overlap(d, &info->reserved[i]))
			panic("command line: fl.disk%u: 0x%lx..0x%lx overlaps 0x%lx..0x%lx, which is in use (kernel, "
			      "firmware or module)", n, d->start, d->end, info->reserved[i].start, info->reserved[i].end);
	for (unsigned i = 0; i < n; i++)
		if (overlap(d, &cmdline.disks[i]))
			panic("command line: fl.disk%u overlaps fl.disk%u", n, i);
}

static void disks_check(const struct boot_info *info)
{
	for (unsigned n = 0; n < CMDLINE_DISKS; n++)
		disk_check(info, n);
	if (cmdline.disks[0].start == cmdline.disks[0].end)
		cmdline.disks[0] = info->module; /* already reserved */
}

/* Known before the first word is judged, because judging may have something to say. */
static bool framed_asked(const char *line)
{
	const char *word = strstr(line, "fl.console=framed"), *arguments = strstr(line, " -- ");

	return word && (!arguments || word < arguments);
}

void cmdline_parse(const struct boot_info *info)
{
	char *rest = text, *word;

	console_framed = framed_asked(info->cmdline);
	cmdline.mem = cmdline.cut_writes = cmdline.cut_ns = UINT64_MAX;
	cmdline.init = "/sbin/init";
	cmdline.argc = 1;
	if (strlcpy(text, info->cmdline, sizeof(text)) >= sizeof(text))
		panic("command line: longer than %u bytes", TEXT_MAX - 1);
	while ((word = word_next(&rest)) && strcmp(word, "--") != 0)
		word_take(word);
	arguments_take(rest);
	cmdline.argv[0] = cmdline.init;
	disks_check(info);
}

/* SPDX-License-Identifier: MIT */
/* lib's strings, formatting, numbers, checksums and lists: against the C library where that has the same. In this process ours are
 * called fl_NAME (arch/host/names.h). */
#include "lib/bits.h"
#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/parse.h"
#include "lib/prng.h"
#include "tests/host/tap.h"
#include <string.h>

int fl_snprintf(char *buf, size_t size, const char *format, ...);
void *fl_memcpy(void *to, const void *from, size_t n);
void *fl_memmove(void *to, const void *from, size_t n);
void *fl_memset(void *to, int byte, size_t n);
int fl_memcmp(const void *a, const void *b, size_t n);
void *fl_memchr(const void *s, int byte, size_t n);
size_t fl_strlen(const char *s);
size_t fl_strnlen(const char *s, size_t max);
int fl_strcmp(const char *a, const char *b);
int fl_strncmp(const char *a, const char *b, size_t n);
char *fl_strchr(const char *s, int c);
char *fl_strrchr(const char *s, int c);
char *fl_strstr(const char *s, const char *what);
size_t fl_strlcpy(char *to, const char *from, size_t size);
size_t fl_strlcat(char *to, const char *from, size_t size);

static struct prng rng;

/* ---- formatting ---- */

static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };

static void random_spec(char *out, size_t size, const char *length, char conversion)
{
	static const char *const flags[] = { "", "-", "0", "-0", "0-" };
	char width[8] = "";

	if (prng_below(&rng, 2))
		snprintf(width, sizeof(width), "%u", prng_below(&rng, 30));
	snprintf(out, size, "<%%%s%s%s%c>", flags[prng_below(&rng, 5)], width, length, conversion);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void compare_number(void)
{
	uint64_t value = prng_next(&rng) >> prng_below(&rng, 64);
	char format[32], ours[80], theirs[80];
	size_t size = prng_below(&rng, 4) ? sizeof(ours) : prng_below(&rng, 12);
	int a, b;

	if (prng_below(&rng, 2))
		value = -value;
	random_spec(format, sizeof(format), lengths[prng_below(&rng, 8)], "diuxX"[prng_below(&rng, 5)]);
	memset(ours, '#', sizeof(ours));
	memset(theirs, '#', sizeof(theirs));
	a = fl_snprintf(ours, size, format, value);
	b = snprintf(theirs, size, format, value);
	if (a != b || memcmp(ours, theirs, sizeof(ours)))
		printf("# %s %llx: '%s' %d, '%s' %d\n", format, (unsigned long long)value, ours, a, theirs, b);
	check(a == b && !memcmp(ours, theirs, sizeof(ours)));
}

static void compare_string(void)
{
	static const char *const words[] = { "", "a", "page", "a rather long string with 100% of nothing in it" };
	const char *word = words[prng_below(&rng, 4)];
	int width = (int)prng_below(&rng, 60) - 30, precision = (int)prng_below(&rng, 60) - 5;
	char ours[200], theirs[200];

	fl_snprintf(ours, sizeof(ours), "[%*.*s|%s|%-7s|%7c|%-3c|%%]", width, precision, word, word, word, 'x', 'y');
	snprintf(theirs, sizeof(theirs), "[%*.*s|%s|%-7s|%7c|%-3c|%%]", width, precision, word, word, word, 'x', 'y');
	check(!strcmp(ours, theirs));
}

static void format_tests(void)
{
	char buf[64];

	for (int i = 0; i < 1000000; i++)
		compare_number();
	ok(true, "a million numbers formatted as in C");
	for (int i = 0; i < 100000; i++)
		compare_string();
	ok(true, "strings and characters formatted as in C");
	fl_snprintf(buf, sizeof(buf), "%p %p", (void *)0, (void *)0xabc);
	ok(!strcmp(buf, "0x0 0xabc"), "pointers: %s", buf);
	ok(fl_snprintf(NULL, 0, "%s", "four") == 4, "length without a buffer");
	fl_snprintf(buf, sizeof(buf), "%y%s", "x");
	ok(!strcmp(buf, "%yx"), "an unknown conversion stands as it is: %s", buf);
	fl_snprintf(buf, sizeof(buf), "%s", (char *)NULL);
	ok(!strcmp(buf, "(null)"), "NULL string");
}

/* ---- memory and strings ---- */

#define AREA 400

static void compare_moves(void)
{
	uint8_t a[AREA], b[AREA], c[AREA];
	size_t n = prng_below(&rng, 3) ? prng_below(&rng, 40) : prng_below(&rng, AREA / 2);
	size_t from = prng_below(&rng, (uint32_t)(AREA - n)), to = prng_below(&rng, (uint32_t)(AREA - n));

	for (int i = 0; i < AREA; i++)
		a[i] = b[i] = c[i] = (uint8_t)prng_next(&rng);
	check(fl_memmove(a + to, a + from, n) == a + to);
	memmove(b + to, b + from, n);
	check(!memcmp(a, b, AREA));
	fl_memcpy(c + to, a + from, n);
	check(!memcmp(c + to, a + from, n));
	fl_memset(a + to, (int)from, n);
	memset(b + to, (int)from, n);
	check(!memcmp(a, b, AREA));
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void compare_strings(void)
{
	char a[48] = "", b[48] = "", ours[64] = "", c = (char)('a' + prng_below(&rng, 4));
	size_t la = prng_below(&rng, 30), lb = prng_below(&rng, 30), n = prng_below(&rng, 32), size = 1 + prng_below(&rng, 40);

	for (size_t i = 0; i < la; i++)
		a[i] = (char)('a' + prng_below(&rng, 2));
	for (size_t i = 0; i < lb; i++)
		b[i] = prng_below(&rng, 8) ? a[i] : (char)('a' + prng_below(&rng, 3));
	check(fl_strlen(a) == la && fl_strnlen(a, n) == strnlen(a, n));
	check(sign(fl_strcmp(a, b)) == sign(strcmp(a, b)));
	check(sign(fl_strncmp(a, b, n)) == sign(strncmp(a, b, n)));
	check(sign(fl_memcmp(a, b, sizeof(a))) == sign(memcmp(a, b, sizeof(a))));
	check(fl_strchr(a, c) == strchr(a, c) && fl_strrchr(a, c) == strrchr(a, c) && fl_strchr(a, 0) == a + la);
	check(fl_memchr(a, c, n) == memchr(a, c, n));
	b[prng_below(&rng, 4)] = '\0';
	check(fl_strstr(a, b) == strstr(a, b));
	check(fl_strlcpy(ours, a, size) == la && fl_strlen(ours) == (la < size ? la : size - 1));
	check(!strncmp(ours, a, strlen(ours)));
	check(fl_strlcat(ours, b, size) == (la < size ? la : size - 1) + strlen(b));
	check(strlen(ours) < size);
}

/* ---- the rest ---- */

static int size_of(const char *s, uint64_t *v)
{
	return parse_size(s, NULL, v);
}

static void parse_tests(void)
{
	const char *end;
	uint64_t v = 7;

	ok(!size_of("64M", &v) && v == 64 << 20 && !size_of("1k", &v) && v == 1024 && !size_of("2G", &v) && v == 2ull << 30,
	   "sizes with a suffix");
	ok(!size_of("0x10", &v) && v == 16 && !size_of("0xFfK", &v) && v == 255 * 1024, "hexadecimal");
	v = 7;
	ok(size_of("", &v) == -EINVAL && size_of("M", &v) == -EINVAL && size_of("12x", &v) == -EINVAL &&
	   size_of("-1", &v) == -EINVAL && size_of("1 ", &v) == -EINVAL && size_of("0x", &v) == -EINVAL && v == 7, "refusals");
	ok(!parse_u64("18446744073709551615", NULL, &v) && v == UINT64_MAX &&
	   parse_u64("18446744073709551616", NULL, &v) == -ERANGE && size_of("17179869184G", &v) == -ERANGE &&
	   size_of("16777216T", &v) == -ERANGE && !size_of("16777215T", &v), "the ends of the range");
	ok(!parse_size("10K,0x20", &end, &v) && v == 10240 && !strcmp(end, ",0x20"), "the end of the number is told");
	ok(!parse_u64("10K", &end, &v) && v == 10 && !strcmp(end, "K"), "no suffix where none is asked for");
}

static void bit_tests(void)
{
	ok(align_up(4097, 4096) == 8192 && align_up(4096, 4096) == 4096 && align_down(4097, 4096) == 4096 && align_up(0, 8) == 0,
	   "alignment");
	ok(log2_up(1) == 0 && log2_up(2) == 1 && log2_up(3) == 2 && log2_up(4096) == 12 && log2_up(1ull << 63) == 63, "log2_up");
	ok(bit_lowest(0) == 64 && bit_lowest(8) == 3 && bit_highest(9) == 3 && is_power_of_two(64) && !is_power_of_two(0) &&
	   !is_power_of_two(6), "bits");
	ok(load_le16("\x34\x12") == 0x1234 && load_le32("\x78\x56\x34\x12") == 0x12345678 &&
	   load_be32("\x12\x34\x56\x78") == 0x12345678 && load_le64("\x08\x07\x06\x05\x04\x03\x02\x01") == 0x0102030405060708 &&
	   load_be64("\x01\x02\x03\x04\x05\x06\x07\x08") == 0x0102030405060708, "byte order");
}

struct item {
	int n;
	struct list link;
};

static void list_tests(void)
{
	struct list head = LIST_INIT(head), other = LIST_INIT(other);
	struct item items[6], *it, *tmp;
	int sum = 0, last = -1;
	bool ordered = true;

	for (int i = 0; i < 6; i++) {
		items[i].n = i;
		list_append(i < 3 ? &head : &other, &items[i].link);
	}
	list_splice(&head, &other);
	list_for_each(it, &head, link) {
		ordered &= it->n == last + 1;
		last = it->n;
	}
	ok(ordered && last == 5 && list_empty(&other), "append and splice keep the order");
	list_for_each_safe(it, tmp, &head, link)
		if (it->n % 2)
			list_remove(&it->link);
	list_for_each(it, &head, link)
		sum += it->n;
	ok(sum == 6 && list_empty(&items[1].link), "remove in a walk; what was removed points at itself");
	list_remove(&items[1].link);
	list_push(&head, &items[1].link);
	ok(list_first(&head, struct item, link)->n == 1, "push");
}

static void crc_tests(void)
{
	uint32_t whole = crc32(0, "123456789", 9);

	ok(whole == 0xcbf43926, "CRC-32 check value");
	ok(crc32(crc32(0, "1234", 4), "56789", 5) == whole && crc32(0, "", 0) == 0, "in pieces");
}

int main(int argc, char **argv)
{
	prng_seed(&rng, tap_seed(argc, argv, 1));
	format_tests();
	for (int i = 0; i < 300000; i++)
		compare_moves();
	ok(true, "memory moves and fills as in C");
	for (int i = 0; i < 300000; i++)
		compare_strings();
	ok(true, "strings as in C");
	parse_tests();
	bit_tests();
	list_tests();
	crc_tests();
	tap_end();
}

/* SPDX-License-Identifier: MIT */
/*
 * The tour: lists every file of the image with its checksum, computed through a mapping and compared with the one the host computed, and
 * looks through all directories for files the host did not know of; then prints what the fault path counted, and how long it took from
 * power-on to here. Ends with 0 if everything was right.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t crc_table[256];

/* CRC-32 as zlib and Ethernet have it: reflected, polynomial 0x04c11db7. */
static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		crc_table[i] = c;
	}
}

static uint32_t crc_of(const unsigned char *p, size_t n)
{
	uint32_t c = ~0u;

	for (size_t i = 0; i < n; i++)
		c = crc_table[(c ^ p[i]) & 255] ^ c >> 8;
	return ~c;
}

/* The checksum of a file, through a mapping. false: it cannot be mapped, or has another size. */
static int checksum(const char *path, size_t size, uint32_t *crc)
{
	int fd = open(path, O_RDONLY);
	off_t end = lseek(fd, 0, SEEK_END);
	void *p;

	*crc = 0;
	if (fd < 0 || (size_t)end != size) {
		close(fd);
		return 0;
	}
	if (!size) {
		close(fd);
		return 1;
	}
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return 0;
	*crc = crc_of(p, size);
	munmap(p, size);
	return 1;
}

struct result {
	unsigned files, wrong;
	unsigned long long bytes;
};

/* One line of the manifest: CRC32 SIZE PATH. */
static void check_line(char *line, struct result *r)
{
	char *at, *path;
	uint32_t want = (uint32_t)strtoul(line, &at, 16), got;
	size_t size = strtoul(at, &path, 10);

	path++;
	r->files++;
	r->bytes += size;
	if (checksum(path, size, &got) && got == want) {
		printf("  %08lx %8zu %s\n", (unsigned long)got, size, path);
		return;
	}
	r->wrong++;
	printf("  WRONG: %08lx, should be %08lx: %s\n", (unsigned long)got, (unsigned long)want, path);
}

/* Files below a directory, in the root's file system: /proc and /dev are others. */
static unsigned count_files(const char *path, dev_t device)
{
	DIR *dir = opendir(*path ? path : "/");
	char below[1024];
	unsigned n = 0;
	struct dirent *d;
	struct stat st;

	while (dir && (d = readdir(dir))) {
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || lstat(below, &st) || st.st_dev != device)
			continue;
		if (S_ISREG(st.st_mode))
			n++;
		else if (S_ISDIR(st.st_mode))
			n += count_files(below, device);
	}
	if (dir)
		closedir(dir);
	return n;
}

static int check_files(struct result *r)
{
	static char line[5000];
	FILE *sums = fopen("/tour.sums", "r");

	if (!sums) {
		printf("There is no /tour.sums on this image.\n");
		return 0;
	}
	while (fgets(line, sizeof(line), sums)) {
		line[strcspn(line, "\n")] = 0;
		check_line(line, r);
	}
	fclose(sums);
	return 1;
}

static int wanted(const char *name)
{
	static const char *const names[] = { "faults",	      "faults_warm",   "faults_major", "fault_rounds",	"fault_anon",
					     "fault_zero",    "fault_cow",     "fault_file",   "around_calls",	"around_mapped",
					     "cache_misses",  "readahead_pages", "io_reads",   "io_bytes" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return 1;
	return 0;
}

static void print_counters(void)
{
	FILE *f = fopen("/proc/fault/stats", "r");
	char name[64];
	unsigned long long n;

	while (f && fscanf(f, "%63s %llu", name, &n) == 2)
		if (wanted(name))
			printf("  %-16s %12llu\n", name, n);
	if (f)
		fclose(f);
}

static void print_boot_time(void)
{
	FILE *f = fopen("/proc/fault/boot", "r");
	unsigned long long ns;

	if (f && fscanf(f, "first_user_ns %llu", &ns) == 1)
		printf("\nFrom power-on to the first user instruction: %llu.%03llu ms\n", ns / 1000000, ns / 1000 % 1000);
	if (f)
		fclose(f);
}

int main(void)
{
	struct result r = { 0 };
	struct stat root;
	unsigned found;

	crc_init();
	stat("/", &root);
	printf("Every file of the image, mapped: checksum, size, name\n");
	if (!check_files(&r))
		return 1;
	found = count_files("", root.st_dev) - 1; /* not the manifest itself */
	if (found != r.files)
		printf("  WRONG: the image has %u files, the manifest %u\n", found, r.files);
	printf("  %u files, %llu bytes: %u right, %u wrong\n\nWhat the fault path did:\n", r.files, r.bytes, r.files - r.wrong, r.wrong);
	print_counters();
	print_boot_time();
	return r.wrong || found != r.files || !r.files;
}

/* SPDX-License-Identifier: MIT */
/* Making, removing and changing names: every call that does, with what it refuses and what the directory looks like afterwards. */
#define _GNU_SOURCE
#include "tap.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Linux's numbers: newlib has its own. */
#define HERE (-100)
#define EMPTY_PATH 0x1000
#define FOLLOW 0x400
#define REMOVEDIR 0x200
#define NOREPLACE 1
#define EXCHANGE 2
#define L_PATH 010000000
#define L_EXCL 0200
#define L_CREAT 0100
#ifdef __aarch64__
#define L_TMPFILE (020000000 | 040000)
#else
#define L_TMPFILE (020000000 | 0200000)
#endif

/* 0, or errno. */
static int err(long ret)
{
	return ret < 0 ? errno : 0;
}

/* open(2) with Linux's flags. */
static int lopen(int dir, const char *path, int flags)
{
	return (int)syscall(SYS_openat, dir, path, flags, 0600);
}

/* A name relative to an open directory, links followed. */
static int there_at(int dir, const char *path)
{
	return err(syscall(SYS_faccessat, dir, path, F_OK));
}

static int mk(const char *path)
{
	return err(syscall(SYS_mkdirat, HERE, path, 0755));
}

static int rm(const char *path)
{
	return err(syscall(SYS_unlinkat, HERE, path, 0));
}

static int rmd(const char *path)
{
	return err(syscall(SYS_unlinkat, HERE, path, REMOVEDIR));
}

static int mv(const char *from, const char *to, unsigned flags)
{
	return err(syscall(SYS_renameat2, HERE, from, HERE, to, flags));
}

static int ln(const char *from, const char *to)
{
	return err(syscall(SYS_linkat, HERE, from, HERE, to, 0));
}

static int sym(const char *text, const char *path)
{
	return err(syscall(SYS_symlinkat, text, HERE, path));
}

static int touch(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644), e = err(fd);

	if (fd >= 0)
		close(fd);
	return e;
}

static struct stat at(const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	if (lstat(path, &st))
		st.st_ino = 0;
	return st;
}

static ino_t ino(const char *path)
{
	return at(path).st_ino;
}

/* How many names, without . and .. */
static int count(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return d ? n : -1;
}

static void making(void)
{
	char longest[260];

	ok(mk("d") == 0 && S_ISDIR(at("d").st_mode) && at("d").st_nlink == 2, "mkdir");
	ok(mk("d") == EEXIST && mk(".") == EEXIST && mk("..") == EEXIST && mk("/") == EEXIST && mk("d/.") == EEXIST,
	   "mkdir of what is there: EEXIST");
	ok(mk("none/d") == ENOENT && mk("") == ENOENT, "in no directory, of no name: ENOENT");
	ok(touch("f") == 0 && mk("f") == EEXIST && mk("f/") == EEXIST, "over a file: EEXIST");
	ok(mk("f/d") == ENOTDIR && touch("f/g") == ENOTDIR, "in a file: ENOTDIR");
	ok(mk("e/") == 0 && rmd("e/") == 0, "a slash behind a directory's name");
	memset(longest, 'n', 256);
	longest[256] = 0;
	ok(mk(longest) == ENAMETOOLONG && touch(longest) == ENAMETOOLONG && rm(longest) == ENAMETOOLONG, "256 bytes: ENAMETOOLONG");
	longest[255] = 0;
	ok(touch(longest) == 0 && rm(longest) == 0, "255 bytes");
	ok(touch("f") == EEXIST && touch("d") == EEXIST, "O_EXCL: EEXIST");
	ok(err(open("d", O_CREAT | O_RDWR, 0644)) == EISDIR && err(open("g/", O_CREAT | O_RDWR, 0644)) == EISDIR, "O_CREAT of directories: EISDIR");
	ok(sym("nowhere", "l") == 0 && touch("l") == EEXIST, "O_EXCL over a link to nothing: EEXIST");
	close(open("l", O_CREAT | O_RDWR, 0644));
	ok(ino("nowhere") && rm("nowhere") == 0, "O_CREAT through a link makes what it names");
	ok(sym("", "m") == ENOENT && sym("x", "l") == EEXIST && sym("x", "g/") == ENOENT, "symlink: no text, there already, a slash");
	ok(at("l").st_size == 7 && S_ISLNK(at("l").st_mode) && rm("l") == 0, "a link's size is its text's");
	ok(rm("f") == 0 && rmd("d") == 0 && count(".") == 0, "all gone again");
}

static void modes(void)
{
	int old = umask(027), fd;

	mk("d");
	close(open("f", O_CREAT | O_WRONLY, 06777));
	ok((at("d").st_mode & 07777) == 0750 && (at("f").st_mode & 07777) == 06750, "umask");
	ok(err(syscall(SYS_mkdirat, HERE, "t", 07777)) == 0 && (at("t").st_mode & 07777) == 01750, "mkdir knows the sticky bit only");
	umask(0);
	ok(chmod("d", 02755) == 0 && chown("d", -1, 42) == 0 && (at("d").st_mode & 07777) == 02755, "S_ISGID of a directory survives chown");
	mk("d/e");
	close(open("d/f", O_CREAT | O_WRONLY, 0644));
	ok(at("d/e").st_gid == 42 && (at("d/e").st_mode & 07777) == 02755 && at("d/f").st_gid == 42 && !(at("d/f").st_mode & 02000),
	   "and what is made in it has its group");
	ok(chown("f", 7, 8) == 0 && at("f").st_uid == 7 && at("f").st_gid == 8 && (at("f").st_mode & 07777) == 0750,
	   "chown clears S_ISUID and S_ISGID");
	chmod("f", 02644);
	ok(chown("f", -1, -1) == 0 && (at("f").st_mode & 07777) == 02644 && at("f").st_uid == 7, "but not S_ISGID without execution");
	fd = open("f", O_RDONLY);
	ok(fchmod(fd, 0600) == 0 && (at("f").st_mode & 07777) == 0600 && close(fd) == 0, "fchmod");
	ok(err(fchmod(fd, 0600)) == EBADF && err(chmod("none", 0600)) == ENOENT, "and its errors");
	umask(old);
	rm("f"), rm("d/f"), rmd("d/e"), rmd("d"), rmd("t");
}

static void removing(void)
{
	struct stat st;
	int fd;

	mk("d"), touch("d/f"), touch("f"), sym("d", "l");
	ok(rmd("d") == ENOTEMPTY && rmd("f") == ENOTDIR && rmd("none") == ENOENT && rmd("l") == ENOTDIR, "rmdir");
	ok(rm("d") == EISDIR && rm("d/") == EISDIR && rm("f/") == ENOTDIR && rm("none") == ENOENT && rm("none/") == ENOENT, "unlink");
	ok(rmd(".") == EINVAL && rmd("d/.") == EINVAL && rmd("d/..") == ENOTEMPTY && rmd("/") == EBUSY, "of dots and the root");
	ok(rm(".") == EISDIR && rm("..") == EISDIR && rm("/") == EISDIR, "unlink of them: EISDIR");
	ok(err(syscall(SYS_unlinkat, HERE, "f", 1)) == EINVAL, "an unknown flag: EINVAL");
	ok(rm("l") == 0 && ino("d"), "a link goes, not what it leads to");
	fd = open("f", O_RDWR);
	ok(rm("f") == 0 && !ino("f") && fstat(fd, &st) == 0 && st.st_nlink == 0, "a removed file is there while it is open");
	close(fd);
	ok(at(".").st_nlink == 3, "links of a directory: its own two, and a subdirectory");
	fd = open("d", O_RDONLY | O_DIRECTORY);
	ok(rm("d/f") == 0 && rmd("d") == 0 && at(".").st_nlink == 2, "now it is empty");
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0, "an open one that is removed has none");
	ok(err(syscall(SYS_mkdirat, fd, "x", 0755)) == ENOENT && err(lopen(fd, "x", L_CREAT | 2)) == ENOENT, "nothing is made in it: ENOENT");
	ok(there_at(fd, ".") == 0 && there_at(fd, "../.") == 0, ". and .. are still there");
	close(fd);
}

static void linking(void)
{
	int fd;

	touch("a"), mk("d");
	ok(ln("a", "b") == 0 && ino("a") == ino("b") && at("a").st_nlink == 2, "link");
	ok(ln("a", "b") == EEXIST && ln("none", "c") == ENOENT && ln("d", "c") == EPERM && ln("a", "c/") == ENOENT && ln("a", "d/.") == EEXIST,
	   "its errors");
	ok(sym("a", "l") == 0 && ln("l", "m") == 0 && S_ISLNK(at("m").st_mode), "of a link: the link itself");
	ok(err(syscall(SYS_linkat, HERE, "l", HERE, "n", FOLLOW)) == 0 && ino("n") == ino("a"), "or what it leads to");
	ok(err(syscall(SYS_linkat, HERE, "l", HERE, "o", 1)) == EINVAL, "unknown flags: EINVAL");
	fd = lopen(HERE, "a", L_PATH);
	ok(err(syscall(SYS_linkat, fd, "", HERE, "p", EMPTY_PATH)) == 0 && at("p").st_nlink == 4, "AT_EMPTY_PATH");
	close(fd);
	ok(rm("a") == 0 && at("b").st_nlink == 3, "one name less");
	fd = open("b", O_RDWR);
	rm("b"), rm("n"), rm("p");
	ok(err(syscall(SYS_linkat, fd, "", HERE, "q", EMPTY_PATH)) == ENOENT, "a file without names gets none: ENOENT");
	close(fd);
	rm("l"), rm("m"), rmd("d");
}

static void unnamed(void)
{
	struct stat st;
	int fd = lopen(HERE, ".", L_TMPFILE | 2);

	if (fd < 0 && errno == EOPNOTSUPP) {
		tap_skip("O_TMPFILE", "not on this file system");
		return;
	}
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0 && S_ISREG(st.st_mode) && count(".") == 0, "O_TMPFILE: a file without a name");
	ok(err(syscall(SYS_linkat, fd, "", HERE, "n", EMPTY_PATH)) == 0 && at("n").st_nlink == 1 && at("n").st_ino == st.st_ino, "gets its first");
	close(fd);
	fd = lopen(HERE, ".", L_TMPFILE | L_EXCL | 2);
	ok(err(syscall(SYS_linkat, fd, "", HERE, "m", EMPTY_PATH)) == ENOENT, "O_EXCL: never");
	close(fd);
	ok(err(lopen(HERE, ".", L_TMPFILE)) == EINVAL && err(lopen(HERE, "n", L_TMPFILE | 2)) == ENOTDIR, "for reading only, in a file");
	rm("n");
}

static void renaming(void)
{
	ino_t f, g;

	touch("f"), touch("g"), mk("d"), mk("e"), touch("e/x");
	f = ino("f"), g = ino("g");
	ok(mv("f", "h", 0) == 0 && !ino("f") && ino("h") == f, "rename");
	ok(mv("h", "g", 0) == 0 && ino("g") == f && !ino("h"), "over a file");
	ok(mv("none", "g", 0) == ENOENT && mv("g", "none/x", 0) == ENOENT && mv("g", "g/x", 0) == ENOTDIR, "nothing, nowhere, in a file");
	ok(mv("g", "d", 0) == EISDIR && mv("d", "g", 0) == ENOTDIR && mv("d", "e", 0) == ENOTEMPTY, "over what does not fit");
	ok(mv("g", "h/", 0) == ENOTDIR && mv("g/", "h", 0) == ENOTDIR && mv("d/", "h/", 0) == 0 && mv("h", "d", 0) == 0,
	   "slashes are for directories");
	ok(mv("d", "d/x", 0) == EINVAL && mv("e/x", "e", 0) == ENOTEMPTY && mv(".", "h", 0) == EBUSY && mv("d", "..", 0) == EBUSY,
	   "into itself, over its parent, dots");
	ok(mv("g", "d", NOREPLACE) == EEXIST && mv("g", "h", NOREPLACE) == 0 && mv("h", "g", 0) == 0, "RENAME_NOREPLACE");
	ok(mv("g", "h", EXCHANGE) == ENOENT && mv("g", "h", NOREPLACE | EXCHANGE) == EINVAL && mv("g", "h", 64) == EINVAL, "flags that do not fit");
	ok(mv("g", "e", EXCHANGE) == 0 && S_ISDIR(at("g").st_mode) && ino("e") == f && ino("g/x"), "RENAME_EXCHANGE of a file and a directory");
	ok(mv("g", "e", EXCHANGE) == 0 && mv("g", "e/x", EXCHANGE) == 0 && ino("e/x") == f, "and across directories");
	ok(mv("e", "d/e", 0) == 0 && at("d").st_nlink == 3 && at(".").st_nlink == 3 && ino("d/e/..") == ino("d") && ino("d/e/x") == f,
	   "a directory changes its parent");
	ok(mv("d", "d/e/y", 0) == EINVAL && mv("d/e/x", "d", 0) == ENOTEMPTY && mv("d", "d/e", EXCHANGE) == EINVAL, "no loops");
	mk("d/s"), mk("t"), mk("t/s");
	ok(mv("d/s", "t/s", 0) == 0 && ino("t/s") && at("d").st_nlink == 3 && at("t").st_nlink == 3, "over an empty directory elsewhere");
	ok(mv("t/s", "d/e", EXCHANGE) == 0 && ino("t/s/x") == f && ino("t/s/..") == ino("t") && ino("d/e/..") == ino("d"),
	   "two directories change places");
	ln("t/s/x", "y");
	ok(mv("y", "t/s/x", 0) == 0 && ino("y") == f && at("y").st_nlink == 2, "two names of one file: nothing happens");
	if (at("/proc").st_dev == at(".").st_dev)
		tap_skip("to another file system: EXDEV", "there is only one here");
	else
		ok(mv("y", "/proc/x", 0) == EXDEV, "to another file system: EXDEV");
	rm("y"), rm("t/s/x"), rmd("t/s"), rmd("t"), rmd("d/e"), rmd("d"), rm("g");
	ok(count(".") == 0 && at(".").st_nlink == 2 && g, "nothing is left");
}

/* Whoever reads a directory in pieces sees everything that stays, once, whatever goes and comes. */
static void listing(void)
{
	char name[32], seen[300] = { 0 };
	struct dirent *e;
	int twice = 0, n = 0, others = 0;
	DIR *d;

	mk("many");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		touch(name);
	}
	d = opendir("many");
	while ((e = readdir(d))) {
		int i = e->d_name[0] < '0' || e->d_name[0] > '9' ? -1 : atoi(e->d_name);

		if (i < 0 || i >= 300) {
			others++;
			continue;
		}
		twice += seen[i]++;
		if (i % 2)
			continue;
		snprintf(name, sizeof(name), "many/%d", i);
		rm(name); /* itself */
		snprintf(name, sizeof(name), "many/n%d", n++);
		touch(name);
	}
	for (int i = 0; i < 300; i++)
		others -= 1000 * !seen[i];
	ok(!twice && others >= 2, "every name once while others come and go");
	rewinddir(d);
	ok(count("many") == 300, "as many as before");
	while ((e = readdir(d))) {
		char path[300];

		snprintf(path, sizeof(path), "many/%.255s", e->d_name);
		if (e->d_name[0] != '.')
			rm(path);
	}
	closedir(d);
	ok(rmd("many") == 0, "and all can be removed while reading");
}

static void places(void)
{
	char buf[4200];

	mk("d"), mk("d/e");
	ok(chdir("d/e") == 0 && mv("../../d", "../../g", 0) == 0 && getcwd(buf, sizeof(buf)) && !strcmp(buf + strlen(buf) - 4, "/g/e"),
	   "getcwd after a rename above");
	ok(rmd("../e") == 0 && !getcwd(buf, sizeof(buf)) && errno == ENOENT, "getcwd when it is removed: ENOENT");
	ok(touch("x") == ENOENT && mk("x") == ENOENT && count(".") <= 0, "nothing can be made there");
	ok(chdir("..") == 0 && getcwd(buf, sizeof(buf)) && !strcmp(buf + strlen(buf) - 2, "/g"), ".. leads out");
	ok(chdir("..") == 0 && rmd("g") == 0, "and home");
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : access("/tmp", W_OK) ? "." : "/tmp";
	char name[64];

	snprintf(name, sizeof(name), "%s/names-%d", base, getpid());
	if (mkdir(name, 0755) || chdir(name)) {
		ok(0, "a directory to work in: %s: %s", name, strerror(errno));
		return tap_done();
	}
	umask(022);
	making();
	modes();
	removing();
	linking();
	unnamed();
	renaming();
	listing();
	places();
	ok(chdir("..") == 0 && rmdir(strrchr(name, '/') + 1) == 0, "the directory is empty in the end");
	return tap_done();
}

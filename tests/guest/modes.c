/* SPDX-License-Identifier: MIT */
/* What modes and owners allow, by any name a call has for it: searching, opening, making, removing, moving, changing, running. And locked memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define USER 1000l
#define OTHERS 2000l /* a supplementary group */
#define HERE "/tmp/modes/"

/* As newer Linux has them; all by number, for no library has each. */
#define AT_HERE (-100l)
#define AT_REAL 0l
#define AT_EFFECTIVE 0x200l
#define NOATIME 01000000l

static int fails(long got, int error)
{
	return got == -1 && errno == error;
}

/* ---- a child as user 1000: 0 or the line of what went wrong ---- */

#define STEP(condition) \
	do \
		if (!(condition)) \
			_exit(__LINE__ % 255 + 1); \
	while (0)

static void become(long uid)
{
	uint32_t groups[1] = { OTHERS };

	STEP(syscall(SYS_setgroups, 1l, groups) == 0 && syscall(SYS_setresgid, uid, uid, uid) == 0 &&
	     syscall(SYS_setresuid, uid, uid, uid) == 0);
}

static int opens(const char *path, int how)
{
	int fd = open(path, how);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static long make_dir(const char *path, mode_t mode)
{
	return syscall(SYS_mkdirat, AT_HERE, path, (long)mode);
}

static long move(const char *from, const char *to)
{
	return syscall(SYS_renameat2, AT_HERE, from, AT_HERE, to, 0l);
}

static long drop(const char *path, long flags)
{
	return syscall(SYS_unlinkat, AT_HERE, path, flags);
}

static long reach(const char *path, long mode, long flags)
{
	return syscall(SYS_faccessat2, AT_HERE, path, mode, flags);
}

static long give(const char *path, long uid, long gid)
{
	return syscall(SYS_fchownat, AT_HERE, path, uid, gid, 0l);
}

static long mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)(st.st_mode & 07777);
}

static int put(const char *path, mode_t mode, long uid, long gid)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	return fd >= 0 && write(fd, "#!/x\n", 5) == 5 && close(fd) == 0 && give(path, uid, gid) == 0 && chmod(path, mode) == 0;
}

static int put_dir(const char *path, mode_t mode, long uid)
{
	return make_dir(path, 0700) == 0 && give(path, uid, uid) == 0 && chmod(path, mode) == 0;
}

static int set_up(void)
{
	syscall(SYS_umask, 0l);
	return put_dir("/tmp/modes", 0755, 0) && put(HERE "owner", 0400, USER, 0) && put(HERE "group", 0060, 0, OTHERS) &&
		   put(HERE "other", 0006, 0, 0) &&
	       put(HERE "mine", 0077, USER, 0) && put(HERE "roots", 0600, 0, 0) && put(HERE "run", 0744, 0, 0) &&
		   put_dir(HERE "open", 0777, 0) &&
	       put_dir(HERE "shut", 0700, 0) && put(HERE "shut/in", 0666, 0, 0) && put_dir(HERE "look", 0744, 0) &&
		   put(HERE "look/in", 0666, 0, 0) &&
	       put_dir(HERE "pass", 0711, 0) && put(HERE "pass/in", 0666, 0, 0) && put_dir(HERE "sticky", 01777, 0) &&
		   put(HERE "sticky/root", 0666, 0, 0) &&
	       put(HERE "sticky/user", 0666, USER, USER) && put_dir(HERE "own", 0755, USER) && put_dir(HERE "own/roots", 0755, 0) &&
	       put(HERE "own/file", 0644, 0, 0);
}

/* ---- files ---- */

static void child_open(void *unused)
{
	(void)unused;
	become(USER);
	STEP(opens(HERE "owner", O_RDONLY) == 0 && fails(opens(HERE "owner", O_WRONLY), EACCES) && fails(opens(HERE "owner", O_RDWR), EACCES));
	STEP(opens(HERE "group", O_RDWR) == 0 && opens(HERE "other", O_RDWR) == 0);
	STEP(fails(opens(HERE "mine", O_RDONLY), EACCES)); /* the owner's bits alone count for the owner */
	STEP(fails(opens(HERE "roots", O_RDONLY), EACCES) && fails(opens(HERE "roots", O_RDONLY | O_TRUNC), EACCES));
	STEP(fails(opens(HERE "owner", O_RDONLY | O_TRUNC), EACCES));
	STEP(syscall(SYS_openat, AT_HERE, HERE "owner", NOATIME, 0l) >= 0 &&
	     fails(syscall(SYS_openat, AT_HERE, HERE "other", NOATIME, 0l), EPERM));
	STEP(fails(truncate(HERE "owner", 0), EACCES) && truncate(HERE "group", 5) == 0 && fails(truncate(HERE "open", 0), EISDIR));
	STEP(fails(syscall(SYS_execve, HERE "run", NULL, NULL), EACCES) && fails(syscall(SYS_execve, HERE "own", NULL, NULL), EACCES));
}

static void child_search(void *unused)
{
	struct stat st;

	(void)unused;
	become(USER);
	STEP(fails(stat(HERE "shut/in", &st), EACCES) && fails(stat(HERE "shut/none", &st), EACCES) && stat(HERE "shut", &st) == 0);
	STEP(fails(opens(HERE "shut", O_RDONLY), EACCES) && fails(opens(HERE "shut/in/..", O_RDONLY), EACCES) &&
	     fails(chdir(HERE "shut"), EACCES));
	STEP(opens(HERE "look", O_RDONLY) == 0 && fails(stat(HERE "look/in", &st), EACCES) && fails(chdir(HERE "look"), EACCES));
	STEP(fails(opens(HERE "pass", O_RDONLY), EACCES) && opens(HERE "pass/in", O_RDWR) == 0 && chdir(HERE "pass") == 0 &&
	     opens("in", O_RDWR) == 0);
	STEP(fails(make_dir(HERE "shut/new", 0700), EACCES) && fails(make_dir(HERE "look/in", 0700), EACCES));
}

/* ---- directories ---- */

static void child_make(void *unused)
{
	struct stat st;

	(void)unused;
	become(USER);
	STEP(fails(open(HERE "new", O_CREAT | O_WRONLY, 0600), EACCES) && fails(make_dir(HERE "new", 0700), EACCES));
	STEP(fails(syscall(SYS_symlinkat, "x", AT_HERE, HERE "new"), EACCES) &&
	     fails(syscall(SYS_linkat, AT_HERE, HERE "other", AT_HERE, HERE "new", 0l), EACCES));
	STEP(fails(make_dir(HERE "open", 0700), EEXIST));
	STEP(close(open(HERE "open/file", O_CREAT | O_WRONLY, 0444)) == 0 && fails(opens(HERE "open/file", O_WRONLY), EACCES));
	STEP(stat(HERE "open/file", &st) == 0 && st.st_uid == USER && st.st_gid == USER);
	STEP(make_dir(HERE "open/dir", 0700) == 0 && stat(HERE "open/dir", &st) == 0 && st.st_uid == USER);
	STEP(drop(HERE "open/file", 0) == 0 && drop(HERE "open/dir", 0x200) == 0);
	STEP(fails(drop(HERE "other", 0), EACCES) && fails(drop(HERE "none", 0), ENOENT) && fails(drop(HERE "open", 0x200), EACCES));
	STEP(fails(drop(HERE "sticky/root", 0), EPERM) && fails(move(HERE "sticky/root", HERE "sticky/x"), EPERM));
	STEP(fails(move(HERE "sticky/user", HERE "sticky/root"), EPERM) && move(HERE "sticky/user", HERE "sticky/x") == 0 &&
	     drop(HERE "sticky/x", 0) == 0);
}

static void child_move(void *unused)
{
	(void)unused;
	become(USER);
	STEP(fails(move(HERE "other", HERE "open/x"), EACCES) && fails(move(HERE "own/file", HERE "x"), EACCES));
	STEP(move(HERE "own/file", HERE "open/x") == 0 && move(HERE "open/x", HERE "own/file") == 0);
	STEP(fails(move(HERE "own/roots", HERE "open/roots"), EACCES)); /* its ".." would change */
	STEP(move(HERE "own/roots", HERE "own/again") == 0 && move(HERE "own/again", HERE "own/roots") == 0);
}

/* ---- attributes ---- */

static void child_change(void *unused)
{
	struct timespec now[2] = { { 0, 0x3fffffff }, { 0, 0x3fffffff } }, then[2] = { { 5, 0 }, { 5, 0 } };

	(void)unused;
	become(USER);
	STEP(fails(chmod(HERE "other", 0777), EPERM) && chmod(HERE "mine", 0640) == 0 && mode_of(HERE "mine") == 0640);
	STEP(chmod(HERE "mine", 02755) == 0 && mode_of(HERE "mine") == 0755); /* the group is not one of ours */
	STEP(fails(give(HERE "other", USER, -1), EPERM) && fails(give(HERE "mine", 0, -1), EPERM) && fails(give(HERE "mine", -1, 5), EPERM));
	STEP(give(HERE "mine", -1, OTHERS) == 0 && give(HERE "mine", USER, USER) == 0 && chmod(HERE "mine", 02755) == 0 &&
	     mode_of(HERE "mine") == 02755);
	STEP(syscall(SYS_utimensat, AT_HERE, HERE "other", NULL, 0l) == 0 && syscall(SYS_utimensat, AT_HERE, HERE "group", now, 0l) == 0);
	STEP(fails(syscall(SYS_utimensat, AT_HERE, HERE "other", then, 0l), EPERM) &&
	     syscall(SYS_utimensat, AT_HERE, HERE "mine", then, 0l) == 0);
	STEP(fails(syscall(SYS_utimensat, AT_HERE, HERE "roots", NULL, 0l), EACCES) &&
	     fails(syscall(SYS_utimensat, AT_HERE, HERE "run", now, 0l), EACCES));
}

static void child_access(void *unused)
{
	(void)unused;
	STEP(reach(HERE "roots", R_OK | W_OK, AT_REAL) == 0 && fails(reach(HERE "roots", X_OK, AT_REAL), EACCES) &&
	     reach(HERE "shut", X_OK, AT_REAL) == 0);
	STEP(syscall(SYS_setresuid, -1l, USER, -1l) == 0 && reach(HERE "roots", R_OK | W_OK, AT_REAL) == 0);
	STEP(fails(reach(HERE "roots", R_OK, AT_EFFECTIVE), EACCES) && fails(opens(HERE "roots", O_RDONLY), EACCES));
	STEP(syscall(SYS_setresuid, -1l, 0l, -1l) == 0 && opens(HERE "roots", O_RDWR) == 0);
	STEP(syscall(SYS_setresuid, USER, 0l, 0l) == 0 && fails(reach(HERE "roots", R_OK, AT_REAL), EACCES) &&
	     reach(HERE "roots", R_OK, AT_EFFECTIVE) == 0);
	STEP(reach(HERE "owner", R_OK, AT_REAL) == 0 && fails(reach(HERE "owner", W_OK, AT_REAL), EACCES) &&
	     reach(HERE "roots", F_OK, AT_REAL) == 0);
	STEP(syscall(SYS_setfsuid, USER) == 0 && fails(opens(HERE "roots", O_RDONLY), EACCES));
}

/* ---- locked memory ---- */

#define MEMLOCK 8l

static void limit(unsigned long soft)
{
	uint64_t l[2] = { soft, 64 * PAGE };

	STEP(syscall(SYS_prlimit64, 0l, MEMLOCK, l, NULL) == 0);
}

/* By number: musl turns an EPERM into ENOMEM. */
static char *anonymous(unsigned pages, int more)
{
	return (char *)syscall(SYS_mmap, NULL, (long)(pages * PAGE), (long)(PROT_READ | PROT_WRITE), (long)(MAP_PRIVATE | MAP_ANONYMOUS | more), -1l,
			       0l);
}

static void child_lock(void *unused)
{
	char *p = anonymous(16, 0), *q;

	(void)unused;
	limit(8 * PAGE);
	STEP(mlock(p, 16 * PAGE) == 0 && munlock(p, 16 * PAGE) == 0); /* root */
	become(USER);
	STEP(mlock(p, 8 * PAGE) == 0 && mlock(p + PAGE, 7 * PAGE) == 0 && fails(mlock(p + PAGE, 8 * PAGE), ENOMEM));
	STEP(anonymous(1, MAP_LOCKED) == MAP_FAILED && errno == EAGAIN);
	STEP(munlock(p, 4 * PAGE) == 0 && (q = anonymous(4, MAP_LOCKED)) != MAP_FAILED);
	STEP(mremap(q, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EAGAIN);
	STEP(fails(mlockall(MCL_CURRENT), ENOMEM) && munlockall() == 0 && mlockall(MCL_FUTURE) == 0);
	STEP((q = anonymous(8, 0)) != MAP_FAILED && anonymous(1, 0) == MAP_FAILED && errno == EAGAIN);
	STEP(munlockall() == 0);
	limit(0);
	STEP(fails(mlock(p, PAGE), EPERM) && fails(syscall(SYS_mlock2, p, PAGE, 1l), EPERM) && fails(mlockall(MCL_CURRENT), EPERM));
	STEP(anonymous(1, MAP_LOCKED) == MAP_FAILED && errno == EPERM && anonymous(1, 0) != MAP_FAILED && munlock(p, PAGE) == 0);
}

static void test_atime(void)
{
	struct timespec then[2] = { { 77777, 0 }, { 88888, 0 } };
	int fd = open(HERE "roots", O_RDWR);
	struct stat st;

	ok(syscall(SYS_utimensat, (long)fd, NULL, then, 0l) == 0 && fstat(fd, &st) == 0 && st.st_atime == 77777, "a time of access");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED && fstat(fd, &st) == 0 &&
	   st.st_atime != 77777, "who maps a file accesses it");
	close(fd);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void *);
	} children[] = {
		{ "open, truncate, execve: by the bits of the class that fits first", child_open },
		{ "directories are searched with x, read with r", child_search },
		{ "names are made and removed with w and x; sticky ones by their owners", child_make },
		{ "rename: both directories, and one that moves", child_move },
		{ "chmod, chown, utimensat: the owner's, but for the time that it is", child_change },
		{ "access: as the real user or the one that counts", child_access },
		{ "RLIMIT_MEMLOCK: mlock, mlockall, mmap, mremap", child_lock },
	};

	ok(set_up(), "files and directories of all kinds");
	for (unsigned i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		int status = in_child(children[i].run, NULL);

		ok(status == 0, "%s (%x)", children[i].name, status);
	}
	test_atime();
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* System V shared memory: keys and ids, attaching and detaching, who has a segment, when it goes. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

enum { PRIVATE, CREAT = 01000, EXCL = 02000, RDONLY = 010000, RND = 020000, REMAP = 040000 };
enum { RMID, SET, STAT, INFO, LOCK = 11, UNLOCK, SHM_STAT, SHM_INFO };

#define SIZE (3 * PAGE)

struct ds {
	int key;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq, pad;
	uint64_t unused[2];
	uint64_t size;
	int64_t atime, dtime, ctime;
	int cpid, lpid;
	uint64_t attached, more[2];
};

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static long get(int key, size_t size, int flags)
{
	return syscall(SYS_shmget, (long)key, size, (long)flags);
}

static char *attach(long id, void *at, int flags)
{
	return (char *)syscall(SYS_shmat, id, at, (long)flags);
}

static long detach(void *at)
{
	return syscall(SYS_shmdt, at);
}

static long control(long id, int command, void *buf)
{
	return syscall(SYS_shmctl, id, (long)command, buf);
}

static struct ds stat_of(long id)
{
	struct ds ds;

	memset(&ds, 0, sizeof(ds));
	if (control(id, STAT, &ds))
		ds.attached = 999;
	return ds;
}

static void test_get(void)
{
	int key = 0x5e110000 + (int)getpid();
	long id = get(key, SIZE, CREAT | 0640);
	struct ds ds;

	ok(id >= 0 && get(key, 0, 0) == id && get(key, SIZE, CREAT) == id, "by its key it is found again");
	ok(gives(get(key, SIZE, CREAT | EXCL), EEXIST) && gives(get(key, SIZE + PAGE, 0), EINVAL), "not made twice, not larger: EEXIST, EINVAL");
	ok(gives(get(key + 1, SIZE, 0), ENOENT) && gives(get(PRIVATE, 0, CREAT), EINVAL), "none of another key, or of no size: ENOENT, EINVAL");
	ds = stat_of(id);
	ok(ds.key == key && ds.size == SIZE && ds.mode == 0640 && ds.cpid == getpid() && ds.attached == 0, "IPC_STAT");
	ds.mode = 0600;
	ok(control(id, SET, &ds) == 0 && stat_of(id).mode == 0600, "IPC_SET");
	ok(control(id, RMID, NULL) == 0 && gives(control(id, STAT, &ds), EINVAL) && gives(get(key, SIZE, 0), ENOENT), "removed, it is gone at once");
	ok(get(PRIVATE, SIZE, 0600) != get(PRIVATE, SIZE, 0600), "private ones are others each time");
}

static void child_stores(void *arg)
{
	((char *)arg)[PAGE] = 'c';
}

static void test_attach(void)
{
	long id = get(PRIVATE, SIZE - 100, 0600);
	char *a = attach(id, NULL, 0), *b = attach(id, NULL, RDONLY), *c;
	struct ds ds;

	a[1] = 'x';
	ok(b[1] == 'x' && a[SIZE - 1] == 0, "attached twice, it is the same memory, up to its page's end");
	ds = stat_of(id);
	ok(ds.attached == 2 && ds.lpid == getpid(), "two have it");
	ok(in_child(child_stores, a) == 0 && b[PAGE] == 'c' && stat_of(id).attached == 2, "a child has it too, while it lives");
	ok(killed_by(in_child(child_stores, b), SIGSEGV), "SHM_RDONLY: no stores");
	ok(detach(b) == 0 && gives(detach(b), EINVAL) && gives(detach(a + PAGE), EINVAL) && gives(detach(a + 1), EINVAL), "detached once");
	c = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(gives((long)attach(id, c, 0), EINVAL) && gives((long)attach(id, c + 8, REMAP), EINVAL), "where something is, or no page begins: EINVAL");
	ok(attach(id, c + PAGE + 8, RND | REMAP) == c + PAGE && c[PAGE + 1] == 'x', "SHM_RND, SHM_REMAP");
	munmap(c + 2 * PAGE, PAGE);
	ok(stat_of(id).attached == 3 && detach(c + PAGE) == 0 && stat_of(id).attached == 1, "in two parts, it is detached as one");
	munmap(c, 2 * SIZE);
	ok(control(id, LOCK, NULL) == 0 && stat_of(id).mode & 02000 && control(id, UNLOCK, NULL) == 0, "SHM_LOCK");
	ok(control(id, RMID, NULL) == 0 && stat_of(id).mode & 01000 && stat_of(id).key == PRIVATE, "removed, it stays for who has it");
	ok((b = attach(id, NULL, 0)) != (char *)-1l && b[1] == 'x' && detach(b) == 0, "who may even attach it again");
	ok(detach(a) == 0 && gives(control(id, STAT, &ds), EINVAL), "the last one takes it along");
}

static void exits_with_it(void *arg)
{
	long id = get(PRIVATE, SIZE, 0600);

	*(long *)arg = id;
	attach(id, NULL, 0)[0] = 1;
	control(id, RMID, NULL);
}

static void test_end(void)
{
	long *id = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ds ds;

	ok(in_child(exits_with_it, id) == 0 && *id >= 0 && gives(control(*id, STAT, &ds), EINVAL), "the end of a process, too");
}

static void test_errors(void)
{
	struct ds ds;
	char buf[128];
	long id = get(PRIVATE, SIZE, 0600);

	ok(gives((long)attach(-1, NULL, 0), EINVAL) && gives(control(-1, STAT, &ds), EINVAL) && gives(control(id, 99, &ds), EINVAL),
	   "bad ids, bad commands");
	ok(gives(control(id, STAT, (void *)8), EFAULT) && gives(control(id, SET, (void *)8), EFAULT), "nowhere: EFAULT");
	ok(gives((long)attach(id, NULL, REMAP), EINVAL), "SHM_REMAP of nothing: EINVAL");
	ok(control(0, INFO, buf) >= 0 && control(0, SHM_INFO, buf) >= 0, "IPC_INFO, SHM_INFO");
	control(id, RMID, NULL);
}

int main(void)
{
	test_get();
	test_attach();
	test_end();
	test_errors();
	return tap_done();
}

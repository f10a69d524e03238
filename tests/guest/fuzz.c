/* SPDX-License-Identifier: MIT */
/*
 * Random system calls with random arguments: fuzz [SEED [CALLS [PROCESSES [NAME,NAME... [FOLDER]]]]]; with names only those calls ("all": all),
 * and in a folder of their own ("/fuzz" is on the disk). Nothing is asserted of any answer; what must hold is that the machine goes on: no child
 * sleeps through SIGKILL, none keeps anything, and at the end there is as much free memory as before.
 *
 * Each child takes a new seed, makes calls in one to three threads until it has made its share or has killed itself, and is replaced.
 * It writes down each call before it makes it, in memory it shares with its parent: which call a panic or a hang was in. The
 * parent kills those that are stuck, which is also the test that whatever sleeps can be killed.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fuzz_calls.h"
#include "tap.h"
#include "tree.h"

#define CALLS 20000
#define PROCESSES 4
#define MAX_PROCESSES 16
#define SHARE 800          /* calls a child makes */
#define PATIENCE 10        /* ticks without a call, and a child is killed */
#define DEATH 3000         /* ticks it may take to die */
#define TICK_MS 5
#define ARENA_PAGES 64
#define SLACK_KB 2048      /* caches and slabs that have grown */

/* What a child is doing, for its parent to see. */
struct slot {
	_Atomic long done;
	_Atomic unsigned call;
	long args[6];
};

static const char *folder = "/tmp/fuzz";
static struct slot *slots, *mine;
static unsigned char *arena;
static __thread uint64_t state;

static uint64_t random64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static unsigned pick(unsigned n)
{
	return random64() % n;
}

/* ---- arguments ---- */

static long nonsense(void)
{
	static const long values[] = { 0,	   1,		-1,		2,		   8,
				       4095,	   4096,	0x7fffffff,	0x80000000l,	   0xffffffffl,
				       1l << 47,   (1l << 47) - 4096, (long)(1ul << 63), -4096,	   -8,
				       0x7fffffffffffffffl, (long)0xffff800000001000ul, (long)0xffffffff80100000ul, 0x40000000, 0x100000000l };

	return pick(3) ? values[pick(sizeof(values) / sizeof(values[0]))] : (long)random64();
}

static long memory(void)
{
	unsigned char *page = arena + (size_t)pick(ARENA_PAGES) * PAGE;

	switch (pick(4)) {
	case 0:
		return (long)page;
	case 1:
		return (long)(page + PAGE - pick(32));
	default:
		return (long)(page + (pick(PAGE) & ~7u));
	}
}

/* Only names of the first part may be changed. */
static const char *path(int changed)
{
	static char longest[5000];
	static const char *const paths[] = { "a", "b", "d", "d/a", "d/b", "link", "loop", "a/b", "", ".", "d/..", "//", "fifo", longest, "/tmp/x",
					     "/dev/shm/x", "/dev/null", "/dev/zero", "/proc/self/maps", "/proc/self/stat", "/proc/meminfo",
					     "/proc/self/fd", "/data/big", "/data/page+1", "/data/many", "/data/sparse", "/bin/fuzz", ".." };

	memset(longest, 'l', sizeof(longest) - 1);
	return paths[pick(changed ? 16 : sizeof(paths) / sizeof(paths[0]))];
}

/* A process that may be killed, or none; never the parent, never all. */
static long own_process(void)
{
	const long pids[] = { 0, getpid(), getpid(), 4000000, syscall(SYS_gettid), 0x7fffffff };

	return pids[pick(sizeof(pids) / sizeof(pids[0]))];
}

static long mode(void)
{
	static const int types[] = { 0, S_IFREG, S_IFIFO, S_IFDIR };

	return types[pick(4)] | pick(010000);
}

/* Memory that the arguments point to is random bytes; here and there something that makes sense is put into it. */
static long vector(void)
{
	long *at = (long *)(arena + pick(8) * 256);

	for (int i = 0; i < 16; i += 2) {
		at[i] = pick(8) ? memory() : nonsense();
		at[i + 1] = pick(8) ? pick(9000) : nonsense();
	}
	return (long)at;
}

static long short_time(void)
{
	long *at = (long *)(arena + PAGE / 2);

	at[0] = pick(8) ? 0 : nonsense();
	at[1] = pick(8) ? pick(2000000) : nonsense();
	return (long)at;
}

static long clone_flags(void)
{
	static const long flags[] = { 0, 17, 17, 0x4111, 0x50f00, 0x3d0f00, 0x100, 0x10000, 0x1200011, 0x80000000l | 17 };

	return flags[pick(sizeof(flags) / sizeof(flags[0]))];
}

static long length(void)
{
	switch (pick(4)) {
	case 0:
		return pick(64);
	case 1:
		return PAGE * pick(16);
	case 2:
		return 8;
	default:
		return pick(3 * PAGE);
	}
}

static long sensible(char kind)
{
	switch (kind) {
	case 'f':
		return pick(8) ? (long)pick(24) : -100;
	case 'm':
	case 'w':
		return pick(8) ? memory() & (kind == 'w' ? ~3l : -1l) : 0;
	case 'a':
		return (long)(arena + (size_t)pick(ARENA_PAGES) * PAGE);
	case 'n':
	case 'N':
		return length();
	case 's':
	case 'S':
		return (long)path(kind == 'S');
	case 'v':
		return vector();
	case 't':
		return pick(8) ? short_time() : 0;
	case 'o':
		return pick(1 << 20);
	case 'i':
		return pick(24);
	case 'p':
		return pick(8);
	case 'g':
		return pick(66);
	case 'x':
		return pick(3) ? 1l << pick(24) : 0;
	case 'P':
		return own_process();
	case 'M':
		return mode();
	case 'C':
		return clone_flags();
	default:
		return kind == 'u' ? nonsense() : 0;
	}
}

static long argument(char kind)
{
	if (kind >= 'a' && kind <= 'z' && kind != 'z' && !pick(10))
		return nonsense();
	return sensible(kind);
}

/* ---- a child ---- */

/* No mapping call may reach what the child itself runs on: only the arena, wherever nonsense would go. */
static void keep_off(const struct call *call, long *a)
{
	if (call->number == SYS_mmap) {
		a[3] &= 0x117fff; /* and no huge pages */
		a[1] &= 0x3ffff;
	}
	if (call->number == SYS_mremap && a[2] > 0 && a[2] < 1l << 40) /* what is locked would be filled */
		a[2] &= 0xfffff;
	if (call->number == SYS_rt_sigreturn || call->number == SYS_brk)
		a[0] = 0;
	if (call->number == SYS_prctl && a[0] == 22) /* seccomp */
		a[0] = 0;
}

static void one_call(void)
{
	unsigned which = chosen[pick(nr_chosen)];
	const struct call *call = &calls[which];
	long a[6] = { 0 };

	for (int i = 0; call->kinds[i]; i++)
		a[i] = argument(call->kinds[i]);
	keep_off(call, a);
	mine->call = which;
	memcpy(mine->args, a, sizeof(a));
	mine->done++;
	if (syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]) == 0 && (call->number == SYS_clone || call->number == SYS_clone3))
		syscall(SYS_exit, 0);
}

static void *work(void *seed)
{
	state = (uintptr_t)seed;
	for (int i = 0; i < SHARE; i++)
		one_call();
	return NULL;
}

/* Pages of every kind: written, read-only, none, gone, of a file shared and private. */
static void lay_out(void)
{
	int fd = open("a", O_RDWR | O_CREAT, 0644);

	if (syscall(SYS_ftruncate, fd, 5 * PAGE) ||
	    mmap(arena + 16 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		mmap(arena + 16 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, open("/data/big", O_RDONLY), 0);
	mmap(arena + 24 * PAGE, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, open("/data/big", O_RDONLY), 0);
	mprotect(arena + 40 * PAGE, 4 * PAGE, PROT_READ);
	mprotect(arena + 44 * PAGE, 4 * PAGE, PROT_NONE);
	munmap(arena + 50 * PAGE, 4 * PAGE);
	for (size_t i = 0; i < 16 * PAGE; i += 8)
		*(uint64_t *)(arena + i) = pick(2) ? random64() : pick(16);
}

static void open_some(void)
{
	int pipes[2], null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	open("/data/big", O_RDONLY);
	open("/proc/self", O_RDONLY | O_DIRECTORY);
	open("b", O_RDWR | O_CREAT, 0600);
	open("d", O_RDONLY | O_DIRECTORY);
	open("/dev/zero", O_RDWR);
	open("/proc/self/maps", O_RDONLY);
	if (pipe(pipes) == 0)
		fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	if (pipe(pipes) == 0)
		fcntl(pipes[1], F_SETFL, O_NONBLOCK);
}

static void child(struct slot *slot, uint64_t seed)
{
	pthread_t threads[2];
	int more;

	mine = slot;
	state = seed;
	setpgid(0, 0);
	if (chdir(folder) && chdir("/tmp"))
		_exit(3);
	mkdir("d", 0755);
	for (int sig = 1; sig < 32; sig++)
		if (pick(3))
			signal(sig, SIG_IGN);
	open_some();
	arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	lay_out();
	more = pick(3);
	for (int i = 0; i < more; i++)
		more = pthread_create(&threads[i], NULL, work, (void *)random64()) ? 0 : more;
	work((void *)random64());
	syscall(SYS_exit_group, 0);
}

/* ---- the parent ---- */

struct runner {
	pid_t pid;
	long seen;
	int still;
};

static struct runner runners[MAX_PROCESSES];
static long made, killed, stuck;
static uint64_t next_seed;

static void begin(int i)
{
	memset(&slots[i], 0, sizeof(slots[i]));
	runners[i] = (struct runner){ .pid = fork() };
	if (runners[i].pid == 0)
		child(&slots[i], next_seed);
	if (runners[i].pid < 0)
		runners[i].pid = 0; /* no memory: later */
	next_seed++;
}

static void report_stuck(int i)
{
	struct slot *s = &slots[i];

	stuck++;
	printf("# child %d does not die: %s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n", (int)runners[i].pid, calls[s->call].name, s->args[0],
	       s->args[1], s->args[2], s->args[3], s->args[4], s->args[5]);
	runners[i].pid = 0;
}

static void ended(int i)
{
	kill(-runners[i].pid, SIGKILL); /* whom it has left in its group */
	made += slots[i].done;
	runners[i].pid = 0;
}

/* True: its place is free. */
static int look_after(int i)
{
	struct runner *r = &runners[i];

	if (r->pid && waitpid(r->pid, NULL, WNOHANG) == r->pid)
		ended(i);
	if (!r->pid)
		return 1;
	r->still = slots[i].done == r->seen ? r->still + 1 : 0;
	r->seen = slots[i].done;
	if (r->still == PATIENCE && ++killed)
		kill(r->pid, SIGKILL);
	if (r->still > PATIENCE + DEATH)
		report_stuck(i);
	return 0;
}

/* Children of children, in whatever process group: those that are ours by now are waited for. */
static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < MAX_PROCESSES; i++)
			if (runners[i].pid == pid)
				ended(i);
}

/* Children of children may have left every group we know, and sleep for ever. The first process is the parent of all of them in the end. */
static void strays_end(void)
{
	if (getpid() != 1)
		return;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void rounds(long target, int processes)
{
	int busy = 1;

	for (made = 0; busy;) {
		busy = made < target;
		reap();
		for (int i = 0; i < processes; i++) {
			if (look_after(i) && made < target)
				begin(i);
			busy |= runners[i].pid != 0;
		}
		pause_ms(TICK_MS);
	}
	strays_end();
}

/* What there is to be had, in KiB: files that stay cached are no leak. */
static long memory_left(void)
{
	static char text[8192];
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY), fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n;
	char *line;

	if (drop >= 0 && write(drop, "3\n", 2) == 2)
		close(drop);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	line = strstr(text, "MemAvailable:");
	return line ? strtol(line + 13, NULL, 10) : 0;
}

static void clean_up(void)
{
	remove_tree(AT_FDCWD, folder);
	remove_tree(AT_FDCWD, "/tmp/x");
	remove_tree(AT_FDCWD, "/dev/shm/x");
	mkdir(folder, 0777);
}

int main(int argc, char **argv)
{
	long target = argc > 2 ? atol(argv[2]) : CALLS, before, after;
	int processes = argc > 3 ? atoi(argv[3]) : PROCESSES;
	struct stat out;
	int ours = access("/proc/fault/stats", R_OK) == 0;

	if (argc == 0 || fstat(1, &out) || out.st_rdev == 0x103 || processes > MAX_PROCESSES)
		return 0; /* run by one of its own children, whose output is /dev/null */
	choose(argc > 4 && strcmp(argv[4], "all") ? argv[4] : NULL);
	if (!nr_chosen)
		return 2;
	next_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	printf("# seed %lu, %ld calls, %d processes\n", (unsigned long)next_seed, target, processes);
	fflush(stdout);
	/* far below the arena, which long buffers run over the end of */
	slots = mmap((void *)0x123000000, sizeof(*slots) * MAX_PROCESSES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	folder = argc > 5 ? argv[5] : folder;
	clean_up();
	rounds(target / 10 + 1, processes);
	clean_up();
	before = memory_left();
	rounds(target, processes);
	clean_up();
	pause_ms(100);
	after = memory_left();
	printf("# %ld calls, %ld children killed, %ld KiB free before, %ld after\n", made, killed, before, after);
	ok(made >= target, "as many calls as asked for");
	ok(!stuck, "each child died when killed");
	ok(!ours || after + SLACK_KB >= before, "memory is given back");
	return tap_done();
}

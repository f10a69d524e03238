/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of a Linux in QEMU that is the oracle: runs the programs that /etc/oracle names, one a line, words apart by tabs, one after the
 * other, and powers off. What they say goes to the console in records, so that kernel messages and binary output can be told apart:
 * a letter (o output, e errors, x status), the length in four hexadecimal digits, the bytes. The first record comes after MAGIC.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "\nfaultline-oracle\n"
#define MAX_WORDS 64
#define CHUNK 4096

static void all(const char *data, size_t n)
{
	while (n) {
		ssize_t done = write(1, data, n);

		if (done <= 0)
			return;
		data += done;
		n -= done;
	}
}

static void record(char kind, const char *data, unsigned n)
{
	char head[8];

	snprintf(head, sizeof(head), "%c%04x", kind, n);
	all(head, 5);
	all(data, n);
}

/* What a program may expect besides its files. */
static void furnish(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/shm", 01777); /* devtmpfs is a tmpfs too: no further mount point in /dev, whose entry would have a number of its own */
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
}

static void console_raw(void)
{
	struct termios t;
	int fd = open("/dev/console", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (tcgetattr(0, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(0, TCSANOW, &t);
	}
}

static void become(char **words, int out, int err)
{
	static char *env[] = { "PATH=/bin", "HOME=/", NULL };
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	setsid();
	execve(words[0], words, env);
	_exit(127);
}

/* Relays one of the two pipes. False: it has ended, or there is nothing in it now. */
static int relay(int fd, char kind)
{
	char data[CHUNK];
	ssize_t n = read(fd, data, sizeof(data));

	if (n > 0)
		record(kind, data, n);
	return n > 0;
}

/* Until the program has ended, its time is up, or it has closed both. What it left running is killed by the caller. */
static int attend(pid_t pid, int out, int err, int seconds)
{
	struct pollfd wait[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	time_t end = time(NULL) + seconds;
	int status;

	while (time(NULL) < end) {
		int n = poll(wait, 2, 100);

		if (n > 0 && (wait[0].revents & POLLIN))
			relay(out, 'o');
		if (n > 0 && (wait[1].revents & POLLIN))
			relay(err, 'e');
		if ((n == 0 || !((wait[0].revents | wait[1].revents) & POLLIN)) && waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (n > 0 && !((wait[0].revents | wait[1].revents) & POLLIN))
			usleep(20000);
	}
	return 124;
}

static void run(char **words, int seconds)
{
	int out[2], err[2], status;
	char text[16];
	pid_t pid;

	if (pipe2(out, O_NONBLOCK) || pipe2(err, O_NONBLOCK))
		return;
	fcntl(out[1], F_SETFL, 0);
	fcntl(err[1], F_SETFL, 0);
	pid = fork();
	if (pid == 0)
		become(words, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	status = attend(pid, out[0], err[0], seconds);
	kill(-1, SIGKILL);
	while (wait(NULL) > 0 || relay(out[0], 'o') || relay(err[0], 'e'))
		;
	close(out[0]);
	close(err[0]);
	record('x', text, snprintf(text, sizeof(text), "%d", status));
}

int main(void)
{
	static char line[1 << 16];
	char *words[MAX_WORDS + 1];
	FILE *list = fopen("/etc/oracle", "re");
	int seconds = list && fgets(line, sizeof(line), list) ? atoi(line) : 0;

	furnish();
	console_raw();
	all(MAGIC, strlen(MAGIC));
	while (list && fgets(line, sizeof(line), list)) {
		int n = 0;

		for (char *word = strtok(line, "\t\n"); word && n < MAX_WORDS; word = strtok(NULL, "\t\n"))
			words[n++] = word;
		words[n] = NULL;
		if (n)
			run(words, seconds);
	}
	sync();
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	reboot(RB_POWER_OFF);
	return 0;
}

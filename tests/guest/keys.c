/* SPDX-License-Identifier: MIT */
/* A shell's jobs are stopped, go on and end, by keys; without a terminal, by the signals that those would be. */
#include "keys.h"

static int got_child;

/* ---- what a job may be in when the key comes ---- */

static void in_pause(void)
{
	say_up();
	for (;;)
		pause();
}

static void in_sleep(void)
{
	say_up();
	for (;;)
		pause_ms(100000000);
}

static void in_loop(void)
{
	volatile int forever = 1;

	say_up();
	while (forever)
		;
}

static void in_pipe(void)
{
	int none[2];
	char c;

	(void)!pipe(none);
	say_up();
	_exit(read(none[0], &c, 1) == 1 ? 1 : 2);
}

static void in_poll(void)
{
	say_up();
	_exit(watch(NULL, 0, NULL) ? 1 : 2);
}

static void in_wait(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		in_sleep();
	if (waitpid(child, &status, 0) != child)
		_exit(2);
	for (;;)
		pause(); /* the key that has ended the child is on its way to us */
}

static void in_suspend(void)
{
	sigset_t none = set_of(0);

	say_up();
	for (;;)
		sigsuspend(&none);
}

/* ---- how a shell may wait ---- */

static void on_child(int sig, siginfo_t *info, void *context)
{
	got_child++;
}

/* As ash's wait: look, and sleep only with nothing pending. */
static int wait_suspend(pid_t job)
{
	sigset_t all, old;
	int status = 0;
	pid_t pid;

	for (;;) {
		got_child = 0;
		pid = waitpid(job, &status, WNOHANG | WUNTRACED | WCONTINUED);
		if (pid)
			return status;
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, &old);
		while (!got_child)
			sigsuspend(&old);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
}

static const struct {
	const char *what;
	int (*wait)(pid_t);
	int flags;
} ways[] = {
	{ "wait4", wait_plain, SA_RESTART }, { "wait4, SIGCHLD interrupts", wait_plain, 0 }, { "wait4, SA_NOCLDSTOP", wait_plain, SA_NOCLDSTOP },
	{ "sigsuspend", wait_suspend, 0 },
};

static void job(void (*fn)(void), const char *what, unsigned way)
{
	int (*wait_for)(pid_t) = ways[way].wait, status;
	pid_t pid;

	install(SIGCHLD, on_child, ways[way].flags, set_of(0));
	pid = job_start(fn, 1);
	wait_up();
	for (int i = 0; i < 2; i++) {
		key(pid, SIGTSTP, "1a");
		status = wait_for(pid);
		foreground(shell);
		ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, "%s stops (%s)", what, ways[way].what);
		ok(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0, "told once");
		foreground(pid);
		kill(-pid, SIGCONT);
		ok(wait_for(pid) == 0xffff, "goes on");
	}
	key(pid, SIGQUIT, "1c");
	status = wait_for(pid);
	foreground(shell);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT, "and ends");
}

static void jobs(void)
{
	static const struct {
		const char *what;
		void (*fn)(void);
	} kinds[] = { { "pause", in_pause }, { "nanosleep", in_sleep }, { "a loop", in_loop }, { "read", in_pipe }, { "poll", in_poll },
		      { "wait4 and its child", in_wait }, { "sigsuspend", in_suspend } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (unsigned way = 0; way < sizeof(ways) / sizeof(*ways); way++)
			job(kinds[i].fn, kinds[i].what, way);
}

int main(void)
{
	shell_begin();
	jobs();
	return tap_done();
}

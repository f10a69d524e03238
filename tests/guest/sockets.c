/* SPDX-License-Identifier: MIT */
/* Socket pairs: bytes and messages, ends that close or are shut, waiting and polling, options, files that go along, errors. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "ready.h"
#include "tap.h"

enum { UNIX = 1, STREAM = 1, DGRAM, SEQPACKET = 5, NONBLOCK = 04000, CLOEXEC = 02000000 };
enum { PEEK = 2, CTRUNC = 8, TRUNC = 0x20, DONTWAIT = 0x40, WAITALL = 0x100, NOSIGNAL = 0x4000 };
enum { TYPE = 3, ERROR = 4, PEERCRED = 17, RCVTIMEO = 20, DOMAIN = 39 };

#ifndef ESOCKTNOSUPPORT
#define ESOCKTNOSUPPORT 94
#endif

struct message {
	void *name;
	uint32_t name_len, pad;
	struct iovec *iov;
	size_t iov_len;
	void *control;
	size_t control_len;
	int flags, pad2;
};

static int s[2];

static void make(int type)
{
	if (syscall(SYS_socketpair, (long)UNIX, (long)type, 0l, s))
		exit(2);
}

static void drop(void)
{
	close(s[0]);
	close(s[1]);
}

static long send_to(int fd, const void *buf, size_t n, int flags)
{
	return syscall(SYS_sendto, (long)fd, buf, n, (long)flags, NULL, 0l);
}

static long receive(int fd, void *buf, size_t n, int flags)
{
	return syscall(SYS_recvfrom, (long)fd, buf, n, (long)flags, NULL, NULL);
}

static long shut(int fd, int how)
{
	return syscall(SYS_shutdown, (long)fd, (long)how);
}

static void test_making(void)
{
	struct stat st;

	ok(gives(syscall(SYS_socket, 77l, (long)STREAM, 0l), EAFNOSUPPORT), "socket of no family: EAFNOSUPPORT");
	ok(gives(syscall(SYS_socket, (long)UNIX, 99l, 0l), EINVAL) && gives(syscall(SYS_socket, (long)UNIX, 0x100001l, 0l), EINVAL),
	   "of no type: EINVAL");
	ok(gives(syscall(SYS_socketpair, 77l, (long)STREAM, 0l, s), EAFNOSUPPORT), "socketpair of no family: EAFNOSUPPORT");
	ok(gives(syscall(SYS_socketpair, (long)UNIX, 4l, 0l, s), ESOCKTNOSUPPORT), "of a type that UNIX has not: ESOCKTNOSUPPORT");
	ok(gives(syscall(SYS_socketpair, (long)UNIX, (long)STREAM, 6l, s), EPROTONOSUPPORT), "of another protocol: EPROTONOSUPPORT");
	ok(gives(syscall(SYS_socketpair, (long)UNIX, (long)STREAM, 0l, (void *)8), EFAULT), "nowhere: EFAULT");
	make(STREAM | NONBLOCK | CLOEXEC);
	ok(fcntl(s[0], F_GETFD) == FD_CLOEXEC && (syscall(SYS_fcntl, (long)s[1], 3l) & 04003) == 04002, "flags");
	ok(fstat(s[0], &st) == 0 && (st.st_mode & S_IFMT) == 0140000, "they are sockets");
	ok(gives(lseek(s[0], 0, SEEK_SET), ESPIPE), "lseek: ESPIPE");
	drop();
}

static void test_stream(void)
{
	char buf[64] = { 0 };
	struct iovec v[2] = { { (void *)"one", 3 }, { (void *)"two", 3 } };

	make(STREAM);
	ok(write(s[0], "hello", 5) == 5 && read(s[1], buf, 64) == 5 && !memcmp(buf, "hello", 5), "write, read");
	ok(write(s[1], "back", 4) == 4 && receive(s[0], buf, 2, 0) == 2 && receive(s[0], buf + 2, 64, 0) == 2 && !memcmp(buf, "back", 4),
	   "the other way, in two parts");
	ok(writev(s[0], v, 2) == 6 && send_to(s[0], "three", 5, 0) == 5, "writev, sendto");
	ok(receive(s[1], buf, 64, PEEK) == 11 && receive(s[1], buf, 64, 0) == 11 && !memcmp(buf, "onetwothree", 11), "peek, and all at once");
	ok(gives(receive(s[1], buf, 64, DONTWAIT), EAGAIN), "MSG_DONTWAIT: EAGAIN");
	ok(gives(receive(s[1], buf, 0, DONTWAIT), EAGAIN) && write(s[0], "y", 1) == 1 && receive(s[1], buf, 0, DONTWAIT) == 0 &&
		   read(s[1], buf, 1) == 1,
	   "recv of no bytes waits for some all the same");
	ok(write(s[0], "x", 1) == 1 && gives(syscall(SYS_read, s[1], 8l, 1l), EFAULT) && read(s[1], buf, 1) == 1 && buf[0] == 'x',
	   "bytes that cannot be stored are not lost");
	ok(gives(syscall(SYS_write, s[0], 8l, 1l), EFAULT), "those that are nowhere: EFAULT");
	ok(read(s[1], buf, 0) == 0 && write(s[1], buf, 0) == 0, "none at all: 0");
	drop();
}

/* ---- much, and waiting ---- */

static char block[100000];

static void *writer(void *arg)
{
	size_t done = 0;

	while (done < 10 * sizeof(block)) {
		long n = write(s[0], block + done % sizeof(block), sizeof(block) - done % sizeof(block));

		if (n <= 0)
			return NULL;
		done += (size_t)n;
	}
	return arg;
}

static void test_much(void)
{
	static char back[sizeof(block)];
	void *result;
	pthread_t t;
	int good = 1;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 / 3);
	make(STREAM);
	if (pthread_create(&t, NULL, writer, block))
		exit(2);
	for (int i = 0; i < 10; i++)
		good &= receive(s[1], back, sizeof(back), WAITALL) == (long)sizeof(back) && !memcmp(back, block, sizeof(back));
	pthread_join(t, &result);
	ok(good && result, "a million bytes, in blocks with MSG_WAITALL");
	drop();
	make(STREAM | NONBLOCK);
	good = 0;
	while (write(s[0], block, 4096) > 0)
		good++;
	ok(errno == EAGAIN && good > 8 && !(ready(s[0], OUT, 0) & OUT), "until there is no room: EAGAIN, and not ready to write");
	while (read(s[1], back, 4096) > 0)
		;
	ok(ready(s[0], OUT, 0) & OUT, "ready when it has been read");
	drop();
}

/* ---- ends ---- */

static void test_ends(void)
{
	char buf[8];
	int error = -1, size = sizeof(error), ep;

	signal(SIGPIPE, SIG_IGN);
	make(STREAM);
	ep = epoll_of(s[0], IN | OUT | RDHUP);
	ok(ready(s[0], IN | OUT, 0) == OUT && epoll_ready(ep, 0) == OUT, "a new one is ready to write");
	if (write(s[1], "rest", 4) != 4)
		exit(2);
	close(s[1]);
	ok(ready(s[0], IN | OUT | RDHUP, 0) == (IN | OUT | RDHUP | HUP) && epoll_ready(ep, 0) == (IN | OUT | RDHUP | HUP),
	   "the other has closed: POLLHUP");
	ok(read(s[0], buf, 8) == 4 && read(s[0], buf, 8) == 0, "what it wrote is read, then the end");
	ok(gives(write(s[0], "x", 1), EPIPE) && gives(send_to(s[0], "x", 1, NOSIGNAL), EPIPE), "writing to it: EPIPE");
	close(ep);
	close(s[0]);
	make(STREAM);
	if (write(s[0], "unread", 6) != 6)
		exit(2);
	close(s[1]);
	ok(ready(s[0], IN, 0) & ERR && gives(read(s[0], buf, 8), ECONNRESET) && read(s[0], buf, 8) == 0,
	   "it closed with bytes unread: ECONNRESET, once");
	close(s[0]);
	make(STREAM);
	if (write(s[0], "unread", 6) != 6)
		exit(2);
	close(s[1]);
	ok(syscall(SYS_getsockopt, (long)s[0], 1l, (long)ERROR, &error, &size) == 0 && error == ECONNRESET && read(s[0], buf, 8) == 0,
	   "or by SO_ERROR");
	close(s[0]);
}

static void die_of_pipe(void *arg)
{
	signal(SIGPIPE, SIG_DFL);
	close(s[1]);
	*(char *)arg = 1;
	if (send_to(s[0], "x", 1, NOSIGNAL) == -1)
		send_to(s[0], "x", 1, 0);
}

static void test_shut(void)
{
	char buf[8], dummy;

	make(STREAM);
	ok(killed_by(in_child(die_of_pipe, &dummy), SIGPIPE) == 0, "another process has the other end still: no SIGPIPE");
	drop();
	make(STREAM);
	ok(gives(shut(s[0], 3), EINVAL) && gives(shut(777, 0), EBADF) && gives(shut(1, 0), ENOTSOCK), "shutdown's errors");
	ok(write(s[0], "ab", 2) == 2 && shut(s[0], 1) == 0 && gives(write(s[0], "c", 1), EPIPE), "shut for writing: EPIPE");
	ok(ready(s[1], IN | OUT | RDHUP, 0) == (IN | OUT | RDHUP) && read(s[1], buf, 8) == 2 && read(s[1], buf, 8) == 0,
	   "the other reads to the end");
	ok(write(s[1], "d", 1) == 1 && read(s[0], buf, 8) == 1, "the other way is open");
	ok(shut(s[0], 0) == 0 && read(s[0], buf, 8) == 0 && gives(write(s[1], "e", 1), EPIPE), "shut for reading: the end, and EPIPE there");
	ok(ready(s[0], IN, 0) == (IN | HUP), "both ways: POLLHUP");
	drop();
}

/* ---- messages ---- */

static void test_messages(int type, const char *name)
{
	char buf[64] = { 0 };

	make(type);
	ok(write(s[0], "first", 5) == 5 && send_to(s[0], "second", 6, 0) == 6 && write(s[0], "", 0) == 0 && read(s[1], buf, 64) == 5,
	   "%s: one message a read", name);
	ok(receive(s[1], buf, 3, PEEK | TRUNC) == 6 && receive(s[1], buf, 3, 0) == 3 && !memcmp(buf, "sec", 3), "what does not fit is cut");
	ok(gives(receive(s[1], buf, 64, DONTWAIT), EAGAIN) || receive(s[1], buf, 64, DONTWAIT) == -1, "and gone");
	ok(gives(send_to(s[0], block, 300000, 0), EMSGSIZE) || gives(send_to(s[0], block, sizeof(block) * 3, 0), EMSGSIZE), "too long: EMSGSIZE");
	ok(send_to(s[0], NULL, 0, 0) == 0 && ready(s[1], IN, 0) == IN && receive(s[1], buf, 64, 0) == 0, "a message of no bytes");
	ok(write(s[0], "last", 4) == 4, "one more");
	close(s[0]);
	ok(receive(s[1], buf, 64, 0) == 4, "comes though its writer is gone");
	if (type == SEQPACKET)
		ok(receive(s[1], buf, 64, 0) == 0 && gives(send_to(s[1], "x", 1, NOSIGNAL), EPIPE), "then the end, and EPIPE");
	else
		ok(gives(receive(s[1], buf, 64, DONTWAIT), EAGAIN) && gives(send_to(s[1], "x", 1, NOSIGNAL), ECONNREFUSED),
		   "then nothing, and ECONNREFUSED");
	close(s[1]);
}

/* ---- options ---- */

static void test_options(void)
{
	struct timeval soon = { 0, 2000 };
	uint32_t owner[3] = { 0 };
	char address[128], buf[4];
	int value = -1, size = sizeof(value);

	make(SEQPACKET);
	ok(syscall(SYS_getsockopt, (long)s[0], 1l, (long)TYPE, &value, &size) == 0 && value == SEQPACKET && size == 4, "SO_TYPE");
	ok(syscall(SYS_getsockopt, (long)s[0], 1l, (long)DOMAIN, &value, &size) == 0 && value == UNIX, "SO_DOMAIN");
	size = sizeof(owner);
	ok(syscall(SYS_getsockopt, (long)s[0], 1l, (long)PEERCRED, owner, &size) == 0 && owner[0] == (uint32_t)getpid() && size == 12, "SO_PEERCRED");
	ok(gives(syscall(SYS_getsockopt, (long)s[0], 1l, 9999l, &value, &size), ENOPROTOOPT), "no such option: ENOPROTOOPT");
	ok(gives(syscall(SYS_getsockopt, (long)s[0], 77l, 1l, &value, &size), EOPNOTSUPP), "no such level: EOPNOTSUPP");
	ok(gives(syscall(SYS_getsockopt, 1l, 1l, (long)TYPE, &value, &size), ENOTSOCK), "no socket: ENOTSOCK");
	ok(syscall(SYS_setsockopt, (long)s[0], 1l, (long)RCVTIMEO, &soon, (long)sizeof(soon)) == 0 && gives(read(s[0], buf, 4), EAGAIN),
	   "SO_RCVTIMEO: EAGAIN");
	size = sizeof(address);
	ok(syscall(SYS_getsockname, (long)s[0], address, &size) == 0 && size == 2 && address[0] == UNIX, "getsockname: no name");
	size = sizeof(address);
	ok(syscall(SYS_getpeername, (long)s[0], address, &size) == 0 && size == 2 && address[0] == UNIX, "getpeername: nor there");
	ok(gives(syscall(SYS_listen, (long)s[0], 1l), EINVAL) && gives(syscall(SYS_accept, (long)s[0], NULL, NULL), EINVAL),
	   "listen, accept: EINVAL");
	ok(gives(syscall(SYS_bind, 1l, address, 2l), ENOTSOCK) && gives(syscall(SYS_connect, 1l, address, 2l), ENOTSOCK) &&
		   gives(syscall(SYS_accept4, 1l, NULL, NULL, 0l), ENOTSOCK), "bind, connect, accept4 of none: ENOTSOCK");
	drop();
}

/* ---- heads, and files ---- */

struct rights {
	size_t len;
	int level, type, fd[4];
};

static long with_head(long call, int fd, struct iovec *v, struct rights *r, size_t room, int *flags)
{
	struct message m = { .iov = v, .iov_len = 2, .control = r, .control_len = room };
	long ret = syscall(call, (long)fd, &m, 0l);

	*flags = m.flags;
	return ret;
}

static void test_files(int type)
{
	struct iovec out[2] = { { (void *)"ab", 2 }, { (void *)"cd", 2 } }, in[2];
	struct rights r = { 16 + 8, 1, 1, { 0 } };
	char a[2], b[4], c = 0;
	int pipes[2], flags;

	in[0] = (struct iovec){ a, 2 };
	in[1] = (struct iovec){ b, 4 };
	if (pipe(pipes))
		exit(2);
	make(type);
	r.fd[0] = pipes[0];
	r.fd[1] = pipes[1];
	ok(with_head(SYS_sendmsg, s[0], out, &r, 24, &flags) == 4, "sendmsg with two files");
	close(pipes[0]);
	close(pipes[1]);
	memset(&r, 0, sizeof(r));
	ok(with_head(SYS_recvmsg, s[1], in, &r, sizeof(r), &flags) == 4 && !memcmp(a, "ab", 2) && !memcmp(b, "cd", 2) && flags == 0, "recvmsg");
	ok(r.len == 24 && r.level == 1 && r.type == 1 && write(r.fd[1], "!", 1) == 1 && read(r.fd[0], &c, 1) == 1 && c == '!', "the files are here");
	ok(gives(with_head(SYS_sendmsg, s[0], out, &(struct rights){ 24, 1, 1, { 777, 778 } }, 24, &flags), EBADF), "files that are none: EBADF");
	ok(gives(with_head(SYS_sendmsg, s[0], out, &(struct rights){ 99, 1, 1, { 0 } }, 24, &flags), EINVAL), "a head that is too long: EINVAL");
	with_head(SYS_sendmsg, s[0], out, &r, 24, &flags);
	ok(with_head(SYS_recvmsg, s[1], in, &(struct rights){ 0 }, 20, &flags) == 4 && flags == CTRUNC, "room for one only: MSG_CTRUNC");
	with_head(SYS_sendmsg, s[0], out, &r, 24, &flags);
	ok(read(s[1], b, 4) == 4, "with read they are lost");
	with_head(SYS_sendmsg, s[0], out, &r, 24, &flags);
	drop();
	close(r.fd[1]);
	ok(read(r.fd[0], &c, 1) == 0, "with the socket, too: nobody has the pipe's end any more");
	close(r.fd[0]);
}

/* Borders of a stream that bring files are kept. */
static void test_border(void)
{
	struct rights r = { 20, 1, 1, { 1 } };
	struct iovec out[2] = { { (void *)"xy", 2 }, { (void *)"", 0 } };
	char buf[16];
	int flags;

	make(STREAM);
	if (write(s[0], "before", 6) != 6 || with_head(SYS_sendmsg, s[0], out, &r, 20, &flags) != 2 || write(s[0], "after", 5) != 5)
		exit(2);
	ok(read(s[1], buf, 16) == 8, "a read ends with the bytes that bring files");
	ok(read(s[1], buf, 16) == 5, "the next one gets those behind");
	drop();
}

/* ---- what depends on the type ---- */

static void write_shut(void *arg)
{
	signal(SIGPIPE, SIG_DFL);
	if (shut(s[0], 1) == 0 && write(s[0], arg, 1) == -1 && errno == EPIPE)
		_exit(7);
}

static void test_types(void)
{
	static const struct {
		int type, status;
		const char *what;
	} types[] = { { STREAM, SIGPIPE, "a stream" }, { DGRAM, 7 << 8, "datagrams" }, { SEQPACKET, 7 << 8, "packets" } };
	char address[128] = { UNIX }, buf[8];

	for (unsigned i = 0; i < 3; i++) {
		make(types[i].type);
		ok(in_child(write_shut, buf) == types[i].status, "writing to %s that is shut: %s", types[i].what, i ? "EPIPE alone" : "SIGPIPE");
		drop();
	}
	make(DGRAM);
	ok(shut(s[0], 1) == 0 && gives(receive(s[1], buf, 8, DONTWAIT), EAGAIN) && !ready(s[1], IN | RDHUP, 0),
	   "who sends no more datagrams does not tell");
	ok(gives(syscall(SYS_listen, (long)s[1], 1l), EOPNOTSUPP) && gives(syscall(SYS_accept, (long)s[1], NULL, NULL), EOPNOTSUPP),
	   "nobody listens to them");
	ok(gives(syscall(SYS_sendto, (long)s[1], "x", 1l, (long)NOSIGNAL, address, 2l), EINVAL), "a name that is none: EINVAL");
	drop();
	make(SEQPACKET);
	ok(syscall(SYS_sendto, (long)s[0], "x", 1l, 0l, address, 16l) == 1, "packets take no notice of a name");
	ok(gives(syscall(SYS_sendto, (long)s[0], "x", 1l, 0l, address, 129l), EINVAL) &&
		   gives(syscall(SYS_sendto, (long)s[0], "x", 1l, 0l, 8l, 16l), EFAULT), "but it has to be there, and not too long");
	drop();
}

/* What a receive says in the head, and what it leaves alone. */
static void test_head(void)
{
	static char much[4 << 20];
	struct rights r = { 20, 1, 1, { 1 } };
	struct iovec v[2] = { { (void *)"xy", 2 }, { (void *)"", 0 } };
	struct message m = { .name_len = 77, .iov = v, .iov_len = 1, .control = &r, .control_len = 20 };
	char buf[8];
	int flags;

	make(STREAM);
	if (with_head(SYS_sendmsg, s[0], v, &r, 20, &flags) != 2)
		exit(2);
	v[0] = (struct iovec){ buf, 8 };
	m.control_len = sizeof(r);
	ok(syscall(SYS_recvmsg, (long)s[1], &m, (long)PEEK) == 2 && m.control_len == 24 && !close(r.fd[0]), "who peeks gets the files as well");
	m.control_len = 20;
	ok(syscall(SYS_recvmsg, (long)s[1], &m, 0x40000000l) == 2 && r.len == 20 && fcntl(r.fd[0], F_GETFD) == FD_CLOEXEC && !close(r.fd[0]),
	   "and whoever reads after him, with MSG_CMSG_CLOEXEC");
	ok(m.control_len == 20 && m.flags == 0x40000000, "no more of the control part than there was; that flag");
	ok(m.name_len == 77, "nothing of a name that nobody asked for");
	m = (struct message){ .iov = v, .iov_len = 1, .control = much, .control_len = sizeof(much) };
	ok(gives(syscall(SYS_sendmsg, (long)s[0], &m, 0l), ENOBUFS), "too long a control part: ENOBUFS");
	ok(gives(syscall(SYS_sendmsg, 777l, 8l, 0l), EBADF) && gives(syscall(SYS_recvmsg, 1l, 8l, 0l), ENOTSOCK), "the socket is looked at first");
	drop();
}

static void test_sendfile(void)
{
	char buf[64];
	int fd = open("/tmp/sent", O_RDWR | O_CREAT | O_TRUNC, 0600);
	long at = 2;

	make(STREAM | NONBLOCK);
	if (fd < 0 || write(fd, "from a file", 11) != 11)
		exit(2);
	ok(syscall(SYS_sendfile, (long)s[0], (long)fd, &at, 100l) == 9 && at == 11 && read(s[1], buf, 64) == 9 && !memcmp(buf, "om a file", 9),
	   "sendfile from a file");
	while (write(s[0], block, 4096) > 0 || write(s[0], block, 1) > 0)
		;
	at = 0;
	if (old_linux())
		tap_skip("without room: EAGAIN", "Linux before 6.5 sends pages, not bytes");
	else
		ok(gives(syscall(SYS_sendfile, (long)s[0], (long)fd, &at, 1l), EAGAIN) && at == 0, "without room: EAGAIN");
	close(fd);
	unlink("/tmp/sent");
	drop();
}

int main(void)
{
	test_making();
	test_stream();
	test_much();
	test_ends();
	test_shut();
	test_messages(DGRAM, "datagrams");
	test_messages(SEQPACKET, "packets");
	test_options();
	test_files(STREAM);
	test_files(SEQPACKET);
	test_border();
	test_types();
	test_head();
	test_sendfile();
	return tap_done();
}

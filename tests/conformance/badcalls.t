#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every system call with every kind of bad argument, one at a time (tests/conformance/badcalls.c): what it answers, what it writes to and what
becomes of the files, compared with Linux. Linux is this machine; for arm64, whose calls are the same, those of its answers that both have.
--qemu: with Debian's Linux in QEMU instead, for both, which takes minutes. --all: every kind of kernel. Words: only these calls."""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tests", "boot"), os.path.join(TOP, "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from host import linux  # noqa: E402

RUNS = [("x86_64", "debug", "1"), ("x86_64", "release", "1"), ("arm64", "release", "1")]
ALL_RUNS = [(arch, mode, cpus) for arch in ("x86_64", "arm64") for mode in ("debug", "release") for cpus in ("1", "4")]

# Answers that are not Linux's here: the argument of a call, the values, and why. All are whole matches.
DIFFERENT = [
    # What this kernel has not, or does in another way, and says so.
    (r"p?write(64)?\.1", "null|one|low|hole|none|noncanonical|beyond", "a write that fails at its first byte has not changed the file's time"),
    (r"p(read|write)v2\.5", "bit-[3578]", "RWF_NOWAIT and later flags: programs do without"),
    (r"ioctl\.[01]", "epoll|bit-[01]", "no FIBMAP, FIGETBSZ, EPIOCGPARAMS"),
    (r"sendfile\.[01]|splice\.0", "null|zero|huge", "not from or to a device: programs read and write then"),
    (r"fcntl\.1", "15|16", "nobody is told by signals, so there is no owner of another kind"),
    (r"f(chmod|chown)\.0", "null|zero|huge", "nodes in /dev stay as they are"),
    (r"mmap\.0", "null", "the lowest page is nobody's"),
    (r"mmap\.0", "minus-1", "Linux takes the address for an error of its own"),
    (r"mmap\.3", "bit-20", "which of two errors comes first"),
    (r"munmap\.0", "sign", "addresses with tags (arm64)"),
    (r"memfd_create\.1", "bit-2|[567]", "no huge pages"),
    (r"timerfd_create\.0|clock_\w+\.0", "8|9", "no clocks that wake a machine up"),
    (r"clock_nanosleep\.0", "2|minus-6", "no sleep by CPU time"),
    (r"futex\.0", "readonly", "Linux looks for the page of a private word as if it were shared"),
    (r"prctl\.0", "24", "no bounding set"),
    (r"membarrier\.[01]", "good|high-bits|64", "fewer commands"),
    (r"unshare\.0", "fs-newns", "no name spaces"),
    (r"setgroups\.0", "64|100|999|10\d\d|65536", "32 groups at most"),
    (r"pidfd_open\.1", "bit-7", "no descriptors of threads"),
    (r"pidfd_send_signal\.3", "bit-[012]", "no flags"),
    (r"[lf]?(set|get|list|remove)xattr\..", ".*", "no extended attributes: EOPNOTSUPP"),
    (r"process_vm_(read|write)v\.[24]", "high-bits|999|1024", "which of two errors comes first"),
    (r"clock_adjtime\.0", "minus-1|sign-32|int-min|max", "clocks of processes are no clocks that can be set"),
    (r"socket(pair)?\..", ".*", "pairs of local sockets only: EAFNOSUPPORT"),
    (r"(connect|getsockopt|setsockopt|sendto)\..", ".*", "no addresses, few options"),
    (r"recv(from|msg)\..|sendmsg\.[12]", ".*", "which of two errors comes first"),
    (r"(sendfile|ioctl)\.0", "socket", "no sendfile to sockets, no SIOC requests"),
    # What the file system of that Linux does, which may not be ext2.
    (r"renameat2\.4", "4|5", "RENAME_WHITEOUT is its file system's to offer"),
    (r"fallocate\..", ".*", "its file system decides, and ext2 has none there"),
    (r"utime\.1", "filled", "so late a time does not fit"),
    # What Linux has changed: this kernel is like a later or an earlier one.
    (r"pipe2\.1", "bit-7", "ENOPKG: notification pipes are not built in"),
    (r"fch(mod|own)\.0", "epoll|event|timer|process", "since 6.16 refused"),
    (r"\w+\.[012]", "process", "since 6.9 a descriptor of a process is a file of its own kind"),
    (r"mremap\.2", "address-space|max|sign|minus-4096", "EINVAL since 6.17"),
    (r"execveat\.4", "bit-16", "AT_EXECVE_CHECK since 6.14"),
    (r"rseq\.[01]", ".*", "sizes other than 32 since 6.3, and errors told earlier"),
    (r"sched_get_priority_m(ax|in)\.0", "7", "SCHED_EXT since 6.12"),
]

# Where arm64 is not like x86_64, and where Debian's older Linux is not like this machine's.
ARM64 = [
    (r"\w+\.\d", "tagged|noncanonical|beyond", "addresses end elsewhere"),
    (r"\w+\.\d", "address-space", "they end elsewhere"),
    (r"openat\.2|pipe2\.1|fcntl\.1", "bit-1[4-7]|3", "flags of open have other numbers"),
    (r"(fstat|newfstatat)\.\d", "filled|room-128", "struct stat is shorter"),
    (r"epoll_ctl\.3", "room-1[25]", "struct epoll_event is longer"),
]
QEMU = [
    (r"(p?readv2?|p?writev2?|vmsplice)\.2", "999|1024", "the whole vector is read before its parts are looked at"),
    (r"splice\.4", "sign|minus-.*", "no error"),
    (r"mprotect\.2", "16|24", "PROT_BTI"),
    (r"madvise\.2", "100", "MADV_HWPOISON is built in"),
    (r"memfd_create\.1", "bit-[34]", "since 6.3"),
    (r"sigaltstack\.[01]", ".*", "the stack that there is, again, is no error since 6.2"),
    (r"getrandom\.0", "half|room-.*", "how much comes before a hole"),
    (r"fchmodat2\..", ".*", "since 6.6"),
    (r"(copy_file_range|sendfile|rt_sigtimedwait|splice|poll|ppoll)\..", ".*", "the machine is so slow that the timer comes first"),
]


def parse(text):
    """(argument of a call, value): its answer."""
    answers = {}
    for line in text.splitlines():
        name, *words = line.split()
        answers.update({(name, word.split(":", 1)[0]): word.split(":", 1)[1] for word in words})
    return answers


def explained(place, tables):
    return any(re.fullmatch(name, place[0]) and re.fullmatch(value, place[1]) for table in tables for name, value, _ in table)


def on_this(calls):
    if platform.machine() != "x86_64" or os.geteuid() or not shutil.which("chroot"):
        return None
    with tempfile.TemporaryDirectory() as root:
        for folder in ("bin", "dev"):
            os.makedirs(os.path.join(root, folder))
        os.mknod(os.path.join(root, "dev", "null"), 0o20666, os.makedev(1, 3))
        os.mknod(os.path.join(root, "dev", "zero"), 0o20666, os.makedev(1, 5))
        shutil.copy2(tap.program("x86_64", "badcalls"), os.path.join(root, "bin"))
        done = subprocess.run(["chroot", root, "/bin/badcalls", *calls], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200,
                              check=False)
    return parse(done.stdout)


def in_qemu(arch, calls):
    if linux.missing(arch):
        return None
    result, = linux.run(arch, [[tap.program(arch, "badcalls"), *calls]], smp=2, seconds=900)
    return parse(result.out.decode())


def on_faultline(run, calls):
    arch, mode, cpus = run
    words = ["exec", "--timeout", "240", "--smp", cpus] + (["--debug"] if mode == "debug" else [])
    done = tap.faultline(*words, tap.program(arch, "badcalls"), *calls, limit=300)
    return done.returncode, parse(done.stdout.decode(errors="replace"))


def compare(run, answers, right, tables):
    """A test for each call."""
    calls = {}
    for place in sorted(set(answers) | set(right)):
        differs = answers.get(place) != right.get(place) and not explained(place, tables)
        calls.setdefault(place[0].split(".")[0], []).extend([place] if differs else [])
    for call, places in calls.items():
        tap.ok(not places, f"{'-'.join(run)}: {call} with bad arguments answers as Linux does")
        for place in places[:20]:
            print(f"# {place[0]} {place[1]}: {answers.get(place)}, on Linux {right.get(place)}")


def check_table():
    """Each call of the kernel has a row."""
    with open(os.path.join(TOP, "init", "syscalls.h")) as file:
        text = file.read()
    with open(os.path.join(TOP, "tests", "guest", "fuzz_calls.h")) as file:
        rows = set(re.findall(r'\bX\((\w+), "', file.read()))
    calls = re.findall(r"X\((\w+), *[\dR]\)", text[text.index("#define SYSCALLS(X)"):])
    missing = [call for call in calls if call not in rows]
    tap.ok(not missing, "tests/guest/fuzz_calls.h has each system call" + (f", but not {' '.join(missing)}" if missing else ""))


def oracle(arch, qemu, calls, here):
    if qemu:
        return in_qemu(arch, calls), [DIFFERENT, QEMU]
    return here, [DIFFERENT] + ([ARM64] if arch == "arm64" else [])


def main():
    words = sys.argv[1:]
    calls = [word for word in words if not word.startswith("-")]
    qemu, runs = "--qemu" in words, ALL_RUNS if "--all" in words else RUNS
    check_table()
    with ThreadPoolExecutor(2) as pool:  # they sleep most of the time
        here = None if qemu else pool.submit(on_this, calls)
        results = list(pool.map(lambda run: on_faultline(run, calls), runs))
    for run, (status, answers) in zip(runs, results):
        right, tables = oracle(run[0], qemu, calls, here and here.result())
        tap.ok(status == 0, f"{'-'.join(run)}: every call is made, and nothing else ends")
        if right is None:
            tap.ok(True, f"{'-'.join(run)}: bad arguments # skip no Linux to compare with here")
        else:
            both = set(answers) & set(right) if run[0] == "arm64" and not qemu else set(answers) | set(right)
            compare(run, {k: answers[k] for k in both if k in answers}, {k: right[k] for k in both if k in right}, tables)
    tap.done()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The conformance list: each system call of init/syscalls.h and the guest programs that test it, which run on Linux and here alike. A
call without one fails. --list prints the table. A program tests a call whose name it says: as SYS_NAME, in a row of a table, or by a function."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
NOT_TESTS = {"fuzz", "badargs", "badcalls"}  # they assert nothing of what a call does when it is well used
# The library's function where it has another name than the call.
FUNCTIONS = {
    "pread64": "pread", "pwrite64": "pwrite", "newfstatat": "stat|lstat|fstatat", "exit_group": "_exit|exit", "exit": "pthread_create",
    "wait4": "waitpid|wait|wait4", "clone": "fork|pthread_create", "rt_sigaction": "sigaction|signal",
    "rt_sigprocmask": "sigprocmask|pthread_sigmask",
    "rt_sigpending": "sigpending", "rt_sigsuspend": "sigsuspend", "rt_sigtimedwait": "sigtimedwait|sigwaitinfo", "getdents64": "readdir",
    "nanosleep": "nanosleep|pause_ms", "prlimit64": "prlimit", "faccessat": "faccessat|access",
    "readlinkat": "readlinkat|readlink", "mkdirat": "mkdirat|mkdir", "unlinkat": "unlinkat|unlink|rmdir", "renameat": "renameat|rename",
    "linkat": "linkat|link", "symlinkat": "symlinkat|symlink", "mknodat": "mknodat|mknod", "fchmodat": "fchmodat|chmod", "openat": "openat|open",
    "fchownat": "fchownat|chown", "ppoll": "ppoll|poll", "pselect6": "pselect6|pselect|select", "umount2": "umount2|umount",
    "rt_sigreturn": "sigaction|signal", "brk": "brk|sbrk|malloc", "pipe2": "pipe2|pipe", "set_tid_address": "pthread_create",
}

# Calls that no program tests yet: only ever shorter.
UNTESTED = """
    eventfd epoll_create epoll_wait epoll_pwait2 creat statx mknod symlink rename renameat fchmodat2 lchown fchown utime utimes futimesat
    mremap mlock2 munlock mlockall munlockall mincore vfork getpgrp arch_prctl getrlimit setrlimit tkill tgkill restart_syscall
    rt_sigsuspend pause rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo
""".split()


def calls():
    with open(os.path.join(TOP, "init", "syscalls.h")) as file:
        text = file.read()
    table = text[text.index("#define SYSCALLS(X)"):]
    return re.findall(r"X\((\w+), *[\dR]\)", table)


def programs():
    for path in sorted(glob.glob(os.path.join(TOP, "tests", "guest", "*.c"))):
        name = os.path.basename(path)[:-2]
        if name not in NOT_TESTS:
            with open(path) as file:
                yield name, file.read()


def tested_by(call, sources):
    functions = FUNCTIONS.get(call, call)
    pattern = re.compile(rf"\bSYS_{call}\b|\bROW\({call}\b|\b(?:{functions})\(|\bX\({call}\b")
    return [name for name, text in sources if pattern.search(text)]


def main():
    sources, names = list(programs()), calls()
    for number, call in enumerate(names, 1):
        found = tested_by(call, sources)
        if sys.argv[1:] == ["--list"]:
            print(f"{call:24} {' '.join(found) or '-'}")
        else:
            skip = " # skip not yet" if call in UNTESTED and not found else ""
            print(f"{'' if found or skip else 'not '}ok {number} - {call} is tested by {' '.join(found) or 'no program'}{skip}")
    if sys.argv[1:] != ["--list"]:
        print(f"1..{len(names)}")


main()

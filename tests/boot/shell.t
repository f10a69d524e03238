#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./faultline shell: a long script of file commands prints and leaves what the same busybox prints and leaves on Linux; a person at a terminal
has editing, Ctrl-C, Ctrl-Z, jobs, Ctrl-D and a window that changes its size."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, FAULTLINE, TOP, done, faultline, ok  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "tools"))
from host import shell  # noqa: E402

LIMIT = 120
SCRIPT = os.path.join(TOP, "tests", "boot", "shell.sh")
PROMPT = b"# "


# ---- the script ----

def on_linux(folder):
    """What it prints, its status, and the tree it leaves. Only busybox's programs are in reach, as on the image."""
    busybox, programs, work = shell.busybox(TOP, "x86_64"), os.path.join(folder, "programs"), os.path.join(folder, "work")
    os.makedirs(programs)
    os.makedirs(work)
    for name in shell.applets(busybox):
        os.symlink(busybox, os.path.join(programs, name))
    with open(SCRIPT, "rb") as script:
        result = subprocess.run([os.path.join(programs, "sh")], stdin=script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=work,
                                env={"PATH": programs}, timeout=LIMIT, check=False)
    return result.stdout, result.returncode, tree(work)


def tree(root):
    """Names, types, permissions, sizes, link targets and contents."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else open(path, "rb").read() if os.path.isfile(path) else None
            found[os.path.relpath(path, root)] = (info.st_mode, info.st_nlink if os.path.isfile(path) else 0, content)
    return found


def on_faultline(arch, where, options=()):
    with open(SCRIPT, "rb") as script:
        text = f"mkdir -p {where}; cd {where}\n".encode() + script.read()
    return faultline("shell", "--arch", arch, "--timeout", "100", *options, stdin=text)


def differences(want, got):
    for line in set(want.splitlines()) ^ set(got.splitlines()):
        print(f"# {'only on Linux' if line in want.splitlines() else 'only here'}: {line!r}")


def script(arch, linux, folder):
    out, status, left = linux
    for where, options in (("/tmp/work", ["--smp", "4"]), ("/work", ["--get", f"/work:{folder}/{arch}"])):
        result = on_faultline(arch, where, options)
        if not ok(result.stdout == out, f"{arch}: {where}: the script prints what it prints on Linux"):
            differences(out, result.stdout)
        if not ok(result.returncode == status, f"{arch}: {where}: and ends with {status}"):
            print(f"# {result.returncode}, {result.stderr[-500:]!r}")
    back = os.path.join(folder, arch)
    got = tree(back) if os.path.isdir(back) else {}
    if not ok(got == left, f"{arch}: what --get brings back is what Linux has"):
        for name in sorted(set(got) | set(left)):
            if got.get(name) != left.get(name):
                print(f"# {name}: {str(got.get(name))[:80]} and not {str(left.get(name))[:80]}")


# ---- a person ----

class Person:
    """At a terminal of 24 lines and 80 columns. Each step waits for what must be seen since the last one, then types. Standard error is the
    terminal too: that a job has stopped the shell says there."""

    def __init__(self, arch, *words, size=(24, 80)):
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen([FAULTLINE, "shell", "--arch", arch, "--timeout", "110", *words], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, cwd=TOP, start_new_session=True, preexec_fn=self.take_terminal)
        self.seen, self.end = b"", time.monotonic() + LIMIT

    def take_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def look(self):
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self.master, 4096)
            except OSError:
                return False
        return self.process.poll() is None

    def until(self, text):
        """All up to and with text; None: it never came."""
        while text not in self.seen:
            if time.monotonic() > self.end or not self.look():
                break
        before, found, after = self.seen.partition(text)
        self.seen = after if found else before
        return before + found if found else None

    def types(self, text):
        os.write(self.master, text)

    def does(self, line):
        """A command at the prompt: its echo, which a change of the window may have drawn again, and what it prints."""
        self.types(line + b"; echo en''d\n")
        return self.until(b"end\r\n") or b""

    def leaves(self):
        while self.look() and time.monotonic() < self.end:
            pass
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


    def starts(self, line, word):
        """A command that prints a word: by then it has the terminal, in the mode for programs."""
        self.types(line + b"\n")
        return self.until(word + b"\r\n")

    def until_does(self, line, text):
        """A command again and again, until it prints text."""
        while time.monotonic() < self.end and self.process.poll() is None:
            if text in self.does(line):
                return True
        return False


# Programs that have all signals as they come once they have said their word. Not what is behind the shell's exec, since busybox's shell ignores
# Ctrl-\\ until then; nor a loop of the shell's own, which may miss Ctrl-C (both on Linux too).
WAITS = b"""awk 'BEGIN { print "u" "p"; getline }'"""
LOOPS = b"""awk 'BEGIN { print "lo" "op"; while (1); }'"""


def interrupts(arch, me):
    me.starts(WAITS, b"up")
    me.types(b"\x03")
    ok(me.until(b"^C") and me.until(PROMPT) and b"130" in me.does(b"echo $?"), f"{arch}: Ctrl-C ends a sleep, and the shell goes on")
    me.starts(LOOPS, b"loop")
    me.types(b"\x03")
    ok(me.until(PROMPT), f"{arch}: and a loop")
    me.starts(WAITS, b"up")
    me.types(b"\x1c")
    ok(me.until(PROMPT) and b"131" in me.does(b"echo $?"), f"{arch}: Ctrl-\\ ends one too")


def jobs(arch, me):
    me.starts(b"sh -c 'echo u''p; read x; echo got $x'", b"up")
    me.types(b"\x1a")
    ok(me.until(b"Stopped") and me.until(PROMPT) and b"Stopped" in me.does(b"jobs"), f"{arch}: Ctrl-Z stops a job")
    me.does(b"bg")
    ok(me.until_does(b"jobs", b"tty input"), f"{arch}: which may not read in the background")
    me.starts(b"fg", b'got \\$x"')
    me.types(b"a line\n")
    ok(me.until(b"got a line\r\n"), f"{arch}: goes on in the foreground")
    me.until(PROMPT)
    ok(b"Stopped" not in me.does(b"jobs"), f"{arch}: and ends")
    me.starts(b"sh -c 'echo u''p; exec sleep 1000'", b"up")
    me.types(b"\x1a")
    me.until(b"Stopped")
    me.until(PROMPT)
    me.does(b"bg; kill %1")
    ok(me.until_does(b"jobs; echo of $(jobs | wc -l)", b"of 0"), f"{arch}: one that sleeps is stopped, goes on in the background and is killed there")


def person(arch):
    me = Person(arch)
    ok(me.until(PROMPT), f"{arch}: a prompt")
    ok(b"24 80" in me.does(b"stty size"), f"{arch}: the size of the window")
    interrupts(arch, me)
    jobs(arch, me)
    me.types(b"echx\x7fo one  tow\x7f\x7fwo\x15echo line\x01\x05s\n")
    ok(me.until(b"\nlines\r\n"), f"{arch}: a line is edited")
    me.starts(b"echo go''es; cat", b"goes")
    me.types(b"in lxx\x7f\x7fine\n\x04")
    ok(me.until(b"\nin line\r\n"), f"{arch}: so is one that a program reads, and Ctrl-D ends its input")
    me.resize(40, 100)
    me.process.send_signal(28)  # SIGWINCH: the terminal's own would go to its foreground group
    ok(me.until_does(b"stty size", b"40 100"), f"{arch}: another size of the window")
    me.types(b"exit 5\n")
    ok(me.leaves() == 5, f"{arch}: exit ends the machine, with its status")
    ok(termios.tcgetattr(me.slave) == me.before, f"{arch}: the terminal is as it was")


def narrow():
    me = Person("x86_64", size=(24, 40))
    me.until(PROMPT)
    ok(b"24 40" in me.does(b"stty size"), "40 columns")
    me.types(b"\x1d\x1d\x1d")
    ok(me.leaves() == 130, "Ctrl-] three times ends the run from outside")


with tempfile.TemporaryDirectory() as scratch:
    reference = on_linux(scratch)
    for machine in ARCHES:
        script(machine, reference, scratch)
for machine in ARCHES:
    person(machine)
narrow()
done()

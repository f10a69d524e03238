#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/guest/keys.c and terminal.c at a terminal whose keys they ask for: on this
very machine, whose answers are the right ones, and on both of ours."""
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from fcntl import ioctl

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, FAULTLINE, TOP, done, ok, program  # noqa: E402

LIMIT = 120
TAP = re.compile(rb"^(not )?ok \d+ - (.*)$")
ASKS = re.compile(rb"^type ([0-9a-f]*)$")
PROGRAMS = {"keys": 0, "terminal": 43}  # and their status: reading is at its end, writing is EIO, nothing has failed


def take_terminal():
    ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A program at one; lines as they come, CR and LF at the end. `line` does what it says."""

    def __init__(self, what, words, controls):
        self.what, self.plan, self.seen, self.count, self.hangs_up = what, None, b"", 0, False
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, cwd=TOP, start_new_session=True,
                                        preexec_fn=take_terminal if controls else None)
        os.close(slave)

    def line(self, line):
        """false: it is over."""
        if found := TAP.match(line):
            self.count += 1
            ok(not found[1], f"{self.what}: {found[2].decode()}")
        elif found := ASKS.match(line):
            os.write(self.master, bytes.fromhex(found[1].decode()))
        elif line.startswith(b"1.."):
            self.plan = int(line[3:])
        elif line.startswith(b"#"):
            print(line.decode(errors="replace"))
        self.hangs_up = line == b"hang up"
        return not self.hangs_up

    def read(self):
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self.master, 4096)
            except OSError:
                return False
        *lines, self.seen = self.seen.split(b"\r\n")
        return all([self.line(line) for line in lines])

    def run(self, want):
        end = time.monotonic() + LIMIT
        while self.read() and time.monotonic() < end:  # to the last line: the end shows as an error of reading
            pass
        if self.hangs_up:
            os.close(self.master)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if not self.hangs_up:
            os.close(self.master)
        ok(self.plan == self.count, f"{self.what}: keeps its plan ({self.plan}, {self.count})")
        ok(status == want, f"{self.what}: ends with {want} ({status})")


def everywhere(name, want):
    if os.uname().machine == "x86_64" and os.geteuid() == 0:
        Terminal(f"Linux: {name}", [program("x86_64", name)], True).run(want)
    for arch in ARCHES:
        for options in (["--smp", "4"], ["--smp", "1", "--debug"]):
            words = [FAULTLINE, "exec", "--timeout", "110", *options, program(arch, name)]
            Terminal(f"{arch} {' '.join(options)}: {name}", words, False).run(want)


for tested, status_wanted in PROGRAMS.items():
    everywhere(tested, status_wanted)
done()

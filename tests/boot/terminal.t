#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./faultline exec as a citizen of the host: terminals, Ctrl-C, files and pipes for input, readers that go away, signals; nothing is left over."""
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import FAULTLINE, TOP, done, ok, program  # noqa: E402

LIMIT = 90


def start(name, stdin, stdout, *words, options=(), arch="x86_64"):
    return subprocess.Popen([FAULTLINE, "exec", "--timeout", "60", *options, program(arch, name), *words], stdin=stdin, stdout=stdout,
                            stderr=subprocess.PIPE, cwd=TOP, start_new_session=True, preexec_fn=take_terminal)


def take_terminal():
    """The terminal on standard input, if it is one, becomes this session's: so its keys are signals."""
    if os.isatty(0):
        os.close(os.open(os.ttyname(0), os.O_RDWR))


def children(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        return [int(pid) for pid in file.read().split()]


def left_over(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def wait_for(condition):
    end = time.monotonic() + LIMIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def at_terminal(name, keys):
    """Runs at a terminal; keys: (what must have been seen, what is then typed). All that was seen, and the status."""
    master, slave = pty.openpty()
    process = start(name, slave, slave)
    os.close(slave)
    seen, end = b"", time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < end:
        if keys and keys[0][0] in seen and process_up(process):
            os.write(master, keys.pop(0)[1])
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 4096)
            except OSError:
                break
    status = process.wait(LIMIT)
    os.close(master)
    return seen, status


def process_up(process):
    """The program is running when QEMU is, and a moment has passed."""
    if not children(process):
        return False
    time.sleep(1.5)
    return True


def terminal():
    seen, status = at_terminal("spin", [(b"", b"\x03")])
    ok(status == 130, f"Ctrl-C kills the program, not the run ({status})")
    seen, status = at_terminal("copy", [(b"", b"a line\n"), (b"a line\r\na line", b"\x04")])
    ok(status == 0 and seen.count(b"a line") == 2, f"a terminal's lines, and Ctrl-D ({seen!r}, {status})")


def files(folder):
    data = os.urandom(100000)
    path = os.path.join(folder, "data")
    with open(path, "wb") as file:
        file.write(data)
    for arch in ("x86_64", "arm64"):
        with open(path, "rb") as file:
            process = start("copy", file, subprocess.PIPE, arch=arch)
            ok(process.communicate(timeout=LIMIT)[0] == data and process.returncode == 0, f"{arch}: a file as standard input")
    process = start("hello", None, subprocess.PIPE)
    ok(process.communicate(timeout=LIMIT)[0] == b"hello, world\n", "standard input that nobody types into")
    with open("/dev/full", "wb") as full:
        process = start("hello", subprocess.DEVNULL, full)
        said = process.communicate(timeout=LIMIT)[1]
        ok(process.returncode == 125 and b"No space left" in said, "no room for the output")


def readers():
    process = start("bytes", subprocess.DEVNULL, subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    said = process.stderr.read()
    ok(process.wait(LIMIT) == 141 and not said, "a reader that goes away ends the run as SIGPIPE would")


def endings():
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        process = start("spin", subprocess.DEVNULL, subprocess.PIPE)
        wait_for(lambda process=process: children(process))
        machine = children(process)
        time.sleep(0.5)
        process.send_signal(number)
        got = process.wait(LIMIT)
        gone = not left_over(machine) and not [name for name in os.listdir(os.path.join(TOP, "build", "run")) if name.startswith(f"{process.pid}-")]
        ok(got == status and machine and gone, f"{number.name}: status {status}, QEMU is gone, the run's folder too")
    process = start("spin", subprocess.DEVNULL, subprocess.PIPE)
    wait_for(lambda: children(process))
    machine = children(process)
    time.sleep(0.5)
    process.kill()
    process.wait(LIMIT)
    ok(machine and wait_for(lambda: not left_over(machine)), "killed outright, it takes QEMU with it")


terminal()
with tempfile.TemporaryDirectory() as scratch:
    files(scratch)
readers()
endings()
done()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the guest tests in one configuration, which the name of the link says: ARCH-MODE-CPUS.t, or linux.t for this very machine, whose
answers are the right ones, or linux-ARCH.t for Linux in QEMU. With -musl or -glibc at the end the programs are those linked with that library.
Relays their TAP as one stream."""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tools"))
import fixtures  # noqa: E402
from host import linux  # noqa: E402

# What a program wants of the machine, beyond the defaults.
SMALL, HUGE = ["--mem", "40M"], ["--put", "{root}/huge:/huge"]
SPECIAL = {"pressure": ["--mem", "64M"] + HUGE, "workingset": SMALL + HUGE + ["--disk-size", "160M"],
           "bigfile": SMALL + ["--disk-size", "96M"], "oom": SMALL, "refused": ["--block", "1024", "--disk-size", "24M"]}
LINE = re.compile(r"^(not )?ok \d+(.*)$")


class Relay:
    def __init__(self):
        self.number = 0

    def line(self, good, text):
        self.number += 1
        print(("" if good else "not ") + f"ok {self.number}{text}", flush=True)

    def skip(self, what, why):
        self.line(True, f" - {what} # skip {why}")

    def program(self, name, command, limit=300):
        if not os.path.exists(command[-1]) and command[0] != "chroot":
            self.line(False, f" - {name}: is built")
            return
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit,
                                  check=False)
        except subprocess.TimeoutExpired:
            self.line(False, f" - {name}: ends within {limit} s")
            return
        self.output(name, done.stdout, done.stderr, done.returncode)

    def output(self, name, out, err, status):
        """One program's TAP; a status that does not fit it, or a plan that is not kept, is a failure of its own."""
        seen, bad, plan = 0, 0, None
        for line in out.splitlines():
            if match := LINE.match(line):
                seen, bad = seen + 1, bad + bool(match[1])
                self.line(not match[1], match[2].replace(" - ", f" - {name}: ", 1))
            elif line.startswith("1.."):
                plan = int(line[3:])
            else:
                print(f"# {name}: {line}")
        for line in err.splitlines():
            print(f"# {name}: {line}")
        self.line(plan == seen and seen and status == (1 if bad else 0),
                  f" - {name}: keeps its plan and ends with the right status ({status})")


def programs(arch, libc):
    """Names and paths; None: nothing is built with that library, for it is not to be had here."""
    folder = os.path.join(TOP, "build", f"{arch}-{libc}")
    names = sorted(f[:-2] for f in os.listdir(HERE) if f.endswith(".c"))
    return [(name, os.path.join(folder, name)) for name in names] if os.path.isdir(folder) else None


def on_faultline(relay, arch, mode, cpus, data, tests):
    for name, path in tests:
        command = [os.path.join(TOP, "faultline"), "exec", "--timeout", "240", "--smp", cpus, "--put", f"{data}/data:/data"]
        command += [word.format(root=data) for word in SPECIAL.get(name, [])] + (["--debug"] if mode == "debug" else [])
        relay.program(name, command + [path])


def on_this(relay, root, tests):
    """In a root of their own, so that absolute paths mean the fixtures."""
    if platform.machine() != "x86_64" or os.geteuid() or not shutil.which("chroot"):
        relay.skip("the same programs on Linux", "needs an x86_64 machine and root")
        return
    os.makedirs(os.path.join(root, "bin"))
    for folder in ("proc", "dev", "tmp"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    os.mknod(os.path.join(root, "dev", "null"), 0o20666, os.makedev(1, 3))
    os.mknod(os.path.join(root, "dev", "zero"), 0o20666, os.makedev(1, 5))
    for name, path in tests:
        if os.path.exists(path):
            shutil.copy2(path, os.path.join(root, "bin", name))
            relay.program(name, ["chroot", root, f"/bin/{name}"])
        else:
            relay.line(False, f" - {name}: is built")


def on_qemu(relay, arch, root, tests):
    """One boot for all."""
    if why := linux.missing(arch):
        relay.skip(f"the same programs on Linux for {arch}", why)
        return
    results = linux.run(arch, [[path] for _, path in tests], put=[f"{root}/data:/data", f"{root}/huge:/huge"], smp=2)
    for (name, _), result in zip(tests, results):
        relay.output(name, result.out.decode(errors="replace"), result.err.decode(errors="replace"), result.status)


def run(relay, where, libc, root):
    arch = next((word for word in where if word in linux.QEMU), "x86_64")
    tests = programs(arch, libc)
    if tests is None:
        relay.skip(f"programs linked with {libc}", f"needs {libc} for {arch}")
    elif where == ["linux"]:
        on_this(relay, root, tests)
    elif where[0] == "linux":
        on_qemu(relay, arch, root, tests)
    else:
        on_faultline(relay, arch, *where[1:], root, tests)


def main():
    where = os.path.basename(sys.argv[0])[:-2].split("-")
    libc = where.pop() if where[-1] in ("musl", "glibc") else "user"
    relay = Relay()
    with tempfile.TemporaryDirectory() as root:
        fixtures.make(root)
        fixtures.make_huge(root)
        run(relay, where, libc, root)
    print(f"1..{relay.number}")


main()

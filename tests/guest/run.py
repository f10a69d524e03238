#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the guest tests in one configuration, which the name of the link says: ARCH-MODE-CPUS.t, or linux.t for this very machine, whose
answers are the right ones. Relays their TAP as one stream."""
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
import fixtures  # noqa: E402

# What a program wants of the machine, beyond the defaults.
SPECIAL = {"pressure": ["--smp", "1", "--mem", "64M", "--put", "{root}/huge:/huge"]}
LINE = re.compile(r"^(not )?ok \d+(.*)$")


class Relay:
    def __init__(self):
        self.number = 0

    def line(self, good, text):
        self.number += 1
        print(("" if good else "not ") + f"ok {self.number}{text}", flush=True)

    def program(self, name, command, cwd=None, limit=300):
        """One program's TAP; a status that does not fit it, or a plan that is not kept, is a failure of its own."""
        try:
            done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            self.line(False, f" - {name}: ends within {limit} s")
            return
        seen, bad, plan = 0, 0, None
        for line in done.stdout.splitlines():
            if match := LINE.match(line):
                seen, bad = seen + 1, bad + bool(match[1])
                self.line(not match[1], match[2].replace(" - ", f" - {name}: ", 1))
            elif line.startswith("1.."):
                plan = int(line[3:])
            else:
                print(f"# {name}: {line}")
        for line in done.stderr.splitlines():
            print(f"# {name}: {line}")
        self.line(plan == seen and seen and done.returncode == (1 if bad else 0),
                  f" - {name}: keeps its plan and ends with the right status ({done.returncode})")


def programs(arch):
    folder = os.path.join(TOP, "build", f"{arch}-user")
    names = sorted(f[:-2] for f in os.listdir(HERE) if f.endswith(".c"))
    return [(name, os.path.join(folder, name)) for name in names]


def on_faultline(relay, arch, mode, cpus, data):
    for name, path in programs(arch):
        command = [os.path.join(TOP, "faultline"), "exec", "--timeout", "240", "--smp", cpus, "--put", f"{data}/data:/data"]
        command += [word.format(root=data) for word in SPECIAL.get(name, [])] + (["--debug"] if mode == "debug" else [])
        relay.program(name, command + [path])


def on_linux(relay, root):
    """In a root of their own, so that absolute paths mean the fixtures."""
    if platform.machine() != "x86_64" or os.geteuid() or not shutil.which("chroot"):
        relay.line(True, " - the same programs on Linux # skip needs an x86_64 machine and root")
        return
    os.makedirs(os.path.join(root, "bin"))
    for folder in ("proc", "dev", "tmp"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    os.mknod(os.path.join(root, "dev", "null"), 0o20666, os.makedev(1, 3))
    os.mknod(os.path.join(root, "dev", "zero"), 0o20666, os.makedev(1, 5))
    for name, path in programs("x86_64"):
        shutil.copy2(path, os.path.join(root, "bin", name))
        relay.program(name, ["chroot", root, f"/bin/{name}"])


def main():
    what = os.path.basename(sys.argv[0])[:-2]
    relay = Relay()
    with tempfile.TemporaryDirectory() as root:
        fixtures.make(root)
        fixtures.make_huge(root)
        if what == "linux":
            on_linux(relay, root)
        else:
            arch, mode, cpus = what.rsplit("-", 2)
            on_faultline(relay, arch, mode, cpus, root)
    print(f"1..{relay.number}")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The other ways in: GRUB on x86_64 (Multiboot2, the disk as a module), a Linux Image with an initrd on arm64; several CPUs; debug kernels."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, done, faultline, ok, run  # noqa: E402


def tour(arch, *options):
    result = faultline("tour", "--arch", arch, "--timeout", "100", *options, limit=130)
    text = result.stdout.decode(errors="replace")
    good = result.returncode == 0 and " 0 wrong" in text and "faults" in text and "first user instruction" in text
    if not ok(good, f"{arch}: the tour {' '.join(options)}"):
        print("# " + (text + result.stderr.decode(errors="replace")).replace("\n", "\n# "))


for machine in ARCHES:
    tour(machine)
    tour(machine, "--debug", "--smp", "4")
    for cpus in ("2", "8"):
        for more in ((), ("--debug",), ("--icount",)):
            result = run(machine, "hello", options=("--smp", cpus, *more))
            ok(result.returncode == 0 and result.stdout == b"hello, world\n", f"{machine}: {cpus} CPUs {' '.join(more)}")
done()

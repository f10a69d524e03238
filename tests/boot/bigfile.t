#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file larger than memory (tests/guest/bigfile.c) on a disk that takes its time; e2fsck looks at it afterwards.

    tests/boot/bigfile.t --whole    512 MiB with 64 MiB of memory, both machines, 1 and 4 CPUs, with what it took; some minutes each
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, done, faultline, ok, program  # noqa: E402

FIGURES = ("end_ns", "faults_major", "reclaimed", "reclaimed_direct", "reclaim_looks", "io_reads", "io_writes", "io_bytes", "throttled")


def run(arch, cpus, memory, size, *options):
    result = faultline("exec", "--stats", "--timeout", "3000", "--smp", str(cpus), "--mem", f"{memory}M", "--disk-size", f"{size + 64}M", *options,
                       program(arch, "bigfile"), str(size), limit=3100)
    lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
    good = result.returncode == 0 and any(line.startswith("1..") for line in lines)
    ok(good, f"{size} MiB in {memory} on {arch}, {cpus} CPUs {' '.join(options)}")
    for line in lines:
        if not good or line.split(" ")[0] in FIGURES:
            print(f"# {line}", flush=True)


if sys.argv[1:] == ["--whole"]:
    for machine in ARCHES:
        for n in (1, 4):
            run(machine, n, 64, 512)
else:
    run("x86_64", 4, 40, 48, "--set", "latency_us=100")
done()

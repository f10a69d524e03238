#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts the power of a machine whose programs write, and looks whether the disk, when e2fsck -fy has repaired it, has all that was promised.

    tests/power/cut.py --arch arm64 --seeds 1-200

Everything of a run follows from its seed, as far as several CPUs let it; --icount lets one CPU be exact. The image of a run that went wrong
and what the program said stay in build/power/."""
import argparse
import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path += [HERE, os.path.join(TOP, "tools")]
import confirmed  # noqa: E402
from host import ext2, image  # noqa: E402

KEPT = os.path.join(TOP, "build", "power")
CUT = 137
DISK = {1024: "4M", 2048: "5M", 4096: "6M"}
PATTERN = confirmed.make_pattern()


class Plan:
    """One run's parameters."""

    def __init__(self, seed, options):
        pick = random.Random(seed)
        self.seed, self.options = seed, options
        self.block = pick.choice((1024, 2048, 4096))
        self.smp = pick.choice((1, 2, 4))
        self.workers = pick.choice((1, 2, 3))
        self.after = pick.randrange(1, pick.choice((60, 300, 900)))
        self.torn = pick.random() < 0.5

    def words(self, saved):
        cpus = str(self.options.smp or self.smp)
        words = ["exec", "--timeout", "120", "--smp", cpus, "--block", str(self.block), "--disk-size", DISK[self.block], "--cut-after",
                 f"{self.after}{',torn' if self.torn else ''}", "--save-image", saved, "--no-fsck"]
        words += (["--debug"] if self.options.debug else []) + (["--icount"] if self.options.icount else [])
        return words + [os.path.join(TOP, "build", f"{self.options.arch}-user", "powercut"), str(self.seed), str(self.workers), "200"]

    def __str__(self):
        return f"seed {self.seed}: cut after {self.after} writes{', torn' if self.torn else ''}, blocks of {self.block}"


def check(text, saved, status):
    """What is wrong after a run."""
    workers, other = confirmed.read(text, PATTERN)
    fixed = image.repaired(saved, saved + ".fixed")
    if complaint := image.complaints(fixed):
        yield f"e2fsck -fn after e2fsck -fy: {complaint}"
    disk = ext2.Ext2(fixed)
    for line in other:
        yield f"the program said: {line}"
    for number, worker in workers.items():
        if status == 0:
            worker.end_sync()
        root = disk.find(b"/w" + number.encode())
        if root:
            yield from (f"worker {number}: {wrong}" for wrong in worker.wrong(disk, root.number))
        elif hasattr(worker, "kept_root"):
            yield f"worker {number}: its directory is not there"


def run(plan):
    """None: all is as promised. Or what is not."""
    folder = os.path.join(KEPT, f"{plan.options.arch}-{plan.seed}")
    os.makedirs(folder, exist_ok=True)
    saved = os.path.join(folder, "disk.img")
    done = subprocess.run([os.path.join(TOP, "faultline"), *plan.words(saved)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False)
    with open(os.path.join(folder, "said"), "w") as file:
        file.write(done.stdout)
    if done.returncode not in (0, CUT):
        return done.returncode, [f"status {done.returncode}: {done.stderr.strip()}"]
    wrong = list(check(done.stdout, saved, done.returncode))
    if not wrong:
        shutil.rmtree(folder)
    return done.returncode, wrong


def seeds(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--arch", default="x86_64", choices=("x86_64", "arm64"))
    add("--seeds", type=seeds, default=seeds("1-20"), metavar="A-B")
    add("--smp", type=int)
    add("--debug", action="store_true")
    add("--icount", action="store_true")
    options = parser.parse_args()
    cuts = failed = 0
    for seed in options.seeds:
        plan = Plan(seed, options)
        status, wrong = run(plan)
        cuts, failed = cuts + (status == CUT), failed + bool(wrong)
        for line in wrong[:10]:
            print(f"{plan}: {line}", flush=True)
    print(f"{len(options.seeds)} runs, {cuts} cut, {failed} not as promised")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

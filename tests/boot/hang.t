#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeded defects of waiting (user/hang.c): the watchdog tells each by its name, with who has what, and tells nothing else."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, done, ok, run  # noqa: E402

LINE = re.compile(r"^run=(\w+) (\w+) (\d+) \w+$", re.M)
TOLD = {"off": [("hold", "hung_request")], "lost-wakeup": [("hold", "hung_request"), ("plain", "hung_lost_wakeup")],
        "cycle": [("hold", "hung_request"), ("plain", "hung_cycle")], "livelock": [("hold", "hung_livelock"), ("hold", "hung_request")]}


def check(arch, bug, *options):
    result = run(arch, "hang", "1000", options=("--icount", "--log", "--set", f"waitbug={bug}", "--set", "hung_us=200000", *options))
    out, log = result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
    name = " ".join((arch, bug, *options))
    told = sorted((where, kind) for where, kind, n in LINE.findall(out) if int(n) and kind.startswith("hung_") and kind != "hung_reports")
    if not ok(result.returncode == 0 and told == TOLD[bug], f"{name}: told by its name, and nothing else"):
        print(f"# told {told}, status {result.returncode}\n# " + log[-3000:].replace("\n", "\n# "))
    return log


for machine in ARCHES:
    for defect in TOLD:
        text = check(machine, defect, "--debug", "--set", "lockcheck=report")
        if defect == "off":
            ok(re.search(r'kind=request .* waits="page state" .*bits=LOCKED.* file="hang-d" index=\d+ owner=io', text), f"{machine}: which page")
            ok(re.search(r"oldest request: disk=disk0 sector=\d+ bytes=\d+ write=0 .* held back by a rule", text), f"{machine}: which request")
            ok(re.search(r"given to the device at\n.*cache_(add|new)", text), f"{machine}: and who began it")
        if defect == "cycle":
            ok(re.search(r"lockcheck: lock order: INODE .* while INODE .* is held", text), f"{machine}: the validator knew")
            ok(len(re.findall(r"waits for mutex lock=INODE 0x[0-9a-f]+, which \d+ \(hang\) has", text)) == 2, f"{machine}: the cycle, link by link")
            ok(re.search(r"held by \d+ \(hang\), taken at\n(.*\n)*?.*vfs_copy", text), f"{machine}: where its locks were taken")
check("x86_64", "cycle")
done()

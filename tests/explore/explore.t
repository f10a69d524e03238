#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The explorer's own test: the code survives every search, and every seeded defect is found."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
from defects import DEFECTS  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def main():
    done = subprocess.run([os.path.join(TOP, "faultline"), "explore", "--all"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=1200, check=False)
    number = 0
    for line in done.stdout.splitlines()[:-1]:
        number += 1
        good = line.endswith("  sound") or "  FOUND " in line and line.split()[0] in {defect.name for defect in DEFECTS}
        print(("" if good else "not ") + f"ok {number} - {' '.join(line.split())}")
    number += 1
    print(("" if done.returncode == 0 else "not ") + f"ok {number} - {(done.stdout.splitlines() or [done.stderr.strip()])[-1]}")
    print(f"1..{number}")
    sys.exit(0 if done.returncode == 0 else 1)


main()

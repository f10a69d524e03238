#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A sample of mutate.py, which takes an hour as a whole: the mutants of a few lines are all killed, or explained."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
LINES = "mm/page_queue.c:50-66"  # a waiter leaves its queue


def main():
    done = subprocess.run([sys.executable, os.path.join(HERE, "mutate.py"), LINES], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    mutants = done.stdout.splitlines()[:-1]
    for number, line in enumerate(mutants, 1):
        print(("not " if "SURVIVES" in line else "") + f"ok {number} - {line}")
    print(f"1..{len(mutants)}")
    sys.exit(done.returncode if mutants else 1)


main()

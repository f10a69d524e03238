#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of the kernel's common operations (user/cost.c), exactly, against the record beside this file: none may grow by more than 3 %.

    tests/cost/cost.t --record    writes the record anew: in the commit that changes a cost, so that it shows
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ARCHES = ("x86_64", "arm64")
MAY_GROW = 1.03
MAY_SHRINK = 0.90  # more than that is a reason to record it


def measure(arch, data):
    """name -> instructions."""
    command = [os.path.join(TOP, "faultline"), "exec", "--icount", "--timeout", "400", "--put", f"{data}:/data",
               os.path.join(TOP, "build", f"{arch}-user", "cost"), "/data"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Bail out! cost on {arch} ended with {done.returncode}: {done.stderr.strip()}")
    return {name: int(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def record_path(arch):
    return os.path.join(HERE, f"{arch}.txt")


def recorded(arch):
    with open(record_path(arch)) as file:
        return {name: int(value) for name, value in (line.split() for line in file)}


def main():
    number = 0
    with tempfile.NamedTemporaryFile() as data:
        data.write(bytes(range(256)) * (32 << 12))
        data.flush()
        for arch in ARCHES:
            now = measure(arch, data.name)
            if sys.argv[1:] == ["--record"]:
                with open(record_path(arch), "w") as file:
                    file.writelines(f"{name} {value}\n" for name, value in now.items())
                continue
            was = recorded(arch)
            for name in sorted(now.keys() | was.keys()):
                number += 1
                old, new = was.get(name), now.get(name)
                good = old is not None and new is not None and new <= old * MAY_GROW
                advice = " (much less: record it)" if good and new < old * MAY_SHRINK else ""
                print(("" if good else "not ") + f"ok {number} - {arch} {name}: {new}, recorded {old}{advice}")
    if number:
        print(f"1..{number}")


main()

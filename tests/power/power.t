#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power fails: the host command's --cut-after, and a few of the seeds of tests/power/cut.py."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
sys.dont_write_bytecode = True
from tap import ARCHES, done, ok, program, faultline, refused  # noqa: E402

SEEDS = {"x86_64": "1-8", "arm64": "9-14"}


def command(folder):
    name, back, image = program("x86_64", "powercut"), os.path.join(folder, "back"), os.path.join(folder, "image")
    result = faultline("exec", "--cut-after", "30", "--get", "/bin/powercut:" + back, "--save-image", image, name, "1", "1", "200")
    ok(result.returncode == 137 and b"the power was cut; e2fsck -fn: " in result.stderr, "--cut-after ends the machine: 137, and e2fsck's answer")
    with open(name, "rb") as file, open(back, "rb") as copy:
        ok(file.read() == copy.read(), "--get brings files back from a disk that was cut off")
    ok(os.path.getsize(image) > 1 << 20, "--save-image keeps the disk")
    result = faultline("exec", "--cut-after", "60000ms", program("x86_64", "hello"))
    ok(result.returncode == 0, "a program that ends first has its own status")
    result = faultline("exec", "--cut-after", "1ms,torn", program("x86_64", "hello"))
    ok(result.returncode == 137, "--cut-after a time")
    for bad in ("x", "5s", "5,tor", "-1"):
        refused(faultline("exec", f"--cut-after={bad}", program("x86_64", "hello")), "cut-after", f"--cut-after {bad} is refused")


def cuts(arch):
    result = subprocess.run([os.path.join(HERE, "cut.py"), "--arch", arch, "--seeds", SEEDS[arch]], capture_output=True, text=True, check=False)
    for line in (result.stdout + result.stderr).splitlines():
        print("#", line)
    ok(result.returncode == 0, f"{arch}: what was synced is there after e2fsck -fy, seeds {SEEDS[arch]}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        command(folder)
    for arch in ARCHES:
        cuts(arch)
    done()


main()

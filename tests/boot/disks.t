#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several disks at a time, and a first one that fails while the machine comes up."""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
from tap import TOP, done, ok, program, faultline, refused  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "tools"))
from host import ext2, image  # noqa: E402


def second(folder):
    disk, root = os.path.join(folder, "second"), os.path.join(folder, "root")
    os.makedirs(root)
    with open(os.path.join(root, "greeting"), "w") as file:
        file.write("from the second disk\n")
    image.make(root, disk, 8 << 20)
    script = b"cat /two/greeting; echo back > /two/left; echo fixed:7 > /proc/sys/ramblk/disk1/latency\n" \
             b"cat /proc/sys/ramblk/disk[012]/latency; echo none > /three/x && cat /three/x\n"
    result = faultline("shell", "--smp", "2", "--disk", disk + ":/two", "--disk", "8M:/three", stdin=script)
    ok(result.returncode == 0 and result.stdout == b"from the second disk\npolicy\nfixed:7\npolicy\nnone\n",
       "three disks, each with settings of its own")
    there = ext2.Ext2(disk)
    ok(there.data(there.find(b"/left")) == b"back\n" and not image.complaints(disk), "the file is what the guest has left, and clean")
    refused(faultline("exec", "--disk", "nothing:/x", program("x86_64", "hello")), "--disk nothing:/x", "neither a file nor a size: refused")
    with open(disk, "r+b") as file:
        file.write(bytes(4096))
    refused(faultline("exec", "--disk", disk + ":/two", program("x86_64", "hello")), "disk 1 is not mounted on /two.*not an ext2",
            "what cannot be mounted where it is wanted ends the boot")


def failing(kind, most):
    """Each read or write until the first program runs: it runs, or the boot ends with a reason."""
    ran = told = 0
    for k in range(1, most):
        result = faultline("exec", "--debug", "--timeout", "60", "--append", f"fl.ramblk=disk0/errors=0-99999999,{kind},nth:{k}",
                           program("x86_64", "hello"))
        ran += result.returncode == 0 and result.stdout == b"hello, world\n"
        told += result.returncode == 125 and bool(re.search(rb"no root file system: disk0: |cannot start /bin/hello: ", result.stderr)) or \
            result.returncode == 135 or result.returncode == 125 and b"not clean" in result.stderr
        if ran + told < k:
            print(f"# {kind} {k}: {result.returncode} {result.stderr[-300:]!r}")
            break
    ok(ran + told == most - 1, f"an error ({kind}) at each of the first {most - 1} requests: {ran} ran, {told} ended with a reason")


def main():
    with tempfile.TemporaryDirectory() as folder:
        second(folder)
    failing("r", 11)
    failing("w", 5)
    done()


main()

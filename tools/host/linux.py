# SPDX-License-Identifier: MIT
"""Debian's Linux in QEMU, the oracle for both machines: runs programs on an ext2 image as ./faultline exec does, several in one boot.

Kernel and process 1 (tests/linux/init.c, with musl) come from `make everything` or `make oracle`. The disk is an NVMe one, which that kernel has
built in: no initial RAM disk, no modules."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from . import elf, ext2, image
from .errors import Refused

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MAGIC = b"\nfaultline-oracle\n"
# Five-level page tables would give programs 56 bits of address space: other answers at its end.
CPU = {"x86_64": "max,la57=off", "arm64": "max"}
QEMU = {"x86_64": ["qemu-system-x86_64", "-M", "q35"], "arm64": ["qemu-system-aarch64", "-M", "virt,gic-version=3"]}
CONSOLE = {"x86_64": "ttyS0", "arm64": "ttyAMA0"}
WORDS = "root=/dev/nvme0n1 rootfstype=ext2 rw rootwait init=/bin/linux-init quiet loglevel=0 panic=-1 mitigations=off"
BOOT = 300  # seconds that the machine itself may take, on a busy host


class Result:
    def __init__(self):
        self.out, self.err, self.status = b"", b"", None


def missing(arch):
    """Why there is no such Linux here; None: there is."""
    if not kernel(arch):
        return f"needs Debian's linux-image-cloud for {arch}"
    if not os.path.exists(init(arch)):
        return f"needs musl for {arch}"
    return None


def kernel(arch):
    found = glob.glob(os.path.join(TOP, "build", "debian", f"linux-{arch}", "boot", "vmlinuz-*"))
    return found[0] if found else None


def init(arch):
    return os.path.join(TOP, "build", f"{arch}-musl", "init")


def run(arch, commands, put=(), get=(), smp=1, mem="512M", seconds=300, disk_size=None, block=4096):
    """Each command is a list: a program of this machine, and what is its own. Their results, in order; what never came has no status."""
    if why := missing(arch):
        raise Refused(why)
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        disk = os.path.join(folder, "disk.img")
        stage(arch, folder, disk, commands, put, seconds, disk_size, block)
        said = boot(arch, disk, smp, mem, BOOT + seconds * len(commands))
        for spec in get:
            ext2.get(disk, spec)
    return parse(said, len(commands))


def stage(arch, folder, disk, commands, put, seconds, disk_size, block):
    root = os.path.join(folder, "root")
    image.skeleton(root)
    shutil.copy2(init(arch), os.path.join(root, "bin", "linux-init"))
    with open(os.path.join(root, "etc", "oracle"), "w") as listing:
        print(seconds, file=listing)
        for program, *args in commands:
            target = "bin/" + os.path.basename(program)
            shutil.copy2(program, os.path.join(root, target))
            os.chmod(os.path.join(root, target), 0o755)
            print("/" + target, *args, sep="\t", file=listing)
    for spec in put:
        image.put(root, spec)
    image.make(root, disk, image.size_text(disk_size) if disk_size else None, block)
    shutil.rmtree(root)


def boot(arch, disk, smp, mem, limit):
    words = [*QEMU[arch], "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-cpu", CPU[arch], "-smp", str(smp), "-m", mem,
             "-accel", "tcg,thread=multi", "-serial", "stdio", "-monitor", "none",
             "-drive", f"if=none,id=disk,format=raw,file={disk},cache=unsafe", "-device", "nvme,drive=disk,serial=1",
             "-kernel", kernel(arch), "-append", f"{WORDS} console={CONSOLE[arch]}"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False)
    except FileNotFoundError:
        raise Refused(f"{words[0]} is missing: run make setup") from None
    except subprocess.TimeoutExpired as over:
        return over.stdout or b""
    return done.stdout


def parse(said, count):
    results, at = [Result() for _ in range(count)], said.find(MAGIC) + len(MAGIC)
    record, current = re.compile(rb"([oex])([0-9a-f]{4})"), 0
    if MAGIC not in said:
        raise Refused("Linux did not start: " + said[-200:].decode(errors="replace"))
    while current < count and (match := record.match(said, at)):
        kind, start = match[1], match.end()
        at = start + int(match[2], 16)
        if kind == b"x":
            results[current].status = int(said[start:at])
            current += 1
        elif kind == b"o":
            results[current].out += said[start:at]
        else:
            results[current].err += said[start:at]
    return results


def architecture(program):
    return elf.architecture(program)
